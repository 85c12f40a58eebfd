//! Runtime exception modules: asks the handler modules that a crashed process registered, each in a process of its own.
//!
//! Stands between the snapshot and the dump. [`run_modules`] runs in `werfault`; [`host_main`] is the other side, in
//! `werfault --module-host`, which loads one module and calls its three exports. Rules and decisions:
//! `docs/modules.md`.
//!
//! - [`run`]: the asking side. [`run::conversation`] is its judgement, a pure state machine over the host's packets.
//! - [`host`]: the asked side. The only code here that runs a module's code, after giving up every right.
//! - [`protocol`]: the packets between the two.
//! - [`check`]: looks at a module's file without loading it.
//!
//! Must never: load a module in `werfault` itself, let a module run past its deadline, or believe a host.

pub mod check;
pub mod host;
pub mod limits;
pub mod protocol;
pub mod run;

pub use check::{CheckError, ModuleCheck, check_module};
pub use host::host_main;
pub use run::conversation::verdict_of_packets;
pub use run::{DumpRequest, ModuleRequest, ModuleRun, ModulesAsked, WriteDump, ask_modules, run_modules};
