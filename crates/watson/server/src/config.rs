//! `watson config`: what is set, and whether it would be taken.

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::options::SettingsOptions;
use crate::settings::show::{as_json, as_text};

/// What to do with settings.
#[derive(Debug, Subcommand)]
pub enum Config {
    /// Show the effective settings and where each comes from; secrets are hidden.
    Show(Show),
    /// Say whether a server would take them.
    Check(Check),
}

/// `watson config show`.
#[derive(Debug, Args)]
pub struct Show {
    #[command(flatten)]
    settings: SettingsOptions,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// `watson config check`.
#[derive(Debug, Args)]
pub struct Check {
    #[command(flatten)]
    settings: SettingsOptions,
}

impl Config {
    /// Does it.
    ///
    /// # Errors
    /// Settings that are not taken, with the place of the first that is wrong.
    pub fn run(&self) -> Result<()> {
        match self {
            Self::Show(show) => {
                let loaded = show.settings.load()?;
                if show.json {
                    println!("{:#}", as_json(&loaded));
                } else {
                    print!("{}", as_text(&loaded));
                }
            }
            Self::Check(check) => match check.settings.load()?.file {
                Some(file) => println!("{}: these settings would be taken", file.display()),
                None => println!("there is no settings file; environment and flags would be taken"),
            },
        }
        Ok(())
    }
}
