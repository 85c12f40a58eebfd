//! Why the kernel does not let us read or stop a process, and what to do about it.
//!
//! [`advice`] decides, purely, by what `/proc` shows to everybody. It stands behind every way that asks a living process;
//! it must never guess where it could look.

use std::fs;

use wer_sys::Process;

use crate::error::CaptureError;

/// `CAP_SYS_PTRACE`.
const CAP_SYS_PTRACE: u64 = 1 << 19;

/// What matters for the kernel's decision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Situation {
    /// Our effective user.
    pub(crate) our_uid: u32,
    /// Our effective capabilities.
    pub(crate) our_capabilities: u64,
    /// The process's effective user, and its permitted capabilities; `None` = not to be seen.
    pub(crate) target: Option<(u32, u64)>,
    /// Owner of the files below `/proc/PID`: root where the process is not dumpable.
    pub(crate) owner: Option<u32>,
    /// `kernel.yama.ptrace_scope`; `None` without Yama.
    pub(crate) yama_scope: Option<u32>,
}

impl Situation {
    fn of(pid: u32) -> Self {
        let ours = Process::open(std::process::id()).and_then(|us| us.status()).ok();
        let process = Process::open(pid).ok();
        let status = process.as_ref().and_then(|process| process.status().ok());
        let stat = |process: &Process| {
            rustix::fs::statat(process.directory(), "mem", rustix::fs::AtFlags::SYMLINK_NOFOLLOW).ok()
        };
        let owner = process.as_ref().and_then(stat);
        let scope = fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope");
        Self {
            our_uid: ours.as_ref().map_or(0, |us| us.uids[1]),
            our_capabilities: ours.as_ref().map_or(0, |us| us.capabilities.effective),
            target: status.map(|status| (status.uids[1], status.capabilities.permitted)),
            owner: owner.map(|stat| stat.st_uid),
            yama_scope: scope.ok().and_then(|text| text.trim().parse().ok()),
        }
    }
}

/// What to do so that the process may be captured.
pub(crate) fn advice(situation: &Situation) -> String {
    const GIVE: &str = "run as root, or give this program the capability CAP_SYS_PTRACE";
    let Situation { our_uid, our_capabilities, target, owner, yama_scope } = *situation;
    if our_capabilities & CAP_SYS_PTRACE != 0 {
        let yama = if yama_scope == Some(3) { "kernel.yama.ptrace_scope is 3, or " } else { "" };
        return format!(
            "although we have CAP_SYS_PTRACE: {yama}a security module (SELinux, AppArmor) forbids it, or the process \
             lives in a user namespace above ours; run outside of the container"
        );
    }
    let Some((uid, capabilities)) = target else {
        return format!("nothing of it can be seen (is /proc mounted with hidepid?): {GIVE}");
    };
    if uid != our_uid {
        return format!("it belongs to user {uid} and we are user {our_uid}: run as that user, {GIVE}");
    }
    if owner.is_some_and(|owner| owner != uid) {
        return format!(
            "it is not dumpable: it asked for that (PR_SET_DUMPABLE), runs with rights that its user does not have, or \
             its program may not be read: {GIVE}"
        );
    }
    if capabilities & !our_capabilities != 0 {
        return format!("it has capabilities that we do not have: {GIVE}");
    }
    match yama_scope {
        Some(1) => format!(
            "kernel.yama.ptrace_scope is 1, so only a process's ancestors may look into it: let it call \
             prctl(PR_SET_PTRACER), set the scope to 0 (sysctl kernel.yama.ptrace_scope=0), {GIVE}"
        ),
        Some(2) => format!("kernel.yama.ptrace_scope is 2: {GIVE}"),
        Some(3) => {
            "kernel.yama.ptrace_scope is 3: nobody may look into a process until the machine is started \
                    again with another scope"
                .into()
        }
        _ => format!("a security module forbids it, or it lives in another user namespace: {GIVE}"),
    }
}

/// Adds what to do to an error that says that the kernel refused.
pub(crate) fn explained(error: CaptureError) -> CaptureError {
    match error {
        CaptureError::NotPermitted { pid, what } => {
            let advice = advice(&Situation::of(pid));
            let what = what.trim_end_matches('.');
            CaptureError::NotPermitted { pid, what: format!("{advice} ({what} was refused)") }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: Situation = Situation {
        our_uid: 1000,
        our_capabilities: 0,
        target: Some((1000, 0)),
        owner: Some(1000),
        yama_scope: None,
    };

    #[test]
    fn every_reason_comes_with_a_way_out() {
        let table = [
            (Situation { target: Some((7, 0)), owner: Some(7), ..OURS }, "user 7", "run as that user"),
            (Situation { owner: Some(0), ..OURS }, "not dumpable", "CAP_SYS_PTRACE"),
            (Situation { target: Some((1000, 1 << 12)), ..OURS }, "capabilities that we do not have", "root"),
            (Situation { yama_scope: Some(1), ..OURS }, "ptrace_scope is 1", "PR_SET_PTRACER"),
            (Situation { yama_scope: Some(2), ..OURS }, "ptrace_scope is 2", "CAP_SYS_PTRACE"),
            (Situation { yama_scope: Some(3), ..OURS }, "ptrace_scope is 3", "started again"),
            (Situation { target: None, ..OURS }, "hidepid", "CAP_SYS_PTRACE"),
            (OURS, "user namespace", "CAP_SYS_PTRACE"),
            (Situation { our_capabilities: CAP_SYS_PTRACE, ..OURS }, "although", "outside of the container"),
        ];
        for (situation, reason, way_out) in table {
            let text = advice(&situation);
            assert!(text.contains(reason) && text.contains(way_out), "{situation:?}: {text}");
        }
    }

    #[test]
    fn other_errors_stay_as_they_are() {
        assert!(matches!(
            explained(CaptureError::TargetGone { pid: 1 }),
            CaptureError::TargetGone { pid: 1 }
        ));
    }
}
