//! Taking reports out of the rows, with everything that hangs on them. Their blobs are released after the commit: another
//! report may name the same bytes.

use crate::sql::{Arg, Tx, sql};
use crate::{DbError, Store};

/// Reports of one transaction at most.
pub(crate) const REMOVE_STEP: usize = 64;

/// Whose row of `lease` goes with a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlacesOf {
    /// A dump that came unasked gives its place back. A cab that was asked for keeps it, without saying whose it was: its
    /// bucket has had what it wanted.
    AsAsked,
    /// The machine's rows are removed anyway.
    Removed,
}

/// Removes the rows of at most [`REMOVE_STEP`] reports; the blobs that they named.
pub(crate) async fn remove_reports(
    tx: &mut Tx,
    ids: &[String],
    places: PlacesOf,
) -> Result<Vec<String>, DbError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let list = numbers(1, ids.len());
    let with_ids = |text: String| sql(text).bind_all(ids.iter().map(Arg::from));
    let blobs: Vec<(String,)> = tx
        .rows(with_ids(format!(
            "SELECT blob FROM report WHERE id IN ({list}) UNION SELECT blob FROM report_file WHERE report IN ({list})"
        )))
        .await?;
    if places == PlacesOf::AsAsked {
        let of_reports = format!(
            "EXISTS (SELECT 1 FROM report WHERE report.event_day = lease.event_day
             AND report.key16 = lease.key16 AND report.id IN ({list}))"
        );
        tx.execute(with_ids(format!("DELETE FROM lease WHERE token IS NULL AND {of_reports}"))).await?;
        tx.execute(with_ids(format!(
            "UPDATE lease SET machine_name = '', os = '', application_path = '' WHERE {of_reports}"
        )))
        .await?;
    }
    // Jobs first: whoever ends one holds it.
    for table in ["job", "analysis", "report_file"] {
        tx.execute(with_ids(format!("DELETE FROM {table} WHERE report IN ({list})"))).await?;
    }
    tx.execute(with_ids(format!("DELETE FROM report WHERE id IN ({list})"))).await?;
    Ok(blobs.into_iter().map(|(blob,)| blob).collect())
}

/// "$3, $4" for two values from number 3.
pub(crate) fn numbers(first: usize, count: usize) -> String {
    (first..first + count).map(|number| format!("${number}")).collect::<Vec<_>>().join(", ")
}

impl Store {
    /// Releases blobs that a commit has taken the names of away; how many are gone. What fails here, the sweep of blobs
    /// ends later: the rows are gone already.
    pub(crate) async fn release(&self, blobs: &[String]) -> Result<u64, DbError> {
        match self.release_blobs(blobs).await {
            Ok(released) => Ok(released.removed),
            Err(error) => {
                tracing::warn!(error = %error, "bytes that no row names any more stay until the next sweep of blobs");
                Ok(0)
            }
        }
    }
}
