//! The files that a program gave to its report, copied with its own rights. What cannot be copied is noted.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use wer_abi::flags::{WER_FILE_DELETE_WHEN_DONE, WER_REG_FILE_TYPE_USER_DOCUMENT};
use wer_model::{AttachedFile, FileKind, SoftError, Stage};
use wer_snapshot::{RegistrationKind, Registrations};

use crate::registered_files::name_in_report;
use crate::{Context, events};

/// One file.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) path: String,
    pub(super) kind: FileKind,
    pub(super) flags: u32,
}

/// What was copied.
#[derive(Debug, Default)]
pub(super) struct Copied {
    pub(super) files: Vec<AttachedFile>,
    pub(super) soft_errors: Vec<SoftError>,
    /// Path, device and inode of each that its program gave away and that was copied whole.
    done: Vec<(String, u64, u64)>,
}

impl Copied {
    /// Deletes the originals that were given away, now that the report is stored. One that is another file by now stays.
    pub(super) fn delete_done(&self, context: &Context) {
        for (path, device, inode) in &self.done {
            let is_same = |metadata: fs::Metadata| (metadata.dev(), metadata.ino()) == (*device, *inode);
            if !fs::metadata(path).is_ok_and(is_same) {
                continue;
            }
            if let Err(error) = fs::remove_file(path) {
                events::failure(context, &format!("{path} is stored but could not be deleted: {error}."));
            }
        }
    }
}

/// The kind of a `WER_FILE_TYPE`.
pub(super) const fn kind(file_type: u32) -> FileKind {
    match file_type {
        1 => FileKind::Microdump,
        2 => FileKind::Minidump,
        3 => FileKind::Heapdump,
        4 => FileKind::UserDocument,
        6 => FileKind::Triagedump,
        7 => FileKind::CustomDump,
        8 => FileKind::AuxiliaryDump,
        _ => FileKind::Other,
    }
}

/// The files that the process registered.
pub(super) fn registered(registrations: &Registrations) -> impl Iterator<Item = Wanted> {
    registrations.entries.iter().filter_map(|entry| match &entry.kind {
        RegistrationKind::File { path, file_type, flags } => {
            let is_document = *file_type == WER_REG_FILE_TYPE_USER_DOCUMENT;
            let kind = if is_document { FileKind::UserDocument } else { FileKind::Other };
            Some(Wanted { path: path.clone(), kind, flags: *flags })
        }
        _ => None,
    })
}

/// Copies files into `folder`, within the limits of the settings.
pub(super) fn copy(wanted: &[Wanted], context: &Context, folder: &Path) -> Copied {
    let limits = context.settings.file_limits();
    let mut left_bytes = limits.all_files_bytes;
    let mut copied = Copied::default();
    for (number, file) in wanted.iter().enumerate() {
        let name = name_in_report(&file.path, number);
        let limit_bytes = limits.one_file_bytes.min(left_bytes);
        let mut note = |message| copied.soft_errors.push(SoftError::new(Stage::Report, message));
        match copy_one(&file.path, &folder.join(&name), limit_bytes) {
            Ok((bytes, source)) => {
                left_bytes -= bytes;
                let is_cut = source.len() > bytes;
                if is_cut {
                    note(format!("The file {} was cut at {bytes} of {} bytes.", file.path, source.len()));
                }
                if file.flags & WER_FILE_DELETE_WHEN_DONE != 0 && !is_cut {
                    copied.done.push((file.path.clone(), source.dev(), source.ino()));
                }
                let original_path = Some(file.path.clone());
                copied.files.push(AttachedFile { name, kind: file.kind, flags: file.flags, original_path });
            }
            Err(error) => note(format!("The file {} was not copied: {error}.", file.path)),
        }
    }
    copied
}

fn copy_one(path: &str, target: &Path, limit_bytes: u64) -> io::Result<(u64, fs::Metadata)> {
    if limit_bytes == 0 {
        return Err(io::Error::other("the report's limit for files is used up"));
    }
    // A FIFO does not hold us.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let source = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    let metadata = source.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let bytes = io::copy(&mut source.take(limit_bytes), &mut File::create_new(target)?)
        .inspect_err(|_| drop(fs::remove_file(target)))?;
    Ok((bytes, metadata))
}
