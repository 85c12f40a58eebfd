//! The builder: who is dumped, what is in the dump, who is asked meanwhile, and where it goes.

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

use wer_abi::flags::DumpType;
use wer_capture::{Capture, CaptureError};
use wer_copy::{Continue, WriteAt};
use wer_minidump::callbacks::{Callbacks, NoCallbacks};
use wer_minidump::{CustomOptions, DumpOptions, UserStream};
use wer_model::{SoftError, Stage};

use crate::error::MinidumpError;
use crate::exception::ExceptionInformation;
use crate::limits::CALLBACK_DEADLINE;
use crate::make::{Caller, Request, Sink, make};
use crate::own;
use crate::place::Place;
use crate::summary::Summary;
use crate::turn::Turn;

/// Whose dump.
#[derive(Debug)]
pub enum Target {
    /// The process that has this pid now.
    Pid(u32),
    /// The process that a pidfd names, whatever becomes of its number.
    Pidfd(OwnedFd),
    /// The process that asks.
    Own,
}

/// A dump that is to be written.
///
/// Only the process is needed; the rest has the defaults of `MiniDumpNormal`. Every `write_*` makes the dump. Several
/// threads may make dumps at once, of one process or of many: dumps of the same process wait for one another.
#[expect(missing_debug_implementations, reason = "holds the caller's closures")]
pub struct MinidumpBuilder<'a> {
    target: Target,
    request: Request,
    snapshot: bool,
    overwrite: bool,
    callback_deadline: Duration,
    callbacks: Option<&'a mut dyn Callbacks>,
    progress: Option<&'a mut dyn FnMut(u64, u64) -> Continue>,
}

impl<'a> MinidumpBuilder<'a> {
    /// A dump of a process.
    #[must_use]
    pub fn new(target: Target) -> Self {
        Self {
            target,
            request: Request::default(),
            snapshot: false,
            overwrite: false,
            callback_deadline: CALLBACK_DEADLINE,
            callbacks: None,
            progress: None,
        }
    }

    /// `MINIDUMP_TYPE` bits; what makes no sense is an error when the dump is written.
    #[must_use]
    pub const fn flags(mut self, flags: u64) -> Self {
        self.request.options.flags = flags;
        self
    }

    /// A type of the WER functions: its flags, and for a micro dump only the one thread.
    #[must_use]
    pub fn dump_type(mut self, dump_type: DumpType) -> Self {
        let of_type = DumpOptions::for_type(dump_type);
        self.request.options.flags = of_type.flags;
        self.request.options.only_crashed_thread = of_type.only_crashed_thread;
        self
    }

    /// `WER_DUMP_CUSTOM_OPTIONS`.
    #[must_use]
    pub fn custom(mut self, custom: CustomOptions) -> Self {
        self.request.options.custom = Some(custom);
        self
    }

    /// Everything that the writer knows to be asked for, in place of what was said before.
    #[must_use]
    pub fn options(mut self, options: DumpOptions) -> Self {
        self.request.options = options;
        self
    }

    /// What happened, and where.
    #[must_use]
    pub fn exception(mut self, exception: ExceptionInformation) -> Self {
        self.request.exception = Some(exception);
        self
    }

    /// Adds a stream of the caller's own.
    #[must_use]
    pub fn user_stream(mut self, stream_type: u32, bytes: Vec<u8>) -> Self {
        self.request.options.user_streams.push(UserStream { stream_type, bytes });
        self
    }

    /// Text for the comment stream (`CommentStreamW`).
    #[must_use]
    pub fn comment(mut self, comment: impl Into<String>) -> Self {
        self.request.options.comment = Some(comment.into());
        self
    }

    /// Text for the narrow comment stream (`CommentStreamA`), in UTF-8.
    #[must_use]
    pub fn comment_ansi(mut self, comment: impl Into<String>) -> Self {
        self.request.options.comment_ansi = Some(comment.into());
        self
    }

    /// Also memory that the process asked to be left out of dumps (`MADV_DONTDUMP`).
    #[must_use]
    pub const fn include_not_dumped(mut self, include: bool) -> Self {
        self.request.options.include_not_dumped = include;
        self
    }

    /// Dumps a copy that the process is made to fork, so that it stands still for the fork only. Where that cannot be
    /// done, it is stopped plainly, and a soft error says why. A dump of the own process is made without one.
    #[must_use]
    pub const fn snapshot(mut self, snapshot: bool) -> Self {
        self.snapshot = snapshot;
        self
    }

    /// Compresses the file with zstd at this level, 1 to 19. An output of the caller's own is never compressed.
    #[must_use]
    pub const fn compress(mut self, level: i32) -> Self {
        self.request.compress = Some(level);
        self
    }

