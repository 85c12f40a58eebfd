//! Commands as people run them.

mod config;
mod convert;
mod dump;
mod inspect;
mod manual;
mod module;
