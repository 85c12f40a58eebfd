//! Whether a process can bear a copy of itself. A copy that brings it down would be the worst of all dumps.
//!
//! [`refusal`] decides, purely; [`Circumstances::read`] looks at the process, its control groups and the machine while
//! the process runs. What cannot be known counts as enough: the kernel refuses the clone itself then.

use wer_sys::Process;

use super::limits::{MEMORY_HEADROOM_BYTES, PIDS_HEADROOM, REWRITTEN_DIVISOR};
use super::marks::Marks;
use super::room;

/// What the decision needs to know. Bytes, unless a name says otherwise; `None` = unknown or unlimited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Circumstances {
    /// Processes that the control groups have room for.
    pub(crate) processes_left: Option<u64>,
    /// Memory that the control groups have room for.
    pub(crate) group_memory_left: Option<u64>,
    /// Memory that the machine has left, swap included.
    pub(crate) machine_memory_left: Option<u64>,
    /// Page tables of the process: a copy has its own.
    pub(crate) page_tables: u64,
    /// Pages of its own that it may write to.
    pub(crate) resident_private: u64,
    /// Private mappings of huge pages that were set aside, and how many are free.
    pub(crate) private_huge: u64,
    pub(crate) free_huge: u64,
    /// Page faults are answered by a program, which may be the process itself.
    pub(crate) userfault: bool,
    /// Returns are checked against a second stack: the way back through the frame is barred.
    pub(crate) shadow_stack: bool,
}

impl Circumstances {
    /// Looks at a process that runs.
    pub(crate) fn read(process: &Process, marks: &Marks) -> Self {
        let status = process.read("status").unwrap_or_default();
        let groups = room::of_groups(&process.read("cgroup").unwrap_or_default());
        let huge_kib = field(&status, "HugetlbPages:").unwrap_or(0);
        Self {
            processes_left: groups.processes,
            group_memory_left: groups.memory_bytes,
            machine_memory_left: room::of_machine(),
            page_tables: field(&status, "VmPTE:").unwrap_or(0) << 10,
            resident_private: field(&status, "RssAnon:").unwrap_or(0) << 10,
            private_huge: marks.private_huge_bytes.min(huge_kib << 10),
            free_huge: room::free_huge_bytes(),
            userfault: marks.userfault,
            shadow_stack: words(&status, "x86_Thread_features:").any(|word| word == b"shstk"),
        }
    }
}

fn words<'a>(text: &'a [u8], key: &str) -> impl Iterator<Item = &'a [u8]> {
    let mut lines = text.split(|byte| *byte == b'\n').skip(1);
    let line = lines.find_map(|line| line.strip_prefix(key.as_bytes())).unwrap_or_default();
    line.split(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty())
}

fn field(text: &[u8], key: &str) -> Option<u64> {
    words(text, key).next().and_then(room::number)
}

/// Why no copy is to be made; `None` when one may be.
pub(crate) fn refusal(at: &Circumstances) -> Option<String> {
    let mib = |bytes: u64| bytes >> 20;
    if at.userfault {
        return Some(
            "its page faults are answered by a program (userfaultfd), which a fork may wait for".into(),
        );
    }
    if at.shadow_stack {
        return Some("it has a shadow stack, on which a system call cannot be injected safely".into());
    }
    if at.private_huge > at.free_huge {
        return Some(format!(
            "it has {} MiB of private huge pages, but only {} MiB of huge pages are free to take its next writes",
            mib(at.private_huge),
            mib(at.free_huge)
        ));
    }
    if let Some(left) = at.processes_left.filter(|left| *left < PIDS_HEADROOM) {
        return Some(format!("its control group has room for only {left} more processes (pids.max)"));
    }
    let needed = MEMORY_HEADROOM_BYTES + at.page_tables + at.resident_private / REWRITTEN_DIVISOR;
    let short = |left: Option<u64>| left.filter(|left| *left < needed);
    if let Some(left) = short(at.group_memory_left) {
        return Some(format!(
            "its control group has {} MiB of memory left (memory.max), and a copy may need {}",
            mib(left),
            mib(needed)
        ));
    }
    let left = short(at.machine_memory_left)?;
    Some(format!("this machine has {} MiB of memory left, and a copy may need {}", mib(left), mib(needed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    #[test]
    fn an_ordinary_process_may_be_copied() {
        let process = Process::open(std::process::id()).expect("our own");
        let at = Circumstances::read(&process, &Marks::default());
        assert!(at.page_tables > 0 && at.resident_private > 0, "{at:?}");
        assert!(at.machine_memory_left.is_some_and(|left| left > 0));
        let large = Circumstances { resident_private: 8 * GIB, machine_memory_left: Some(3 * GIB), ..at };
        assert_eq!(refusal(&Circumstances { group_memory_left: None, processes_left: None, ..large }), None);
    }

    #[test]
    fn each_shortage_is_named() {
        let says = |at: Circumstances, word: &str| {
            let reason = refusal(&at).expect("a refusal");
            assert!(reason.contains(word), "{reason}");
        };
        says(Circumstances { userfault: true, ..Circumstances::default() }, "userfaultfd");
        says(Circumstances { shadow_stack: true, ..Circumstances::default() }, "shadow stack");
        says(Circumstances { private_huge: 2, free_huge: 1, ..Circumstances::default() }, "huge pages");
        says(Circumstances { processes_left: Some(3), ..Circumstances::default() }, "pids.max");
        let large = Circumstances { resident_private: 4 * GIB, ..Circumstances::default() };
        says(Circumstances { group_memory_left: Some(GIB), ..large.clone() }, "memory.max");
        says(Circumstances { machine_memory_left: Some(GIB), ..large }, "this machine");
    }
}
