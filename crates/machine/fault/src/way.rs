//! The ways in which a crash reaches `werfault`, one file each.

pub mod arguments;
pub mod in_application;
pub mod kernel;
pub mod start;
