//! Modules that play by the rules, or bend them as real ones do.

use wer_model::{ModuleVerdict, report::Parameter};

use super::support::Scene;

fn claimed(event_name: &str, pairs: &[(&str, &str)]) -> ModuleVerdict {
    ModuleVerdict::Claimed {
        event_name: event_name.to_owned(),
        parameters: pairs.iter().map(|(name, value)| Parameter::new(*name, *value)).collect(),
        debugger: None,
        debugger_autolaunch: false,
    }
}

#[test]
fn a_module_reads_the_process_and_claims() {
    let body = r#"
        static struct { int version; WCHAR status[256]; } payload;
        EVENT {
          if (pread((int)(info->hProcess & 0xFFFF), &payload, sizeof payload, (off_t)context) != sizeof payload) return 0;
          *claimed = 1;
          *size = put(name, "My crash report");
          *count = 2;
          return 0;
        }
        SIGNATURE {
          if (index == 0) {
            char number[12];
            snprintf(number, sizeof number, "%d", payload.version);
            *name_size = put(name, "Version");
            *value_size = put(value, number);
          } else {
            *name_size = put(name, "Status");
            memcpy(value, payload.status, 256 * sizeof(WCHAR));
            *value_size = 257;
          }
          return 0;
        }
        NO_DEBUGGER"#;
    let expected = claimed("My crash report", &[("Version", "5"), ("Status", "Hello")]);
    assert_eq!(Scene::new().verdict_of(body), expected);
}

#[test]
fn a_module_is_told_what_happened() {
    let scene = Scene::new();
    let found = scene.finding(
        r#"char id[37] = {0}; for (int i = 0; i < 37; i++) id[i] = (char)info->pwszReportId[i];
           uint64_t rip; memcpy(&rip, info->context + 0xF8, 8);
           snprintf(finding, sizeof finding, "%u %x %x %lx %u %lu %lx %lx %d %d %s", info->dwSize,
             info->exceptionRecord.ExceptionCode, info->exceptionRecord.ExceptionFlags,
             (long)info->exceptionRecord.ExceptionAddress, info->exceptionRecord.NumberParameters,
             info->exceptionRecord.ExceptionInformation[0], info->exceptionRecord.ExceptionInformation[1], rip,
             info->bIsFatal, (int)(info->hThread & 0xFFFFFFFF), id);"#,
    );
    let expected = format!(
        "1424 c0000005 1 401000 2 1 10 401000 1 {} 30313233-3435-3637-3839-616263646566",
        scene.pid()
    );
    assert_eq!(found, expected);
}

#[test]
fn a_module_that_does_not_claim() {
    let declined = Scene::new().verdict_of("EVENT { return 0; } NO_SIGNATURE NO_DEBUGGER");
    assert_eq!(declined, ModuleVerdict::Declined);
}

#[test]
fn a_claim_counts_in_spite_of_failure_codes() {
    let body =
        "EVENT { *claimed = 1; return E_FAIL; } SIGNATURE { return E_FAIL; } DEBUGGER { return E_FAIL; }";
    assert_eq!(Scene::new().verdict_of(body), claimed("", &[]));
}

#[test]
fn a_failing_signature_callback_gives_up_the_name() {
    let body = r#"EVENT { *claimed = 1; *size = put(name, "Mine"); *count = 2; return 0; }
                  SIGNATURE { return E_FAIL; } NO_DEBUGGER"#;
    let scene = Scene::new();
    let path = scene.module("module", body);
    let asked = scene.ask(&[scene.request(&path, Some(wer_model::ModuleLevel::System))]);
    assert_eq!(asked.outcomes[0].verdict, claimed("", &[]));
    assert!(asked.notes.iter().any(|note| note.message.contains("answered E_FAIL")), "{:?}", asked.notes);
}

