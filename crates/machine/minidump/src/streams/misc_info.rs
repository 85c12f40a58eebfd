//! `MiscInfoStream` in its newest form (`MINIDUMP_MISC_INFO_5`): pid, times, the processors' speed, the kernel's name as
//! build string, and where the parts of an XSAVE area are. The time zone is not told: every time in a dump is UTC.

use wer_snapshot::{ProcessSnapshot, SystemInfo};

use crate::context::{CONTEXT_BYTES, LEGACY_FEATURES, bytes_for, features};
use crate::flags::{WITH_AVX_XSTATE_CONTEXT, stream};
use crate::layout::{Layout, Put, clamp_u32};
use crate::options::DumpOptions;

const STREAM_BYTES: usize = 1364;
const BUILD_STRING_OFFSET: usize = 232;
const BUILD_STRING_UNITS: usize = 260;
const DEBUG_BUILD_STRING_OFFSET: usize = 752;
const DEBUG_BUILD_STRING_UNITS: usize = 40;
const MISC1_PROCESS_ID: u32 = 0x1;
const MISC1_PROCESS_TIMES: u32 = 0x2;
const MISC3_PROCESSOR_POWER_INFO: u32 = 0x4;
const MISC4_BUILD_STRING: u32 = 0x100;
/// `MiniSecondaryWithoutPowerInfo`.
const SECONDARY_WITHOUT_POWER_INFO: u32 = 0x1;
const XSTATE_OFFSET: usize = 832;
const XSTATE_FEATURES: usize = 64;
const XSTATE_BYTES: usize = 16 + 8 * XSTATE_FEATURES;
/// x87 and SSE in an XSAVE area: offset and size.
const LEGACY_PLACES: [(u32, u32); 2] = [(0, 160), (160, 256)];

pub(crate) fn write(layout: &mut Layout, snapshot: &ProcessSnapshot, options: &DumpOptions, secondary: u32) {
    let process = &snapshot.process;
    let seconds = |milliseconds: u64| clamp_u32((milliseconds / 1000) as usize);
    let wants_power = secondary & SECONDARY_WITHOUT_POWER_INFO == 0;
    let power = if wants_power { megahertz(&snapshot.linux.cpuinfo) } else { None };
    let power_flag = if power.is_some() { MISC3_PROCESSOR_POWER_INFO } else { 0 };
    let (now, most) = power.unwrap_or_default();
    let mut info = Vec::with_capacity(STREAM_BYTES);
    info.put_u32(STREAM_BYTES as u32);
    info.put_u32(MISC1_PROCESS_ID | MISC1_PROCESS_TIMES | MISC4_BUILD_STRING | power_flag);
    info.put_u32(process.pid);
    info.put_u32(clamp_u32((process.start_time_unix_ns / 1_000_000_000) as usize));
    info.put_u32(seconds(process.user_time_ms));
    info.put_u32(seconds(process.kernel_time_ms));
    for megahertz in [most, now, most] {
        info.put_u32(megahertz);
    }
    info.put_zeros(BUILD_STRING_OFFSET - info.len());
    put_text(&mut info, &snapshot.system.uname, BUILD_STRING_UNITS);
    info.put_zeros(DEBUG_BUILD_STRING_OFFSET - info.len());
    put_text(
        &mut info,
        concat!("wer-minidump,", env!("CARGO_PKG_VERSION"), ",amd64"),
        DEBUG_BUILD_STRING_UNITS,
    );
    info.put_zeros(XSTATE_OFFSET - info.len());
    put_xstate(&mut info, &snapshot.system, options);
    info.put_zeros(STREAM_BYTES - info.len());
    layout.stream(stream::MISC_INFO, &info);
}

/// `XSTATE_CONFIG_FEATURE_MSC_INFO`: which parts of an XSAVE area there are, and where. All zero where it is unknown.
fn put_xstate(info: &mut Vec<u8>, system: &SystemInfo, options: &DumpOptions) {
    if system.xstate.is_empty() {
        return;
    }
    let mut places = [(0, 0); XSTATE_FEATURES];
    places[..LEGACY_PLACES.len()].copy_from_slice(&LEGACY_PLACES);
    let mut enabled = LEGACY_FEATURES;
    let mut end = 0;
    for feature in features(system) {
        if let Some(place) = places.get_mut(feature.bit as usize) {
            *place = (feature.offset, feature.size);
            enabled |= 1 << feature.bit;
            end = end.max(feature.offset as usize + feature.size as usize);
        }
    }
    let extended = options.has(WITH_AVX_XSTATE_CONTEXT);
    info.put_u32(XSTATE_BYTES as u32);
    info.put_u32(if extended { bytes_for(end) } else { CONTEXT_BYTES } as u32);
    info.put_u64(enabled);
    for (offset, size) in places {
        info.put_u32(offset);
        info.put_u32(size);
    }
}

/// Megahertz of the first processor now, and of the fastest.
fn megahertz(cpuinfo: &[u8]) -> Option<(u32, u32)> {
    let text = String::from_utf8_lossy(cpuinfo);
    let lines = text.lines().filter(|line| line.starts_with("cpu MHz"));
    let values = lines.filter_map(|line| line.split(':').nth(1)?.trim().split('.').next()?.parse().ok());
    let values: Vec<u32> = values.collect();
    Some((*values.first()?, *values.iter().max()?))
}

/// UTF-16 in a fixed field, cut so that at least one zero follows.
fn put_text(info: &mut Vec<u8>, text: &str, units: usize) {
    let mut left = units - 1;
    for c in text.chars().take_while(|c| *c != '\0') {
        if c.len_utf16() > left {
            break;
        }
        left -= c.len_utf16();
        for unit in c.encode_utf16(&mut [0; 2]) {
            info.put_u16(*unit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::megahertz;

    #[test]
    fn speeds_are_those_of_cpuinfo() {
        let text = b"processor\t: 0\ncpu MHz\t\t: 2800.123\n\ncpu MHz\t\t: 3100.9\n";
        assert_eq!(megahertz(text), Some((2800, 3100)));
        assert_eq!(megahertz(b"cpu MHz : x\n"), None);
    }
}
