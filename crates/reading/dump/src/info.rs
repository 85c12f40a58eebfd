//! The private stream 0x57450002: what is known about the report, as JSON (`docs/formats/private-streams.md`).
//! Read tolerantly: a field of the wrong form counts as absent.

use serde_json::Value;
use wer_model::Parameter;
use wer_model::words::{LastWords, SoftError, Stage};

use crate::limits::{MAX_INFO_BYTES, MAX_INFO_ENTRIES, MAX_INFO_TEXT_CHARS};

/// The stream's type.
pub(crate) const INFO_STREAM: u32 = 0x5745_0002;

/// What the stream says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WerInfo {
    /// The report's id as text.
    pub report_id: Option<String>,
    /// How it was captured.
    pub capture_source: Option<String>,
    /// The exception's NTSTATUS.
    pub status: Option<u32>,
    /// Address of the instruction.
    pub instruction: Option<u64>,
    /// Data address of the fault.
    pub fault_address: Option<u64>,
    /// "read", "write" or "execute".
    pub access: Option<String>,
    /// What the process said.
    pub last_words: Option<LastWords>,
    /// Metadata registered by the application, in order.
    pub metadata: Vec<Parameter>,
    /// Bases of modules without a build id: the id in their record stands in and matches no symbol file.
    pub synthetic_modules: Vec<u64>,
    /// Address and size of blocks that the application excluded.
    pub excluded_blocks: Vec<(u64, u64)>,
    /// What could not be had.
    pub soft_errors: Vec<SoftError>,
}

impl WerInfo {
    /// From the stream's bytes; `None` where they are no JSON object or too many.
    #[must_use]
    pub fn parse(stream: &[u8]) -> Option<Self> {
        let stream = stream.strip_suffix(b"\0").unwrap_or(stream);
        if stream.len() > MAX_INFO_BYTES {
            return None;
        }
        let json: Value = serde_json::from_slice(stream).ok()?;
        json.as_object()?;
        Some(Self {
            report_id: text(&json["report_id"]),
            capture_source: text(&json["capture_source"]),
            status: json["status"].as_str().and_then(|hex| u32::from_str_radix(hex, 16).ok()),
            instruction: address(&json["instruction"]),
            fault_address: address(&json["fault_address"]),
            access: text(&json["access"]),
            last_words: last_words(&json["last_words"]),
            metadata: list(&json["metadata"], |entry| {
                Some(Parameter::new(text(&entry["key"])?, text(&entry["value"])?))
            }),
            synthetic_modules: list(&json["synthetic_modules"], address),
            excluded_blocks: list(&json["excluded_blocks"], |entry| {
                Some((address(&entry["address"])?, entry["size"].as_u64()?))
            }),
            soft_errors: list(&json["soft_errors"], |entry| {
                let stage = serde_json::from_value(entry["stage"].clone()).unwrap_or(Stage::Dump);
                Some(SoftError::new(stage, text(&entry["message"])?))
            }),
        })
    }
}

fn list<T>(json: &Value, read: impl Fn(&Value) -> Option<T>) -> Vec<T> {
    json.as_array().into_iter().flatten().take(MAX_INFO_ENTRIES).filter_map(read).collect()
}

fn text(json: &Value) -> Option<String> {
    json.as_str().map(|text| text.chars().take(MAX_INFO_TEXT_CHARS).collect())
}

/// "0x" and hex digits.
fn address(json: &Value) -> Option<u64> {
    u64::from_str_radix(json.as_str()?.strip_prefix("0x")?, 16).ok()
}

fn last_words(json: &Value) -> Option<LastWords> {
    let source = serde_json::from_value(json["source"].clone()).ok()?;
    Some(LastWords { source, text: text(&json["text"])? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use wer_model::words::LastWordsSource;

    #[test]
    fn every_field_is_read() {
        let info = WerInfo::parse(
            br#"{"version":1,"report_id":"r","capture_source":"live","status":"c0000005","instruction":"0x401000",
            "fault_address":"0x0","access":"write","last_words":{"source":"rust_panic","text":"at main"},
            "metadata":[{"key":"k","value":"v"},{"key":"no value"}],"synthetic_modules":["0x10","bad"],
            "excluded_blocks":[{"address":"0x20","size":3}],"soft_errors":[{"stage":"capture","message":"m"}],
            "later":[]}"#,
        )
        .unwrap();
        assert_eq!(info.status, Some(0xc000_0005));
        assert_eq!((info.instruction, info.fault_address), (Some(0x40_1000), Some(0)));
        assert_eq!(info.last_words.unwrap().source, LastWordsSource::RustPanic);
        assert_eq!(info.metadata, [Parameter::new("k", "v")]);
        assert_eq!(info.synthetic_modules, [0x10]);
        assert_eq!(info.excluded_blocks, [(0x20, 3)]);
        assert_eq!(info.soft_errors, [SoftError::new(Stage::Capture, "m")]);
    }

    #[test]
    fn wrong_forms_are_absent() {
        assert_eq!(WerInfo::parse(b"[]"), None);
        assert_eq!(WerInfo::parse(b"\xff"), None);
        let info = WerInfo::parse(br#"{"status":5,"metadata":{},"last_words":{"source":"x","text":"y"}}"#);
        assert_eq!(info, Some(WerInfo::default()));
    }
}
