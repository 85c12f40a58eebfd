//! The recovery callback of a crashed process: its handler runs it when we say so; here its end is waited for.

use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::time::Timespec;
use wer_abi::handoff::RECOVERED;
use wer_abi::limits::RECOVERY_CAP_MS;
use wer_capture::Capture;
use wer_snapshot::RestartRegistration;

/// How often the wait is told as progress.
const STEP: Duration = Duration::from_millis(500);
/// What the handler needs beyond the callback's own time.
const GRACE: Duration = Duration::from_secs(5);

/// Waits until the handler says that the recovery is over, or the process is dead: a child of it may hold its end of the
/// pipe. `waiting` is called meanwhile.
pub(crate) fn wait(request: &File, process: Option<BorrowedFd<'_>>, waiting: &mut dyn FnMut()) {
    let end = Instant::now() + Duration::from_millis(RECOVERY_CAP_MS) + GRACE;
    let step = Timespec { tv_sec: 0, tv_nsec: STEP.subsec_nanos().into() };
    while Instant::now() < end {
        waiting();
        let process = process.unwrap_or(request.as_fd());
        let mut ends =
            [PollFd::new(request, PollFlags::IN), PollFd::from_borrowed_fd(process, PollFlags::IN)];
        let polled = poll(&mut ends, Some(&step));
        match polled {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) if ends.first().is_none_or(|end| end.revents().is_empty()) => return,
            Ok(_) => {
                let mut byte = [0];
                let mut request = request;
                if request.read(&mut byte).is_ok_and(|count| count == 1) && byte != [RECOVERED] {
                    tracing::debug!("the handler said something else than the end of the recovery");
                }
                return;
            }
            Err(error) => {
                tracing::debug!(%error, "the recovery cannot be waited for");
                return;
            }
        }
    }
}

/// The restart that is registered after the recovery: the callback may have changed it.
pub(crate) fn restart_of(capture: &Capture) -> Option<RestartRegistration> {
    let block = capture.snapshot.registrations.block_address;
    let contents = wer_capture::registration::read_block(capture.memory(), block);
    contents.ok().and_then(|contents| contents.registrations.restart)
}
