//! Who looks: accounts with passwords and sessions, and API tokens. Passwords are argon2id, a failed login costs time for
//! whoever fails again, and a session's cookie is sent to this server only.

pub mod login;
pub mod password;
pub mod throttle;

use axum::http::{HeaderMap, Method, Uri, header};
use watson_api::{Granted, Scope, scopes_of};
use watson_db::{Account, ApiToken, DbError, Store, secret_hash, time};

use crate::trust::Arrival;

pub use password::hash_password;

/// What an account may do.
#[must_use]
pub fn granted(account: Account) -> Granted {
    Granted { scopes: scopes_of(account.role), actor: account.name, tenant: account.tenant }
}

/// What a token may do. A scope that a later version has made means nothing here.
fn granted_by(token: ApiToken) -> Granted {
    let of_name = |name: &String| Scope::ALL.into_iter().find(|scope| scope.name() == name);
    let scopes = token.scopes.iter().filter_map(of_name).collect();
    Granted { scopes, actor: token.name, tenant: token.tenant }
}

/// What a request's head says about who looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// It is this one.
    Known(Granted),
    /// A cookie or token of ours that is not good, or none.
    Nobody,
    /// A good cookie, on a request that another site may have made.
    OtherSite,
}

/// Asks the store who a request is from: by `Authorization: Bearer` first, then by the session's cookie. A cookie does not
/// count for a request that changes something unless it says that it was made by a page of this server: a browser sends
/// cookies along with what other sites make it do.
///
/// # Errors
/// The store does not answer.
pub async fn who(
    store: &Store,
    method: &Method,
    headers: &HeaderMap,
    arrival: &Arrival,
    cookie: &str,
) -> Result<Shown, DbError> {
    let now_ms = time::now_ms();
    if let Some(hash) = bearer(headers).and_then(secret_hash) {
        let token = store.good_api_token(&hash, now_ms).await?;
        return Ok(token.map_or(Shown::Nobody, |token| Shown::Known(granted_by(token))));
    }
    let Some(hash) = cookie_value(headers, cookie).and_then(secret_hash) else { return Ok(Shown::Nobody) };
    let Some(account) = store.session(&hash, now_ms).await? else { return Ok(Shown::Nobody) };
    if !method.is_safe() && !is_own_page(headers, arrival) {
        return Ok(Shown::OtherSite);
    }
    Ok(Shown::Known(granted(account)))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

/// The value of a cookie.
pub(crate) fn cookie_value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// Whether a page of this server made the request, as the browser says.
pub(crate) fn is_own_page(headers: &HeaderMap, arrival: &Arrival) -> bool {
    if let Some(origin) = headers.get(header::ORIGIN) {
        let uri = origin.to_str().ok().and_then(|origin| origin.parse::<Uri>().ok());
        let host = uri
            .as_ref()
            .and_then(Uri::host)
            .map(|host| host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase());
        return host.as_deref() == Some(arrival.host.as_str());
    }
    headers.get("sec-fetch-site").is_some_and(|site| site == "same-origin")
}

/// The name of the session's cookie. Cookies do not know ports, so two servers of one machine must not share one; under
/// HTTPS the prefix keeps other hosts of a domain from setting it.
pub(crate) fn cookie_name(port: u16, tls: bool) -> String {
    if tls { format!("__Host-watson_session_{port}") } else { format!("watson_session_{port}") }
}

#[cfg(test)]
mod tests {
    use watson_db::Role;

    use super::*;

    fn arrival() -> Arrival {
        use crate::peer::Peer;
        use crate::trust::Trust;
        let address = "127.0.0.1:1".parse().unwrap();
        let headers = [(header::HOST, "localhost:1273".parse().unwrap())].into_iter().collect();
        let peer = Peer { address, local: address, tls: false };
        Trust::default().arrival(peer, &"/".parse().unwrap(), &headers).unwrap()
    }

    #[test]
    fn only_our_own_pages_change_anything_by_cookie() {
        let own = |name: &'static str, value: &str| {
            let headers = [(name.parse().unwrap(), value.parse().unwrap())].into_iter().collect();
            is_own_page(&headers, &arrival())
        };
        assert!(own("origin", "http://localhost:1273"));
        assert!(own("sec-fetch-site", "same-origin"));
        for origin in ["http://evil.example", "null", "http://localhost.evil", "", "file://"] {
            assert!(!own("origin", origin), "{origin}");
        }
        assert!(!own("sec-fetch-site", "cross-site") && !own("sec-fetch-site", "none"));
        assert!(!is_own_page(&HeaderMap::new(), &arrival()));
    }

    #[test]
    fn roles_hold_less_and_less() {
        let of = |role| {
            let account = Account { id: 1, name: "a".into(), role, tenant: None, made_ms: 0 };
            granted(account).scopes.len()
        };
        assert_eq!((of(Role::Admin), of(Role::Operator), of(Role::Reader)), (4, 2, 1));
    }
}
