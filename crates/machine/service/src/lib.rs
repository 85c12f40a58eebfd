//! `wersvc`: the service of an installed system. It listens on the kernel's coredump socket, starts one
//! `werfault --kernel-socket` per crash, and ends those that exceed their deadline, so that the kernel lets go of the
//! crashed process. It never reads a byte from a crashed process itself.

#![forbid(unsafe_code)]

pub mod limits;
pub mod listener;
pub mod reporters;
pub mod resend;
pub mod settings_watch;
