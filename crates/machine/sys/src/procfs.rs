//! Parsers of the text files of `/proc/PID`: pure functions over bytes, total over hostile contents.
//!
//! A process chooses its own name, its threads' names, its arguments and the names of files that it maps, newlines,
//! brackets and bytes that are no UTF-8 included. What cannot be understood is left out; nothing here fails loudly.

pub mod fdinfo;
pub mod maps;
pub mod meminfo;
pub mod net;
pub mod smaps;
pub mod stat;
pub mod status;
pub mod vectors;

pub use fdinfo::{FdInfo, parse_fdinfo, parse_namespace_link};
pub use maps::{Maps, parse_maps};
pub use meminfo::{parse_meminfo, parse_vmstat};
pub use net::{SocketTable, parse_socket_table};
pub use smaps::{Smaps, SmapsParser, parse_smaps};
pub use stat::{Stat, parse_stat};
pub use status::{MemoryUse, Status, parse_status};
pub use vectors::{BlockedCall, CoreAndStackLimits, parse_auxv, parse_cmdline, parse_limits, parse_syscall};

/// A decimal number at the front of `text`, after blanks.
fn leading_number(text: &[u8]) -> Option<u64> {
    let text = text.trim_ascii_start();
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    parse_decimal(text.get(..digits)?)
}

/// Bytes of a value such as "  12 kB".
fn bytes_of_kilobytes(text: &[u8]) -> Option<u64> {
    leading_number(text)?.checked_mul(1024)
}

/// A whole decimal number.
fn parse_decimal(text: &[u8]) -> Option<u64> {
    str::from_utf8(text).ok()?.parse().ok()
}

/// A whole hexadecimal number, with or without `0x`.
fn parse_hex(text: &[u8]) -> Option<u64> {
    let text = str::from_utf8(text).ok()?;
    let digits = text.strip_prefix("0x").unwrap_or(text);
    if digits.starts_with('+') {
        return None;
    }
    u64::from_str_radix(digits, 16).ok()
}
