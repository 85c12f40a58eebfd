//! Registered files, copied into the report's folder while the process is held. A path that a process names is opened
//! beneath its own root with its own user's rights, regular files only, no links; each is cut at a limit with a note.
//! They leave the machine only if the server asks and consent allows. Those that their application gives away are deleted
//! when the report that holds them is stored.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{AtFlags, Mode, OFlags, ResolveFlags};
use wer_abi::flags::{WER_FILE_DELETE_WHEN_DONE, WER_REG_FILE_TYPE_USER_DOCUMENT};
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

/// What was copied, and what is to be done with the originals.
#[derive(Debug, Default)]
pub(crate) struct Registered {
    /// The copies.
    pub(crate) files: Vec<AttachedFile>,
    /// What is missing.
    pub(crate) soft_errors: Vec<SoftError>,
    done: Vec<Original>,
    root: Option<File>,
}

/// A file that its application gave away (`WER_FILE_DELETE_WHEN_DONE`) and that was copied whole.
#[derive(Debug)]
struct Original {
    path: String,
    device: u64,
    inode: u64,
}

impl Registered {
    /// Deletes the originals that were given away, with the user's rights, now that their report is stored. One that is
    /// another file by now stays. Returns a sentence for each that could not be deleted.
    pub(crate) fn delete_done(&self, user: &Credentials) -> Vec<String> {
        let Some(root) = self.root.as_ref().filter(|_| !self.done.is_empty()) else { return Vec::new() };
        let answer = wer_sys::as_user(user, FILE_OPEN_DEADLINE, 4 * self.done.len(), || {
            let codes = self.done.iter().map(|original| match remove_beneath(root, original) {
                Ok(()) => 0,
                Err(error) => error.raw_os_error(),
            });
            codes.flat_map(i32::to_le_bytes).collect()
        });
        let sentence = |original: &Original, reason: &dyn std::fmt::Display| {
            format!("The registered file {} is stored but could not be deleted: {reason}.", original.path)
        };
        let codes = match answer {
            Ok(codes) => codes,
            Err(error) => return self.done.iter().map(|original| sentence(original, &error)).collect(),
        };
        let codes = codes.as_chunks::<4>().0.iter().map(|bytes| i32::from_le_bytes(*bytes));
        let failed = self.done.iter().zip(codes).filter(|(_, code)| *code != 0);
        failed.map(|(file, code)| sentence(file, &io::Error::from_raw_os_error(code))).collect()
    }
}

/// Removes the file that was copied, found again as it was opened; `ESTALE` where it is another one by now.
fn remove_beneath(root: &File, original: &Original) -> rustix::io::Result<()> {
    let path = Path::new(original.path.trim_start_matches('/'));
    let (Some(name), Some(folder)) = (path.file_name(), path.parent()) else {
        return Err(rustix::io::Errno::INVAL);
    };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    let folder = rustix::fs::openat2(root, folder, flags, Mode::empty(), resolve)?;
    let stat = rustix::fs::statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
    if (stat.st_dev, stat.st_ino) != (original.device, original.inode) {
        return Err(rustix::io::Errno::STALE);
    }
    rustix::fs::unlinkat(&folder, name, AtFlags::empty())
}

/// Copies every registered file into `folder`, within the limits of the settings.
pub(crate) fn copy(
    snapshot: &ProcessSnapshot,
    user: &Credentials,
    context: &Context,
    folder: &Path,
    progress: &mut dyn FnMut(),
) -> Registered {
    let wanted = wanted(snapshot);
    let mut registered = Registered::default();
    if wanted.is_empty() {
        return registered;
    }
    let root_path = format!("/proc/{}/root", snapshot.process.pid);
    let root = match File::open(&root_path) {
        Ok(root) => root,
        Err(error) => {
            let message = format!("No registered file was copied: {root_path} cannot be opened: {error}.");
            registered.soft_errors.push(SoftError::new(Stage::Report, message));
            return registered;
        }
    };
    let limits = context.settings.file_limits();
    let mut left_bytes = limits.all_files_bytes;
    for (number, file) in wanted.iter().enumerate() {
        let limit = limits.one_file_bytes.min(left_bytes);
        progress();
        match copy_one(user, &root, file, number, folder, limit) {
            Ok(copied) => {
                left_bytes -= copied.bytes;
                registered.files.push(copied.file);
                registered.soft_errors.extend(copied.note);
                registered.done.extend(copied.done);
            }
            Err(reason) => {
                let message = format!("The registered file {} was not copied: {reason}.", file.path);
                registered.soft_errors.push(SoftError::new(Stage::Report, message));
            }
        }
    }
    registered.root = Some(root);
    registered
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

/// One copied file.
struct Copied {
    file: AttachedFile,
    bytes: u64,
    /// That it was cut.
    note: Option<SoftError>,
    /// The original, if it is to be deleted.
    done: Option<Original>,
}

fn copy_one(
    user: &Credentials,
    root: &File,
    wanted: &Wanted<'_>,
    number: usize,
    folder: &Path,
    limit_bytes: u64,
) -> Result<Copied, String> {
    if limit_bytes == 0 {
        return Err("the report's limit for registered files is used up".into());
    }
    let source = wer_sys::open_as_user(user, root.as_fd(), Path::new(wanted.path), FILE_OPEN_DEADLINE)
        .map_err(|error| error.to_string())?;
    let name = name_in_report(wanted.path, number);
    let path = folder.join(&name);
    let mut target = File::create_new(&path).map_err(|error| error.to_string())?;
    let metadata = source.metadata().map_err(|error| error.to_string())?;
    let whole_bytes = metadata.len();
    let copied_bytes = io::copy(&mut source.take(limit_bytes), &mut target).map_err(|error| {
        // Part of a file would take the room of what is whole.
        let left = fs::remove_file(&path).err().map(|error| format!(" (and part of it stays: {error})"));
        format!("{error}{}", left.unwrap_or_default())
    })?;
    let is_cut = whole_bytes > copied_bytes;
    let is_given = wanted.flags & WER_FILE_DELETE_WHEN_DONE != 0;
    let note = is_cut.then(|| {
        let stays = if is_given { "; it is not deleted" } else { "" };
        let message = format!(
            "The registered file {} was cut at {copied_bytes} of {whole_bytes} bytes{stays}.",
            wanted.path
        );
        SoftError::new(Stage::Report, message)
    });
    let (device, inode) = (metadata.dev(), metadata.ino());
    let done = (is_given && !is_cut).then(|| Original { path: wanted.path.to_owned(), device, inode });
    let original_path = Some(wanted.path.to_owned());
    let file = AttachedFile { name, kind: wanted.kind, flags: wanted.flags, original_path };
    Ok(Copied { file, bytes: copied_bytes, note, done })
}

/// A name of our own making: a number, so that two files never collide, and what is harmless of the original name.
pub(crate) fn name_in_report(path: &str, number: usize) -> String {
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
