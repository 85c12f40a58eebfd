use wer_abi::flags::*;

use super::*;

const RULES: Rules = Rules {
    is_disabled: false,
    consent: Consent::AllData,
    dont_send_additional_data: false,
    disable_queue: false,
    force_queue: false,
    disable_archive: false,
    archive_keeps_files: true,
    bypass_data_throttling: false,
};

fn first(choice: ConsentChoice, flags: u32) -> Submission {
    Submission { choice, flags, attempt: Attempt::First }
}

fn plan(flags: u32, rules: &Rules) -> SubmitPlan {
    plan_submit(&first(ConsentChoice::NotAsked, flags), rules)
}

#[test]
fn a_queued_report_is_sent_by_a_later_attempt_only() {
    for rules in [RULES, Rules { force_queue: true, ..RULES }] {
        let flags = if rules.force_queue { 0 } else { WER_SUBMIT_QUEUE };
        let now = plan(flags, &rules);
        assert!(now.waits(), "{now:?}");
        assert_eq!(now.fate(SubmitResult::ReportQueued), (SubmitResult::ReportQueued, Fate::Queue));
        let later = Submission { attempt: Attempt::FromQueue, ..first(ConsentChoice::NotAsked, flags) };
        assert_eq!(plan_submit(&later, &rules).decision, Decision::Send(DataScope::AllData));
    }
}

#[test]
fn what_was_denied_does_not_wait_in_the_queue() {
    let denied = plan_submit(&first(ConsentChoice::Denied, WER_SUBMIT_QUEUE), &RULES);
    assert!(matches!(denied.decision, Decision::Never { .. }) && !denied.waits());
}

#[test]
fn a_report_that_may_not_wait_is_sent_now_or_thrown_away() {
    let discarded = |result| (result, Fate::Archive(Keep::Nothing));
    // No QUEUE, no ForceQueue can keep it.
    let sent = plan(WER_SUBMIT_NO_QUEUE | WER_SUBMIT_QUEUE, &Rules { force_queue: true, ..RULES });
    assert_eq!(sent.decision, Decision::Send(DataScope::AllData));
    assert_eq!(sent.fate(SubmitResult::ReportQueued), discarded(SubmitResult::ReportFailed));
    assert_eq!(sent.fate(SubmitResult::ReportFailed), discarded(SubmitResult::ReportFailed));
    let uploaded = (SubmitResult::ReportUploaded, Fate::Archive(Keep::Everything));
    assert_eq!(sent.fate(SubmitResult::ReportUploaded), uploaded);
    // Too little consent for a first word, or for more than that.
    let unasked = plan(WER_SUBMIT_NO_QUEUE, &Rules { consent: Consent::AlwaysAsk, ..RULES });
    assert!(!unasked.waits());
    assert_eq!(unasked.fate(SubmitResult::ReportQueued), discarded(SubmitResult::ReportCancelled));
    let little = plan(WER_SUBMIT_NO_QUEUE, &Rules { consent: Consent::Parameters, ..RULES });
    assert_eq!(little.decision, Decision::Send(DataScope::ParametersOnly));
}

#[test]
fn without_a_queue_an_unsent_report_goes_to_the_archive() {
    let rules = Rules { disable_queue: true, ..RULES };
    let unsent = |plan: &SubmitPlan| plan.fate(SubmitResult::ReportQueued);
    let told = SubmitResult::DisabledQueue;
    assert_eq!(unsent(&plan(0, &rules)), (told, Fate::Archive(Keep::Everything)));
    assert_eq!(unsent(&plan(WER_SUBMIT_QUEUE, &rules)), (told, Fate::Archive(Keep::Everything)));
    let neither = Rules { disable_archive: true, ..rules };
    assert_eq!(unsent(&plan(0, &neither)), (told, Fate::Archive(Keep::Nothing)));
}

