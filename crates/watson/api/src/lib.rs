//! watson for programs: REST below `/api/v1`, described by an OpenAPI document that is made from the same functions that
//! answer (`GET /api/v1/openapi.json`, and `docs/watson/openapi.json`). Everything that an administrator sets or sees goes
//! through here; machines report elsewhere (`watson-intake`).
//!
//! One file per resource. Each answers values of its own, so that the store can change below them. Who asks is decided
//! by the server, which puts a [`Granted`] into the request; each function here demands a [`Scope`] of it.

#![forbid(unsafe_code)]
#![allow(dead_code, reason = "what the next resources need is here before them")]

pub mod access;
mod buckets;
mod document;
mod input;
pub mod limits;
mod moment;
mod old_paths;
mod page;
mod problem;
mod reports;
mod router;

pub use access::{Granted, Scope};
pub use document::{document, document_text};
pub use router::{Api, router};
