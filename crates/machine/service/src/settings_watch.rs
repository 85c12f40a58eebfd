//! Changed settings count at once: what waits is looked at again, and what is wrong with a file is said in the log, with
//! its line. Reporters read the settings for each crash themselves, with the last good text of a bad file that is kept
//! here.

use std::sync::mpsc::Sender;

use wer_settings::Locations;
use wer_settings::watch::{Changed, SettingsWatch};

/// Watches for ever, and wakes whoever listens at each change. Without a watch from the system it says so and ends.
pub fn run(locations: Locations, wake: &Sender<()>) {
    let mut watch = match SettingsWatch::start(locations) {
        Ok((watch, first)) => {
            log(&first);
            watch
        }
        Err(error) => return tracing::warn!(%error, "settings cannot be watched; changes count later"),
    };
    loop {
        match watch.wait() {
            Ok(changed) => {
                tracing::info!("the settings have changed");
                log(&changed);
                if wake.send(()).is_err() {
                    return;
                }
            }
            Err(error) => {
                return tracing::warn!(%error, "settings are not watched any more; changes count later");
            }
        }
    }
}

fn log(changed: &Changed) {
    for warning in &changed.warnings {
        if warning.is_about_whole_file() {
            tracing::error!("{warning}");
        } else {
            tracing::warn!("{warning}");
        }
    }
    for file in &changed.kept {
        tracing::warn!(file = %file.display(), "the last good values of a bad settings file stay in force");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::sync::mpsc;
    use std::time::Duration;

    #[test]
    fn a_change_wakes_who_sends() {
        let base = std::env::temp_dir().join(format!("wersvc-settings-{}", std::process::id()));
        let locations = Locations::system(Some(&base));
        fs::create_dir_all(&locations.system_dir).expect("a folder");
        let file = locations.system_file();
        let (wake, woken) = mpsc::channel();
        let watched = locations.clone();
        std::thread::spawn(move || run(watched, &wake));
        // The watch may begin after a change; a later one is noticed all the same.
        let is_woken = (0..100).any(|number| {
            fs::write(&file, format!("MaxQueueCount = {}\n", number + 1)).expect("a file");
            woken.recv_timeout(Duration::from_millis(100)).is_ok()
        });
        assert!(is_woken);
        fs::remove_dir_all(&base).expect("the folder is ours");
    }
}