#[test]
fn flags_and_settings_say_what_the_archive_keeps() {
    let few = Rules { archive_keeps_files: false, ..RULES };
    let none = Rules { disable_archive: true, ..RULES };
    for (flags, rules, keep) in [
        (0, RULES, Keep::Everything),
        (0, few, Keep::Parameters),
        (0, none, Keep::Nothing),
        (WER_SUBMIT_ARCHIVE_PARAMETERS_ONLY, RULES, Keep::Parameters),
        (WER_SUBMIT_ARCHIVE_PARAMETERS_ONLY, none, Keep::Nothing),
        (WER_SUBMIT_NO_ARCHIVE, RULES, Keep::Nothing),
        (WER_SUBMIT_NO_ARCHIVE | WER_SUBMIT_ARCHIVE_PARAMETERS_ONLY, RULES, Keep::Nothing),
    ] {
        for result in [SubmitResult::ReportUploaded, SubmitResult::ReportUploadedCab, SubmitResult::Throttled]
        {
            assert_eq!(
                plan(flags, &rules).fate(result),
                (result, Fate::Archive(keep)),
                "{flags:#x} {rules:?}"
            );
        }
    }
}

#[test]
fn throttling_is_bypassed_by_either() {
    assert!(!plan(0, &RULES).bypass_throttling);
    assert!(plan(WER_SUBMIT_BYPASS_DATA_THROTTLING, &RULES).bypass_throttling);
    assert!(plan(0, &Rules { bypass_data_throttling: true, ..RULES }).bypass_throttling);
}

#[test]
fn an_application_that_consents_for_its_user_does_not_name_the_machine() {
    let mark = submit_marks::CONSENT_OF_APPLICATION;
    let names = |choice, flags| plan_submit(&first(choice, flags), &RULES).names_machine;
    assert!(names(ConsentChoice::NotAsked, mark));
    assert!(names(ConsentChoice::Approved, 0));
    assert!(!names(ConsentChoice::Approved, mark));
    assert!(names(ConsentChoice::Approved, mark | WER_SUBMIT_REPORT_MACHINE_ID));
}

#[test]
fn a_person_overrides_what_the_application_said_and_its_flags_go_on() {
    let first = Submission::by_application(ConsentChoice::Denied, WER_SUBMIT_ARCHIVE_PARAMETERS_ONLY);
    let tried_again = Submission::from_queue(ConsentChoice::NotAsked).after(first.choice, first.flags);
    assert_eq!((tried_again.choice, tried_again.flags), (ConsentChoice::Denied, first.flags));
    let person = Submission::from_queue(ConsentChoice::Approved).after(first.choice, first.flags);
    assert_eq!(person.choice, ConsentChoice::Approved);
    assert_eq!(person.flags, WER_SUBMIT_ARCHIVE_PARAMETERS_ONLY);
    assert!(plan_submit(&person, &RULES).names_machine);
}

#[test]
fn disabled_reporting_takes_no_report_and_keeps_those_that_wait() {
    let rules = Rules { is_disabled: true, ..RULES };
    let approved = first(ConsentChoice::Approved, 0);
    let nothing = Fate::Archive(Keep::Nothing);
    for (attempt, fate) in [(Attempt::First, nothing), (Attempt::FromQueue, Fate::Queue)] {
        let disabled = plan_submit(&Submission { attempt, ..approved }, &rules);
        assert!(matches!(disabled.decision, Decision::Never { .. }));
        assert_eq!(disabled.fate(SubmitResult::ReportCancelled), (SubmitResult::WerDisabled, fate));
    }
}

#[test]
fn flags_about_windows_windows_change_nothing() {
    let flags = WER_SUBMIT_HONOR_RECOVERY
        | WER_SUBMIT_HONOR_RESTART
        | WER_SUBMIT_SHOW_DEBUG
        | WER_SUBMIT_ADD_REGISTERED_DATA
        | WER_SUBMIT_OUTOFPROCESS
        | WER_SUBMIT_NO_CLOSE_UI
        | WER_SUBMIT_START_MINIMIZED
        | WER_SUBMIT_OUTOFPROCESS_ASYNC
        | WER_SUBMIT_BYPASS_POWER_THROTTLING
        | WER_SUBMIT_BYPASS_NETWORK_COST_THROTTLING;
    assert_eq!(plan(flags, &RULES), plan(0, &RULES));
}
