//! `[listen]`: where requests come in.

use std::net::{Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};

use crate::settings::Section;

/// Where requests come in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ListenSettings {
    /// Address and port; port 0 takes a free one.
    pub address: SocketAddr,
    /// More addresses and ports.
    pub more: Vec<SocketAddr>,
    /// Pages want the token of the printed link. Without it, everybody who reaches the address sees them.
    pub token: bool,
}

impl Default for ListenSettings {
    fn default() -> Self {
        Self { address: SocketAddr::from((Ipv4Addr::LOCALHOST, 1273)), more: Vec::new(), token: true }
    }
}

impl Section for ListenSettings {}
