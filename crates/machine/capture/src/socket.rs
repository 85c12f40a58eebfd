//! The accepting side of the kernel's coredump socket (`core_pattern` = `@@/path`, Linux 6.17): one connection per crash.
//!
//! The kernel sends a request, we acknowledge with KERNEL|WAIT (it writes the core, and holds the process until we close),
//! it answers with a marker, and then the stream is the core. Layout: `linux/coredump.h`.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;

use wer_snapshot::CaptureSource;
use wer_sys::{peer, pidfd};

use crate::bytes::{u32_at, u64_at};
use crate::error::CaptureError;
use crate::limits::{MAX_SOCKET_REQUEST_BYTES, SOCKET_DEADLINE};
use crate::way::kernel::KernelCrash;

/// `COREDUMP_KERNEL`: the kernel writes the core into the socket.
const COREDUMP_KERNEL: u64 = 1;
/// `COREDUMP_WAIT`: the process is held until we close.
const COREDUMP_WAIT: u64 = 8;
/// Bytes of `struct coredump_req` and of `struct coredump_ack`, first version.
const MESSAGE_BYTES: u32 = 16;
/// First byte of the marker that means "as you wish".
const MARK_REQUEST_ACKNOWLEDGED: u8 = 0;
/// Names of the markers that refuse.
const REFUSALS: [&str; 5] = [
    "",
    "our answer is too short",
    "our answer is too long",
    "our answer asks for what it does not know",
    "our answer contradicts itself",
];

/// A connection on which the core of one crash waits.
#[derive(Debug)]
pub struct CoreConnection {
    stream: UnixStream,
    /// Bytes of the core that came with the marker.
    head: Vec<u8>,
    pidfd: OwnedFd,
    pid: u32,
    info: pidfd::CoredumpInfo,
}

/// Speaks the opening of the protocol on an accepted connection.
///
/// # Errors
/// [`CaptureError::Socket`] when the other side is not the kernel's, or does not offer what we need.
pub fn accept(stream: UnixStream) -> Result<CoreConnection, CaptureError> {
    let pidfd = peer::peer_pidfd(stream.as_fd()).map_err(|error| failed("its peer is unknown", &error))?;
    let pid = pidfd::pid_of(pidfd.as_fd())
        .ok_or_else(|| CaptureError::Socket("the crashed process is gone or not visible from here".into()))?;
    stream.set_read_timeout(Some(SOCKET_DEADLINE)).map_err(|error| failed("no deadline", &error))?;
    peer::inline_urgent_bytes(stream.as_fd()).map_err(|error| failed("no inline marker", &error))?;
    let head = open(&stream)?;
    let info = pidfd::coredump_info(pidfd.as_fd());
    Ok(CoreConnection { stream, head, pidfd, pid, info })
}

impl CoreConnection {
    /// Pid of the crashed process in our namespace.
    #[must_use]
    pub const fn pid(&self) -> u32 {
        self.pid
    }

    /// What [`crate::kernel`] is to be called with; the core is this connection itself.
    ///
    /// # Errors
    /// The kernel's, when the pidfd cannot be copied.
    pub fn crash(&self) -> io::Result<KernelCrash> {
        let dumpable = match self.info.as_user {
            Some(true) => 1,
            Some(false) => 2,
            None => 0,
        };
        Ok(KernelCrash {
            pid: self.pid,
            tid: 0,
            signal: self.info.signal.unwrap_or(0),
            dumpable,
            pidfd: Some(self.pidfd.try_clone()?),
            source: CaptureSource::KernelSocket,
        })
    }
}

impl Read for CoreConnection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.head.is_empty() {
            return self.stream.read(buffer);
        }
        let count = self.head.as_slice().read(buffer)?;
        self.head.drain(..count);
        Ok(count)
    }
}

fn failed(what: &str, error: &io::Error) -> CaptureError {
    CaptureError::Socket(format!("{what}: {error}"))
}

