//! Dialects against a server in this process, with the bytes that clients send.

mod bad_uploads;
mod client;
mod crashpad;
mod curl;
mod door;
mod overload;
mod sentry;
mod socorro;
mod symbols;
mod world;
