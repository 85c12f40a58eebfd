//! What becomes smaller with time, and nobody waits for: rows of machines become sketches, parts of the counters one, and
//! crashes of long ago are forgotten. Each step is a transaction of its own that holds little, so that hits go on beside it;
//! any number of processes may do it at once.

mod forget;
mod machines;
mod shards;

pub use machines::DistinctMachines;

use crate::{DbError, Store};

/// What a roll-up did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RolledUp {
    /// Rows of machines that went into sketches.
    pub machines: u64,
    /// Parts of counters that went into another.
    pub shards: u64,
    /// Crashes that are no longer known again.
    pub forgotten: u64,
}

impl Store {
    /// Makes smaller what has become old or many. Exact counts stay what they are.
    ///
    /// # Errors
    /// [`DbError::Sql`]; what was done until then is done.
    pub async fn roll_up(&self, now_ms: i64) -> Result<RolledUp, DbError> {
        Ok(RolledUp {
            machines: self.sketch_machines().await?,
            shards: self.merge_shards(now_ms).await?,
            forgotten: self.forget_seen(now_ms).await?,
        })
    }
}
