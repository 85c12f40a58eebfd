//! `SystemInfoStream`: AMD64, Breakpad's platform number for Linux, and the kernel's name as service pack string. The
//! version's numbers stay 0, as every writer for Linux leaves them: readers then parse the string.

use wer_snapshot::SystemInfo;

use crate::flags::stream;
use crate::layout::{Layout, Put};

const STREAM_BYTES: usize = 56;
const PROCESSOR_ARCHITECTURE_AMD64: u16 = 9;
const PLATFORM_LINUX: u32 = 0x8201;
const VENDOR_BYTES: usize = 12;

pub(crate) fn write(layout: &mut Layout, system: &SystemInfo) {
    let uname_rva = layout.string(&system.uname);
    let (family, model, stepping) = cpu_model(system.cpu_version);
    let mut info = Vec::with_capacity(STREAM_BYTES);
    info.put_u16(PROCESSOR_ARCHITECTURE_AMD64);
    info.put_u16(family);
    info.put_u16(model << 8 | stepping);
    info.push(u8::try_from(system.processor_count).unwrap_or(u8::MAX));
    info.push(0);
    info.put_zeros(12);
    info.put_u32(PLATFORM_LINUX);
    info.put_u32(uname_rva);
    info.put_u32(0);
    let vendor = system.cpu_vendor.bytes().chain([0; VENDOR_BYTES]);
    info.extend(vendor.take(VENDOR_BYTES));
    info.put_u32(system.cpu_version);
    info.put_u32(system.cpu_features);
    info.put_u32(0);
    layout.stream(stream::SYSTEM_INFO, &info);
}

/// Family, model and stepping of CPUID leaf 1 EAX, extended fields included.
const fn cpu_model(version: u32) -> (u16, u16, u16) {
    let base_family = version >> 8 & 0xF;
    let family = if base_family == 0xF { base_family + (version >> 20 & 0xFF) } else { base_family };
    let extended = base_family == 0xF || base_family == 0x6;
    let model = version >> 4 & 0xF | if extended { version >> 12 & 0xF0 } else { 0 };
    (family as u16, model as u16, (version & 0xF) as u16)
}

#[cfg(test)]
mod tests {
    use super::cpu_model;

    #[test]
    fn cpu_models_are_those_of_proc_cpuinfo() {
        assert_eq!(cpu_model(0x0005_0654), (6, 85, 4));
        assert_eq!(cpu_model(0x00A2_0F12), (25, 33, 2));
        assert_eq!(cpu_model(0x0000_0543), (5, 4, 3));
    }
}
