//! What became of asking a runtime exception module.

use serde::{Deserialize, Serialize};

use crate::report::Parameter;

/// Who allowed the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModuleLevel {
    /// The machine's settings: it may claim.
    System,
    /// The user's own settings: it is called, but cannot claim.
    User,
}

/// What a module answered, or how it failed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum ModuleVerdict {
    /// No settings file lists its path: not loaded.
    NotAllowed,
    /// There is no such file, or it could not be loaded.
    NotLoaded {
        /// The loader's reason.
        reason: String,
    },
    /// It looked and did not claim.
    Declined,
    /// It claimed, but as a user-level module it may not.
    ClaimRefused,
    /// It claimed; the report is its own.
    Claimed {
        /// The event's name; empty = the module left it to the system.
        event_name: String,
        /// Its signature pairs, at most ten.
        parameters: Vec<Parameter>,
        /// Command line of its debugger, where it named one.
        debugger: Option<String>,
        /// Start the debugger without asking.
        debugger_autolaunch: bool,
    },
    /// It answered what the rules do not allow.
    Invalid {
        /// Which rule.
        reason: String,
    },
    /// It was ended by a signal.
    Crashed {
        /// The signal's number.
        signal: i32,
        /// In which callback, or loading.
        during: String,
    },
    /// It left its process by `exit`.
    Exited {
        /// The exit status.
        status: i32,
        /// In which callback, or loading.
        during: String,
    },
    /// It did not answer within its deadline.
    TimedOut {
        /// In which callback, or loading.
        during: String,
    },
    /// An earlier module claimed, so it was not asked.
    NotAsked,
}

/// One module and what became of it, in the order of registration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleOutcome {
    /// The registered path.
    pub path: String,
    /// Who allowed it; `None` = nobody.
    pub level: Option<ModuleLevel>,
    /// What it did.
    #[serde(flatten)]
    pub verdict: ModuleVerdict,
}

impl ModuleOutcome {
    /// One sentence for the report and `wer events`.
    #[must_use]
    pub fn sentence(&self) -> String {
        let path = &self.path;
        match &self.verdict {
            ModuleVerdict::NotAllowed => format!(
                "Module {path} is not listed under [RuntimeExceptionHelperModules]; it was not loaded."
            ),
            ModuleVerdict::NotLoaded { reason } => format!("Module {path} could not be loaded: {reason}."),
            ModuleVerdict::Declined => format!("Module {path} did not claim the crash."),
            ModuleVerdict::ClaimRefused => {
                format!("Module {path} claimed the crash, but only the machine's settings allow claims.")
            }
            ModuleVerdict::Claimed { event_name, parameters, .. } => format!(
                "Module {path} claimed the crash as \"{event_name}\" with {} parameters.",
                parameters.len()
            ),
            ModuleVerdict::Invalid { reason } => {
                format!("Module {path} answered against the rules ({reason}); its claim is void.")
            }
            ModuleVerdict::Crashed { signal, during } => {
                format!("Module {path} crashed with signal {signal} during {during}.")
            }
            ModuleVerdict::Exited { status, during } => {
                format!("Module {path} left its process with status {status} during {during}.")
            }
            ModuleVerdict::TimedOut { during } => format!("Module {path} did not answer in time ({during})."),
            ModuleVerdict::NotAsked => format!("Module {path} was not asked: an earlier module claimed."),
        }
    }
}
