//! The ways to a [`crate::Capture`], one file each.

pub(crate) mod core_file;
pub(crate) mod fork_snapshot;
pub(crate) mod in_application;
pub(crate) mod kernel;
pub(crate) mod live;
pub(crate) mod own_process;
pub(crate) mod running;
