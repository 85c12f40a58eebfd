//! The folders of the user whose program crashed, and the variables that stand for them in settings.
//!
//! The embedded way knows them from its environment. The kernel's ways have none of the user's: they take the home folder
//! from the machine's list of users, or, of a user who is not in it, from the environment that the crashed process was
//! started with. That may say anything, so what is found here is touched with that user's rights only.

mod expand;

pub use expand::ExpandError;

use std::ffi::OsString;
use std::fs;
use std::io::Read;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use wer_capture::Capture;
use wer_sys::Process;

use crate::limits::{MAX_ENVIRONMENT_BYTES, MAX_USER_LIST_BYTES};

/// The machine's list of users.
const USER_LIST: &str = "/etc/passwd";

/// A user's folders, as far as they are known; every path is absolute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserPlaces {
    name: Option<String>,
    home: Option<PathBuf>,
    config: Option<PathBuf>,
    data: Option<PathBuf>,
    state: Option<PathBuf>,
    cache: Option<PathBuf>,
    temporary: Option<PathBuf>,
}

impl UserPlaces {
    /// What an environment says.
    #[must_use]
    pub fn from_environment(look: &dyn Fn(&str) -> Option<OsString>) -> Self {
        let folder = |name: &str| look(name).map(PathBuf::from).filter(|path| path.is_absolute());
        Self {
            name: look("USER").and_then(|name| name.into_string().ok()).filter(|name| is_user_name(name)),
            home: folder("HOME"),
            config: folder("XDG_CONFIG_HOME"),
            data: folder("XDG_DATA_HOME"),
            state: folder("XDG_STATE_HOME"),
            cache: folder("XDG_CACHE_HOME"),
            temporary: folder("TMPDIR"),
        }
    }

    /// What the machine knows of a user.
    #[must_use]
    pub fn of_user(uid: u32) -> Option<Self> {
        let mut text = String::new();
        let list = fs::File::open(USER_LIST).ok()?;
        list.take(MAX_USER_LIST_BYTES).read_to_string(&mut text).ok()?;
        Self::in_user_list(&text, uid)
    }

    /// The same in a list of the form of `/etc/passwd`.
    #[must_use]
    pub fn in_user_list(list: &str, uid: u32) -> Option<Self> {
        let (name, home) = user_in(list, uid)?;
        Some(Self { name: Some(name), home: Some(home), ..Self::default() })
    }

    /// What the bytes of a `/proc/PID/environ` say.
    #[must_use]
    pub fn from_environ(bytes: &[u8]) -> Self {
        Self::from_environment(&|name| variable(bytes, name))
    }

    /// What the machine knows of the user of a crashed process, else what that process was started with.
    pub(crate) fn known_to_machine(capture: &Capture, uid: u32) -> Self {
        Self::of_user(uid).unwrap_or_else(|| Self::of_process(capture))
    }

    /// What the process was started with.
    pub(crate) fn of_process(capture: &Capture) -> Self {
        let bytes = Process::open(capture.snapshot.process.pid)
            .ok()
            .filter(|process| process.identity() == capture.identity())
            .and_then(|process| process.read_limited("environ", MAX_ENVIRONMENT_BYTES).ok())
            .unwrap_or_default();
        Self::from_environ(&bytes)
    }

    /// `XDG_CONFIG_HOME` or `~/.config`.
    #[must_use]
    pub fn config(&self) -> Option<PathBuf> {
        self.config.clone().or_else(|| self.below_home(".config"))
    }

    /// `XDG_DATA_HOME` or `~/.local/share`.
    pub(crate) fn data(&self) -> Option<PathBuf> {
        self.data.clone().or_else(|| self.below_home(".local/share"))
    }

    /// `XDG_STATE_HOME` or `~/.local/state`.
    pub(crate) fn state(&self) -> Option<PathBuf> {
        self.state.clone().or_else(|| self.below_home(".local/state"))
    }

    fn cache(&self) -> Option<PathBuf> {
        self.cache.clone().or_else(|| self.below_home(".cache"))
    }

    fn below_home(&self, folder: &str) -> Option<PathBuf> {
        self.home.as_ref().map(|home| home.join(folder))
    }
}

/// Letters, digits and what names of users have beside them; never a part of a path.
fn is_user_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '@' | '$');
    !name.is_empty() && name != "." && name != ".." && name.chars().all(is_plain)
}

/// Name and home of a user in a list of the form of `/etc/passwd`.
fn user_in(list: &str, uid: u32) -> Option<(String, PathBuf)> {
    list.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, _password, number) = (fields.next()?, fields.next()?, fields.next()?);
        let home = Path::new(fields.nth(2)?);
        let is_wanted = number.parse() == Ok(uid) && is_user_name(name) && home.is_absolute();
        is_wanted.then(|| (name.to_owned(), home.to_owned()))
    })
}

/// A variable in the bytes of `/proc/PID/environ`.
fn variable(environment: &[u8], name: &str) -> Option<OsString> {
    environment.split(|byte| *byte == 0).find_map(|pair| {
        let value = pair.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
        Some(OsString::from_vec(value.to_vec()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_found_by_their_number() {
        let list = "root:x:0:0:root:/root:/bin/sh\n# a remark\nbroken:x\njoe:x:1000:1000:Joe,,,:/home/joe:/bin/sh\n\
            nowhere:x:1001:1001::home:/bin/sh\n../x:x:1002:1002::/home/x:\n";
        assert_eq!(user_in(list, 1000), Some(("joe".into(), "/home/joe".into())));
        for absent in [1, 1001, 1002] {
            assert_eq!(user_in(list, absent), None, "{absent}");
        }
    }

    #[test]
    fn an_environment_is_read_pair_by_pair() {
        let environment = b"HOMER=1\0HOME=/home/joe\0XDG_STATE_HOME=relative\0TMPDIR=/t\0USER=../joe\0rest";
        let places = UserPlaces::from_environment(&|name| variable(environment, name));
        assert_eq!(places.state().as_deref(), Some(Path::new("/home/joe/.local/state")));
        assert_eq!(places.config().as_deref(), Some(Path::new("/home/joe/.config")));
        assert_eq!(places.temporary.as_deref(), Some(Path::new("/t")));
        assert_eq!(places.name, None);
        let nothing = UserPlaces::from_environment(&|name| variable(b"", name));
        assert_eq!((nothing.data(), nothing.state()), (None, None));
    }
}
