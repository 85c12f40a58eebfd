//! Tells systemd what the server does, where systemd has started it (`NOTIFY_SOCKET`; see `sd_notify(3)`).

use std::time::Duration;

use sd_notify::NotifyState;
use tokio::time::interval;

/// Requests are served. From now on the watchdog is fed too, where the unit has one.
pub fn ready(address: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(&format!("serves {address}"))]);
    if let Some(every) = sd_notify::watchdog_enabled() {
        tokio::spawn(feed(every / 2));
    }
}

/// No new requests are served.
pub fn stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("ends what is under way")]);
}

/// Settings are read again; [`reloaded`] ends it.
pub fn reloading() {
    if let Ok(time) = NotifyState::monotonic_usec_now() {
        tell(&[NotifyState::Reloading, time]);
    }
}

/// Settings were read again.
pub fn reloaded() {
    tell(&[NotifyState::Ready]);
}

/// From the runtime that serves: when nothing runs there any more, the watchdog is not fed either.
async fn feed(every: Duration) {
    let mut turns = interval(every.max(Duration::from_millis(1)));
    loop {
        turns.tick().await;
        tell(&[NotifyState::Watchdog]);
    }
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(error = %error, "systemd could not be told");
    }
}
