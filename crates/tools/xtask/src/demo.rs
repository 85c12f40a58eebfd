//! `cargo xtask demo`: builds everything, then hands over to `wer-demo`.

use anyhow::Result;
use clap::Args;

use crate::command::{cargo, run as run_command};
use crate::setup;
use crate::workspace::root;

/// Options of the demo.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// End when everything has arrived, without serving the pages.
    #[arg(long)]
    once: bool,
}

/// Builds and runs the demo.
///
/// # Errors
/// Something does not compile, or something expected did not arrive.
pub(crate) fn run(options: &Options) -> Result<()> {
    setup::for_demo()?;
    run_command("building", &mut cargo(&["build", "--workspace"]))?;
    let mut demo = std::process::Command::new(root().join("target/debug/wer-demo"));
    demo.args(options.once.then_some("--once")).env("WER_TESTKIT_NO_BUILD", "1").current_dir(root());
    run_command("crashing programs", &mut demo)
}
