//! `watson export-machine`, `watson erase-machine`: on a store that no server has open, or, with
//! PostgreSQL, beside one. Beside a server with SQLite, its API does the same.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use clap::Args;
use watson_db::{DEFAULT_TENANT, Store, time};

use crate::options::SettingsOptions;

/// The actor of what is done here.
const ACTOR: &str = "command line";

/// Whom it is about.
#[derive(Debug, Args)]
pub struct Machine {
    #[command(flatten)]
    settings: SettingsOptions,
    /// The machine: the name or id that it reports, or the pseudonym (`m-` and 16 digits) that is shown instead.
    machine: String,
    /// Its tenant's name.
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
}

/// Write everything that is known of one machine into a tar.
#[derive(Debug, Args)]
pub struct ExportMachine {
    #[command(flatten)]
    machine: Machine,
    /// The file, which must not exist.
    #[arg(long, value_name = "FILE.tar")]
    output: PathBuf,
}

/// Forget one machine: its reports, files, level 1 bodies, leases and days. Counts stay, as numbers.
#[derive(Debug, Args)]
pub struct EraseMachine {
    #[command(flatten)]
    machine: Machine,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

async fn open(settings: &SettingsOptions) -> Result<Store> {
    let settings = settings.load()?.settings;
    let data = settings.storage.data.as_deref().context("nothing says where the data is: give --data DIR")?;
    if !data.is_dir() {
        bail!("{} is no folder", data.display());
    }
    Ok(Store::open_at(data, &settings.storage.places(), settings.collection.policy()).await?)
}

fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Runtime::new()?.block_on(work)
}

impl Machine {
    async fn tenant(&self, store: &Store) -> Result<i64> {
        let Some(name) = &self.tenant else { return Ok(DEFAULT_TENANT) };
        store.tenant_named(name).await?.with_context(|| format!("there is no tenant {name}"))
    }
}

impl ExportMachine {
    /// Does it.
    ///
    /// # Errors
    /// A store that cannot be opened, a file that cannot be written; what was written is removed then.
    pub fn run(&self) -> Result<()> {
        block_on(async {
            let store = Arc::new(open(&self.machine.settings).await?);
            let done = self.write(&store).await;
            store.close().await;
            done
        })
    }

    async fn write(&self, store: &Arc<Store>) -> Result<()> {
        use std::os::unix::fs::OpenOptionsExt;
        let tenant = self.machine.tenant(store).await?;
        let mut options = std::fs::OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600).open(&self.output);
        let mut file = file.with_context(|| format!("cannot create {}", self.output.display()))?;
        let copied = async {
            let mut export =
                store.export_machine(tenant, &self.machine.machine, ACTOR, time::now_ms()).await?;
            while let Some(piece) = export.next().await? {
                file.write_all(&piece)?;
            }
            Ok(file.sync_all()?)
        };
        let copied: Result<()> = copied.await;
        if copied.is_err() {
            let _ = std::fs::remove_file(&self.output);
        }
        copied.with_context(|| format!("cannot write {}", self.output.display()))
    }
}

impl EraseMachine {
    /// Does it.
    ///
    /// # Errors
    /// A store that cannot be opened or written. What was begun goes on at the next start.
    pub fn run(&self) -> Result<()> {
        block_on(async {
            let store = open(&self.machine.settings).await?;
            let tenant = self.machine.tenant(&store).await?;
            let erased = store.erase_machine(tenant, &self.machine.machine, ACTOR, time::now_ms()).await?;
            store.close().await;
            if self.json {
                println!("{}", serde_json::to_string_pretty(&erased)?);
            } else {
                println!(
                    "{}: {} reports, {} level 1 bodies, {} leases, {} days, {} blobs are gone",
                    erased.machine, erased.reports, erased.raw, erased.leases, erased.days, erased.blobs
                );
            }
            Ok(())
        })
    }
}
