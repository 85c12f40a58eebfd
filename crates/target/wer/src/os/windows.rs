//! Windows: the system reports crashes itself, and has the functions of the same names.

mod strings;

pub(crate) mod crash;
#[cfg(feature = "module")]
pub(crate) mod process;
pub(crate) mod registration;
pub(crate) mod report;
pub(crate) mod store;
