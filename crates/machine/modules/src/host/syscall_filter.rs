//! The system calls that a host may not make, as seccomp filters over everything it will ever run.
//!
//! A list of refusals, not of permissions: a module is anybody's library with anybody's allocator and threads. What is
//! refused is what reaches out of the process: new programs and processes, sockets, signals and memory of others,
//! the kernel's administration, and the modes and owners of files, which Landlock does not know.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen as Width, SeccompCmpOp as Op, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch, sock_filter,
};

/// Refused whatever the arguments.
const REFUSED: &[i64] = &[
    // New programs and processes; threads are made by clone, below.
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_fork,
    libc::SYS_vfork,
    libc::SYS_setsid,
    libc::SYS_setpgid,
    // The network, and local services that could act for the module.
    libc::SYS_socket,
    libc::SYS_io_uring_setup,
    // Other processes.
    libc::SYS_ptrace,
    libc::SYS_tkill,
    libc::SYS_pidfd_getfd,
    libc::SYS_pidfd_send_signal,
    libc::SYS_process_madvise,
    libc::SYS_kcmp,
    libc::SYS_setpriority,
    // Modes, owners, times and attributes of files.
    libc::SYS_chmod,
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    SYS_FCHMODAT2,
    libc::SYS_chown,
    libc::SYS_fchown,
    libc::SYS_lchown,
    libc::SYS_fchownat,
    libc::SYS_utime,
    libc::SYS_utimes,
    libc::SYS_utimensat,
    libc::SYS_futimesat,
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_fsetxattr,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    libc::SYS_fremovexattr,
    // The kernel.
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_open_tree,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_open_by_handle_at,
    libc::SYS_quotactl,
    libc::SYS_syslog,
];

/// Calls whose first argument is a pid: only this process's own.
const ONLY_MYSELF: &[i64] = &[
    libc::SYS_kill,
    libc::SYS_tgkill,
    libc::SYS_rt_sigqueueinfo,
    libc::SYS_rt_tgsigqueueinfo,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
];

/// Options of `prctl` that would undo what was just done.
const REFUSED_PRCTL: &[i32] =
    &[libc::PR_SET_DUMPABLE, libc::PR_SET_PDEATHSIG, libc::PR_SET_PTRACER, libc::PR_SET_MM];

/// Terminal controls that type into, or change, the terminal behind standard error.
const REFUSED_IOCTL: &[u64] = &[libc::TIOCSTI, TIOCLINUX];

/// fchmodat2 is younger than the libc crate's list.
const SYS_FCHMODAT2: i64 = 452;
const TIOCLINUX: u64 = 0x541C;
/// Bit of the x32 calls, which the filters by number would not match.
const X32_BIT: u32 = 0x4000_0000;

/// Installs the filters. They hold for every thread from now on.
pub(super) fn install() -> Result<(), seccompiler::Error> {
    let rules = rules(std::process::id()).map_err(seccompiler::Error::Backend)?;
    let refuse = SeccompAction::Errno(libc::EPERM as u32);
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, refuse, TargetArch::x86_64)
        .map_err(seccompiler::Error::Backend)?;
    let program = BpfProgram::try_from(filter).map_err(seccompiler::Error::Backend)?;
    seccompiler::apply_filter(&x32_and_clone3())?;
    seccompiler::apply_filter(&program)
}

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

fn rules(pid: u32) -> Result<Rules, seccompiler::BackendError> {
    let mut rules: Rules = REFUSED.iter().map(|call| (*call, Vec::new())).collect();
    let pid = u64::from(pid);
    for call in ONLY_MYSELF {
        rules.insert(*call, vec![when(0, Op::Ne, pid)?]);
    }
    // A new thread shares the process; anything else is a new process.
    let thread = libc::CLONE_THREAD as u64;
    rules.insert(libc::SYS_clone, vec![when(0, Op::MaskedEq(thread), 0)?]);
    let prctl = REFUSED_PRCTL.iter().map(|option| when(0, Op::Eq, *option as u64));
    rules.insert(libc::SYS_prctl, prctl.collect::<Result<_, _>>()?);
    let ioctl = REFUSED_IOCTL.iter().map(|request| when(1, Op::Eq, *request));
    rules.insert(libc::SYS_ioctl, ioctl.collect::<Result<_, _>>()?);
    Ok(rules)
}

fn when(argument: u8, operator: Op, value: u64) -> Result<SeccompRule, seccompiler::BackendError> {
    SeccompRule::new(vec![SeccompCondition::new(argument, Width::Dword, operator, value)?])
}

/// Refuses the x32 calls; answers clone3 with ENOSYS, so that the C library falls back to clone, whose flags a filter
/// can see.
fn x32_and_clone3() -> BpfProgram {
    const LOAD_NUMBER: u16 = 0x20;
    const JUMP_IF_EQUAL: u16 = 0x15;
    const JUMP_IF_AT_LEAST: u16 = 0x35;
    const RETURN: u16 = 0x06;
    let answer = |action: SeccompAction| sock_filter { code: RETURN, jt: 0, jf: 0, k: action.into() };
    vec![
        sock_filter { code: LOAD_NUMBER, jt: 0, jf: 0, k: 0 },
        sock_filter { code: JUMP_IF_AT_LEAST, jt: 2, jf: 0, k: X32_BIT },
        sock_filter { code: JUMP_IF_EQUAL, jt: 2, jf: 0, k: libc::SYS_clone3 as u32 },
        answer(SeccompAction::Allow),
        answer(SeccompAction::Errno(libc::EPERM as u32)),
        answer(SeccompAction::Errno(libc::ENOSYS as u32)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filters_compile_and_fit() {
        let rules = rules(1234).unwrap();
        let refuse = SeccompAction::Errno(libc::EPERM as u32);
        let filter = SeccompFilter::new(rules, SeccompAction::Allow, refuse, TargetArch::x86_64).unwrap();
        let program = BpfProgram::try_from(filter).unwrap();
        assert!(program.len() < 4096, "{}", program.len());
    }
}
