//! A process that has not crashed is reported: its modules are told of a hang, and may end it.

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use wer_fault::{Context, Reported, report_capture};
use wer_model::{ModuleVerdict, ReportId};
use wer_settings::Locations;

const MODULE: &str = r#"
#include "prelude.h"
EVENT {
  char told[80];
  if ((uintptr_t)context != 3) return E_FAIL;
  if (ENDS) {
    uint32_t request[4] = {0x51524557, 1, 7, 0}, answer = 1;
    if (send(5, request, sizeof request, 0) != 16 || recv(5, &answer, 4, 0) != 4 || answer != 0) return E_FAIL;
  }
  snprintf(told, sizeof told, "told %08x fatal %d", info->exceptionRecord.ExceptionCode, info->bIsFatal);
  *claimed = 1; *size = put(name, told); *count = 0;
  return 0;
}
NO_SIGNATURE NO_DEBUGGER
"#;

/// Set in the copy of this program that is reported: the module that it registers.
const VARIABLE: &str = "WER_TEST_REGISTERS";

/// The process that is reported, when this program is started again as that.
#[test]
fn a_process_that_registers_a_module_and_waits() {
    let Ok(module) = std::env::var(VARIABLE) else { return };
    wer_client::registration::register_runtime_exception_module(&module, 3).unwrap();
    println!("ready");
    std::io::stdin().read_line(&mut String::new()).unwrap();
}

fn target(module: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([
        "--exact",
        "it::living_modules::a_process_that_registers_a_module_and_waits",
        "--nocapture",
    ]);
    command.env(VARIABLE, module).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    // The test's own name stands before it, without a line end.
    assert!(lines.any(|line| line.unwrap().ends_with("ready")));
    child
}

fn module(folder: &Path, ends: bool) -> PathBuf {
    let (source, module) = (folder.join("module.c"), folder.join("module.so"));
    std::fs::write(&source, MODULE).unwrap();
    let mut command = Command::new("cc");
    command.arg(concat!("-I", env!("CARGO_MANIFEST_DIR"), "/../modules/tests/it"));
    command.args(["-shared", "-fPIC", "-w", &format!("-DENDS={}", u8::from(ends)), "-o"]);
    let built = command.args([&module, &source]).output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    module
}

/// Reports a living process whose module claims.
fn reported(ends: bool) -> (Reported, Child) {
    let folder = tempfile::tempdir().unwrap();
    let module = module(folder.path(), ends);
    let settings = folder.path().join("etc/wer");
    std::fs::create_dir_all(&settings).unwrap();
    let text = format!("[RuntimeExceptionHelperModules]\n\"{}\" = 1\n", module.display());
    std::fs::write(settings.join("wer.toml"), text).unwrap();
    let mut context = Context::for_locations(Locations::system(Some(folder.path())));
    context.host_executable = env!("CARGO_BIN_EXE_werfault").into();
    let child = target(&module);
    let mut capture = wer_capture::live(child.id()).unwrap();
    let reported = report_capture(&mut capture, &context, ReportId([7; 16]), &mut || {}).unwrap();
    (reported, child)
}

fn told(reported: &Reported) -> &str {
    match &reported.report.modules[0].verdict {
        ModuleVerdict::Claimed { event_name, .. } => event_name,
        verdict => panic!("{verdict:?} {:?}", reported.report.soft_errors),
    }
}

#[test]
fn a_hang_is_a_breakpoint_that_is_not_fatal() {
    let (reported, mut child) = reported(false);
    assert_eq!(told(&reported), "told 80000003 fatal 0");
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_process_that_would_survive_ends_where_its_module_wants_that() {
    let (reported, mut child) = reported(true);
    assert_eq!(told(&reported), "told 80000003 fatal 0");
    assert_eq!(child.wait().unwrap().signal(), Some(9));
}
