//! Objects with a name, which processes of one user share: files in a folder of that user in shared memory.
//!
//! `/dev/shm/wer-objects-UID` belongs to the user alone. A mapping is a regular file in it, an event a FIFO. Who has an
//! object holds a shared lock of its file, for as long as a handle or a view of it lasts, so an object whose lock can be
//! had alone is one that nobody has any more: its name is free, as on Windows, and its file goes when the next object is
//! made. A child has its parent's objects until it runs a program. `Local\` and `Global\` before a name are the same: the user's.

use std::os::fd::OwnedFd;
use std::path::PathBuf;

use rustix::fs::{
    AtFlags, FileType, FlockOperation, Mode, OFlags, fchmod, flock, fstat, mknodat, openat, unlinkat,
};
use rustix::io::Errno;

use crate::error::Win32Error;
use crate::host_request;

/// Bytes of a name as its file has it.
const MAX_NAME_BYTES: usize = 240;
/// Files that are looked at for being nobody's, each time an object is made.
const MAX_SWEPT: usize = 1024;
/// Set in the mode of an event's file: it is reset by hand.
const MANUAL_RESET: Mode = Mode::XUSR;

/// What a name stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Mapping,
    Event { is_manual_reset: bool },
}

/// An object, and whether it was there before.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) descriptor: OwnedFd,
    pub(crate) existed: bool,
}

/// Makes an object, or takes the one that has the name. `prepare` makes a new one ready before anybody can see it.
///
/// # Errors
/// [`Win32Error::NOT_SUPPORTED`] in a module host, which has no files; [`Win32Error::INVALID_HANDLE`] when an object of
/// another kind has the name; [`Win32Error::PATH_NOT_FOUND`] and [`Win32Error::FILENAME_EXCED_RANGE`] for names that
/// cannot be; [`Win32Error::ACCESS_DENIED`] when the folder is not the user's own; what the kernel answers.
pub(crate) fn create(
    name: &str,
    kind: Kind,
    prepare: impl FnOnce(&OwnedFd) -> Result<(), Win32Error>,
) -> Result<Named, Win32Error> {
    let (folder, file) = (Folder::open()?, file_of(name)?);
    if let Some(descriptor) = folder.find(&file, kind)? {
        return Ok(Named { descriptor, existed: true });
    }
    folder.sweep();
    let descriptor = match kind {
        Kind::Mapping => openat(
            &folder.descriptor,
            &file,
            OFlags::CREATE | OFlags::EXCL | OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC,
            Mode::RUSR | Mode::WUSR,
        )?,
        Kind::Event { is_manual_reset } => {
            let more = if is_manual_reset { MANUAL_RESET } else { Mode::empty() };
            mknodat(&folder.descriptor, &file, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)?;
            let descriptor = open_file(&folder.descriptor, &file)?;
            // The mode that a file is made with lacks what the process's umask takes away.
            fchmod(&descriptor, Mode::RUSR | Mode::WUSR | more)?;
            descriptor
        }
    };
    let ready = flock(&descriptor, FlockOperation::LockShared).map_err(Win32Error::from);
    if let Err(error) = ready.and_then(|()| prepare(&descriptor)) {
        let _ = unlinkat(&folder.descriptor, &file, AtFlags::empty());
        return Err(error);
    }
    Ok(Named { descriptor, existed: false })
}

/// An object that somebody has.
///
/// # Errors
/// [`Win32Error::FILE_NOT_FOUND`] when nobody has one of this name; else as [`create`].
pub(crate) fn open(name: &str, kind: Kind) -> Result<OwnedFd, Win32Error> {
    Folder::open()?.find(&file_of(name)?, kind)?.ok_or(Win32Error::FILE_NOT_FOUND)
}

/// Whether a descriptor is a named event's, and then whether that event is reset by hand.
pub(crate) fn resets_by_hand(event: impl std::os::fd::AsFd) -> Result<Option<bool>, Win32Error> {
    let mode = fstat(event)?.st_mode;
    let is_named = FileType::from_raw_mode(mode) == FileType::Fifo;
    Ok(is_named.then(|| Mode::from_raw_mode(mode).contains(MANUAL_RESET)))
}

/// The user's folder, locked for as long as this lives: names are looked up and taken by one process at a time.
struct Folder {
    path: PathBuf,
    descriptor: OwnedFd,
}

impl Folder {
    fn open() -> Result<Self, Win32Error> {
        if host_request::socket().is_some() {
            return Err(Win32Error::NOT_SUPPORTED);
        }
        let user = rustix::process::geteuid();
        let path = PathBuf::from(format!("/dev/shm/wer-objects-{}", user.as_raw()));
        match rustix::fs::mkdir(&path, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(errno) => return Err(errno.into()),
        }
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let descriptor = rustix::fs::open(&path, flags, Mode::empty())?;
        let found = fstat(&descriptor)?;
        if found.st_uid != user.as_raw() || found.st_mode & 0o077 != 0 {
            return Err(Win32Error::ACCESS_DENIED);
        }
        flock(&descriptor, FlockOperation::LockExclusive)?;
        Ok(Self { path, descriptor })
    }

