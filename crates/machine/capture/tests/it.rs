//! Captures of real processes, each started by its own test.

#[path = "it/core_file.rs"]
mod core_file;
#[path = "it/facts.rs"]
mod facts;
#[path = "it/fork_snapshot.rs"]
mod fork_snapshot;
#[path = "it/in_application.rs"]
mod in_application;
#[path = "it/kernel.rs"]
mod kernel;
#[path = "it/live.rs"]
mod live;
#[path = "it/program.rs"]
mod program;
#[path = "it/scale.rs"]
mod scale;
#[path = "it/sources.rs"]
mod sources;
#[path = "it/trace.rs"]
mod trace;
