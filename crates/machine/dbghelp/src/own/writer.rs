//! The child's side: stops the parent's threads, captures, and writes the dump, asking the parent wherever a caller is
//! asked or told. It ends by leaving at once, never by returning into what it has a copy of.

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use wer_capture::AskingThread;
use wer_copy::{Continue, WriteAt};
use wer_minidump::callbacks::{CallbackInput, CallbackOutput, Callbacks, OutputValue};

use super::channel::{Buffer, Channel, Received};
use super::child::leave;
use super::message::{self, ToChild};
use super::{ChildOrder, ChildOutput};
use crate::error::MinidumpError;
use crate::limits::{CHILD_WORK_STACK_BYTES, MAX_PAYLOAD_BYTES};
use crate::make::{Caller, Sink, make};
use crate::summary::Summary;

const S_OK: i32 = wer_abi::Hresult::S_OK.0;

/// Writes the dump and tells how it went.
pub(super) fn run(order: &ChildOrder<'_>, channel: &Channel, parent: &OwnedFd, asking: &AskingThread) {
    // The stack that fork left us on is small, and its thread is not quite one of ours.
    let worked = std::thread::scope(|scope| {
        let work = || work(order, channel, parent, asking);
        let thread = std::thread::Builder::new().stack_size(CHILD_WORK_STACK_BYTES).spawn_scoped(scope, work);
        thread.map(|thread| thread.join().is_ok())
    });
    if let Err(error) = worked {
        tell(channel, Err(MinidumpError::Child(error)));
    }
}

fn work(order: &ChildOrder<'_>, channel: &Channel, parent: &OwnedFd, asking: &AskingThread) {
    let asker = Asker {
        channel,
        buffer: RefCell::new(Buffer::new()),
        is_held: Cell::new(false),
        deadline: order.deadline,
    };
    if asker.ask(&message::ready(std::process::id()), &[], |_, _| ()).is_some() {
        tell(channel, capture_and_write(order, &asker, parent, asking));
    }
}

fn capture_and_write(
    order: &ChildOrder<'_>,
    asker: &Asker<'_>,
    parent: &OwnedFd,
    asking: &AskingThread,
) -> Result<Summary, MinidumpError> {
    let parent = parent.try_clone().map_err(MinidumpError::Child)?;
    let capture = wer_capture::own_process(parent, asking.clone(), &order.request.options.facts())?;
    asker.is_held.set(true);
    let mut callbacks = Remote { asker, is_idle: order.is_idle };
    let mut progress = |done, total| asker.progress(done, total);
    let mut writer = RemoteWriter { asker };
    let sink = match order.output {
        ChildOutput::File(file) => Sink::File(file),
        ChildOutput::Custom => Sink::Custom(&mut writer),
        ChildOutput::Nowhere => Sink::Nowhere,
    };
    let caller = Caller {
        callbacks: &mut callbacks,
        progress: &mut progress,
        released: &mut || asker.is_held.set(false),
    };
    make(capture, order.request, sink, caller)
}

/// The last message.
fn tell(channel: &Channel, outcome: Result<Summary, MinidumpError>) {
    let outcome = outcome.map_err(|error| (error.to_string(), error.hresult()));
    let (head, tail) = message::done(outcome);
    // When nobody listens, nobody wants the dump; what is written is as good as it is.
    let _ = channel.send(&head, &tail);
}

/// Asks the parent.
struct Asker<'a> {
    channel: &'a Channel,
    buffer: RefCell<Buffer>,
    /// The parent's threads stand still.
    is_held: Cell<bool>,
    deadline: Duration,
}

impl Asker<'_> {
    /// Sends a message, waits for the answer, and hands it to `take`; `None` for one that makes no sense. A parent that
    /// is gone, or that does not answer in time while its threads stand, is the end.
    fn ask<T>(&self, head: &[u8], tail: &[u8], take: impl FnOnce(ToChild, &[u8]) -> T) -> Option<T> {
        if self.channel.send(head, tail).is_err() {
            leave(1);
        }
        let patience = self.is_held.get().then_some(self.deadline);
        let mut buffer = self.buffer.borrow_mut();
        match self.channel.receive(&mut buffer, patience) {
            Received::Message => {}
            Received::End => leave(1),
            Received::Nothing => {
                tell(self.channel, Err(self.too_late()));
                leave(1)
            }
        }
        let (answer, bytes) = ToChild::decode(buffer.message_mut())?;
        Some(take(answer, bytes))
    }

    fn too_late(&self) -> MinidumpError {
        /// `HRESULT_FROM_WIN32(ERROR_POSSIBLE_DEADLOCK)`.
        const POSSIBLE_DEADLOCK: i32 = 0x8007_046B_u32.cast_signed();
        let message = format!(
            "a callback did not return within {} ms while the other threads stood still; it may wait for one of them, so they were let go and there is no dump",
            self.deadline.as_millis()
        );
        MinidumpError::InChild { message, hresult: POSSIBLE_DEADLOCK }
    }

    fn progress(&self, done: u64, total: u64) -> Continue {
        let go_on = self.ask(&message::progress(done, total), &[], |answer, _| answer == ToChild::GoOn(true));
        if go_on == Some(true) { Continue::Yes } else { Continue::Cancel }
    }
}

