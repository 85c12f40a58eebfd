//! Stream 6: what happened. Codes are NT statuses, Linux signals or Mach exceptions, by the dump's platform.

use crate::bytes::Bytes;
use crate::context;
use crate::file::{File, Platform};
use crate::names::{mac_exception, nt_status, si_code, signal};
use crate::record::Record;
use crate::value::Value;

const PARAMETERS: u32 = 15;
const ACCESS_VIOLATION: u32 = 0xC000_0005;
const IN_PAGE_ERROR: u32 = 0xC000_0006;

pub(super) fn read<'a>(file: &File<'a>, bytes: Bytes<'a>) -> Value {
    let count = bytes.u32(32).unwrap_or_default();
    let parameters: Vec<Value> = (0..count.min(PARAMETERS))
        .filter_map(|index| bytes.u64(40 + u64::from(index) * 8).map(Value::Hex))
        .collect();
    let too_many =
        (count > PARAMETERS).then(|| Value::Unreadable(format!("{count} parameters; 15 have room")));
    Record::new(bytes)
        .u32("thread_id", 0)
        .maybe("code", bytes.u32(8).map(|code| code_value(file.platform, code)))
        .maybe("flags", flags(file.platform, bytes))
        .hex64("nested_record", 16)
        .address("address", 24)
        .maybe("access", access(file.platform, bytes))
        .with("parameters", Value::List(parameters))
        .maybe("parameter_count", too_many)
        .with("context", context::at(file, bytes, 160))
        .done()
}

fn code_value(platform: Platform, code: u32) -> Value {
    let code = u64::from(code);
    let name = match platform {
        Platform::Linux => signal(code),
        Platform::Mac => mac_exception(code),
        Platform::Windows | Platform::Unknown => nt_status(code),
    };
    Value::named(code, name)
}

/// On Linux they hold `si_code`, elsewhere flags.
fn flags(platform: Platform, bytes: Bytes<'_>) -> Option<Value> {
    let (code, flags) = (u64::from(bytes.u32(8)?), bytes.u32(12)?);
    Some(match platform {
        Platform::Linux => Value::named(u64::from(flags), si_code(code, flags.cast_signed())),
        Platform::Windows if flags & 1 == 1 => Value::Named(u64::from(flags), "NONCONTINUABLE".into()),
        _ => Value::Hex(u64::from(flags)),
    })
}

/// What an access violation wanted.
fn access(platform: Platform, bytes: Bytes<'_>) -> Option<Value> {
    let code = bytes.u32(8)?;
    let windows = platform == Platform::Windows && matches!(code, ACCESS_VIOLATION | IN_PAGE_ERROR);
    let ours = platform == Platform::Linux && bytes.u32(32)? == 3;
    if !(windows || ours) || bytes.u32(32)? < 2 {
        return None;
    }
    let word = match bytes.u64(40)? {
        0 => "read",
        1 => "write",
        8 => "execute",
        _ => "unknown access",
    };
    Some(Value::Text(format!("{word} at {:#x}", bytes.u64(48)?)))
}
