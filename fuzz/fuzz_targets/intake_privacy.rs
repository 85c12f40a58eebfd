//! Privacy at the door: a name that was learnt is in no text afterwards, and a cleaner that keeps all changes nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use watson_intake::privacy::{Cleaner, PrivacyRules, Pseudonyms, Treatment};

/// The seeds have it in every place.
const NAME: &str = "s3c4r5t-0f-j03";

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let (key, value) = text.split_once('\n').unwrap_or(("note", &text));
    let names = Pseudonyms::new(b"key").expect("a key");
    for all in [Treatment::Drop, Treatment::Hash] {
        let rules = PrivacyRules { user: all, machine: all, paths: all, address: all, ..PrivacyRules::default() };
        let mut cleaner = Cleaner::new(rules, &names, 1);
        cleaner.learn_user(NAME);
        cleaner.learn_pair(key, value);
        let clean = [cleaner.pair(key, value), cleaner.text(value), cleaner.name(value), cleaner.text(key)];
        for clean in clean {
            assert!(!clean.to_lowercase().contains(NAME), "{clean}");
        }
    }
    assert_eq!(Cleaner::new(PrivacyRules::default(), &names, 1).pair(key, value), value);
});