    /// The object of this file, if somebody has it; what nobody has goes.
    fn find(&self, file: &str, kind: Kind) -> Result<Option<OwnedFd>, Win32Error> {
        let descriptor = match open_file(&self.descriptor, file) {
            Err(Errno::NOENT) => return Ok(None),
            other => other?,
        };
        if !is_held(&descriptor)? {
            unlinkat(&self.descriptor, file, AtFlags::empty())?;
            return Ok(None);
        }
        let expected = match kind {
            Kind::Mapping => FileType::RegularFile,
            Kind::Event { .. } => FileType::Fifo,
        };
        if FileType::from_raw_mode(fstat(&descriptor)?.st_mode) != expected {
            return Err(Win32Error::INVALID_HANDLE);
        }
        flock(&descriptor, FlockOperation::LockShared)?;
        Ok(Some(descriptor))
    }

    /// Removes objects that nobody has, as far as that is easily done.
    fn sweep(&self) {
        let Ok(entries) = std::fs::read_dir(&self.path) else { return };
        for entry in entries.take(MAX_SWEPT).flatten() {
            let held = open_file(&self.descriptor, entry.file_name()).map_err(Win32Error::from);
            if held.and_then(|file| is_held(&file)) == Ok(false) {
                let _ = unlinkat(&self.descriptor, entry.file_name(), AtFlags::empty());
            }
        }
    }
}

/// Whether anybody has the object of this file, which was just opened. Nobody else can open it meanwhile.
fn is_held(descriptor: &OwnedFd) -> Result<bool, Win32Error> {
    match flock(descriptor, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(false),
        Err(Errno::WOULDBLOCK) => Ok(true),
        Err(errno) => Err(errno.into()),
    }
}

/// Both ends of a FIFO at once, without waiting for anybody.
fn open_file(folder: &OwnedFd, file: impl rustix::path::Arg) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(folder, file, flags, Mode::empty())
}

/// The file of a name. Upper and lower case differ, as in names of objects on Windows.
fn file_of(name: &str) -> Result<String, Win32Error> {
    let rest = name.strip_prefix("Local\\").or_else(|| name.strip_prefix("Global\\")).unwrap_or(name);
    if rest.is_empty() || rest.contains('\\') {
        return Err(Win32Error::PATH_NOT_FOUND);
    }
    let mut file = String::from("o-");
    for byte in rest.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => file.push(char::from(byte)),
            _ => file.push_str(&format!("%{byte:02X}")),
        }
    }
    if file.len() > MAX_NAME_BYTES {
        return Err(Win32Error::FILENAME_EXCED_RANGE);
    }
    Ok(file)
}

/// A child that is being started has our objects until it runs its program: tests that look at who has one take turns with
/// tests that start one.
#[cfg(test)]
pub(crate) fn nobody_starts_a_child() -> std::sync::MutexGuard<'static, ()> {
    static TURN: std::sync::Mutex<()> = std::sync::Mutex::new(());
    TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(what: &str) -> String {
        format!("Local\\{what}-{}", std::process::id())
    }

    #[test]
    fn a_name_lasts_as_long_as_somebody_has_it() {
        let _turn = nobody_starts_a_child();
        let name = name("lasts");
        assert_eq!(open(&name, Kind::Mapping).unwrap_err(), Win32Error::FILE_NOT_FOUND);
        let first = create(&name, Kind::Mapping, |_| Ok(())).unwrap();
        assert!(!first.existed);
        let second = create(&name.replace("Local", "Global"), Kind::Mapping, |_| Ok(())).unwrap();
        assert!(second.existed);
        drop(first);
        let third = open(&name, Kind::Mapping).unwrap();
        drop((second, third));
        assert_eq!(open(&name, Kind::Mapping).unwrap_err(), Win32Error::FILE_NOT_FOUND);
    }

    #[test]
    fn a_name_has_one_kind() {
        let name = name("kind");
        let event = create(&name, Kind::Event { is_manual_reset: true }, |_| Ok(())).unwrap();
        assert_eq!(resets_by_hand(&event.descriptor), Ok(Some(true)));
        assert_eq!(open(&name, Kind::Mapping).unwrap_err(), Win32Error::INVALID_HANDLE);
        let other = create(&name, Kind::Mapping, |_| Ok(())).unwrap_err();
        assert_eq!(other, Win32Error::INVALID_HANDLE);
    }

    #[test]
    fn names_stay_in_their_folder() {
        assert_eq!(file_of("Local\\../../etc/x ü"), Ok("o-..%2F..%2Fetc%2Fx%20%C3%BC".to_owned()));
        for bad in ["", "Local\\", "a\\b", "Session\\1\\x"] {
            assert_eq!(file_of(bad), Err(Win32Error::PATH_NOT_FOUND), "{bad}");
        }
        assert_eq!(file_of(&"x".repeat(300)), Err(Win32Error::FILENAME_EXCED_RANGE));
    }
}
