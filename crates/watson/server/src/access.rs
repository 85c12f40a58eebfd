//! Who of this machine may see what: the pages want the token of the printed link, in a cookie after the first request.
//! Whoever is elsewhere needs an account or an API token (`accounts`). Pure.

use std::net::SocketAddr;

use axum::http::{HeaderMap, Uri, header};

use crate::token::same;

/// The rules of one server.
#[derive(Clone, Debug)]
pub struct Access {
    /// The pages' token; `None` = no token is asked for.
    pub token: Option<String>,
    /// Where the server listens.
    pub address: SocketAddr,
}

/// What to do with a request for a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Show it.
    Show,
    /// The link's token was right: set this cookie and go there.
    Enter {
        /// `Set-Cookie`.
        cookie: String,
        /// Path and query without the token.
        location: String,
    },
    /// Say that the link is needed.
    Refuse,
}

/// A server that everybody can reach needs an administrator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "watson does not listen on {0}: other machines could reach it, and it has no administrator. \
     Make one with `watson account add NAME`, or listen on a loopback address such as 127.0.0.1:{port}", port = .0.port()
)]
pub struct NoAdministrator(pub SocketAddr);

/// Whether other machines can reach an address.
#[must_use]
pub fn is_public(address: SocketAddr) -> bool {
    !address.ip().to_canonical().is_loopback()
}

/// Refuses addresses that other machines can reach, while nobody is set up to look.
///
/// # Errors
/// [`NoAdministrator`].
pub fn check_listen_addresses(
    addresses: &[SocketAddr],
    has_administrator: bool,
) -> Result<(), NoAdministrator> {
    match addresses.iter().find(|address| is_public(**address)) {
        Some(address) if !has_administrator => Err(NoAdministrator(*address)),
        _ => Ok(()),
    }
}

impl Access {
    /// Decides about a page.
    #[must_use]
    pub fn verdict(&self, uri: &Uri, headers: &HeaderMap) -> Verdict {
        let Some(token) = &self.token else { return Verdict::Show };
        if uri.path().starts_with("/static/")
            || self.cookie_is_good(headers, token)
            || bearer_is_good(headers, token)
        {
            return Verdict::Show;
        }
        if !query_token(uri).is_some_and(|given| same(given, token)) {
            return Verdict::Refuse;
        }
        if uri.path().starts_with("/api/") {
            return Verdict::Show;
        }
        let cookie = format!("{}={token}; Path=/; HttpOnly; SameSite=Strict", self.cookie_name());
        Verdict::Enter { cookie, location: without_token(uri) }
    }

    /// Cookies do not know ports, so two servers of one machine must not share a name.
    fn cookie_name(&self) -> String {
        format!("watson_{}", self.address.port())
    }

    fn cookie_is_good(&self, headers: &HeaderMap, token: &str) -> bool {
        let name = self.cookie_name();
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .any(|(key, value)| key == name && same(value, token))
    }
}

fn bearer_is_good(headers: &HeaderMap, token: &str) -> bool {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    given.and_then(|value| value.strip_prefix("Bearer ")).is_some_and(|given| same(given, token))
}

fn query_token(uri: &Uri) -> Option<&str> {
    uri.query()?.split('&').find_map(|pair| pair.strip_prefix("token="))
}

/// Path and query to go to: always a path of this server, so never `//other.host`.
fn without_token(uri: &Uri) -> String {
    let path = format!("/{}", uri.path().trim_start_matches('/'));
    let kept: Vec<&str> = uri
        .query()
        .unwrap_or("")
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.starts_with("token="))
        .collect();
    if kept.is_empty() { path } else { format!("{path}?{}", kept.join("&")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "00112233445566778899aabbccddeeff";

    fn access() -> Access {
        Access { token: Some(TOKEN.into()), address: "127.0.0.1:4000".parse().unwrap() }
    }

    fn headers(pairs: &[(header::HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    fn verdict(target: &str, pairs: &[(header::HeaderName, &str)]) -> Verdict {
        access().verdict(&target.parse().unwrap(), &headers(pairs))
    }

    #[test]
    fn the_link_opens_the_pages_and_the_cookie_keeps_them_open() {
        assert_eq!(verdict("/", &[]), Verdict::Refuse);
        assert_eq!(verdict("/?token=wrong", &[]), Verdict::Refuse);
        let entered = verdict(&format!("/buckets/3?page=1&token={TOKEN}"), &[]);
        let cookie = format!("watson_4000={TOKEN}; Path=/; HttpOnly; SameSite=Strict");
        assert_eq!(entered, Verdict::Enter { cookie, location: "/buckets/3?page=1".into() });
        let good = format!("a=b; watson_4000={TOKEN}");
        assert_eq!(verdict("/", &[(header::COOKIE, &good)]), Verdict::Show);
        let other_port = format!("watson_4001={TOKEN}");
        assert_eq!(verdict("/", &[(header::COOKIE, &other_port)]), Verdict::Refuse);
        assert_eq!(verdict("/", &[(header::COOKIE, "watson_4000=")]), Verdict::Refuse);
    }

    #[test]
    fn programs_may_carry_the_token_themselves() {
        let bearer = format!("Bearer {TOKEN}");
        assert_eq!(verdict("/api/buckets", &[(header::AUTHORIZATION, &bearer)]), Verdict::Show);
        assert_eq!(verdict(&format!("/api/buckets?token={TOKEN}"), &[]), Verdict::Show);
        assert_eq!(verdict("/api/buckets", &[]), Verdict::Refuse);
        assert_eq!(verdict("/static/watson.css", &[]), Verdict::Show);
    }

    #[test]
    fn the_redirect_stays_here() {
        let Verdict::Enter { location, .. } = verdict(&format!("//evil.example/?token={TOKEN}"), &[]) else {
            panic!("the token is right")
        };
        assert_eq!(location, "/evil.example/");
    }

    #[test]
    fn other_machines_are_not_served_without_an_administrator() {
        for address in ["0.0.0.0:80", "[::]:80", "192.168.1.2:80", "[::ffff:10.0.0.1]:80"] {
            let addresses = ["127.0.0.1:80".parse().unwrap(), address.parse().unwrap()];
            let error = check_listen_addresses(&addresses, false).unwrap_err();
            assert!(error.to_string().contains("administrator"), "{error}");
            assert!(check_listen_addresses(&addresses, true).is_ok());
        }
        for address in ["127.0.0.1:0", "127.1.2.3:80", "[::1]:80", "[::ffff:127.0.0.1]:80"] {
            assert!(check_listen_addresses(&[address.parse().unwrap()], false).is_ok());
        }
    }
}
