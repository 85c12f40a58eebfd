//! The REST API.

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
#[path = "api/schema.rs"]
mod schema;
#[path = "api/told.rs"]
mod told;
