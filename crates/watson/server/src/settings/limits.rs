//! `[limits]`: how much machines may send, and how slowly.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use watson_intake::IntakeLimits;

use crate::connections::pace::Pace;
use crate::settings::{BadValue, Section};

/// Bounds of sizes: a smaller limit refuses everything, a larger one is none (16 TiB; also, TOML's integers have a sign).
const BYTES: (u64, u64) = (4096, 1 << 44);
/// Bounds of heads: the library wants 8 KiB, and each connection may hold as many.
const HEAD_BYTES: (u64, u64) = (8 * 1024, 1024 * 1024);
/// Bounds of times.
const SECONDS: (u64, u64) = (1, 60 * 60);
/// Bounds of connections: each has a descriptor.
const CONNECTIONS: (u64, u64) = (4, 100_000);
/// Bounds of the bytes that a slow client must bring.
const SLOW_BYTES: (u64, u64) = (1, 16 * 1024 * 1024);

/// How much machines may send, and how slowly.
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
    /// Connections at the same time, of each address that is listened at.
    pub max_connections: u64,
    /// Bytes of a request's head.
    pub max_head_bytes: u64,
    /// Seconds in which a head must have come, the wait between two requests included.
    pub max_head_seconds: u64,
    /// Bytes by which a client that is waited for shows that it keeps pace.
    pub slow_bytes: u64,
    /// Seconds without so many bytes after which it is slow, and needs one of its source's places for slow ones.
    pub slow_after_seconds: u64,
    /// Seconds without so many bytes after which it is cut off.
    pub max_slow_seconds: u64,
    /// Slow connections of one source.
    pub max_slow_per_source: u64,
}

impl Default for LimitsSettings {
    fn default() -> Self {
        let (limits, pace) = (IntakeLimits::default(), Pace::default());
        Self {
            max_cab_bytes: limits.max_cab_bytes,
            max_symbol_bytes: limits.max_symbol_bytes,
            max_dump_bytes: limits.max_dump_bytes,
            max_pieces_bytes: limits.max_pieces_bytes,
            max_connections: pace.max_connections as u64,
            max_head_bytes: pace.max_head_bytes as u64,
            max_head_seconds: pace.max_head.as_secs(),
            slow_bytes: pace.min_bytes,
            slow_after_seconds: pace.slow_after.as_secs(),
            max_slow_seconds: pace.cut_after.as_secs(),
            max_slow_per_source: pace.max_slow_per_source as u64,
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

    /// For connections.
    #[must_use]
    pub fn pace(&self) -> Pace {
        let count = |number| usize::try_from(number).unwrap_or(usize::MAX);
        Pace {
            max_connections: count(self.max_connections),
            max_head_bytes: count(self.max_head_bytes),
            max_head: Duration::from_secs(self.max_head_seconds),
            min_bytes: self.slow_bytes,
            slow_after: Duration::from_secs(self.slow_after_seconds),
            cut_after: Duration::from_secs(self.max_slow_seconds),
            max_slow_per_source: count(self.max_slow_per_source),
        }
    }
}

impl Section for LimitsSettings {
    fn check(&self) -> Result<(), BadValue> {
        let values = [
            ("max_cab_bytes", self.max_cab_bytes, BYTES),
            ("max_symbol_bytes", self.max_symbol_bytes, BYTES),
            ("max_dump_bytes", self.max_dump_bytes, BYTES),
            ("max_pieces_bytes", self.max_pieces_bytes, BYTES),
            ("max_connections", self.max_connections, CONNECTIONS),
            ("max_head_bytes", self.max_head_bytes, HEAD_BYTES),
            ("max_head_seconds", self.max_head_seconds, SECONDS),
            ("slow_bytes", self.slow_bytes, SLOW_BYTES),
            ("slow_after_seconds", self.slow_after_seconds, SECONDS),
            ("max_slow_seconds", self.max_slow_seconds, SECONDS),
            ("max_slow_per_source", self.max_slow_per_source, CONNECTIONS),
        ];
        for (key, value, (least, most)) in values {
            if !(least..=most).contains(&value) {
                return Err(BadValue::new(key, format!("must be {least} to {most}, and is {value}")));
            }
        }
        if self.slow_after_seconds >= self.max_slow_seconds {
            let why = format!("must be less than max_slow_seconds, which is {}", self.max_slow_seconds);
            return Err(BadValue::new("slow_after_seconds", why));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_have_bounds_and_fit_together() {
        let bad = |change: &dyn Fn(&mut LimitsSettings)| {
            let mut settings = LimitsSettings::default();
            change(&mut settings);
            settings.check().err().map(|bad| bad.key)
        };
        assert_eq!(bad(&|_| {}), None);
        assert_eq!(bad(&|settings| settings.max_cab_bytes = 1), Some("max_cab_bytes"));
        assert_eq!(bad(&|settings| settings.max_head_bytes = 4096), Some("max_head_bytes"));
        assert_eq!(bad(&|settings| settings.max_head_seconds = 0), Some("max_head_seconds"));
        assert_eq!(bad(&|settings| settings.max_connections = 0), Some("max_connections"));
        assert_eq!(bad(&|settings| settings.max_slow_seconds = 5), Some("slow_after_seconds"));
        assert_eq!(LimitsSettings::default().pace(), Pace::default());
    }
}
