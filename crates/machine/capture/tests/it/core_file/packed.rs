//! Cores packed as systemd packs them, by the tools and by the crates.

use std::fs::File;
use std::io::Write;
use std::ops::ControlFlow;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use wer_capture::{CoreFileError, CoreFileOptions, core_file, core_file_with, is_core_file};

use super::complaints;
use super::synth::{Synth, small};

fn write(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).expect("room");
    path
}

fn by_tool(core: &Path, tool: &str) -> PathBuf {
    let packed = core.with_extension(tool);
    let mut command = Command::new(tool);
    command.args(["-q", "-f"]).arg(core);
    if tool == "zstd" {
        command.arg("-o");
    }
    let status = command.arg(&packed).status();
    assert!(status.unwrap_or_else(|error| panic!("{tool} is needed: {error}")).success());
    packed
}

#[test]
fn packed_cores_are_as_unpacked_ones() {
    let folder = tempfile::tempdir().expect("a folder");
    let core = write(folder.path(), "core", &small().finish());
    let plain = core_file(&core, &CoreFileOptions::default()).expect("a core").snapshot;
    for tool in ["zstd", "lz4"] {
        let packed = by_tool(&core, tool);
        assert!(is_core_file(&packed).expect("a file"), "{tool}");
        let mut told = Vec::new();
        let capture = core_file_with(&packed, &CoreFileOptions::default(), &mut |done, total| {
            told.push((done, total));
            ControlFlow::Continue(())
        })
        .unwrap_or_else(|error| panic!("{tool}: {error}"));
        let snapshot = &capture.snapshot;
        assert_eq!(snapshot.threads, plain.threads, "{tool}");
        assert_eq!((&snapshot.regions, &snapshot.exception), (&plain.regions, &plain.exception), "{tool}");
        assert_eq!(capture.memory().read_u64(0x7000_0000), Some(0x0303_0303_0303_0303), "{tool}");
        let packed_bytes = packed.metadata().expect("a file").len();
        assert!(told.iter().all(|(done, total)| done <= total && *total == packed_bytes), "{told:?}");
    }
}

#[test]
fn several_frames_are_one_core() {
    let folder = tempfile::tempdir().expect("a folder");
    let bytes = small().finish();
    let (first, second) = bytes.split_at(3000);
    let zstd =
        [[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3].to_vec(), zstd_frame(first), zstd_frame(second)]
            .concat();
    let lz4 = [lz4_frame(first), lz4_frame(second)].concat();
    for (name, packed) in [("zstd", zstd), ("lz4", lz4)] {
        let path = write(folder.path(), name, &packed);
        let capture =
            core_file(&path, &CoreFileOptions::default()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(capture.memory_bytes(), 0x3000, "{name}");
        assert!(
            !complaints(&capture).iter().any(|text| text.contains("cut")),
            "{name}: {:?}",
            complaints(&capture)
        );
    }
}

fn zstd_frame(bytes: &[u8]) -> Vec<u8> {
    zstd::stream::encode_all(bytes, 3).expect("memory")
}

fn lz4_frame(bytes: &[u8]) -> Vec<u8> {
    // As `lz4` does it; larger blocks lose more when they are cut.
    let info = lz4_flex::frame::FrameInfo::new().block_size(lz4_flex::frame::BlockSize::Max64KB);
    let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

/// A core with memory that does not pack, so that a cut loses some of it.
fn incompressible() -> Vec<u8> {
    let mut state = 1u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    })
    .take(3 << 20)
    .collect();
    Synth::new().thread(9, 11, 0x1000, 0x2000).load(0x10_0000, 3 << 20, 6, &noise).finish()
}

