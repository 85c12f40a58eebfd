//! Everything that the store knows of one machine, as a tar that comes piece by piece: JSON for rows, files as they are.
//! Never more than a piece, a level 1 body and a report's rows are in memory.
//!
//! `machine.json`, `days/N.json` (labels and days on which it was counted), `leases/N.json`, `raw/SEQ.json` and
//! `raw/SEQ.xml` (level 1), `reports/ID/report.json`, `reports/ID/analysis.json`, `reports/ID/files/N-NAME`.

mod rows;
mod tar;

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::json;
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use crate::audit::Act;
use crate::blob::BlobFile;
use crate::export::rows::ReportFile;
use crate::pseudonym::{MACHINE_BYTES, machine_text};
use crate::{DbError, Store};

/// Bytes of a piece of a file.
const PIECE_BYTES: usize = 64 * 1024;
/// Version of the form, in `machine.json`.
const VERSION: u32 = 1;

/// Where an export is.
enum Stage {
    Head,
    Days { page: u32, after: (i64, i64) },
    Leases { page: u32, after: i64 },
    Raw { after: i64 },
    Reports { after: String },
    End,
    Done,
}

/// A file that is being read.
struct Open {
    file: File,
    left: u64,
    size: u64,
    /// Keeps it there.
    _blob: BlobFile,
}

/// An export under way.
pub struct MachineExport {
    store: Arc<Store>,
    tenant: i64,
    machine: [u8; MACHINE_BYTES],
    now_ms: i64,
    stage: Stage,
    ready: VecDeque<Vec<u8>>,
    files: VecDeque<ReportFile>,
    open: Option<Open>,
}

impl std::fmt::Debug for MachineExport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MachineExport({})", machine_text(&self.machine))
    }
}

impl Store {
    /// Begins an export of a machine, named as for [`Store::erase_machine`]. The export is written down in the audit log.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn export_machine(
        self: &Arc<Self>,
        tenant: i64,
        who: &str,
        actor: &str,
        now_ms: i64,
    ) -> Result<MachineExport, DbError> {
        let machine = self.machine_named(tenant, who);
        let details = json!({ "tenant": tenant });
        let act = Act { actor, act: "machine.export", object: machine_text(&machine), details };
        self.audit(&act, now_ms).await?;
        Ok(MachineExport {
            store: Arc::clone(self),
            tenant,
            machine,
            now_ms,
            stage: Stage::Head,
            ready: VecDeque::new(),
            files: VecDeque::new(),
            open: None,
        })
    }
}

impl MachineExport {
    /// The next piece, never empty; `None` at the end. What is removed meanwhile is left out.
    ///
    /// # Errors
    /// [`DbError::Sql`], `Io`; the tar is cut then.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, DbError> {
        loop {
            if let Some(piece) = self.ready.pop_front() {
                if !piece.is_empty() {
                    return Ok(Some(piece));
                }
            } else if let Some(piece) = self.read().await? {
                return Ok(Some(piece));
            } else if let Some(file) = self.files.pop_front() {
                self.begin(file).await?;
            } else if matches!(self.stage, Stage::Done) {
                return Ok(None);
            } else {
                self.step().await?;
            }
        }
    }

    async fn read(&mut self) -> Result<Option<Vec<u8>>, DbError> {
        let Some(open) = &mut self.open else { return Ok(None) };
        if open.left == 0 {
            let size = open.size;
            self.open = None;
            let padding = tar::padding(size);
            return Ok((!padding.is_empty()).then_some(padding));
        }
        let mut piece = vec![0; PIECE_BYTES.min(usize::try_from(open.left).unwrap_or(PIECE_BYTES))];
        let read = open.file.read(&mut piece).await.map_err(DbError::io("cannot read", "a blob"))?;
        if read == 0 {
            return Err(DbError::Row("blob: it is shorter than its row says"));
        }
        piece.truncate(read);
        open.left -= read as u64;
        Ok(Some(piece))
    }

    /// A file whose bytes are lost is said to be.
    async fn begin(&mut self, file: ReportFile) -> Result<(), DbError> {
        let opened = match self.store.blob_file(&file.blob).await {
            Ok(blob) => File::open(blob.path()).await.ok().map(|open| (open, blob)),
            Err(_) => None,
        };
        match opened {
            Some((open, blob)) => {
                self.ready.push_back(tar::head(&file.path, file.size_bytes, self.seconds())?);
                self.open =
                    Some(Open { file: open, left: file.size_bytes, size: file.size_bytes, _blob: blob });
                Ok(())
            }
            None => self.add(&format!("{}.missing.txt", file.path), b"The store has lost these bytes.\n"),
        }
    }

    async fn step(&mut self) -> Result<(), DbError> {
        let stage = std::mem::replace(&mut self.stage, Stage::Done);
        self.stage = match stage {
            Stage::Head => {
                let names = self.names().await?;
                let head = json!({
                    "version": VERSION, "tenant": self.tenant, "machine": machine_text(&self.machine),
                    "names": names, "heard": self.heard().await?, "exported_ms": self.now_ms,
                    "left_out": "counts of labels and sketches of machines, which name no machine",
                });
                self.add_json("machine.json", &head)?;
                Stage::Days { page: 1, after: (i64::MIN, i64::MIN) }
            }
            Stage::Days { page, after } => match self.days(after).await? {
                Some((rows, last)) => {
                    self.add_json(&format!("days/{page}.json"), &rows)?;
                    Stage::Days { page: page + 1, after: last }
                }
                None => Stage::Leases { page: 1, after: i64::MIN },
            },
            Stage::Leases { page, after } => match self.leases(after).await? {
                Some((rows, last)) => {
                    self.add_json(&format!("leases/{page}.json"), &rows)?;
                    Stage::Leases { page: page + 1, after: last }
                }
                None => Stage::Raw { after: i64::MIN },
            },
            Stage::Raw { after } => match self.raw(after).await? {
                Some((row, body, seq)) => {
                    self.add_json(&format!("raw/{seq}.json"), &row)?;
                    self.add(&format!("raw/{seq}.xml"), &body)?;
                    Stage::Raw { after: seq }
                }
                None => Stage::Reports { after: String::new() },
            },
            Stage::Reports { after } => match self.report(&after).await? {
                Some(report) => {
                    let folder = format!("reports/{}", report.id);
                    self.add_json(&format!("{folder}/report.json"), &report.row)?;
                    if let Some(reading) = &report.reading {
                        self.add(&format!("{folder}/analysis.json"), reading.as_bytes())?;
                    }
                    self.files.extend(report.files);
                    Stage::Reports { after: report.id }
                }
                None => Stage::End,
            },
            Stage::End => {
                self.ready.push_back(tar::end());
                Stage::Done
            }
            Stage::Done => Stage::Done,
        };
        Ok(())
    }

    fn add_json(&mut self, path: &str, value: &serde_json::Value) -> Result<(), DbError> {
        let text = serde_json::to_vec_pretty(value).map_err(|_| DbError::Row("row"))?;
        self.add(path, &text)
    }

    fn add(&mut self, path: &str, bytes: &[u8]) -> Result<(), DbError> {
        self.ready.push_back(tar::entry(path, bytes, self.seconds())?);
        Ok(())
    }

    fn seconds(&self) -> u64 {
        u64::try_from(self.now_ms / 1000).unwrap_or(0)
    }
}
