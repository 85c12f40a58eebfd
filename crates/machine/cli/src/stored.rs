//! Reports as they lie in the store, read.

use anyhow::{Context as _, Result};
use wer_model::{Report, ReportState};
use wer_report::report_wer;
use wer_store::{Store, StoredReport};

use crate::place::PlaceArguments;

/// A report and where it lies.
pub(crate) struct Read {
    /// Where.
    pub(crate) stored: StoredReport,
    /// What it says.
    pub(crate) report: Report,
}

/// Opens the store of a place.
///
/// # Errors
/// It cannot be opened, or is another user's.
pub(crate) fn store(place: &PlaceArguments) -> Result<Store> {
    Ok(Store::open(&place.locations().store_root)?)
}

/// Every report, oldest first, and sentences about those that cannot be read.
///
/// # Errors
/// The store cannot be read.
pub(crate) fn all(place: &PlaceArguments) -> Result<(Vec<Read>, Vec<String>)> {
    let store = store(place)?;
    let (mut reports, mut unreadable) = (Vec::new(), Vec::new());
    for state in [ReportState::Queued, ReportState::Archived] {
        for stored in store.list(state)? {
            match read(stored) {
                Ok(report) => reports.push(report),
                Err(error) => unreadable.push(format!("{error:#}")),
            }
        }
    }
    reports.sort_by_key(|read: &Read| (read.report.event_time_filetime, read.report.id));
    Ok((reports, unreadable))
}

/// The report whose id begins so.
///
/// # Errors
/// There is none, more than one, or it cannot be read.
pub(crate) fn one(place: &PlaceArguments, id: &str) -> Result<Read> {
    read(store(place)?.find(id)?)
}

fn read(stored: StoredReport) -> Result<Read> {
    let bytes = stored.report_wer()?;
    let report = report_wer::parse(&bytes)
        .with_context(|| format!("{} cannot be read", stored.folder.join("Report.wer").display()))?;
    Ok(Read { stored, report })
}

/// The word for a state.
pub(crate) const fn state_word(state: ReportState) -> &'static str {
    match state {
        ReportState::Temp => "being written",
        ReportState::Queued => "queued",
        ReportState::Archived => "archived",
    }
}
