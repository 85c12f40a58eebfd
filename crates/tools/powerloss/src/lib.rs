//! A file system that loses power: what was not synced is forgotten, in part or whole, and the last write may be torn.
//!
//! A test mounts a [`Disk`], lets the program under test work on it, cuts the power at any step, kills the program, and
//! mounts what a restart finds. A sync that the program does not make, or that the disk was told to ignore, shows.
//!
//! Rules, stricter than any one real file system:
//! - A file's bytes are kept by `fsync` or `fdatasync` of the file. Of later writes, a beginning may be kept, in order; the
//!   write after it may be torn at a sector of 512 bytes.
//! - A name is kept by `fsync` of its folder. Of later changes of that folder, a beginning may be kept, in order.
//!   A rename within a folder is one change; between folders it is one in each.

#![forbid(unsafe_code)]

mod disk;
mod file;
mod folder;
mod mount;
mod tree;

pub use disk::{Disk, Syncs};
pub use mount::Mount;
