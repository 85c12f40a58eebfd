//! Whose reports and settings a command is about: one's own, the machine's, or those below a folder.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Args;
use wer_fault::Context;
use wer_settings::Locations;

/// Options of every command.
#[derive(Clone, Debug, Args)]
pub(crate) struct PlaceArguments {
    /// The machine's reports and settings (/var/lib/wer, /etc/wer), not your own.
    #[arg(long, global = true)]
    system: bool,
    /// Reports and settings below this folder (DIR/var/lib/wer, DIR/etc/wer).
    #[arg(long, global = true, value_name = "DIR", conflicts_with = "system")]
    base: Option<PathBuf>,
}

impl PlaceArguments {
    /// Where things are.
    pub(crate) fn locations(&self) -> Locations {
        if self.is_machine() {
            return Locations::system(self.base.as_deref());
        }
        Locations::embedded(&|name| std::env::var_os(name), rustix::process::getuid().as_raw())
    }

    /// Settings and places, as `werfault` would have them.
    ///
    /// # Errors
    /// Our own path cannot be had.
    pub(crate) fn context(&self) -> Result<Context> {
        let werfault = werfault()?;
        if self.is_machine() {
            return Ok(Context::system(self.base.as_deref(), werfault));
        }
        let uid = rustix::process::getuid().as_raw();
        Ok(Context::embedded(&|name| std::env::var_os(name), uid, werfault))
    }

    fn is_machine(&self) -> bool {
        self.system || self.base.is_some()
    }

    /// What to try when there is nothing here; empty when it was tried.
    pub(crate) fn other_store_hint(&self) -> &'static str {
        if self.is_machine() {
            ""
        } else {
            " Crashes that the kernel handed over are in the machine's store: wer --system reports"
        }
    }
}

/// `werfault`: the environment's, or the installed one.
///
/// # Errors
/// Our own path cannot be had.
pub(crate) fn werfault() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("WER_WERFAULT").map(PathBuf::from).filter(|path| path.is_absolute())
    {
        return Ok(named);
    }
    let folder = own_folder()?;
    let installed = [folder.join("werfault"), folder.join("../libexec/wer/werfault")];
    let found = installed.iter().find(|path| path.is_file()).unwrap_or(&installed[0]);
    Ok(found.clone())
}

/// A shared library of ours, by its possible file names.
///
/// # Errors
/// It is in none of the places where it could be; the message lists them.
pub(crate) fn library(names: &[&str]) -> Result<PathBuf> {
    let folder = own_folder()?;
    let folders = [
        folder.clone(),
        folder.join("../lib"),
        folder.join("../lib/x86_64-linux-gnu"),
        folder.join("../lib64"),
    ];
    let candidates = folders.iter().flat_map(|folder| names.iter().map(|name| folder.join(name)));
    let found = candidates.into_iter().find(|path| path.is_file());
    found.with_context(|| {
        let looked: Vec<_> = folders.iter().map(|folder| folder.display().to_string()).collect();
        format!(
            "{} is in none of {}; install it, or use `wer run --trace`",
            names.join(" or "),
            looked.join(", ")
        )
    })
}

fn own_folder() -> Result<PathBuf> {
    let own = std::env::current_exe().context("the path of wer itself cannot be read from /proc/self/exe")?;
    Ok(own.parent().unwrap_or(Path::new("/")).to_path_buf())
}
