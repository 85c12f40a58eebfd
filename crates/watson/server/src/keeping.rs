//! `watson audit`, `watson export-machine`, `watson erase-machine`: on a store that no server has open, or, with
//! PostgreSQL, beside one. Beside a server with SQLite, its API does the same.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use watson_db::{DEFAULT_TENANT, Store, time};

use crate::options::SettingsOptions;

/// The actor of what is done here.
const ACTOR: &str = "command line";

/// What to do with the audit log.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Say whether the log is as it was written: each row's hash covers the one before it.
    Verify(Verify),
    /// Print the end of the chain, to be kept where whoever can write the database cannot.
    Head(Head),
    /// Print the log, a JSON object per line.
    Show(Show),
}

/// `watson audit verify`.
#[derive(Debug, Args)]
pub struct Verify {
    #[command(flatten)]
    settings: SettingsOptions,
    /// An end that was kept elsewhere (`watson audit head`): it must still be in the log.
    #[arg(long, value_name = "SEQ:HASH")]
    known: Option<String>,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// `watson audit head`.
#[derive(Debug, Args)]
pub struct Head {
    #[command(flatten)]
    settings: SettingsOptions,
}

/// `watson audit show`.
#[derive(Debug, Args)]
pub struct Show {
    #[command(flatten)]
    settings: SettingsOptions,
    /// Rows after this one.
    #[arg(long, value_name = "SEQ", default_value_t = 0)]
    after: i64,
}

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

impl Audit {
    /// Does it.
    ///
    /// # Errors
    /// A store that cannot be opened; a log that was touched.
    pub fn run(&self) -> Result<()> {
        block_on(async {
            match self {
                Self::Verify(verify) => verify.run().await,
                Self::Head(head) => {
                    let store = open(&head.settings).await?;
                    println!("{}", store.audit_head().await?.text());
                    store.close().await;
                    Ok(())
                }
                Self::Show(show) => show.run().await,
            }
        })
    }
}

impl Verify {
    async fn run(&self) -> Result<()> {
        let store = open(&self.settings).await?;
        let verdict = store.verify_audit(self.known.as_deref()).await?;
        store.close().await;
        if self.json {
            println!("{}", serde_json::to_string_pretty(&verdict)?);
        } else if verdict.broken.is_none() {
            println!("the log is whole: {} rows, end {}", verdict.rows, verdict.head);
        }
        match verdict.broken {
            Some(broken) => bail!("the audit log was touched, at row {}: {}", broken.seq, broken.why),
            None => Ok(()),
        }
    }
}

impl Show {
    async fn run(&self) -> Result<()> {
        let store = open(&self.settings).await?;
        let mut after = self.after;
        let mut out = std::io::stdout().lock();
        loop {
            let rows = store.audit_rows(after).await?;
            let Some(last) = rows.last() else { break };
            after = last.seq;
            for row in &rows {
                writeln!(out, "{}", serde_json::to_string(row)?)?;
            }
        }
        store.close().await;
        Ok(())
    }
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
