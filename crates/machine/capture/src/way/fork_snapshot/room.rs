//! How many processes and how much memory there is room for: control groups of both versions, and the machine.
//!
//! A group's own limits count, and those of all above it. Where the groups are not mounted at the usual place, or their
//! names are relative to another root, nothing is known.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::limits::{MAX_CGROUP_DEPTH, MAX_CGROUP_FILE_BYTES};

/// What control groups have room for; `None` = unknown or unlimited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Room {
    pub(crate) processes: Option<u64>,
    pub(crate) memory_bytes: Option<u64>,
}

const MOUNT: &str = "/sys/fs/cgroup";

/// The room in the groups that a `/proc/PID/cgroup` names.
pub(crate) fn of_groups(text: &[u8]) -> Room {
    let mut room = Room::default();
    for (controllers, path) in text.split(|byte| *byte == b'\n').filter_map(group) {
        let places: Vec<PathBuf> = match controllers {
            "" => vec![PathBuf::from(MOUNT), Path::new(MOUNT).join("unified")],
            names => names.split(',').map(|name| Path::new(MOUNT).join(name)).collect(),
        };
        for place in places {
            for folder in with_parents(&place, path) {
                room.processes = least(room.processes, processes_in(&folder));
                room.memory_bytes = least(room.memory_bytes, memory_in(&folder));
            }
        }
    }
    room
}

/// A line `4:memory:/a/b`: controllers (none in version 2) and path.
fn group(line: &[u8]) -> Option<(&str, &str)> {
    let mut parts = str::from_utf8(line).ok()?.splitn(3, ':').skip(1);
    let (controllers, path) = (parts.next()?, parts.next()?);
    let is_plain = path.starts_with('/') && path.split('/').all(|part| part != "..");
    let is_known = controllers.split(',').all(|name| matches!(name, "" | "pids" | "memory"));
    (is_plain && is_known).then_some((controllers, path))
}

fn with_parents(place: &Path, path: &str) -> Vec<PathBuf> {
    let path = path.trim_start_matches('/');
    let below = Path::new(path).ancestors().take(MAX_CGROUP_DEPTH);
    below.map(|part| place.join(part)).collect()
}

fn least(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    a.into_iter().chain(b).min()
}

fn processes_in(folder: &Path) -> Option<u64> {
    Some(value(folder, "pids.max")?.saturating_sub(value(folder, "pids.current")?))
}

/// Pages of files that were not used lately are given back before a limit counts.
fn memory_in(folder: &Path) -> Option<u64> {
    let (limit, used) = match value(folder, "memory.max") {
        Some(limit) => (limit, value(folder, "memory.current")?),
        None => (value(folder, "memory.limit_in_bytes")?, value(folder, "memory.usage_in_bytes")?),
    };
    let details = text(&folder.join("memory.stat")).unwrap_or_default();
    let reclaimable = named(&details, b"total_inactive_file").or_else(|| named(&details, b"inactive_file"));
    Some(limit.saturating_sub(used.saturating_sub(reclaimable.unwrap_or(0))))
}

fn text(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(MAX_CGROUP_FILE_BYTES).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// The number in a file; `None` for `max`.
fn value(folder: &Path, name: &str) -> Option<u64> {
    number(text(&folder.join(name))?.trim_ascii())
}

pub(crate) fn number(word: &[u8]) -> Option<u64> {
    str::from_utf8(word).ok()?.parse().ok()
}

/// The number behind a name at the start of a line.
fn named(text: &[u8], name: &[u8]) -> Option<u64> {
    let line = text.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(name))?;
    let mut words = line.split(|byte| byte.is_ascii_whitespace() || *byte == b':');
    words.find(|word| !word.is_empty()).and_then(number)
}

/// Memory that the machine has left, swap included.
pub(crate) fn of_machine() -> Option<u64> {
    let text = text(Path::new("/proc/meminfo"))?;
    let kib = named(&text, b"MemAvailable:")? + named(&text, b"SwapFree:").unwrap_or(0);
    Some(kib << 10)
}

/// Huge pages of all sizes that are free and not promised.
pub(crate) fn free_huge_bytes() -> u64 {
    /// Sizes that a machine may have.
    const MAX_SIZES: usize = 16;
    let Ok(sizes) = std::fs::read_dir("/sys/kernel/mm/hugepages") else { return 0 };
    sizes
        .take(MAX_SIZES)
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let kib: u64 = name.strip_prefix("hugepages-")?.strip_suffix("kB")?.parse().ok()?;
            let free = value(&entry.path(), "free_hugepages")?;
            let promised = value(&entry.path(), "resv_hugepages").unwrap_or(0);
            free.saturating_sub(promised).checked_mul(kib << 10)
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_both_versions_are_understood() {
        assert_eq!(group(b"0::/a/b"), Some(("", "/a/b")));
        assert_eq!(group(b"8:pids:/x:y"), Some(("pids", "/x:y")));
        assert_eq!(group(b"3:cpuset:/"), None);
        assert_eq!(group(b"0::/../../other"), None, "another root");
        assert_eq!(group(b"nonsense"), None);
    }

    #[test]
    fn the_narrowest_group_counts() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        };
        write("a/b/pids.max", "max\n");
        write("a/b/pids.current", "4\n");
        write("a/pids.max", "10\n");
        write("a/pids.current", "7\n");
        write("a/memory.max", "1000\n");
        write("a/memory.current", "900\n");
        write("a/memory.stat", "anon 1\ninactive_file 300\nactive_file 5\n");
        let folders = with_parents(folder.path(), "/a/b");
        assert_eq!(folders.len(), 3);
        let narrowest = |read: fn(&Path) -> Option<u64>| folders.iter().filter_map(|at| read(at)).min();
        assert_eq!(narrowest(processes_in), Some(3));
        assert_eq!(narrowest(memory_in), Some(400));
    }
}
