//! Which modules are asked, in which order, and whose claim counts.

use wer_model::ModuleLevel::{System, User};
use wer_model::ModuleVerdict;

use super::support::Scene;

const CLAIMS: &str =
    r#"EVENT { *claimed = 1; *size = put(name, "Claimed"); return 0; } NO_SIGNATURE NO_DEBUGGER"#;
const DECLINES: &str = "EVENT { return 0; } NO_SIGNATURE NO_DEBUGGER";
const CRASHES: &str = "EVENT { *claimed = 1; raise(SIGKILL); return 0; } NO_SIGNATURE NO_DEBUGGER";

#[test]
fn the_first_claim_of_an_allowed_module_wins() {
    let scene = Scene::new();
    let (claims, declines, crashes) = (
        scene.module("claims", CLAIMS),
        scene.module("declines", DECLINES),
        scene.module("crashes", CRASHES),
    );
    let requests = [
        scene.request(&claims, None),
        scene.request(&declines, Some(System)),
        scene.request(&claims, Some(User)),
        scene.request(&crashes, Some(System)),
        scene.request(&claims, Some(System)),
        scene.request(&claims, Some(System)),
        scene.request(&declines, Some(User)),
        scene.request(&declines, None),
    ];
    let asked = scene.ask(&requests);
    let words: Vec<&str> = asked.outcomes.iter().map(|outcome| word(&outcome.verdict)).collect();
    let expected =
        ["not allowed", "declined", "refused", "crashed", "claimed", "not asked", "not asked", "not allowed"];
    assert_eq!(words, expected);
    assert_eq!(asked.outcomes[4].path, claims);
    assert_eq!(asked.outcomes[4].level, Some(System));
}

fn word(verdict: &ModuleVerdict) -> &'static str {
    match verdict {
        ModuleVerdict::NotAllowed => "not allowed",
        ModuleVerdict::Declined => "declined",
        ModuleVerdict::ClaimRefused => "refused",
        ModuleVerdict::Crashed { .. } => "crashed",
        ModuleVerdict::Claimed { .. } => "claimed",
        ModuleVerdict::NotAsked => "not asked",
        _ => "something else",
    }
}

#[test]
fn a_module_that_nobody_allows_is_not_loaded() {
    let scene = Scene::new();
    let trace = scene.folder().join("trace");
    let body = format!(
        "__attribute__((constructor)) static void start(void) {{ mkdir(\"{}\", 0777); abort(); }} {CLAIMS}",
        trace.display()
    );
    let path = scene.module("module", &body);
    let asked = scene.ask(&[scene.request(&path, None)]);
    assert_eq!(asked.outcomes[0].verdict, ModuleVerdict::NotAllowed);
    // The same module does run when allowed, so the first answer was no accident.
    let asked = scene.ask(&[scene.request(&path, Some(System))]);
    assert_eq!(word(&asked.outcomes[0].verdict), "crashed");
    assert!(!trace.exists());
}

#[test]
fn a_seventeenth_module_is_too_many() {
    let scene = Scene::new();
    let path = scene.module("module", DECLINES);
    let asked = scene.ask(&vec![scene.request(&path, Some(System)); 17]);
    assert_eq!(word(&asked.outcomes[15].verdict), "declined");
    assert!(matches!(asked.outcomes[16].verdict, ModuleVerdict::NotLoaded { .. }));
}
