//! Chains of real processes that hang.

mod ends;
mod files_and_children;
mod hanging;
mod memory_locks;
mod namespaces;
