//! Limits of the machine, and how the server is started.

use std::path::Path;

use rustix::process::{Resource, getrlimit};

use super::{Findings, Level};
use crate::limits::{DOCTOR_FEW_FILES, MAX_CONNECTIONS};

/// Where a unit may be.
const UNITS: [&str; 3] = [
    "/etc/systemd/system/watson.service",
    "/usr/lib/systemd/system/watson.service",
    "/lib/systemd/system/watson.service",
];

pub(super) fn look(findings: &mut Findings) {
    let limit = getrlimit(Resource::Nofile);
    match limit.current {
        Some(soft) if soft < DOCTOR_FEW_FILES => {
            let what = format!("{soft} may be open at once, and {MAX_CONNECTIONS} connections may come");
            let advice = format!(
                "raise the limit to {DOCTOR_FEW_FILES} or more (LimitNOFILE= in the unit, `ulimit -n`)"
            );
            findings.add("descriptors", Level::Warning, what, advice);
        }
        Some(soft) => findings.good("descriptors", format!("{soft} may be open at once")),
        None => findings.good("descriptors", "any number may be open"),
    }
    if !Path::new("/run/systemd/system").is_dir() {
        findings.add(
            "service",
            Level::Note,
            "this machine does not run systemd",
            "start the server as its services are",
        );
        return;
    }
    match UNITS.iter().find(|unit| Path::new(unit).is_file()) {
        Some(unit) => findings.good("service", (*unit).to_owned()),
        None => {
            let advice =
                "install packaging/systemd/watson.service, so that the server starts with the machine";
            findings.add("service", Level::Note, "there is no unit watson.service", advice);
        }
    }
}
