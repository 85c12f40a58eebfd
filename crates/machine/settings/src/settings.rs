//! The settings of one run: the three files merged value by value, policy before machine before user.

use std::path::{Path, PathBuf};
use std::time::Duration;

use wer_model::Consent;

use crate::catalogue::{self, FileLevel, Known};
use crate::layer::{Layer, Typed};
use crate::{Locations, SettingsWarning, watch};

/// The server and how to speak to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorporateServer {
    /// `CorporateWERServer`: host name or address.
    pub host: String,
    /// `CorporateWERPortNumber`.
    pub port: u16,
    /// `CorporateWERUseSSL`.
    pub use_ssl: bool,
    /// `CorporateWERDumpServer`: one other host that cabs may go to.
    pub dump_server: Option<String>,
    /// `CorporateWERKey`: the product's key that the server wants.
    pub key: Option<String>,
    /// `CorporateWERCertificate`: PEM file with the authority of the server's certificate.
    pub certificate: Option<PathBuf>,
}

/// How much of registered files is copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileLimits {
    /// Bytes of one file.
    pub one_file_bytes: u64,
    /// Bytes of all files of one report.
    pub all_files_bytes: u64,
}

/// All settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Strongest first.
    pub(crate) layers: Vec<Layer>,
    consent_file: PathBuf,
    server_file: PathBuf,
    /// What the policy forbids is not known, so nothing may be sent.
    policy_is_broken: bool,
}

/// A file's text, `None` where there is none, or why it cannot be read.
pub(crate) type FileText = Result<Option<String>, String>;

impl Settings {
    /// Reads the files. What cannot be read is a warning; its last good values count where a watcher kept them, else the
    /// rest and the defaults.
    #[must_use]
    pub fn load(locations: &Locations) -> (Self, Vec<SettingsWarning>) {
        let (settings, warnings, _) = watch::with_last_good(locations, &watch::read_all(locations));
        (settings, warnings)
    }

    /// The same for texts that the caller has read, for instance a user's file read with that user's rights.
    #[must_use]
    pub fn from_texts(locations: &Locations, texts: &[(FileLevel, &str)]) -> (Self, Vec<SettingsWarning>) {
        let files: Vec<_> =
            texts.iter().map(|(level, text)| (*level, Ok(Some((*text).to_owned())))).collect();
        Self::from_files(locations, &files)
    }

    /// The same for what reading the files came to.
    pub(crate) fn from_files(
        locations: &Locations,
        files: &[(FileLevel, FileText)],
    ) -> (Self, Vec<SettingsWarning>) {
        let mut warnings = Vec::new();
        let mut layers = Vec::new();
        for level in FileLevel::ALL {
            let Some(file) = file_of(locations, level) else { continue };
            let read = files.iter().find(|(other, _)| *other == level).map(|(_, read)| read);
            let (layer, of_file) = match read {
                Some(Ok(Some(text))) => Layer::parse(level, &file, text),
                Some(Err(reason)) => {
                    let warning = SettingsWarning::Unreadable { file: file.clone(), reason: reason.clone() };
                    (Layer::empty(level, &file), vec![warning])
                }
                Some(Ok(None)) | None => (Layer::empty(level, &file), Vec::new()),
            };
            layers.push(layer);
            warnings.extend(of_file);
        }
        let writable = locations.user_file().unwrap_or_else(|| locations.system_file());
        let policy = locations.policy_file();
        let settings = Self {
            layers,
            consent_file: writable.clone(),
            server_file: writable,
            policy_is_broken: warnings
                .iter()
                .any(|warning| warning.is_about_whole_file() && warning.file() == policy),
        };
        (settings, warnings)
    }

    /// `Disabled`.
    #[must_use]
    pub fn disabled(&self) -> bool {
        self.switch(&catalogue::DISABLED)
    }

    /// `DontShowUI`.
    #[must_use]
    pub fn dont_show_ui(&self) -> bool {
        self.switch(&catalogue::DONT_SHOW_UI)
    }

