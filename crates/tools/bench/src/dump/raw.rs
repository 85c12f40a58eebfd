//! What the machine can do at all: reading another process's memory, and writing a file, one without the other.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use wer_snapshot::MemoryReader as _;
use wer_sys::VmMemory;

const CHUNK_BYTES: usize = 1 << 20;

/// Seconds to read `bytes` of a process from `address` on with `process_vm_readv`, 1 MiB each, into the same memory.
pub(super) fn read_s(pid: u32, address: u64, bytes: u64) -> Result<f64> {
    let memory = VmMemory::new(pid);
    let mut buffer = vec![1; CHUNK_BYTES];
    let start = Instant::now();
    for offset in (0..bytes).step_by(CHUNK_BYTES) {
        ensure!(
            memory.read(address + offset, &mut buffer) == CHUNK_BYTES,
            "the target's heap cannot be read"
        );
    }
    Ok(start.elapsed().as_secs_f64())
}

/// Seconds to write `bytes` to a new file of a folder, the same 1 MiB again and again.
pub(super) fn write_s(folder: &Path, bytes: u64) -> Result<f64> {
    let path = folder.join("raw");
    settle(folder, bytes)?;
    let start = Instant::now();
    fill(&path, bytes)?;
    let seconds = start.elapsed().as_secs_f64();
    std::fs::remove_file(path)?;
    Ok(seconds)
}

/// Before each timed file of so many bytes: a virtual machine's host takes free memory back and gives it anew when it is
/// touched, at many times the cost of a write, so the memory is touched first. And whatever was written before must not be
/// written to disk while something is measured.
pub(super) fn settle(folder: &Path, bytes: u64) -> Result<()> {
    let path = folder.join("warm");
    fill(&path, bytes)?;
    std::fs::remove_file(path)?;
    rustix::fs::sync();
    Ok(())
}

fn fill(path: &Path, bytes: u64) -> Result<()> {
    let buffer = vec![1; CHUNK_BYTES];
    let file = File::create_new(path).with_context(|| path.display().to_string())?;
    for offset in (0..bytes).step_by(CHUNK_BYTES) {
        file.write_all_at(&buffer, offset)?;
    }
    Ok(())
}
