//! The level 1 request of a report.

use wer_model::{Report, ReportType};
use wer_wire::{ApplicationInfo, Level1Request};

use crate::DataScope;
use crate::contents::is_allowed;

/// Builds the request. Files of the application are named only if consent lets them leave; our own dumps always, because
/// their names say nothing.
pub(crate) fn request(report: &Report, scope: DataScope, machine_name: &str) -> Level1Request {
    let dynamic = |number: u32| {
        let mut parameters = report.dynamic_signature.iter();
        parameters.find(|(other, _)| *other == number).map(|(_, parameter)| parameter.value.clone())
    };
    let parameters = report.signature.parameters.iter().zip(0..);
    Level1Request {
        user_name: String::new(),
        machine_name: machine_name.to_owned(),
        os: dynamic(1).unwrap_or_default(),
        lcid: format!("{:0>4}", dynamic(2).unwrap_or_default()),
        oem: None,
        application: Some(ApplicationInfo {
            name: report.application_name.clone(),
            path: report.application_path.clone(),
            company: None,
        }),
        report_type: report_type(report.report_type),
        event_type: report.signature.event_type.clone(),
        friendly_event_name: Some(report.friendly_event_name.clone()),
        event_description: None,
        event_time_filetime: report.event_time_filetime,
        parameters: parameters
            .map(|(parameter, id)| (id, parameter.name.clone(), parameter.value.clone()))
            .collect(),
        secondary_parameters: report
            .dynamic_signature
            .iter()
            .map(|(_, parameter)| (parameter.name.clone(), parameter.value.clone()))
            .collect(),
        files: report
            .files
            .iter()
            .filter(|file| file.original_path.is_none() || is_allowed(file, scope))
            .map(|file| (file.name.clone(), file.kind as u32))
            .collect(),
    }
}

const fn report_type(report_type: ReportType) -> u32 {
    report_type as u32
}

/// The machine's host name, empty where it cannot be had.
pub(crate) fn machine_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim().to_owned()
}
