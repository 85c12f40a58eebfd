use super::*;
use wer_snapshot::{Protection, RegionMarks};

const STACK: u64 = 0x7ffd_0000_0000;

fn region(start: u64, end: u64, writable: bool, kind: RegionKind) -> Region {
    let protection = Protection { read: writable, write: writable, execute: false, shared: false };
    Region { start, end, protection, offset: 0, device: 0, inode: 0, kind, marks: RegionMarks::default() }
}

fn signal(number: i32, code: i32, address: u64) -> SignalInfo {
    SignalInfo { number, code, errno: 0, address }
}

fn bare(signal: SignalInfo) -> Evidence<'static> {
    Evidence {
        signal,
        registers: Some((0x40_1000, STACK + 0x8000)),
        trap: None,
        regions: &[],
        last_words: None,
    }
}

fn words(source: LastWordsSource, text: &str) -> LastWords {
    LastWords { source, text: text.into() }
}

#[test]
fn signals_and_codes_have_their_status() {
    let table = [
        (libc::SIGSEGV, 1, 0xC000_0005),
        (libc::SIGSEGV, 2, 0xC000_0005),
        (libc::SIGSEGV, SI_KERNEL, 0xC000_0005),
        (libc::SIGSEGV, 0, 0xC000_0005),
        (libc::SIGBUS, 1, 0x8000_0002),
        (libc::SIGBUS, 2, 0xC000_0006),
        (libc::SIGILL, 2, 0xC000_001D),
        (libc::SIGILL, 5, 0xC000_0096),
        (libc::SIGFPE, 1, 0xC000_0094),
        (libc::SIGFPE, 2, 0xC000_0095),
        (libc::SIGFPE, 3, 0xC000_008E),
        (libc::SIGFPE, 4, 0xC000_0091),
        (libc::SIGFPE, 5, 0xC000_0093),
        (libc::SIGFPE, 6, 0xC000_008F),
        (libc::SIGFPE, 7, 0xC000_0090),
        (libc::SIGTRAP, SI_KERNEL, 0x8000_0003),
        (libc::SIGTRAP, 1, 0x8000_0003),
        (libc::SIGTRAP, 2, 0x8000_0004),
        (libc::SIGSYS, 1, 0xC000_001C),
        (libc::SIGABRT, -6, 0x4000_0015),
        (libc::SIGQUIT, 0, 0x4000_0015),
        (0, 0, 0x4000_0015),
    ];
    for (number, code, status) in table {
        let found = classify(&bare(signal(number, code, 0x10))).status;
        assert_eq!(found, NtStatus(status), "signal {number}, code {code}: {found}");
    }
}

#[test]
fn aborts_are_told_apart_by_what_was_said() {
    use LastWordsSource::{Application, CppException, GlibcAbortMessage, RustPanic};
    let table = [
        (GlibcAbortMessage, "free(): double free detected in tcache 2", NtStatus::HEAP_CORRUPTION),
        (GlibcAbortMessage, "malloc(): corrupted top size", NtStatus::HEAP_CORRUPTION),
        (GlibcAbortMessage, "corrupted size vs. prev_size", NtStatus::HEAP_CORRUPTION),
        (GlibcAbortMessage, "munmap_chunk(): invalid pointer", NtStatus::HEAP_CORRUPTION),
        (GlibcAbortMessage, "double free or corruption (out)", NtStatus::HEAP_CORRUPTION),
        (GlibcAbortMessage, "*** stack smashing detected ***: terminated", NtStatus::STACK_BUFFER_OVERRUN),
        (GlibcAbortMessage, "*** buffer overflow detected ***: terminated", NtStatus::STACK_BUFFER_OVERRUN),
        (
            GlibcAbortMessage,
            "a: malloc_user.c:3: main: Assertion `free() == corrupted' failed.",
            NtStatus::ASSERTION_FAILURE,
        ),
        (GlibcAbortMessage, "Fatal glibc error: cannot get entropy", NtStatus::FATAL_APP_EXIT),
        (CppException, "std::runtime_error: malloc", NtStatus::CPP_EXCEPTION),
        (RustPanic, "corrupted", NtStatus::FATAL_APP_EXIT),
        (Application, "double free", NtStatus::FATAL_APP_EXIT),
    ];
    for (source, text, status) in table {
        let said = words(source, text);
        let evidence = Evidence { last_words: Some(&said), ..bare(signal(libc::SIGABRT, -6, 0)) };
        assert_eq!(classify(&evidence).status, status, "{text}");
    }
}

