//! `/buckets/{id}/machines`: how many machines had a crash of a bucket.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use watson_db::{DistinctMachines, time};

use crate::access::MayRead;
use crate::bucket_lists::own_bucket;
use crate::input::{Path, Query};
use crate::limits::MAX_MACHINE_DAYS;
use crate::moment::Moment;
use crate::problem::Failure;
use crate::router::Api;

/// Which days.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Days {
    /// The first day; 29 days before the last one, where it is left out.
    #[param(format = Date, example = "2026-11-01")]
    from: Option<String>,
    /// The last day; today, where it is left out. At most 366 days with the first one.
    #[param(format = Date, example = "2026-11-21")]
    to: Option<String>,
}

/// Machines of a day.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MachineDay {
    /// By the crashes' own time, UTC.
    #[schema(format = Date)]
    date: String,
    machines: i64,
    /// False: estimated, with a standard error of 0.8 %; there were more than 4,096.
    exact: bool,
}

/// Machines of some days.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Machines {
    #[schema(format = Date)]
    from: String,
    #[schema(format = Date)]
    to: String,
    /// On any of these days, each once.
    machines: i64,
    /// False: estimated, with a standard error of 0.8 %; there was a day with more than 4,096.
    exact: bool,
    /// Days with a machine, the last one first.
    days: Vec<MachineDay>,
}

/// Count a bucket's machines
///
/// Machines that had such a crash, for all of the days together and for each: exact up to 4,096 a day.
#[utoipa::path(get, path = "/api/v1/buckets/{id}/machines", tag = "buckets", security(("token" = ["read"])),
    params(("id" = i64, Path, description = "The bucket's number."), Days),
    responses((status = 200, body = Machines)))]
pub(crate) async fn count_machines(
    State(api): State<Api>,
    MayRead(granted): MayRead,
    Path(id): Path<i64>,
    Query(days): Query<Days>,
) -> Result<Json<Machines>, Failure> {
    own_bucket(&api, &granted, id).await?;
    let (from, to) = days.range(time::day_of(time::now_ms()))?;
    let DistinctMachines { count, exact } = api.store.distinct_machines(id, from..=to).await?;
    let by_day = api.store.machines_by_day(id, from..=to).await?;
    let day = |(day, machines): (i64, DistinctMachines)| MachineDay {
        date: Moment::date(day),
        machines: machines.count,
        exact: machines.exact,
    };
    Ok(Json(Machines {
        from: Moment::date(from),
        to: Moment::date(to),
        machines: count,
        exact,
        days: by_day.into_iter().map(day).collect(),
    }))
}

impl Days {
    fn range(&self, today: i64) -> Result<(i64, i64), Failure> {
        let day = |field: &str, text: &Option<String>| match text {
            None => Ok(None),
            Some(text) => Moment::day(text).map(Some).ok_or_else(|| {
                Failure::Malformed(format!("{field}: {text:?} is no day; write one such as 2026-11-21"))
            }),
        };
        let to = day("to", &self.to)?.unwrap_or(today);
        let from = day("from", &self.from)?.unwrap_or(to - 29);
        if from > to || to - from >= MAX_MACHINE_DAYS {
            return Err(Failure::Malformed(format!(
                "from: it must not be after `to`, and both at most {MAX_MACHINE_DAYS} days apart"
            )));
        }
        Ok((from, to))
    }
}
