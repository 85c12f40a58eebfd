//! What a process may do: Linux' counterpart of an access token.

/// Identity and rights of a process (`/proc/PID/status`, `attr/current`, `ns/`).
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct TokenSnapshot {
    /// Real, effective, saved, file system user.
    pub uids: [u32; 4],
    /// Real, effective, saved, file system group.
    pub gids: [u32; 4],
    /// Supplementary groups.
    pub groups: Vec<u32>,
    /// Capability sets.
    pub capabilities: Capabilities,
    /// `NoNewPrivs`.
    pub no_new_privileges: bool,
    /// `Seccomp`: 0 none, 1 strict, 2 filter.
    pub seccomp: u32,
    /// Label of SELinux, AppArmor or another security module; empty = none.
    pub security_label: String,
    /// Namespace kind and inode, e.g. ("pid", 4026531836), in the order of their names.
    pub namespaces: Vec<(String, u64)>,
}

/// Capability sets, a bit per capability.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the sets' own names")]
pub struct Capabilities {
    pub inheritable: u64,
    pub permitted: u64,
    pub effective: u64,
    pub bounding: u64,
    pub ambient: u64,
}
