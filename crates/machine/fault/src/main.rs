//! `werfault`: reports one crash. Started by a crashing process, by the kernel or by `wersvc`; see the library.

#![forbid(unsafe_code)]

use std::io::IsTerminal as _;
use std::process::ExitCode;

use wer_fault::way::arguments::{Start, parse};
use wer_fault::way::start;

const HELP: &str = "\
werfault reports the crash of a process. It is started for you:
  by a process that attached the crash handler (werfault --crash)
  by the kernel, from core_pattern             (werfault --kernel [--base DIR] %P %I %s %d %F)
  by a process that asks about a hang          (werfault --hang)
  by a process that asks about the store       (werfault --store)
  by a process that submits a report           (werfault --request)
  by wersvc, per connection of its socket      (werfault --kernel-socket [--base DIR])

To let the kernel start it for every crash on this machine:
  sysctl -w kernel.core_pipe_limit=16
  sysctl -w 'kernel.core_pattern=|/usr/libexec/wer/werfault --kernel %P %I %s %d %F'

To see what was reported, run: wer reports";

fn main() -> ExitCode {
    log_to_standard_error();
    let arguments: Vec<String> =
        std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned()).collect();
    let outcome = match parse(&arguments) {
        Start::Crash => start::crash(),
        Start::Kernel { base, crash } => start::kernel(base.as_deref(), &crash),
        Start::KernelSocket { base } => start::kernel_socket(base.as_deref()),
        Start::Hang => start::hang(),
        Start::ModuleHost => return wer_modules::host_main(),
        Start::Submit { id } => start::submit(&id),
        Start::Store => start::store(),
        Start::Request => start::request(),
        Start::Version => {
            println!("werfault {}", env!("CARGO_PKG_VERSION"));
            return ExitCode::SUCCESS;
        }
        Start::Help => {
            println!("{HELP}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// What `werfault` thinks, for whoever sets `WER_LOG` (for instance to `debug`). Standard error belongs to the crashed
/// program, so by default there is nothing.
fn log_to_standard_error() {
    if std::env::var_os("WER_LOG").is_none() {
        return;
    }
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_env("WER_LOG"))
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
}
