//! The REST API over real sockets.

#[path = "api/document.rs"]
mod document;
