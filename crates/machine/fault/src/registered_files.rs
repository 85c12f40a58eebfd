//! Registered files, copied into the report's folder while the process is held. A path that a process names is opened
//! beneath its own root with its own user's rights, regular files only, no links; each is cut at a limit with a note.
//! They leave the machine only if the server asks and consent allows.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::path::Path;

use wer_abi::flags::WER_REG_FILE_TYPE_USER_DOCUMENT;
use wer_model::{AttachedFile, FileKind, SoftError, Stage};
use wer_snapshot::{ProcessSnapshot, RegistrationKind};
use wer_sys::Credentials;

use crate::Context;
use crate::limits::FILE_OPEN_DEADLINE;

/// One registered file.
struct Wanted<'a> {
    path: &'a str,
    kind: FileKind,
    flags: u32,
}

/// Copies every registered file into `folder`, within the limits of the settings.
pub(crate) fn copy(
    snapshot: &ProcessSnapshot,
    user: &Credentials,
    context: &Context,
    folder: &Path,
    progress: &mut dyn FnMut(),
) -> (Vec<AttachedFile>, Vec<SoftError>) {
    let wanted = wanted(snapshot);
    let (mut files, mut soft_errors) = (Vec::new(), Vec::new());
    if wanted.is_empty() {
        return (files, soft_errors);
    }
    let root_path = format!("/proc/{}/root", snapshot.process.pid);
    let root = match File::open(&root_path) {
        Ok(root) => root,
        Err(error) => {
            let message = format!("No registered file was copied: {root_path} cannot be opened: {error}.");
            return (files, vec![SoftError::new(Stage::Report, message)]);
        }
    };
    let limits = context.settings.file_limits();
    let mut left_bytes = limits.all_files_bytes;
    for (number, file) in wanted.iter().enumerate() {
        let limit = limits.one_file_bytes.min(left_bytes);
        progress();
        match copy_one(user, &root, file, number, folder, limit) {
            Ok((attached, copied_bytes, note)) => {
                left_bytes -= copied_bytes;
                files.push(attached);
                soft_errors.extend(note);
            }
            Err(reason) => {
                let message = format!("The registered file {} was not copied: {reason}.", file.path);
                soft_errors.push(SoftError::new(Stage::Report, message));
            }
        }
    }
    (files, soft_errors)
}

fn wanted(snapshot: &ProcessSnapshot) -> Vec<Wanted<'_>> {
    let entries = snapshot.registrations.entries.iter();
    let files = entries.filter_map(|entry| match &entry.kind {
        RegistrationKind::File { path, file_type, flags } => Some(Wanted {
            path,
            kind: if *file_type == WER_REG_FILE_TYPE_USER_DOCUMENT {
                FileKind::UserDocument
            } else {
                FileKind::Other
            },
            flags: *flags,
        }),
        _ => None,
    });
    files.collect()
}

/// Copies one file; returns its entry, its bytes and a note if it was cut.
fn copy_one(
    user: &Credentials,
    root: &File,
    wanted: &Wanted<'_>,
    number: usize,
    folder: &Path,
    limit_bytes: u64,
) -> Result<(AttachedFile, u64, Option<SoftError>), String> {
    if limit_bytes == 0 {
        return Err("the report's limit for registered files is used up".into());
    }
    let source = wer_sys::open_as_user(user, root.as_fd(), Path::new(wanted.path), FILE_OPEN_DEADLINE)
        .map_err(|error| error.to_string())?;
    let name = name_in_report(wanted.path, number);
    let path = folder.join(&name);
    let mut target = File::create_new(&path).map_err(|error| error.to_string())?;
    let whole_bytes = source.metadata().map_err(|error| error.to_string())?.len();
    let copied_bytes = io::copy(&mut source.take(limit_bytes), &mut target).map_err(|error| {
        // Part of a file would take the room of what is whole.
        let left = fs::remove_file(&path).err().map(|error| format!(" (and part of it stays: {error})"));
        format!("{error}{}", left.unwrap_or_default())
    })?;
    let note = (whole_bytes > copied_bytes).then(|| {
        let message =
            format!("The registered file {} was cut at {copied_bytes} of {whole_bytes} bytes.", wanted.path);
        SoftError::new(Stage::Report, message)
    });
    let original_path = Some(wanted.path.to_owned());
    Ok((AttachedFile { name, kind: wanted.kind, flags: wanted.flags, original_path }, copied_bytes, note))
}

/// A name of our own making: a number, so that two files never collide, and what is harmless of the original name.
fn name_in_report(path: &str, number: usize) -> String {
    /// Characters kept of the original name.
    const MAX_NAME_CHARS: usize = 64;
    let original = path.rsplit('/').next().unwrap_or_default();
    let harmless = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' };
    let name: String = original.chars().take(MAX_NAME_CHARS).map(harmless).collect();
    format!("file{number:03}_{}", name.trim_start_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_ours() {
        assert_eq!(name_in_report("/var/log/app.log", 0), "file000_app.log");
        assert_eq!(name_in_report("/tmp/../..", 7), "file007_");
        assert_eq!(name_in_report("/x/\u{202e}gpj\n.exe", 1), "file001__gpj_.exe");
        assert_eq!(name_in_report(&format!("/{}", "a".repeat(300)), 2).len(), 8 + 64);
    }
}
