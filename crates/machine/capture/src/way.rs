//! The ways to a [`crate::Capture`], one file each.

pub(crate) mod in_application;
pub(crate) mod kernel;
pub(crate) mod live;
