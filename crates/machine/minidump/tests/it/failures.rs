//! Files that cannot be written.

use std::fs::File;
use std::io::Write;

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use wer_abi::flags::DumpType;
use wer_minidump::{DumpError, DumpOptions, plan};

use crate::fake::crashed;

#[test]
fn a_file_that_may_not_grow_is_left_empty() {
    let (snapshot, memory) = crashed();
    let file = File::from(memfd_create("dump", MemfdFlags::ALLOW_SEALING).unwrap());
    (&file).write_all(b"MDMP and what was here before").unwrap();
    fcntl_add_seals(&file, SealFlags::GROW).unwrap();
    let copied =
        plan(&snapshot, &memory, &DumpOptions::for_type(DumpType::Mini)).copy(&memory, &file).unwrap();
    let error = copied.write(&snapshot, &file).unwrap_err();
    assert!(matches!(error, DumpError::Write(_)), "{error}");
    assert_eq!(file.metadata().unwrap().len(), 0);
}

#[test]
fn a_file_that_may_not_be_written_is_an_error() {
    let (snapshot, memory) = crashed();
    let path = tempfile::NamedTempFile::new().unwrap().into_temp_path();
    let file = File::open(&path).unwrap();
    let error =
        plan(&snapshot, &memory, &DumpOptions::for_type(DumpType::Mini)).copy(&memory, &file).unwrap_err();
    assert!(matches!(error, DumpError::Write(_)), "{error}");
}
