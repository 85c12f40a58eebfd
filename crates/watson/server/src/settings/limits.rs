//! `[limits]`: how much machines may send.

use serde::{Deserialize, Serialize};
use watson_intake::IntakeLimits;

use crate::settings::{BadValue, Section};

/// A smaller limit than this refuses everything.
const MIN_BYTES: u64 = 4096;
/// A larger one is no limit (16 TiB; also, TOML's integers have a sign).
const MAX_BYTES: u64 = 1 << 44;

/// How much machines may send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsSettings {
    /// Bytes of a cab.
    pub max_cab_bytes: u64,
    /// Bytes of a symbol file.
    pub max_symbol_bytes: u64,
    /// Bytes of a dump and its attachments, unpacked.
    pub max_dump_bytes: u64,
    /// Bytes of all files of an upload in pieces.
    pub max_pieces_bytes: u64,
}

impl Default for LimitsSettings {
    fn default() -> Self {
        let limits = IntakeLimits::default();
        Self {
            max_cab_bytes: limits.max_cab_bytes,
            max_symbol_bytes: limits.max_symbol_bytes,
            max_dump_bytes: limits.max_dump_bytes,
            max_pieces_bytes: limits.max_pieces_bytes,
        }
    }
}

impl LimitsSettings {
    /// For the intake.
    #[must_use]
    pub fn intake(&self) -> IntakeLimits {
        IntakeLimits {
            max_cab_bytes: self.max_cab_bytes,
            max_symbol_bytes: self.max_symbol_bytes,
            max_dump_bytes: self.max_dump_bytes,
            max_pieces_bytes: self.max_pieces_bytes,
            ..IntakeLimits::default()
        }
    }
}

impl Section for LimitsSettings {
    fn check(&self) -> Result<(), BadValue> {
        let values = [
            ("max_cab_bytes", self.max_cab_bytes),
            ("max_symbol_bytes", self.max_symbol_bytes),
            ("max_dump_bytes", self.max_dump_bytes),
            ("max_pieces_bytes", self.max_pieces_bytes),
        ];
        match values.into_iter().find(|(_, value)| !(MIN_BYTES..=MAX_BYTES).contains(value)) {
            Some((key, value)) => {
                Err(BadValue::new(key, format!("must be {MIN_BYTES} to {MAX_BYTES}, and is {value}")))
            }
            None => Ok(()),
        }
    }
}
