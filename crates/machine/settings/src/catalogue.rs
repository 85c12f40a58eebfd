//! Every single-valued setting: its name, section, range, default and which files may hold it. The parser, the
//! accessors, the importer and `explain` all read this one table.

use crate::limits::{MAX_ARCHIVE_COUNT, MAX_DUMP_COUNT, MAX_HOLD_MS, MAX_QUEUE_COUNT, MAX_TEXT_CHARS};

/// The three files, strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileLevel {
    /// `policy.toml` of the machine (`HKLM\SOFTWARE\Policies\...`).
    Policy,
    /// `wer.toml` of the machine (`HKLM\Software\...`).
    System,
    /// `wer.toml` of the user (`HKCU\Software\...`).
    User,
}

impl FileLevel {
    /// Strongest first.
    pub const ALL: [Self; 3] = [Self::Policy, Self::System, Self::User];
}

/// A setting's section in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// Above all tables.
    Top,
    /// `[Consent]`.
    Consent,
    /// `[LocalDumps]` and `[LocalDumps."exe"]`.
    LocalDumps,
    /// `[AeDebug]`: on Windows a key beside Windows Error Reporting's.
    AeDebug,
    /// `[Hangs]`.
    Hangs,
}

impl Section {
    /// What comes before a name in messages and in `explain`.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Top => "",
            Self::Consent => "Consent.",
            Self::LocalDumps => "LocalDumps.",
            Self::AeDebug => "AeDebug.",
            Self::Hangs => "Hangs.",
        }
    }
}

/// What a value may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 0 or 1; `false` and `true` are read as these.
    Switch,
    /// A whole number within these bounds.
    Number {
        /// Smallest.
        min: i64,
        /// Largest.
        max: i64,
    },
    /// A text.
    Text,
    /// An absolute path.
    Path,
}

impl Kind {
    /// For a person: what the value must be.
    #[must_use]
    pub fn expected(self) -> String {
        match self {
            Self::Switch => "0 or 1".into(),
            Self::Number { min, max } => format!("a whole number from {min} to {max}"),
            Self::Text => format!("a text of at most {MAX_TEXT_CHARS} characters"),
            Self::Path => "an absolute path, or one that begins with a variable or ~".into(),
        }
    }
}

/// One setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Windows' name, or ours where `own` is set.
    pub name: &'static str,
    /// Where it stands.
    pub section: Section,
    /// What it may be.
    pub kind: Kind,
    /// Used where no file sets it; a text setting has none.
    pub default: i64,
    /// The user's file may not set it.
    pub machine_only: bool,
    /// Not one of Windows' values.
    pub own: bool,
    /// Read, checked and shown, and nothing on Linux follows from it.
    pub without_effect: bool,
    /// One sentence.
    pub meaning: &'static str,
}

impl Known {
    const fn new(
        name: &'static str,
        section: Section,
        kind: Kind,
        default: i64,
        meaning: &'static str,
    ) -> Self {
        Self { name, section, kind, default, machine_only: false, own: false, without_effect: false, meaning }
    }

    const fn switch(name: &'static str, meaning: &'static str) -> Self {
        Self::new(name, Section::Top, Kind::Switch, 0, meaning)
    }

    const fn number(name: &'static str, (min, max): (i64, i64), default: i64, meaning: &'static str) -> Self {
        Self::new(name, Section::Top, Kind::Number { min, max }, default, meaning)
    }

    const fn text(name: &'static str, meaning: &'static str) -> Self {
        Self::new(name, Section::Top, Kind::Text, 0, meaning)
    }

    const fn own(self) -> Self {
        Self { own: true, ..self }
    }

    const fn without_effect(self) -> Self {
        Self { without_effect: true, ..self }
    }

    const fn machine_only(self) -> Self {
        Self { machine_only: true, ..self }
    }

    const fn within(self, section: Section) -> Self {
        Self { section, ..self }
    }

    const fn local_dumps(name: &'static str, kind: Kind, default: i64, meaning: &'static str) -> Self {
        Self::new(name, Section::LocalDumps, kind, default, meaning).machine_only()
    }

    /// The name with its section, as messages and `explain` use it.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}{}", self.section.prefix(), self.name)
    }
}

/// Declares the settings and the table of all of them.
macro_rules! catalogue {
    ($($constant:ident = $known:expr;)*) => {
        $(pub(crate) const $constant: Known = $known;)*
        /// All single-valued settings.
        pub const ALL: &[Known] = &[$($constant),*];
    };
}

