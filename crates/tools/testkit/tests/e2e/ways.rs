//! Every kind of crash through each way of capture, one test per way.

use wer_testkit::{CorePattern, Sandbox, SandboxOptions, Service, Watson};

use crate::table::{Scene, Way};

/// A server, and a sandbox whose settings send everything to it.
fn scene(way: Way) -> (Sandbox, Watson) {
    let sandbox = Sandbox::new(&SandboxOptions::default()).expect("a sandbox");
    let watson = Watson::start(sandbox.built(), &sandbox.path("watson")).expect("a server");
    let options = SandboxOptions { server_port: Some(watson.port), ..SandboxOptions::default() };
    sandbox.write_settings(&options).expect("settings");
    eprintln!("{way:?}: {} with the server {}", sandbox.path("").display(), watson.origin);
    (sandbox, watson)
}

/// Why a kernel test is left out on this machine, if it is.
fn cannot_borrow_core_pattern() -> bool {
    if let Some(reason) = CorePattern::why_not() {
        eprintln!("left out: {reason}");
        return true;
    }
    false
}

#[test]
fn attached_programs_are_reported() {
    let (sandbox, watson) = scene(Way::Attached);
    Scene { way: Way::Attached, sandbox: &sandbox, watson: &watson }.every_kind();
}

#[test]
fn unmodified_programs_are_reported() {
    let (sandbox, watson) = scene(Way::Run);
    Scene { way: Way::Run, sandbox: &sandbox, watson: &watson }.every_kind();
}

#[test]
fn supervised_programs_are_reported() {
    let (sandbox, watson) = scene(Way::Traced);
    Scene { way: Way::Traced, sandbox: &sandbox, watson: &watson }.every_kind();
}

#[test]
fn the_kernels_pipe_reports() {
    if cannot_borrow_core_pattern() {
        return;
    }
    let (sandbox, watson) = scene(Way::KernelPipe);
    let _borrowed = CorePattern::pipe(&sandbox).expect("core_pattern");
    Scene { way: Way::KernelPipe, sandbox: &sandbox, watson: &watson }.every_kind();
}

#[test]
fn the_kernels_socket_reports() {
    if cannot_borrow_core_pattern() {
        return;
    }
    let (sandbox, watson) = scene(Way::KernelSocket);
    let service = Service::start(&sandbox).expect("a service");
    let _borrowed = CorePattern::set(&service.core_pattern()).expect("core_pattern");
    Scene { way: Way::KernelSocket, sandbox: &sandbox, watson: &watson }.every_kind();
}
