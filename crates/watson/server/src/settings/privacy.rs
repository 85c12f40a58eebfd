//! `[privacy]`: what becomes of names at the door, where no rule of the store says so for a product or tenant.

use serde::{Deserialize, Serialize};
use watson_db::{Collect, PrivacyRules, Treatment};

use crate::settings::Section;

/// What becomes of names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PrivacySettings {
    /// Names of users, also in paths and texts: keep, hash, drop.
    pub user: Treatment,
    /// Names and ids of machines.
    pub machine: Treatment,
    /// Folders of paths.
    pub paths: Treatment,
    /// Network addresses.
    pub address: Treatment,
    /// The header User-Agent.
    pub agent: Treatment,
    /// Level 1 bodies are kept, rewritten.
    pub raw: bool,
    /// Files beside a dump are kept.
    pub attachments: bool,
    /// What is asked for and kept: all, no_memory, nothing.
    pub collect: Collect,
}

impl Default for PrivacySettings {
    fn default() -> Self {
        let PrivacyRules { user, machine, paths, address, agent, raw, attachments, collect } =
            PrivacyRules::default();
        Self { user, machine, paths, address, agent, raw, attachments, collect }
    }
}

impl PrivacySettings {
    /// For the intake.
    #[must_use]
    pub fn rules(&self) -> PrivacyRules {
        let Self { user, machine, paths, address, agent, raw, attachments, collect } = *self;
        PrivacyRules { user, machine, paths, address, agent, raw, attachments, collect }
    }
}

impl Section for PrivacySettings {}
