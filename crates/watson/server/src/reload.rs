//! SIGHUP: settings are read again. What may change while the server runs is taken over; of all else the log says that it
//! waits for the next start. Settings that are wrong change nothing.

use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::{EnvFilter, Registry, reload};

use crate::notify;
use crate::options::ServeOptions;
use crate::settings::show::changed;
use crate::settings::{Loaded, Settings};

/// Changes the log's level.
pub type LogLevel = reload::Handle<EnvFilter, Registry>;

/// Waits for signals for as long as it is polled.
pub async fn run(options: ServeOptions, mut now: Loaded, level: LogLevel) {
    let mut hangup = match signal(SignalKind::hangup()) {
        Ok(hangup) => hangup,
        Err(error) => {
            tracing::error!(error = %error, "settings cannot be read again: SIGHUP cannot be waited for");
            return;
        }
    };
    while hangup.recv().await.is_some() {
        notify::reloading();
        match options.load() {
            Ok(next) => {
                take_over(&now, &next, &level);
                now = next;
            }
            Err(error) => tracing::error!(error = %error, "settings are not taken; those from before hold"),
        }
        notify::reloaded();
    }
}

fn take_over(now: &Loaded, next: &Loaded, level: &LogLevel) {
    let changed = changed(now, next);
    let (taken, waiting): (Vec<_>, Vec<_>) =
        changed.iter().partition(|(section, key)| Settings::is_reloaded(section, key));
    // A level that the environment sets stays.
    if std::env::var_os("RUST_LOG").is_none()
        && let Ok(filter) = EnvFilter::try_new(&next.settings.log.level)
    {
        let _ = level.reload(filter);
    }
    let names = |keys: &[&(&str, &str)]| {
        keys.iter().map(|(section, key)| format!("{section}.{key}")).collect::<Vec<_>>().join(", ")
    };
    tracing::info!(taken = names(&taken), "settings were read again");
    if !waiting.is_empty() {
        tracing::warn!(waiting = names(&waiting), "these settings hold from the next start on");
    }
}
