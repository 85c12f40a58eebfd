//! Stream 15: process and machine, in five versions, each longer than the one before.

use crate::bytes::Bytes;
use crate::context::configuration;
use crate::names::MISC_INFO_FLAGS;
use crate::record::Record;
use crate::value::Value;

const XSTATE_OFFSET: u64 = 832;
const XSTATE_BYTES: u64 = 528;

pub(super) fn read(bytes: Bytes<'_>) -> Value {
    // What the record says of its own size counts; what is behind it belongs to nobody.
    let size = bytes.u32(0).map_or(0, u64::from);
    let own = bytes.upto(0, if size == 0 { bytes.len() } else { size });
    let xstate = own.slice(XSTATE_OFFSET, XSTATE_BYTES).filter(|xstate| xstate.u32(0) != Some(0));
    Record::new(own)
        .u32("size_of_info", 0)
        .mask32("flags", 4, MISC_INFO_FLAGS)
        .u32("process_id", 8)
        .unix32("process_create_time", 12)
        .u32("process_user_seconds", 16)
        .u32("process_kernel_seconds", 20)
        .u32s(
            24,
            &[
                "processor_max_mhz",
                "processor_current_mhz",
                "processor_mhz_limit",
                "processor_max_idle_state",
                "processor_current_idle_state",
            ],
        )
        .hex32("process_integrity_level", 44)
        .hex32("process_execute_flags", 48)
        .u32("protected_process", 52)
        .maybe("time_zone", own.u32(228).map(|_| time_zone(own)))
        .utf16("build_string", 232, 520)
        .utf16("debug_build_string", 752, 80)
        .maybe("xstate", xstate.map(configuration))
        .hex32("process_cookie", 1_360)
        .done()
}

/// `TimeZoneId` and `TIME_ZONE_INFORMATION` (172 bytes at 60).
fn time_zone(bytes: Bytes<'_>) -> Value {
    Record::new(bytes)
        .named32("id", 56, |id| match id {
            0 => Some("unknown"),
            1 => Some("standard"),
            2 => Some("daylight"),
            _ => None,
        })
        .i32("bias_minutes", 60)
        .utf16("standard_name", 64, 64)
        .maybe("standard_date", system_time(bytes, 128))
        .i32("standard_bias_minutes", 144)
        .utf16("daylight_name", 148, 64)
        .maybe("daylight_date", system_time(bytes, 212))
        .i32("daylight_bias_minutes", 228)
        .done()
}

/// A `SYSTEMTIME`: a date, or, without a year, the n-th such weekday of a month.
fn system_time(bytes: Bytes<'_>, at: u64) -> Option<Value> {
    let part = |index: u64| bytes.u16(at + index * 2);
    let (year, month, weekday, day) = (part(0)?, part(1)?, part(2)?, part(3)?);
    let (hour, minute, second) = (part(4)?, part(5)?, part(6)?);
    if month == 0 {
        return Some(Value::Nothing);
    }
    let date = if year == 0 {
        format!("month {month}, weekday {weekday}, occurrence {day}")
    } else {
        format!("{year:04}-{month:02}-{day:02}")
    };
    Some(Value::Text(format!("{date}, {hour:02}:{minute:02}:{second:02}")))
}
