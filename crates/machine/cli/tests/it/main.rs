//! Commands as people run them.

mod convert;
mod dump;
mod inspect;
mod module;
