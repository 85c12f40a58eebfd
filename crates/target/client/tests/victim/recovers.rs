//! Programs with a recovery callback. It prints what it does; the program dies of SIGSEGV at 0x1234.
#![expect(unsafe_code, reason = "crashes")]

use std::ffi::c_void;
use std::io::Write;
use std::sync::atomic::AtomicU32;

use wer_abi::Hresult;
use wer_client::registration::*;

/// What the callback is called with.
static PARAMETER: AtomicU32 = AtomicU32::new(0);

pub(crate) fn run(role: &str) {
    let callback: extern "C" fn(*mut c_void) -> u32 = match role {
        "well" | "unregistered" | "overwritten" => well,
        "silently" => silently,
        "by-crashing" => by_crashing,
        "by-overflow" => by_overflow,
        "by-exception" => by_aborting,
        "never" => never,
        "slowly" => slowly,
        "blocked" => with_its_mask,
        other => panic!("unknown role {other}"),
    };
    // Far longer than the others take; only "never" waits for its end.
    let ping_interval_ms = if role == "never" { 100 } else { 60_000 };
    let ping_interval_ms = if role == "slowly" { 2_000 } else { ping_interval_ms };
    let wanted = RecoveryCallback {
        callback: callback as *const () as usize,
        parameter: &raw const PARAMETER as usize,
        ping_interval_ms,
        flags: 0,
    };
    register_application_recovery_callback(wanted).expect("registered");
    register_application_restart(Some("--before"), 0).expect("registered");
    match role {
        "unregistered" => unregister_application_recovery_callback().expect("unregistered"),
        "overwritten" => {
            let block = block_address().expect("a block") as *mut u8;
            let at = core::mem::offset_of!(wer_abi::registration::Header, recovery) + 8;
            // SAFETY: none: this is the wild write. The lowest byte of the callback's address.
            unsafe { block.wrapping_add(at).write_volatile(0xEE) };
        }
        "blocked" => block_usr1(),
        _ => {}
    }
    // SAFETY: none: this is the crash. Nothing is mapped there.
    unsafe { (0x1234 as *mut u8).write_volatile(1) };
}

fn say(text: &str) {
    let mut out = std::io::stdout();
    let _ = writeln!(out, "{text}");
    let _ = out.flush();
}

extern "C" fn well(parameter: *mut c_void) -> u32 {
    assert_eq!(parameter as usize, &raw const PARAMETER as usize);
    // It may allocate, format, print, take time.
    say(&format!("saved {}", "work ".repeat(2)));
    assert_eq!(application_recovery_in_progress(), Ok(false));
    assert_eq!(register_memory_block(0x1000, 8), Err(Hresult::WER_E_INVALID_STATE));
    register_application_restart(Some("--recovered"), 0).expect("a callback may do this");
    application_recovery_finished(true);
    0
}

extern "C" fn silently(_: *mut c_void) -> u32 {
    0
}

extern "C" fn by_crashing(_: *mut c_void) -> u32 {
    say("about to crash");
    // SAFETY: none: this is the second crash.
    unsafe { (0x5678 as *mut u8).write_volatile(1) };
    0
}

extern "C" fn by_aborting(_: *mut c_void) -> u32 {
    say("about to abort");
    std::process::abort();
}

#[expect(unconditional_recursion, reason = "overflows the stack on purpose")]
fn overflow(depth: u64) -> u64 {
    let frame = std::hint::black_box([depth; 256]);
    std::hint::black_box(overflow(depth + 1) + frame[7])
}

extern "C" fn by_overflow(_: *mut c_void) -> u32 {
    overflow(0) as u32
}

extern "C" fn never(_: *mut c_void) -> u32 {
    loop {
        std::thread::park();
    }
}

/// Takes longer than its interval, and says that it gets on.
extern "C" fn slowly(_: *mut c_void) -> u32 {
    let start = std::time::Instant::now();
    while start.elapsed().as_millis() < 3_000 {
        application_recovery_in_progress().expect("it runs");
        std::thread::yield_now();
    }
    application_recovery_finished(false);
    0
}

fn block_usr1() {
    // SAFETY: all zero is a valid set.
    let mut set: libc::sigset_t = unsafe { std::mem::zeroed() };
    // SAFETY: adds to the set.
    unsafe { libc::sigaddset(&raw mut set, libc::SIGUSR1) };
    // SAFETY: blocks one signal in this thread.
    unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()) };
}

extern "C" fn with_its_mask(_: *mut c_void) -> u32 {
    let status = std::fs::read_to_string("/proc/thread-self/status").expect("own status");
    say(status.lines().find(|line| line.starts_with("SigBlk")).unwrap_or_default());
    application_recovery_finished(true);
    0
}
