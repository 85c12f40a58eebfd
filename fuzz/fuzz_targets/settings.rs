//! Any text as each of the three settings files.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wer_settings::{FileLevel, Locations, Settings};

fuzz_target!(|text: &str| {
    let locations = Locations { user_dir: Some("/u".into()), ..Locations::system(None) };
    for level in FileLevel::ALL {
        let (settings, _) = Settings::from_texts(&locations, &[(level, text)]);
        let _ = (settings.explain_all(), settings.server(), settings.local_dump("program"));
    }
});
