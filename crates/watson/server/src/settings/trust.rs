//! `[trust]`: by which names this server is called, which proxies it believes, and who needs a key.

use std::net::IpAddr;

use axum::http::HeaderName;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::settings::{BadValue, Section};

/// Who needs a product's key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Keys {
    /// Nobody while only this machine is served; else everybody but Windows and our own clients.
    #[default]
    Auto,
    /// Everybody. Windows machines, which can carry none, are refused.
    Always,
    /// Only whom a product demands one of.
    Never,
}

/// Whether other machines must come by HTTPS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Https {
    /// They may come as they like: parameters and keys can be read, and answers changed, by whoever is on the way.
    #[default]
    Optional,
    /// What comes in the clear is refused before its body is read. Only this machine itself may.
    Required,
}

/// Whom this server believes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrustSettings {
    /// Names by which clients call this server, beside loopback names and its own addresses. Requests that name another
    /// host are refused.
    pub names: Vec<String>,
    /// Addresses or networks of reverse proxies.
    pub proxies: Vec<String>,
    /// What these proxies set, and so take away from whoever sends it: `forwarded`, `x-forwarded-for`,
    /// `x-forwarded-proto`, `x-forwarded-host`. Other headers of the kind are not read.
    pub proxy_headers: Vec<String>,
    /// The header in which these proxies name the machine that has signed in to them (Kerberos).
    pub machine_header: Option<String>,
    /// Who needs a product's key.
    pub keys: Keys,
    /// Whether other machines must come by HTTPS, to this server or to a proxy that is believed.
    pub https: Https,
}

impl Default for TrustSettings {
    fn default() -> Self {
        Self {
            names: Vec::new(),
            proxies: Vec::new(),
            proxy_headers: vec!["x-forwarded-for".into(), "x-forwarded-proto".into()],
            machine_header: None,
            keys: Keys::default(),
            https: Https::default(),
        }
    }
}

/// Headers that a proxy may be believed about.
pub(crate) const PROXY_HEADERS: [&str; 4] =
    ["forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"];

/// A network, or an address as a network of one.
pub(crate) fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

/// A host's name, without a port.
pub(crate) fn is_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | ':');
    !text.is_empty() && text.len() <= 255 && text.chars().all(plain)
}

impl Section for TrustSettings {
    fn check(&self) -> Result<(), BadValue> {
        if let Some(bad) = self.names.iter().find(|name| !is_name(name)) {
            return Err(BadValue::new("names", format!("holds \"{bad}\", which is no host's name")));
        }
        if let Some(bad) = self.proxies.iter().find(|text| network(text).is_none()) {
            let why = format!("holds \"{bad}\"; give addresses or networks such as 10.0.0.0/8");
            return Err(BadValue::new("proxies", why));
        }
        if let Some(bad) = self.proxy_headers.iter().find(|name| !PROXY_HEADERS.contains(&name.as_str())) {
            let why = format!("holds \"{bad}\"; it may hold {}", PROXY_HEADERS.join(", "));
            return Err(BadValue::new("proxy_headers", why));
        }
        let Some(header) = &self.machine_header else { return Ok(()) };
        if HeaderName::try_from(header.as_str()).is_err() {
            return Err(BadValue::new("machine_header", "is no name of a header"));
        }
        if self.proxies.is_empty() {
            return Err(BadValue::new("machine_header", "means nothing without proxies: nobody is believed"));
        }
        Ok(())
    }
}
