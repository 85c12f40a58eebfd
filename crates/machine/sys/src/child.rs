//! A child that waits before it runs its program, so that a tracer can take hold of it first.
#![expect(unsafe_code, reason = "fork and exec with a pause between them have no safe wrapper")]

use std::ffi::{CString, OsString};
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStringExt;

/// A child that waits for [`HeldChild::release`]. Dropped before, it exits without running anything.
#[derive(Debug)]
pub struct HeldChild {
    pid: u32,
    gate: PipeWriter,
    failure: PipeReader,
}

/// Forks a child that will run `command`, found through `PATH`, with our standard streams and environment, default
/// SIGPIPE and no signal blocked. It stays our child: wait for it.
///
/// # Errors
/// The kernel's; `InvalidInput` for an empty command or a zero byte in an argument.
pub fn spawn_held(command: Vec<OsString>) -> io::Result<HeldChild> {
    let words: Vec<CString> = command
        .into_iter()
        .map(|word| CString::new(word.into_vec()))
        .collect::<Result<_, _>>()
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "an argument holds a zero byte"))?;
    if words.first().is_none_or(|program| program.is_empty()) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "no program was named"));
    }
    let mut pointers: Vec<*const libc::c_char> = words.iter().map(|word| word.as_ptr()).collect();
    pointers.push(std::ptr::null());
    let (gate_reader, gate) = io::pipe()?;
    let (failure, failure_writer) = io::pipe()?;
    // SAFETY: the child calls only functions that are safe after fork, and leaves by exec or `_exit`.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => run(&pointers, gate_reader.as_raw_fd(), gate.as_raw_fd(), failure_writer.as_raw_fd()),
        pid => Ok(HeldChild { pid: pid.cast_unsigned(), gate, failure }),
    }
}

impl HeldChild {
    /// Its pid.
    #[must_use]
    pub const fn pid(&self) -> u32 {
        self.pid
    }

    /// Lets it run its program. The returned pipe tells whether it could: see [`Started::error`].
    ///
    /// # Errors
    /// The kernel's, when the child is gone already.
    pub fn release(mut self) -> io::Result<Started> {
        self.gate.write_all(&[1])?;
        Ok(Started { failure: self.failure })
    }
}

/// A child on its way into its program.
#[derive(Debug)]
pub struct Started {
    failure: PipeReader,
}

impl Started {
    /// Why the program could not be run; `None` when it runs. Waits until that is known, so a tracer must have let the
    /// child pass its exec, or seen its end, before.
    #[must_use]
    pub fn error(mut self) -> Option<io::Error> {
        let mut code = [0; 4];
        self.failure.read_exact(&mut code).ok()?;
        Some(io::Error::from_raw_os_error(i32::from_ne_bytes(code)))
    }
}

/// The child's side. Calls: close, read, signal, sigemptyset, sigprocmask, execvp, write, _exit.
fn run(arguments: &[*const libc::c_char], gate: i32, other_gate: i32, failure: i32) -> ! {
    let mut byte = 0u8;
    let target = (&raw mut byte).cast();
    // SAFETY: our own copy of the writing end, which would keep the gate open for ever.
    unsafe { libc::close(other_gate) };
    // SAFETY: `target` is one live byte.
    let count = unsafe { libc::read(gate, target, 1) };
    if count != 1 {
        // SAFETY: leaves at once.
        unsafe { libc::_exit(127) };
    }
    // SAFETY: Rust's runtime ignores SIGPIPE; programs expect its default.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    let mut none = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: initialises the local set.
    unsafe { libc::sigemptyset(none.as_mut_ptr()) };
    // SAFETY: the set was initialised above.
    unsafe { libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), std::ptr::null_mut()) };
    if let Some(program) = arguments.first() {
        // SAFETY: both are terminated as execvp demands and live in the parent's copied memory.
        unsafe { libc::execvp(*program, arguments.as_ptr()) };
    }
    let code = io::Error::last_os_error().raw_os_error().unwrap_or(libc::ENOEXEC).to_ne_bytes();
    // SAFETY: `code` is four live bytes.
    unsafe { libc::write(failure, code.as_ptr().cast(), code.len()) };
    // SAFETY: leaves at once.
    unsafe { libc::_exit(127) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ptrace::{Wait, wait_any};

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn a_released_child_runs_and_a_dropped_one_does_not() {
        let child = spawn_held(words("sh -c :")).expect("a child");
        let pid = child.pid();
        assert!(child.release().expect("a release").error().is_none());
        assert_eq!(wait_any().expect("its end"), (pid, Wait::Exited(0)));
        let child = spawn_held(words("true")).expect("a child");
        let pid = child.pid();
        drop(child);
        assert_eq!(wait_any().expect("its end"), (pid, Wait::Exited(127)));
    }

    #[test]
    fn a_program_that_is_missing_is_told() {
        let child = spawn_held(words("/no/such/program")).expect("a child");
        let error = child.release().expect("a release").error().expect("a failure");
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        wait_any().expect("its end");
        assert!(spawn_held(vec![]).is_err() && spawn_held(words("a\0b")).is_err());
    }
}
