//! What was accepted is there, once, whenever the server dies and whenever the power goes.

#[path = "durability/ledger.rs"]
pub(crate) mod ledger;
#[path = "durability/machines.rs"]
pub(crate) mod machines;

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use wer_powerloss::{Disk, Mount, Syncs};

use crate::binary::Watson;
use crate::durability::ledger::Ledger;
use crate::durability::machines::Machines;
use crate::world::folder;

const ARGUMENTS: [&str; 3] = ["--no-token", "--cabs-per-bucket", "4"];

/// How often, in a test that everybody runs and in one for a night (`WATSON_LONG_TESTS=1`).
pub(crate) fn times(usual: u64, long: u64) -> u64 {
    if std::env::var_os("WATSON_LONG_TESTS").is_some() { long } else { usual }
}

#[test]
fn a_server_that_is_killed_loses_doubles_and_half_shows_nothing() {
    let dir = folder();
    let data = dir.path().join("data");
    let mut ledger = Ledger::default();
    for round in 0..times(30, 500) {
        let mut chance = fastrand::Rng::with_seed(round);
        let watson = Watson::start(&data, &ARGUMENTS);
        let machines = Machines::start(watson.address, round);
        machines.wait_for(chance.usize(1..60));
        drop(watson);
        ledger.add(machines.join());
        let watson = Watson::start(&data, &ARGUMENTS);
        ledger.check(watson.address).unwrap_or_else(|lost| panic!("round {round}: {lost}"));
    }
}

/// A server on a disk of its own, with machines that report to it until the power goes.
struct Scene {
    folder: TempDir,
    disk: Disk,
    ledger: Ledger,
}

impl Scene {
    fn new() -> Self {
        Self { folder: folder(), disk: Disk::default(), ledger: Ledger::default() }
    }

    fn mounted(&self) -> (Mount, PathBuf) {
        let mount = Mount::new(&self.disk, self.folder.path()).expect("a disk can be mounted");
        let data = mount.path().join("data");
        (mount, data)
    }

    /// Loses power at a moment that the seed chooses, and looks at what a restart finds.
    fn lose_power(&mut self, seed: u64, told: &dyn Fn(&Disk)) -> Result<(), String> {
        let mut chance = fastrand::Rng::with_seed(seed);
        told(&self.disk);
        {
            let (_mount, data) = self.mounted();
            let is_early = chance.u8(0..4) == 0;
            if is_early {
                self.disk.cut_power_after(chance.u64(1..100));
            }
            match Watson::try_start(&data, &ARGUMENTS) {
                Some(watson) => {
                    if !is_early {
                        self.disk.cut_power_after(chance.u64(1..1500));
                    }
                    let machines = Machines::start(watson.address, seed);
                    machines.wait_until(|| !self.disk.has_power());
                    drop(watson);
                    self.ledger.add(machines.join());
                }
                None if self.disk.has_power() => return Err("the server does not start".to_owned()),
                None => {}
            }
        }
        self.disk = self.disk.restarted(seed);
        let (_mount, data) = self.mounted();
        let watson = start(&data)?;
        self.ledger.check(watson.address)
    }
}

fn start(data: &Path) -> Result<Watson, String> {
    Watson::try_start(data, &ARGUMENTS).ok_or_else(|| "the server does not start".to_owned())
}

#[test]
fn a_server_that_loses_power_loses_doubles_and_half_shows_nothing() {
    let mut scene = Scene::new();
    for round in 0..times(20, 200) {
        scene.lose_power(round, &|_| {}).unwrap_or_else(|lost| panic!("round {round}: {lost}"));
    }
}

/// Whether losses of power show that these syncs are not done.
fn shows(told: &dyn Fn(&Disk)) -> bool {
    (0..20).any(|seed| {
        let mut scene = Scene::new();
        (0..3).any(|more| scene.lose_power(seed * 10 + more, told).is_err())
    })
}

#[test]
fn each_sync_that_is_left_out_shows() {
    assert!(shows(&|disk| disk.ignore(Syncs::Files, Path::new("data/tmp"))), "the bytes of blobs");
    assert!(shows(&|disk| disk.ignore(Syncs::Folders, Path::new("data/blobs"))), "the names of blobs");
    assert!(
        shows(&|disk| {
            disk.ignore(Syncs::Files, Path::new("data/watson.sqlite"));
            disk.ignore(Syncs::Files, Path::new("data/watson.sqlite-wal"));
        }),
        "the commits of the database"
    );
}
