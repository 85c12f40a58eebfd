//! What the client does in real processes: registration seen from outside, and crashes seen by the parent.
#![expect(unsafe_code, reason = "traces a process, reads memory by address")]

mod crash;
mod registration;
mod traced;
mod victim;
