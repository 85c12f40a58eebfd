//! A dump against the truth, by the quickest reader.

use std::path::Path;

use wer_testkit::Living;
use wer_testkit::readers::{Reading, library};

use crate::making::asked;

/// Memory that a full dump has, of the kinds that every living program makes.
pub(crate) const EVERYWHERE: &[&str] = &["data", "bss", "heap", "private", "read-only"];

/// Threads with their names and registers, and the memory of these names, are in the dump as the program said; what it
/// marked `MADV_DONTDUMP` is not. `id_of` tells the thread's id outside of its pid namespace.
pub(crate) fn holds(path: &Path, living: &Living, memory: &[&str], id_of: impl Fn(u64) -> u64) -> Reading {
    let what = path.display();
    let reading = library::read(path, &asked(living)).unwrap_or_else(|error| panic!("{what}: {error:#}"));
    for known in &living.truth.threads {
        let tid = id_of(known.tid);
        let read = reading.threads.iter().find(|thread| thread.tid == tid);
        let read = read.unwrap_or_else(|| panic!("{what}: thread {tid} is missing"));
        let name = String::from_utf8_lossy(&known.name).into_owned();
        assert_eq!(read.name, Some(name), "{what}: name of thread {tid}");
        for (name, value) in known.registers.iter().filter(|(name, _)| *name != "xmm6") {
            assert_eq!(read.registers.get(name), Some(value), "{what}: {name} of thread {tid}");
        }
    }
    for (known, read) in living.truth.memory.iter().zip(&reading.memory) {
        if known.name == "secret" {
            assert!(read.is_none(), "{what}: memory marked MADV_DONTDUMP");
        } else if memory.contains(&known.name.as_str()) {
            assert!(read.as_ref() == Some(&known.bytes()), "{what}: {} is not as it was", known.name);
        }
    }
    reading
}
