//! Limits of the fork snapshot: what it may cost the process that it is taken of.

use std::time::Duration;

/// How long threads inside an uninterruptible call are waited for; the others stand meanwhile.
pub(crate) const UNINTERRUPTIBLE_PATIENCE: Duration = Duration::from_millis(50);
/// How long the chosen thread may take to begin the injected system call. A frozen one never does.
pub(crate) const ENTRY_DEADLINE: Duration = Duration::from_millis(500);
/// How long a killed copy may take to end: it gives back its page tables meanwhile.
pub(crate) const END_DEADLINE: Duration = Duration::from_secs(30);
/// How long one thread is waited for to stop, when the dead copy is to be reaped.
pub(crate) const REAP_STOP_DEADLINE: Duration = Duration::from_millis(200);
/// Times that a thread is looked for to reap the dead copy.
pub(crate) const MAX_REAP_ROUNDS: usize = 20;
/// Threads that are tried in one such round.
pub(crate) const MAX_REAP_THREADS: usize = 8;
/// Threads that are tried for the clone.
pub(crate) const MAX_SEATS: usize = 8;
/// Times that a system call is injected again after a signal came between.
pub(crate) const MAX_ATTEMPTS: usize = 8;
/// Times that a thread is stopped by others before it gets to its injected system call.
pub(crate) const MAX_STOPS: usize = 64;
/// Bytes of code searched for the two pieces that an injection needs; glibc has both in its first MiB.
pub(crate) const MAX_SEARCHED_BYTES: u64 = 64 << 20;
/// Bytes of `smaps` that are read; a mapping takes about 700.
pub(crate) const MAX_SMAPS_BYTES: u64 = 256 << 20;
/// Bytes that are copied while the process stands, at about 4 GiB/s. The rest is read later and may be newer.
pub(crate) const MAX_COPIED_BYTES: u64 = 256 << 20;
/// Bytes of these that are kept in memory; the rest goes to an unlinked temporary file.
pub(crate) const MAX_COPIED_IN_MEMORY_BYTES: usize = 16 << 20;
/// Bytes copied at once.
pub(crate) const COPY_STEP_BYTES: usize = 1 << 20;
/// Mappings up to which those of the process and of its copy are compared while it stands; beyond that, those that a
/// fork leaves out are known from `smaps` alone.
pub(crate) const MAX_COMPARED_REGIONS: usize = 4096;
/// Processes that the target's cgroups must have room for beside the copy.
pub(crate) const PIDS_HEADROOM: u64 = 8;
/// Memory that must be free for the copy: page tables, and this part of the target's own pages, because the target
/// makes a new page for each one that it writes to while the copy exists.
pub(crate) const REWRITTEN_DIVISOR: u64 = 4;
/// Bytes that must be free beyond that.
pub(crate) const MEMORY_HEADROOM_BYTES: u64 = 32 << 20;
/// Bytes read of one small file of a cgroup.
pub(crate) const MAX_CGROUP_FILE_BYTES: u64 = 64 << 10;
/// Cgroups nested into each other that are looked at.
pub(crate) const MAX_CGROUP_DEPTH: usize = 64;
