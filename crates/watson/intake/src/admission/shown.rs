//! Where each dialect carries its key. Pure: text in, text out; whether the key is good is asked elsewhere.

pub use watson_db::Dialect;

use crate::limits::{MAX_KEY_CHARS, MAX_QUERY_PAIRS};

/// The parts of a request that may hold a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Request<'a> {
    /// The target's path, as it came.
    pub path: &'a str,
    /// Its query.
    pub query: Option<&'a str>,
    /// `Authorization`.
    pub authorization: Option<&'a str>,
    /// `X-Sentry-Auth`.
    pub sentry_auth: Option<&'a str>,
}

/// The key that a request shows: a header's before the query's before the path's. Cut to [`MAX_KEY_CHARS`].
///
/// - every dialect: `Authorization: Bearer KEY` (our own client, sentry-cli, uploads of symbols);
/// - Sentry: `X-Sentry-Auth: Sentry sentry_key=KEY, ...`, the same in `Authorization`, `?sentry_key=KEY`;
/// - Breakpad, Crashpad, symbols: `?key=KEY`, `?token=KEY`, and of dumps a path like Backtrace's `/universe/KEY/minidump`.
#[must_use]
pub fn shown_key(dialect: Dialect, request: &Request<'_>) -> Option<String> {
    let header = request.authorization.and_then(bearer);
    let found = match dialect {
        Dialect::Sentry => header
            .or_else(|| request.sentry_auth.and_then(sentry_pair))
            .or_else(|| request.authorization.and_then(sentry_pair))
            .or_else(|| in_query(request.query, &["sentry_key"])),
        Dialect::Minidump => {
            header.or_else(|| in_query(request.query, &["key", "token"])).or_else(|| in_path(request.path))
        }
        Dialect::Symbols => header.or_else(|| in_query(request.query, &["key", "token"])),
        Dialect::Level1 => header,
        // Its clients know no key; a product is told by its name.
        Dialect::Socorro => header.or_else(|| in_query(request.query, &["key"])),
    };
    found.map(|key| key.chars().take(MAX_KEY_CHARS).collect())
}

/// The key of a data source name, `https://KEY@host/project`, as envelopes carry it in their first line.
#[must_use]
pub fn key_of_dsn(dsn: &str) -> Option<String> {
    let (_, rest) = dsn.split_once("://")?;
    let (user, _) = rest.split('/').next()?.rsplit_once('@')?;
    let key = user.split(':').next().unwrap_or_default();
    (!key.is_empty()).then(|| key.chars().take(MAX_KEY_CHARS).collect())
}

fn bearer(value: &str) -> Option<String> {
    let (scheme, key) = value.trim().split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !key.trim().is_empty()).then(|| key.trim().to_owned())
}

/// `Sentry sentry_version=7, sentry_key=KEY, ...`.
fn sentry_pair(value: &str) -> Option<String> {
    let (scheme, pairs) = value.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("sentry") {
        return None;
    }
    let mut pairs = pairs.split(',').filter_map(|pair| pair.trim().split_once('='));
    let (_, key) = pairs.find(|(name, _)| name.trim() == "sentry_key")?;
    let key = key.trim().trim_matches('"');
    (!key.is_empty()).then(|| key.to_owned())
}

fn in_query(query: Option<&str>, names: &[&str]) -> Option<String> {
    let pairs = form_urlencoded::parse(query?.as_bytes()).take(MAX_QUERY_PAIRS);
    let mut found = pairs.filter(|(name, value)| names.contains(&name.as_ref()) && !value.is_empty());
    found.next().map(|(_, value)| value.into_owned())
}

/// The last part that has a key's form. Others are words of the client's own (Backtrace's universe, a folder).
fn in_path(path: &str) -> Option<String> {
    let parts = path.rsplit('/').skip(1);
    parts.filter(|part| watson_db::secret_hash(part).is_some()).map(str::to_owned).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    fn of(dialect: Dialect, request: &Request<'_>) -> Option<String> {
        shown_key(dialect, request)
    }

    #[test]
    fn each_dialect_carries_its_key_where_its_clients_put_it() {
        let bearer = format!("bearer  {KEY}");
        let request = Request { authorization: Some(&bearer), ..Request::default() };
        for dialect in Dialect::ALL {
            assert_eq!(of(dialect, &request).as_deref(), Some(KEY), "{dialect:?}");
        }
        let auth = format!("Sentry sentry_version=7, sentry_client=a/1, sentry_key={KEY}");
        for request in [
            Request { sentry_auth: Some(&auth), ..Request::default() },
            Request { authorization: Some(&auth), ..Request::default() },
            Request { query: Some(&format!("sentry_version=7&sentry_key={KEY}")), ..Request::default() },
        ] {
            assert_eq!(of(Dialect::Sentry, &request).as_deref(), Some(KEY));
            assert_eq!(of(Dialect::Minidump, &request), None);
        }
        for name in ["key", "token"] {
            let query = format!("format=minidump&{name}={KEY}");
            let request = Request { query: Some(&query), ..Request::default() };
            assert_eq!(of(Dialect::Minidump, &request).as_deref(), Some(KEY));
            assert_eq!(of(Dialect::Symbols, &request).as_deref(), Some(KEY));
            assert_eq!(of(Dialect::Sentry, &request), None);
            assert_eq!(of(Dialect::Level1, &request), None);
        }
        let path = format!("/universe/{KEY}/minidump");
        let request = Request { path: &path, ..Request::default() };
        assert_eq!(of(Dialect::Minidump, &request).as_deref(), Some(KEY));
        assert_eq!(of(Dialect::Socorro, &request), None);
        assert_eq!(of(Dialect::Minidump, &Request { path: "/u/token/minidump", ..Request::default() }), None);
    }

    #[test]
    fn what_is_no_key_is_none() {
        for value in ["", "Bearer", "Bearer ", "Basic abc", "Sentry", "Sentry sentry_key=", "Sentry x=y"] {
            let request =
                Request { authorization: Some(value), sentry_auth: Some(value), ..Request::default() };
            assert_eq!(of(Dialect::Sentry, &request), None, "{value}");
        }
        let long = format!("Bearer {}", "a".repeat(100_000));
        let request = Request { authorization: Some(&long), ..Request::default() };
        assert_eq!(of(Dialect::Level1, &request).unwrap().len(), MAX_KEY_CHARS);
    }

    #[test]
    fn a_data_source_name_has_its_key_before_the_host() {
        for (dsn, key) in [
            (format!("https://{KEY}@o1.example/42"), Some(KEY)),
            (format!("http://{KEY}:secret@127.0.0.1:1273/1"), Some(KEY)),
            ("https://example/42".into(), None),
            ("https://@example/42".into(), None),
            (KEY.into(), None),
            ("https://example/a@b".into(), None),
        ] {
            assert_eq!(key_of_dsn(&dsn).as_deref(), key, "{dsn}");
        }
    }
}
