//! `[log]`: what is told on standard error.

use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;

use crate::settings::{BadValue, Section};

/// What is told on standard error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogSettings {
    /// A level (`error`, `warn`, `info`, `debug`, `trace`), or levels by target (`info,watson_intake=debug`). `RUST_LOG`
    /// goes before it.
    pub level: String,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { level: "info".into() }
    }
}

impl Section for LogSettings {
    const RELOADED: &'static [&'static str] = &["level"];

    fn check(&self) -> Result<(), BadValue> {
        EnvFilter::try_new(&self.level)
            .map(drop)
            .map_err(|error| BadValue::new("level", format!("is no level such as \"info\": {error}")))
    }
}
