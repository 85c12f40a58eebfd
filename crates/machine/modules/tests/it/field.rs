//! One module for each row of "handler modules in the field": small C modules that do with their host what those do.

use std::os::unix::fs::FileExt;

use wer_abi::NtStatus;
use wer_model::{FileKind, ModuleLevel, ModuleVerdict, report::Parameter};
use wer_modules::ModulesAsked;

use super::samples::compile_module;
use super::support::{EVENT_AT, Scene, WRITTEN_AT};

fn claimed(event_name: &str, pairs: &[(&str, &str)]) -> ModuleVerdict {
    ModuleVerdict::Claimed {
        event_name: event_name.to_owned(),
        parameters: pairs.iter().map(|(name, value)| Parameter::new(*name, *value)).collect(),
        debugger: None,
        debugger_autolaunch: false,
    }
}

fn ask(scene: &Scene, source: &str) -> ModulesAsked {
    let path = compile_module(scene, &format!("crates/machine/modules/tests/it/field/{source}"));
    scene.ask(&[scene.request(&path, Some(ModuleLevel::System))])
}

fn says(asked: &ModulesAsked, part: &str) -> bool {
    asked.notes.iter().any(|note| note.message.contains(part))
}

#[test]
fn crashpads_signals_writes_ends_and_claims_with_a_failure_code() {
    for code in [NtStatus(0xC000_0602), NtStatus::STACK_BUFFER_OVERRUN] {
        let mut scene = Scene::new();
        scene.status = code;
        let asked = ask(&scene, "crashpad.c");
        assert_eq!(asked.outcomes[0].verdict, claimed("", &[]), "{:?}", asked.notes);
        assert_eq!(asked.exit_code, Some(code.0));
        assert!(says(&asked, "asked to terminate the process"), "{:?}", asked.notes);
        assert_eq!(scene.read_u32(WRITTEN_AT), code.0);
        assert!(scene.event_is_set(EVENT_AT));
    }
}

#[test]
fn crashpads_leaves_other_exceptions_and_survivors_alone() {
    let scene = Scene::new();
    assert_eq!(ask(&scene, "crashpad.c").outcomes[0].verdict, ModuleVerdict::Declined);
    let mut scene = Scene::new();
    (scene.status, scene.is_fatal) = (NtStatus::STACK_BUFFER_OVERRUN, false);
    assert_eq!(ask(&scene, "crashpad.c").outcomes[0].verdict, ModuleVerdict::Declined);
    assert!(!scene.event_is_set(EVENT_AT));
}

/// `context` is a number; the dump has the flags and the exception that the module gave.
fn firefox(status: NtStatus, is_fatal: bool) -> (String, ModulesAsked) {
    let mut scene = Scene::new();
    (scene.status, scene.is_fatal, scene.payload) = (status, is_fatal, 3);
    scene.report = Some(tempfile::tempdir().unwrap());
    let asked = ask(&scene, "firefox.c");
    assert_eq!(asked.outcomes[0].verdict, claimed("", &[]), "{:?}", asked.notes);
    let [file] = &asked.files[..] else { panic!("{asked:?}") };
    assert_eq!((file.name.as_str(), file.kind), ("module0_firefox.dmp", FileKind::CustomDump));
    assert_eq!(file.original_path.as_deref(), Some("firefox.dmp"));
    let folder = scene.report.as_ref().unwrap().path();
    let names: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["module0_firefox.dmp"]);
    (
        std::fs::read_to_string(folder.join(&file.name)).unwrap().replace(&scene.pid().to_string(), "TID"),
        asked,
    )
}

#[test]
fn firefoxs_writes_a_dump_of_its_own_and_claims_without_a_name() {
    let (dump, asked) = firefox(NtStatus::ACCESS_VIOLATION, true);
    assert!(dump.starts_with("MDMP 960 Some((") && dump.contains("c0000005, Some(401000)"), "{dump}");
    assert!(says(&asked, "1 dumps were made for it"), "{:?}", asked.notes);
    assert_eq!(asked.exit_code, Some(1));
}

#[test]
fn firefoxs_takes_a_breakpoint_that_is_not_fatal_for_a_hang_of_its_own_making() {
    let (dump, _) = firefox(NtStatus::BREAKPOINT, false);
    assert!(dump.contains("cfffffff, Some(1234)"), "{dump}");
}

#[test]
fn sentrys_claims_and_leaves_the_rest_to_the_system() {
    let body = "EVENT { if (!info->bIsFatal) return 0; *claimed = 1; return 0; } SIGNATURE { return E_FAIL; } \
                DEBUGGER { return E_FAIL; }";
    assert_eq!(Scene::new().verdict_of(body), claimed("", &[]));
}

#[test]
fn libdatadogs_is_asked_at_either_level_and_never_claims() {
    let scene = Scene::new();
    let path = scene.module("module", "EVENT { return 0; } NO_SIGNATURE NO_DEBUGGER");
    for level in [ModuleLevel::User, ModuleLevel::System] {
        let asked = scene.ask(&[scene.request(&path, Some(level))]);
        assert_eq!(asked.outcomes[0].verdict, ModuleVerdict::Declined);
    }
}

