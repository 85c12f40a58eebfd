//! A whole core file: headers, notes, segments, mappings, modules, registrations; then its memory. Nothing but the bytes is
//! looked at.
#![no_main]

use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let memory = rustix::fs::memfd_create("core", rustix::fs::MemfdFlags::CLOEXEC).expect("memory");
    let mut file = std::fs::File::from(memory);
    file.write_all(bytes).expect("memory");
    let options = wer_capture::CoreFileOptions { read_files: false, ..Default::default() };
    let mut go_on = |_, _| ControlFlow::Continue(());
    let Ok(capture) = wer_capture::core_of(file, Path::new("core"), &options, &mut go_on) else { return };
    let snapshot = &capture.snapshot;
    assert!(snapshot.regions.iter().all(|region| region.start < region.end));
    assert!(snapshot.regions.is_sorted_by(|one, next| one.end <= next.start));
    let mut buffer = [0; 4096];
    for region in snapshot.regions.iter().take(256) {
        let count = capture.memory().read(region.start, &mut buffer);
        assert!(count <= buffer.len());
        assert!(capture.memory().untouched(region.start & !0xfff, 1 << 30) <= 1 << 30);
    }
});
