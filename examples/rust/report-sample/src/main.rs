//! Reports something that is no crash, and looks at the reports that wait.
//!
//! - `report-sample report FILE`: makes a report with this file and a dump of itself, and says what became of it.
//! - `report-sample list`: the reports that wait, one line each.
//! - `report-sample exclude NAME`, `include NAME`: no more reports of programs of this name, and reports again.

use std::process::ExitCode;

use wer::{Consent, FileKind, Report, ReportDump, ReportInformation, ReportType, Store, StoreKind, flags};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["report", file] => report(file),
        ["list"] => list(),
        ["exclude", name] => wer::add_excluded_application(name, false),
        ["include", name] => wer::remove_excluded_application(name, false),
        _ => {
            eprintln!("usage: report-sample report FILE | list | exclude NAME | include NAME");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn report(file: &str) -> wer::Result<()> {
    let about = ReportInformation {
        friendly_event_name: "The index was damaged",
        description: "It was made anew; nothing was lost.",
        ..ReportInformation::default()
    };
    let mut report = Report::new("IndexDamaged", ReportType::NonCritical, &about)?;
    println!("begun");
    report.parameter("Index", "names")?.parameter("Format", "3")?;
    report.file(file, FileKind::Other, flags::WER_FILE_ANONYMOUS_DATA)?.dump(ReportDump::Mini, 0)?;
    wer::register_custom_metadata("Channel", "beta")?;
    let result = report.submit(Consent::NotAsked, flags::WER_SUBMIT_ADD_REGISTERED_DATA)?;
    println!("{result:?}");
    Ok(())
}

fn list() -> wer::Result<()> {
    let store = Store::open(StoreKind::UserQueue)?;
    println!("{} reports", store.count()?);
    for report in store.reports()? {
        let report = report?;
        let parameters: Vec<String> =
            report.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
        println!(
            "{} of {}: {} ({}) {}",
            report.event_type,
            report.application_name,
            report.description,
            parameters.join(" "),
            report.file_names.join(" ")
        );
    }
    Ok(())
}
