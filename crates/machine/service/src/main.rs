//! `wersvc`: see the library of this package.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;

use anyhow::{Context, Result, bail};
use clap::Parser;
use tracing_subscriber::filter::{EnvFilter, LevelFilter};
use wer_service::{listener, reporters, resend, settings_watch};
use wer_settings::Locations;

/// The Windows Error Reporting service: reports the crashes that the kernel hands to its coredump socket.
///
/// Point the kernel at it with:
///   sysctl -w kernel.core_pipe_limit=16 kernel.core_pattern=@@/run/wer/coredump.sock
#[derive(Debug, Parser)]
#[command(name = "wersvc", version)]
struct Arguments {
    /// Keep settings (etc/wer), store (var/lib/wer) and socket (run/wer) below this folder.
    #[arg(long, value_name = "DIR")]
    base: Option<PathBuf>,
    /// The socket's path [default: coredump.sock in the runtime folder].
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,
    /// The reporter to start per crash [default: werfault beside this program].
    #[arg(long, value_name = "PATH")]
    werfault: Option<PathBuf>,
}

fn main() -> ExitCode {
    log_to_stderr();
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("wersvc: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Lines of the log go to standard error: what `RUST_LOG` asks for, by default information and worse; with colours on a
/// terminal only, and there not where `NO_COLOR` is set.
fn log_to_stderr() {
    let filter = EnvFilter::builder().with_default_directive(LevelFilter::INFO.into()).from_env_lossy();
    let wants_no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal() && !wants_no_color)
        .with_target(false)
        .with_env_filter(filter)
        .init();
}

fn run(arguments: &Arguments) -> Result<()> {
    let locations = Locations::system(arguments.base.as_deref());
    let socket = arguments.socket.clone().unwrap_or_else(|| locations.runtime_dir.join("coredump.sock"));
    if !socket.is_absolute() {
        bail!("{} is no absolute path, and the kernel takes no other", socket.display());
    }
    let werfault = match &arguments.werfault {
        Some(path) => path.clone(),
        None => reporters::werfault_beside_us()?,
    };
    if !werfault.is_file() {
        bail!("{} is missing; install it or name it with --werfault", werfault.display());
    }
    let listener = listener::bind(&socket)?;
    println!("wersvc: listening; core_pattern is @@{}", socket.display());
    let (wake, woken) = mpsc::channel();
    let watched = locations.clone();
    thread::spawn(move || settings_watch::run(watched, &wake));
    thread::spawn(move || resend::run(&locations, &woken));
    let reporters = reporters::Reporters::new(werfault, arguments.base.clone());
    loop {
        let (connection, _) = listener.accept().context("the socket cannot be listened on any more")?;
        if let Err(error) = reporters.start(connection) {
            tracing::error!("a crash was not reported: {error:#}");
        }
    }
}
