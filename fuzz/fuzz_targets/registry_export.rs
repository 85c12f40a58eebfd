//! Any bytes as a registry export; what it comes to is written by the editor and read back without a complaint.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wer_settings::registry;
use wer_settings::{Locations, SettingsWarning, edit};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(lines) = registry::parse(bytes) {
        let import = registry::import::import(&lines);
        let locations =
            Locations { user_dir: Some("/nowhere/u".into()), ..Locations::system(Some("/nowhere".as_ref())) };
        for (level, changes) in import.changes() {
            let Ok(text) = edit::preview(&locations, level, &changes) else { continue };
            let (_, warnings) = wer_settings::Settings::from_texts(&locations, &[(level, &text)]);
            let is_harmless = |warning: &SettingsWarning| matches!(warning, SettingsWarning::NoEffect { .. });
            assert!(warnings.iter().all(is_harmless), "{warnings:?}\n{text}");
        }
    }
});
