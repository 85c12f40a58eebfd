//! A debugger that traces the victim sees the same fault before our handler and after it, with the same registers and
//! the same `siginfo`.

use std::os::unix::process::CommandExt;
use std::ptr::null_mut;

use crate::victim::Victim;

/// What a tracer sees when a signal is about to be delivered.
#[derive(Debug, PartialEq, Eq)]
struct Delivery {
    signal: i32,
    code: i32,
    address: usize,
    rip: u64,
    rsp: u64,
}

#[test]
fn the_signal_comes_back_as_it_was() {
    let mut victim = Victim::new("segv");
    // SAFETY: the child makes one system call before it becomes the victim.
    unsafe { victim.command.pre_exec(trace_me) };
    let child = victim.command.spawn().expect("the victim");
    let pid = child.id().cast_signed();
    let mut seen = Vec::new();
    let died_of = loop {
        let mut status = 0;
        // SAFETY: waits for our child.
        assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, libc::__WALL) }, pid);
        if libc::WIFSIGNALED(status) {
            break libc::WTERMSIG(status);
        }
        assert!(libc::WIFSTOPPED(status), "{status:#x}");
        let signal = libc::WSTOPSIG(status);
        if signal == libc::SIGSEGV {
            seen.push(delivery(pid));
        }
        let deliver = if signal == libc::SIGTRAP { 0 } else { signal };
        // SAFETY: the child is stopped.
        unsafe { libc::ptrace(libc::PTRACE_CONT, pid, 0, deliver) };
    };
    drop(child.wait_with_output());
    assert_eq!(died_of, libc::SIGSEGV);
    assert_eq!(victim.requests().len(), 1);
    // Ours, then std's handler, which puts the default back and lets the fault happen once more.
    assert_eq!(seen.len(), 3, "{seen:?}");
    assert!(seen.iter().all(|delivery| *delivery == seen[0]), "{seen:?}");
    assert_eq!((seen[1].address, seen[1].code), (0x1234, 1));
}

fn trace_me() -> std::io::Result<()> {
    // SAFETY: asks to be traced by the parent.
    unsafe { libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0) };
    Ok(())
}

fn delivery(pid: i32) -> Delivery {
    // SAFETY: all zero is a siginfo.
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    // SAFETY: all zero are registers.
    let mut registers: libc::user_regs_struct = unsafe { std::mem::zeroed() };
    // SAFETY: writes a siginfo.
    unsafe { libc::ptrace(libc::PTRACE_GETSIGINFO, pid, null_mut::<u8>(), &raw mut info) };
    // SAFETY: writes registers.
    unsafe { libc::ptrace(libc::PTRACE_GETREGS, pid, null_mut::<u8>(), &raw mut registers) };
    // SAFETY: a fault has an address.
    let address = unsafe { info.si_addr() } as usize;
    Delivery { signal: info.si_signo, code: info.si_code, address, rip: registers.rip, rsp: registers.rsp }
}
