//! Work that goes on beside requests, one file per task. Each ends when the watch channel says so.

pub mod machines;
pub mod old_uploads;
pub mod retention;
pub mod rollup;
