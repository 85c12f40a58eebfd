//! What a program said of its own report for its readers.

use serde::{Deserialize, Serialize};

/// The texts of `WER_REPORT_INFORMATION` that decide nothing, and those of `WerReportSetUIOption`. Empty where nothing
/// was said, as in every report that this system makes of a crash or a hang.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Statement {
    /// `ReportDescription=`.
    pub description: String,
    /// `NsPartner=`.
    pub namespace_partner: String,
    /// `NsGroup=`.
    pub namespace_group: String,
    /// `ApplicationIdentity=`: 32 hex digits.
    pub application_identity: String,
    /// `UI[n]=`: texts of dialogs by their `WER_REPORT_UI`, in its order.
    pub ui_texts: Vec<(u32, String)>,
}
