//! Dialects against a server in this process, with the bytes that clients send.

mod bad_uploads;
mod cer2;
mod client;
mod crashpad;
mod curl;
mod door;
mod overload;
mod privacy;
mod real;
mod recorded;
mod sentry;
mod sentry_cli;
mod socorro;
mod symbols;
mod world;
