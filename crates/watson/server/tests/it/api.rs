//! The REST API.

#[path = "api/authorisation.rs"]
mod authorisation;
#[path = "api/collection.rs"]
mod collection;
#[path = "api/document.rs"]
mod document;
#[path = "api/engine.rs"]
mod engine;
#[path = "api/lists.rs"]
mod lists;
