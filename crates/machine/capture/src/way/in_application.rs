//! In the application: a crashing thread waits in its own handler and asks for the capture by a [`CrashRequest`].
//!
//! Nothing in the request is believed. The process must be the sender as far as the kernel can tell, the thread must be
//! its own, and signal and registers are read from the target's memory. The crashing thread is never stopped by ptrace:
//! it waits in a system call with its own deadline. All others are.

use std::os::fd::OwnedFd;

use wer_abi::handoff::{CrashRequest, REQUEST_MAGIC, REQUEST_VERSION};
use wer_snapshot::{CaptureSource, Facts, MemoryReader, Registers};
use wer_sys::Process;
use wer_sys::robust_list::robust_list;

use crate::capture::{Capture, Held};
use crate::error::CaptureError;
use crate::signal_frame::{SignalFrame, read_siginfo, read_ucontext};
use crate::stop::{Hold, Ready, Wish};
use crate::target::{CrashFacts, Target, ThreadState};
use crate::thread_pointer::control_block_with;

/// How the sender of a crash request is known.
#[derive(Debug)]
pub enum PeerCheck {
    /// The sender started us itself: it is in our pid namespace, and its user is ours unless we are root.
    StartedUs,
    /// The sender is connected to a socket of ours, whose peer this pidfd names.
    Pidfd(OwnedFd),
}

/// Captures the process that asks.
///
/// # Errors
/// [`CaptureError::Request`] when the request is not what a crashing process sends; the others as [`crate::live`].
pub fn in_application(request: &CrashRequest, peer: PeerCheck) -> Result<Capture, CaptureError> {
    in_application_with(request, peer, &Facts::default())
}

/// As [`in_application()`], and looks at `facts` too.
///
/// # Errors
/// As [`in_application()`].
pub fn in_application_with(
    request: &CrashRequest,
    peer: PeerCheck,
    facts: &Facts,
) -> Result<Capture, CaptureError> {
    let pid = request.pid;
    let refuse = |reason: &str| CaptureError::Request { pid, reason: reason.into() };
    if request.magic != REQUEST_MAGIC || request.version != REQUEST_VERSION {
        return Err(refuse("it has another magic number or version; application and werfault do not match"));
    }
    let process = sender(request, peer)?;
    let ready = Ready::start(process.pid())?;
    let mut target = Target::prepare(process)?;
    if target.status.namespace_tgid() != pid {
        return Err(refuse("its sender is another process"));
    }
    let tid = target
        .thread_by_namespace_id(request.tid)
        .ok_or_else(|| refuse("the thread that it names is not the process's own"))?;
    let signal = read_siginfo(&target.memory, request.siginfo_address)
        .ok_or_else(|| refuse("the siginfo that it names cannot be read"))?;
    if u32::try_from(signal.number).ok() != Some(request.signal) {
        return Err(refuse("the siginfo that it names is of another signal"));
    }
    let frame = read_ucontext(&target.memory, request.ucontext_address)
        .ok_or_else(|| refuse("the ucontext that it names cannot be read"))?;
    target.block_hint = request.registration_address;

    target.ask(facts);
    let known = target.look_ahead();
    let wish = Wish { skip: Some(tid), ..Wish::all(known, facts) };
    let (hold, stopped, maps) = Hold::stop(&target.process, wish, ready, target.look_at_maps())?;
    target.check_same_program()?;
    target.stand(maps);
    let mut states = target.states_of(stopped);
    states.push((tid, crashed_state(&target, &hold, tid, request, &frame)));
    let crash = CrashFacts { tid, signal, trap: Some(frame.trap) };
    Ok(target.finish(CaptureSource::InApplication, states, Some(crash), Some(Held::Stop(hold))))
}

fn sender(request: &CrashRequest, peer: PeerCheck) -> Result<Process, CaptureError> {
    let pid = request.pid;
    match peer {
        PeerCheck::Pidfd(handle) => Ok(Process::from_pidfd(handle)?),
        PeerCheck::StartedUs => {
            let process = Process::open(pid)?;
            let owner = process.status()?.uids[0];
            let us = rustix::process::getuid().as_raw();
            if rustix::process::geteuid().is_root() || owner == us {
                Ok(process)
            } else {
                let reason = format!("the process belongs to user {owner}, and we run for user {us}");
                Err(CaptureError::Request { pid, reason })
            }
        }
    }
}

fn crashed_state(
    target: &Target,
    hold: &Hold,
    tid: u32,
    request: &CrashRequest,
    frame: &SignalFrame,
) -> ThreadState {
    /// The handler's own frames lie this far below the signal's frame at most.
    const HANDLER_REACH_BYTES: u64 = 1 << 20;
    let frame_address = request.ucontext_address.min(request.siginfo_address);
    let handler = target
        .process
        .blocked_call(tid)
        .map(|call| call.stack_pointer)
        .filter(|at| *at < frame_address && frame_address - at <= HANDLER_REACH_BYTES)
        .unwrap_or(frame_address);
    let readable = target.memory.read_u64(handler).is_some();
    ThreadState {
        registers: Some(with_bases(target, hold, tid, frame.registers)),
        fpu: frame.fpu.clone(),
        handler_stack_pointer: readable.then_some(handler),
    }
}

/// A signal's frame has no FS and GS base. glibc's FS base is found without disturbing the thread; elsewhere the thread
/// is stopped for a moment inside the call in which it waits. Not where system calls are filtered: the kernel may have
/// to continue that call by another one, which a filter may punish.
fn with_bases(target: &Target, hold: &Hold, tid: u32, registers: Registers) -> Registers {
    let found = robust_list(tid).and_then(|head| control_block_with(&target.memory, head));
    if let Some(fs_base) = found {
        return Registers { fs_base, ..registers };
    }
    let seen = (target.status.seccomp == 0).then(|| hold.run(move |tracer| tracer.glance(tid))).flatten();
    match seen.flatten() {
        Some(now) => Registers { fs_base: now.fs_base, gs_base: now.gs_base, ..registers },
        None => registers,
    }
}
