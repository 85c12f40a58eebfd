//! A process's own handler waits on the hand-off descriptors: read its request, capture it, report, tell it to die.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;

use anyhow::{Context as _, Result, bail, ensure};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::time::Timespec;
use wer_abi::handoff::{CrashRequest, REQUEST_BYTES, REQUEST_MAGIC, REQUEST_VERSION, reply};
use wer_capture::{Capture, PeerCheck};
use wer_model::ReportId;

use crate::facts::facts_of;
use crate::limits::REQUEST_DEADLINE;
use crate::pipeline::ReportError;
use crate::restart::{self, Restart, recovery};
use crate::watchdog::Watchdog;
use crate::{Context, Reported, debugger, events, privilege, report_capture};

/// The other end of a crashing process's hand-off. It is told the end either way, at the latest when this goes.
#[derive(Debug)]
pub struct Handoff {
    request: Result<CrashRequest>,
    pipe: File,
    reply: File,
    is_told: bool,
}

impl Handoff {
    /// Reads the request.
    #[must_use]
    pub fn new(request: OwnedFd, reply: OwnedFd) -> Self {
        let pipe = File::from(request);
        Self { request: read_request(&pipe), pipe, reply: File::from(reply), is_told: false }
    }

    /// Whether the process was given more rights than its starter had.
    #[must_use]
    pub fn is_privileged(&self) -> bool {
        self.request.as_ref().is_ok_and(|request| privilege::is_privileged(request.pid))
    }

    /// Reports the crash, has the recovery callback run, and tells the process to die. What it wants to be started again
    /// is put into `restart`, whether or not the report could be stored.
    ///
    /// # Errors
    /// The request is none, the process is not the one it names, or there is no report; the message says which.
    pub fn report(
        mut self,
        context: &Context,
        watchdog: &Watchdog,
        restart: &mut Option<Restart>,
    ) -> Result<Reported> {
        let request = match &self.request {
            Ok(request) => *request,
            Err(error) => bail!(events::sentence(error)),
        };
        let facts = facts_of(context, request.pid);
        let mut capture = wer_capture::in_application_with(&request, PeerCheck::StartedUs, &facts)
            .with_context(|| format!("the crash of process {} could not be captured", request.pid))?;
        let mut progress = || {
            watchdog.progress();
            tell(&mut self.reply, reply::PROGRESS);
        };
        let outcome = report_capture(&mut capture, context, ReportId(request.report_id), &mut progress);
        if let Ok(reported) = &outcome {
            let user = privilege::real_user_of(&capture);
            debugger::attach(&capture, context, reported, &user, &mut progress);
        }
        // A program that the settings want no reports of is left alone altogether.
        if !matches!(outcome, Err(ReportError::Excluded { .. })) {
            capture.release();
            *restart = self.after_capture(&capture, context, watchdog);
        }
        let reported = outcome?;
        self.end(reply::STORED);
        Ok(reported)
    }

    /// The recovery callback, then what is to be started again.
    fn after_capture(
        &mut self,
        capture: &Capture,
        context: &Context,
        watchdog: &Watchdog,
    ) -> Option<Restart> {
        let registrations = &capture.snapshot.registrations;
        let mut wanted = registrations.restart.clone();
        if registrations.recovery.is_some() {
            tell(&mut self.reply, reply::RECOVER);
            recovery::wait(&self.pipe, capture.pidfd(), &mut || watchdog.progress());
            wanted = recovery::restart_of(capture);
        }
        let prepared = Restart::prepare(capture, wanted.as_ref(), context, restart::After::Crash);
        prepared.map_err(|reason| restart::not_restarted(&reason)).ok()
    }

    fn end(&mut self, byte: u8) {
        self.is_told = true;
        tell(&mut self.reply, byte);
    }
}

impl Drop for Handoff {
    fn drop(&mut self) {
        if !self.is_told {
            self.end(reply::FAILED);
        }
    }
}

/// The process may have died meanwhile; then nobody needs to be told.
fn tell(reply: &mut File, byte: u8) {
    if let Err(error) = reply.write_all(&[byte]) {
        tracing::debug!(%error, "the crashing process does not listen any more");
    }
}

fn read_request(mut request: &File) -> Result<CrashRequest> {
    let deadline = Timespec { tv_sec: REQUEST_DEADLINE.as_secs().cast_signed(), tv_nsec: 0 };
    let ready = poll(&mut [PollFd::new(request, PollFlags::IN)], Some(&deadline))?;
    ensure!(ready > 0, "the crashing process sent no request");
    let mut bytes = [0; REQUEST_BYTES];
    request.read_exact(&mut bytes).context("the crashing process's request is incomplete")?;
    parse(&bytes)
}

fn parse(bytes: &[u8; REQUEST_BYTES]) -> Result<CrashRequest> {
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap_or_default());
    let long = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap_or_default());
    let request = CrashRequest {
        magic: word(0),
        version: word(4),
        pid: word(8),
        tid: word(12),
        signal: word(16),
        deadline_ms: word(20),
        siginfo_address: long(24),
        ucontext_address: long(32),
        registration_address: long(40),
        report_id: bytes[48..64].try_into().unwrap_or_default(),
    };
    ensure!(request.magic == REQUEST_MAGIC, "what came down the pipe is no crash request");
    ensure!(
        request.version == REQUEST_VERSION,
        "the application speaks version {} of the hand-off, this werfault version {REQUEST_VERSION}; install the same \
         release of both",
        request.version
    );
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_field_by_field() {
        let mut bytes = [0_u8; REQUEST_BYTES];
        bytes[0..4].copy_from_slice(b"WERC");
        bytes[4] = 1;
        bytes[8..12].copy_from_slice(&4711_u32.to_le_bytes());
        bytes[16] = 11;
        bytes[24..32].copy_from_slice(&0x7fff_0000_1234_u64.to_le_bytes());
        bytes[48..64].copy_from_slice(&[7; 16]);
        let request = parse(&bytes).expect("a request");
        assert_eq!((request.pid, request.signal), (4711, 11));
        assert_eq!(request.siginfo_address, 0x7fff_0000_1234);
        assert_eq!(request.report_id, [7; 16]);
    }

    #[test]
    fn another_version_says_what_to_do() {
        let mut bytes = [0_u8; REQUEST_BYTES];
        assert!(parse(&bytes).is_err());
        bytes[0..4].copy_from_slice(b"WERC");
        bytes[4] = 9;
        let message = parse(&bytes).expect_err("version 9").to_string();
        assert!(message.contains("same release"), "{message}");
    }
}
