//! `/proc/PID/status`.

use wer_snapshot::Capabilities;

use super::{leading_number, parse_hex};
use crate::limits::{MAX_GROUPS, MAX_PID_NAMESPACES};

/// What the system uses of a `status` file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// State letter.
    pub state: char,
    /// Process that the thread belongs to, in the namespace of the `/proc` mount.
    pub tgid: u32,
    /// Tracer, 0 = none.
    pub tracer_pid: u32,
    /// Real, effective, saved and file system user.
    pub uids: [u32; 4],
    /// Real, effective, saved and file system group.
    pub gids: [u32; 4],
    /// Supplementary groups.
    pub groups: Vec<u32>,
    /// Process id in each pid namespace, outermost first.
    pub namespace_tgids: Vec<u32>,
    /// Thread id in each pid namespace, outermost first.
    pub namespace_ids: Vec<u32>,
    /// Threads.
    pub thread_count: u32,
    /// Blocked signals, bit `n - 1` for signal `n`.
    pub blocked: u64,
    /// Ignored signals.
    pub ignored: u64,
    /// Signals with a handler.
    pub caught: u64,
    /// The kernel is writing its core.
    pub dumping_core: bool,
    /// A thread of the kernel itself.
    pub kernel_thread: bool,
    /// Capability sets.
    pub capabilities: Capabilities,
    /// `NoNewPrivs`.
    pub no_new_privileges: bool,
    /// `Seccomp`: 0 none, 1 strict, 2 filter.
    pub seccomp: u32,
    /// Processors 0 to 63 on which the thread may run, a bit each.
    pub affinity: u64,
    /// Memory use.
    pub memory: MemoryUse,
}

/// The `Vm*` lines, bytes; 0 = not said, as for a thread of the kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryUse {
    /// `VmPeak`: most address space so far.
    pub peak_virtual_bytes: u64,
    /// `VmSize`: address space.
    pub virtual_bytes: u64,
    /// `VmHWM`: most resident so far.
    pub peak_resident_bytes: u64,
    /// `VmRSS`: resident.
    pub resident_bytes: u64,
    /// `VmData`: private writable memory.
    pub private_bytes: u64,
    /// `VmLck`: locked.
    pub locked_bytes: u64,
    /// `VmSwap`: on swap.
    pub swap_bytes: u64,
    /// `VmPTE`: page tables.
    pub page_table_bytes: u64,
}

impl Status {
    /// Whether a signal would take its default action.
    #[must_use]
    pub const fn is_default(&self, signal: i32) -> bool {
        if signal < 1 || signal > 64 {
            return false;
        }
        (self.caught | self.ignored) >> (signal - 1) & 1 == 0
    }

    /// Process id in its own, innermost namespace.
    #[must_use]
    pub fn namespace_tgid(&self) -> u32 {
        self.namespace_tgids.last().copied().unwrap_or(self.tgid)
    }

    /// Thread id in its own, innermost namespace.
    #[must_use]
    pub fn namespace_id(&self) -> Option<u32> {
        self.namespace_ids.last().copied()
    }
}

/// Parses a `status` file; `None` when it has no `Tgid`.
///
/// The kernel escapes newlines in `Name`, so lines can be believed. A key counts the first time it appears.
#[must_use]
pub fn parse_status(text: &[u8]) -> Option<Status> {
    let mut status = Status::default();
    let mut seen_tgid = false;
    for line in text.split(|byte| *byte == b'\n').skip(1) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (key, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        match key {
            b"State" => status.state = value.first().copied().map_or('?', char::from),
            b"Tgid" if !seen_tgid => {
                status.tgid = number(value)?;
                seen_tgid = true;
            }
            b"TracerPid" => status.tracer_pid = number(value).unwrap_or(0),
            b"Uid" => status.uids = four(value)?,
            b"Gid" => status.gids = four(value)?,
            b"Groups" => status.groups = numbers(value).take(MAX_GROUPS).collect(),
            b"NStgid" => status.namespace_tgids = numbers(value).take(MAX_PID_NAMESPACES).collect(),
            b"NSpid" => status.namespace_ids = numbers(value).take(MAX_PID_NAMESPACES).collect(),
            b"Threads" => status.thread_count = number(value).unwrap_or(0),
            b"SigBlk" => status.blocked = parse_hex(value).unwrap_or(0),
            b"SigIgn" => status.ignored = parse_hex(value).unwrap_or(0),
            b"SigCgt" => status.caught = parse_hex(value).unwrap_or(0),
            b"CoreDumping" => status.dumping_core = value == b"1",
            b"Kthread" => status.kernel_thread = value == b"1",
            _ => rights_and_memory(&mut status, key, value),
        }
    }
    seen_tgid.then_some(status)
}

fn rights_and_memory(status: &mut Status, key: &[u8], value: &[u8]) {
    let Status { capabilities, memory, .. } = status;
    let set = || parse_hex(value).unwrap_or(0);
    let bytes = || super::bytes_of_kilobytes(value).unwrap_or(0);
    match key {
        b"CapInh" => capabilities.inheritable = set(),
        b"CapPrm" => capabilities.permitted = set(),
        b"CapEff" => capabilities.effective = set(),
        b"CapBnd" => capabilities.bounding = set(),
        b"CapAmb" => capabilities.ambient = set(),
        b"NoNewPrivs" => status.no_new_privileges = value == b"1",
        b"Seccomp" => status.seccomp = number(value).unwrap_or(0),
        b"Cpus_allowed" => status.affinity = lowest_word(value).unwrap_or(0),
        b"VmPeak" => memory.peak_virtual_bytes = bytes(),
        b"VmSize" => memory.virtual_bytes = bytes(),
        b"VmHWM" => memory.peak_resident_bytes = bytes(),
        b"VmRSS" => memory.resident_bytes = bytes(),
        b"VmData" => memory.private_bytes = bytes(),
        b"VmLck" => memory.locked_bytes = bytes(),
        b"VmSwap" => memory.swap_bytes = bytes(),
        b"VmPTE" => memory.page_table_bytes = bytes(),
        _ => {}
    }
}

