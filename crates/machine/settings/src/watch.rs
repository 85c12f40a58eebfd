//! Settings files as they change: for processes that live long.
//!
//! A file that has become unreadable or is no TOML any more keeps its last good text in force, and so does one that is
//! bad when a later process starts: the watcher leaves a copy of each good file in the store (`LastGoodSettings`), which
//! [`Settings::load`] takes in place of a bad one. A file that is taken away is no bad file; its values go.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use rustix::io::Errno;
use wer_sys::atomic_file::write_atomically;

use crate::catalogue::FileLevel;
use crate::settings::{FileText, file_of};
use crate::{Locations, Settings, SettingsWarning, read};

/// The folder of the copies, in the store's root.
const LAST_GOOD: &str = "LastGoodSettings";
/// Only their owner.
const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// The settings after a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// What counts now.
    pub settings: Settings,
    /// What is wrong with the files as they are now.
    pub warnings: Vec<SettingsWarning>,
    /// Bad files whose last good values still count.
    pub kept: Vec<PathBuf>,
}

/// Waits for changes of the settings files.
#[derive(Debug)]
pub struct SettingsWatch {
    locations: Locations,
    inotify: OwnedFd,
    /// As last read.
    files: Vec<(FileLevel, FileText)>,
}

impl SettingsWatch {
    /// Begins to watch, and says what counts now.
    ///
    /// # Errors
    /// The system has no watch to give.
    pub fn start(locations: Locations) -> io::Result<(Self, Changed)> {
        let inotify = inotify::init(CreateFlags::CLOEXEC)?;
        let mut watch = Self { locations, inotify, files: Vec::new() };
        // First the watch, then the look: what changes between the two is noticed.
        watch.watch_folders()?;
        watch.files = read_all(&watch.locations);
        let now = watch.now();
        Ok((watch, now))
    }

    /// Waits until a file says something else than before.
    ///
    /// # Errors
    /// The watch is broken.
    pub fn wait(&mut self) -> io::Result<Changed> {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        loop {
            self.watch_folders()?;
            let files = read_all(&self.locations);
            if files != self.files {
                self.files = files;
                return Ok(self.now());
            }
            match inotify::Reader::new(&self.inotify, &mut buffer).next() {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn now(&self) -> Changed {
        let (settings, warnings, kept) = with_last_good(&self.locations, &self.files);
        let bad: BTreeSet<_> =
            warnings.iter().filter(|w| w.is_about_whole_file()).map(|w| w.file().to_path_buf()).collect();
        for (level, text) in &self.files {
            let is_bad = file_of(&self.locations, *level).is_none_or(|file| bad.contains(&file));
            if !is_bad && let Ok(text) = text {
                // A copy that cannot be kept costs nothing now.
                let _ = keep(&self.locations, *level, text.as_deref());
            }
        }
        Changed { settings, warnings, kept }
    }

    /// The files' folders, and where one is missing, the nearest folder above it; their parents, which say when a folder
    /// is moved away. A folder that is watched already is watched once.
    fn watch_folders(&self) -> io::Result<()> {
        let flags = WatchFlags::CLOSE_WRITE
            | WatchFlags::MOVED_TO
            | WatchFlags::MOVED_FROM
            | WatchFlags::CREATE
            | WatchFlags::DELETE
            | WatchFlags::DELETE_SELF
            | WatchFlags::MOVE_SELF
            | WatchFlags::ATTRIB
            | WatchFlags::ONLYDIR;
        for folder in
            [Some(&self.locations.system_dir), self.locations.user_dir.as_ref()].into_iter().flatten()
        {
            let mut watched = 0;
            for ancestor in folder.ancestors() {
                match inotify::add_watch(&self.inotify, ancestor, flags) {
                    Ok(_) => watched += 1,
                    Err(Errno::NOENT | Errno::NOTDIR | Errno::ACCESS) => {}
                    Err(error) => return Err(error.into()),
                }
                if watched == 2 {
                    break;
                }
            }
        }
        Ok(())
    }
}

/// Every file as it is.
pub(crate) fn read_all(locations: &Locations) -> Vec<(FileLevel, FileText)> {
    let levels = FileLevel::ALL.into_iter();
    levels.filter_map(|level| Some((level, read::text(&file_of(locations, level)?)))).collect()
}

/// The settings of these files, with the last good text in place of a bad one; what is wrong; which files are bad and have
/// a good text to stand in.
pub(crate) fn with_last_good(
    locations: &Locations,
    files: &[(FileLevel, FileText)],
) -> (Settings, Vec<SettingsWarning>, Vec<PathBuf>) {
    let (settings, warnings) = Settings::from_files(locations, files);
    let mut kept = Vec::new();
    let mut in_force = files.to_vec();
    for (level, text) in &mut in_force {
        let Some(file) = file_of(locations, *level) else { continue };
        let is_bad = warnings.iter().any(|warning| warning.is_about_whole_file() && warning.file() == file);
        if is_bad && let Ok(Some(good)) = read::text(&copy_of(locations, *level)) {
            *text = Ok(Some(good));
            kept.push(file);
        }
    }
    if kept.is_empty() {
        return (settings, warnings, kept);
    }
    (Settings::from_files(locations, &in_force).0, warnings, kept)
}

fn copy_of(locations: &Locations, level: FileLevel) -> PathBuf {
    let name = match level {
        FileLevel::Policy => "policy.toml",
        FileLevel::System => "system.toml",
        FileLevel::User => "user.toml",
    };
    locations.store_root.join(LAST_GOOD).join(name)
}

/// Leaves a copy of a good text, or none where there is no file.
fn keep(locations: &Locations, level: FileLevel, text: Option<&str>) -> io::Result<()> {
    let copy = copy_of(locations, level);
    let Some(text) = text else {
        return match fs::remove_file(&copy) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
    };
    if read::text(&copy).is_ok_and(|old| old.as_deref() == Some(text)) {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, FOLDER_MODE);
    builder.recursive(true).create(copy.parent().unwrap_or(Path::new("/")))?;
    write_atomically(&copy, FILE_MODE, text.as_bytes())
}
