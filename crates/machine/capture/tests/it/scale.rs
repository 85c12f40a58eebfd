//! Large processes: thousands of threads, tens of thousands of mappings. Nothing is timed here: what grew with the
//! square of these numbers would not end.

use std::fs;

use wer_capture::{live, live_with};
use wer_snapshot::Facts;

use crate::facts::ready;
use crate::program::facts_target;

const MAX_MAPPINGS: &str = "/proc/sys/vm/max_map_count";

#[test]
fn five_thousand_threads_are_all_held() {
    let (mut program, numbers) = ready(facts_target(), &["threads", "5000"], 1);
    let facts = Facts { thread_details: true, ..Facts::default() };
    let capture = live_with(program.pid(), &facts).expect("a capture");
    let threads = &capture.snapshot.threads;
    assert_eq!((threads.len(), &capture.snapshot.soft_errors[..]), (5001, &[][..]));
    assert!(threads.iter().all(|thread| thread.registers.is_some() && thread.fpu.is_some()));
    let at_home =
        threads.iter().filter(|it| it.details.is_some_and(|it| it.start_address == numbers[0])).count();
    assert_eq!(at_home, 5000);
    drop(capture);
    program.ping();
}

fn check_mappings(count: usize) {
    let (program, numbers) = ready(facts_target(), &["mappings", &count.to_string()], 1);
    for facts in [Facts::default(), Facts::ALL] {
        let capture = live_with(program.pid(), &facts).expect("a capture");
        let snapshot = &capture.snapshot;
        assert_eq!(snapshot.soft_errors, []);
        let until = numbers[0] + count as u64 * 4096;
        let own =
            snapshot.regions.iter().filter(|region| (numbers[0]..until).contains(&region.start)).count();
        assert!(own.abs_diff(count) <= 2, "{own}");
        assert!(!snapshot.modules.is_empty());
        assert!(snapshot.linux.maps.len() > count * 40);
    }
}

#[test]
fn sixty_thousand_mappings_are_all_told() {
    check_mappings(60_000);
}

/// The machine's limit of mappings, ours alone until dropped.
struct MoreMappings {
    former: String,
    _lock: fs::File,
}

impl MoreMappings {
    fn take() -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            println!("not root: the limit of mappings cannot be raised");
            return None;
        }
        let lock = fs::File::create("/tmp/wer-max-map-count.lock").expect("a lock file");
        rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).expect("a lock");
        let former = fs::read_to_string(MAX_MAPPINGS).expect("a setting");
        fs::write(MAX_MAPPINGS, "150000").expect("root may");
        Some(Self { former, _lock: lock })
    }
}

impl Drop for MoreMappings {
    fn drop(&mut self) {
        fs::write(MAX_MAPPINGS, self.former.trim_end()).expect("root may");
    }
}

#[test]
fn a_hundred_thousand_mappings_are_all_told() {
    let Some(_more) = MoreMappings::take() else { return };
    check_mappings(100_000);
}

#[test]
fn a_thousand_threads_stand_and_go_three_times() {
    let (mut program, _) = ready(facts_target(), &["threads", "1000"], 1);
    for _ in 0..3 {
        let mut capture = live(program.pid()).expect("a capture");
        assert!(capture.snapshot.threads.iter().all(|thread| thread.registers.is_some()));
        capture.release();
        program.ping();
    }
}
