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
    let (mut reports, mut unreadable) = (Vec::<Read>::new(), Vec::new());
    // The archive last: a report that moves there while this looks is found there.
    for state in [ReportState::Queued, ReportState::Archived] {
        for stored in store.list(state)? {
            reports.retain(|earlier| earlier.stored.id != stored.id);
            let id = stored.id;
            match read(stored) {
                Ok(report) => reports.push(report),
                Err(_) if store.get(id)?.is_some_and(|now| now.state != state) => {}
                Err(error) => unreadable.push(format!("{error:#}")),
            }
        }
    }
    reports.sort_by_key(|read: &Read| (read.report.event_time_filetime, read.report.id));
    Ok((reports, unreadable))
}

/// What `look` makes of the report whose id begins so. A report may move into the archive while it is looked at; then
/// it is looked at again.
///
/// # Errors
/// There is none, more than one, or it cannot be read.
pub(crate) fn one<T>(place: &PlaceArguments, id: &str, look: impl Fn(&Read) -> T) -> Result<(Read, T)> {
    let store = store(place)?;
    loop {
        let stored = store.find(id)?;
        let (state, exact) = (stored.state, stored.id);
        let looked = read(stored).map(|read| {
            let seen = look(&read);
            (read, seen)
        });
        // There is one state to move to, so this ends.
        if store.get(exact)?.is_none_or(|now| now.state == state) {
            return looked;
        }
    }
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
