//! `core_file`: cores of the kernel and of gdb, packed ones, and ones made to harm.

#[path = "core_file/debugger.rs"]
mod debugger;
#[path = "core_file/hostile.rs"]
mod hostile;
#[path = "core_file/kernel_cores.rs"]
mod kernel_cores;
#[path = "core_file/packed.rs"]
mod packed;
#[path = "core_file/refused.rs"]
mod refused;
#[path = "core_file/synth.rs"]
mod synth;

use std::fs::File;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;

use wer_capture::{CoreCapture, CoreFileError, CoreFileOptions, core_of};
use wer_snapshot::ModuleSnapshot;

/// Reads a core from bytes, with nothing from other files.
fn read_bytes(bytes: &[u8]) -> Result<CoreCapture, CoreFileError> {
    let options = CoreFileOptions { read_files: false, ..CoreFileOptions::default() };
    core_of(file_of(bytes), Path::new("a core"), &options, &mut |_, _| ControlFlow::Continue(()))
}

fn file_of(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(bytes).expect("room");
    file
}

fn complaints(capture: &CoreCapture) -> Vec<&str> {
    capture.snapshot.soft_errors.iter().map(|error| error.message.as_str()).collect()
}

fn module<'a>(capture: &'a CoreCapture, name: &str) -> &'a ModuleSnapshot {
    let found = capture.snapshot.modules.iter().find(|module| module.path.ends_with(name));
    found.unwrap_or_else(|| panic!("{name} is not in {:#?}", capture.snapshot.modules))
}
