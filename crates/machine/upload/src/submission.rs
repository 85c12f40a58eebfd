//! What becomes of a report that is submitted: a pure function of `WER_SUBMIT_...`, the consent, and the settings.
//!
//! `WerReportSubmit`, `WerStoreUploadReport`, a crash and the queue's own attempts all come through here, so that a flag
//! means the same everywhere. Rules: `docs/reporting.md`, "Submitting".

use wer_abi::flags::{
    WER_SUBMIT_ARCHIVE_PARAMETERS_ONLY, WER_SUBMIT_BYPASS_DATA_THROTTLING, WER_SUBMIT_NO_ARCHIVE,
    WER_SUBMIT_NO_QUEUE, WER_SUBMIT_QUEUE, WER_SUBMIT_REPORT_MACHINE_ID,
};
use wer_model::{Consent, ConsentChoice, SubmitResult, submit_marks};

use crate::{DataScope, Decision, decide};

/// Which attempt it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The first, by whoever made the report. `WER_SUBMIT_QUEUE` and `ForceQueue` keep it in the queue.
    First,
    /// A later one, of a report that waits in the queue.
    FromQueue,
}

/// How a report is submitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Submission {
    /// What a person, or the application for that person, said.
    pub choice: ConsentChoice,
    /// `WER_SUBMIT_...`, and `wer_model::submit_marks`. Of two that contradict one another, `NO_QUEUE` wins over `QUEUE`
    /// and `NO_ARCHIVE` over `ARCHIVE_PARAMETERS_ONLY`.
    pub flags: u32,
    /// Which attempt it is.
    pub attempt: Attempt,
}

impl Submission {
    /// `WerReportSubmit`: the report is the application's own, and so is its choice.
    #[must_use]
    pub const fn by_application(choice: ConsentChoice, flags: u32) -> Self {
        let is_given = matches!(choice, ConsentChoice::Approved | ConsentChoice::Denied);
        let mark = if is_given { submit_marks::CONSENT_OF_APPLICATION } else { 0 };
        Self { choice, flags: flags | mark, attempt: Attempt::First }
    }

    /// The report that this system made of a crash or a hang, right after it was stored.
    #[must_use]
    pub const fn first() -> Self {
        Self { choice: ConsentChoice::NotAsked, flags: 0, attempt: Attempt::First }
    }

    /// A report that waits in the queue; what a person says of it now, if anything.
    #[must_use]
    pub const fn from_queue(choice: ConsentChoice) -> Self {
        Self { choice, flags: 0, attempt: Attempt::FromQueue }
    }

    /// The same with what an earlier attempt was given: its flags hold, and its choice unless there is a new one.
    #[must_use]
    pub const fn after(self, choice: ConsentChoice, flags: u32) -> Self {
        if matches!(self.choice, ConsentChoice::NotAsked) {
            return Self { choice, flags: self.flags | flags, ..self };
        }
        Self { flags: self.flags | flags & !submit_marks::CONSENT_OF_APPLICATION, ..self }
    }
}

/// What the settings say of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// `Disabled`.
    pub is_disabled: bool,
    /// The consent of its event type.
    pub consent: Consent,
    /// `DontSendAdditionalData`.
    pub dont_send_additional_data: bool,
    /// `DisableQueue`.
    pub disable_queue: bool,
    /// `ForceQueue`.
    pub force_queue: bool,
    /// `DisableArchive`.
    pub disable_archive: bool,
    /// `ConfigureArchive` is 2.
    pub archive_keeps_files: bool,
    /// `BypassDataThrottling`.
    pub bypass_data_throttling: bool,
}

/// What stays of a report that needs no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Nothing.
    Nothing,
    /// `Report.wer`.
    Parameters,
    /// All its files.
    Everything,
}

/// What becomes of a report that could not be sent, or may not be yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unsent {
    /// It waits in the queue.
    Waits,
    /// The queue is disabled: it goes where a sent one goes.
    Ends,
    /// It is thrown away.
    Discarded,
}

/// What is to be done with a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubmitPlan {
    /// Whether it is sent now, and how much of it.
    pub decision: Decision,
    /// A second cab of one signature may be sent.
    pub bypass_throttling: bool,
    /// The server is told which machine it is.
    pub names_machine: bool,
    keep: Keep,
    unsent: Unsent,
    /// Where it stays while reporting is disabled.
    disabled: Option<Fate>,
}

/// Where a report goes after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It waits in the queue for the next attempt.
    Queue,
    /// It leaves the queue; this much of it stays in the archive.
    Archive(Keep),
}

