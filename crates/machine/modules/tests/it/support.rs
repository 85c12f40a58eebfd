//! A process to ask about, modules compiled from C, and one call that asks them.

use std::io::{BufRead, BufReader};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, getgid, getuid, pidfd_open};
use tempfile::TempDir;
use wer_abi::exception::AccessKind;
use wer_abi::{Hresult, NtStatus};
use wer_model::{ModuleLevel, ModuleOutcome, ModuleVerdict, ReportId};
use wer_modules::{DumpRequest, ModuleRequest, ModuleRun, ModulesAsked, ask_modules};
use wer_snapshot::{ExceptionSnapshot, Registers, SignalInfo};

/// Long enough for a machine that builds at the same time.
const PATIENT: Duration = Duration::from_secs(60);
/// For modules that never answer.
pub(crate) const SHORT: Duration = Duration::from_secs(2);

const TARGET: &str = r#"
#include <stdint.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>
static struct {
  int version; unsigned short status[256]; uint64_t event, set_event; int written;
} payload = {5, {'H', 'e', 'l', 'l', 'o'}, 0, 0, 0};
int main(void) {
  payload.event = 0x574500000000 | (uint64_t)eventfd(0, EFD_NONBLOCK);
  payload.set_event = 0x574500000000 | (uint64_t)eventfd(1, EFD_NONBLOCK);
  printf("%lu\n", (unsigned long)&payload); fflush(stdout);
  char end; return (int)read(0, &end, 1);
}
"#;

/// Offset of the handle of an event that is not set, in the target's payload.
pub(crate) const EVENT_AT: u64 = 520;
/// Offset of a word that modules write.
pub(crate) const WRITTEN_AT: u64 = 536;

