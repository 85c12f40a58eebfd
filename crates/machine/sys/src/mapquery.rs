//! The mapped files of a process (`PROCMAP_QUERY` on `/proc/PID/maps`, Linux 6.11): a process with a thousand threads has
//! thousands of mappings and few files, and printing them all takes the kernel a microsecond each.
#![expect(unsafe_code, reason = "the ioctl PROCMAP_QUERY has no safe wrapper")]

use std::os::fd::{AsRawFd, BorrowedFd};

use wer_snapshot::{Protection, Region, RegionKind, RegionMarks};

use crate::limits::{MAX_FILE_MAPPINGS, MAX_PATH_BYTES};

const VMA_READABLE: u64 = 0x1;
const VMA_WRITABLE: u64 = 0x2;
const VMA_EXECUTABLE: u64 = 0x4;
const VMA_SHARED: u64 = 0x8;
const COVERING_OR_NEXT_VMA: u64 = 0x10;
const FILE_BACKED_VMA: u64 = 0x20;
/// `_IOWR('f', 17, struct procmap_query)`.
const PROCMAP_QUERY: libc::c_ulong = 3 << 30 | (size_of::<Query>() as libc::c_ulong) << 16 | 0x66 << 8 | 17;

/// `struct procmap_query` of `linux/fs.h`.
#[repr(C)]
#[derive(Debug, Default)]
struct Query {
    size: u64,
    query_flags: u64,
    query_address: u64,
    start: u64,
    end: u64,
    flags: u64,
    page_size: u64,
    offset: u64,
    inode: u64,
    device_major: u32,
    device_minor: u32,
    /// Room for the name; then its bytes with the terminator.
    name_size: u32,
    build_id_size: u32,
    name_address: u64,
    build_id_address: u64,
}

const _: () = assert!(size_of::<Query>() == 104);

/// Mapped files, rising; `None` where the kernel does not answer, or there are more than [`MAX_FILE_MAPPINGS`].
pub(crate) fn file_mappings(maps: BorrowedFd<'_>) -> Option<Vec<Region>> {
    let mut name = vec![0_u8; MAX_PATH_BYTES];
    let mut regions = Vec::new();
    let mut address = 0;
    loop {
        let mut query = Query {
            size: size_of::<Query>() as u64,
            query_flags: COVERING_OR_NEXT_VMA | FILE_BACKED_VMA,
            query_address: address,
            name_size: u32::try_from(name.len()).ok()?,
            name_address: name.as_mut_ptr().expose_provenance() as u64,
            ..Query::default()
        };
        // SAFETY: the kernel writes the structure, and at most `name_size` bytes of `name`; both are ours and live.
        if unsafe { libc::ioctl(maps.as_raw_fd(), PROCMAP_QUERY, &raw mut query) } != 0 {
            let is_end = std::io::Error::last_os_error().raw_os_error() == Some(libc::ENOENT);
            return is_end.then_some(regions);
        }
        if regions.len() >= MAX_FILE_MAPPINGS || query.end <= address {
            return None;
        }
        let length = (query.name_size as usize).saturating_sub(1);
        regions.push(region(&query, name.get(..length)?));
        address = query.end;
    }
}

fn region(query: &Query, name: &[u8]) -> Region {
    let has = |flag| query.flags & flag != 0;
    let path = String::from_utf8_lossy(name);
    let deleted = path.ends_with(" (deleted)");
    Region {
        start: query.start,
        end: query.end,
        protection: Protection {
            read: has(VMA_READABLE),
            write: has(VMA_WRITABLE),
            execute: has(VMA_EXECUTABLE),
            shared: has(VMA_SHARED),
        },
        offset: query.offset,
        device: u64::from(query.device_major) << 32 | u64::from(query.device_minor),
        inode: query.inode,
        kind: RegionKind::File { path: path.strip_suffix(" (deleted)").unwrap_or(&path).to_owned(), deleted },
        marks: RegionMarks::default(),
    }
}

#[cfg(test)]
mod tests {
    use crate::process::Process;
    use wer_snapshot::RegionKind;

    #[test]
    fn they_are_those_of_maps() {
        let us = Process::open(std::process::id()).expect("ourselves");
        let Some(files) = us.file_mappings() else {
            let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").expect("a kernel");
            let mut parts = kernel.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
            let version = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
            assert!(version < (6, 11), "{kernel}");
            return;
        };
        let maps = us.maps().expect("our mappings").regions;
        let expected = maps.into_iter().filter(|it| matches!(it.kind, RegionKind::File { .. }));
        // Another test may map a file meanwhile.
        let expected: Vec<_> =
            expected.filter(|it| files.iter().any(|file| file.start == it.start)).collect();
        let program = std::env::current_exe().expect("our own path").to_string_lossy().into_owned();
        let is_ours = |kind: &RegionKind| matches!(kind, RegionKind::File { path, .. } if *path == program);
        assert!(expected.iter().any(|file| is_ours(&file.kind) && file.protection.execute));
        for region in &expected {
            assert!(files.contains(region), "{region:?}");
        }
    }
}
