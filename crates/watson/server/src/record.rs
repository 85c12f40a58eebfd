//! `watson record`: takes requests of an unknown client, answers 200, and writes a transcript of each that may be shown to
//! others (`watson_intake::transcript` says what is left out). For whoever wants a dialect that is not here yet.
//!
//! It reads more than the server does, bare line feeds and bodies without a length, because nothing that it reads has a
//! meaning for it.

mod connection;

use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use watson_intake::transcript::{Redactor, transcript};

use self::connection::take;
use crate::access::check_listen_addresses;

/// Record what an unknown client sends, without what it says: for adding its dialect.
#[derive(Clone, Debug, clap::Args)]
pub struct RecordOptions {
    /// Address to listen on; port 0 takes a free one, which is printed.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// Folder for the transcripts, one JSON file for each request; made where missing.
    #[arg(long, value_name = "DIR")]
    pub output: PathBuf,
    /// End after so many requests.
    #[arg(long, value_name = "N")]
    pub count: Option<u32>,
}

/// Requests of one recording.
const MAX_REQUESTS: u32 = 10_000;

/// Records until SIGTERM, SIGINT, or as many requests as were asked for.
///
/// # Errors
/// An address that other machines can reach or that is taken, a folder that cannot be written.
pub async fn record(options: RecordOptions) -> Result<()> {
    check_listen_addresses(&[options.listen], false)?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot wait for SIGINT")?;
    let folder = &options.output;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|error| anyhow::anyhow!("no random bytes: {error}"))?;
    let redactor = Redactor::new(key);
    let listener = TcpListener::bind(options.listen)
        .await
        .with_context(|| format!("cannot listen on {}; is another server there?", options.listen))?;
    let address = listener.local_addr().context("cannot read the chosen address")?;
    println!("recording on http://{address}/ into {}", folder.display());
    let count = options.count.unwrap_or(MAX_REQUESTS).min(MAX_REQUESTS);
    let mut number = 0;
    while number < count {
        let stream = tokio::select! {
            accepted = listener.accept() => accepted.context("cannot accept a connection")?.0,
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
        };
        // One at a time: whoever records looks at one client.
        let Some(request) = take(stream).await else { continue };
        number += 1;
        let file = write(folder, number, &transcript(&request.recorded(), &redactor))?;
        println!("{}", file.display());
    }
    Ok(())
}

/// Transcripts of earlier recordings stay.
fn write(folder: &Path, number: u32, transcript: &serde_json::Value) -> Result<PathBuf> {
    use std::io::Write;
    let text = serde_json::to_string_pretty(transcript).context("a transcript is JSON")?;
    for try_number in number..=number.saturating_add(MAX_REQUESTS) {
        let path = folder.join(format!("request-{try_number:04}.json"));
        match std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Ok(mut file) => {
                writeln!(file, "{text}").with_context(|| format!("cannot write {}", path.display()))?;
                return Ok(path);
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error).with_context(|| format!("cannot create {}", path.display())),
        }
    }
    anyhow::bail!("{} is full of transcripts; name another folder", folder.display())
}
