//! Limits on what is looked at for one hang.

/// Links of one chain.
pub const MAX_LINKS: usize = 32;
/// Processes or threads named as what one thread waits on.
pub const MAX_WAITED_ON: usize = 16;
/// Threads of the process whose chains are walked in search of a deadlock.
pub const MAX_THREADS: usize = 1024;
/// Processes whose descriptors are searched for the other end of a pipe or socket.
pub const MAX_PROCESSES: usize = 32_768;
/// Descriptors looked at per process.
pub const MAX_DESCRIPTORS: usize = 4096;
/// Lines read of `/proc/locks`.
pub const MAX_LOCKS: usize = 65_536;
/// Bytes read of `/proc/locks`.
pub const MAX_LOCKS_BYTES: u64 = 8 << 20;
/// Descriptors of one `poll`, `select` or `epoll` whose other ends are looked for.
pub const MAX_POLLED: usize = 64;
/// Bytes read of the `fdinfo` of an epoll descriptor, or of one with locks.
pub const MAX_FDINFO_BYTES: usize = 64 << 10;
/// Bytes of one `sock_diag` answer.
pub const MAX_DIAG_BYTES: usize = 4096;
/// Users that a mutex is believed to have.
pub const MAX_MUTEX_USERS: u32 = 1 << 20;