#[test]
fn the_kind_of_access_comes_from_the_processor() {
    let table = [
        (Some((14, 4)), Some(AccessKind::Read)),
        (Some((14, 6)), Some(AccessKind::Write)),
        (Some((14, 0x15)), Some(AccessKind::Execute)),
        (Some((13, 0)), None),
        (None, None),
    ];
    for (trap, access) in table {
        let evidence = Evidence { trap, ..bare(signal(libc::SIGSEGV, 1, 0x10)) };
        assert_eq!(classify(&evidence).access, access, "{trap:?}");
    }
    let jump = Evidence { registers: Some((0x10, STACK)), ..bare(signal(libc::SIGSEGV, 1, 0x10)) };
    assert_eq!(classify(&jump).access, Some(AccessKind::Execute));
    let sent = Evidence { trap: Some((14, 6)), ..bare(signal(libc::SIGSEGV, 0, 0)) };
    assert_eq!(classify(&sent).access, None, "a signal sent by kill touched nothing");
    let other = Evidence { trap: Some((14, 6)), ..bare(signal(libc::SIGILL, 2, 0x10)) };
    assert_eq!(classify(&other).access, None);
}

#[test]
fn stack_overflows_are_told_from_other_faults() {
    let main_thread = [region(STACK, STACK + 0x80_0000, true, RegionKind::Stack)];
    let other_thread = [
        region(STACK - 0x1000, STACK, false, RegionKind::Anonymous),
        region(STACK, STACK + 0x80_0000, true, RegionKind::Anonymous),
    ];
    let check = |regions: &[Region], address: u64, stack_pointer: u64| {
        let evidence = Evidence {
            registers: Some((0x40_1000, stack_pointer)),
            regions,
            ..bare(signal(libc::SIGSEGV, 1, address))
        };
        classify(&evidence).status == NtStatus::STACK_OVERFLOW
    };
    for regions in [&main_thread[..], &other_thread[..]] {
        assert!(check(regions, STACK - 8, STACK), "a push");
        assert!(check(regions, STACK - 0x800, STACK + 0x700), "a call deep in a frame");
        assert!(check(regions, STACK - 0x800, STACK - 0x10_0000), "a large frame, touched at its top");
        assert!(!check(regions, 0, STACK + 0x700), "a null pointer");
        assert!(!check(regions, STACK - 8, STACK + 0x40_0000), "a wild pointer below a healthy stack");
        assert!(check(regions, STACK + 8, STACK + 16), "a guard inside the stack's mapping");
        assert!(!check(regions, STACK + 0x40_0000, STACK + 0x40_0000), "far above its lower end");
        assert!(!check(regions, STACK - 0x100_0000, STACK), "far below");
        assert!(!check(regions, STACK - 8, STACK + 0x7000 + 0x10_0000), "the pointer is far above");
    }
    let library = [region(STACK, STACK + 0x1000, true, RegionKind::Vdso)];
    assert!(!check(&library, STACK - 8, STACK), "no stack");
    assert!(!check(&[], STACK - 8, STACK));
    let jump = Evidence {
        registers: Some((STACK - 8, STACK)),
        regions: &main_thread,
        ..bare(signal(libc::SIGSEGV, 1, STACK - 8))
    };
    assert_eq!(classify(&jump).status, NtStatus::ACCESS_VIOLATION, "a jump below the stack");
}

#[test]
fn an_exception_that_was_raised_keeps_its_code_and_nothing_else_carries_one() {
    let mut raised = signal(libc::SIGABRT, RAISED_SIGNAL_CODE, 0);
    raised.errno = 0xABCD_1234_u32.cast_signed();
    assert_eq!(classify(&bare(raised)).status, NtStatus(0xABCD_1234));
    raised.code = -1;
    assert_eq!(classify(&bare(raised)).status, NtStatus::FATAL_APP_EXIT);
    raised.number = libc::SIGSEGV;
    raised.code = RAISED_SIGNAL_CODE;
    assert_eq!(classify(&bare(raised)).status, NtStatus::ACCESS_VIOLATION);
}