/// The lowest 64 bits of a bit map that the kernel prints in groups of 32, the highest first.
fn lowest_word(map: &[u8]) -> Option<u64> {
    let mut groups = map.rsplit(|byte| *byte == b',').map(parse_hex);
    let low = groups.next()??;
    let high = groups.next().unwrap_or(Some(0))?;
    Some(high << 32 | low & u64::from(u32::MAX))
}

fn number(value: &[u8]) -> Option<u32> {
    leading_number(value).and_then(|number| u32::try_from(number).ok())
}

fn numbers(value: &[u8]) -> impl Iterator<Item = u32> + '_ {
    value.split(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty()).map_while(number)
}

fn four(value: &[u8]) -> Option<[u32; 4]> {
    let mut all = numbers(value);
    Some([all.next()?, all.next()?, all.next()?, all.next()?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str = "Name:\tcat\nUmask:\t0022\nState:\tt (tracing stop)\nTgid:\t4711\nNgid:\t0\nPid:\t4712\n\
        PPid:\t1\nTracerPid:\t99\nUid:\t1000\t1001\t1002\t1003\nGid:\t5\t6\t7\t8\nGroups:\t24 25 \n\
        NStgid:\t4711\t12\nNSpid:\t4712\t13\nThreads:\t3\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000001000\n\
        SigCgt:\t0000000000000400\nCoreDumping:\t1\n";

    #[test]
    fn an_ordinary_file_is_understood() {
        let status = parse_status(TEXT.as_bytes()).expect("a status file");
        assert_eq!((status.state, status.tgid, status.tracer_pid), ('t', 4711, 99));
        assert_eq!((status.uids, status.gids), ([1000, 1001, 1002, 1003], [5, 6, 7, 8]));
        assert_eq!(status.groups, [24, 25]);
        assert_eq!((status.namespace_tgid(), status.namespace_id()), (12, Some(13)));
        assert!(status.dumping_core && !status.kernel_thread);
        assert!(!status.is_default(11), "signal 11 has a handler");
        assert!(!status.is_default(13), "signal 13 is ignored");
        assert!(status.is_default(6) && !status.is_default(0) && !status.is_default(65));
    }

    #[test]
    fn rights_and_memory_are_understood() {
        let more = "NoNewPrivs:\t1\nSeccomp:\t2\nCapInh:\t0000000000000001\nCapPrm:\t0000000000000002\n\
            CapEff:\t000001ffffffffff\nCapBnd:\t4\nCapAmb:\tzz\nVmPeak:\t    2000 kB\nVmSize:\t1000 kB\n\
            VmLck:\t8 kB\nVmHWM:\t40 kB\nVmRSS:\t20 kB\nVmData:\t12 kB\nVmPTE:\t4 kB\nVmSwap:\t18446744073709551615 kB\n\
            Cpus_allowed:\tffffffff,00000003,80000001\n";
        let status = parse_status(format!("{TEXT}{more}").as_bytes()).expect("a status file");
        let Capabilities { inheritable, permitted, effective, bounding, ambient } = status.capabilities;
        assert_eq!((inheritable, permitted, effective, bounding, ambient), (1, 2, 0x1ff_ffff_ffff, 4, 0));
        assert!(status.no_new_privileges);
        assert_eq!((status.seccomp, status.affinity), (2, 3 << 32 | 0x8000_0001));
        let memory = status.memory;
        assert_eq!((memory.peak_virtual_bytes, memory.virtual_bytes), (2_048_000, 1_024_000));
        assert_eq!((memory.peak_resident_bytes, memory.resident_bytes), (40_960, 20_480));
        assert_eq!(
            (memory.private_bytes, memory.locked_bytes, memory.page_table_bytes),
            (12_288, 8192, 4096)
        );
        assert_eq!(memory.swap_bytes, 0, "more than there can be");
    }

    #[test]
    fn affinity_is_the_end_of_the_map() {
        assert_eq!(lowest_word(b"3"), Some(3));
        assert_eq!(lowest_word(b"1,00000000"), Some(1 << 32));
        assert_eq!(lowest_word(b""), None);
        assert_eq!(lowest_word(b"x,1"), None);
    }

    #[test]
    fn a_name_cannot_pose_as_another_line() {
        let text = TEXT.replacen("cat", "Tgid:\t1", 1);
        assert_eq!(parse_status(text.as_bytes()).map(|status| status.tgid), Some(4711));
    }

    #[test]
    fn what_is_no_status_file_is_refused() {
        assert_eq!(parse_status(b""), None);
        assert_eq!(parse_status(b"Name:\tx\nState:\tS\n"), None);
    }

    proptest! {
        #[test]
        fn no_contents_make_it_panic(text in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = parse_status(&text);
        }
    }
}
