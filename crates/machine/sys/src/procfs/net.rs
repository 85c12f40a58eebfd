//! The tables of sockets in `/proc/PID/net`: `tcp`, `tcp6`, `udp`, `udp6`, `raw`, `raw6`, `unix`, `netlink`, `packet`.
//!
//! A socket of a process is found in them by its inode. Only `unix` holds text that a process chose: its name.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{parse_decimal, parse_hex};
use crate::limits::MAX_PATH_BYTES;

/// A table of `/proc/PID/net`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocketTable {
    /// `tcp`, `udp`, `raw` and their IPv6 kin, which are all laid out alike; the protocol's name.
    Internet(&'static str),
    /// `unix`.
    Unix,
    /// `netlink`.
    Netlink,
    /// `packet`.
    Packet,
}

impl SocketTable {
    /// All of them by file name, the commonest first.
    pub const ALL: [(&'static str, Self); 9] = [
        ("unix", Self::Unix),
        ("tcp", Self::Internet("tcp")),
        ("tcp6", Self::Internet("tcp6")),
        ("udp", Self::Internet("udp")),
        ("udp6", Self::Internet("udp6")),
        ("netlink", Self::Netlink),
        ("packet", Self::Packet),
        ("raw", Self::Internet("raw")),
        ("raw6", Self::Internet("raw6")),
    ];
}

/// Calls `found` with the inode of each socket in a table and what the table says of it, in one line. The first line is
/// the table's head. What cannot be understood is left out.
pub fn parse_socket_table(table: SocketTable, text: &[u8], mut found: impl FnMut(u64, &dyn Fn() -> String)) {
    for line in text.split(|byte| *byte == b'\n').skip(1) {
        let words: Vec<&[u8]> =
            line.split(|byte| *byte == b' ').filter(|word| !word.is_empty()).take(16).collect();
        let socket = match table {
            SocketTable::Internet(protocol) => internet(protocol, &words),
            SocketTable::Unix => unix(&words, line),
            SocketTable::Netlink => netlink(&words),
            SocketTable::Packet => packet(&words),
        };
        if let Some(socket) = socket
            && socket.inode != 0
        {
            found(socket.inode, &|| socket.describe());
        }
    }
}

struct Socket<'a> {
    inode: u64,
    kind: Kind<'a>,
}

enum Kind<'a> {
    Internet { protocol: &'static str, local: SocketAddr, remote: SocketAddr, state: &'static str },
    Unix { kind: &'static str, state: &'static str, name: &'a [u8] },
    Netlink { protocol: &'a [u8], port: &'a [u8] },
    Packet { protocol: &'a [u8] },
}

impl Socket<'_> {
    fn describe(&self) -> String {
        let text = String::from_utf8_lossy;
        match &self.kind {
            Kind::Internet { protocol, local, remote, state } if remote.port() == 0 => {
                format!("{protocol} {local} {state}").trim_end().into()
            }
            Kind::Internet { protocol, local, remote, state } => {
                format!("{protocol} {local} -> {remote} {state}").trim_end().into()
            }
            Kind::Unix { kind, state, name } => {
                let name = text(name.get(..MAX_PATH_BYTES).unwrap_or(name)).replace('\n', " ");
                format!("unix {kind} {state} {name}").trim_end().into()
            }
            Kind::Netlink { protocol, port } => format!("netlink {} port {}", text(protocol), text(port)),
            Kind::Packet { protocol } => format!("packet {}", text(protocol)),
        }
    }
}

fn internet<'a>(protocol: &'static str, words: &[&'a [u8]]) -> Option<Socket<'a>> {
    let state = match protocol.as_bytes().first() {
        Some(b't') => tcp_state(parse_hex(words.get(3)?)?),
        _ => "",
    };
    let (local, remote) = (address(words.get(1)?)?, address(words.get(2)?)?);
    Some(Socket {
        inode: parse_decimal(words.get(9)?)?,
        kind: Kind::Internet { protocol, local, remote, state },
    })
}

/// `0100007F:0050`: words of the address as this processor has them in memory, then the port.
fn address(text: &[u8]) -> Option<SocketAddr> {
    let colon = text.iter().position(|byte| *byte == b':')?;
    let (digits, port) = (text.get(..colon)?, text.get(colon + 1..)?);
    let mut bytes = Vec::with_capacity(16);
    for word in digits.chunks(8) {
        let word = (word.len() == 8).then(|| parse_hex(word)).flatten()?;
        bytes.extend(u32::try_from(word).ok()?.to_ne_bytes());
    }
    let address = match bytes.len() {
        4 => IpAddr::from(Ipv4Addr::from(*bytes.first_chunk::<4>()?)),
        16 => IpAddr::from(Ipv6Addr::from(*bytes.first_chunk::<16>()?)),
        _ => return None,
    };
    Some(SocketAddr::new(address, u16::try_from(parse_hex(port)?).ok()?))
}

const fn tcp_state(number: u64) -> &'static str {
    match number {
        1 => "ESTABLISHED",
        2 => "SYN_SENT",
        3 => "SYN_RECV",
        4 => "FIN_WAIT1",
        5 => "FIN_WAIT2",
        6 => "TIME_WAIT",
        7 => "CLOSE",
        8 => "CLOSE_WAIT",
        9 => "LAST_ACK",
        10 => "LISTEN",
        11 => "CLOSING",
        12 => "NEW_SYN_RECV",
        _ => "",
    }
}

