//! The REST API.

#[path = "api/accounts.rs"]
pub(crate) mod accounts;
#[path = "api/authorisation.rs"]
mod authorisation;
#[path = "api/collection.rs"]
pub(crate) mod collection;
#[path = "api/commands.rs"]
mod commands;
#[path = "api/document.rs"]
mod document;
#[path = "api/engine.rs"]
mod engine;
#[path = "api/lists.rs"]
mod lists;
#[path = "api/parts.rs"]
mod parts;
#[path = "api/schema.rs"]
mod schema;
#[path = "api/told.rs"]
mod told;
#[path = "api/visible.rs"]
mod visible;
