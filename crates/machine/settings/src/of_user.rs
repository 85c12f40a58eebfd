//! The settings of a crashed user, added to the machine's own where the machine reports for that user.
//!
//! The machine's store, log, network and time stay the machine's: of the user's file only those values count that are
//! about this user's own reports. Policy and machine come first, as everywhere.

use std::path::Path;

use crate::catalogue::{self, FileLevel};
use crate::layer::Layer;
use crate::{Settings, SettingsWarning};

/// What a user decides of reports that the machine makes for that user. `[Consent]`, `[ExcludedApplications]`,
/// `[DebugApplications]` and `[RuntimeExceptionHelperModules]` are the user's too.
const OF_USER: [&catalogue::Known; 7] = [
    &catalogue::DISABLED,
    &catalogue::DONT_SHOW_UI,
    &catalogue::DONT_SEND_ADDITIONAL_DATA,
    &catalogue::DISABLE_ARCHIVE,
    &catalogue::DISABLE_QUEUE,
    &catalogue::FORCE_QUEUE,
    &catalogue::BYPASS_DATA_THROTTLING,
];

impl Settings {
    /// These settings, and behind them what a user's file says of that user's reports. `text` was read with the user's
    /// rights from `file`.
    #[must_use]
    pub fn with_user(&self, file: &Path, text: &str) -> (Self, Vec<SettingsWarning>) {
        let (mut layer, warnings) = Layer::parse(FileLevel::User, file, text);
        layer.top.retain(|name, _| OF_USER.iter().any(|known| known.name == *name));
        layer.hangs.clear();
        let mut settings = self.clone();
        settings.layers.retain(|layer| layer.level != FileLevel::User);
        settings.layers.push(layer);
        (settings, warnings)
    }
}
