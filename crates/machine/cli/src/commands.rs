//! One file per command.

pub(crate) mod config;
pub(crate) mod convert;
pub(crate) mod debug;
pub(crate) mod dump;
pub(crate) mod enroll;
pub(crate) mod events;
pub(crate) mod hang;
pub(crate) mod inspect;
pub(crate) mod module_check;
pub(crate) mod registrations;
pub(crate) mod report_show;
pub(crate) mod reports;
pub(crate) mod run;
pub(crate) mod submit;
