//! A PostgreSQL server for tests: its own cluster in a temporary folder, reached by a socket in that folder only, run by a
//! user without rights, ended when the last test that uses it is over.

use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tempfile::TempDir;

/// `nobody`: the server refuses to run as root.
const NOBODY: u32 = 65_534;

static RUNNING: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// An empty database of its own.
pub(crate) struct PostgresForTest {
    cluster: Arc<Cluster>,
    name: String,
}

/// A server. Dropped, it ends.
pub(crate) struct Cluster {
    folder: TempDir,
    programs: PathBuf,
    syncs: bool,
}

impl PostgresForTest {
    /// Makes a database; starts the server if no test has yet.
    pub(crate) fn start() -> Self {
        let cluster = {
            let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
            running.upgrade().unwrap_or_else(|| {
                // Tests crash watson, not the machine.
                let cluster = Arc::new(Cluster::start(false));
                *running = Arc::downgrade(&cluster);
                cluster
            })
        };
        let name = format!("t{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        cluster.create_database(&name);
        Self { cluster, name }
    }

    /// What `--database` is given.
    pub(crate) fn url(&self) -> String {
        self.cluster.url(&self.name)
    }
}

impl Cluster {
    /// A server without databases, that syncs what it commits, or does not.
    pub(crate) fn start(syncs: bool) -> Self {
        let folder = tempfile::Builder::new().prefix("watson-pg-").tempdir().expect("a folder can be made");
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o700)).expect("it can be closed");
        if rustix::process::geteuid().is_root() {
            chown(folder.path(), Some(NOBODY), Some(NOBODY)).expect("it can be given away");
        }
        let cluster = Self { folder, programs: programs(), syncs };
        let data = cluster.data();
        cluster.run("initdb", &["-D", &data, "-U", "watson", "-A", "trust", "-E", "UTF8", "--no-sync"]);
        cluster.run_server();
        cluster
    }

    /// Starts it, on the databases that it had.
    pub(crate) fn run_server(&self) {
        let options = format!(
            "-c listen_addresses= -c fsync={} -c max_connections=200 -k {}",
            if self.syncs { "on" } else { "off" },
            self.socket_folder()
        );
        let log = self.folder.path().join("log");
        self.run("pg_ctl", &["-D", &self.data(), "-l", &text(&log), "-o", &options, "-w", "start"]);
    }

    pub(crate) fn create_database(&self, name: &str) {
        self.run("createdb", &["-h", &self.socket_folder(), "-U", "watson", name]);
    }

    /// A database of it, for `--database`.
    pub(crate) fn url(&self, name: &str) -> String {
        format!("postgres:///{name}?host={}&user=watson", self.socket_folder())
    }

    fn stop(&self) {
        self.run("pg_ctl", &["-D", &self.data(), "-m", "immediate", "-w", "stop"]);
    }

    /// Its data folder, with `postmaster.pid`.
    pub(crate) fn data(&self) -> String {
        text(&self.folder.path().join("data"))
    }

    fn socket_folder(&self) -> String {
        text(self.folder.path())
    }

    /// Runs one of PostgreSQL's programs; it must end well.
    pub(crate) fn run(&self, program: &str, arguments: &[&str]) {
        let mut command = Command::new(self.programs.join(program));
        command.args(arguments).current_dir("/").stdin(Stdio::null()).stdout(Stdio::null());
        if rustix::process::geteuid().is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        let status = command.status().expect("PostgreSQL's programs run");
        assert!(status.success(), "{program} {arguments:?}: {status}");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // One that a test has ended is no reason to panic.
        if Path::new(&self.data()).join("postmaster.pid").exists() {
            self.stop();
        }
    }
}

fn text(path: &Path) -> String {
    path.to_str().expect("temporary paths are text").to_owned()
}

/// The newest version of Debian's folders, or what `PATH` has.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest =
        versions.map(|entry| entry.path().join("bin")).filter(|bin| bin.join("initdb").exists()).max();
    newest.unwrap_or_else(|| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path)
            .find(|folder| folder.join("initdb").exists())
            .expect("PostgreSQL is installed (Debian: postgresql)")
    })
}
