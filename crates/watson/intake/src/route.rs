//! Which requests are machines'. Pure: method and path in, meaning out. No path of a request ever names a file here.

use crate::Refusal;
use crate::limits::MAX_PATH_CHARS;
use axum::http::{Method, StatusCode};

/// A machine's request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// MS-CER2 level 1: `POST /stage2.htm`, in any letters and below any folder (`CorporateWERDirectory`).
    Level1,
    /// MS-CER2 level 2: `PUT` of a cab for this token.
    Cab {
        /// 32 lower-case hex digits.
        token: String,
    },
    /// Breakpad's sym-upload-v1: `POST /symbols/upload`.
    Symbols,
}

/// What a request means; `None` = it is for somebody else.
///
/// # Errors
/// A `PUT` whose path climbs (400) or is no token's (404).
pub fn route(method: &Method, path: &str) -> Result<Option<Route>, Refusal> {
    if *method == Method::PUT {
        return cab_token(path).map(|token| Some(Route::Cab { token }));
    }
    if *method != Method::POST {
        return Ok(None);
    }
    let path = path.to_ascii_lowercase();
    Ok(match path.rsplit('/').next() {
        Some("stage2.htm") => Some(Route::Level1),
        _ if path == "/symbols/upload" => Some(Route::Symbols),
        _ => None,
    })
}

/// `.../cabs/<token>.cab`, below any folder. Clients send the path with `\` or `%5C` where Windows wrote it so, and
/// one example of MS-CER2 leaves `DumpFile=` in it.
fn cab_token(path: &str) -> Result<String, Refusal> {
    let unknown =
        || Refusal::new(StatusCode::NOT_FOUND, "unknown_token", "there is no cab wanted under this name");
    if path.chars().count() > MAX_PATH_CHARS {
        return Err(Refusal::new(StatusCode::URI_TOO_LONG, "path", "the path is too long"));
    }
    let path = path.to_ascii_lowercase().replace("%5c", "/").replace("%2f", "/").replace("%2e", ".");
    let path = path.replace('\\', "/");
    let path = path.trim_start_matches('/').trim_start_matches("dumpfile=");
    let parts: Vec<&str> = path.split('/').collect();
    if parts.iter().any(|part| matches!(*part, "." | "..")) {
        return Err(Refusal::bad("path", "the path must not climb"));
    }
    let [.., "cabs", name] = parts.as_slice() else { return Err(unknown()) };
    let token = name.strip_suffix(".cab").ok_or_else(unknown)?;
    let hex = token.len() == 32 && token.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'));
    if hex { Ok(token.to_owned()) } else { Err(unknown()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn machines_are_told_from_people() {
        let post = |path| route(&Method::POST, path).unwrap();
        assert_eq!(post("/stage2.htm"), Some(Route::Level1));
        assert_eq!(post("/Corp/WER/Stage2.HTM"), Some(Route::Level1));
        assert_eq!(post("/symbols/upload"), Some(Route::Symbols));
        assert_eq!(post("/stage2.htm/x"), None);
        assert_eq!(post("/"), None);
        assert_eq!(route(&Method::GET, "/stage2.htm").unwrap(), None);
    }

    #[test]
    fn tokens_are_found_however_the_path_is_written() {
        for path in [
            format!("/cabs/{TOKEN}.cab"),
            format!("/corp/cabs/{TOKEN}.CAB"),
            format!("/%5Ccabs%5c{TOKEN}.cab"),
            format!("/DumpFile=/cabs/{TOKEN}.cab"),
            format!("//cabs/{TOKEN}.cab"),
        ] {
            assert_eq!(
                route(&Method::PUT, &path).unwrap(),
                Some(Route::Cab { token: TOKEN.into() }),
                "{path}"
            );
        }
    }

    #[test]
    fn other_puts_are_refused() {
        for (path, reason) in [
            (format!("/cabs/../cabs/{TOKEN}.cab"), "path"),
            (format!("/cabs/..%5C..%5Cetc/cabs/{TOKEN}.cab"), "path"),
            (format!("/%2e%2E/cabs/{TOKEN}.cab"), "path"),
            ("/".into(), "unknown_token"),
            (format!("/cabs/{TOKEN}"), "unknown_token"),
            (format!("/cabs/{TOKEN}0.cab"), "unknown_token"),
            (format!("/cabs/{}.cab", "g".repeat(32)), "unknown_token"),
            (format!("/{}", "a".repeat(5000)), "path"),
        ] {
            assert_eq!(route(&Method::PUT, &path).unwrap_err().reason, reason, "{path}");
        }
    }
}
