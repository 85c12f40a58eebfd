//! The part of the system that lives inside the application, shared by the Rust crate `wer`, `libwer.so` and
//! `libwer-preload.so`: what the application registers about itself, and what happens in it when it crashes.
//!
//! It stands at the very start of the pipeline: [`registration`] writes a block of memory that others read from
//! outside, and [`crash`] starts `werfault`, which does everything else in another process.
//!
//! Must never: start a thread (except that of a watchdog, where the application starts one), keep a descriptor open, print
//! (except one line in a dying process whose report failed), or make a system call in a registration function after the
//! first one.

pub mod crash;
mod fork_mutex;
mod maps;
pub mod registration;
pub mod report;
pub mod store;
mod unloading;

pub use fork_mutex::ForkMutex;
pub use unloading::watch_close;
