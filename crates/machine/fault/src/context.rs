//! What one run of `werfault` knows before it looks at a crash: where settings and store are, what the settings say,
//! and which executable hosts modules.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use wer_model::{SoftError, Stage};
use wer_settings::{Locations, Settings, SettingsWarning};
use wer_sys::Credentials;

use crate::user_places::UserPlaces;
use crate::user_settings;

/// Whose rights this run has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The crashed user's own, at most: started by the application, by `wer run`, or by hand.
    Embedded,
    /// The machine's: started by the kernel or the service.
    System,
}

/// Settings and places for one run.
#[derive(Debug)]
pub struct Context {
    /// Whose rights we have.
    pub standing: Standing,
    /// Where things are.
    pub locations: Locations,
    /// The folders of the user whose environment this is; of no user in the kernel's ways.
    pub user_places: UserPlaces,
    /// What the settings say.
    pub settings: Settings,
    /// What was wrong with the settings files; reporting goes on with defaults.
    pub warnings: Vec<SoftError>,
    /// The executable that hosts modules: `werfault` itself.
    pub host_executable: PathBuf,
}

impl Context {
    /// For the embedded way: settings and store of the user whose environment this is.
    #[must_use]
    pub fn embedded(
        environment: &dyn Fn(&str) -> Option<OsString>,
        uid: u32,
        host_executable: PathBuf,
    ) -> Self {
        let loaded = Self::load(Standing::Embedded, Locations::embedded(environment, uid), host_executable);
        Self { user_places: UserPlaces::from_environment(environment), ..loaded }
    }

    /// For the kernel's ways: the machine's settings and store, or those below `base`.
    #[must_use]
    pub fn system(base: Option<&Path>, host_executable: PathBuf) -> Self {
        Self::load(Standing::System, Locations::system(base), host_executable)
    }

    /// For work on a store without a crash.
    #[must_use]
    pub fn for_locations(locations: Locations) -> Self {
        Self::load(Standing::System, locations, PathBuf::new())
    }

    /// This context with the settings of the user whose crash it is about, where it is the machine's and has none: read
    /// with that user's rights, behind the machine's own, and only what a user decides (`Settings::with_user`). `None`
    /// where nothing changes. What is wrong with the file is a warning.
    #[must_use]
    pub fn for_user(&self, user: &Credentials, places: &UserPlaces) -> Option<Self> {
        if self.standing != Standing::System || self.locations.user_dir.is_some() {
            return None;
        }
        let file = places.config()?.join("wer/wer.toml");
        let read = match user_settings::read(user, &file) {
            Ok(text) => Ok(self.settings.with_user(&file, &text?)),
            Err(reason) => Err(SettingsWarning::Unreadable { file: file.clone(), reason }),
        };
        let (settings, of_file) = read.unwrap_or_else(|warning| (self.settings.clone(), vec![warning]));
        let mut warnings = self.warnings.clone();
        warnings.extend(of_file.iter().map(|warning| SoftError::new(Stage::Report, warning.to_string())));
        Some(Self {
            standing: self.standing,
            locations: self.locations.clone(),
            user_places: self.user_places.clone(),
            settings,
            warnings,
            host_executable: self.host_executable.clone(),
        })
    }

    fn load(standing: Standing, locations: Locations, host_executable: PathBuf) -> Self {
        let (settings, warnings) = Settings::load(&locations);
        let warnings =
            warnings.iter().map(|warning| SoftError::new(Stage::Report, warning.to_string())).collect();
        let user_places = UserPlaces::default();
        Self { standing, locations, user_places, settings, warnings, host_executable }
    }
}
