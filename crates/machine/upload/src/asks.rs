//! What an answer asks for, checked: the cab's path, the solution's URL, and what is refused.

use wer_model::BucketReply;
use wer_wire::Level1Response;

use crate::limits::{MAX_DUMP_PATH_CHARS, MAX_SOLUTION_URL_CHARS};
use crate::printable::{printable, printable_lines};

/// The part of an answer that the report keeps.
pub(crate) fn reply(response: &Level1Response) -> BucketReply {
    BucketReply {
        bucket: response.bucket,
        bucket_table: response.bucket_table,
        solution_url: response.response.as_deref().and_then(solution_url),
        solution_text: response.solution_text.as_deref().map(printable_lines).filter(|text| !text.is_empty()),
        solution_fixed_in: response
            .solution_fixed_in
            .as_deref()
            .map(printable)
            .filter(|text| !text.is_empty()),
    }
}

/// An http or https URL of printable ASCII within its limit.
fn solution_url(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let is_web = ["http://", "https://"].iter().any(|scheme| {
        lower.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
    });
    let is_plain = text.len() <= MAX_SOLUTION_URL_CHARS && text.bytes().all(|byte| byte.is_ascii_graphic());
    (is_web && is_plain).then(|| text.to_owned())
}

/// Whether the answer asks for files, keys or queries of the machine. All of it is refused: the machine's list of what a
/// server may ask for is empty.
pub(crate) fn asks_for_machine_data(response: &Level1Response) -> bool {
    [
        &response.get_files,
        &response.get_file_versions,
        &response.registry_keys,
        &response.registry_trees,
        &response.queries,
    ]
    .iter()
    .any(|list| !list.is_empty())
}

/// The path of the PUT from `DumpFile=`: one absolute path without `..`, percent-encoded where it must be.
pub(crate) fn dump_path(dump_file: &str) -> Option<String> {
    let path = dump_file.strip_prefix("DumpFile=").unwrap_or(dump_file).trim().replace('\\', "/");
    if path.is_empty() || path.len() > MAX_DUMP_PATH_CHARS || path.contains("://") || path.starts_with("//") {
        return None;
    }
    let path = if path.starts_with('/') { path } else { format!("/{path}") };
    if !path.split('/').all(|segment| is_plain_segment(&percent_decode(segment.as_bytes()))) {
        return None;
    }
    Some(percent_encode(&path))
}

/// Neither a step up nor something that a server might read as several segments.
fn is_plain_segment(segment: &[u8]) -> bool {
    let steps = matches!(segment, b"." | b"..");
    let separates = segment.iter().any(|byte| matches!(byte, b'/' | b'\\') || byte.is_ascii_control());
    !steps && !separates
}

/// Undoes `%XX`, twice-encoded ones too, so that no layer on the way can find a step up.
fn percent_decode(text: &[u8]) -> Vec<u8> {
    let mut decoded = text.to_vec();
    for _ in 0..4 {
        let once = percent_decode_once(&decoded);
        if once == decoded {
            break;
        }
        decoded = once;
    }
    decoded
}

fn percent_decode_once(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        let escaped =
            (*byte == b'%').then(|| after.first_chunk::<2>()).flatten().and_then(|digits| hex(*digits));
        match escaped {
            Some(value) => {
                decoded.push(value);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                decoded.push(*byte);
                rest = after;
            }
        }
    }
    decoded
}

fn hex([high, low]: [u8; 2]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(high)? << 4 | digit(low)?)
}

/// Encodes what may not stand in a path; `%` before two hex digits is an escape already.
fn percent_encode(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut encoded = String::with_capacity(path.len());
    for (i, byte) in bytes.iter().enumerate() {
        let is_escape = *byte == b'%'
            && bytes
                .get(i + 1..)
                .and_then(|rest| rest.first_chunk::<2>())
                .is_some_and(|digits| hex(*digits).is_some());
        let is_plain = byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/".contains(byte);
        if is_plain || is_escape {
            encoded.push(char::from(*byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solutions_are_web_addresses() {
        for good in ["http://wer.example/1", "HTTPS://wer.example/?a=b#c"] {
            assert_eq!(solution_url(good).as_deref(), Some(good));
        }
        let long = format!("https://a/{}", "x".repeat(2048));
        for bad in [
            "1",
            "",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "http://",
            "http:///x",
            "http://a b",
            &long,
        ] {
            assert_eq!(solution_url(bad), None, "{bad}");
        }
    }

    #[test]
    fn paths_of_cabs_stay_paths() {
        for (dump_file, path) in [
            ("/cabs/1.cab", "/cabs/1.cab"),
            ("\\PersistedCabs\\Generic\\my app\\1.cab", "/PersistedCabs/Generic/my%20app/1.cab"),
            ("DumpFile=/a.cab", "/a.cab"),
            ("a/b?c=d#e", "/a/b%3Fc=d%23e"),
            ("/100%/%41", "/100%25/%41"),
            ("/a@b:c", "/a@b:c"),
        ] {
            assert_eq!(dump_path(dump_file).as_deref(), Some(path));
        }
        for bad in [
            "",
            " ",
            "../x",
            "/a/../b",
            "/a/%2e%2E/b",
            "/a/%252e%252e/b",
            "\\..\\x",
            "/a/./b",
            "//evil.example/x",
            "\\\\evil\\share",
            "http://evil.example/x",
            "/a%2fb",
            "/a%5cb",
            "/a%00",
            "/a%0d%0aHost: evil",
            &"x".repeat(2000),
        ] {
            assert_eq!(dump_path(bad), None, "{bad}");
        }
    }
}
