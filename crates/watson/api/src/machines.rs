//! `/machines`: who reports, with which system and applications, and who has fallen silent.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use watson_db::{MachineApplication, MachineFilter, MachineRow, time};

use crate::access::MayRead;
use crate::input::{Path, Query};
use crate::moment::Moment;
use crate::page::{Page, Paging};
use crate::problem::Failure;
use crate::router::Api;

/// Which machines.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Silent {
    /// Only those that have not reported for so many days.
    #[param(minimum = 0, maximum = 36_500)]
    silent_days: Option<u32>,
}

/// Whose machine.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Of {
    /// The token's tenant, or the default one, where it is left out.
    pub(crate) tenant: Option<i64>,
}

/// A machine that has reported.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Machine {
    /// Its pseudonym: it names it in paths, and stays when the name is not kept.
    id: String,
    tenant: i64,
    /// As it was kept: perhaps the pseudonym.
    name: String,
    /// As it said last.
    os: String,
    first_report: Moment,
    /// To the hour.
    last_report: Moment,
    /// Whole days since.
    silent_days: i64,
}

/// An application of a machine.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Application {
    application: String,
    /// That it reported last.
    version: String,
    last_report: Moment,
}

/// A machine with its applications.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MachineAndApplications {
    #[serde(flatten)]
    machine: Machine,
    applications: Vec<Application>,
}

/// List machines
///
/// Those that reported last first.
#[utoipa::path(get, path = "/api/v1/machines", tag = "machines", security(("token" = ["read"])),
    params(Silent, Paging), responses((status = 200, body = Page<Machine>)))]
pub(crate) async fn list_machines(
    State(api): State<Api>,
    MayRead(granted): MayRead,
    Query(silent): Query<Silent>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<Machine>>, Failure> {
    let (limit, now_ms) = (paging.limit()?, time::now_ms());
    let silent_since_ms =
        silent.silent_days.map(|days| now_ms.saturating_sub(i64::from(days) * time::DAY_MS));
    let filter = MachineFilter { tenant: granted.tenant, silent_since_ms, after: paging.time_and_id()? };
    let rows = api.store.machines(&filter, limit).await?;
    let page = Page::new(rows, limit, |row| format!("{}_{}", row.last_ms, row.id));
    Ok(Json(page.map(|row| Machine::new(row, now_ms))))
}

/// Get a machine
#[utoipa::path(get, path = "/api/v1/machines/{name}", tag = "machines", security(("token" = ["read"])),
    params(("name" = String, Path, description = "Its name, in any letter case, or its id."), Of),
    responses((status = 200, body = MachineAndApplications)))]
pub(crate) async fn get_machine(
    State(api): State<Api>,
    MayRead(granted): MayRead,
    Path(name): Path<String>,
    Query(of): Query<Of>,
) -> Result<Json<MachineAndApplications>, Failure> {
    let tenant = granted.tenant_for(of.tenant)?;
    let found = api.store.machine(tenant, &name).await?.ok_or(Failure::Missing("machine"))?;
    let (row, applications) = found;
    let application = |row: MachineApplication| Application {
        application: row.application,
        version: row.version,
        last_report: Moment(row.last_ms),
    };
    Ok(Json(MachineAndApplications {
        machine: Machine::new(row, time::now_ms()),
        applications: applications.into_iter().map(application).collect(),
    }))
}

impl Machine {
    fn new(row: MachineRow, now_ms: i64) -> Self {
        Self {
            id: row.id,
            tenant: row.tenant,
            name: row.name,
            os: row.os,
            first_report: Moment(row.first_ms),
            last_report: Moment(row.last_ms),
            silent_days: now_ms.saturating_sub(row.last_ms).max(0) / time::DAY_MS,
        }
    }
}
