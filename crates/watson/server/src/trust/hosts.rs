//! The name that a request calls this server by. Pure.

use std::net::IpAddr;

use axum::http::{HeaderMap, Uri, header};

/// The name, from `Host` and from the target where it has one; `None` where there is none, or where they differ.
pub(crate) fn named(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return None };
    let host = bare_name(host.to_str().ok()?);
    let same = uri.authority().is_none_or(|authority| bare_name(authority.as_str()) == host);
    (same && !host.is_empty()).then_some(host)
}

/// Without port and brackets, in lower case.
pub(crate) fn bare_name(host: &str) -> String {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.chars().all(|c| c.is_ascii_digit()) && !name.ends_with(':') => {
            let is_address = name.contains(':') && !name.ends_with(']');
            if is_address { host } else { name }
        }
        _ => host,
    };
    name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name).to_ascii_lowercase()
}

/// `localhost`, `127.x.y.z`, `::1`.
pub(crate) fn is_loopback_host(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_brackets_are_no_part_of_a_name() {
        for (host, name) in [
            ("Localhost:4000", "localhost"),
            ("127.0.0.1", "127.0.0.1"),
            ("[::1]:80", "::1"),
            ("[::1]", "::1"),
            ("wer.example", "wer.example"),
            ("wer.example:", "wer.example"),
        ] {
            assert_eq!(bare_name(host), name, "{host}");
        }
    }

    #[test]
    fn only_loopback_names_are_loopback() {
        for host in ["127.0.0.1", "localhost", "::1", "127.8.8.8"] {
            assert!(is_loopback_host(host), "{host}");
        }
        for host in ["evil.example", "127.0.0.1.evil.example", "localhost.evil", "10.0.0.1", "", "::2"] {
            assert!(!is_loopback_host(host), "{host}");
        }
    }
}
