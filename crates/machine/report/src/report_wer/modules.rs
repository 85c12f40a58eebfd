//! `Module[n].*`: what runtime exception modules did, to lines and back.

use wer_model::{ModuleOutcome, ModuleVerdict};

use super::entries::Entry;
use super::names;
use super::write::Lines;

/// Lines of one module.
pub(super) fn write(lines: &mut Lines, prefix: &str, outcome: &ModuleOutcome) {
    let mut line = |name: &str, value: &str| lines.line(&format!("{prefix}.{name}"), value);
    line("Path", &outcome.path);
    if let Some(level) = outcome.level {
        line("Level", names::level_word(level));
    }
    line("Verdict", word(&outcome.verdict));
    match &outcome.verdict {
        ModuleVerdict::NotLoaded { reason } | ModuleVerdict::Invalid { reason } => line("Reason", reason),
        ModuleVerdict::Crashed { signal, during } => {
            line("Number", &signal.to_string());
            line("During", during);
        }
        ModuleVerdict::Exited { status, during } => {
            line("Number", &status.to_string());
            line("During", during);
        }
        ModuleVerdict::TimedOut { during } => line("During", during),
        ModuleVerdict::Claimed { event_name, parameters, debugger, debugger_autolaunch } => {
            line("EventName", event_name);
            if let Some(debugger) = debugger {
                line("Debugger", debugger);
            }
            line("DebuggerAutolaunch", if *debugger_autolaunch { "1" } else { "0" });
            for (n, parameter) in parameters.iter().enumerate() {
                lines.pair(&format!("{prefix}.Sig[{n}]"), "Name", parameter);
            }
        }
        ModuleVerdict::NotAllowed
        | ModuleVerdict::Declined
        | ModuleVerdict::ClaimRefused
        | ModuleVerdict::NotAsked => {}
    }
}

fn word(verdict: &ModuleVerdict) -> &'static str {
    match verdict {
        ModuleVerdict::NotAllowed => "not_allowed",
        ModuleVerdict::NotLoaded { .. } => "not_loaded",
        ModuleVerdict::Declined => "declined",
        ModuleVerdict::ClaimRefused => "claim_refused",
        ModuleVerdict::Claimed { .. } => "claimed",
        ModuleVerdict::Invalid { .. } => "invalid",
        ModuleVerdict::Crashed { .. } => "crashed",
        ModuleVerdict::Exited { .. } => "exited",
        ModuleVerdict::TimedOut { .. } => "timed_out",
        ModuleVerdict::NotAsked => "not_asked",
    }
}

/// The module of one entry; `None` where its verdict is no known one.
pub(super) fn read(entry: &Entry) -> Option<ModuleOutcome> {
    let text = |name: &str| entry.text(name);
    let number = || entry.number("Number").unwrap_or(0);
    let verdict = match entry.get("Verdict")? {
        "not_allowed" => ModuleVerdict::NotAllowed,
        "not_loaded" => ModuleVerdict::NotLoaded { reason: text("Reason") },
        "declined" => ModuleVerdict::Declined,
        "claim_refused" => ModuleVerdict::ClaimRefused,
        "claimed" => ModuleVerdict::Claimed {
            event_name: text("EventName"),
            parameters: entry.pairs("Sig"),
            debugger: entry.get("Debugger").map(str::to_owned),
            debugger_autolaunch: entry.get("DebuggerAutolaunch") == Some("1"),
        },
        "invalid" => ModuleVerdict::Invalid { reason: text("Reason") },
        "crashed" => ModuleVerdict::Crashed { signal: number(), during: text("During") },
        "exited" => ModuleVerdict::Exited { status: number(), during: text("During") },
        "timed_out" => ModuleVerdict::TimedOut { during: text("During") },
        "not_asked" => ModuleVerdict::NotAsked,
        _ => return None,
    };
    Some(ModuleOutcome { path: text("Path"), level: entry.get("Level").and_then(names::level), verdict })
}
