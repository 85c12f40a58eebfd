//! Where a solution may lead. Every machine with the crash is sent there, so that whoever gets hold of a token could lead a
//! fleet to a page of theirs: an address must say what it seems to say, and a site may list the hosts that it has. Pure.

use std::net::Ipv6Addr;

use crate::DbError;
use crate::limits::MAX_URL_CHARS;

/// Looks at an address that is not empty. `hosts`: the only ones that may stand in it; none = any. One that begins with a
/// dot stands for all names that end so.
pub(crate) fn check_url(url: &str, hosts: &[String]) -> Result<(), DbError> {
    let invalid = |why: String| Err(DbError::Invalid { field: "url", why });
    if url.chars().count() > MAX_URL_CHARS {
        return invalid(format!("{MAX_URL_CHARS} characters are the limit"));
    }
    let plain = |c: char| c.is_ascii_graphic() && !"\"<>\\^`{|}".contains(c);
    let Some(rest) = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")) else {
        return invalid("write an http:// or https:// address".into());
    };
    if !url.chars().all(plain) {
        return invalid("it holds a space, or a character that addresses do not have".into());
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return invalid("a name before @ makes people believe that it is the host; leave it out".into());
    }
    let Some(host) = host_of(authority) else {
        return invalid(format!("{authority:?} is no host"));
    };
    let listed = |allowed: &String| {
        let (host, allowed) = (host.to_ascii_lowercase(), allowed.to_ascii_lowercase());
        if allowed.starts_with('.') { host.ends_with(&allowed) } else { host == allowed }
    };
    if hosts.is_empty() || hosts.iter().any(listed) {
        return Ok(());
    }
    invalid(format!("{host} is none of the hosts in collection.solution_hosts of the settings"))
}

/// The host, without port and brackets.
fn host_of(authority: &str) -> Option<&str> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']')?;
            host.parse::<Ipv6Addr>().ok()?;
            (host, port)
        }
        None => {
            let (host, port) = authority.split_at(authority.find(':').unwrap_or(authority.len()));
            let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
            if host.is_empty() || host.starts_with('.') || !host.chars().all(letters) {
                return None;
            }
            (host, port)
        }
    };
    let good = port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok());
    good.then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_leads_where_it_seems_to_lead() {
        for good in [
            "https://a.example/b?c=1#d",
            "http://a.example",
            "https://[::1]:80/x",
            "https://a.example:8443/@x",
        ] {
            check_url(good, &[]).unwrap_or_else(|error| panic!("{good}: {error}"));
        }
        let long = format!("https://a/{}", "x".repeat(MAX_URL_CHARS));
        for bad in [
            "javascript:alert(1)",
            "file:///etc/passwd",
            "//a.example",
            "https://",
            "https:///x",
            "https://support.example@evil.example/",
            "https://support.example:80@evil.example/",
            "https://a b",
            "https://a.example\\@evil",
            "https://a.example/\u{202e}gpj",
            "https://\u{430}.example/",
            "https://%61.example/",
            "https://a.example:x/",
            "https://a.example:99999/",
            "https://[::1/",
            "https://.example/",
            &long,
        ] {
            assert!(check_url(bad, &[]).is_err(), "{bad}");
        }
    }

    #[test]
    fn where_hosts_are_listed_others_are_refused() {
        let hosts = ["support.example".to_owned(), ".corp.example".to_owned()];
        for good in ["https://SUPPORT.example/x", "http://wiki.corp.example:81/", "https://a.b.corp.example"]
        {
            check_url(good, &hosts).unwrap_or_else(|error| panic!("{good}: {error}"));
        }
        for bad in [
            "https://evil.example/",
            "https://support.example.evil.example/",
            "https://evil.example/support.example",
            "https://evilcorp.example/",
            "https://corp.example.evil/",
        ] {
            assert!(check_url(bad, &hosts).is_err(), "{bad}");
        }
    }
}
