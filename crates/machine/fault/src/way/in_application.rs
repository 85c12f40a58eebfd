//! A process's own handler waits on the hand-off descriptors: read its request, capture it, report, tell it to die.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;

use anyhow::{Context as _, Result, ensure};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::time::Timespec;
use wer_abi::handoff::{CrashRequest, REQUEST_BYTES, REQUEST_MAGIC, REQUEST_VERSION, reply};
use wer_capture::PeerCheck;
use wer_model::ReportId;

use crate::limits::REQUEST_DEADLINE;
use crate::{Context, Reported, report_capture};

/// Reports the crash of the process at the other end of the descriptors. The process is told the end either way.
///
/// # Errors
/// The request is none, the process is not the one it names, or there is no report; the message says which.
pub fn report(request: OwnedFd, reply: OwnedFd, context: &Context) -> Result<Reported> {
    let mut reply = File::from(reply);
    let outcome = read_request(request).and_then(|request| serve(&request, &mut reply, context));
    let last = if outcome.is_ok() { reply::STORED } else { reply::FAILED };
    tell(&mut reply, last);
    outcome
}

fn serve(request: &CrashRequest, reply: &mut File, context: &Context) -> Result<Reported> {
    let mut capture = wer_capture::in_application(request, PeerCheck::StartedUs)
        .with_context(|| format!("the crash of process {} could not be captured", request.pid))?;
    let mut progress = || tell(reply, reply::PROGRESS);
    Ok(report_capture(&mut capture, context, ReportId(request.report_id), &mut progress)?)
}

/// The process may have died meanwhile; then nobody needs to be told.
fn tell(reply: &mut File, byte: u8) {
    if let Err(error) = reply.write_all(&[byte]) {
        tracing::debug!(%error, "the crashing process does not listen any more");
    }
}

fn read_request(request: OwnedFd) -> Result<CrashRequest> {
    let deadline = Timespec { tv_sec: REQUEST_DEADLINE.as_secs().cast_signed(), tv_nsec: 0 };
    let ready = poll(&mut [PollFd::new(&request, PollFlags::IN)], Some(&deadline))?;
    ensure!(ready > 0, "the crashing process sent no request");
    let mut bytes = [0; REQUEST_BYTES];
    File::from(request).read_exact(&mut bytes).context("the crashing process's request is incomplete")?;
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
