//! A debugger for a crash: which one, whether it is started, and on what.
//!
//! 1. The claiming module's own debugger counts before `[AeDebug]` of the settings ([`wish`]).
//! 2. It is started without asking only where the module or the settings say so; there is nobody who could be asked, so
//!    otherwise a line in the log says how to start it.
//! 3. A process that waits in its own handler is left stopped when its capture lets it go ([`hold`]), which is waited for
//!    ([`standing`]). Its debugger gets its pid and the handle of an event, may attach, and is waited for: until it sets the event, ends, or its own
//!    deadline has passed ([`attach`]).
//! 4. A process whose core the kernel writes cannot be attached to: its debugger gets the stored dump, or a core made of
//!    it ([`open_stored`]).
//!
//! A debugger runs as the crashed user, never with more rights.

mod command_line;
mod files;
mod launch;
mod standing;

use std::os::fd::BorrowedFd;

use rustix::process::{Signal, pidfd_send_signal};
use wer_capture::Capture;
use wer_model::{ModuleOutcome, ModuleVerdict, Report};
use wer_settings::AeDebug;
use wer_snapshot::CaptureSource;

use self::command_line::CommandLine;
pub(crate) use self::launch::{attach, open_stored};
use crate::Context;

/// A debugger that somebody wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    /// Its command line, as written.
    pub(crate) command: String,
    /// It is started without asking.
    pub(crate) automatic: bool,
}

/// The debugger of a crash, if anybody wants one.
pub(crate) fn wish(outcomes: &[ModuleOutcome], settings: &AeDebug) -> Option<Wish> {
    let of_module = outcomes.iter().find_map(|outcome| match &outcome.verdict {
        ModuleVerdict::Claimed { debugger: Some(command), debugger_autolaunch, .. } => {
            Some(Wish { command: command.clone(), automatic: *debugger_autolaunch })
        }
        _ => None,
    });
    let of_settings = || {
        let command = settings.debugger.clone().filter(|_| !settings.is_excluded)?;
        Some(Wish { command, automatic: settings.auto })
    };
    let wish = of_module.or_else(of_settings)?;
    Some(Wish { automatic: wish.automatic && !settings.must_ask, ..wish })
}

fn wish_for(context: &Context, report: &Report) -> Option<Wish> {
    wish(&report.modules, &context.settings.ae_debug(&report.application_path))
}

/// Leaves a process stopped for its debugger when its capture lets it go. Only one that waits in its own handler: to the
/// others no debugger is attached.
pub(crate) fn hold(capture: &Capture, context: &Context, report: &Report) {
    let is_wanted = capture.snapshot.source == CaptureSource::InApplication
        && wish_for(context, report)
            .is_some_and(|wish| wish.automatic && CommandLine::parse(&wish.command).is_ok());
    if let (true, Some(pidfd)) = (is_wanted, capture.pidfd()) {
        signal(pidfd, Signal::STOP);
    }
}

/// A process that is gone needs no signal.
fn signal(pidfd: BorrowedFd<'_>, signal: Signal) {
    if let Err(error) = pidfd_send_signal(pidfd, signal) {
        tracing::debug!(%error, "the process could not be sent {signal:?}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wer_model::ModuleLevel;

    fn claimed(debugger: Option<&str>, debugger_autolaunch: bool) -> ModuleOutcome {
        ModuleOutcome {
            path: "/m.so".into(),
            level: Some(ModuleLevel::System),
            verdict: ModuleVerdict::Claimed {
                event_name: String::new(),
                parameters: Vec::new(),
                debugger: debugger.map(str::to_owned),
                debugger_autolaunch,
            },
        }
    }

    fn ae(auto: bool) -> AeDebug {
        AeDebug { debugger: Some("/bin/ae %ld %ld".into()), auto, ..AeDebug::default() }
    }

    fn wanted(command: &str, automatic: bool) -> Option<Wish> {
        Some(Wish { command: command.into(), automatic })
    }

    #[test]
    fn the_modules_own_debugger_counts_before_the_settings() {
        assert_eq!(wish(&[claimed(Some("/bin/own"), true)], &ae(false)), wanted("/bin/own", true));
        assert_eq!(wish(&[claimed(Some("/bin/own"), false)], &ae(true)), wanted("/bin/own", false));
        assert_eq!(wish(&[claimed(None, false)], &ae(true)), wanted("/bin/ae %ld %ld", true));
        assert_eq!(wish(&[], &ae(false)), wanted("/bin/ae %ld %ld", false));
        assert_eq!(wish(&[], &AeDebug::default()), None);
    }

    #[test]
    fn an_excluded_program_has_no_debugger_of_the_settings() {
        let excluded = AeDebug { is_excluded: true, ..ae(true) };
        assert_eq!(wish(&[], &excluded), None);
        assert_eq!(wish(&[claimed(Some("/bin/own"), true)], &excluded), wanted("/bin/own", true));
    }

    #[test]
    fn where_a_person_has_to_choose_nothing_starts_by_itself() {
        let asking = AeDebug { must_ask: true, ..ae(true) };
        assert_eq!(wish(&[], &asking), wanted("/bin/ae %ld %ld", false));
        assert_eq!(wish(&[claimed(Some("/bin/own"), true)], &asking), wanted("/bin/own", false));
    }
}
