//! What end-to-end tests and the demo stand on: a machine of their own in a temporary folder ([`Sandbox`]), the
//! crashing programs, the commands under test, a server, and readers of dumps that share no code with our own.
//!
//! Nothing here belongs to the product, and no part of the product is linked in: everything is done to real
//! executables, over their command lines, files and sockets.

#![forbid(unsafe_code)]

pub mod addresses;
pub mod built;
pub mod core_pattern;
pub mod living;
pub mod lldb;
pub mod max_map_count;
pub mod minidump_reader;
pub mod process;
pub mod readers;
pub mod sandbox;
pub mod service;
pub mod wait;
pub mod watson;

pub use built::Built;
pub use core_pattern::CorePattern;
pub use living::Living;
pub use max_map_count::MaxMapCount;
pub use process::{Ended, Guard};
pub use readers::Reader;
pub use sandbox::{Sandbox, SandboxOptions, Store};
pub use service::Service;
pub use wait::wait_for;
pub use watson::Watson;
pub use wer_crasher as crasher;
