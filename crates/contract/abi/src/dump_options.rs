//! `WER_DUMP_CUSTOM_OPTIONS` in its three versions, as `werapi.h` lays them out on x64. A caller's version is known by its
//! `dwSize` only; what a shorter one lacks counts as zero.

/// `WER_DUMP_MASK_DUMPTYPE`: `dump_flags` counts.
pub const WER_DUMP_MASK_DUMPTYPE: u32 = 0x1;
/// `WER_DUMP_MASK_ONLY_THISTHREAD`: `only_this_thread` counts.
pub const WER_DUMP_MASK_ONLY_THISTHREAD: u32 = 0x2;
/// `WER_DUMP_MASK_THREADFLAGS`: `exception_thread_flags` counts.
pub const WER_DUMP_MASK_THREADFLAGS: u32 = 0x4;
/// `WER_DUMP_MASK_THREADFLAGS_EX`: `exception_thread_ex_flags` counts.
pub const WER_DUMP_MASK_THREADFLAGS_EX: u32 = 0x8;
/// `WER_DUMP_MASK_OTHERTHREADFLAGS`: `other_thread_flags` counts.
pub const WER_DUMP_MASK_OTHERTHREADFLAGS: u32 = 0x10;
/// `WER_DUMP_MASK_OTHERTHREADFLAGS_EX`: `other_thread_ex_flags` counts.
pub const WER_DUMP_MASK_OTHERTHREADFLAGS_EX: u32 = 0x20;
/// `WER_DUMP_MASK_PREFERRED_MODULESFLAGS`: `preferred_module_flags`, and with version 2 their reset flags, count.
pub const WER_DUMP_MASK_PREFERRED_MODULESFLAGS: u32 = 0x40;
/// `WER_DUMP_MASK_OTHER_MODULESFLAGS`: `other_module_flags`, and with version 2 their reset flags, count.
pub const WER_DUMP_MASK_OTHER_MODULESFLAGS: u32 = 0x80;
/// `WER_DUMP_MASK_PREFERRED_MODULE_LIST`: `preferred_module_list` counts.
pub const WER_DUMP_MASK_PREFERRED_MODULE_LIST: u32 = 0x100;
/// `WER_MAX_PREFERRED_MODULES`.
pub const WER_MAX_PREFERRED_MODULES: usize = 128;
/// `WER_MAX_PREFERRED_MODULES_BUFFER`, in UTF-16 units.
pub const WER_MAX_PREFERRED_MODULES_BUFFER: usize = 256;

/// `WER_DUMP_CUSTOM_OPTIONS_V3`; the first 552 and 560 bytes are the first and the second version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
#[expect(missing_docs, reason = "the header's own fields")]
pub struct WerDumpCustomOptions {
    pub size: u32,
    pub mask: u32,
    pub dump_flags: u32,
    pub only_this_thread: i32,
    pub exception_thread_flags: u32,
    pub other_thread_flags: u32,
    pub exception_thread_ex_flags: u32,
    pub other_thread_ex_flags: u32,
    pub preferred_module_flags: u32,
    pub other_module_flags: u32,
    /// Base names, each with its terminator, one more terminator at the end.
    pub preferred_module_list: [u16; WER_MAX_PREFERRED_MODULES_BUFFER],
    pub preferred_module_reset_flags: u32,
    pub other_module_reset_flags: u32,
    /// An address in the caller: nothing here reads it.
    pub dump_key: u64,
    pub snapshot: u64,
    pub thread_id: u32,
}

/// Bytes of the first version.
pub const WER_DUMP_CUSTOM_OPTIONS_V1_BYTES: usize = 552;
/// Bytes of the second version.
pub const WER_DUMP_CUSTOM_OPTIONS_V2_BYTES: usize = 560;
/// Bytes of the third version.
pub const WER_DUMP_CUSTOM_OPTIONS_V3_BYTES: usize = 584;

const _: () = assert!(size_of::<WerDumpCustomOptions>() == WER_DUMP_CUSTOM_OPTIONS_V3_BYTES);
const _: () = assert!(core::mem::offset_of!(WerDumpCustomOptions, preferred_module_list) == 40);
const _: () = assert!(core::mem::offset_of!(WerDumpCustomOptions, preferred_module_reset_flags) == 552);
const _: () = assert!(core::mem::offset_of!(WerDumpCustomOptions, dump_key) == 560);
const _: () = assert!(core::mem::offset_of!(WerDumpCustomOptions, thread_id) == 576);

