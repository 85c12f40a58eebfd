//! Stream 7: processor and operating system.

use crate::bytes::Bytes;
use crate::file::File;
use crate::names::{platform, processor};
use crate::record::Record;
use crate::value::Value;

pub(super) fn read<'a>(file: &File<'a>, bytes: Bytes<'a>) -> Value {
    let version = bytes.u32(24).map(|offset| file.string(u64::from(offset)));
    let architecture = bytes.u16(0).map(|code| Value::named(u64::from(code), processor(u64::from(code))));
    Record::new(bytes)
        .maybe("processor", architecture)
        .u16("level", 2)
        .maybe("revision", bytes.u16(4).map(|revision| Value::Hex(u64::from(revision))))
        .u8("number_of_processors", 6)
        .maybe("product_type", bytes.u8(7).map(product))
        .u32("major_version", 8)
        .u32("minor_version", 12)
        .u32("build_number", 16)
        .named32("platform", 20, platform)
        .maybe("service_pack", version)
        .maybe("suite_mask", bytes.u16(28).map(|mask| Value::Hex(u64::from(mask))))
        .with("cpu", cpu(bytes))
        .done()
}

fn product(code: u8) -> Value {
    let name = match code {
        1 => Some("workstation"),
        2 => Some("domain controller"),
        3 => Some("server"),
        _ => None,
    };
    Value::named(u64::from(code), name)
}

/// CPUID of x86 and x86-64 as Breakpad and this system write it; elsewhere, and on 64-bit Windows, feature bits.
fn cpu(bytes: Bytes<'_>) -> Value {
    let vendor = bytes.upto(32, 12).0;
    let is_vendor = vendor.len() == 12 && vendor.iter().all(u8::is_ascii_graphic);
    match bytes.u16(0) {
        Some(0 | 9 | 10) if is_vendor => Record::new(bytes)
            .with("vendor", Value::Text(String::from_utf8_lossy(vendor).into_owned()))
            .hex32("version", 44)
            .hex32("features", 48)
            .hex32("amd_extended_features", 52)
            .done(),
        Some(5 | 12 | 0x8003) => Record::new(bytes).hex32("cpuid", 32).hex32("elf_hwcaps", 36).done(),
        _ => Record::new(bytes).hex64("features_0", 32).hex64("features_1", 40).done(),
    }
}
