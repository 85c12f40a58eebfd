//! What a host says. All of it may be a lie: the host shares its memory with the module.

use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::limits::MAX_BUFFER_WCHARS;

/// What the host is about to run of the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Callback {
    /// The module's own start-up code.
    Loading,
    /// `OutOfProcessExceptionEventCallback`.
    Event,
    /// `OutOfProcessExceptionEventSignatureCallback`.
    Signature(u32),
    /// `OutOfProcessExceptionEventDebuggerLaunchCallback`.
    DebuggerLaunch,
}

impl fmt::Display for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loading => f.write_str("loading"),
            Self::Event => f.write_str(Self::EVENT_EXPORT),
            Self::Signature(index) => write!(f, "{} {index}", Self::SIGNATURE_EXPORT),
            Self::DebuggerLaunch => f.write_str(Self::DEBUGGER_EXPORT),
        }
    }
}

impl Callback {
    /// Name of the first export.
    pub const EVENT_EXPORT: &'static str = "OutOfProcessExceptionEventCallback";
    /// Name of the second export.
    pub const SIGNATURE_EXPORT: &'static str = "OutOfProcessExceptionEventSignatureCallback";
    /// Name of the third export.
    pub const DEBUGGER_EXPORT: &'static str = "OutOfProcessExceptionEventDebuggerLaunchCallback";
    /// All three; a module must have them.
    pub const EXPORTS: [&'static str; 3] =
        [Self::EVENT_EXPORT, Self::SIGNATURE_EXPORT, Self::DEBUGGER_EXPORT];
}

/// One packet of a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "message", deny_unknown_fields)]
pub enum HostMessage {
    /// A part of its confinement that the kernel refused.
    Note {
        /// A whole sentence.
        text: String,
    },
    /// It is about to run this.
    Entering {
        /// What.
        callback: Callback,
    },
    /// It could not load the module; the last message.
    NotLoaded {
        /// Why.
        reason: String,
    },
    /// What the event callback answered.
    Event {
        /// HRESULT.
        result: i32,
        /// `*pbOwnershipClaimed`.
        claimed: bool,
        /// `pwszEventName`.
        name: WideAnswer,
        /// `*pdwSignatureCount`.
        signature_count: u32,
    },
    /// What the signature callback answered.
    Signature {
        /// `dwIndex`.
        index: u32,
        /// HRESULT.
        result: i32,
        /// `pwszName`.
        name: WideAnswer,
        /// `pwszValue`.
        value: WideAnswer,
    },
    /// What the debugger launch callback answered; the last message.
    DebuggerLaunch {
        /// HRESULT.
        result: i32,
        /// `*pbIsCustomDebugger`.
        is_custom: bool,
        /// `pwszDebuggerLaunch`.
        command: WideAnswer,
        /// `*pbIsDebuggerAutolaunch`.
        autolaunch: bool,
    },
}

/// A buffer and its size word after a callback.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WideAnswer {
    /// WCHARs that the buffer has.
    pub capacity: u32,
    /// What the size word says now.
    pub size: u32,
    /// The WCHARs before the first NUL, within capacity and size.
    #[serde(with = "hex_units")]
    pub units: Vec<u16>,
}

/// UTF-16 units as hex digits, four each: any units at all survive JSON, at a known length.
mod hex_units {
    use super::*;

    pub(super) fn serialize<S: Serializer>(units: &[u16], serializer: S) -> Result<S::Ok, S::Error> {
        use fmt::Write;
        let mut text = String::with_capacity(units.len() * 4);
        for unit in units {
            // Writing to a String cannot fail.
            let _ = write!(text, "{unit:04x}");
        }
        serializer.serialize_str(&text)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u16>, D::Error> {
        let text = String::deserialize(deserializer)?;
        decode(&text).ok_or_else(|| serde::de::Error::custom("not hexadecimal UTF-16 units, or too many"))
    }

    fn decode(text: &str) -> Option<Vec<u16>> {
        let (groups, rest) = text.as_bytes().as_chunks::<4>();
        if !rest.is_empty()
            || groups.len() > MAX_BUFFER_WCHARS
            || !text.bytes().all(|b| b.is_ascii_hexdigit())
        {
            return None;
        }
        groups.iter().map(|group| u16::from_str_radix(str::from_utf8(group).ok()?, 16).ok()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_units_survive() {
        let answer = WideAnswer { capacity: 260, size: 3, units: vec![0x41, 0xD800, 0xFFFF] };
        let json = serde_json::to_string(&answer).unwrap();
        assert!(json.contains("\"0041d800ffff\""), "{json}");
        assert_eq!(serde_json::from_str::<WideAnswer>(&json).unwrap(), answer);
    }

    #[test]
    fn bad_hex_is_refused() {
        let answers = ["004", "00g1", "+041", &"0041".repeat(MAX_BUFFER_WCHARS + 1)];
        for units in answers {
            let json = format!("{{\"capacity\":1,\"size\":1,\"units\":\"{units}\"}}");
            assert!(serde_json::from_str::<WideAnswer>(&json).is_err(), "{units}");
        }
    }
}
