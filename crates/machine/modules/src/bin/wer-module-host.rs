//! A module host by itself, for tests and for trying a module without `werfault`.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    wer_modules::host_main()
}
