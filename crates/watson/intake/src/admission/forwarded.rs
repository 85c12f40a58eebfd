//! What reverse proxies say about the client they speak for: `Forwarded` (RFC 7239) and the older `X-Forwarded-*`. Only
//! called for a connection of a listed proxy, and only the headers that such proxies set are read: others came from the
//! client and may say anything. Pure.

use std::net::{IpAddr, SocketAddr};

/// Elements of a list that are looked at, from its end.
pub const MAX_HOPS: usize = 16;

/// What a proxy said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The client's address: the last one in the list that is no listed proxy itself.
    pub source: Option<IpAddr>,
    /// The client spoke HTTPS.
    pub tls: Option<bool>,
    /// The host that the client called.
    pub host: Option<String>,
}

/// Reads the headers that `set` lists. `lines` gives a header's lines by its name, in their order.
pub fn told(lines: impl Fn(&str) -> Vec<String>, set: &[String], is_proxy: impl Fn(IpAddr) -> bool) -> Told {
    let reads = |name: &str| set.iter().any(|listed| listed == name);
    if reads("forwarded") {
        return of_forwarded(&values(&lines, "forwarded"), is_proxy);
    }
    let first = |name: &str| values(&lines, name).pop().filter(|_| reads(name));
    let proto = first("x-forwarded-proto").map(|value| value.eq_ignore_ascii_case("https"));
    let source = if reads("x-forwarded-for") {
        client(values(&lines, "x-forwarded-for").iter().map(String::as_str), is_proxy)
    } else {
        None
    };
    Told { source, tls: proto, host: first("x-forwarded-host") }
}

/// The elements of a header that is a list, over all its lines, in their order.
fn values(lines: impl Fn(&str) -> Vec<String>, name: &str) -> Vec<String> {
    let parts = |line: &String| line.split(',').map(|part| part.trim().to_owned()).collect::<Vec<_>>();
    lines(name).iter().flat_map(parts).collect()
}

/// Walks from the end: each proxy adds the address that it was called from behind what it was sent. What stands before the
/// first address that is no proxy is the client's own word. An element that is no address ends the walk: nobody behind it
/// is known.
fn client<'a>(
    hops: impl DoubleEndedIterator<Item = &'a str>,
    is_proxy: impl Fn(IpAddr) -> bool,
) -> Option<IpAddr> {
    let mut last = None;
    for hop in hops.rev().take(MAX_HOPS) {
        let Some(ip) = address(hop) else { break };
        last = Some(ip);
        if !is_proxy(ip) {
            break;
        }
    }
    last
}

/// `Forwarded: for=192.0.2.1;proto=https;host=a, for="[2001:db8::1]:4711"`.
fn of_forwarded(elements: &[String], is_proxy: impl Fn(IpAddr) -> bool) -> Told {
    let pair = |element: &str, name: &str| {
        let pairs = element.split(';').filter_map(|pair| pair.split_once('='));
        let mut found = pairs.filter(|(key, _)| key.trim().eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.trim().trim_matches('"').to_owned())
    };
    let hops: Vec<String> = elements.iter().map(|element| pair(element, "for").unwrap_or_default()).collect();
    let last = elements.last().map(String::as_str).unwrap_or_default();
    Told {
        source: client(hops.iter().map(String::as_str), is_proxy),
        tls: pair(last, "proto").map(|proto| proto.eq_ignore_ascii_case("https")),
        host: pair(last, "host").filter(|host| !host.is_empty()),
    }
}

/// An address with or without a port and brackets.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let ip = bare.parse::<IpAddr>().ok().or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()));
    ip.map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers<'a>(pairs: &'a [(&'static str, &str)]) -> impl Fn(&str) -> Vec<String> + 'a {
        |wanted| {
            pairs.iter().filter(|(name, _)| *name == wanted).map(|(_, value)| (*value).to_owned()).collect()
        }
    }

    fn source(set: &str, pairs: &[(&'static str, &str)]) -> Option<IpAddr> {
        told(headers(pairs), &[set.to_owned()], |ip| ip.to_string().starts_with("10.")).source
    }

    #[test]
    fn the_last_address_that_is_no_proxy_is_the_client() {
        let ip = |text: &str| Some(text.parse::<IpAddr>().unwrap());
        for (list, client) in [
            ("203.0.113.9", ip("203.0.113.9")),
            ("1.1.1.1, 203.0.113.9", ip("203.0.113.9")),
            ("1.1.1.1, 203.0.113.9, 10.0.0.2", ip("203.0.113.9")),
            ("10.0.0.3, 10.0.0.2", ip("10.0.0.3")),
            ("[2001:db8::1]:4711", ip("2001:db8::1")),
            ("203.0.113.9:55", ip("203.0.113.9")),
            ("::ffff:203.0.113.9", ip("203.0.113.9")),
            ("1.1.1.1, unknown", None),
            ("1.1.1.1, , 10.0.0.2", ip("10.0.0.2")),
            ("", None),
        ] {
            assert_eq!(source("x-forwarded-for", &[("x-forwarded-for", list)]), client, "{list}");
        }
        let two_lines = [("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "203.0.113.9")];
        assert_eq!(source("x-forwarded-for", &two_lines), ip("203.0.113.9"));
    }

    #[test]
    fn only_the_header_that_the_proxy_sets_is_read() {
        let pairs =
            [("forwarded", "for=1.1.1.1"), ("x-forwarded-for", "2.2.2.2"), ("x-forwarded-host", "evil")];
        assert_eq!(source("x-forwarded-for", &pairs).unwrap().to_string(), "2.2.2.2");
        assert_eq!(source("forwarded", &pairs).unwrap().to_string(), "1.1.1.1");
        assert_eq!(source("x-forwarded-proto", &pairs), None);
        let set = ["x-forwarded-for".to_owned()];
        assert_eq!(told(headers(&pairs), &set, |_| false).host, None);
    }

    #[test]
    fn the_standards_own_header_is_read_too() {
        let list = "for=192.0.2.43, For=\"[2001:db8:cafe::17]:4711\";Proto=HTTPS;host=\"wer.example\"";
        let set = ["forwarded".to_owned()];
        let found = told(headers(&[("forwarded", list)]), &set, |_| false);
        let expected = Told {
            source: Some("2001:db8:cafe::17".parse().unwrap()),
            tls: Some(true),
            host: Some("wer.example".into()),
        };
        assert_eq!(found, expected);
        for odd in ["for=_hidden", "for=unknown", "", ";;=", "proto", "for"] {
            assert_eq!(source("forwarded", &[("forwarded", odd)]), None, "{odd}");
        }
    }
}