/// The caller's own output, in the parent.
struct RemoteWriter<'a> {
    asker: &'a Asker<'a>,
}

impl WriteAt for RemoteWriter<'_> {
    fn write_all_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut at = offset;
        for part in bytes.chunks(MAX_PAYLOAD_BYTES) {
            match self.asker.ask(&message::write(at), part, |answer, _| answer) {
                Some(ToChild::Written { errno: 0 }) => at += part.len() as u64,
                Some(ToChild::Written { errno }) => return Err(io::Error::from_raw_os_error(errno)),
                _ => return Err(io::ErrorKind::InvalidData.into()),
            }
        }
        Ok(())
    }
}

/// The caller's callbacks, in the parent.
struct Remote<'a> {
    asker: &'a Asker<'a>,
    is_idle: bool,
}

impl Remote<'_> {
    fn ask(&self, input: &CallbackInput<'_>, preset: CallbackOutput) -> CallbackOutput {
        self.ask_with(input, preset, |_| ())
    }

    fn ask_with(
        &self,
        input: &CallbackInput<'_>,
        preset: CallbackOutput,
        take: impl FnOnce(&[u8]),
    ) -> CallbackOutput {
        let message = message::callback(input, preset);
        let answer = self.asker.ask(&message, &[], |answer, bytes| match answer {
            ToChild::Answer(output) => {
                take(bytes);
                Some(output)
            }
            _ => None,
        });
        // Not what a caller could say.
        answer.flatten().unwrap_or(CallbackOutput { accepted: false, value: OutputValue::None })
    }

    /// A write in parts that fit into messages; the first that fails is the answer.
    fn write(&self, offset: u64, bytes: &[u8], preset: CallbackOutput) -> CallbackOutput {
        let mut answer = preset;
        let mut at = offset;
        for part in bytes.chunks(MAX_PAYLOAD_BYTES) {
            answer = self.ask(&CallbackInput::IoWriteAll { offset: at, bytes: part }, preset);
            if !answer.accepted || answer.value != OutputValue::Status(S_OK) {
                return answer;
            }
            at += part.len() as u64;
        }
        answer
    }

    /// A read that the caller may serve, in parts that fit into messages; ends with the first that is not served whole.
    fn pre_read(&self, address: u64, buffer: &mut [u8], preset: CallbackOutput) -> CallbackOutput {
        let mut served = 0_u32;
        for (index, part) in buffer.chunks_mut(MAX_PAYLOAD_BYTES).enumerate() {
            let at = address.wrapping_add((index * MAX_PAYLOAD_BYTES) as u64);
            let mut after = Vec::new();
            let input = CallbackInput::VmPreRead { address: at, buffer: &mut *part };
            let answer = self.ask_with(&input, preset, |bytes| after = bytes.to_vec());
            let OutputValue::VmRead { status: S_OK, completed } = answer.value else {
                return if served == 0 { answer } else { read(served) };
            };
            if !answer.accepted {
                return if served == 0 { answer } else { read(served) };
            }
            let completed = (completed as usize).min(part.len()).min(after.len());
            part[..completed].copy_from_slice(&after[..completed]);
            served += completed as u32;
            if completed < part.len() {
                break;
            }
        }
        read(served)
    }

    /// What the caller made of a read, in parts that fit into messages; a part that it fails is the answer.
    fn post_read(
        &self,
        address: u64,
        buffer: &mut [u8],
        completed: usize,
        status: i32,
        preset: CallbackOutput,
    ) -> CallbackOutput {
        let mut answer = preset;
        for (index, part) in buffer.chunks_mut(MAX_PAYLOAD_BYTES).enumerate() {
            let before = index * MAX_PAYLOAD_BYTES;
            let (mut after, read) = (Vec::new(), completed.saturating_sub(before).min(part.len()));
            let at = address.wrapping_add(before as u64);
            let input =
                CallbackInput::VmPostRead { address: at, buffer: &mut *part, completed: read, status };
            answer = self.ask_with(&input, preset, |bytes| after = bytes.to_vec());
            if after.len() == part.len() {
                part.copy_from_slice(&after);
            }
            let OutputValue::VmRead { status, .. } = answer.value else { break };
            if !answer.accepted || status < 0 {
                break;
            }
        }
        answer
    }
}

const fn read(completed: u32) -> CallbackOutput {
    CallbackOutput { accepted: true, value: OutputValue::VmRead { status: S_OK, completed } }
}

impl Callbacks for Remote<'_> {
    fn call(&mut self, input: CallbackInput<'_>, preset: CallbackOutput) -> CallbackOutput {
        match input {
            CallbackInput::IoWriteAll { offset, bytes } => self.write(offset, bytes, preset),
            CallbackInput::VmPreRead { address, buffer } => self.pre_read(address, buffer, preset),
            CallbackInput::VmPostRead { address, buffer, completed, status } => {
                self.post_read(address, buffer, completed, status, preset)
            }
            input => self.ask(&input, preset),
        }
    }

    fn is_idle(&self) -> bool {
        self.is_idle
    }
}
