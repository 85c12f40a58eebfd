//! Where a request's bytes come from, as the connection loop saw it: nothing that the request says.

use std::net::SocketAddr;

/// The connection of a request; in the request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The other end.
    pub address: SocketAddr,
    /// Our end: which listener took it.
    pub local: SocketAddr,
    /// The connection is by TLS.
    pub tls: bool,
}
