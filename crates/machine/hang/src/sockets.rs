//! The peers of sockets: of unix sockets by `sock_diag`, of TCP connections by the table of the process's own network
//! namespace.

use rustix::net::netlink::SOCK_DIAG;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socket_with};
use wer_sys::Process;
use wer_sys::limits::MAX_SOCKET_TABLE_BYTES;
use wer_sys::procfs::{SocketTable, parse_socket_table};

use crate::limits::MAX_DIAG_BYTES;

/// `SOCK_DIAG_BY_FAMILY`, also the type of an answer.
const BY_FAMILY: u16 = 20;
/// `NLM_F_REQUEST`.
const REQUEST: u16 = 1;
/// `AF_UNIX`.
const UNIX: u8 = 1;
/// `UDIAG_SHOW_PEER`.
const SHOW_PEER: u32 = 4;
/// `UNIX_DIAG_PEER`.
const PEER: u16 = 2;
/// Bytes of `nlmsghdr`.
const HEADER_BYTES: usize = 16;
/// Bytes of `unix_diag_msg`.
const MESSAGE_BYTES: usize = 16;

/// What a socket is connected to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    /// A unix socket, and its peer's inode where it has one.
    Unix(Option<u64>),
    /// A connection as the table shows it, and the inode of its other end where that is on this machine.
    Tcp(String, Option<u64>),
}

/// Looks for a socket of a process.
pub(crate) fn peer_of(process: &Process, inode: u64) -> Option<Peer> {
    if let Some(peer) = unix_peer(process, inode) {
        return Some(peer);
    }
    ["tcp", "tcp6"].into_iter().find_map(|name| tcp_peer(process, name, inode))
}

fn table(process: &Process, name: &str, of: SocketTable) -> Vec<(u64, String)> {
    let text = process.read_limited(&format!("net/{name}"), MAX_SOCKET_TABLE_BYTES).unwrap_or_default();
    let mut all = Vec::new();
    parse_socket_table(of, &text, |inode, describe| all.push((inode, describe())));
    all
}

fn unix_peer(process: &Process, inode: u64) -> Option<Peer> {
    let is_unix = table(process, "unix", SocketTable::Unix).iter().any(|(other, _)| *other == inode);
    // The question is answered for our own network namespace only.
    let same_namespace = Process::open(std::process::id()).ok()?.link("ns/net") == process.link("ns/net");
    is_unix.then(|| Peer::Unix(same_namespace.then(|| ask(inode)).flatten()))
}

fn ask(inode: u64) -> Option<u64> {
    let socket =
        socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, Some(SOCK_DIAG)).ok()?;
    send(&socket, &question(u32::try_from(inode).ok()?), SendFlags::empty()).ok()?;
    let mut answer = [0; MAX_DIAG_BYTES];
    // The kernel has answered when `send` returns.
    let (bytes, _) = recv(&socket, &mut answer[..], RecvFlags::DONTWAIT).ok()?;
    parse_unix_peer(answer.get(..bytes)?, inode)
}

/// `nlmsghdr` and `unix_diag_req` about one socket in any state.
fn question(inode: u32) -> Vec<u8> {
    const BYTES: u32 = 40;
    let mut bytes = Vec::new();
    bytes.extend(BYTES.to_ne_bytes());
    bytes.extend(BY_FAMILY.to_ne_bytes());
    bytes.extend(REQUEST.to_ne_bytes());
    bytes.extend([0; 8]);
    bytes.extend([UNIX, 0, 0, 0]);
    bytes.extend(u32::MAX.to_ne_bytes());
    bytes.extend(inode.to_ne_bytes());
    bytes.extend(SHOW_PEER.to_ne_bytes());
    // No cookie.
    bytes.extend([0xFF; 8]);
    bytes
}

/// Parses the answer of `sock_diag` about the unix socket `inode`: the inode of its peer, if it says one.
#[must_use]
pub fn parse_unix_peer(bytes: &[u8], inode: u64) -> Option<u64> {
    let u16_at = |at: usize| Some(u16::from_ne_bytes(*bytes.get(at..)?.first_chunk()?));
    let u32_at = |at: usize| Some(u32::from_ne_bytes(*bytes.get(at..)?.first_chunk()?));
    if u16_at(4)? != BY_FAMILY || u64::from(u32_at(HEADER_BYTES + 4)?) != inode {
        return None;
    }
    let mut at = HEADER_BYTES + MESSAGE_BYTES;
    while let (Some(length), Some(kind)) = (u16_at(at), u16_at(at + 2)) {
        if kind == PEER {
            return u32_at(at + 4).map(u64::from).filter(|peer| *peer != 0);
        }
        at += usize::from(length).max(4).next_multiple_of(4);
    }
    None
}

/// `tcp A -> B STATE` has the other end `tcp B -> A ...`.
fn tcp_peer(process: &Process, name: &'static str, inode: u64) -> Option<Peer> {
    let all = table(process, name, SocketTable::Internet("tcp"));
    let (_, ours) = all.iter().find(|(other, _)| *other == inode)?;
    let turned = ours.strip_prefix("tcp ").and_then(|rest| {
        let (local, rest) = rest.split_once(" -> ")?;
        let remote = rest.split(' ').next()?;
        Some(format!("tcp {remote} -> {local} "))
    });
    let other = turned.and_then(|start| all.iter().find(|(_, text)| text.starts_with(&start)));
    Some(Peer::Tcp(ours.clone(), other.map(|(inode, _)| *inode)))
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_kernel_names_the_peer_of_a_unix_socket() {
        let (one, two) = UnixStream::pair().expect("a pair");
        let inode = |it: &UnixStream| rustix::fs::fstat(it.as_fd()).expect("a socket").st_ino;
        let own = Process::open(std::process::id()).expect("ourselves");
        assert_eq!(peer_of(&own, inode(&one)), Some(Peer::Unix(Some(inode(&two)))));
    }

    proptest! {
        #[test]
        fn no_answer_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), inode: u64) {
            let _ = parse_unix_peer(&bytes, inode);
        }
    }
}
