//! `[overload]`: when blobs stop for want of room, and how large the reserve is (`docs/watson/overload.md`).

use serde::{Deserialize, Serialize};
use watson_intake::overload::OverloadSettings as Values;
use watson_intake::overload::watermark::Marks;

use crate::settings::{BadValue, Section};

/// TOML's integers have a sign.
const MAX_BYTES: u64 = 1 << 60;
/// Files in one folder.
const MAX_ENTRIES: usize = 1_000_000;

/// When blobs stop for want of room, and how large the reserve is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OverloadSettings {
    /// Free bytes below which blobs stop.
    pub low_disk_bytes: u64,
    /// Free bytes below which level 1 stops too.
    pub no_disk_bytes: u64,
    /// Bytes of the reserve.
    pub max_spool_bytes: u64,
    /// Requests in the reserve; 0 = there is none.
    pub max_spool_entries: usize,
}

impl Default for OverloadSettings {
    fn default() -> Self {
        let values = Values::default();
        Self {
            low_disk_bytes: values.marks.low_bytes,
            no_disk_bytes: values.marks.none_bytes,
            max_spool_bytes: values.max_spool_bytes,
            max_spool_entries: values.max_spool_entries,
        }
    }
}

impl OverloadSettings {
    /// For the intake.
    #[must_use]
    pub fn values(&self) -> Values {
        Values {
            marks: Marks { low_bytes: self.low_disk_bytes, none_bytes: self.no_disk_bytes },
            max_spool_bytes: self.max_spool_bytes,
            max_spool_entries: self.max_spool_entries,
        }
    }
}

impl Section for OverloadSettings {
    fn check(&self) -> Result<(), BadValue> {
        if self.no_disk_bytes > self.low_disk_bytes {
            let why = format!("must not be more than low_disk_bytes, which is {}", self.low_disk_bytes);
            return Err(BadValue::new("no_disk_bytes", why));
        }
        for (key, value) in
            [("low_disk_bytes", self.low_disk_bytes), ("max_spool_bytes", self.max_spool_bytes)]
        {
            if value > MAX_BYTES {
                return Err(BadValue::new(key, format!("must be at most {MAX_BYTES}, and is {value}")));
            }
        }
        if self.max_spool_entries > MAX_ENTRIES {
            let why = format!("must be at most {MAX_ENTRIES}, and is {}", self.max_spool_entries);
            return Err(BadValue::new("max_spool_entries", why));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_must_not_stop_before_blobs_do() {
        let bad = OverloadSettings { low_disk_bytes: 5, no_disk_bytes: 6, ..OverloadSettings::default() };
        assert_eq!(bad.check().unwrap_err().key, "no_disk_bytes");
        assert!(OverloadSettings::default().check().is_ok());
    }
}