/// Request, acknowledgement, marker; returns bytes of the core that were read with the marker.
fn open(stream: &UnixStream) -> Result<Vec<u8>, CaptureError> {
    let mut stream = stream;
    let mut request = [0; MESSAGE_BYTES as usize];
    stream.read_exact(&mut request).map_err(|error| failed("its request did not come", &error))?;
    let size = u32_at(&request, 0).unwrap_or(0);
    let ack_size = u32_at(&request, 4).unwrap_or(0);
    let offers = u64_at(&request, 8).unwrap_or(0);
    if !(MESSAGE_BYTES..=MAX_SOCKET_REQUEST_BYTES).contains(&size) || ack_size < MESSAGE_BYTES {
        return Err(CaptureError::Socket(format!("its request of {size} bytes cannot be understood")));
    }
    let wanted = COREDUMP_KERNEL | COREDUMP_WAIT;
    if offers & wanted != wanted {
        return Err(CaptureError::Socket(format!("it offers {offers:#x}, and {wanted:#x} is needed")));
    }
    let later_fields = u64::from(size - MESSAGE_BYTES);
    let passed = io::copy(&mut stream.take(later_fields), &mut io::sink());
    passed.map_err(|error| failed("its request did not end", &error))?;
    let mut answer = Vec::with_capacity(MESSAGE_BYTES as usize);
    answer.extend(MESSAGE_BYTES.to_le_bytes());
    answer.extend(0u32.to_le_bytes());
    answer.extend(wanted.to_le_bytes());
    stream.write_all(&answer).map_err(|error| failed("it took no answer", &error))?;
    let mut marker = [0; 4];
    stream.read_exact(&mut marker).map_err(|error| failed("its marker did not come", &error))?;
    after_marker(marker)
}

/// The marker is four bytes in the stream, or one urgent byte, which is then followed by the core at once.
fn after_marker(bytes: [u8; 4]) -> Result<Vec<u8>, CaptureError> {
    match bytes {
        [0x7f, b'E', b'L', b'F'] => Ok(bytes.to_vec()),
        [MARK_REQUEST_ACKNOWLEDGED, 0, 0, 0] => Ok(Vec::new()),
        [MARK_REQUEST_ACKNOWLEDGED, 0x7f, b'E', b'L'] => Ok(bytes.get(1..).unwrap_or_default().to_vec()),
        [mark, ..] => {
            let reason = REFUSALS.get(usize::from(mark)).filter(|reason| !reason.is_empty());
            let reason = reason.copied().unwrap_or("of an unknown marker");
            Err(CaptureError::Socket(format!("it refuses because {reason}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn talk(request: &[u8], after: &[u8]) -> (Result<CoreConnection, CaptureError>, Vec<u8>) {
        let (mut kernel, ours) = UnixStream::pair().expect("a pair");
        kernel.write_all(request).expect("a request");
        kernel.write_all(after).expect("a marker");
        kernel.shutdown(std::net::Shutdown::Write).expect("an end");
        let outcome = accept(ours);
        kernel.set_nonblocking(true).expect("an option");
        let mut answer = vec![0; 64];
        let count = kernel.read(&mut answer).unwrap_or(0);
        answer.truncate(count);
        (outcome, answer)
    }

    fn request(size: u32, mask: u64, extra: &[u8]) -> Vec<u8> {
        [&size.to_le_bytes()[..], &16u32.to_le_bytes(), &mask.to_le_bytes(), extra].concat()
    }

    #[test]
    fn both_kinds_of_marker_lead_to_the_core() {
        for marker in [&[0u8, 0, 0, 0][..], &[0], &[]] {
            let after = [marker, b"\x7fELF rest"].concat();
            let (connection, answer) = talk(&request(16, 0xf, &[]), &after);
            let mut core = Vec::new();
            connection.expect("a connection").read_to_end(&mut core).expect("the core");
            assert_eq!(core, b"\x7fELF rest", "{marker:?}");
            assert_eq!(answer, [&16u32.to_le_bytes()[..], &[0; 4], &9u64.to_le_bytes()].concat());
        }
    }

    #[test]
    fn a_longer_request_of_a_later_kernel_is_understood() {
        let (connection, _) = talk(&request(24, 0x1f, &[1; 8]), b"\0\0\0\0\x7fELF");
        let connection = connection.expect("a connection");
        assert_eq!(connection.pid(), std::process::id());
        let crash = connection.crash().expect("facts");
        assert_eq!((crash.pid, crash.tid), (std::process::id(), 0));
        assert_eq!(crash.source, CaptureSource::KernelSocket);
    }

    #[test]
    fn everybody_else_is_refused() {
        for mark in 1..=5u8 {
            assert!(talk(&request(16, 0xf, &[]), &[mark, 0, 0, 0]).0.is_err());
        }
        assert!(talk(&request(8, 0xf, &[]), &[0; 4]).0.is_err());
        assert!(talk(&request(u32::MAX, 0xf, &[]), &[0; 4]).0.is_err());
        assert!(talk(&request(16, 0x2, &[]), &[0; 4]).0.is_err());
        assert!(talk(b"GET / HTTP/1.1\r\n\r\n", b"").0.is_err());
        assert!(talk(b"", b"").0.is_err());
    }
}
