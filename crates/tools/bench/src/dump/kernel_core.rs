//! The kernel's own core to a file: a process with the same heap aborts, and the file is done when the kernel closes it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::inotify;
use rustix::time::{ClockId, Timespec, clock_gettime};

use crate::dump::raw::settle;
use crate::target_process::{Setup, Target};

/// A core that is not there by then will not come.
const LIMIT: Timespec = Timespec { tv_sec: 120, tv_nsec: 0 };

/// Seconds from the fault to the closed core. `core_pattern` must name a file in `folder`, which nothing else uses.
pub(super) fn core_s(setup: &Setup, folder: &Path) -> Result<f64> {
    let parent = folder.parent().context("the folder of cores is in no folder")?;
    fs::create_dir(folder)?;
    let mut victim = Target::start(setup)?;
    let watch = inotify::init(inotify::CreateFlags::CLOEXEC)?;
    inotify::add_watch(&watch, folder, inotify::WatchFlags::CLOSE_WRITE)?;
    settle(parent, setup.heap_bytes())?;
    let fault_ns: u64 = victim.ask("abort")?.parse()?;
    ensure!(poll(&mut [PollFd::new(&watch, PollFlags::IN)], Some(&LIMIT))? == 1, "the kernel wrote no core");
    let now = clock_gettime(ClockId::Monotonic);
    let closed_ns = now.tv_sec.cast_unsigned() * 1_000_000_000 + now.tv_nsec.cast_unsigned();
    victim.wait()?;
    let core = fs::read_dir(folder)?.next().transpose()?;
    let core_bytes = core.map(|core| core.metadata().map(|metadata| metadata.len())).transpose()?;
    let heap_bytes = setup.heap_bytes();
    ensure!(core_bytes.is_some_and(|bytes| bytes >= heap_bytes), "the kernel's core is cut: {core_bytes:?}");
    fs::remove_dir_all(folder)?;
    Ok((closed_ns - fault_ns) as f64 / 1e9)
}
