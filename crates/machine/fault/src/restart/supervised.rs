//! Whether somebody else starts a process again when it ends: then we do not.

use std::ffi::{OsStr, OsString};

/// Names of processes that look after their children, as `comm` has them: 15 bytes at most.
const SUPERVISORS: [&str; 18] = [
    "runsv",
    "s6-supervise",
    "supervise",
    "supervisord",
    "supervise-daemo",
    "dinit",
    "monit",
    "perpd",
    "circusd",
    "conmon",
    "containerd-shim",
    "docker-init",
    "dumb-init",
    "tini",
    "catatonit",
    "procd",
    "launchd",
    "nomad",
];

/// What is around a process.
#[derive(Debug)]
pub(super) struct Surroundings<'a> {
    /// `/proc/PID/cgroup`.
    pub(super) control_group: &'a str,
    /// Variables that it was started with.
    pub(super) environment: &'a [(OsString, OsString)],
    /// `comm` of its parent; empty = not known.
    pub(super) parent_name: &'a str,
    /// Its pid in its own namespace.
    pub(super) namespace_pid: u32,
}

/// Who looks after the process, if somebody does.
pub(super) fn manager(around: &Surroundings<'_>) -> Option<String> {
    let has = |wanted: &str| around.environment.iter().any(|(name, _)| name == OsStr::new(wanted));
    if around.namespace_pid == 1 {
        return Some("a container engine".into());
    }
    if let Some(unit) = service_unit(around.control_group) {
        return Some(format!("the service {unit}"));
    }
    if SUPERVISORS.contains(&around.parent_name) {
        return Some(around.parent_name.into());
    }
    let of_systemd = around.parent_name == "systemd" && has("INVOCATION_ID");
    (of_systemd || has("NOTIFY_SOCKET")).then(|| "a service manager".into())
}

/// The systemd service that a process belongs to: the last part of its control group. Processes that a person started
/// are in a `.scope`, which may be below a service of that person's own manager.
fn service_unit(control_group: &str) -> Option<&str> {
    let groups = control_group.lines().filter_map(|line| {
        let (_, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        matches!(controllers, "" | "name=systemd").then_some(path)
    });
    let mut last_parts = groups.filter_map(|path| path.rsplit('/').next());
    last_parts.find(|part| part.ends_with(".service"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(control_group: &str, variable: &str, parent_name: &str, namespace_pid: u32) -> Option<String> {
        let environment = [(OsString::from(variable), OsString::from("x"))];
        manager(&Surroundings { control_group, environment: &environment, parent_name, namespace_pid })
    }

    #[test]
    fn services_containers_and_supervised_processes_have_a_manager() {
        let service = of("0::/system.slice/app.service\n", "A", "systemd", 9);
        assert_eq!(service.as_deref(), Some("the service app.service"));
        assert!(of("4:memory:/x\n1:name=systemd:/system.slice/app.service\n", "A", "sh", 9).is_some());
        assert!(of("0::/", "A", "containerd-shim", 1).is_some());
        assert!(of("0::/", "A", "runsv", 9).is_some());
        assert!(of("0::/", "INVOCATION_ID", "systemd", 9).is_some());
        assert!(of("0::/", "NOTIFY_SOCKET", "sh", 9).is_some());
    }

    #[test]
    fn what_a_person_started_has_none() {
        let scope = "0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-editor-77.scope\n";
        assert_eq!(of(scope, "INVOCATION_ID", "bash", 9), None);
        assert_eq!(of("0::/user.slice/user-1000.slice/session-3.scope\n", "A", "systemd", 9), None);
        assert_eq!(of("4:memory:/docker/x.service\n0::/\n", "A", "bash", 9), None);
        assert_eq!(of("", "A", "", 9), None);
        assert_eq!(of("no groups\n:::\n", "A", "", 9), None);
    }
}