    /// `DontSendAdditionalData`.
    #[must_use]
    pub fn dont_send_additional_data(&self) -> bool {
        self.switch(&catalogue::DONT_SEND_ADDITIONAL_DATA)
    }

    /// `LoggingDisabled`.
    #[must_use]
    pub fn logging_disabled(&self) -> bool {
        self.switch(&catalogue::LOGGING_DISABLED)
    }

    /// `DisableArchive`.
    #[must_use]
    pub fn disable_archive(&self) -> bool {
        self.switch(&catalogue::DISABLE_ARCHIVE)
    }

    /// `DisableQueue`.
    #[must_use]
    pub fn disable_queue(&self) -> bool {
        self.switch(&catalogue::DISABLE_QUEUE)
    }

    /// `ConfigureArchive` is 2: an archived report keeps all its files.
    #[must_use]
    pub fn archive_keeps_files(&self) -> bool {
        self.number(&catalogue::CONFIGURE_ARCHIVE) == 2
    }

    /// `MaxArchiveCount`.
    #[must_use]
    pub fn max_archive_count(&self) -> usize {
        self.unsigned(&catalogue::MAX_ARCHIVE_COUNT_)
    }

    /// `MaxQueueCount`.
    #[must_use]
    pub fn max_queue_count(&self) -> usize {
        self.unsigned(&catalogue::MAX_QUEUE_COUNT_)
    }

    /// `ForceQueue`.
    #[must_use]
    pub fn force_queue(&self) -> bool {
        self.switch(&catalogue::FORCE_QUEUE)
    }

    /// `BypassDataThrottling`.
    #[must_use]
    pub fn bypass_data_throttling(&self) -> bool {
        self.switch(&catalogue::BYPASS_DATA_THROTTLING)
    }

    /// `AutoApproveOSDumps`. Nothing on Linux follows from it: consent alone decides what is sent.
    #[must_use]
    pub fn auto_approve_os_dumps(&self) -> bool {
        self.switch(&catalogue::AUTO_APPROVE_OS_DUMPS)
    }

    /// `Hangs.TimeoutMilliseconds`: how long without an answer is a hang.
    #[must_use]
    pub fn hang_timeout(&self) -> Duration {
        Duration::from_millis(self.unsigned(&catalogue::HANG_TIMEOUT_MILLISECONDS))
    }

    /// `HoldMilliseconds`.
    #[must_use]
    pub fn hold_ms(&self) -> u32 {
        self.unsigned(&catalogue::HOLD_MILLISECONDS)
    }

    /// `Hangs.TimeoutMilliseconds`.
    #[must_use]
    pub fn hang_timeout_ms(&self) -> u32 {
        self.unsigned(&catalogue::HANG_TIMEOUT_MILLISECONDS)
    }

    /// `ModuleDeadlineMilliseconds`.
    #[must_use]
    pub fn module_deadline(&self) -> Duration {
        Duration::from_millis(self.unsigned(&catalogue::MODULE_DEADLINE_MILLISECONDS))
    }

    /// `MaxRegisteredFileBytes` and `MaxRegisteredFilesBytes`.
    #[must_use]
    pub fn file_limits(&self) -> FileLimits {
        FileLimits {
            one_file_bytes: self.unsigned(&catalogue::MAX_REGISTERED_FILE_BYTES),
            all_files_bytes: self.unsigned(&catalogue::MAX_REGISTERED_FILES_BYTES),
        }
    }

    /// The server, if one is named. Port, SSL, dump server, key and certificate count only in the file that names the server, so that a
    /// weaker file cannot turn a stronger one's server into another.
    #[must_use]
    pub fn server(&self) -> Option<CorporateServer> {
        let layer = self.server_layer()?;
        let Some(Typed::Text(host)) = layer.value(&catalogue::CORPORATE_WER_SERVER) else { return None };
        let number = |known: &Known| match layer.value(known) {
            Some(Typed::Number(number)) => *number,
            _ => known.default,
        };
        let text = |known: &Known| match layer.value(known) {
            Some(Typed::Text(text)) if !text.is_empty() => Some(text.clone()),
            _ => None,
        };
        Some(CorporateServer {
            host: host.clone(),
            port: u16::try_from(number(&catalogue::CORPORATE_WER_PORT_NUMBER)).unwrap_or(1273),
            use_ssl: number(&catalogue::CORPORATE_WER_USE_SSL) == 1,
            dump_server: text(&catalogue::CORPORATE_WER_DUMP_SERVER),
            key: text(&catalogue::CORPORATE_WER_KEY),
            certificate: text(&catalogue::CORPORATE_WER_CERTIFICATE).map(PathBuf::from),
        })
    }

