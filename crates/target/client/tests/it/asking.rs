//! A healthy program asks `werfault`, from several threads at once, and whatever becomes of `werfault`.

use crate::victim::Victim;

/// Each answer once, and what the process saw of its children.
fn ask(mode: &str, werfault: Option<&str>) -> (Vec<String>, String) {
    let mut victim = Victim::new("ask").env("FAKE_MODE", mode);
    if let Some(path) = werfault {
        victim = victim.env("WER_WERFAULT", path);
    }
    let ended = victim.run();
    assert!(ended.status.success(), "{:?} {} {}", ended.status, ended.out, ended.err);
    let mut lines: Vec<String> = ended.out.lines().map(str::to_owned).collect();
    let children = lines.pop().expect("a line");
    assert_eq!(lines.len(), 8, "{}", ended.out);
    lines.dedup();
    (lines, children)
}

/// No signal, and ECHILD: there never was a child to wait for.
const NOTHING_SEEN: &str = "sigchlds=0 child=-1";

#[test]
fn every_thread_gets_its_answer_from_a_child_that_the_process_does_not_see() {
    let (answers, children) = ask("answer", None);
    assert_eq!(answers, ["bytes=700004 open=[0, 1, 2, 3] blocked=0000000000000000"]);
    assert_eq!(children, NOTHING_SEEN);
}

#[test]
fn each_way_to_fail_has_its_answer() {
    for (mode, werfault, wanted) in [
        ("answer", Some("/no/werfault"), "0x80070002"),
        ("answer", Some("/dev/null"), "0x80070002"),
        ("die", None, "0x8007006D"),
        ("hang", None, "0x800705B4"),
        ("flood", None, "0x8007000D"),
    ] {
        let (answers, children) = ask(mode, werfault);
        assert_eq!(
            (answers, children.as_str()),
            (vec![wanted.to_owned()], NOTHING_SEEN),
            "{mode} {werfault:?}"
        );
    }
}
