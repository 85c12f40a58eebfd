//! What one run of `werfault` knows before it looks at a crash: where settings and store are, what the settings say,
//! and which executable hosts modules.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use wer_model::{SoftError, Stage};
use wer_settings::{Locations, Settings};

use crate::user_places::UserPlaces;

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

    fn load(standing: Standing, locations: Locations, host_executable: PathBuf) -> Self {
        let (settings, warnings) = Settings::load(&locations);
        let warnings =
            warnings.iter().map(|warning| SoftError::new(Stage::Report, warning.to_string())).collect();
        let user_places = UserPlaces::default();
        Self { standing, locations, user_places, settings, warnings, host_executable }
    }
}
