//! The server watson, joined from its parts: intake (machines), pages (people), a worker that has cabs analysed in child
//! processes, and the loop that serves connections. The binary is a thin shell around [`serve::serve`].

#![forbid(unsafe_code)]

pub mod access;
pub mod accounts;
mod address;
pub mod analyzer;
pub mod app;
pub mod backup;
pub mod commands;
pub mod config;
pub mod connections;
pub mod doctor;
pub mod fleet;
pub mod fsck;
pub mod gate;
pub mod limits;
pub mod listener;
pub mod member;
pub mod metrics;
pub mod notify;
pub mod options;
pub mod peer;
pub mod probes;
pub mod record;
pub mod reload;
pub mod serve;
pub mod settings;
pub mod tasks;
pub mod tls;
pub mod token;
pub mod trust;
mod usage;
pub mod worker;

pub use app::{App, app, app_behind};
pub use options::{ServeOptions, SettingsOptions};
pub use settings::Settings;
