//! Consent: what may leave the machine. Numbers are those of `Consent\DefaultConsent`.

use serde::{Deserialize, Serialize};

/// The setting, 1 to 4 (0 is a policy's "disable").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    /// 0: reports of this event are not sent at all.
    Disabled,
    /// 1: ask each time (default). With nobody to ask, the report waits.
    #[default]
    AlwaysAsk,
    /// 2: parameters without asking; ask for more.
    Parameters,
    /// 3: parameters and data that holds nothing personal.
    SafeData,
    /// 4: everything that the server asks for.
    AllData,
}

impl Consent {
    /// From the registry's number.
    #[must_use]
    pub const fn from_number(number: i64) -> Option<Self> {
        Some(match number {
            0 => Self::Disabled,
            1 => Self::AlwaysAsk,
            2 => Self::Parameters,
            3 => Self::SafeData,
            4 => Self::AllData,
            _ => return None,
        })
    }
}

/// `WER_CONSENT`: what the person, or the application for that person, said about one report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentChoice {
    /// Nobody was asked yet.
    #[default]
    NotAsked,
    /// Send it.
    Approved,
    /// Do not send it.
    Denied,
    /// Ask, even where the settings would let it go.
    AlwaysPrompt,
}
