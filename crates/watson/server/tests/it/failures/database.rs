//! A PostgreSQL of one test, which stops, hangs, dies and comes back.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::postgres::Cluster;

/// Shorter than a commit may take: who is under way waits.
const HANGS_FOR: Duration = Duration::from_secs(2);

/// The server of one test, which syncs its commits.
pub(crate) struct Database(Cluster);

impl Database {
    pub(crate) fn start() -> Self {
        let cluster = Cluster::start(true);
        cluster.create_database("crashes");
        Self(cluster)
    }

    pub(crate) fn url(&self) -> String {
        self.0.url("crashes")
    }

    pub(crate) fn start_again(&self) {
        self.0.run_server();
    }

    pub(crate) fn stop(&self) {
        self.0.run("pg_ctl", &["-D", &self.0.data(), "-m", "fast", "-w", "stop"]);
    }

    /// Its first process, and the others.
    fn processes(&self) -> (String, Vec<String>) {
        let text = std::fs::read_to_string(self.pid_file()).expect("it runs");
        let first = text.lines().next().expect("its number").to_owned();
        let children = format!("/proc/{first}/task/{first}/children");
        let children = std::fs::read_to_string(children).expect("it has children");
        (first, children.split_whitespace().map(str::to_owned).collect())
    }

    fn pid_file(&self) -> PathBuf {
        Path::new(&self.0.data()).join("postmaster.pid")
    }

    /// It neither answers nor refuses for a while, and goes on as if nothing had been.
    pub(crate) fn hang(&self) {
        let (first, others) = self.processes();
        let all = [vec![first], others].concat();
        // Some may have ended by themselves meanwhile.
        let signal = |name: &str| _ = Command::new("kill").arg(name).args(&all).output().expect("kill runs");
        signal("-STOP");
        std::thread::sleep(HANGS_FOR);
        signal("-CONT");
    }

    /// SIGKILL to its first process; the others end when they see that it is gone.
    pub(crate) fn kill(&self) {
        let (file, (first, children)) = (self.pid_file(), self.processes());
        assert!(Command::new("kill").args(["-KILL", &first]).status().expect("kill runs").success());
        for process in children.iter().chain([&first]) {
            while is_alive(process) {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        // Where nobody reaps it, its number seems to be alive.
        let socket: PathBuf =
            file.parent().and_then(Path::parent).expect("a folder").join(".s.PGSQL.5432.lock");
        for file in [file, socket] {
            let _ = std::fs::remove_file(file);
        }
    }
}

fn is_alive(process: &str) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{process}/stat")) else { return false };
    !stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with(['Z', 'X']))
}
