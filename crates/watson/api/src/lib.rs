//! watson for programs: REST below `/api/v1`, described by an OpenAPI document that is made from the same functions that
//! answer (`GET /api/v1/openapi.json`, and `docs/watson/openapi.json`). Everything that an administrator sets or sees goes
//! through here; machines report elsewhere (`watson-intake`).
//!
//! One file per resource. Each answers values of its own, so that the store can change below them. Who asks is decided
//! by the server, which puts a [`Granted`] into the request; each function here demands a [`Scope`] of it.

#![forbid(unsafe_code)]

pub mod access;
mod accounts;
mod audit;
mod bucket_lists;
mod bucket_machines;
mod buckets;
mod debug_files;
mod document;
mod input;
mod jobs;
pub mod limits;
mod machine_data;
mod machines;
mod moment;
mod names;
mod old_paths;
mod page;
mod policies;
mod privacy;
mod problem;
mod products;
pub mod quotas;
mod reports;
mod retention;
mod router;
mod scopes;
mod solutions;
mod storage;
mod tenants;
mod tokens;

pub use access::{Granted, Scope, scopes_of};
pub use document::{document, document_text};
pub use router::{Api, HashPassword, router};
