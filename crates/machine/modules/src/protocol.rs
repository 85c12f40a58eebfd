//! The packets between `werfault` and a module host.
//!
//! The socket keeps packet boundaries (`SOCK_SEQPACKET`), so a packet's length is the kernel's word and not the
//! sender's; one packet is one JSON document of at most [`MAX_PACKET_BYTES`]. `werfault` sends one [`Job`] with three
//! or four descriptors (pidfd, memory, request socket, the module's folder) and then only listens to [`HostMessage`]s.

mod job;
mod message;
mod packet;

pub(crate) use job::fxsave_of;
pub use job::{Job, JobException, JobRegisters};
pub use message::{Callback, HostMessage, WideAnswer};
pub use packet::{PacketError, Received, receive, receive_with_descriptors, send, send_with_descriptors};

pub(crate) use crate::limits::MAX_PACKET_BYTES;
