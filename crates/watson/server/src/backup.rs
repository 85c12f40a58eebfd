//! `watson backup` and `watson restore`. Both work on the store itself, so they need no server and its user's rights.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use watson_db::backup::{BackupOf, RestoreFrom, backup, restore};

use crate::options::SettingsOptions;
use crate::settings::Settings;

/// `watson backup`.
#[derive(Debug, Args)]
pub struct Backup {
    #[command(flatten)]
    settings: SettingsOptions,
    /// Folder of backups; made where missing. One that has snapshots gets one more, and blobs that it has are not copied
    /// again.
    #[arg(long, value_name = "DIR")]
    output: PathBuf,
    /// Do not copy blobs: a bucket with versions, or a file system with snapshots, keeps them.
    #[arg(long)]
    no_blobs: bool,
    /// Tell what was done as JSON.
    #[arg(long)]
    json: bool,
}

/// `watson restore`.
#[derive(Debug, Args)]
pub struct Restore {
    #[command(flatten)]
    settings: SettingsOptions,
    /// Folder of backups.
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// One of its snapshots, instead of the newest.
    #[arg(long, value_name = "NAME")]
    snapshot: Option<String>,
    /// The file erasures.log of the data folder that is replaced: machines that were erased since are erased again.
    #[arg(long, value_name = "FILE")]
    erasures: Option<PathBuf>,
    /// Tell what was done as JSON.
    #[arg(long)]
    json: bool,
}

impl Backup {
    /// Makes one snapshot.
    ///
    /// # Errors
    /// See [`watson_db::backup::BackupError`]; blobs that the store has lost are an error too, after all others are copied.
    pub fn run(&self) -> Result<()> {
        let settings = self.settings.load()?.settings;
        let of = BackupOf {
            data: data_of(&settings)?,
            places: settings.storage.places(),
            output: self.output.clone(),
            blobs: !self.no_blobs,
        };
        let done = tokio::runtime::Runtime::new()?.block_on(backup(&of))?;
        if self.json {
            println!("{:#}", serde_json::to_value(&done)?);
        } else {
            println!("snapshot {} in {}", done.name, self.output.display());
            println!(
                "{} bytes of rows, {} blobs and files ({} bytes) were new",
                done.database_bytes, done.copied, done.copied_bytes
            );
        }
        anyhow::ensure!(
            done.lost.is_empty(),
            "{} blobs that rows name were lost or damaged before; all else is in the snapshot. \
             `watson fsck` says what they belong to",
            done.lost.len()
        );
        Ok(())
    }
}

impl Restore {
    /// Brings one snapshot back.
    ///
    /// # Errors
    /// See [`watson_db::backup::BackupError`].
    pub fn run(&self) -> Result<()> {
        let settings = self.settings.load()?.settings;
        let from = RestoreFrom {
            from: self.from.clone(),
            snapshot: self.snapshot.clone(),
            erasures: self.erasures.clone(),
            data: data_of(&settings)?,
            places: settings.storage.places(),
        };
        let runtime = tokio::runtime::Runtime::new()?;
        let done = runtime.block_on(async {
            let (done, store) = restore(&from, settings.collection.policy()).await?;
            store.end_restore()?;
            store.close().await;
            anyhow::Ok(done)
        })?;
        if self.json {
            println!("{:#}", serde_json::to_value(&done)?);
        } else {
            println!("snapshot {} is back in {}", done.name, from.data.display());
        }
        Ok(())
    }
}

fn data_of(settings: &Settings) -> Result<PathBuf> {
    let data = settings.storage.data.clone();
    data.context(
        "nothing says which data folder: give --data DIR, or set data in [storage] of the settings file",
    )
}
