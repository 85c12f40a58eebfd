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
    /// Our own level 2 in pieces: which are missing?
    Pieces {
        /// The cab's token.
        token: String,
    },
    /// Our own level 2 in pieces: a piece.
    Piece {
        /// The cab's token.
        token: String,
        /// What it is called; checked where it is used.
        name: String,
    },
    /// Our own level 2 in pieces: all have come.
    PiecesComplete {
        /// The cab's token.
        token: String,
    },
    /// Breakpad, Crashpad and their relatives: a form with a dump, at any of the usual paths.
    Minidump,
    /// Socorro: `POST /submit`.
    Socorro,
    /// Sentry: `POST /api/<project>/minidump/`.
    SentryMinidump {
        /// Letters, digits, `-` and `_`.
        project: String,
    },
    /// Sentry: `POST /api/<project>/envelope/`.
    SentryEnvelope {
        /// Letters, digits, `-` and `_`.
        project: String,
    },
    /// Breakpad's sym-upload-v1: `POST /symbols/upload`.
    Symbols,
    /// sentry-cli: what does this server take? `GET /api/0/organizations/<organization>/chunk-upload/`.
    ChunkOptions {
        /// Letters, digits, `-` and `_`.
        organization: String,
    },
    /// sentry-cli: chunks of debug files. `POST` there.
    ChunkUpload,
    /// sentry-cli: `POST /api/0/projects/<organization>/<project>/files/difs/assemble/`.
    AssembleDebugFiles,
    /// Everything else below `/api/0/`, Sentry's web API.
    SentryApi,
    /// sym-upload-v2: is this module's file here?
    SymbolStatus {
        /// Its name.
        file: String,
        /// Its id.
        id: String,
    },
    /// sym-upload-v2: an upload begins.
    SymbolCreate {
        /// The path before `/v1/`.
        prefix: String,
    },
    /// sym-upload-v2: the file.
    SymbolPut {
        /// What `create` gave.
        key: String,
    },
    /// sym-upload-v2: it is whole.
    SymbolComplete {
        /// What `create` gave.
        key: String,
    },
}

/// What a request means; `None` = it is for somebody else.
///
/// # Errors
/// A `PUT` whose path climbs (400) or is no token's (404).
pub fn route(method: &Method, path: &str) -> Result<Option<Route>, Refusal> {
    if let Some(route) = staged_symbols(method, path).or_else(|| sentry_api(method, path)) {
        return Ok(Some(route));
    }
    if let Some(route) = pieces(method, path) {
        return Ok(Some(route));
    }
    if *method == Method::PUT {
        return cab_token(path).map(|token| Some(Route::Cab { token }));
    }
    if *method != Method::POST {
        return Ok(None);
    }
    if path.len() > MAX_PATH_CHARS {
        return Ok(None);
    }
    let path = path.to_ascii_lowercase();
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    Ok(match parts.as_slice() {
        [.., "stage2.htm"] => Some(Route::Level1),
        ["symbols", "upload"] => Some(Route::Symbols),
        [.., "submit"] => Some(Route::Socorro),
        ["api", project, "minidump"] if is_project(project) => {
            Some(Route::SentryMinidump { project: (*project).into() })
        }
        ["api", project, "envelope"] if is_project(project) => {
            Some(Route::SentryEnvelope { project: (*project).into() })
        }
        [.., last] if MINIDUMP_PATHS.contains(last) => Some(Route::Minidump),
        _ => None,
    })
}

