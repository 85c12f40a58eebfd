//! The socket between the asking thread and the child: whole messages, each a length and that many bytes. Neither side
//! allocates to receive one of at most [`MAX_MESSAGE_BYTES`], and larger ones are not sent.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};

use crate::limits::MAX_MESSAGE_BYTES;

/// Bytes of the length before each message.
const LENGTH_BYTES: usize = 4;

/// One end.
#[derive(Debug)]
pub(super) struct Channel(Option<OwnedFd>);

/// Where a message is put; touched only as far as messages reach.
pub(super) struct Buffer {
    bytes: Vec<u8>,
    length: usize,
}

impl Buffer {
    pub(super) fn new() -> Self {
        Self { bytes: vec![0; MAX_MESSAGE_BYTES], length: 0 }
    }

    pub(super) fn message_mut(&mut self) -> &mut [u8] {
        self.bytes.get_mut(..self.length).unwrap_or_default()
    }
}

/// What came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Received {
    Message,
    /// Nothing in time.
    Nothing,
    /// The other side is gone.
    End,
}

impl Channel {
    /// Two ends.
    pub(super) fn pair() -> io::Result<(Self, Self)> {
        let (a, b) =
            rustix::net::socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
        Ok((Self(Some(a)), Self(Some(b))))
    }

    pub(super) fn as_raw_fd(&self) -> RawFd {
        self.0.as_ref().map_or(-1, AsRawFd::as_raw_fd)
    }

    /// The other side sees the end.
    pub(super) fn close(&mut self) {
        self.0 = None;
    }

    fn socket(&self) -> io::Result<&OwnedFd> {
        self.0.as_ref().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// Sends a message in two parts.
    pub(super) fn send(&self, head: &[u8], tail: &[u8]) -> io::Result<()> {
        let length = head.len() + tail.len();
        let prefix = u32::try_from(length).ok().filter(|_| length <= MAX_MESSAGE_BYTES);
        let prefix = prefix.ok_or(io::ErrorKind::InvalidInput)?.to_le_bytes();
        for part in [&prefix, head, tail] {
            self.send_all(part)?;
        }
        Ok(())
    }

    fn send_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        let socket = self.socket()?;
        while !bytes.is_empty() {
            match rustix::net::send(socket, bytes, SendFlags::NOSIGNAL) {
                Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Waits for a message, at most for so long.
    pub(super) fn receive(&self, buffer: &mut Buffer, patience: Option<Duration>) -> Received {
        let mut prefix = [0; LENGTH_BYTES];
        match self.wait(patience) {
            Some(true) => {}
            Some(false) => return Received::Nothing,
            None => return Received::End,
        }
        if !self.receive_all(&mut prefix) {
            return Received::End;
        }
        buffer.length = u32::from_le_bytes(prefix) as usize;
        let is_whole = buffer.bytes.get_mut(..buffer.length).is_some_and(|place| self.receive_all(place));
        if is_whole { Received::Message } else { Received::End }
    }

    /// Whether something has come; `None` when waiting fails.
    fn wait(&self, patience: Option<Duration>) -> Option<bool> {
        let socket = self.socket().ok()?;
        let deadline = patience.map(|patience| Instant::now() + patience);
        loop {
            let left = deadline.map(|at| at.saturating_duration_since(Instant::now()));
            let timeout = left.and_then(|left| Timespec::try_from(left).ok());
            match poll(&mut [PollFd::new(socket, PollFlags::IN)], timeout.as_ref()) {
                Ok(count) => return Some(count > 0),
                Err(Errno::INTR) => {}
                Err(_) => return None,
            }
        }
    }

    fn receive_all(&self, mut place: &mut [u8]) -> bool {
        let Ok(socket) = self.socket() else { return false };
        while !place.is_empty() {
            match rustix::net::recv(socket.as_fd(), &mut *place, RecvFlags::empty()) {
                Ok((0, _)) => return false,
                Ok((count, _)) => place = place.get_mut(count..).unwrap_or_default(),
                Err(Errno::INTR) => {}
                Err(_) => return false,
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_whole_and_the_end_is_seen() {
        let (a, mut b) = Channel::pair().expect("a pair");
        let mut buffer = Buffer::new();
        assert_eq!(a.receive(&mut buffer, Some(Duration::ZERO)), Received::Nothing);
        b.send(b"head", b"tail").expect("room");
        b.send(b"", b"").expect("room");
        assert_eq!(a.receive(&mut buffer, None), Received::Message);
        assert_eq!(buffer.message_mut(), b"headtail");
        assert_eq!(a.receive(&mut buffer, None), Received::Message);
        assert_eq!(buffer.message_mut(), b"");
        assert!(a.send(&vec![0; MAX_MESSAGE_BYTES], b"x").is_err());
        b.close();
        assert_eq!(a.receive(&mut buffer, None), Received::End);
        assert!(a.send(b"x", b"").is_err());
    }

    #[test]
    fn a_length_beyond_the_limit_is_the_end() {
        let (a, b) = Channel::pair().expect("a pair");
        b.send_all(&u32::MAX.to_le_bytes()).expect("room");
        assert_eq!(a.receive(&mut Buffer::new(), None), Received::End);
    }
}