    /// The strongest file that names a server; an empty name there means that no server counts.
    pub(crate) fn server_layer(&self) -> Option<&Layer> {
        let layer =
            self.layers.iter().find(|layer| layer.value(&catalogue::CORPORATE_WER_SERVER).is_some())?;
        match layer.value(&catalogue::CORPORATE_WER_SERVER) {
            Some(Typed::Text(host)) if !host.is_empty() => Some(layer),
            _ => None,
        }
    }

    /// The consent for reports of one event type: its own value, else `DefaultConsent`; with
    /// `DefaultOverrideBehavior` 1, and for a `DefaultConsent` of 0, always the latter. While the policy's file cannot be
    /// read, nothing may be sent: what it forbids is not known.
    #[must_use]
    pub fn consent_for(&self, event_type: &str) -> Consent {
        if self.policy_is_broken {
            return Consent::Disabled;
        }
        let default = self.number(&catalogue::DEFAULT_CONSENT);
        let own = self.layers.iter().find_map(|layer| layer.event(event_type));
        let number = match own {
            Some(number) if default != 0 && !self.switch(&catalogue::DEFAULT_OVERRIDE_BEHAVIOR) => number,
            _ => default,
        };
        Consent::from_number(number).unwrap_or_default()
    }

    /// The file in which the person who runs this would set `Consent.DefaultConsent`.
    #[must_use]
    pub fn consent_file(&self) -> &Path {
        &self.consent_file
    }

    /// Why a new report waits in the queue, for a person; empty where the settings let it go at once.
    #[must_use]
    pub fn waiting_reason(&self) -> String {
        if self.server().is_none() {
            return format!(
                "No server is named: set CorporateWERServer in {}, then run `wer submit`.",
                self.server_file.display()
            );
        }
        match self.consent_for("") {
            Consent::Disabled if self.policy_is_broken => {
                "The machine's policy cannot be read, so no report is sent; `wer config` says what is wrong."
                    .into()
            }
            Consent::Disabled => {
                "The machine's policy lets no report be sent (Consent.DefaultConsent is 0).".into()
            }
            Consent::AlwaysAsk => format!(
                "Nobody was there to be asked: allow it with `wer submit ID --approve`, or every report with \
                 DefaultConsent under [Consent] in {}.",
                self.consent_file.display()
            ),
            _ => String::new(),
        }
    }

    /// The strongest file's value and its layer.
    pub(crate) fn strongest(&self, known: &Known) -> Option<(&Layer, &Typed)> {
        self.layers.iter().find_map(|layer| layer.value(known).map(|value| (layer, value)))
    }

    pub(crate) fn number(&self, known: &Known) -> i64 {
        match self.strongest(known) {
            Some((_, Typed::Number(number))) => *number,
            _ => known.default,
        }
    }

    pub(crate) fn switch(&self, known: &Known) -> bool {
        self.number(known) == 1
    }

    /// Ranges are checked where values are read, so the conversion loses nothing.
    fn unsigned<T: TryFrom<i64> + Default>(&self, known: &Known) -> T {
        T::try_from(self.number(known)).unwrap_or_default()
    }
}

pub(crate) fn file_of(locations: &Locations, level: FileLevel) -> Option<PathBuf> {
    match level {
        FileLevel::Policy => Some(locations.policy_file()),
        FileLevel::System => Some(locations.system_file()),
        FileLevel::User => locations.user_file(),
    }
}
