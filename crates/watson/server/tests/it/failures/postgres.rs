//! PostgreSQL is stopped, and killed, under load, and comes back.

use crate::binary::Watson;
use crate::durability::ledger::Ledger;
use crate::failures::database::Database;
use crate::failures::fleet::Fleet;
use crate::failures::site::{Site, until};

async fn says_so(server: &Watson) {
    until("it is not ready", async || server.get("/readyz").await.status == 503).await;
    assert_eq!(server.get("/healthz").await.status, 200);
    let counted = server.metric("watson_refused_total{reason=\"no_database\"}").await;
    assert!(counted > 0, "what it counts is told while the database is gone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_stops_or_dies_under_load_costs_nothing_that_was_accepted() {
    let database = Database::start();
    let site = Site::with_folder(database.url());
    let more = ["--cabs-per-bucket", "12"];
    let (one, other) = (site.start("one", &more), site.start("other", &more));
    let fleet = Fleet::start(&[one.address, other.address]);
    fleet.wait_for_taken(100);
    for gone in [Database::stop, Database::kill] {
        gone(&database);
        fleet.wait_for_refused(20);
        tokio::join!(says_so(&one), says_so(&other));
        database.start_again();
        fleet.wait_for_taken(100);
    }
    database.hang();
    fleet.wait_for_taken(100);
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
