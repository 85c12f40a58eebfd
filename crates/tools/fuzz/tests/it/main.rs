//! Every fuzz target on a bounded number of inputs near to good ones. What fails here fails again: the message has the
//! number of the input.

mod good;
mod seeds;
mod targets;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use libfuzzer_sys::Mutations;

use targets::TARGETS;

/// Inputs per target. Those that need much time each have fewer.
fn inputs_of(target: &str) -> u64 {
    match target {
        "registration_block" | "dump_read" | "elf_symbols" => 500,
        _ => 2000,
    }
}

#[test]
fn every_target_is_here() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/fuzz_targets");
    let files: BTreeSet<String> = std::fs::read_dir(folder)
        .expect("the targets")
        .map(|entry| entry.expect("a file").file_name().to_string_lossy().trim_end_matches(".rs").to_owned())
        .collect();
    let here: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(files, here, "add the target to tests/it/targets.rs, and seeds to tests/it/seeds.rs");
}

#[test]
fn no_target_fails() {
    let seeds: Vec<_> = TARGETS.iter().map(|(name, _)| seeds::of(name)).collect();
    let failed: Vec<String> = std::thread::scope(|scope| {
        let running: Vec<_> = TARGETS
            .iter()
            .zip(&seeds)
            .map(|((name, run), seeds)| scope.spawn(move || failures(name, *run, seeds)))
            .collect();
        running.into_iter().flat_map(|thread| thread.join().expect("a target's thread")).collect()
    });
    // Some targets silence panics, this one too.
    failed.iter().for_each(|failure| println!("{failure}"));
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// The first input that a target does not survive.
fn failures(name: &str, run: fn(&[u8]), seeds: &[Vec<u8>]) -> Option<String> {
    let mut mutations =
        Mutations::new(name.bytes().fold(7, |sum, byte| (sum << 5) ^ (sum >> 59) ^ u64::from(byte)));
    let changed = std::iter::from_fn(|| Some(mutations.of(seeds)));
    let inputs = seeds.iter().cloned().chain(changed).take(inputs_of(name) as usize);
    for (number, input) in inputs.enumerate() {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| run(&input))) {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("");
            let path = std::env::temp_dir().join(format!("wer-fuzz-{name}-{number}"));
            let kept = std::fs::write(&path, &input);
            return Some(format!("{name}, input {number} ({}; {kept:?}): {text}", path.display()));
        }
    }
    None
}
