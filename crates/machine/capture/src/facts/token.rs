//! Identity and rights of a process. They change rarely, so they are read before the stop.

use rustix::fs::OFlags;
use wer_snapshot::TokenSnapshot;
use wer_sys::Process;
use wer_sys::procfs::{Status, parse_namespace_link};

use crate::limits::{MAX_NAMESPACES, MAX_SECURITY_LABEL_BYTES};

pub(crate) fn token(process: &Process, status: &Status) -> TokenSnapshot {
    TokenSnapshot {
        uids: status.uids,
        gids: status.gids,
        groups: status.groups.clone(),
        capabilities: status.capabilities,
        no_new_privileges: status.no_new_privileges,
        seccomp: status.seccomp,
        security_label: security_label(process),
        namespaces: namespaces(process),
    }
}

/// Without a security module the kernel answers with an error.
fn security_label(process: &Process) -> String {
    let name = format!("{}attr/current", process.shared_place());
    let label = process.read_limited(&name, MAX_SECURITY_LABEL_BYTES).unwrap_or_default();
    String::from_utf8_lossy(without_end(&label)).into_owned()
}

/// A label without the zero or the newline that some modules end it with.
fn without_end(label: &[u8]) -> &[u8] {
    let length = label.iter().rposition(|byte| !matches!(byte, 0 | b'\n')).map_or(0, |last| last + 1);
    label.get(..length).unwrap_or_default()
}

fn namespaces(process: &Process) -> Vec<(String, u64)> {
    let place = format!("{}ns", process.shared_place());
    let Ok(folder) = process.open_file(&place, OFlags::RDONLY | OFlags::DIRECTORY) else { return Vec::new() };
    let Ok(entries) = rustix::fs::Dir::new(folder) else { return Vec::new() };
    let mut found: Vec<(String, u64)> = entries
        .take(MAX_NAMESPACES)
        .filter_map(|entry| {
            let name = entry.ok()?.file_name().to_str().ok()?.to_owned();
            let inode = parse_namespace_link(process.link(&format!("{place}/{name}"))?.as_bytes())?;
            Some((name, inode))
        })
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_rights_are_known() {
        let me = Process::open(std::process::id()).expect("ours");
        let token = token(&me, &me.status().expect("status"));
        assert_eq!(token.uids[1], rustix::process::geteuid().as_raw());
        assert_eq!(token.gids[1], rustix::process::getegid().as_raw());
        assert!(token.namespaces.is_sorted() && token.namespaces.iter().all(|(_, inode)| *inode > 0));
        assert!(token.namespaces.iter().any(|(name, _)| name == "pid"));
        assert_ne!(token.capabilities.bounding, 0);
    }

    #[test]
    fn labels_end_at_zeros_and_newlines() {
        assert_eq!(without_end(b"unconfined\n"), b"unconfined");
        assert_eq!(without_end(b"a label\0"), b"a label");
        assert_eq!(without_end(b"\0\0"), b"");
    }
}
