//! `watson doctor`: looks at everything that a server needs and says of each thing how it is and what to do. Runs beside a
//! server or without one, changes nothing, and needs the rights of the server's user.

mod certificate;
mod clock;
mod database;
mod folders;
mod listeners;
mod machine;

pub(crate) use certificate::names_of;
use std::fmt::Write;

use anyhow::Result;
use clap::Args;
use serde::Serialize;

use crate::access::is_public;
use crate::options::SettingsOptions;
use crate::settings::{Loaded, Settings};
use crate::trust::AUTHENTICATION_FACT;

/// `watson doctor`.
#[derive(Debug, Args)]
pub struct Doctor {
    #[command(flatten)]
    settings: SettingsOptions,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As it should be.
    Good,
    /// Good to know.
    Note,
    /// It works, and should not stay so.
    Warning,
    /// A server does not start, does not serve, or loses what it took.
    Error,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at: a few words, the same at every run.
    pub check: &'static str,
    /// How it is.
    pub level: Level,
    /// What was found.
    pub what: String,
    /// What to do; empty where nothing is.
    pub advice: String,
}

/// Findings in the order of the checks.
#[derive(Debug, Default)]
pub(crate) struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, check: &'static str, level: Level, what: impl Into<String>, advice: impl Into<String>) {
        self.0.push(Finding { check, level, what: what.into(), advice: advice.into() });
    }

    fn good(&mut self, check: &'static str, what: impl Into<String>) {
        self.add(check, Level::Good, what, "");
    }
}

impl Doctor {
    /// Looks at everything and prints it. False where something is an error: the exit code is 1 then.
    ///
    /// # Errors
    /// There are no threads to look with. All else is a finding.
    pub fn run(&self) -> Result<bool> {
        let findings = match self.settings.load() {
            Ok(loaded) => tokio::runtime::Runtime::new()?.block_on(look(&loaded)),
            Err(error) => {
                let mut findings = Findings::default();
                let advice =
                    "mend this first; nothing else was looked at (`watson config check` looks at it alone)";
                findings.add("settings", Level::Error, error.to_string(), advice);
                findings.0
            }
        };
        if self.json {
            println!("{:#}", serde_json::to_value(&findings)?);
        } else {
            print!("{}", as_text(&findings));
        }
        Ok(findings.iter().all(|finding| finding.level < Level::Error))
    }
}

/// Everything, in an order in which causes come before what follows from them.
pub async fn look(loaded: &Loaded) -> Vec<Finding> {
    let mut findings = Findings::default();
    let settings = &loaded.settings;
    match &loaded.file {
        Some(file) => findings.good("settings", file.display().to_string()),
        None => findings.good("settings", "no file; defaults, environment and flags"),
    }
    let Some(data) = settings.storage.data.as_deref() else {
        let advice = "set data in [storage] of the settings file, or give --data DIR";
        findings.add("data folder", Level::Error, "nothing says where it is", advice);
        return findings.0;
    };
    let is_running = folders::look(data, settings, &mut findings);
    let facts = database::look(data, settings, &mut findings).await;
    folders::look_at_blobs(data, settings, &mut findings).await;
    clock::look(facts.as_ref(), &mut findings);
    listeners::look(settings, is_running, &mut findings).await;
    listeners::look_at_clear(settings, &mut findings);
    certificate::look(settings, &mut findings);
    look_at_access(settings, facts.as_ref().and_then(|facts| facts.administrators), &mut findings);
    machine::look(&mut findings);
    findings.0
}

fn look_at_access(settings: &Settings, administrators: Option<i64>, findings: &mut Findings) {
    let check = "administrator";
    let (listen, tls) = (&settings.listen, &settings.tls);
    let mut addresses = [listen.address].into_iter().chain(listen.more.clone()).chain(tls.listen.clone());
    match (addresses.any(is_public), administrators) {
        (_, Some(1..)) => findings.good(check, "there is one"),
        (false, _) => findings.good(check, "none, and none is needed: only this machine reaches the server"),
        (true, _) => findings.add(
            check,
            Level::Error,
            "other machines reach the server, and there is no administrator",
            "make one (docs/watson/trust.md), or listen on 127.0.0.1",
        ),
    }
    findings.add(
        "authentication of Windows machines",
        Level::Note,
        AUTHENTICATION_FACT,
        "leave CorporateWERUseAuthentication at 0, or let a reverse proxy do Kerberos (docs/watson/trust.md)",
    );
}

fn as_text(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let level = match finding.level {
            Level::Good => "good   ",
            Level::Note => "note   ",
            Level::Warning => "WARNING",
            Level::Error => "ERROR  ",
        };
        let _ = writeln!(text, "{level}  {}: {}", finding.check, finding.what);
        if !finding.advice.is_empty() {
            let _ = writeln!(text, "         -> {}", finding.advice);
        }
    }
    let count = |level| findings.iter().filter(|finding| finding.level == level).count();
    let _ = writeln!(text, "\n{} errors, {} warnings", count(Level::Error), count(Level::Warning));
    text
}