/// A living process that stands for the crashed one, and a folder of compiled modules.
pub(crate) struct Scene {
    folder: TempDir,
    target: Child,
    pidfd: OwnedFd,
    mem_fd: OwnedFd,
    /// Address of its payload {5, "Hello"}.
    pub(crate) payload: u64,
    pub(crate) deadline: Duration,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) host_executable: PathBuf,
    pub(crate) is_fatal: bool,
    pub(crate) status: NtStatus,
    pub(crate) fault_address: u64,
    /// Where the modules' files are left; `None`: they may write nothing.
    pub(crate) report: Option<TempDir>,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Modules run as other users in some tests.
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let program = folder.path().join("target");
        compile("cc", &folder.path().join("target.c"), TARGET, &program, &[]);
        let mut target = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(target.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let pidfd = pidfd_open(Pid::from_child(&target), PidfdFlags::empty()).unwrap();
        let memory = format!("/proc/{}/mem", target.id());
        let mem_fd = rustix::fs::open(memory, OFlags::RDWR | OFlags::CLOEXEC, Mode::empty()).unwrap();
        Self {
            folder,
            target,
            pidfd,
            mem_fd,
            payload: line.trim().parse().unwrap(),
            deadline: PATIENT,
            uid: getuid().as_raw(),
            gid: getgid().as_raw(),
            host_executable: env!("CARGO_BIN_EXE_wer-module-host").into(),
            is_fatal: true,
            status: NtStatus::ACCESS_VIOLATION,
            fault_address: 0x10,
            report: None,
        }
    }

    /// A word of the target's payload.
    pub(crate) fn read_u32(&self, offset: u64) -> u32 {
        let mut bytes = [0; 4];
        rustix::io::pread(&self.mem_fd, &mut bytes, self.payload + offset).unwrap();
        u32::from_ne_bytes(bytes)
    }

    /// Whether the event whose handle lies there in the target's payload is set.
    pub(crate) fn event_is_set(&self, offset: u64) -> bool {
        let number = self.read_u32(offset) as i32;
        let event = rustix::process::pidfd_getfd(&self.pidfd, number, PidfdGetfdFlags::empty()).unwrap();
        let mut polled = [rustix::event::PollFd::new(&event, rustix::event::PollFlags::IN)];
        rustix::event::poll(&mut polled, Some(&rustix::time::Timespec { tv_sec: 0, tv_nsec: 0 })).unwrap()
            == 1
    }

    /// Ends the target.
    pub(crate) fn kill(&mut self) {
        self.target.kill().unwrap();
        self.target.wait().unwrap();
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.target.id()
    }

    /// Compiles a module and gives its path.
    pub(crate) fn module(&self, name: &str, body: &str) -> String {
        let source = format!("#include \"prelude.h\"\n{body}\n");
        let output = self.folder().join(format!("{name}.so"));
        compile("cc", &self.folder().join(format!("{name}.c")), &source, &output, &["-shared", "-fPIC"]);
        output.to_str().unwrap().to_owned()
    }

    pub(crate) fn request(&self, path: &str, level: Option<ModuleLevel>) -> ModuleRequest {
        ModuleRequest { path: path.to_owned(), context: self.payload, level }
    }

    pub(crate) fn ask(&self, requests: &[ModuleRequest]) -> ModulesAsked {
        let signal = SignalInfo { number: 11, code: 1, errno: 0, address: self.fault_address };
        let exception = ExceptionSnapshot {
            tid: self.pid(),
            signal,
            status: self.status,
            instruction: 0x40_1000,
            access: Some(AccessKind::Write),
        };
        let registers = Registers { rip: 0x40_1000, rsp: 0x7FFF_0000, cs: 0x33, ..Default::default() };
        let run = ModuleRun {
            host_executable: &self.host_executable,
            pid: self.pid(),
            pidfd: self.pidfd.as_fd(),
            mem_fd: self.mem_fd.as_fd(),
            tid: self.pid(),
            uid: self.uid,
            gid: self.gid,
            exception: &exception,
            registers: &registers,
            fpu: None,
            report_id: ReportId(*b"0123456789abcdef"),
            deadline_per_call: self.deadline,
            is_fatal: self.is_fatal,
            folder: self.report.as_ref().map(|folder| folder.path()),
            write_dump: Some(&write_dump),
        };
        ask_modules(&run, requests, &mut || {})
    }

    /// What one module, allowed by the machine's settings, came to.
    pub(crate) fn verdict(&self, path: &str) -> ModuleVerdict {
        let asked = self.ask(&[self.request(path, Some(ModuleLevel::System))]);
        let [ModuleOutcome { verdict, .. }] = &asked.outcomes[..] else { panic!("{asked:?}") };
        verdict.clone()
    }

    pub(crate) fn verdict_of(&self, body: &str) -> ModuleVerdict {
        self.verdict(&self.module("module", body))
    }

    /// What a module that `FINDS` something found.
    pub(crate) fn finding(&self, code: &str) -> String {
        match self.verdict_of(&format!("FINDS({code})")) {
            ModuleVerdict::Claimed { parameters, .. } => parameters[0].value.clone(),
            verdict => panic!("{verdict:?}"),
        }
    }
}

/// Stands for the joiner, which makes real dumps: writes what it was asked for.
fn write_dump(request: &DumpRequest<'_>, progress: &mut dyn FnMut()) -> Result<(), Hresult> {
    if request.flags & 0x2 != 0 {
        return Err(Hresult::E_INVALIDARG);
    }
    progress();
    let order = request
        .order
        .as_ref()
        .map(|order| (order.thread_id, order.record.code, order.context.map(|c| c.rip)));
    let text = format!("MDMP {:x} {order:x?}", request.flags);
    request.file.write_all_at(text.as_bytes(), 0).map_err(|_| Hresult::E_FAIL)
}

impl Drop for Scene {
    fn drop(&mut self) {
        drop(self.target.stdin.take());
        self.target.wait().unwrap();
    }
}

pub(crate) fn compile(compiler: &str, source_path: &Path, source: &str, output: &Path, options: &[&str]) {
    std::fs::write(source_path, source).unwrap();
    let result = Command::new(compiler)
        .args(["-g", "-Wall", "-Wno-unused", "-I"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it"))
        .args(options)
        .arg("-o")
        .args([output, source_path])
        .output()
        .unwrap();
    assert!(result.status.success(), "{}", String::from_utf8_lossy(&result.stderr));
}
