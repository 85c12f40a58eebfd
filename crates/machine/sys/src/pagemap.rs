//! Which pages of a process were ever touched (`/proc/PID/pagemap`): those that were not need not be read.
//!
//! The ioctl `PAGEMAP_SCAN` (Linux 6.7) answers for a whole window at once; older kernels give eight bytes for each
//! page. The answer is about pages, so whoever asks must know that an untouched page of that mapping is zeros: that
//! holds for private anonymous memory, and for no mapped file.
#![expect(unsafe_code, reason = "the ioctl PAGEMAP_SCAN has no safe wrapper")]

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Mutex;

use crate::limits::{MAX_PAGEMAP_RANGES, PAGEMAP_READ_PAGES, PAGEMAP_WINDOW_BYTES};

const PAGE_BYTES: u64 = 4096;

const PAGE_IS_PRESENT: u64 = 1 << 3;
const PAGE_IS_SWAPPED: u64 = 1 << 4;
/// The kernel's page of zeros, which reading an untouched page maps.
const PAGE_IS_PFNZERO: u64 = 1 << 5;
/// `_IOWR('f', 16, struct pm_scan_arg)`.
const PAGEMAP_SCAN: libc::c_ulong =
    3 << 30 | (size_of::<ScanArguments>() as libc::c_ulong) << 16 | 0x66 << 8 | 16;

/// `struct pm_scan_arg` of `linux/fs.h`.
#[repr(C)]
#[derive(Debug, Default)]
struct ScanArguments {
    size: u64,
    flags: u64,
    start: u64,
    end: u64,
    /// Where the kernel stopped.
    walk_end: u64,
    vector: u64,
    vector_length: u64,
    max_pages: u64,
    category_inverted: u64,
    category_mask: u64,
    category_anyof_mask: u64,
    return_mask: u64,
}

const _: () = assert!(size_of::<ScanArguments>() == 96);

/// `struct page_region`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
struct PageRegion {
    start: u64,
    end: u64,
    categories: u64,
}

/// What is known of a stretch of addresses.
#[derive(Clone, Debug, Default)]
struct Window {
    start: u64,
    end: u64,
    /// Touched ranges within, rising.
    touched: Vec<(u64, u64)>,
}

impl Window {
    fn untouched_from(&self, address: u64) -> u64 {
        let next = self.touched.partition_point(|(_, end)| *end <= address);
        let until = self.touched.get(next).map_or(self.end, |(start, _)| *start);
        until.saturating_sub(address)
    }
}

/// The page map of a process, open: it stays with the memory that the process had when it was opened.
#[derive(Debug)]
pub struct PageMap {
    file: OwnedFd,
    window: Mutex<Window>,
}

impl PageMap {
    /// Takes an open `/proc/PID/pagemap`.
    #[must_use]
    pub fn from_fd(file: OwnedFd) -> Self {
        Self { file, window: Mutex::default() }
    }

    /// Bytes from `address`, which is page aligned, up to the first page at or after it that was touched, at most
    /// `limit`; 0 when that one was, or nothing can be said. Answers are kept: asking page by page is cheap.
    #[must_use]
    pub fn untouched(&self, address: u64, limit: u64) -> u64 {
        if !address.is_multiple_of(PAGE_BYTES) {
            return 0;
        }
        let Ok(mut window) = self.window.lock() else { return 0 };
        if !(window.start..window.end).contains(&address) {
            match self.look(address) {
                Ok(found) => *window = found,
                Err(_) => return 0,
            }
        }
        window.untouched_from(address).min(limit)
    }

    /// Forgets what is known, because the process has run meanwhile.
    pub fn forget(&self) {
        if let Ok(mut window) = self.window.lock() {
            *window = Window::default();
        }
    }

    fn look(&self, address: u64) -> io::Result<Window> {
        match self.scan(address) {
            Err(error) if matches!(error.raw_os_error(), Some(libc::ENOTTY | libc::EINVAL)) => {
                self.read_pages(address)
            }
            outcome => outcome,
        }
    }

    fn scan(&self, address: u64) -> io::Result<Window> {
        let mut found = vec![PageRegion::default(); MAX_PAGEMAP_RANGES];
        let end = address.checked_add(PAGEMAP_WINDOW_BYTES).ok_or(io::ErrorKind::InvalidInput)?;
        let mut arguments = ScanArguments {
            size: size_of::<ScanArguments>() as u64,
            start: address,
            end,
            vector: found.as_mut_ptr().expose_provenance() as u64,
            vector_length: found.len() as u64,
            category_inverted: PAGE_IS_PFNZERO,
            category_mask: PAGE_IS_PFNZERO,
            category_anyof_mask: PAGE_IS_PRESENT | PAGE_IS_SWAPPED,
            return_mask: PAGE_IS_PRESENT,
            ..ScanArguments::default()
        };
        let pointer = &raw mut arguments;
        // SAFETY: the kernel reads and writes one structure of the size that it names, and fills at most
        // `vector_length` elements of `found`; both live until the call returns.
        let result = unsafe { libc::ioctl(self.file.as_raw_fd(), PAGEMAP_SCAN, pointer) };
        let Ok(count) = usize::try_from(result) else { return Err(io::Error::last_os_error()) };
        found.truncate(count);
        // A kernel that stopped early because the vector is full says where.
        let end = if count == MAX_PAGEMAP_RANGES { arguments.walk_end } else { end };
        window(address, end, found.iter().map(|range| (range.start, range.end)))
    }

