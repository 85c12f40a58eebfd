//! Commands as people run them.

mod inspect;
