//! Waiting for a condition, with a limit and a message; never for a fixed time.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// Between two looks.
const POLL: Duration = Duration::from_millis(20);

/// Looks until there is a value.
///
/// # Errors
/// There was none within `limit`, or looking failed.
pub fn wait_for<T>(what: &str, limit: Duration, mut look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let end = Instant::now() + limit;
    loop {
        if let Some(value) = look()? {
            return Ok(value);
        }
        if Instant::now() >= end {
            bail!("waited {} s for {what}, in vain", limit.as_secs());
        }
        std::thread::sleep(POLL);
    }
}