#[test]
fn a_module_that_needs_room_gets_it_once() {
    let body = r#"
        EVENT {
          if (*size < 300) { *size = 300; return NEEDS_MORE; }
          *claimed = 1; *size = put(name, "Roomy"); *count = 1; return 0;
        }
        SIGNATURE {
          if (*value_size < 400) { *value_size = 400; return NEEDS_MORE; }
          *name_size = put(name, "n");
          for (int i = 0; i < 399; i++) value[i] = 'v';
          value[399] = 0;
          *value_size = 400;
          return 0;
        }
        NO_DEBUGGER"#;
    // A parameter's value has at most 259 characters.
    assert_eq!(Scene::new().verdict_of(body), claimed("Roomy", &[("n", &"v".repeat(259))]));
}

#[test]
fn a_wish_for_too_much_room_is_not_granted() {
    let body = "EVENT { *claimed = 1; *size = 0x7FFFFFFF; return NEEDS_MORE; } NO_SIGNATURE NO_DEBUGGER";
    assert_eq!(Scene::new().verdict_of(body), claimed("", &[]));
}

#[test]
fn fifty_pairs_are_ten() {
    let body = r#"EVENT { *claimed = 1; *size = put(name, "Many"); *count = 50; return 0; }
        SIGNATURE { char text[12]; snprintf(text, sizeof text, "%u", index);
          *name_size = put(name, text); *value_size = put(value, text); return 0; }
        NO_DEBUGGER"#;
    let numbers: Vec<String> = (0..10).map(|i| i.to_string()).collect();
    let pairs: Vec<(&str, &str)> = numbers.iter().map(|n| (n.as_str(), n.as_str())).collect();
    assert_eq!(Scene::new().verdict_of(body), claimed("Many", &pairs));
}

#[test]
fn a_debugger_is_named() {
    let body = r#"EVENT { *claimed = 1; *size = put(name, "E"); return 0; } NO_SIGNATURE
        DEBUGGER { *custom = 1; *autolaunch = 1; *size = put(launch, "/usr/bin/gdb -p %ld"); return 0; }"#;
    let expected = ModuleVerdict::Claimed {
        event_name: "E".to_owned(),
        parameters: vec![],
        debugger: Some("/usr/bin/gdb -p %ld".to_owned()),
        debugger_autolaunch: true,
    };
    assert_eq!(Scene::new().verdict_of(body), expected);
}

#[test]
fn a_wish_to_end_the_process_is_heard_and_not_granted() {
    let scene = Scene::new();
    let body = r#"FINDS({
        int requests = atoi(getenv("WER_MODULE_HOST_REQUESTS"));
        uint32_t request[4], answer = 99;
        memcpy(&request[0], "WERQ", 4); request[1] = 1; request[2] = 3; request[3] = 0;
        long sent = send(requests, request, sizeof request, 0);
        long received = recv(requests, &answer, sizeof answer, 0);
        snprintf(finding, sizeof finding, "%ld %ld %u", sent, received, answer);
    })"#;
    let path = scene.module("module", body);
    let asked = scene.ask(&[scene.request(&path, Some(wer_model::ModuleLevel::System))]);
    assert_eq!(asked.outcomes[0].verdict, claimed("Finding", &[("finding", "16 4 0")]));
    assert!(asked.notes.iter().any(|note| note.message.contains("asked to terminate")), "{:?}", asked.notes);
    assert!(std::fs::read_to_string(format!("/proc/{}/stat", scene.pid())).unwrap().contains(" S "));
}

#[test]
fn its_dll_main_is_called_once_before_its_callbacks() {
    let body = r#"
        static int calls; static DWORD reason;
        int DllMain(void *instance, DWORD why, void *reserved) { calls++; reason = why; return instance != 0 && !reserved; }
        FINDS(snprintf(finding, sizeof finding, "%d %u", calls, reason);)"#;
    assert_eq!(Scene::new().verdict_of(body), claimed("Finding", &[("finding", "1 1")]));
}

#[test]
fn a_dll_main_that_refuses_keeps_the_module_out() {
    let body = "int DllMain(void *instance, DWORD why, void *reserved) { return 0; } \
                EVENT { *claimed = 1; return 0; } NO_SIGNATURE NO_DEBUGGER";
    let verdict = Scene::new().verdict_of(body);
    assert!(
        matches!(&verdict, ModuleVerdict::NotLoaded { reason } if reason.contains("DllMain")),
        "{verdict:?}"
    );
}
