//! `MiscInfoStream` in its newest form (`MINIDUMP_MISC_INFO_5`): pid, times, and the kernel's name as build string.

use wer_snapshot::ProcessSnapshot;

use crate::flags::stream;
use crate::layout::{Layout, Put, clamp_u32};

const STREAM_BYTES: usize = 1364;
const BUILD_STRING_OFFSET: usize = 232;
const BUILD_STRING_UNITS: usize = 260;
const DEBUG_BUILD_STRING_OFFSET: usize = 752;
const DEBUG_BUILD_STRING_UNITS: usize = 40;
const MISC1_PROCESS_ID: u32 = 0x1;
const MISC1_PROCESS_TIMES: u32 = 0x2;
const MISC4_BUILD_STRING: u32 = 0x100;

pub(crate) fn write(layout: &mut Layout, snapshot: &ProcessSnapshot) {
    let process = &snapshot.process;
    let seconds = |milliseconds: u64| clamp_u32((milliseconds / 1000) as usize);
    let mut info = Vec::with_capacity(STREAM_BYTES);
    info.put_u32(STREAM_BYTES as u32);
    info.put_u32(MISC1_PROCESS_ID | MISC1_PROCESS_TIMES | MISC4_BUILD_STRING);
    info.put_u32(process.pid);
    info.put_u32(clamp_u32((process.start_time_unix_ns / 1_000_000_000) as usize));
    info.put_u32(seconds(process.user_time_ms));
    info.put_u32(seconds(process.kernel_time_ms));
    info.put_zeros(BUILD_STRING_OFFSET - info.len());
    put_text(&mut info, &snapshot.system.uname, BUILD_STRING_UNITS);
    info.put_zeros(DEBUG_BUILD_STRING_OFFSET - info.len());
    put_text(
        &mut info,
        concat!("wer-minidump,", env!("CARGO_PKG_VERSION"), ",amd64"),
        DEBUG_BUILD_STRING_UNITS,
    );
    info.put_zeros(STREAM_BYTES - info.len());
    layout.stream(stream::MISC_INFO, &info);
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
