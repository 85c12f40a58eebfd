//! A report that is made and closed, without a dump.

use anyhow::{Result, ensure};

use super::Options;
use super::library::{Library, Wide};
use crate::row::Row;

/// Goal of both calls together.
const LIMIT_US: f64 = 5.0;
/// Pairs in one sample: the clock is too coarse for one.
const PAIRS: usize = 20;
const SAMPLES: usize = 301;
/// `WerReportNonCritical`.
const NON_CRITICAL: u32 = 0;

/// The median of both calls, if the library has them.
///
/// # Errors
/// A call answers something else than success.
pub(super) fn measure(library: &Library, _: &Options) -> Result<Row> {
    let mut row = Row::new("WerReportCreate to WerReportCloseHandle, without a dump".into());
    let (Some(create), Some(close)) = (library.report_create, library.report_close) else {
        row.note("not measured: libwer.so has no such functions");
        return Ok(row);
    };
    let event = Wide::new("MeasuredEvent");
    let mut samples = Vec::with_capacity(SAMPLES);
    for _ in 0..SAMPLES {
        let start = std::time::Instant::now();
        for _ in 0..PAIRS {
            let mut handle = 0_usize;
            let made = create(event.at(), NON_CRITICAL, 0, &raw mut handle as usize);
            ensure!(made == 0, "WerReportCreate answers 0x{made:08X}");
            let closed = close(handle);
            ensure!(closed == 0, "WerReportCloseHandle answers 0x{closed:08X}");
        }
        samples.push(start.elapsed().as_secs_f64() * 1e6 / PAIRS as f64);
    }
    let value = row.figure("both calls", "us", &samples);
    row.at_most("both calls", LIMIT_US, value, " us");
    Ok(row)
}
