//! One crash, one report: whether this way of capture reports a crash that another way may have begun.
//!
//! The in-application way leaves its report's id and the root of its store in the target's registration block.
//! A later way (the kernel's, or a tracer's) believes a *finished report in that store*, looked for with the crashed
//! user's rights, and nothing else: a state of "begun" may be all that a killed `werfault` left behind, and a state of
//! "stored" is a number in memory that anybody could have written. So a process can suppress at most reports that its
//! own user could have deleted anyway.

use std::path::{Path, PathBuf};

use wer_abi::registration::capture_state;
use wer_model::ReportId;
use wer_snapshot::Registrations;

/// What a way does about a crash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Nobody has reported it: report it under a new id.
    New,
    /// Another way began and did not finish: report it under its id.
    TakeOver(ReportId),
    /// Another way has stored a finished report.
    AlreadyReported(ReportId),
}

/// Decides for a crash with these registrations.
///
/// `trusts_block` is false for a process whose user could not have ptraced it (a set-user-id program): its block
/// decides nothing. `is_stored` looks for a finished report of that id below a store's root, with the crashed user's
/// rights.
pub fn decide(
    registrations: &Registrations,
    trusts_block: bool,
    is_stored: impl FnOnce(&Path, ReportId) -> bool,
) -> Claim {
    if !trusts_block || registrations.capture_state == capture_state::NONE {
        return Claim::New;
    }
    let Ok(id) = registrations.capture_report_id.parse::<ReportId>() else { return Claim::New };
    let store = PathBuf::from(&registrations.capture_store_path);
    if store.is_absolute() && is_stored(&store, id) {
        Claim::AlreadyReported(id)
    } else {
        Claim::TakeOver(id)
    }
}

/// Whether a store below `root` holds a finished report of this id: a folder in the queue or the archive whose name
/// ends in the id and that has a `Report.wer`.
#[must_use]
pub fn store_holds(root: &Path, id: ReportId) -> bool {
    /// Folders looked at in one state of a store; a store holds at most 5,000 by its own quota.
    const MAX_FOLDERS: usize = 20_000;
    let suffix = id.to_string();
    ["ReportQueue", "ReportArchive"].iter().any(|state| {
        let Ok(entries) = std::fs::read_dir(root.join(state)) else { return false };
        entries.take(MAX_FOLDERS).flatten().any(|entry| {
            entry.file_name().to_string_lossy().ends_with(&suffix)
                && std::fs::symlink_metadata(entry.path().join("Report.wer")).is_ok_and(|meta| meta.is_file())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registrations(state: u32) -> Registrations {
        Registrations {
            capture_state: state,
            capture_report_id: ReportId([7; 16]).to_string(),
            capture_store_path: "/home/user/.local/state/wer".into(),
            ..Registrations::default()
        }
    }

    #[test]
    fn a_crash_that_nobody_began_is_new() {
        assert_eq!(decide(&registrations(capture_state::NONE), true, |_, _| true), Claim::New);
    }

    #[test]
    fn begun_without_a_report_is_taken_over_under_the_same_id() {
        for state in [capture_state::BEGUN, capture_state::STORED] {
            let claim = decide(&registrations(state), true, |_, _| false);
            assert_eq!(claim, Claim::TakeOver(ReportId([7; 16])));
        }
    }

    #[test]
    fn a_finished_report_silences_even_when_its_writer_died_before_saying_so() {
        let claim = decide(&registrations(capture_state::BEGUN), true, |_, _| true);
        assert_eq!(claim, Claim::AlreadyReported(ReportId([7; 16])));
    }

    #[test]
    fn a_privileged_process_cannot_silence_anything() {
        assert_eq!(decide(&registrations(capture_state::STORED), false, |_, _| true), Claim::New);
    }

    #[test]
    fn nonsense_in_the_block_decides_nothing() {
        let mut block = registrations(capture_state::STORED);
        block.capture_report_id = "not an id".into();
        assert_eq!(decide(&block, true, |_, _| true), Claim::New);
        let mut block = registrations(capture_state::STORED);
        block.capture_store_path = "relative".into();
        assert_eq!(decide(&block, true, |_, _| true), Claim::TakeOver(ReportId([7; 16])));
    }

    #[test]
    fn only_a_whole_report_counts() {
        let root = std::env::temp_dir().join(format!("wer-claim-{}", std::process::id()));
        let id = ReportId([9; 16]);
        let folder = root.join("ReportQueue").join(format!("AppCrash_x_{id}"));
        std::fs::create_dir_all(&folder).expect("a folder in the temporary directory");
        assert!(!store_holds(&root, id));
        std::fs::write(folder.join("Report.wer"), "x").expect("a file in it");
        assert!(store_holds(&root, id));
        assert!(!store_holds(&root, ReportId([8; 16])));
        std::fs::remove_dir_all(&root).expect("the folder is ours");
    }
}