catalogue! {
    DISABLED = Known::switch("Disabled", "1 makes no reports at all.");
    DONT_SHOW_UI = Known::switch("DontShowUI", "1 asks nobody, on no terminal.");
    DONT_SEND_ADDITIONAL_DATA =
        Known::switch("DontSendAdditionalData", "1 sends parameters at most, whatever the server asks for.");
    LOGGING_DISABLED = Known::switch("LoggingDisabled", "1 writes no event records.");
    DISABLE_ARCHIVE = Known::switch("DisableArchive", "1 deletes a report once it is sent.");
    DISABLE_QUEUE = Known::switch("DisableQueue", "1 keeps no report that cannot be sent at once.");
    CONFIGURE_ARCHIVE = Known::number(
        "ConfigureArchive", (1, 2), 2,
        "What an archived report keeps: 1 only its parameters, 2 all its files (Windows' default is 1).",
    );
    MAX_ARCHIVE_COUNT_ = Known::number(
        "MaxArchiveCount", (1, MAX_ARCHIVE_COUNT as i64), 1000, "Reports in the archive; the oldest go first.",
    );
    MAX_QUEUE_COUNT_ = Known::number(
        "MaxQueueCount", (1, MAX_QUEUE_COUNT as i64), 50, "Reports in the queue; the oldest go first.",
    );
    FORCE_QUEUE = Known::switch("ForceQueue", "1 queues every report; only `wer submit` or the service sends.");
    BYPASS_DATA_THROTTLING =
        Known::switch("BypassDataThrottling", "1 sends a cab each time, not once per signature.");
    AUTO_APPROVE_OS_DUMPS = Known::number(
        "AutoApproveOSDumps", (0, 1), 1,
        "On Windows: dumps of reports that the system makes are sent without notice. Here consent alone decides.",
    ).without_effect();
    BYPASS_NETWORK_COST_THROTTLING = Known::switch(
        "BypassNetworkCostThrottling", "On Windows: 1 sends over networks that cost money.",
    ).without_effect();
    BYPASS_POWER_THROTTLING = Known::switch(
        "BypassPowerThrottling", "On Windows: 1 sends while the machine runs on its battery.",
    ).without_effect();
    QUEUE_PESTER_INTERVAL = Known::number(
        "QueuePesterInterval", (0, 36_500), 0, "On Windows: days between reminders of reports that wait.",
    ).without_effect();
    CORPORATE_WER_SERVER = Known::text(
        "CorporateWERServer", "Host name or address of the server; without one nothing is sent.",
    );
    CORPORATE_WER_PORT_NUMBER = Known::number(
        "CorporateWERPortNumber", (1, 65_535), 1273, "Its port; counts in the file that names the server.",
    );
    CORPORATE_WER_USE_SSL = Known::switch(
        "CorporateWERUseSSL", "1 speaks HTTPS; counts in the file that names the server.",
    );
    CORPORATE_WER_USE_AUTHENTICATION = Known::switch(
        "CorporateWERUseAuthentication", "On Windows: 1 signs in to the server as the machine.",
    ).without_effect();
    CORPORATE_WER_DIRECTORY = Known::text(
        "CorporateWERDirectory", "On Windows: a shared folder that takes the place of a server.",
    ).without_effect();
    CORPORATE_WER_UPLOAD_ON_FREE_NETWORKS_ONLY = Known::switch(
        "CorporateWERUploadOnFreeNetworksOnly", "On Windows: 1 sends over networks without cost only.",
    ).without_effect();
    CORPORATE_WER_DUMP_SERVER = Known::text(
        "CorporateWERDumpServer",
        "One other host that cabs may go to when the server says so; counts in the file that names the server.",
    ).own();
    CORPORATE_WER_KEY = Known::text(
        "CorporateWERKey", "The product's key that the server wants; counts in the file that names the server.",
    ).own();
    CORPORATE_WER_CERTIFICATE = Known::text(
        "CorporateWERCertificate",
        "PEM file with the authority of the server's certificate; counts in the file that names the server.",
    ).own();
    HOLD_MILLISECONDS = Known::number(
        "HoldMilliseconds", (1_000, MAX_HOLD_MS as i64), 30_000, "How long a crashing process is held at most.",
    ).own();
    MODULE_DEADLINE_MILLISECONDS = Known::number(
        "ModuleDeadlineMilliseconds", (100, MAX_HOLD_MS as i64), 10_000,
        "How long a call into a runtime exception module may take, and loading it.",
    ).own();
    MAX_REGISTERED_FILE_BYTES = Known::number(
        "MaxRegisteredFileBytes", (0, 1 << 40), 64 << 20, "Bytes copied of one registered file.",
    ).own();
    MAX_REGISTERED_FILES_BYTES = Known::number(
        "MaxRegisteredFilesBytes", (0, 1 << 40), 256 << 20, "Bytes copied of all registered files of one report.",
    ).own();
    DEFAULT_CONSENT = Known::new(
        "DefaultConsent", Section::Consent, Kind::Number { min: 0, max: 4 }, 1,
        "What may be sent: 1 ask each time, 2 parameters, 3 and data that holds nothing personal, 4 all that the \
         server asks for; 0 nothing (policy.toml only).",
    );
    DEFAULT_OVERRIDE_BEHAVIOR = Known::new(
        "DefaultOverrideBehavior", Section::Consent, Kind::Switch, 0,
        "1 lets DefaultConsent win over the consent of single events.",
    );
    DUMP_FOLDER = Known::local_dumps(
        "DumpFolder", Kind::Path, 0,
        "Where local dumps go; by default wer/CrashDumps in the state folder of the user whose program crashed.",
    );
    DUMP_COUNT = Known::local_dumps(
        "DumpCount", Kind::Number { min: 0, max: MAX_DUMP_COUNT as i64 }, 10,
        "Local dumps that are kept; the oldest go first.",
    );
    DUMP_TYPE = Known::local_dumps(
        "DumpType", Kind::Number { min: 0, max: 2 }, 1, "0 custom (CustomDumpFlags), 1 mini, 2 full.",
    );
    CUSTOM_DUMP_FLAGS = Known::local_dumps(
        "CustomDumpFlags", Kind::Number { min: 0, max: u32::MAX as i64 }, 0x121,
        "MINIDUMP_TYPE flags of a custom dump.",
    );
    DEBUGGER = Known::text(
        "Debugger", "Command line of the debugger: %ld is the process id, then an event's handle.",
    ).within(Section::AeDebug).machine_only();
    AUTO = Known::switch(
        "Auto", "1 starts the debugger without asking (as in the registry, \"1\" is read too).",
    ).within(Section::AeDebug).machine_only();
    HANG_TIMEOUT_MILLISECONDS = Known::number(
        "TimeoutMilliseconds", (100, MAX_HOLD_MS as i64), 5_000, "How long without an answer is a hang.",
    ).within(Section::Hangs).own();
}