    fn read_pages(&self, address: u64) -> io::Result<Window> {
        /// Bit 63 of an entry: present; bit 62: on swap.
        const TOUCHED: u64 = 3 << 62;
        let mut bytes = vec![0; PAGEMAP_READ_PAGES * 8];
        let count = rustix::io::retry_on_intr(|| {
            rustix::io::pread(&self.file, bytes.as_mut_slice(), address / PAGE_BYTES * 8)
        })?;
        bytes.truncate(count);
        let (entries, _) = bytes.as_chunks::<8>();
        let pages = (address..).step_by(4096).zip(entries);
        let touched = pages
            .filter(|(_, entry)| u64::from_le_bytes(**entry) & TOUCHED != 0)
            .map(|(page, _)| (page, page + PAGE_BYTES));
        window(address, address + entries.len() as u64 * PAGE_BYTES, touched)
    }
}

/// What the kernel says, merged; nothing of it is believed that does not rise within the window.
fn window(start: u64, end: u64, ranges: impl Iterator<Item = (u64, u64)>) -> io::Result<Window> {
    let mut touched: Vec<(u64, u64)> = Vec::new();
    for (from, to) in ranges {
        match touched.last_mut() {
            Some(last) if last.1 == from => last.1 = to,
            Some(last) if last.1 > from => return Err(io::ErrorKind::InvalidData.into()),
            _ => touched.push((from, to)),
        }
    }
    if end <= start { Err(io::ErrorKind::InvalidData.into()) } else { Ok(Window { start, end, touched }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::Process;
    use rustix::fs::OFlags;
    use rustix::mm::{MapFlags, ProtFlags};

    const PAGES: usize = 64;

    /// Pages of ours, of which only those named are touched. Never unmapped.
    fn pages(touched: &[usize]) -> u64 {
        let (read_write, private) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE);
        // SAFETY: a new anonymous mapping at an address of the kernel's choice disturbs nothing.
        let base =
            unsafe { rustix::mm::mmap_anonymous(std::ptr::null_mut(), PAGES * 4096, read_write, private) }
                .expect("pages");
        for page in touched {
            // SAFETY: within the mapping above, which is ours and writable.
            unsafe { base.wrapping_byte_add(page * 4096).cast::<u8>().write_volatile(1) };
        }
        base as u64
    }

    fn ours() -> PageMap {
        let me = Process::open(std::process::id()).expect("ours");
        PageMap::from_fd(me.open_file("pagemap", OFlags::RDONLY).expect("a page map"))
    }

    #[test]
    fn both_ways_tell_touched_pages_from_others() {
        let base = pages(&[0, 5, 6, 40]);
        let map = ours();
        for look in [PageMap::scan, PageMap::read_pages] {
            let window = match look(&map, base) {
                Ok(window) => window,
                Err(error) if error.raw_os_error() == Some(libc::ENOTTY) => {
                    println!("this kernel has no PAGEMAP_SCAN: it is not tried");
                    continue;
                }
                Err(error) => panic!("{error}"),
            };
            let at = |page: u64| window.untouched_from(base + page * 4096) / 4096;
            assert_eq!([at(0), at(1), at(4), at(5), at(6)], [0, 4, 1, 0, 0]);
            assert_eq!([at(7), at(39), at(40)], [33, 1, 0]);
        }
    }

    #[test]
    fn answers_are_limited_and_kept_until_forgotten() {
        let base = pages(&[9]);
        let map = ours();
        assert_eq!(map.untouched(base, 3 * 4096), 3 * 4096);
        assert_eq!(map.untouched(base, u64::MAX), 9 * 4096);
        assert_eq!(map.untouched(base + 1, u64::MAX), 0, "not aligned");
        let late = base + 4 * 4096;
        // SAFETY: within the mapping, which is ours and writable.
        unsafe { std::ptr::with_exposed_provenance_mut::<u8>(late as usize).write_volatile(1) };
        assert_eq!(map.untouched(base, u64::MAX), 9 * 4096);
        map.forget();
        assert_eq!(map.untouched(base, u64::MAX), 4 * 4096);
        assert_eq!(map.untouched(0xffff_ffff_ffff_f000, 4096), 0, "no such addresses");
    }

    #[test]
    fn a_page_that_was_only_read_counts_as_untouched() {
        let base = pages(&[]);
        // SAFETY: within the mapping, which is ours and readable.
        let byte = unsafe { std::ptr::with_exposed_provenance::<u8>(base as usize).read_volatile() };
        assert_eq!(byte, 0);
        let map = ours();
        if map.scan(base).is_ok() {
            assert_eq!(map.untouched(base, 4096), 4096);
        }
    }

    #[test]
    fn windows_that_make_no_sense_are_refused() {
        assert!(window(4096, 4096, std::iter::empty()).is_err());
        assert!(window(0, 1 << 20, [(8192, 12288), (4096, 8192)].into_iter()).is_err());
        let merged = window(0, 1 << 20, [(4096, 8192), (8192, 12288)].into_iter()).expect("in order");
        assert_eq!(merged.touched, [(4096, 12288)]);
    }
}
