//! Real programs that really crash, one per kind of crash, and what is true of each: how it ends, which exception that
//! is, which function crashed. The end-to-end tests and the demo run them; nothing here knows how they are captured.
//!
//! The programs are sources under `src/c`, `src/cpp` and `src/rust`, compiled by [`Crashers::build`] into
//! `target/crashers` with the machine's own compilers, as a user's programs are. Each comes in two [`Flavour`]s.
//! Beside them stand programs that live, for dumps of living processes ([`LivingKind`]).

#![forbid(unsafe_code)]

mod build;
mod catalogue;
mod kind;
mod living;
mod samples;
mod targets;

pub use build::{BuildError, Crashers};
pub use catalogue::{KINDS, kind};
pub use kind::{Ending, Flavour, Kind, Language, Linking};
pub use living::LivingKind;
pub use samples::Sample;
pub use targets::{TargetError, Targets};
