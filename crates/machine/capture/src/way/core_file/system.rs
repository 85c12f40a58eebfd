//! The machine that a core comes from, as far as the core tells: its kernel by the vdso, its processor by the auxiliary
//! vector. Where both are ours, it is taken to be this machine.

use wer_snapshot::{MemoryReader, RegionKind, SystemInfo, XStateFeature};
use wer_sys::Process;

use super::regions::{AT_SYSINFO_EHDR, auxv_value};
use crate::bytes::u32_at;
use crate::elf::Image;
use crate::machine::machine;

const AT_PAGESZ: u64 = 6;
/// CPUID leaf 1 EDX.
const AT_HWCAP: u64 = 16;
/// Kind of the vdso's note of owner `Linux`: the kernel's version.
const NT_VERSION: u32 = 0;
/// AVX: the one component that is at the same place in the XSAVE area of every processor.
const AVX: XStateFeature = XStateFeature { bit: 2, offset: 576, size: 256 };

/// The machine, and whether it is this one.
pub(super) fn system(
    memory: &dyn MemoryReader,
    auxv: &[(u64, u64)],
    layout: &[XStateFeature],
    xsave_bytes: usize,
) -> (SystemInfo, bool) {
    let vdso = auxv_value(auxv, AT_SYSINFO_EHDR).and_then(|base| Image::read(memory, base));
    let hwcap = auxv_value(auxv, AT_HWCAP).and_then(|value| u32::try_from(value).ok());
    let build_id = vdso.as_ref().and_then(Image::build_id);
    if build_id.is_some() && hwcap.is_some() && own_kernel() == (build_id, hwcap) {
        let mut system = machine().system.clone();
        if !layout.is_empty() {
            system.xstate = layout.to_vec();
        }
        return (system, true);
    }
    let kernel_release = vdso.as_ref().and_then(kernel_version).unwrap_or_default();
    let words = ["Linux", &kernel_release, "x86_64"];
    let known: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    let avx = layout.is_empty() && xsave_bytes >= (AVX.offset + AVX.size) as usize;
    let system = SystemInfo {
        uname: known.join(" "),
        kernel_release,
        cpu_features: hwcap.unwrap_or(0),
        page_size: auxv_value(auxv, AT_PAGESZ).and_then(|size| u32::try_from(size).ok()).unwrap_or(4096),
        xstate: if avx { vec![AVX] } else { layout.to_vec() },
        ..SystemInfo::default()
    };
    (system, false)
}

fn kernel_version(vdso: &Image<'_>) -> Option<String> {
    let version = u32_at(&vdso.note(b"Linux", NT_VERSION)?, 0)?;
    Some(format!("{}.{}.{}", version >> 16, version >> 8 & 0xff, version & 0xff))
}

/// Build id of the vdso and processor features of this machine.
fn own_kernel() -> (Option<Vec<u8>>, Option<u32>) {
    let read = || {
        let process = Process::open(std::process::id()).ok()?;
        let memory = process.memory(false).ok()?;
        let regions = process.maps().ok()?.regions;
        let vdso = regions.iter().find(|region| region.kind == RegionKind::Vdso)?;
        let hwcap = auxv_value(&process.auxv().ok()?, AT_HWCAP).and_then(|value| u32::try_from(value).ok());
        Some((Image::read(&memory, vdso.start)?.build_id(), hwcap))
    };
    read().unwrap_or_default()
}
