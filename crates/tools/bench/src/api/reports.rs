//! A report that is made and closed without a dump: here is its place.

use anyhow::Result;

use super::Options;
use super::library::Library;
use crate::dump::row::Row;

/// Nothing yet.
///
/// # Errors
/// None.
pub(super) fn measure(_: &Library, _: &Options) -> Result<Row> {
    let mut row = Row::new("WerReportCreate to WerReportCloseHandle, without a dump".into());
    row.note("not measured: the functions are not in libwer.so yet");
    Ok(row)
}
