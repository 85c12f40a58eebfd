//! Commands as people run them.

mod dump;
mod inspect;
