//! Sending and receiving one packet.

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::MAX_PACKET_BYTES;

/// Descriptors that go with a job: pidfd, memory, request socket, the module's folder.
const MAX_DESCRIPTORS: usize = 4;

/// A packet that could not be sent or understood.
#[derive(Debug, thiserror::Error)]
pub enum PacketError {
    /// The socket failed.
    #[error("the socket between werfault and its module host failed: {0}")]
    Socket(#[from] Errno),
    /// It is no packet of this protocol.
    #[error("a packet is not what the protocol allows: {0}")]
    Malformed(#[from] serde_json::Error),
    /// It is longer than [`MAX_PACKET_BYTES`].
    #[error("a packet is longer than {MAX_PACKET_BYTES} bytes")]
    TooLong,
    /// The other side has closed its end.
    #[error("the other side has closed the socket")]
    Closed,
}

/// What a receive found.
#[derive(Debug)]
pub enum Received {
    /// One packet's bytes.
    Packet(Vec<u8>),
    /// The other side has closed its end.
    Closed,
}

/// Sends one packet.
///
/// # Errors
/// [`PacketError`].
pub fn send(socket: BorrowedFd<'_>, message: &impl Serialize) -> Result<(), PacketError> {
    send_with_descriptors(socket, message, &[])
}

/// Sends one packet and descriptors with it.
///
/// # Errors
/// [`PacketError`].
pub fn send_with_descriptors(
    socket: BorrowedFd<'_>,
    message: &impl Serialize,
    descriptors: &[BorrowedFd<'_>],
) -> Result<(), PacketError> {
    let bytes = serde_json::to_vec(message)?;
    if bytes.len() > MAX_PACKET_BYTES || descriptors.len() > MAX_DESCRIPTORS {
        return Err(PacketError::TooLong);
    }
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_DESCRIPTORS))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() && !control.push(SendAncillaryMessage::ScmRights(descriptors)) {
        return Err(PacketError::TooLong);
    }
    sendmsg(socket, &[IoSlice::new(&bytes)], &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Receives one packet, waiting for it. Descriptors that come with it are closed.
///
/// # Errors
/// [`PacketError`].
pub fn receive(socket: BorrowedFd<'_>) -> Result<Received, PacketError> {
    let mut buffer = vec![0; MAX_PACKET_BYTES];
    // No room for descriptors: the kernel closes any that are sent.
    let mut control = RecvAncillaryBuffer::new(&mut []);
    let flags = RecvFlags::CMSG_CLOEXEC;
    let received = recvmsg(socket, &mut [IoSliceMut::new(&mut buffer)], &mut control, flags)?;
    if received.flags.contains(ReturnFlags::TRUNC) {
        return Err(PacketError::TooLong);
    }
    buffer.truncate(received.bytes);
    Ok(if buffer.is_empty() { Received::Closed } else { Received::Packet(buffer) })
}

/// Receives one packet and the descriptors with it.
///
/// # Errors
/// [`PacketError`].
pub fn receive_with_descriptors<T: DeserializeOwned>(
    socket: BorrowedFd<'_>,
) -> Result<(T, Vec<OwnedFd>), PacketError> {
    let mut buffer = vec![0; MAX_PACKET_BYTES];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_DESCRIPTORS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::CMSG_CLOEXEC;
    let received = recvmsg(socket, &mut [IoSliceMut::new(&mut buffer)], &mut control, flags)?;
    let descriptors = control
        .drain()
        .filter_map(|message| match message {
            RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
            _ => None,
        })
        .flatten()
        .collect();
    if received.flags.contains(ReturnFlags::TRUNC) {
        return Err(PacketError::TooLong);
    }
    if received.bytes == 0 {
        return Err(PacketError::Closed);
    }
    buffer.truncate(received.bytes);
    Ok((serde_json::from_slice(&buffer)?, descriptors))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
    use std::os::fd::AsFd;

    fn pair() -> (OwnedFd, OwnedFd) {
        socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).unwrap()
    }

    #[test]
    fn a_packet_arrives_with_its_descriptors() {
        let (near, far) = pair();
        let file = std::fs::File::open("/dev/null").unwrap();
        send_with_descriptors(near.as_fd(), &"job", &[file.as_fd(), file.as_fd()]).unwrap();
        let (text, descriptors): (String, _) = receive_with_descriptors(far.as_fd()).unwrap();
        assert_eq!((text.as_str(), descriptors.len()), ("job", 2));
    }

    #[test]
    fn long_packets_and_closed_ends_are_told_apart() {
        let (near, far) = pair();
        assert!(matches!(send(near.as_fd(), &"x".repeat(MAX_PACKET_BYTES)), Err(PacketError::TooLong)));
        rustix::net::send(&near, &vec![b'1'; MAX_PACKET_BYTES + 1], SendFlags::empty()).unwrap();
        assert!(matches!(receive(far.as_fd()), Err(PacketError::TooLong)));
        send(near.as_fd(), &1).unwrap();
        assert!(matches!(receive(far.as_fd()), Ok(Received::Packet(bytes)) if bytes == b"1"));
        drop(near);
        assert!(matches!(receive(far.as_fd()), Ok(Received::Closed)));
    }
}
