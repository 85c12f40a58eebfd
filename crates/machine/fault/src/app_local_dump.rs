//! `WerRegisterAppLocalDump`: a copy of the collected mini dump in the application's own folder, below `XDG_DATA_HOME` or
//! `~/.local/share` as the process sees them. The process named the place, so the copy is made with its user's rights,
//! beneath its root, through no link. Nobody limits how many there are: the application does.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::path::{Component, Path};

use wer_capture::Capture;
use wer_sys::Credentials;

use crate::user_folder::{DumpName, Links, UserFolder};
use crate::user_places::UserPlaces;
use crate::{dumps, privilege};

/// Copies the mini dump of the report in `staging`, if the process registered a folder for it.
///
/// # Errors
/// A sentence that says why there is no copy.
pub(crate) fn copy(capture: &Capture, user: &Credentials, staging: &Path) -> Result<(), String> {
    let Some(folder) = &capture.snapshot.registrations.app_local_dump else { return Ok(()) };
    put(capture, user, staging, Path::new(folder)).map_err(|reason| {
        format!("The application's own copy of the dump ({folder}) was not made: {reason}.")
    })
}

fn put(capture: &Capture, user: &Credentials, staging: &Path, folder: &Path) -> Result<(), String> {
    if !is_below(folder) {
        return Err("it is no path below the application's folder".into());
    }
    if !privilege::user_may_trace(capture) {
        return Err("the program runs with more rights than its user, who may not read its memory".into());
    }
    let dump = staging.join(dumps::MINIDUMP);
    let mut dump = File::open(dump).map_err(|error| format!("the report has no mini dump: {error}"))?;
    let of_process = UserPlaces::of_process(capture).data();
    let data = of_process.or_else(|| UserPlaces::of_user(user.uid)?.data());
    let data = data.ok_or("the process has neither XDG_DATA_HOME nor HOME")?;
    let process = &capture.snapshot.process;
    let root = format!("/proc/{}/root", process.pid);
    let root = File::open(&root).map_err(|error| format!("{root}: {error}"))?;
    let open = UserFolder::open(user, root.as_fd(), &data.join(folder), Links::Refused);
    let open = open.map_err(|error| error.to_string())?;
    let copy = open.begin(DumpName::new(&process.executable, process.pid));
    let copy = copy.map_err(|error| error.to_string())?;
    io::copy(&mut dump, &mut copy.file()).map_err(|error| error.to_string())?;
    copy.finish(None).map(drop).map_err(|error| error.to_string())
}

fn is_below(folder: &Path) -> bool {
    let mut parts = folder.components().peekable();
    parts.peek().is_some() && parts.all(|part| matches!(part, Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_folders_below_count() {
        for good in ["dumps", "game/dumps"] {
            assert!(is_below(Path::new(good)), "{good}");
        }
        for bad in ["", "/dumps", "../dumps", "a/../../b", "."] {
            assert!(!is_below(Path::new(bad)), "{bad}");
        }
    }
}
