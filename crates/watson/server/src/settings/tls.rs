//! `[tls]`: where requests come in by HTTPS, and who this server is.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::settings::{BadValue, Section};

/// HTTPS.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TlsSettings {
    /// Addresses and ports for HTTPS, beside those of `[listen]`.
    pub listen: Vec<SocketAddr>,
    /// PEM file with the server's certificate, and what leads from it to its authority. Read again when it changes.
    pub certificate: Option<PathBuf>,
    /// PEM file with its private key.
    pub key: Option<PathBuf>,
}

impl Section for TlsSettings {
    fn check(&self) -> Result<(), BadValue> {
        let both = self.certificate.is_some() && self.key.is_some();
        if !self.listen.is_empty() && !both {
            return Err(BadValue::new("listen", "needs certificate and key"));
        }
        Ok(())
    }
}