/// `Num RefCount Protocol Flags Type St Inode Path`. The name is the rest of the line: it may hold blanks.
fn unix<'a>(words: &[&'a [u8]], line: &'a [u8]) -> Option<Socket<'a>> {
    /// `__SO_ACCEPTCON`: it listens.
    const LISTENS: u64 = 1 << 16;
    let flags = parse_hex(words.get(3)?)?;
    let kind = match parse_hex(words.get(4)?)? {
        1 => "stream",
        2 => "dgram",
        5 => "seqpacket",
        _ => "",
    };
    let state = match parse_hex(words.get(5)?)? {
        _ if flags & LISTENS != 0 => "LISTEN",
        2 => "CONNECTING",
        3 => "CONNECTED",
        4 => "DISCONNECTING",
        _ => "UNCONNECTED",
    };
    let inode = *words.get(6)?;
    // Within the same line, so that the name can be found behind the inode whatever it holds.
    let behind = line.len().checked_sub(rest_after(line, 7)?.len())?;
    let name = line.get(behind..)?;
    Some(Socket { inode: parse_decimal(inode)?, kind: Kind::Unix { kind, state, name } })
}

/// What follows the first `count` words and one blank.
fn rest_after(line: &[u8], count: usize) -> Option<&[u8]> {
    let mut rest = line;
    for _ in 0..count {
        rest = rest.get(rest.iter().position(|byte| *byte != b' ')?..)?;
        rest = rest.get(rest.iter().position(|byte| *byte == b' ').unwrap_or(rest.len())..)?;
    }
    Some(rest.strip_prefix(b" ").unwrap_or(rest))
}

/// `sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode`.
fn netlink<'a>(words: &[&'a [u8]]) -> Option<Socket<'a>> {
    let kind = Kind::Netlink { protocol: words.get(1)?, port: words.get(2)? };
    Some(Socket { inode: parse_decimal(words.get(9)?)?, kind })
}

/// `sk RefCnt Type Proto Iface R Rmem User Inode`.
fn packet<'a>(words: &[&'a [u8]]) -> Option<Socket<'a>> {
    Some(Socket { inode: parse_decimal(words.get(8)?)?, kind: Kind::Packet { protocol: words.get(3)? } })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sockets(table: SocketTable, text: &[u8]) -> Vec<(u64, String)> {
        let mut all = Vec::new();
        parse_socket_table(table, text, |inode, describe| all.push((inode, describe())));
        all
    }

    fn one(table: SocketTable, line: &[u8]) -> (u64, String) {
        let all = sockets(table, &[b"a head\n", line].concat());
        assert_eq!(all.len(), 1, "{all:?}");
        all[0].clone()
    }

    #[test]
    fn internet_sockets_have_addresses_and_states() {
        let tcp = SocketTable::Internet("tcp");
        let line = b"   0: 0100007F:0050 0100007F:1267 01 00000000:00000000 00:00000000 00000000  1000        0 29475 1 0\n";
        assert_eq!(one(tcp, line), (29475, "tcp 127.0.0.1:80 -> 127.0.0.1:4711 ESTABLISHED".into()));
        let line = b"   1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 7 1 0";
        assert_eq!(one(tcp, line), (7, "tcp 0.0.0.0:22 LISTEN".into()));
        let line = b"  1: 00000000000000000000000001000000:0035 00000000000000000000000000000000:0000 07 0:0 00:0 0 0 0 8 2";
        assert_eq!(one(SocketTable::Internet("udp6"), line), (8, "udp6 [::1]:53".into()));
    }

    #[test]
    fn unix_sockets_have_kinds_and_names() {
        let line = b"0000000000000000: 00000002 00000000 00010000 0001 01 18210 /run/a b  c\n";
        assert_eq!(one(SocketTable::Unix, line), (18210, "unix stream LISTEN /run/a b  c".into()));
        let line = b"0000000000000000: 00000003 00000000 00000000 0002 03 9";
        assert_eq!(one(SocketTable::Unix, line), (9, "unix dgram CONNECTED".into()));
        let line = b"0000000000000000: 00000003 00000000 00000000 0005 01 9 @abstract\0\xff";
        assert_eq!(one(SocketTable::Unix, line).1, "unix seqpacket UNCONNECTED @abstract\0\u{fffd}");
    }

    #[test]
    fn other_families_are_named() {
        let line =
            b"0000000000000000 0   1234       00000111 0        0        0     2        0        8500    \n";
        assert_eq!(one(SocketTable::Netlink, line), (8500, "netlink 0 port 1234".into()));
        let line = b"0000000000000000 3      3    88cc   2     1 0        0      123456\n";
        assert_eq!(one(SocketTable::Packet, line), (123_456, "packet 88cc".into()));
    }

    #[test]
    fn a_name_with_a_newline_poses_as_nothing_that_is_understood() {
        let text = b"head\n0: 2 0 00010000 0001 01 18210 /a\nb\n0: 2 0 0 0001 01 0 /x\n";
        assert_eq!(sockets(SocketTable::Unix, text), [(18210, "unix stream LISTEN /a".into())]);
        assert!(sockets(SocketTable::Internet("tcp"), b"head\n0: 0100007F 0:0 01 0 0 0 0 0 7\n").is_empty());
        assert!(
            sockets(SocketTable::Internet("tcp"), b"head\n0: 0100007F:1FFFF 00000000:0 01 0 0 0 0 0 7")
                .is_empty()
        );
    }

    proptest! {
        #[test]
        fn no_contents_make_it_panic(text in proptest::collection::vec(any::<u8>(), 0..400)) {
            for (_, table) in SocketTable::ALL {
                let _ = sockets(table, &text);
            }
        }

        #[test]
        fn no_words_make_it_panic(text in "head\n([0-9A-F:]{0,34} ?){0,14}\n") {
            for (_, table) in SocketTable::ALL {
                let _ = sockets(table, text.as_bytes());
            }
        }
    }
}
