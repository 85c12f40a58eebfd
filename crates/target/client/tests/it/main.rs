//! What the client does in real processes: registration seen from outside, and crashes seen by the parent.
#![expect(unsafe_code, reason = "traces a process, reads memory by address")]

mod after_a_crash;
mod asking;
mod crash;
mod recovery;
mod registration;
mod traced;
mod victim;
