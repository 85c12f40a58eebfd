//! Where the separate debug file of a stripped module is: by build id below `/usr/lib/debug`, or by the name in
//! `.gnu_debuglink`, as gdb looks for it.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::bytes::SharedBytes;
use crate::config::SymbolConfig;
use crate::elf::ElfImage;
use crate::identity::hex;
use crate::limits::MAX_ELF_BYTES;

/// The folder where distributions keep separate debug files.
const DEBUG_ROOT: &str = "/usr/lib/debug";

/// The separate debug file of a module, checked to belong to it.
pub(crate) fn find(config: &SymbolConfig, path: &Path, module: &ElfImage) -> Option<ElfImage> {
    let by_id = by_build_id(&module.build_id).into_iter();
    let by_link = module.debug_link.iter().flat_map(|(name, _)| by_link(path, name));
    by_id.chain(by_link).find_map(|candidate| {
        let image = open(config, &candidate)?;
        belongs(module, &image).then_some(image)
    })
}

/// The debug file of a build id whose module is not here any more.
pub(crate) fn find_by_build_id(config: &SymbolConfig, build_id: &[u8]) -> Option<ElfImage> {
    let image = open(config, &by_build_id(build_id)?)?;
    (image.build_id == build_id).then_some(image)
}

/// The supplementary file that `.gnu_debugaltlink` of a debug file names.
pub(crate) fn find_supplementary(config: &SymbolConfig, debug: &ElfImage) -> Option<ElfImage> {
    let (path, build_id) = debug.debug_alt_link.as_ref()?;
    let path = Path::new(OsStr::from_bytes(path));
    // The link is relative to the debug file, which lies in /usr/lib/debug/.build-id/xx.
    let relative = Path::new(DEBUG_ROOT).join(".build-id/xx").join(path);
    let shared = Path::new(DEBUG_ROOT).join(".dwz/x86_64-linux-gnu").join(path.file_name()?);
    [by_build_id(build_id), Some(path.to_owned()), Some(relative), Some(shared)]
        .into_iter()
        .flatten()
        .filter_map(|candidate| open(config, &candidate))
        .find(|image| image.build_id == *build_id)
}

/// Opens an ELF file where the configuration allows it.
pub(crate) fn open(config: &SymbolConfig, path: &Path) -> Option<ElfImage> {
    let path = config.allowed(path)?;
    ElfImage::parse(SharedBytes::map(&path, MAX_ELF_BYTES).ok()?)
}

fn by_build_id(build_id: &[u8]) -> Option<PathBuf> {
    let id = hex(build_id);
    let (folder, name) = id.split_at_checked(2).filter(|(_, name)| !name.is_empty())?;
    Some(Path::new(DEBUG_ROOT).join(".build-id").join(folder).join(format!("{name}.debug")))
}

fn by_link(path: &Path, name: &[u8]) -> Vec<PathBuf> {
    // A name with folders in it would leave the places that are looked at.
    if name.is_empty() || name.contains(&b'/') {
        return Vec::new();
    }
    let name = OsStr::from_bytes(name);
    let Some(folder) = path.parent() else { return Vec::new() };
    let below_root = folder.strip_prefix("/").unwrap_or(folder);
    vec![
        folder.join(name),
        folder.join(".debug").join(name),
        Path::new(DEBUG_ROOT).join(below_root).join(name),
    ]
}

/// The same build id; without build ids, the CRC-32 in the link.
fn belongs(module: &ElfImage, debug: &ElfImage) -> bool {
    if !module.build_id.is_empty() || !debug.build_id.is_empty() {
        return module.build_id == debug.build_id;
    }
    module.debug_link.as_ref().is_some_and(|(_, crc)| *crc == crc32(&debug.bytes))
}

/// CRC-32 (IEEE 802.3), the checksum of `.gnu_debuglink`.
fn crc32(bytes: &[u8]) -> u32 {
    let mut table = [0_u32; 256];
    for (index, slot) in table.iter_mut().enumerate() {
        *slot = (0..8).fold(index as u32, |crc, _| (crc >> 1) ^ (0xedb8_8320 * (crc & 1)));
    }
    let step = |crc: u32, byte: &u8| (crc >> 8) ^ table[usize::from(crc as u8 ^ byte)];
    !bytes.iter().fold(u32::MAX, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksum_is_the_standard_one() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn links_with_folders_are_not_followed() {
        assert!(by_link(Path::new("/usr/bin/x"), b"../../etc/shadow").is_empty());
        let places = by_link(Path::new("/usr/bin/x"), b"x.debug");
        assert_eq!(places[2], Path::new("/usr/lib/debug/usr/bin/x.debug"));
    }

    #[test]
    fn build_ids_name_files() {
        let path = by_build_id(&[0xab, 0xcd]).unwrap();
        assert_eq!(path, Path::new("/usr/lib/debug/.build-id/ab/cd.debug"));
        assert_eq!(by_build_id(&[0xab]), None);
        assert_eq!(by_build_id(&[]), None);
    }
}