    /// Lets [`Self::write_path`] replace a regular file, once the dump is whole.
    #[must_use]
    pub const fn overwrite(mut self, overwrite: bool) -> Self {
        self.overwrite = overwrite;
        self
    }

    /// Who is asked meanwhile. Called on the thread that writes the dump; of the own process: while all other threads
    /// stand still, so it must not wait for one of them, be it for a lock of theirs.
    #[must_use]
    pub fn callbacks(mut self, callbacks: &'a mut dyn Callbacks) -> Self {
        self.callbacks = Some(callbacks);
        self
    }

    /// Who is told how far it is, and may cancel; under the same rule as the callbacks.
    #[must_use]
    pub fn progress(mut self, progress: &'a mut dyn FnMut(u64, u64) -> Continue) -> Self {
        self.progress = Some(progress);
        self
    }

    /// How long a callback may take while the threads of the own process stand still; see
    /// [`crate::limits::CALLBACK_DEADLINE`].
    #[must_use]
    pub const fn callback_deadline(mut self, deadline: Duration) -> Self {
        self.callback_deadline = deadline;
        self
    }

    /// Writes the dump to a new file of mode 0600. On failure no file is left, and an older one stays as it was.
    ///
    /// # Errors
    /// [`MinidumpError`].
    pub fn write_path(self, path: &Path) -> Result<Summary, MinidumpError> {
        self.request.options.check()?;
        let place = Place::create(path, self.overwrite)?;
        let summary = self.write_sink(Sink::File(place.file()))?;
        place.keep()?;
        Ok(summary)
    }

    /// Writes the dump to a regular file that is open for writing, and is emptied first. On failure it is empty.
    ///
    /// # Errors
    /// [`MinidumpError`].
    pub fn write_file(self, file: &File) -> Result<Summary, MinidumpError> {
        self.write_sink(Sink::File(file))
    }

    /// Writes the dump by the caller's own I/O. On failure its first 32 bytes have not been written.
    ///
    /// # Errors
    /// [`MinidumpError`].
    pub fn write_custom(self, writer: &mut dyn WriteAt) -> Result<Summary, MinidumpError> {
        self.write_sink(Sink::Custom(writer))
    }

    /// Writes the dump by the callbacks for I/O.
    ///
    /// # Errors
    /// [`MinidumpError::NoOutput`] when `IoStartCallback` is not accepted; the others.
    pub fn write_by_callbacks(self) -> Result<Summary, MinidumpError> {
        self.write_sink(Sink::Nowhere)
    }

    fn write_sink(self, sink: Sink<'_>) -> Result<Summary, MinidumpError> {
        self.request.options.check()?;
        if self.callbacks.is_none() && matches!(sink, Sink::Nowhere) {
            return Err(MinidumpError::NoOutput);
        }
        let pid = pid_of(&self.target)?;
        let _turn = Turn::wait(pid)?;
        let (mut nobody, mut silent) = (NoCallbacks, |_, _| Continue::Yes);
        let callbacks: &mut dyn Callbacks = match self.callbacks {
            Some(callbacks) => callbacks,
            None => &mut nobody,
        };
        let progress: &mut dyn FnMut(u64, u64) -> Continue = match self.progress {
            Some(progress) => progress,
            None => &mut silent,
        };
        if pid == std::process::id() {
            let order = own::Order { request: &self.request, sink, callbacks, progress };
            let mut summary = own::write(order, self.callback_deadline)?;
            if self.snapshot {
                let message = "No copy of the process was made: it is the one that asked.";
                summary.soft_errors.push(SoftError::new(Stage::Capture, message));
            }
            return Ok(summary);
        }
        let capture = capture(self.target, &self.request.options, self.snapshot)?;
        make(capture, &self.request, sink, Caller { callbacks, progress, released: &mut || {} })
    }
}

fn pid_of(target: &Target) -> Result<u32, MinidumpError> {
    match target {
        Target::Own => Ok(std::process::id()),
        Target::Pid(pid) => Ok(*pid),
        Target::Pidfd(pidfd) => wer_sys::pidfd::pid_of(pidfd.as_fd())
            .ok_or(MinidumpError::Capture(CaptureError::TargetGone { pid: 0 })),
    }
}

fn capture(target: Target, options: &DumpOptions, snapshot: bool) -> Result<Capture, CaptureError> {
    let facts = options.facts();
    match (target, snapshot) {
        (Target::Pid(pid), false) => wer_capture::live_with(pid, &facts),
        (Target::Pid(pid), true) => wer_capture::fork_snapshot(pid, &facts),
        (Target::Pidfd(pidfd), false) => wer_capture::live_by_pidfd(pidfd, &facts),
        (Target::Pidfd(pidfd), true) => wer_capture::fork_snapshot_by_pidfd(pidfd, &facts),
        (Target::Own, _) => Err(CaptureError::OwnProcess { pid: std::process::id() }),
    }
}
