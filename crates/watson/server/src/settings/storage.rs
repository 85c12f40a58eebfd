//! `[storage]`: where rows, blobs and symbols are.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use watson_db::{BlobsAt, Places, S3Credentials};

use crate::limits::DEFAULT_ORPHAN_GRACE_HOURS;
use crate::settings::{BadValue, Secret, Section};

/// Where rows, blobs and symbols are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StorageSettings {
    /// This process's own folder; made where missing, readable by nobody else.
    pub data: Option<PathBuf>,
    /// PostgreSQL for the rows (`postgres://USER@HOST/NAME`), instead of SQLite in the data folder.
    pub database: Option<Secret>,
    /// Folder or bucket (`s3://BUCKET/PREFIX`) for blobs and symbols, instead of the data folder.
    pub blobs: Option<String>,
    /// Address of the S3-compatible store; also `AWS_ENDPOINT_URL`, or `?endpoint=` of `blobs`.
    pub s3_endpoint: Option<String>,
    /// Its region; also `AWS_REGION`, or `?region=`.
    pub s3_region: Option<String>,
    /// The bucket is in the path of requests, not in the host's name; also `?path_style=`.
    pub s3_path_style: Option<bool>,
    /// Name of the key; also `AWS_ACCESS_KEY_ID`.
    pub s3_access_key_id: Option<String>,
    /// Its secret; also `AWS_SECRET_ACCESS_KEY`.
    pub s3_secret_access_key: Option<Secret>,
    /// Bytes of a bucket's blobs that are kept as files in the data folder.
    pub cache_bytes: Option<u64>,
    /// Hours for which bytes that nothing names are kept.
    pub orphan_grace_hours: u32,
    /// Folders below which programs are read for functions and lines, beside the system's own.
    pub symbol_roots: Vec<PathBuf>,
}

impl StorageSettings {
    /// For the store. Only for settings that were checked.
    #[must_use]
    pub fn places(&self) -> Places {
        let database = self.database.as_ref().map(|url| url.reveal().to_owned());
        // What is no place was refused by the check.
        let mut blobs =
            self.blobs.as_ref().map(|text| text.parse().unwrap_or_else(|_| BlobsAt::Folder(text.into())));
        if let Some(BlobsAt::S3(settings)) = &mut blobs {
            // What stands in the address itself wins.
            settings.endpoint = settings.endpoint.take().or_else(|| self.s3_endpoint.clone());
            settings.region = settings.region.take().or_else(|| self.s3_region.clone());
            settings.path_style = settings.path_style.or(self.s3_path_style);
            if let (Some(id), Some(secret)) = (&self.s3_access_key_id, &self.s3_secret_access_key) {
                settings.credentials = Some(S3Credentials {
                    access_key_id: id.clone(),
                    secret_access_key: secret.reveal().to_owned(),
                });
            }
            settings.cache_bytes = self.cache_bytes.unwrap_or(settings.cache_bytes);
        }
        Places { database, blobs }
    }

    /// Milliseconds for which bytes that nothing names are kept.
    #[must_use]
    pub fn orphan_grace_ms(&self) -> i64 {
        i64::from(self.orphan_grace_hours) * 60 * 60 * 1000
    }
}

impl Default for StorageSettings {
    fn default() -> Self {
        Self {
            data: None,
            database: None,
            blobs: None,
            s3_endpoint: None,
            s3_region: None,
            s3_path_style: None,
            s3_access_key_id: None,
            s3_secret_access_key: None,
            cache_bytes: None,
            orphan_grace_hours: DEFAULT_ORPHAN_GRACE_HOURS,
            symbol_roots: Vec::new(),
        }
    }
}

impl Section for StorageSettings {
    fn check(&self) -> Result<(), BadValue> {
        if let Some(Err(bad)) = self.blobs.as_deref().map(str::parse::<BlobsAt>) {
            return Err(BadValue::new("blobs", format!("cannot be {bad}")));
        }
        if self.s3_access_key_id.is_some() != self.s3_secret_access_key.is_some() {
            let why = "and s3_secret_access_key go together";
            return Err(BadValue::new("s3_access_key_id", why));
        }
        let is_url = |url: &String| url.starts_with("http://") || url.starts_with("https://");
        if self.s3_endpoint.as_ref().is_some_and(|url| !is_url(url)) {
            return Err(BadValue::new("s3_endpoint", "must begin with http:// or https://"));
        }
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
