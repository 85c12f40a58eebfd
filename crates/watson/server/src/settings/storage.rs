//! `[storage]`: where rows, blobs and symbols are.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use watson_db::Places;

use crate::settings::{BadValue, Secret, Section};

/// Where rows, blobs and symbols are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StorageSettings {
    /// This process's own folder; made where missing, readable by nobody else.
    pub data: Option<PathBuf>,
    /// PostgreSQL for the rows (`postgres://USER@HOST/NAME`), instead of SQLite in the data folder.
    pub database: Option<Secret>,
    /// Folder for blobs and symbols, instead of the data folder.
    pub blobs: Option<PathBuf>,
    /// Folders below which programs are read for functions and lines, beside the system's own.
    pub symbol_roots: Vec<PathBuf>,
}

impl StorageSettings {
    /// For the store.
    #[must_use]
    pub fn places(&self) -> Places {
        Places {
            database: self.database.as_ref().map(|url| url.reveal().to_owned()),
            blobs: self.blobs.clone(),
        }
    }
}

impl Section for StorageSettings {
    fn check(&self) -> Result<(), BadValue> {
        match &self.database {
            Some(url) if !["postgres://", "postgresql://"].iter().any(|s| url.reveal().starts_with(s)) => {
                Err(BadValue::new("database", "must begin with postgres://; without it, rows are in SQLite"))
            }
            Some(_) if self.blobs.is_none() => Err(BadValue::new(
                "blobs",
                "(or --blobs) must be set where storage.database is: processes that share rows share blobs",
            )),
            _ => Ok(()),
        }
    }
}
