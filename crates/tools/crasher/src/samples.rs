//! The article's sample of `examples/`: an application with a payload, and the handler module that claims its crash.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::build::{BuildError, Step};
use crate::targets::Targets;

/// One language's sample. The application's argument is the module's path, which settings must allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// "C" or "Rust".
    pub language: &'static str,
    /// The application.
    pub application: PathBuf,
    /// Its handler module.
    pub module: PathBuf,
}

impl Sample {
    /// The event name that the module gives.
    pub const EVENT: &'static str = "My crash report";
    /// The signature pairs that the module gives.
    pub const PAIRS: [(&'static str, &'static str); 2] = [("Version", "5"), ("Status", "Hello world!")];
    /// The metadata that the application registers.
    pub const METADATA: [(&'static str, &'static str); 2] = [("Channel", "sample"), ("Documents", "3")];
    /// The first bytes of the memory block that it registers.
    pub const BLOCK_START: &'static str = "12:00:00 started";
    /// The function that crashes.
    pub const FUNCTION: &'static str = "save_document";
}

pub(crate) fn all(targets: &Targets) -> Vec<Sample> {
    vec![
        Sample {
            language: "C",
            application: targets.crashers.join("sample-c"),
            module: targets.crashers.join("sample-c-module.so"),
        },
        Sample {
            language: "Rust",
            application: targets.binary("crash-report-sample"),
            module: targets.binary("libcrash_report_sample_module.so"),
        },
    ]
}

/// Compiles the C sample as its own description says; cargo has built the Rust one.
pub(crate) fn build(targets: &Targets) -> Result<(), BuildError> {
    for sample in all(targets) {
        match sample.language {
            "C" => {
                compile(targets, "app.c", &sample.application, &[])?;
                compile(targets, "module.c", &sample.module, &["-shared", "-fPIC"])?;
            }
            _ => {
                for built in [sample.application, sample.module] {
                    if !built.is_file() {
                        return Err(BuildError::NoLibrary(built));
                    }
                }
            }
        }
    }
    Ok(())
}

fn compile(targets: &Targets, source: &str, output: &Path, more: &[&str]) -> Result<(), BuildError> {
    let folder = targets.workspace.join("examples/c/crash-report-sample");
    let include = targets.workspace.join("include");
    let unfinished = output.with_extension("new");
    let mut command = Command::new("cc");
    command.args(["-std=c11", "-g", "-O1", "-Wall", "-Wextra", "-Werror", "-fshort-wchar"]).args(more);
    command.arg("-I").arg(&include).arg("-o").arg(&unfinished).arg(folder.join(source));
    command.arg("-L").arg(&targets.build).arg("-lwer");
    command.arg(format!("-Wl,-rpath,{}", targets.build.display()));
    let headers = ["werapi.h", "wer_types.h", "wer_winbase.h", "wer_linux.h"].map(|name| include.join(name));
    let mut inputs = vec![folder.join(source), folder.join("payload.h")];
    inputs.extend(headers);
    Step { command, unfinished, output, inputs }.make()
}
