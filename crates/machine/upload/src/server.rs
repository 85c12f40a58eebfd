//! The server: where it is and how long it may take. Hosts are checked before they become part of an URL.

use std::net::{IpAddr, Ipv6Addr};
use std::path::PathBuf;
use std::time::Duration;

use crate::limits::{CONNECT_TIMEOUT, LEVEL1_TIMEOUT, LEVEL2_TIMEOUT, MAX_HOST_CHARS};

/// The configured server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// HTTPS.
    pub use_ssl: bool,
    /// One other host, with or without a port, that cabs may go to.
    pub dump_server: Option<String>,
    /// The product's key that the server wants.
    pub key: Option<String>,
    /// PEM file with the authority of the server's certificate; `None` = the usual ones.
    pub authority: Option<PathBuf>,
}

/// How long an exchange may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// To connect.
    pub connect: Duration,
    /// Level 1 as a whole.
    pub level1: Duration,
    /// Level 2 as a whole.
    pub level2: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: CONNECT_TIMEOUT, level1: LEVEL1_TIMEOUT, level2: LEVEL2_TIMEOUT }
    }
}

impl Server {
    /// `http://host:port`; `None` where the host is none.
    pub(crate) fn base_url(&self) -> Option<String> {
        is_host(&self.host).then(|| {
            let scheme = if self.use_ssl { "https" } else { "http" };
            let host = &self.host;
            if host.parse::<Ipv6Addr>().is_ok() {
                format!("{scheme}://[{host}]:{}", self.port)
            } else {
                format!("{scheme}://{host}:{}", self.port)
            }
        })
    }

    /// Whether its host is one.
    #[must_use]
    pub fn has_host(&self) -> bool {
        is_host(&self.host)
    }

    /// Whether it is this machine itself, so that no proxy is asked.
    pub(crate) fn is_loopback(&self) -> bool {
        self.host.eq_ignore_ascii_case("localhost")
            || self.host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// The server that a cab goes to when the answer names `dump_server`: the same, or the one other that the settings
    /// allow. `None` = another one, which gets nothing.
    pub(crate) fn for_cab(&self, dump_server: Option<&str>) -> Option<Self> {
        let Some(named) = dump_server else { return Some(self.clone()) };
        let (host, port) = split_port(named)?;
        if host.eq_ignore_ascii_case(&self.host) && port.is_none_or(|port| port == self.port) {
            return Some(self.clone());
        }
        let (allowed_host, allowed_port) = split_port(self.dump_server.as_deref()?)?;
        let allowed_port = allowed_port.unwrap_or(self.port);
        let is_allowed =
            host.eq_ignore_ascii_case(allowed_host) && port.is_none_or(|port| port == allowed_port);
        // The key was given for the server, and is no other host's.
        is_allowed.then(|| Self {
            host: allowed_host.to_owned(),
            port: allowed_port,
            key: None,
            ..self.clone()
        })
    }
}

/// `host`, `host:port`, `[v6]`, `[v6]:port`.
fn split_port(text: &str) -> Option<(&str, Option<u16>)> {
    if text.parse::<Ipv6Addr>().is_ok() {
        return Some((text, None));
    }
    let (host, rest) = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let port = match rest.strip_prefix(':') {
        Some(port) => Some(port.parse().ok()?),
        None if rest.is_empty() => None,
        None => return None,
    };
    is_host(host).then_some((host, port))
}

/// A host name of letters, digits, `-`, `.` and `_`, or an address.
fn is_host(host: &str) -> bool {
    let is_name = !host.is_empty()
        && host.len() <= MAX_HOST_CHARS
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'));
    is_name || host.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(host: &str, dump_server: Option<&str>) -> Server {
        Server {
            host: host.into(),
            port: 1273,
            use_ssl: false,
            dump_server: dump_server.map(str::to_owned),
            key: Some("k".into()),
            authority: None,
        }
    }

    #[test]
    fn hosts_become_urls_only_if_they_are_hosts() {
        assert_eq!(server("wer.example", None).base_url().as_deref(), Some("http://wer.example:1273"));
        assert_eq!(server("::1", None).base_url().as_deref(), Some("http://[::1]:1273"));
        for host in ["", "a b", "user@evil", "a/b", "a:1", "a\r\nHost: b", "a?b#c", "[::1]"] {
            assert_eq!(server(host, None).base_url(), None, "{host:?}");
        }
    }

    #[test]
    fn cabs_go_where_the_settings_allow() {
        let target = |named: Option<&str>, allowed: Option<&str>| {
            server("wer.example", allowed).for_cab(named).map(|server| (server.host, server.port))
        };
        let own = Some(("wer.example".to_owned(), 1273));
        assert_eq!(target(None, None), own);
        assert_eq!(target(Some("WER.example"), None), own);
        assert_eq!(target(Some("wer.example:1273"), None), own);
        for other in
            ["evil.example", "wer.example:80", "wer.example.evil", "wer.example@evil", "", "wer.example:x"]
        {
            assert_eq!(target(Some(other), None), None, "{other}");
        }
        let dumps = Some(("dumps.example".to_owned(), 1273));
        assert_eq!(target(Some("dumps.example"), Some("dumps.example")), dumps);
        let port = Some(("dumps.example".to_owned(), 99));
        assert_eq!(target(Some("dumps.example:99"), Some("dumps.example:99")), port);
        assert_eq!(target(Some("dumps.example:98"), Some("dumps.example:99")), None);
        assert_eq!(
            target(Some("evil.example"), Some("dumps.example")),
            None,
            "one other is allowed, and no third"
        );
        assert_eq!(target(Some("[::1]:80"), Some("[::1]:80")), Some(("::1".to_owned(), 80)));
    }

    #[test]
    fn another_host_does_not_see_the_key() {
        let own = server("wer.example", Some("dumps.example"));
        assert_eq!(own.for_cab(None).unwrap().key.as_deref(), Some("k"));
        assert_eq!(own.for_cab(Some("dumps.example")).unwrap().key, None);
    }

    #[test]
    fn loopback_is_known() {
        assert!(server("127.0.0.2", None).is_loopback() && server("LocalHost", None).is_loopback());
        assert!(server("::1", None).is_loopback() && !server("wer.example", None).is_loopback());
    }
}
