//! PostgreSQL is stopped, and killed, under load, and comes back.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::binary::Watson;
use crate::durability::ledger::Ledger;
use crate::failures::fleet::Fleet;
use crate::failures::site::{Site, until};
use crate::postgres::Cluster;

/// The server of one test, which syncs its commits.
struct Database(Cluster);

impl Database {
    fn start() -> Self {
        let cluster = Cluster::start(true);
        cluster.create_database("crashes");
        Self(cluster)
    }

    fn stop(&self) {
        self.0.run("pg_ctl", &["-D", &self.0.data(), "-m", "fast", "-w", "stop"]);
    }

    /// SIGKILL to its first process; the others end when they see that it is gone.
    fn kill(&self) {
        let file = Path::new(&self.0.data()).join("postmaster.pid");
        let text = std::fs::read_to_string(&file).expect("it runs");
        let first = text.lines().next().expect("its number").to_owned();
        let children = format!("/proc/{first}/task/{first}/children");
        let children = std::fs::read_to_string(children).expect("it has children");
        assert!(Command::new("kill").args(["-KILL", &first]).status().expect("kill runs").success());
        for process in children.split_whitespace().chain([first.as_str()]) {
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

async fn says_so(server: &Watson) {
    until("it is not ready", async || server.get("/readyz").await.status == 503).await;
    assert_eq!(server.get("/healthz").await.status, 200);
    let counted = server.metric("watson_refused_total{reason=\"no_database\"}").await;
    assert!(counted > 0, "what it counts is told while the database is gone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_stops_or_dies_under_load_costs_nothing_that_was_accepted() {
    let database = Database::start();
    let site = Site::with_folder(database.0.url("crashes"));
    let more = ["--cabs-per-bucket", "12"];
    let (one, other) = (site.start("one", &more), site.start("other", &more));
    let fleet = Fleet::start(&[one.address, other.address]);
    fleet.wait_for_taken(100);
    for gone in [Database::stop, Database::kill] {
        gone(&database);
        fleet.wait_for_refused(20);
        tokio::join!(says_so(&one), says_so(&other));
        database.0.run_server();
        fleet.wait_for_taken(100);
    }
    let mut ledger = Ledger::default();
    let (sent, refused) = fleet.end();
    ledger.add(sent);
    assert_eq!(refused.keys().collect::<Vec<_>>(), ["503 no_database"], "{refused:?}");
    for server in [&one, &other] {
        until("it is ready", async || server.get("/readyz").await.status == 200).await;
    }
    ledger.check(one.address).unwrap_or_else(|lost| panic!("{lost}"));
    let mut counted = 0;
    for server in [&one, &other] {
        counted += server.metric("watson_refused_total{reason=\"no_database\"}").await;
    }
    assert_eq!(counted, refused["503 no_database"], "each refusal is counted once");
    drop((one, other));
    site.is_whole();
}
