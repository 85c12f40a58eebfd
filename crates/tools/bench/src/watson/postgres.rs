//! A PostgreSQL cluster of the benchmark's own, with the settings of a server that must lose nothing.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::watson::spent::Spent;

/// The user `nobody`: PostgreSQL refuses to run as root.
const NOBODY: u32 = 65_534;

/// A running cluster; stopped and removed when dropped.
pub(super) struct Cluster {
    folder: TempDir,
    programs: PathBuf,
}

impl Cluster {
    /// Starts one below `below`, which it must be able to reach as another user.
    pub(super) fn start(below: &Path) -> Result<Self> {
        let below = below.canonicalize()?;
        let folder = tempfile::Builder::new().prefix("watson-bench-postgres.").tempdir_in(below)?;
        if is_root() {
            std::os::unix::fs::chown(folder.path(), Some(NOBODY), Some(NOBODY))?;
        }
        let cluster = Self { folder, programs: programs()? };
        let data = cluster.data()?;
        cluster.run("initdb", &["-D", &data, "-U", "watson", "-A", "trust", "-E", "UTF8"])?;
        let options = format!(
            "-c listen_addresses= -c fsync=on -c synchronous_commit=on -c full_page_writes=on \
             -c shared_buffers=256MB -c max_wal_size=4GB -c max_connections=100 -k {}",
            cluster.text()?
        );
        let log = format!("{}/log", cluster.text()?);
        cluster.run("pg_ctl", &["-D", &data, "-l", &log, "-o", &options, "-w", "start"])?;
        Ok(cluster)
    }

    /// Where its database is.
    pub(super) fn url(&self) -> Result<String> {
        Ok(format!("postgres:///postgres?host={}&user=watson", self.text()?))
    }

    /// Processor time of all its processes, those that have ended too.
    pub(super) fn cpu_seconds(&self) -> Result<f64> {
        let pid = std::fs::read_to_string(format!("{}/postmaster.pid", self.data()?))?;
        let pid: u32 = pid.lines().next().unwrap_or_default().trim().parse().context("postmaster.pid")?;
        let first = Spent::of(pid)?;
        let mut seconds = first.seconds + first.of_ended_children;
        for entry in std::fs::read_dir("/proc")?.flatten() {
            let Some(child) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            // One that has ended meanwhile is counted with the first one's, the next time.
            if let Ok(spent) = Spent::of(child)
                && spent.parent == pid
            {
                seconds += spent.seconds;
            }
        }
        Ok(seconds)
    }

    fn text(&self) -> Result<&str> {
        self.folder.path().to_str().context("a path that is no text")
    }

    fn data(&self) -> Result<String> {
        Ok(format!("{}/data", self.text()?))
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Result<()> {
        let mut command = Command::new(self.programs.join(program));
        command.args(arguments).current_dir("/").stdin(Stdio::null()).stdout(Stdio::null());
        if is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        let status = command.status().with_context(|| format!("{program} cannot be started"))?;
        ensure!(status.success(), "{program}: {status}");
        Ok(())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Ok(data) = self.data() {
            let _ = self.run("pg_ctl", &["-D", &data, "-m", "immediate", "-w", "stop"]);
        }
    }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The newest version of Debian's folders, or what `PATH` has.
fn programs() -> Result<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest =
        versions.map(|entry| entry.path().join("bin")).filter(|bin| bin.join("initdb").exists()).max();
    let path = std::env::var_os("PATH").unwrap_or_default();
    newest
        .or_else(|| std::env::split_paths(&path).find(|folder| folder.join("initdb").exists()))
        .context("PostgreSQL is not installed (Debian: postgresql)")
}