impl WerDumpCustomOptions {
    /// No option at all, in the newest version.
    pub const EMPTY: Self = Self {
        size: WER_DUMP_CUSTOM_OPTIONS_V3_BYTES as u32,
        mask: 0,
        dump_flags: 0,
        only_this_thread: 0,
        exception_thread_flags: 0,
        other_thread_flags: 0,
        exception_thread_ex_flags: 0,
        other_thread_ex_flags: 0,
        preferred_module_flags: 0,
        other_module_flags: 0,
        preferred_module_list: [0; WER_MAX_PREFERRED_MODULES_BUFFER],
        preferred_module_reset_flags: 0,
        other_module_reset_flags: 0,
        dump_key: 0,
        snapshot: 0,
        thread_id: 0,
    };

    /// Reads any version. `None` when the bytes are of none: their `dwSize` is not one of the three, or there are fewer.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let size = u32_at(bytes, 0)? as usize;
        let known = matches!(
            size,
            WER_DUMP_CUSTOM_OPTIONS_V1_BYTES
                | WER_DUMP_CUSTOM_OPTIONS_V2_BYTES
                | WER_DUMP_CUSTOM_OPTIONS_V3_BYTES
        );
        let bytes = bytes.get(..size).filter(|_| known)?;
        let word = |offset| u32_at(bytes, offset).unwrap_or_default();
        let long = |offset| u64::from(word(offset)) | u64::from(word(offset + 4)) << 32;
        let mut list = [0; WER_MAX_PREFERRED_MODULES_BUFFER];
        for (unit, pair) in list.iter_mut().zip(bytes.get(40..)?.chunks_exact(2)) {
            *unit = u16::from_le_bytes([*pair.first()?, *pair.last()?]);
        }
        Some(Self {
            size: size as u32,
            mask: word(4),
            dump_flags: word(8),
            only_this_thread: word(12) as i32,
            exception_thread_flags: word(16),
            other_thread_flags: word(20),
            exception_thread_ex_flags: word(24),
            other_thread_ex_flags: word(28),
            preferred_module_flags: word(32),
            other_module_flags: word(36),
            preferred_module_list: list,
            preferred_module_reset_flags: word(552),
            other_module_reset_flags: word(556),
            dump_key: long(560),
            snapshot: long(568),
            thread_id: word(576),
        })
    }

    /// Whether a `WER_DUMP_MASK_*` bit is set.
    #[must_use]
    pub const fn counts(&self, mask: u32) -> bool {
        self.mask & mask != 0
    }
}

fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    bytes.get(offset..offset + 4)?.try_into().ok().map(u32::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(size: u32) -> Vec<u8> {
        let mut bytes: Vec<u8> = (0..146_u32).flat_map(u32::to_le_bytes).collect();
        bytes[..4].copy_from_slice(&size.to_le_bytes());
        bytes
    }

    #[test]
    fn every_version_is_known_by_its_size() {
        let read = |size| WerDumpCustomOptions::read(&bytes(size)).expect("a version");
        let [first, second, third] = [552, 560, 584].map(read);
        assert_eq!((first.mask, first.other_module_flags, first.preferred_module_list[2]), (1, 9, 11));
        assert_eq!((first.preferred_module_reset_flags, second.preferred_module_reset_flags), (0, 138));
        assert_eq!((second.other_module_reset_flags, second.dump_key), (139, 0));
        assert_eq!(
            (third.dump_key, third.snapshot, third.thread_id),
            (140 | 141 << 32, 142 | 143 << 32, 144)
        );
    }

    #[test]
    fn other_sizes_are_refused() {
        for size in [0, 4, 551, 556, 580, 585, u32::MAX] {
            assert_eq!(WerDumpCustomOptions::read(&bytes(size)), None, "{size}");
        }
        assert_eq!(WerDumpCustomOptions::read(&bytes(584)[..583]), None);
        assert_eq!(WerDumpCustomOptions::read(&[]), None);
    }
}
