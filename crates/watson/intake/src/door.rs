//! The door in front of the HTTP library: looks at each request's head before the library does. A head passes byte for
//! byte, is normalised, or is refused. Pure: bytes in, verdict out.
//!
//! Two forms are normalised, which named clients send and the library refuses; the connection ends with such a request:
//! 1. `HTTP/1.0` with `Transfer-Encoding: chunked` (Crashpad built for raw sockets) becomes `HTTP/1.1`.
//! 2. `PUT` of a target that begins with `\` or `DumpFile=` (examples of MS-CER2) gets slashes and a leading one.
//!
//! Leniency must not let one string of bytes mean two things to two readers (a proxy, the library, this). So whatever
//! readers are known to disagree on is refused here, for every client: two lengths, a length and chunks, folded lines,
//! line ends without CR, blanks before a colon. What passes has one [`Framing`], which `chunks` follows through bodies.

mod chunks;
mod head;
mod tracker;

pub use head::{DoorError, Framing, Verdict, judge};
pub use tracker::{DoorTracker, Step};
