//! Open file descriptors: what Linux has in place of Windows' handles.

/// What a descriptor leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HandleKind {
    /// A regular file.
    File,
    /// A folder.
    Directory,
    /// A character device, a terminal for one.
    CharacterDevice,
    /// A block device.
    BlockDevice,
    /// An anonymous pipe, or a named one.
    Pipe,
    /// A socket of any family.
    Socket,
    /// A file in memory only.
    Memfd,
    /// eventfd.
    Event,
    /// epoll.
    Epoll,
    /// timerfd.
    Timer,
    /// signalfd.
    Signal,
    /// pidfd: another process.
    Process,
    /// Any other object of the kernel.
    Other,
}

impl HandleKind {
    /// The name that the dump uses as the handle's type name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::File => "File",
            Self::Directory => "Directory",
            Self::CharacterDevice => "CharacterDevice",
            Self::BlockDevice => "BlockDevice",
            Self::Pipe => "Pipe",
            Self::Socket => "Socket",
            Self::Memfd => "Memfd",
            Self::Event => "Event",
            Self::Epoll => "Epoll",
            Self::Timer => "Timer",
            Self::Signal => "Signal",
            Self::Process => "Process",
            Self::Other => "Other",
        }
    }
}

/// One open descriptor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandleSnapshot {
    /// Its number.
    pub descriptor: u32,
    /// What it leads to.
    pub kind: HandleKind,
    /// Path as the kernel prints it (`/tmp/a (deleted)`, `pipe:[123]`, `anon_inode:[eventpoll]`).
    pub name: String,
    /// For sockets: family, state and addresses in one line, e.g. "tcp 127.0.0.1:80 -> 127.0.0.1:4711 ESTABLISHED"; for a
    /// pidfd the process. Empty = unknown.
    pub peer: String,
    /// Flags of `open` (`O_RDONLY` 0, `O_WRONLY` 1, `O_RDWR` 2, and the rest).
    pub open_flags: u32,
    /// Position in the file.
    pub offset: u64,
    /// Type and permission bits (`st_mode`).
    pub mode: u32,
    /// Device, `major << 32 | minor`.
    pub device: u64,
    /// Inode.
    pub inode: u64,
    /// Size in bytes, for files.
    pub size: u64,
}