#[test]
fn a_packed_core_that_is_cut_or_damaged_gives_what_it_has() {
    let folder = tempfile::tempdir().expect("a folder");
    let bytes = incompressible();
    for (name, packed) in [("zstd", zstd_frame(&bytes)), ("lz4", lz4_frame(&bytes))] {
        let cut = write(folder.path(), name, &packed[..packed.len() * 2 / 3]);
        let capture =
            core_file(&cut, &CoreFileOptions::default()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(capture.snapshot.threads.len(), 1);
        let said = complaints(&capture);
        assert!(said[0].contains("packed core is cut or damaged"), "{name}: {said:?}");
        assert!(
            said.iter().any(|text| text.contains("memory of 1 segments are missing")),
            "{name}: {said:?}"
        );
        let nothing = write(folder.path(), name, &packed[..5]);
        let refused = core_file(&nothing, &CoreFileOptions::default());
        assert!(matches!(refused, Err(CoreFileError::Damaged { .. })), "{name}: {refused:?}");
    }
}

#[test]
fn what_is_packed_must_be_a_core() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, packed) in [("zstd", zstd_frame(&vec![b'M'; 100_000])), ("lz4", lz4_frame(b"MDMP"))] {
        let path = write(folder.path(), name, &packed);
        assert!(!is_core_file(&path).expect("a file"));
        let refused = core_file(&path, &CoreFileOptions::default());
        assert!(matches!(refused, Err(CoreFileError::NotACore { .. })), "{name}: {refused:?}");
    }
}

#[test]
fn unpacking_can_be_cancelled_and_needs_a_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = write(folder.path(), "core.zst", &zstd_frame(&incompressible()));
    let mut calls = 0;
    let cancelled = core_file_with(&path, &CoreFileOptions::default(), &mut |_, _| {
        calls += 1;
        if calls == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(matches!(cancelled, Err(CoreFileError::Cancelled { .. })), "{cancelled:?}");
    let options =
        CoreFileOptions { scratch_folder: Some(folder.path().join("none")), ..CoreFileOptions::default() };
    let message = core_file(&path, &options).expect_err("no folder").to_string();
    assert!(message.contains("TMPDIR"), "{message}");
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing is left");
}

/// Never-touched pages are holes in the kernel's cores, and become holes again when a packed one is unpacked.
#[test]
fn zeros_are_holes_that_need_not_be_read() {
    const SIZE: u64 = 64 << 20;
    let folder = tempfile::tempdir().expect("a folder");
    let head = Synth::new().thread(9, 11, 0x1000, 0x2000).load(0x10_0000, SIZE, 6, b"").finish();
    let path = write(folder.path(), "core", &head);
    let file = File::options().write(true).open(&path).expect("ours");
    let at = (head.len() as u64).next_multiple_of(4096);
    // The segment's place and size in the file, which the builder knows of bytes that are there only.
    std::os::unix::fs::FileExt::write_all_at(&file, &at.to_le_bytes(), 64 + 56 + 8).expect("room");
    std::os::unix::fs::FileExt::write_all_at(&file, &SIZE.to_le_bytes(), 64 + 56 + 32).expect("room");
    file.set_len(at + SIZE).expect("room");
    std::os::unix::fs::FileExt::write_all_at(&file, &[5; 4096], at + (8 << 20)).expect("room");
    if file.metadata().expect("ours").blocks() * 512 > 1 << 20 {
        println!("this file system has no holes: they are not tried");
        return;
    }
    for path in [path.clone(), by_tool(&path, "zstd")] {
        let capture = core_file(&path, &CoreFileOptions::default()).expect("a core");
        let memory = capture.memory();
        assert_eq!(memory.untouched(0x10_0000, SIZE), 8 << 20);
        assert_eq!(memory.untouched(0x10_0000, 4096), 4096);
        assert_eq!(memory.untouched(0x10_0000 + (8 << 20), SIZE), 0);
        assert_eq!(memory.untouched(0x10_1000 + (8 << 20), SIZE), SIZE - (8 << 20) - 4096);
        assert_eq!(memory.untouched(0x5000, SIZE), 0, "there is nothing at all");
        assert_eq!(memory.read_u64(0x10_0000 + SIZE - 8), Some(0));
    }
}
