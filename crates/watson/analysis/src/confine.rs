//! What the child gives up before it looks at anything: memory and time beyond its limits, core files, being traced,
//! every file but its own and the symbols, the network, and making processes. What the machine refuses to enforce is a
//! note; the limits that are left still hold.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, RestrictionStatus, Ruleset, RulesetAttr, RulesetCreatedAttr,
    RulesetError, RulesetStatus, Scope, path_beneath_rules,
};
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch, apply_filter,
};

use crate::job::{AnalysisJob, Source};

/// The newest rules that are asked for; older kernels enforce what they know.
const LANDLOCK: ABI = ABI::V6;
/// System calls that reading, parsing and answering need. Everything else fails with EPERM.
const ALLOWED_CALLS: [i64; 46] = [
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_pread64,
    libc::SYS_write,
    libc::SYS_pwrite64,
    libc::SYS_writev,
    libc::SYS_lseek,
    libc::SYS_open,
    libc::SYS_openat,
    libc::SYS_close,
    libc::SYS_stat,
    libc::SYS_lstat,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_access,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_readlink,
    libc::SYS_readlinkat,
    libc::SYS_getcwd,
    libc::SYS_fadvise64,
    libc::SYS_copy_file_range,
    libc::SYS_fcntl,
    libc::SYS_poll,
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_futex,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_getrandom,
    libc::SYS_clock_gettime,
    libc::SYS_gettimeofday,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_uname,
    libc::SYS_membarrier,
    libc::SYS_exit,
    libc::SYS_exit_group,
];
/// Calls that are allowed as long as they make nothing executable: their third argument is the protection.
const NOT_EXECUTABLE: [i64; 2] = [libc::SYS_mmap, libc::SYS_mprotect];

/// Gives everything up. Sentences about what could not be enforced.
pub(crate) fn confine(job: &AnalysisJob, folder: &Path) -> Vec<String> {
    let mut notes = Vec::new();
    let mut note = |what: &str, error: &dyn std::fmt::Display| {
        notes.push(format!("The analysis ran without {what}: {error}."));
    };
    let limits = [
        (Resource::As, job.limits.address_space_bytes),
        (Resource::Cpu, job.limits.cpu_seconds),
        (Resource::Core, 0),
        (Resource::Fsize, job.limits.unpacked_bytes),
    ];
    for (resource, value) in limits {
        if let Err(error) = setrlimit(resource, Rlimit { current: Some(value), maximum: Some(value) }) {
            note("one of its limits", &error);
        }
    }
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        note("protection from being traced", &error);
    }
    match restrict_files(job, folder) {
        Ok(status) if status.ruleset == RulesetStatus::NotEnforced => {
            note("Landlock", &"the kernel has none")
        }
        Ok(_) => {}
        Err(error) => note("Landlock", &error),
    }
    if let Err(error) = restrict_calls() {
        note("a system call filter", &error);
    }
    notes
}

fn restrict_files(job: &AnalysisJob, folder: &Path) -> Result<RestrictionStatus, RulesetError> {
    let symbols = job.symbols();
    let mut readable: Vec<PathBuf> = symbols.breakpad_dirs;
    if symbols.read_local {
        readable.extend(symbols.local_roots);
    }
    let (Source::Cab(source) | Source::Dump(source)) = &job.source;
    readable.push(source.clone());
    let mut ruleset = Ruleset::default()
        .handle_access(AccessFs::from_all(LANDLOCK))?
        .handle_access(AccessNet::from_all(LANDLOCK))?
        .scope(Scope::from_all(LANDLOCK))?
        .create()?
        .add_rules(path_beneath_rules(readable, AccessFs::ReadFile | AccessFs::ReadDir))?;
    // Only a cab is unpacked; a dump is read where it is.
    if matches!(job.source, Source::Cab(_)) {
        let unpack: BitFlags<AccessFs> = AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::MakeReg;
        ruleset = ruleset.add_rules(path_beneath_rules([folder], unpack))?;
    }
    ruleset.restrict_self()
}

fn restrict_calls() -> Result<(), Box<dyn std::error::Error>> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = ALLOWED_CALLS.map(|call| (call, Vec::new())).into();
    for call in NOT_EXECUTABLE {
        let executable = libc::PROT_EXEC as u64;
        let condition =
            SeccompCondition::new(2, SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(executable), 0)?;
        rules.insert(call, vec![SeccompRule::new(vec![condition])?]);
    }
    // `abort` sends a signal to its own thread.
    let own = u64::from(std::process::id());
    let to_itself = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, own)?;
    rules.insert(libc::SYS_tgkill, vec![SeccompRule::new(vec![to_itself])?]);
    let refuse = SeccompAction::Errno(libc::EPERM as u32);
    let filter = SeccompFilter::new(rules, refuse, SeccompAction::Allow, TargetArch::x86_64)?;
    let program: BpfProgram = filter.try_into()?;
    Ok(apply_filter(&program)?)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::ErrorKind;
    use std::net::{TcpListener, UdpSocket};
    use std::process::Command;

    use super::*;

    /// Landlock and the filter hold for one thread, so a thread of this process can be confined.
    #[test]
    fn a_confined_thread_has_its_own_files_only() {
        let work = tempfile::tempdir().unwrap();
        let (folder, symbols) = (work.path().join("folder"), work.path().join("symbols"));
        fs::create_dir(&folder).unwrap();
        fs::create_dir(&symbols).unwrap();
        fs::write(symbols.join("a.sym"), "MODULE").unwrap();
        fs::write(work.path().join("a.cab"), "cab").unwrap();
        fs::write(work.path().join("secret"), "secret").unwrap();
        let mut job = AnalysisJob::new(Source::Cab(work.path().join("a.cab")), work.path().to_owned());
        job.breakpad_dirs.push(symbols.clone());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let work_path = work.path().to_owned();
        std::thread::spawn(move || {
            assert_eq!(restrict_files(&job, &folder).unwrap().ruleset, RulesetStatus::FullyEnforced);
            restrict_calls().unwrap();
            assert_eq!(fs::read(work_path.join("a.cab")).unwrap(), b"cab");
            assert_eq!(fs::read(symbols.join("a.sym")).unwrap(), b"MODULE");
            fs::write(folder.join("out"), "x").unwrap();
            let refused =
                |result: std::io::Result<()>| result.unwrap_err().kind() == ErrorKind::PermissionDenied;
            assert!(refused(fs::read(work_path.join("secret")).map(drop)));
            assert!(refused(fs::read("/etc/passwd").map(drop)));
            assert!(refused(fs::write(symbols.join("b.sym"), "x")));
            assert!(refused(fs::write(work_path.join("a.cab"), "x")));
            assert!(refused(std::os::unix::fs::symlink("/etc", folder.join("link"))));
            assert!(refused(std::net::TcpStream::connect(address).map(drop)));
            assert!(refused(UdpSocket::bind("127.0.0.1:0").map(drop)));
            assert!(Command::new("/bin/true").spawn().is_err());
            assert!(std::thread::Builder::new().spawn(|| ()).is_err());
        })
        .join()
        .unwrap();
    }
}
