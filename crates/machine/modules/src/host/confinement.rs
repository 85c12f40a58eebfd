//! Giving up every right before the module is touched.
//!
//! Giving up another user's rights must work, or the module is not loaded. The rest is taken as far as the kernel
//! gives it; what it refuses is told.

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};
use rustix::process::{
    DumpableBehavior, Gid, Pid, Resource, Rlimit, Signal, Uid, getegid, geteuid, getgid, getppid, getuid,
    set_dumpable_behavior, set_parent_process_death_signal, setrlimit,
};
use rustix::thread::{
    CapabilitySet, CapabilitySets, set_capabilities, set_no_new_privs, set_thread_groups, set_thread_res_gid,
    set_thread_res_uid,
};

use wer_abi::module_host::FOLDER_DESCRIPTOR;

use super::{signals, syscall_filter};
use crate::limits::{HOST_ADDRESS_SPACE_BYTES, HOST_DESCRIPTORS, MAX_MODULE_FILES_BYTES};
use crate::protocol::Job;

/// The module's folder, by its descriptor: a host need not be able to reach it by its name.
pub(crate) const FOLDER_PATH: &str = "/proc/self/fd/6";
const _: () = assert!(FOLDER_DESCRIPTOR == 6);

/// A right that could not be given up.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConfinementError {
    /// The identity.
    #[error("user {uid} and group {gid} cannot be taken on: {error}")]
    Identity { uid: u32, gid: u32, error: rustix::io::Errno },
    /// Root could be had back.
    #[error("it could become root again")]
    Reversible,
    /// A step that every kernel has.
    #[error("{step} failed: {error}")]
    Step { step: &'static str, error: rustix::io::Errno },
    /// The process that wants the answer is gone.
    #[error("werfault has ended")]
    Orphaned,
}

/// Confines this process, which must have one thread. Returns sentences on what the kernel refused.
pub(super) fn enter(job: &Job) -> Result<Vec<String>, ConfinementError> {
    signals::reset_fault_handlers();
    become_user(job.uid, job.gid)?;
    step("no_new_privs", set_no_new_privs(true))?;
    // After the change of user, which resets both.
    step("PR_SET_DUMPABLE", set_dumpable_behavior(DumpableBehavior::NotDumpable))?;
    step("PR_SET_PDEATHSIG", set_parent_process_death_signal(Some(Signal::KILL)))?;
    if Pid::as_raw(getppid()).cast_unsigned() != job.parent_pid {
        return Err(ConfinementError::Orphaned);
    }
    limit_resources(job.cpu_seconds)?;
    let mut refused = Vec::new();
    refused.extend(confine_files(job.has_folder));
    refused.extend(
        syscall_filter::install().err().map(|error| format!("its system calls were not filtered: {error}")),
    );
    Ok(refused)
}

fn step(step: &'static str, result: rustix::io::Result<()>) -> Result<(), ConfinementError> {
    result.map_err(|error| ConfinementError::Step { step, error })
}

/// Takes on the crashed process's identity, without supplementary groups and capabilities.
fn become_user(uid: u32, gid: u32) -> Result<(), ConfinementError> {
    let identity = |error| ConfinementError::Identity { uid, gid, error };
    if geteuid().is_root() {
        set_thread_groups(&[]).map_err(identity)?;
    }
    let (user, group) = (Uid::from_raw(uid), Gid::from_raw(gid));
    if [getgid(), getegid()] != [group; 2] || geteuid().is_root() {
        set_thread_res_gid(group, group, group).map_err(identity)?;
    }
    if [getuid(), geteuid()] != [user; 2] || geteuid().is_root() {
        set_thread_res_uid(user, user, user).map_err(identity)?;
    }
    let none = CapabilitySet::empty();
    let sets = CapabilitySets { effective: none, permitted: none, inheritable: none };
    step("giving up capabilities", set_capabilities(None, sets))?;
    if uid != 0 && set_thread_res_uid(Uid::ROOT, Uid::ROOT, Uid::ROOT).is_ok() {
        return Err(ConfinementError::Reversible);
    }
    Ok(())
}

fn limit_resources(cpu_seconds: u64) -> Result<(), ConfinementError> {
    let limits = [
        (Resource::As, HOST_ADDRESS_SPACE_BYTES),
        (Resource::Cpu, cpu_seconds),
        (Resource::Core, 0),
        (Resource::Fsize, MAX_MODULE_FILES_BYTES),
        (Resource::Nofile, HOST_DESCRIPTORS),
    ];
    for (resource, most) in limits {
        let limit = Rlimit { current: Some(most), maximum: Some(most) };
        step("setrlimit", setrlimit(resource, limit))?;
    }
    Ok(())
}

/// Landlock: files can be read, nothing can be written, made or removed but files in the module's own folder; no TCP; no
/// signal and no abstract socket leaves the host. It also keeps the host from other processes' memory, as `ptrace` would
/// reach it.
fn confine_files(has_folder: bool) -> Option<String> {
    match restrict(has_folder) {
        Ok(RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced) => None,
        Ok(RulesetStatus::NotEnforced) => {
            Some("its file system was not made read-only: this kernel has no Landlock".to_owned())
        }
        Err(error) => Some(format!("its file system was not made read-only: {error}")),
    }
}

fn restrict(has_folder: bool) -> Result<RulesetStatus, RulesetError> {
    // The newest level whose rights are named here; an older kernel enforces what it knows.
    let abi = ABI::V6;
    let ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(abi))?
        .handle_access(AccessNet::from_all(abi))?
        .scope(Scope::from_all(abi))?
        .create()?;
    let ruleset = match PathFd::new("/") {
        Ok(root) => ruleset.add_rule(PathBeneath::new(root, AccessFs::ReadFile | AccessFs::ReadDir))?,
        // Without the rule nothing can be read, and the module will not load; that is safe, and said by the loader.
        Err(_) => ruleset,
    };
    let folder = has_folder.then(|| PathFd::new(FOLDER_PATH).ok()).flatten();
    let ruleset = match folder {
        Some(folder) => {
            let files = AccessFs::WriteFile | AccessFs::Truncate | AccessFs::MakeReg | AccessFs::RemoveFile;
            ruleset.add_rule(PathBeneath::new(folder, files))?
        }
        None => ruleset,
    };
    Ok(ruleset.restrict_self()?.ruleset)
}
