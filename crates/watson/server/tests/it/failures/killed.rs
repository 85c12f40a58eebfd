//! A server on PostgreSQL and a bucket is killed under load, beside another that goes on.

use crate::durability::ledger::Ledger;
use crate::durability::machines::Machines;
use crate::durability::times;
use crate::failures::site::Site;
use crate::postgres::Cluster;

#[test]
fn what_a_killed_server_had_accepted_the_other_has_too() {
    let database = Cluster::start(true);
    database.create_database("crashes");
    let site = Site::with_bucket(database.url("crashes"));
    let more = ["--cabs-per-bucket", "8"];
    let other = site.start("other", &more);
    let mut ledger = Ledger::default();
    for round in 0..times(5, 100) {
        let mut chance = fastrand::Rng::with_seed(round);
        let killed = site.start("killed", &more);
        let machines = Machines::start(killed.address, 10_000 + round);
        machines.wait_for(chance.usize(1..60));
        drop(killed);
        ledger.add(machines.join());
        // Cabs and counts are asked of the one that took none of them.
        ledger.check(other.address).unwrap_or_else(|lost| panic!("round {round}: {lost}"));
    }
    drop(other);
    // Bytes whose rows a kill prevented are no damage, until they are a day old.
    let found = site.command("fsck", &["fsck", "--hash", "--json"]);
    let found: serde_json::Value = serde_json::from_str(&found).expect("JSON");
    assert_eq!(
        (&found["wrong"], found["findings"].as_array().map(Vec::len)),
        (&0.into(), Some(0)),
        "{found}"
    );
}