#[test]
fn the_net_runtimes_claims_its_own_exceptions_and_names_nine_parameters() {
    let body = r#"
        EVENT {
          if (info->exceptionRecord.ExceptionInformation[1] != (uint64_t)context) return 0;
          *size = put(name, "CLR20r3"); *count = 9; *claimed = 1; return 0;
        }
        SIGNATURE {
          char text[32];
          if (index >= 9) return (HRESULT)0x8000FFFF;
          snprintf(text, sizeof text, "Problem Signature %02u", index + 1);
          *name_size = put(name, text);
          snprintf(text, sizeof text, "value %u", index);
          *value_size = put(value, text);
          return 0;
        }
        NO_DEBUGGER"#;
    let mut scene = Scene::new();
    assert_eq!(scene.verdict_of(body), ModuleVerdict::Declined);
    scene.fault_address = scene.payload;
    let names: Vec<String> = (1..10).map(|n| format!("Problem Signature {n:02}")).collect();
    let values: Vec<String> = (0..9).map(|n| format!("value {n}")).collect();
    let pairs: Vec<(&str, &str)> = names.iter().zip(&values).map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(scene.verdict_of(body), claimed("CLR20r3", &pairs));
}

#[test]
fn an_index_beyond_its_pairs_gives_the_event_back_to_the_system() {
    let body = r#"EVENT { *size = put(name, "Mine"); *count = 3; *claimed = 1; return 0; }
        SIGNATURE { if (index == 2) return (HRESULT)0x8000FFFF; *name_size = put(name, "n"); *value_size = put(value, "v"); return 0; }
        NO_DEBUGGER"#;
    assert_eq!(Scene::new().verdict_of(body), claimed("", &[]));
}

#[test]
fn every_buffer_that_is_too_small_is_asked_for_again() {
    let body = r#"
        static int calls[3];
        EVENT { calls[0]++;
          if (*size < 261) { *size = 261; return NEEDS_MORE; }
          if (*size != 261) abort();
          *size = put(name, "E"); *count = 1; *claimed = 1; return 0; }
        SIGNATURE { calls[1]++;
          if (*name_size < 300) { *name_size = 300; return NEEDS_MORE; }
          if (*name_size != 300 || *value_size != 260) abort();
          char text[40]; snprintf(text, sizeof text, "%d %d", calls[0], calls[1]);
          *name_size = put(name, "calls"); *value_size = put(value, text); return 0; }
        DEBUGGER { calls[2]++;
          if (*size < 4096) { *size = 4096; return NEEDS_MORE; }
          char text[40]; snprintf(text, sizeof text, "/bin/debugger %d", calls[2]);
          *custom = 1; *size = put(launch, text); return 0; }"#;
    let expected = ModuleVerdict::Claimed {
        event_name: "E".to_owned(),
        parameters: vec![Parameter::new("calls", "2 2")],
        debugger: Some("/bin/debugger 2".to_owned()),
        debugger_autolaunch: false,
    };
    assert_eq!(Scene::new().verdict_of(body), expected);
}

#[test]
fn a_process_that_dies_meanwhile_costs_the_module_its_data_and_nothing_else() {
    let mut scene = Scene::new();
    scene.kill();
    let read = "int five = 0; long got = pread((int)(info->hProcess & 0xFFFF), &five, 4, (off_t)context); \
                snprintf(finding, sizeof finding, \"%d\", got <= 0);";
    assert_eq!(scene.finding(read), "1");
}

#[test]
fn without_a_folder_there_is_no_dump_and_no_file() {
    let scene = Scene::new();
    let found =
        scene.finding(r#"snprintf(finding, sizeof finding, "%d", getenv("WER_MODULE_FOLDER") == 0);"#);
    assert_eq!(found, "1");
}

#[test]
fn the_folder_takes_files_and_nothing_else_does() {
    let mut scene = Scene::new();
    scene.report = Some(tempfile::tempdir().unwrap());
    let path = scene.module(
        "module",
        r#"FINDS({
            char path[256]; const char *folder = getenv("WER_MODULE_FOLDER");
            snprintf(path, sizeof path, "%s/notes", folder);
            int file = open(path, O_CREAT | O_EXCL | O_WRONLY, 0600);
            long wrote = write(file, "noted", 5);
            snprintf(path, sizeof path, "%s/renamed", folder);
            int folder_refused = mkdir(path, 0700) == -1 && errno == EACCES;
            int link_refused = symlink("/etc/passwd", path) == -1 && errno == EACCES;
            int above = open("/proc/self/fd/6/../other", O_CREAT | O_WRONLY, 0600) == -1;
            snprintf(finding, sizeof finding, "%ld %d %d %d", wrote, folder_refused, link_refused, above);
        })"#,
    );
    let asked = scene.ask(&[scene.request(&path, Some(ModuleLevel::System))]);
    let ModuleVerdict::Claimed { parameters, .. } = &asked.outcomes[0].verdict else { panic!("{asked:?}") };
    assert_eq!(parameters[0].value, "5 1 1 1");
    let names: Vec<&str> = asked.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["module0_notes"]);
    let mut noted = [0; 5];
    let file = std::fs::File::open(scene.report.as_ref().unwrap().path().join(names[0])).unwrap();
    file.read_exact_at(&mut noted, 0).unwrap();
    assert_eq!(&noted, b"noted");
}

#[test]
fn a_module_that_fills_the_disk_loses_its_claim() {
    let mut scene = Scene::new();
    scene.report = Some(tempfile::tempdir().unwrap());
    let body = r#"EVENT { char path[256];
        for (int i = 0; i < 40; i++) { snprintf(path, sizeof path, "%s/%d", getenv("WER_MODULE_FOLDER"), i);
          close(open(path, O_CREAT | O_WRONLY, 0600)); }
        for (;;) pause(); } NO_SIGNATURE NO_DEBUGGER"#;
    let verdict = scene.verdict_of(body);
    assert!(
        matches!(&verdict, ModuleVerdict::Invalid { reason } if reason.contains("wrote more")),
        "{verdict:?}"
    );
}