/// Values and keys that were seen on Windows machines, whose meaning nobody documents or that a person never sets.
pub(crate) const WITHOUT_EFFECT: [&str; 17] = [
    "Assert Filtering Policy",
    "BrokerUp",
    "Debug",
    "EnableZip",
    "ErrorPort",
    "HeapControlledList",
    "LastCrashSelfReportTime",
    "LastQueuePesterTime",
    "LastResponsePesterTime",
    "MachineID",
    "MaxQueueSize",
    "MaxQueueSizePercentage",
    "NewUserDefaultConsent",
    "NHRTimes",
    "PurgeThreshholdValueInKB",
    "ServiceTimeout",
    "WMR",
];

/// Whether a name is one of [`WITHOUT_EFFECT`], in any case.
pub(crate) fn is_without_effect(name: &str) -> bool {
    WITHOUT_EFFECT.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// A setting by section and name; the registry's names do not tell upper from lower case.
pub(crate) fn find(section: Section, name: &str) -> Option<&'static Known> {
    ALL.iter().find(|known| known.section == section && known.name.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_within_its_range() {
        for known in ALL {
            match known.kind {
                Kind::Switch => assert!(matches!(known.default, 0 | 1), "{}", known.name),
                Kind::Number { min, max } => assert!((min..=max).contains(&known.default), "{}", known.name),
                Kind::Text | Kind::Path => assert_eq!(known.default, 0, "{}", known.name),
            }
        }
    }

    #[test]
    fn no_name_is_there_twice() {
        for (i, known) in ALL.iter().enumerate() {
            let again = ALL.iter().skip(i + 1).any(|other| other.full_name() == known.full_name());
            assert!(!again, "{}", known.full_name());
        }
    }
}
