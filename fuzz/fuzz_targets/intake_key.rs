//! Where requests show keys: nothing of it panics, and what is found is a part of what was sent.
#![no_main]

use libfuzzer_sys::fuzz_target;
use watson_intake::admission::forwarded::told;
use watson_intake::admission::shown::{Dialect, Request, key_of_dsn, shown_key};
use watson_intake::limits::MAX_KEY_CHARS;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.lines();
    let path = lines.next().unwrap_or_default();
    let (query, authorization, sentry_auth) = (lines.next(), lines.next(), lines.next());
    let request = Request { path, query, authorization, sentry_auth };
    for dialect in Dialect::ALL {
        let key = shown_key(dialect, &request);
        assert!(key.is_none_or(|key| !key.is_empty() && key.chars().count() <= MAX_KEY_CHARS));
    }
    assert!(key_of_dsn(&text).is_none_or(|key| text.contains(&key)));
    for set in ["forwarded", "x-forwarded-for"] {
        let all = |_: &str| vec![text.to_string()];
        let found = told(all, &[set.to_owned()], |ip| ip.is_loopback());
        // Whatever was said of proxies only, the nearest one is named.
        assert!(found.source.is_none() || text.chars().any(|c| c.is_ascii_hexdigit()));
    }
});
