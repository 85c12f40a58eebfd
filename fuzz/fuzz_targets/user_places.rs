//! Any bytes as a process's environment, any text as the list of users and as a folder in settings.
#![no_main]

use std::path::Component;

use libfuzzer_sys::fuzz_target;
use wer_fault::user_places::UserPlaces;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let template = text.lines().next().unwrap_or_default();
    let listed = UserPlaces::in_user_list(&text, 1000);
    for places in [UserPlaces::from_environ(bytes)].into_iter().chain(listed) {
        assert!(places.config().is_none_or(|path| path.is_absolute()));
        if let Ok(folder) = places.expand(template, 1000) {
            assert!(folder.is_absolute());
            assert!(folder.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_))));
        }
    }
});
