//! `DumpServer` in answers of level 1: not in MS-CER2, but of a server that Windows clients are known to work with.

use axum::http::{HeaderMap, header};

use crate::limits::MAX_DUMP_SERVER_CHARS;

/// Which host a client is told to send its cab to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DumpServer {
    /// None: the same that took level 1.
    #[default]
    Off,
    /// The name by which the client reached this server.
    Host,
    /// This one.
    Name(String),
}

impl DumpServer {
    /// `off`, `host`, or a host's name or address with or without a port. `None`: something else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "off" => Some(Self::Off),
            "host" => Some(Self::Host),
            name => is_host(name).then(|| Self::Name(name.to_owned())),
        }
    }

    /// The answer's value. What the client says is checked: nothing of it opens a line of its own.
    pub(crate) fn value(&self, headers: &HeaderMap) -> Option<String> {
        match self {
            Self::Off => None,
            Self::Host => {
                let host = headers.get(header::HOST)?.to_str().ok()?;
                is_host(host).then(|| host.to_owned())
            }
            Self::Name(name) => Some(name.clone()),
        }
    }
}

fn is_host(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']' | '_');
    (1..=MAX_DUMP_SERVER_CHARS).contains(&text.len()) && text.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hosts_are_told() {
        assert_eq!(DumpServer::parse("off"), Some(DumpServer::Off));
        assert_eq!(DumpServer::parse("wer.example:1273"), Some(DumpServer::Name("wer.example:1273".into())));
        for bad in ["", "a b", "a\r\nGetFile=c:\\x", "http://a/", "a;b", &"a".repeat(300)] {
            assert_eq!(DumpServer::parse(bad), None, "{bad}");
        }
        let headers = |host: &str| HeaderMap::from_iter([(header::HOST, host.parse().unwrap())]);
        assert_eq!(DumpServer::Host.value(&headers("wer:1")), Some("wer:1".into()));
        assert_eq!(DumpServer::Host.value(&headers("a;b")), None);
        assert_eq!(DumpServer::Host.value(&HeaderMap::new()), None);
        assert_eq!(DumpServer::Off.value(&headers("wer:1")), None);
    }
}
