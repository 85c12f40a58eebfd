//! What an administrator may set, by section. Each section is a struct in a file of its own below `settings/`: a key is a
//! field, its default is the field's, a unit is in its name (`_seconds`, `_bytes`), and `check` says its bounds.
//!
//! A value comes from the first of these that has it: a flag (`--set SECTION.KEY=VALUE`, or one of its own), the environment
//! (`WATSON_SECTION_KEY`), the file, the default. What no section has is an error wherever it stands.

use serde::{Deserialize, Serialize};

pub mod cer2;
pub mod collection;
pub mod error;
mod keys;
pub mod limits;
pub mod listen;
pub mod load;
pub mod log;
pub mod overload;
pub mod privacy;
pub mod quotas;
pub mod retention;
pub mod secret;
pub mod show;
pub mod storage;
pub mod tenants;
pub mod tls;
pub mod trust;

pub use cer2::Cer2Settings;
pub use collection::CollectionSettings;
pub use error::SettingsError;
pub use limits::LimitsSettings;
pub use listen::ListenSettings;
pub use load::{FlagValue, Loaded, Origin, load};
pub use log::LogSettings;
pub use overload::OverloadSettings;
pub use privacy::PrivacySettings;
pub use quotas::QuotasSettings;
pub use retention::RetentionSettings;
pub use secret::Secret;
pub use storage::StorageSettings;
pub use tenants::{TenantRuleSettings, TenantsSettings};
pub use tls::TlsSettings;
pub use trust::TrustSettings;

/// The file that is read where no other is named, if it exists.
pub const DEFAULT_FILE: &str = "/etc/watson/watson.toml";

/// A value that its section does not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadValue {
    /// The key, without its section.
    pub key: &'static str,
    /// What is wrong with it and what would be right, as the end of a sentence that begins with the key.
    pub why: String,
}

impl BadValue {
    /// A bad value of `key`.
    pub fn new(key: &'static str, why: impl Into<String>) -> Self {
        Self { key, why: why.into() }
    }
}

/// A table of the file.
pub trait Section {
    /// Keys whose new values a running server takes over on SIGHUP; the others wait for the next start.
    const RELOADED: &'static [&'static str] = &[];

    /// Looks at each value alone and at what must fit together.
    ///
    /// # Errors
    /// The first value that cannot be.
    fn check(&self) -> Result<(), BadValue> {
        Ok(())
    }
}

/// Makes [`Settings`]: one line per section, `name: Type`.
macro_rules! sections {
    ($($(#[$doc:meta])* $name:ident: $section:ty,)+) => {
        /// Everything that can be set.
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct Settings {
            $($(#[$doc])* pub $name: $section,)+
        }

        impl Settings {
            /// Sections with their keys.
            pub(crate) fn keys() -> Vec<(&'static str, &'static [&'static str])> {
                vec![$((stringify!($name), keys::of::<$section>()),)+]
            }

            /// Whether a running server takes over a new value of this key.
            #[must_use]
            pub fn is_reloaded(section: &str, key: &str) -> bool {
                match section {
                    $(stringify!($name) => <$section as Section>::RELOADED.contains(&key),)+
                    _ => false,
                }
            }

            /// The first value that cannot be, with its section.
            pub(crate) fn check(&self) -> Result<(), (&'static str, BadValue)> {
                $(self.$name.check().map_err(|bad| (stringify!($name), bad))?;)+
                Ok(())
            }
        }
    };
}

sections! {
    /// `[listen]`: where requests come in.
    listen: ListenSettings,
    /// `[storage]`: where rows, blobs and symbols are.
    storage: StorageSettings,
    /// `[collection]`: what buckets ask for that have no policy of their own.
    collection: CollectionSettings,
    /// `[cer2]`: what clients of MS-CER2 are told.
    cer2: Cer2Settings,
    /// `[limits]`: how much machines may send.
    limits: LimitsSettings,
    /// `[privacy]`: what becomes of names at the door.
    privacy: PrivacySettings,
    /// `[retention]`: how long what is kept.
    retention: RetentionSettings,
    /// `[quotas]`: how much one source may send.
    quotas: QuotasSettings,
    /// `[tls]`: HTTPS.
    tls: TlsSettings,
    /// `[trust]`: whom the server believes.
    trust: TrustSettings,
    /// `[tenants]`: whose machines are whose.
    tenants: TenantsSettings,
    /// `[overload]`: when blobs stop for want of room, and how large the reserve is.
    overload: OverloadSettings,
    /// `[log]`: what is told on standard error.
    log: LogSettings,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_section_has_keys_and_reloads_only_what_it_has() {
        for (section, keys) in Settings::keys() {
            assert!(!keys.is_empty(), "{section}");
            assert!(
                !section.contains('_'),
                "{section}: an underscore would make names of variables ambiguous"
            );
        }
        let known = |section: &str, key: &str| {
            Settings::keys().iter().any(|(name, keys)| *name == section && keys.contains(&key))
        };
        for key in <CollectionSettings as Section>::RELOADED {
            assert!(known("collection", key), "{key}");
        }
        for key in <LimitsSettings as Section>::RELOADED {
            assert!(known("limits", key), "{key}");
        }
        assert!(Settings::default().check().is_ok());
    }
}