/// Decides.
#[must_use]
pub fn plan_submit(submission: &Submission, rules: &Rules) -> SubmitPlan {
    let has = |flag| submission.flags & flag != 0;
    let never_waits = has(WER_SUBMIT_NO_QUEUE);
    let unsent = match (never_waits, rules.disable_queue) {
        (true, _) => Unsent::Discarded,
        (false, true) => Unsent::Ends,
        (false, false) => Unsent::Waits,
    };
    let is_of_application = has(submit_marks::CONSENT_OF_APPLICATION)
        && matches!(submission.choice, ConsentChoice::Approved | ConsentChoice::Denied);
    SubmitPlan {
        decision: decision(submission, rules, unsent),
        bypass_throttling: rules.bypass_data_throttling || has(WER_SUBMIT_BYPASS_DATA_THROTTLING),
        names_machine: has(WER_SUBMIT_REPORT_MACHINE_ID) || !is_of_application,
        keep: if rules.disable_archive || has(WER_SUBMIT_NO_ARCHIVE) {
            Keep::Nothing
        } else if has(WER_SUBMIT_ARCHIVE_PARAMETERS_ONLY) || !rules.archive_keeps_files {
            Keep::Parameters
        } else {
            Keep::Everything
        },
        unsent,
        disabled: rules.is_disabled.then_some(match submission.attempt {
            Attempt::First => Fate::Archive(Keep::Nothing),
            Attempt::FromQueue => Fate::Queue,
        }),
    }
}

fn decision(submission: &Submission, rules: &Rules, unsent: Unsent) -> Decision {
    if rules.is_disabled {
        return Decision::Never { reason: "Reporting is disabled (Disabled is 1).".into() };
    }
    let decision = decide(rules.consent, submission.choice, rules.dont_send_additional_data);
    if matches!(decision, Decision::Never { .. }) {
        return decision;
    }
    if submission.attempt == Attempt::First && unsent != Unsent::Discarded {
        let wait = |reason: &str| Decision::Queue { reason: reason.into() };
        if submission.flags & WER_SUBMIT_QUEUE != 0 {
            return wait("It was put into the queue (WER_SUBMIT_QUEUE); `wer submit ID` sends it.");
        }
        if rules.force_queue {
            return wait(
                "Every report goes into the queue first (ForceQueue is 1); `wer submit ID` sends it.",
            );
        }
    }
    match decision {
        // What cannot wait for an approval is not asked about.
        Decision::Send(DataScope::Parameters) if unsent != Unsent::Waits => {
            Decision::Send(DataScope::ParametersOnly)
        }
        other => other,
    }
}

impl SubmitPlan {
    /// Whether the report will wait in the queue, as far as that is known before anything was tried.
    #[must_use]
    pub const fn waits(&self) -> bool {
        matches!(self.decision, Decision::Ask { .. } | Decision::Queue { .. })
            && matches!(self.unsent, Unsent::Waits)
    }

    /// The result that a caller is told, and where the report goes, after an attempt that ended with `result`.
    #[must_use]
    pub fn fate(&self, result: SubmitResult) -> (SubmitResult, Fate) {
        if let Some(fate) = self.disabled {
            return (SubmitResult::WerDisabled, fate);
        }
        match result {
            SubmitResult::ReportUploaded | SubmitResult::ReportUploadedCab | SubmitResult::Throttled => {
                (result, Fate::Archive(self.keep))
            }
            SubmitResult::ReportQueued => match self.unsent {
                Unsent::Waits => (SubmitResult::ReportQueued, Fate::Queue),
                Unsent::Ends => (SubmitResult::DisabledQueue, Fate::Archive(self.keep)),
                Unsent::Discarded => (self.discarded_as(), Fate::Archive(Keep::Nothing)),
            },
            SubmitResult::ReportFailed | SubmitResult::ReportCancelled => {
                let keep = if self.unsent == Unsent::Discarded { Keep::Nothing } else { self.keep };
                (result, Fate::Archive(keep))
            }
            _ => (result, Fate::Queue),
        }
    }

    /// Why a report that may not wait was thrown away: for lack of consent, or because it did not get through.
    const fn discarded_as(&self) -> SubmitResult {
        match self.decision {
            Decision::Send(_) => SubmitResult::ReportFailed,
            Decision::Ask { .. } | Decision::Queue { .. } | Decision::Never { .. } => {
                SubmitResult::ReportCancelled
            }
        }
    }
}

#[cfg(test)]
mod tests;
