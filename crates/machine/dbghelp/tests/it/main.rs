//! Dumps of real processes, of others and of the own one.

mod other;
mod own;
mod support;
