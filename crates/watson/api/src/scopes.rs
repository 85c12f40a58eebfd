//! Of which crashes a data policy or a solution is: one bucket's, or those that a rule holds for. And how one of them is
//! changed: by a JSON merge patch (RFC 7396) of what it says now.

use std::collections::BTreeMap;

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use watson_db::{Rule, Scope};

use crate::policies::Made;
use crate::problem::Failure;

/// Holds for crashes whose event type and parameters fit all patterns. `*` stands for any text; letter case does not
/// matter.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RuleBody {
    /// Pattern of the event type; empty = any.
    #[schema(max_length = 512, example = "APPCRASH")]
    event_type: String,
    /// Patterns by the parameter's number, from "1" to "32".
    #[schema(value_type = std::collections::HashMap<String, String>)]
    parameters: BTreeMap<u32, String>,
}

/// A bucket or a rule, and not both.
pub(crate) fn scope(bucket: Option<i64>, rule: Option<RuleBody>) -> Result<Scope, Failure> {
    match (bucket, rule) {
        (Some(bucket), None) => Ok(Scope::Label(bucket)),
        (None, Some(RuleBody { event_type, parameters })) => Ok(Scope::Rule(Rule { event_type, parameters })),
        (Some(_), Some(_)) => Err(Failure::invalid("bucket", "give a bucket or a rule, not both")),
        (None, None) => Err(Failure::invalid("bucket", "give the number of a bucket, or a rule")),
    }
}

pub(crate) fn bucket_and_rule(scope: Scope) -> (Option<i64>, Option<RuleBody>) {
    match scope {
        Scope::Label(bucket) => (Some(bucket), None),
        Scope::Rule(Rule { event_type, parameters }) => (None, Some(RuleBody { event_type, parameters })),
    }
}

/// The answer to a POST that has made something of a list.
pub(crate) fn created(list: &str, id: i64) -> Response {
    let location = format!("/api/v1/{list}/{id}");
    (StatusCode::CREATED, [(header::LOCATION, location)], Json(Made { id })).into_response()
}

/// What is of one tenant stays its.
pub(crate) fn of_same_tenant(named: Option<i64>, tenant: i64) -> Result<(), Failure> {
    match named {
        Some(named) if named != tenant => {
            Err(Failure::invalid("tenant", "it cannot be changed; add another one"))
        }
        _ => Ok(()),
    }
}

/// What `now` says after `change`.
pub(crate) fn changed<T: Serialize + DeserializeOwned>(now: &T, change: Value) -> Result<T, Failure> {
    if !change.is_object() {
        return Err(Failure::invalid("body", "a change is an object with the fields that change"));
    }
    let mut value = serde_json::to_value(now).map_err(|error| Failure::Malformed(error.to_string()))?;
    merge(&mut value, change);
    serde_json::from_value(value).map_err(|error| Failure::invalid("body", error.to_string()))
}

/// RFC 7396. Bodies are limited in size and serde_json in depth, so that this ends.
fn merge(target: &mut Value, change: Value) {
    let Value::Object(change) = change else {
        *target = change;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    let Value::Object(target) = target else { return };
    for (name, value) in change {
        if value.is_null() {
            target.remove(&name);
        } else {
            merge(target.entry(name).or_insert(Value::Null), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_change_says_only_what_changes() {
        let mut value = json!({ "a": 1, "b": { "c": 2, "d": 3 }, "e": [1] });
        merge(&mut value, json!({ "a": null, "b": { "c": 4 }, "e": [], "f": { "g": null } }));
        assert_eq!(value, json!({ "b": { "c": 4, "d": 3 }, "e": [], "f": {} }));
    }
}
