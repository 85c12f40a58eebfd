//! Folder names are one harmless component, whatever a process calls itself.

use wer_model::{Parameter, ReportType};
use wer_report::{build_report, folder_name, signature_hash};

use super::sample::{ID, inputs, snapshot};

#[test]
fn the_name_has_windows_form() {
    let report = build_report(&snapshot(), &[], inputs());
    let name = folder_name(&report);
    assert_eq!(name, format!("AppCrash_my_app_{}_{}_{ID}", signature_hash(&report), "e62eb0d0"));
    assert!(signature_hash(&report).bytes().all(|digit| digit.is_ascii_hexdigit()));
    assert_eq!(signature_hash(&report).len(), 40);
}

#[test]
fn hostile_names_stay_one_component() {
    let mut report = build_report(&snapshot(), &[], inputs());
    for name in ["../../etc/passwd", "..", "\0\n\u{1b}[2J", "\u{202e}gpj.exe", "", &"x/".repeat(100)] {
        report.application_name = name.into();
        let folder = folder_name(&report);
        assert!(folder.len() <= 9 + 1 + 16 + 1 + 40 + 1 + 8 + 1 + 36, "{folder}");
        assert!(folder.ends_with(&ID.to_string()));
        let harmless = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | '_');
        assert!(folder.chars().all(harmless) && !folder.starts_with('.'), "{folder}");
    }
}

#[test]
fn the_class_follows_the_report_type() {
    let mut report = build_report(&snapshot(), &[], inputs());
    for (report_type, class) in [
        (ReportType::NonCritical, "NonCritical_"),
        (ReportType::Critical, "Critical_"),
        (ReportType::ApplicationHang, "Critical_"),
        (ReportType::Kernel, "Kernel_"),
    ] {
        report.report_type = report_type;
        assert!(folder_name(&report).starts_with(class));
    }
}

#[test]
fn the_hash_knows_values_and_not_names() {
    let mut report = build_report(&snapshot(), &[], inputs());
    let before = signature_hash(&report);
    report.signature.parameters[0].name = "Anwendungsname".into();
    assert_eq!(signature_hash(&report), before);
    report.signature.parameters.push(Parameter::new("", ""));
    assert_ne!(signature_hash(&report), before);
}
