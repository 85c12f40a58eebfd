//! Where the two systems part: on Linux the client of this project, on Windows the functions of the system itself, under
//! one interface.
//!
//! `registration`, `crash`, `report`, `store`: what an application says and asks. `process`: what a module does with the crashed process.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(windows)]
mod windows;

#[cfg(target_os = "linux")]
pub(crate) use linux::*;
#[cfg(windows)]
pub(crate) use windows::*;