/// sentry-cli's requests.
fn sentry_api(method: &Method, path: &str) -> Option<Route> {
    if path.len() > MAX_PATH_CHARS {
        return None;
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    Some(match (method.as_str(), parts.as_slice()) {
        ("GET", ["api", "0", "organizations", organization, "chunk-upload"]) if is_project(organization) => {
            Route::ChunkOptions { organization: (*organization).to_owned() }
        }
        ("POST", ["api", "0", "organizations", organization, "chunk-upload"]) if is_project(organization) => {
            Route::ChunkUpload
        }
        ("POST", ["api", "0", "projects", organization, project, "files", "difs", "assemble"])
            if is_project(organization) && is_project(project) =>
        {
            Route::AssembleDebugFiles
        }
        // A project of that number has two words behind it.
        (_, ["api", "0"] | ["api", "0", "organizations" | "projects", ..]) => Route::SentryApi,
        _ => return None,
    })
}

/// sym-upload-v2: `<api>/v1/symbols/<file>/<id>:checkStatus`, `<api>/v1/uploads:create`, `<api>/v1/uploads/<key>` and
/// `<api>/v1/uploads/<key>:complete`. File and id are checked where they are used.
fn staged_symbols(method: &Method, path: &str) -> Option<Route> {
    if path.len() > MAX_PATH_CHARS {
        return None;
    }
    let (prefix, rest) = match path.strip_prefix("/v1/") {
        Some(rest) => ("", rest),
        None => path.split_once("/v1/")?,
    };
    let parts: Vec<&str> = rest.split('/').collect();
    match (method.as_str(), parts.as_slice()) {
        ("GET", ["symbols", file, id]) => {
            let (file, id) = ((*file).to_owned(), id.strip_suffix(":checkStatus")?.to_owned());
            Some(Route::SymbolStatus { file, id })
        }
        ("POST", ["uploads:create"]) => Some(Route::SymbolCreate { prefix: prefix.to_owned() }),
        ("PUT", ["uploads", key]) => Some(Route::SymbolPut { key: (*key).to_owned() }),
        ("POST", ["uploads", key]) => {
            Some(Route::SymbolComplete { key: key.strip_suffix(":complete")?.to_owned() })
        }
        _ => None,
    }
}

/// `/pieces/<token>`, `/pieces/<token>/<name>`, `/pieces/<token>/complete`, as a level 1 answer gave them.
fn pieces(method: &Method, path: &str) -> Option<Route> {
    let parts: Vec<&str> = path.strip_prefix("/pieces/")?.split('/').collect();
    let token = (*parts.first()?).to_owned();
    if !is_token(&token) {
        return None;
    }
    match (method.as_str(), parts.get(1..)?) {
        ("POST", []) => Some(Route::Pieces { token }),
        ("POST", ["complete"]) => Some(Route::PiecesComplete { token }),
        ("PUT", [name]) => Some(Route::Piece { token, name: (*name).to_owned() }),
        _ => None,
    }
}

/// Last parts of the paths that crash clients are usually given: `/api/minidump`, Backtrace's
/// `/<universe>/<token>/minidump`, BugSplat's `/post/bp/crash/postBP.php`, Google's `/cr/report`, and plain words.
const MINIDUMP_PATHS: [&str; 9] =
    ["minidump", "minidumps", "crash", "crashes", "crashpad", "crashreports", "cr", "report", "postbp.php"];
/// Characters of a project's name.
const MAX_PROJECT_CHARS: usize = 64;

fn is_project(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    name.len() <= MAX_PROJECT_CHARS && name.chars().all(plain)
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
    if is_token(token) { Ok(token.to_owned()) } else { Err(unknown()) }
}

fn is_token(text: &str) -> bool {
    text.len() == 32 && text.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'))
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
    fn dialects_with_dumps_are_told_apart() {
        let post = |path| route(&Method::POST, path).unwrap();
        for path in
            ["/api/minidump", "/u/token/minidump/", "/post/bp/crash/postBP.php", "/cr/report", "/crash"]
        {
            assert_eq!(post(path), Some(Route::Minidump), "{path}");
        }
        assert_eq!(post("/submit"), Some(Route::Socorro));
        assert_eq!(post("/api/42/minidump/"), Some(Route::SentryMinidump { project: "42".into() }));
        assert_eq!(post("/api/my-app/envelope/"), Some(Route::SentryEnvelope { project: "my-app".into() }));
        assert_eq!(post("/api/%2e%2e/envelope/"), None);
        assert_eq!(post("/api/42/store/"), None);
    }

    #[test]
    fn symbols_come_in_stages() {
        let of = |method: Method, path| route(&method, path).unwrap();
        assert_eq!(
            of(Method::GET, "/api/v1/symbols/a%20b.so/AB0:checkStatus"),
            Some(Route::SymbolStatus { file: "a%20b.so".into(), id: "AB0".into() })
        );
        let created = Route::SymbolCreate { prefix: "/sym".into() };
        assert_eq!(of(Method::POST, "/sym/v1/uploads:create"), Some(created));
        assert_eq!(of(Method::PUT, "/v1/uploads/k"), Some(Route::SymbolPut { key: "k".into() }));
        let complete = Route::SymbolComplete { key: "k".into() };
        assert_eq!(of(Method::POST, "/a/v1/uploads/k:complete"), Some(complete));
        assert_eq!(of(Method::GET, "/v1/uploads/k"), None);
        assert_eq!(of(Method::GET, "/v1/symbols/a/b"), None);
    }

    #[test]
    fn sentry_cli_is_told_from_sentrys_sdks() {
        let of = |method: Method, path| route(&method, path).unwrap();
        let options = "/api/0/organizations/acme/chunk-upload/";
        assert_eq!(of(Method::GET, options), Some(Route::ChunkOptions { organization: "acme".into() }));
        assert_eq!(of(Method::POST, options), Some(Route::ChunkUpload));
        let assemble = "/api/0/projects/acme/app/files/difs/assemble/";
        assert_eq!(of(Method::POST, assemble), Some(Route::AssembleDebugFiles));
        assert_eq!(of(Method::GET, "/api/0/"), Some(Route::SentryApi));
        assert_eq!(of(Method::PUT, "/api/0/organizations/a%2Fb/chunk-upload/"), Some(Route::SentryApi));
        assert_eq!(of(Method::POST, "/api/0/minidump/"), Some(Route::SentryMinidump { project: "0".into() }));
        assert_eq!(of(Method::GET, "/api/v1/organizations/x/chunk-upload/"), None);
    }

    #[test]
    fn pieces_come_under_the_token_of_a_cab() {
        let of = |method: Method, path: String| route(&method, &path).ok().flatten();
        let token = TOKEN.to_owned();
        assert_eq!(
            of(Method::POST, format!("/pieces/{TOKEN}")),
            Some(Route::Pieces { token: token.clone() })
        );
        let piece = Route::Piece { token: token.clone(), name: "ab".into() };
        assert_eq!(of(Method::PUT, format!("/pieces/{TOKEN}/ab")), Some(piece));
        let complete = Route::PiecesComplete { token };
        assert_eq!(of(Method::POST, format!("/pieces/{TOKEN}/complete")), Some(complete));
        for path in [format!("/pieces/{TOKEN}/a/b"), "/pieces/..".into(), format!("/pieces/{TOKEN}0/ab")] {
            assert_eq!(of(Method::PUT, path.clone()), None, "{path}");
        }
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
