//! The data folder and the place for blobs.

use std::fs::TryLockError;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use watson_db::disk_kind::network_kind_of;
use watson_db::operations::try_blobs;

use super::{Findings, Level};
use crate::limits::{DOCTOR_LITTLE_ROOM_BYTES, DOCTOR_NO_ROOM_BYTES};
use crate::settings::Settings;

/// Whether a server runs on the folder.
pub(super) fn look(data: &Path, settings: &Settings, findings: &mut Findings) -> bool {
    const CHECK: &str = "data folder";
    let name = data.display();
    if settings.storage.database.is_none()
        && let Some(kind) = network_kind_of(data)
    {
        let what = format!("{name} is on {kind}, where SQLite loses data; watson does not start on it");
        findings.add(
            CHECK,
            Level::Error,
            what,
            "use a disk of this machine, or PostgreSQL (storage.database)",
        );
    }
    look_at_room(data, findings);
    let metadata = match data.metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            findings.add(CHECK, Level::Note, format!("{name} is not there"), "the first start makes it");
            return false;
        }
        Err(error) => {
            let advice = "run the doctor as the server's user (`sudo -u watson watson doctor`), and look at the folders above";
            findings.add(CHECK, Level::Error, format!("{name} cannot be looked at: {error}"), advice);
            return false;
        }
    };
    if !metadata.is_dir() {
        findings.add(CHECK, Level::Error, format!("{name} is no folder"), "name another in storage.data");
        return false;
    }
    let (owner, us) = (metadata.uid(), rustix::process::geteuid().as_raw());
    if owner != us {
        let what = format!("{name} belongs to user {owner}, and this is user {us}");
        let advice = format!(
            "run the doctor and the server as one user, or `chown -R` the folder to it; owner is {owner}"
        );
        findings.add(CHECK, if us == 0 { Level::Note } else { Level::Error }, what, advice);
    }
    let mode = metadata.mode() & 0o777;
    if mode & 0o077 != 0 {
        let what =
            format!("{name} has mode {mode:03o}: other users reach dumps, which hold what was in memory");
        findings.add(CHECK, Level::Error, what, format!("chmod 700 {name} (a start does so too)"));
    }
    if data.join("restoring").exists() {
        let what = format!("{name} is being restored, or a restore was cut; no server starts on it");
        findings.add(CHECK, Level::Error, what, "when no `watson restore` runs, empty it and restore again");
    }
    let is_running = is_locked(data);
    findings.good(CHECK, format!("{name}, {}", if is_running { "in use by a server" } else { "not in use" }));
    is_running
}

fn look_at_room(folder: &Path, findings: &mut Findings) {
    const CHECK: &str = "free space";
    let there = folder.ancestors().find(|folder| folder.exists()).unwrap_or(folder);
    let Ok(disk) = rustix::fs::statvfs(there) else { return };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let what = format!("{} MiB at {}", free >> 20, folder.display());
    let advice = "make room, give the folder a larger disk, or keep less (docs/watson/keeping.md)";
    if free < DOCTOR_NO_ROOM_BYTES {
        findings.add(CHECK, Level::Error, what, advice);
    } else if free < DOCTOR_LITTLE_ROOM_BYTES {
        findings.add(CHECK, Level::Warning, what, advice);
    } else {
        findings.good(CHECK, what);
    }
    if disk.f_files > 0 && disk.f_favail < disk.f_files / 50 {
        let what = format!("{} inodes are free at {}", disk.f_favail, folder.display());
        findings.add(
            "free inodes",
            Level::Warning,
            what,
            "each blob is a file; use a file system with more inodes",
        );
    }
}

fn is_locked(data: &Path) -> bool {
    let Ok(lock) = std::fs::File::open(data.join("lock")) else { return false };
    match lock.try_lock_shared() {
        Ok(()) => false,
        Err(error) => matches!(error, TryLockError::WouldBlock),
    }
}

/// Stores a blob and removes it.
pub(super) async fn look_at_blobs(data: &Path, settings: &Settings, findings: &mut Findings) {
    const CHECK: &str = "blobs";
    if !data.join("blobs").is_dir() && settings.storage.blobs.is_none() {
        findings.add(CHECK, Level::Note, "not there yet", "the first start makes their folder");
        return;
    }
    match try_blobs(data, &settings.storage.places()).await {
        Ok(()) => findings.good(CHECK, "one was stored, found and removed"),
        Err(error) => {
            let advice = "the server's user must be able to write and remove there; look at the path, its owner and its disk";
            findings.add(CHECK, Level::Error, error.to_string(), advice);
        }
    }
}
