//! Debug files: the request that names them by their chunks, and what their first bytes say.
#![no_main]

use libfuzzer_sys::fuzz_target;
use watson_intake::limits::CHUNK_BYTES;
use watson_intake::sentry_cli::assemble::parse;
use watson_intake::sentry_cli::identify::identify;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(files) = parse(bytes, 3 * CHUNK_BYTES) {
        for file in files {
            assert!(file.chunks.len() <= 3);
            let plain = |name: &str| !name.is_empty() && name != ".." && !name.contains(['/', '\\', '\0']);
            assert!(plain(&file.name), "{:?}", file.name);
            let hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(file.debug_id.is_none_or(|id| hex(&id)) && hex(file.sha1.as_str()));
        }
    }
    let facts = identify(bytes);
    let plain = |text: &str| text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    assert!(plain(&facts.arch) && plain(&facts.code_id) && facts.debug_id.is_none_or(|id| plain(&id)));
});
