//! A dump of the process that asks for it. No process can trace itself, so a child of it does:
//!
//! 1. The asking thread's registers are taken ([`registers`]), in a frame that lasts until the dump is done.
//! 2. A middle child is started, which shares our memory and ends without a signal; it forks the child, waits for it,
//!    and ends with it ([`child`]). So neither SIGCHLD nor `wait` of the host ever see a child, and it is reaped here.
//! 3. The child stops all our threads but the asking one, captures, and writes the dump ([`writer`]).
//! 4. Meanwhile the asking thread waits, runs the callbacks that the child sends it ([`message`]), and answers.
//!
//! While the others stand, one of them may hold the lock of the allocator or any other one. So nothing here allocates
//! between two messages; a callback that waits for such a lock is given up on after a deadline: the child tells so and
//! ends, which lets all threads go.

mod channel;
mod child;
mod message;
mod registers;
mod writer;

use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::process::{PidfdFlags, Signal};
use wer_copy::{Continue, WriteAt};
use wer_minidump::callbacks::Callbacks;

use crate::error::MinidumpError;
use crate::limits::CHILD_SILENCE_DEADLINE;
use crate::make::{Request, Sink};
use crate::summary::Summary;

use self::channel::{Channel, Received};
use self::child::Child;
use self::message::{ToCaller, ToChild};

/// A dump of the own process that is to be written.
pub(crate) struct Order<'r, 's, 'c> {
    pub(crate) request: &'r Request,
    pub(crate) sink: Sink<'s>,
    pub(crate) callbacks: &'c mut dyn Callbacks,
    pub(crate) progress: &'c mut dyn FnMut(u64, u64) -> Continue,
}

/// What the child is to do; it has a copy of it.
pub(crate) struct ChildOrder<'a> {
    request: &'a Request,
    output: ChildOutput<'a>,
    /// No callback need be sent.
    is_idle: bool,
    deadline: Duration,
}

enum ChildOutput<'a> {
    File(&'a std::fs::File),
    /// By the asking thread.
    Custom,
    Nowhere,
}

/// Writes the dump.
pub(crate) fn write(order: Order<'_, '_, '_>, deadline: Duration) -> Result<Summary, MinidumpError> {
    registers::with_registers(move |asking| {
        let (ours, theirs) = Channel::pair().map_err(MinidumpError::Child)?;
        let me = rustix::process::pidfd_open(rustix::process::getpid(), PidfdFlags::empty())
            .map_err(|error| MinidumpError::Child(error.into()))?;
        let child_order = ChildOrder {
            request: order.request,
            output: match order.sink {
                Sink::File(file) => ChildOutput::File(file),
                Sink::Custom(_) => ChildOutput::Custom,
                Sink::Nowhere => ChildOutput::Nowhere,
            },
            is_idle: order.callbacks.is_idle(),
            deadline,
        };
        let kept = child_order.descriptors(&theirs, &me);
        let mut work = || writer::run(&child_order, &theirs, &me, asking);
        let child = child::start(&mut work, &kept).map_err(MinidumpError::Child)?;
        let mut conversation = Conversation { channel: ours, child, pidfd: None };
        let writer = match order.sink {
            Sink::Custom(writer) => Some(writer),
            Sink::File(_) | Sink::Nowhere => None,
        };
        conversation.hold(Listener { callbacks: order.callbacks, progress: order.progress, writer })
    })
}

impl ChildOrder<'_> {
    /// Descriptors that the child needs.
    fn descriptors(&self, channel: &Channel, pidfd: &OwnedFd) -> Vec<i32> {
        use std::os::fd::AsRawFd;
        let mut kept = vec![channel.as_raw_fd(), pidfd.as_raw_fd()];
        if let ChildOutput::File(file) = self.output {
            kept.push(file.as_raw_fd());
        }
        kept
    }
}

/// Who answers the child.
struct Listener<'c, 's> {
    callbacks: &'c mut dyn Callbacks,
    progress: &'c mut dyn FnMut(u64, u64) -> Continue,
    writer: Option<&'s mut dyn WriteAt>,
}

/// What goes on between the asking thread and the child; dropped, it ends the child.
struct Conversation<'a> {
    channel: Channel,
    child: Child<'a>,
    pidfd: Option<OwnedFd>,
}

impl Conversation<'_> {
    fn hold(&mut self, mut listener: Listener<'_, '_>) -> Result<Summary, MinidumpError> {
        let mut buffer = channel::Buffer::new();
        loop {
            match self.channel.receive(&mut buffer, Some(CHILD_SILENCE_DEADLINE)) {
                Received::Message => {}
                Received::Nothing => {
                    let seconds = CHILD_SILENCE_DEADLINE.as_secs();
                    return Err(MinidumpError::ChildEnded(format!(
                        "it was silent for {seconds} s and was ended"
                    )));
                }
                Received::End => {
                    let end = self.child.wait().unwrap_or_else(|| "somebody else took its end".into());
                    return Err(MinidumpError::ChildEnded(end));
                }
            }
            let Some(message) = ToCaller::decode(buffer.message_mut()) else {
                return Err(MinidumpError::ChildEnded("it sent what makes no sense".into()));
            };
            let sent = match message {
                ToCaller::Ready { pid } => self.let_it_trace(pid),
                ToCaller::Callback { input, preset } => {
                    let (answer, bytes) = message::call(listener.callbacks, input, preset);
                    self.channel.send(&ToChild::Answer(answer).encode(), bytes)
                }
                ToCaller::Progress { done, total } => {
                    let go_on = (listener.progress)(done, total) == Continue::Yes;
                    self.channel.send(&ToChild::GoOn(go_on).encode(), &[])
                }
                ToCaller::Write { offset, bytes } => {
                    let written = match &mut listener.writer {
                        Some(writer) => writer.write_all_at(offset, bytes),
                        None => Err(std::io::ErrorKind::Unsupported.into()),
                    };
                    let errno =
                        written.map_or_else(|error| error.raw_os_error().unwrap_or(libc::EIO), |()| 0);
                    self.channel.send(&ToChild::Written { errno }.encode(), &[])
                }
                ToCaller::Done(outcome) => return outcome,
            };
            // A child that is gone has left its last words, or its end, to be received.
            let _ = sent;
        }
    }

    /// Under Yama a child may not trace its parent, unless it is told so. The kernel remembers one process at a time
    /// and does not tell which it was, so afterwards there is none.
    fn let_it_trace(&mut self, pid: u32) -> std::io::Result<()> {
        // It waits for our answer, so the number is still its own.
        self.pidfd = wer_sys::pidfd::open(pid).ok();
        child::set_tracer(pid);
        self.channel.send(&ToChild::GoOn(true).encode(), &[])
    }
}

impl Drop for Conversation<'_> {
    fn drop(&mut self) {
        // After its last message it only has to leave; without one it is not wanted any more.
        self.channel.close();
        if let Some(pidfd) = &self.pidfd {
            let _ = rustix::process::pidfd_send_signal(pidfd.as_fd(), Signal::KILL);
            child::set_tracer(0);
        }
        let _ = self.child.wait();
    }
}
