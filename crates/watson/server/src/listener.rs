//! A listening socket, with or without TLS on its connections.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::limits::MAX_HANDSHAKE_MS;

/// Where connections come in.
pub struct Listener {
    pub(crate) tcp: TcpListener,
    pub(crate) tls: Option<TlsAcceptor>,
}

impl Listener {
    /// Binds an address.
    ///
    /// # Errors
    /// It is taken, or not of this machine.
    pub async fn bind(address: SocketAddr, tls: Option<TlsAcceptor>) -> Result<Self> {
        let tcp = TcpListener::bind(address)
            .await
            .with_context(|| format!("cannot listen on {address}; is another server there?"))?;
        Ok(Self { tcp, tls })
    }

    /// The address, with the port that was chosen.
    ///
    /// # Errors
    /// The system's.
    pub fn address(&self) -> Result<SocketAddr> {
        self.tcp.local_addr().context("cannot read the chosen address")
    }
}

impl From<TcpListener> for Listener {
    fn from(tcp: TcpListener) -> Self {
        Self { tcp, tls: None }
    }
}

/// Makes TLS of a connection, in a limited time: a client that says nothing keeps no place for long.
pub(crate) async fn handshake(tls: TlsAcceptor, stream: TcpStream) -> Option<TlsStream<TcpStream>> {
    match timeout(Duration::from_millis(MAX_HANDSHAKE_MS), tls.accept(stream)).await {
        Ok(Ok(stream)) => Some(stream),
        Ok(Err(error)) => {
            tracing::debug!(error = %error, "a connection did not become TLS");
            None
        }
        Err(_) => None,
    }
}
