//! One file out of a cab, for a download. The server itself reads no cab: a child of this program (`watson member
//! --child`) gives up files, network and resources, unpacks into a folder of its own, and writes the one file to its
//! standard output.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::sync::Arc;
use std::time::Duration;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError,
    Scope, path_beneath_rules,
};
use rustix::process::{Resource, Rlimit, setrlimit};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use watson_analysis::{CabLimits, unpack_cab};
use watson_db::BlobFile;
use watson_pages::router::{MemberOpener, MemberReader};

use crate::analyzer::OWN_PROGRAM;
use crate::limits::{
    MAX_CAB_IN_MEMORY_BYTES, MAX_MEMBER_CPU_SECONDS, MAX_MEMBER_MS, MAX_MEMBER_REQUEST_BYTES,
    MAX_MEMBER_SPACE_BYTES, MAX_MEMBERS_AT_ONCE,
};

/// The newest rules that are asked for; older kernels enforce what they know.
const LANDLOCK: ABI = ABI::V6;

/// What the parent writes to the child.
#[derive(Debug, Serialize, Deserialize)]
struct Request {
    cab: PathBuf,
    /// Empty folder to unpack into.
    folder: PathBuf,
    /// Name of the file, as the analysis listed it.
    name: String,
}

/// Opens files of cabs in children; `work_dir` holds what they unpack.
#[must_use]
pub fn child_member_opener(work_dir: PathBuf) -> MemberOpener {
    let turns = Arc::new(Semaphore::new(MAX_MEMBERS_AT_ONCE));
    Arc::new(move |cab, name| Box::pin(open(work_dir.clone(), Arc::clone(&turns), cab, name)))
}

/// A child's output, and what must live as long as it is read.
struct Unpacking {
    child: Child,
    _folder: TempDir,
    _turn: OwnedSemaphorePermit,
}

async fn open(
    work_dir: PathBuf,
    turns: Arc<Semaphore>,
    cab: BlobFile,
    name: String,
) -> std::io::Result<MemberReader> {
    let turn = turns.acquire_owned().await.map_err(std::io::Error::other)?;
    let folder = tempfile::Builder::new().prefix("member-").tempdir_in(work_dir)?;
    let request =
        serde_json::to_vec(&Request { cab: cab.path().to_owned(), folder: folder.path().to_owned(), name })?;
    let mut child = Command::new(OWN_PROGRAM)
        .args(["member", "--child"])
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let missing = || std::io::Error::other("the child's pipes are missing");
    let mut input = child.stdin.take().ok_or_else(missing)?;
    input.write_all(&request).await?;
    drop(input);
    let mut output = child.stdout.take().ok_or_else(missing)?;
    // One byte says that the file was found; without it the child failed, and its end says so.
    let found = timeout(Duration::from_millis(MAX_MEMBER_MS), output.read_u8()).await;
    if !matches!(found, Ok(Ok(FOUND))) {
        return Err(std::io::Error::other("the cab could not be unpacked, or does not hold the file"));
    }
    let unpacking = Unpacking { child, _folder: folder, _turn: turn };
    Ok(MemberReader::new(output, unpacking))
}

/// The child's first byte.
const FOUND: u8 = b'+';

impl Drop for Unpacking {
    fn drop(&mut self) {
        // Ended before its folder is removed; the runtime reaps it.
        let _ = self.child.start_kill();
    }
}

/// Runs the child. Must be called on the only thread of the process, before any runtime is started.
#[must_use]
pub fn member_child() -> ExitCode {
    match unpack_one() {
        Some(()) => ExitCode::SUCCESS,
        None => ExitCode::FAILURE,
    }
}

fn unpack_one() -> Option<()> {
    let request = read_request()?;
    let mut cab = Vec::new();
    let file = std::fs::File::open(&request.cab).ok()?;
    file.take(MAX_CAB_IN_MEMORY_BYTES).read_to_end(&mut cab).ok()?;
    confine(&request.folder)?;
    let unpacked = unpack_cab(&cab, &request.folder, &CabLimits::default()).ok()?;
    drop(cab);
    let mut file = std::fs::File::open(&unpacked.file(&request.name)?.path).ok()?;
    let mut out = std::io::stdout().lock();
    out.write_all(&[FOUND]).ok()?;
    std::io::copy(&mut file, &mut out).ok()?;
    out.flush().ok()
}

fn read_request() -> Option<Request> {
    let mut bytes = Vec::new();
    std::io::stdin().lock().take(MAX_MEMBER_REQUEST_BYTES).read_to_end(&mut bytes).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// Gives up what is not needed. Limits must hold; Landlock does where the kernel has it.
fn confine(folder: &Path) -> Option<()> {
    let limits = [
        (Resource::As, MAX_MEMBER_SPACE_BYTES),
        (Resource::Cpu, MAX_MEMBER_CPU_SECONDS),
        (Resource::Core, 0),
        (Resource::Nproc, 0),
    ];
    for (resource, value) in limits {
        setrlimit(resource, Rlimit { current: Some(value), maximum: Some(value) }).ok()?;
    }
    restrict_files(folder).ok()
}

fn restrict_files(folder: &Path) -> Result<(), RulesetError> {
    let unpack: BitFlags<AccessFs> = AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::MakeReg;
    Ruleset::default()
        .handle_access(AccessFs::from_all(LANDLOCK))?
        .handle_access(AccessNet::from_all(LANDLOCK))?
        .scope(Scope::from_all(LANDLOCK))?
        .create()?
        .add_rules(path_beneath_rules([folder], unpack))?
        .restrict_self()?;
    Ok(())
}
