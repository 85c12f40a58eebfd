//! MS-CER2 level 1: a report's parameters become a hit; the answer says bucket, and whether a cab is wanted.

use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use watson_db::{Crash, HitAnswer, time};
use wer_model::{Parameter, Signature};
use wer_wire::limits::MAX_REQUEST_BYTES;
use wer_wire::{Level1Request, Level1Response};

use crate::body::{BoundedBody, drain, within};
use crate::limits::MAX_LEVEL1_MS;
use crate::{Intake, Refusal};

/// `BucketTable`: this server has one.
const BUCKET_TABLE: u64 = 1;

pub(crate) async fn take(intake: &Intake, body: Body) -> Result<Response, Refusal> {
    let _turn = intake.level1_turn().await?;
    let bytes = match BoundedBody::new(body, MAX_REQUEST_BYTES as u64) {
        Ok(mut body) => match within(MAX_LEVEL1_MS, body.whole()).await {
            Ok(bytes) => bytes,
            Err(refusal) => {
                body.abandon().await;
                return Err(refusal);
            }
        },
        Err((refusal, body)) => {
            drain(body).await;
            return Err(refusal);
        }
    };
    let crash = crash(Level1Request::parse(&bytes)?, bytes);
    let answer = intake.store.record_crash(&crash, time::now_ms()).await?;
    intake.metrics().level1(if answer.counted { "counted" } else { "repeated" });
    Ok(([(header::CONTENT_TYPE, "text/plain")], response(&answer).to_bytes()).into_response())
}

fn response(answer: &HitAnswer) -> Level1Response {
    Level1Response {
        bucket: u64::try_from(answer.bucket).ok(),
        bucket_table: Some(BUCKET_TABLE),
        wants_cab: answer.wish.is_some(),
        wants_memory_dump: answer.wish.as_ref().is_some_and(|wish| wish.memory_dump),
        dump_file: answer.wish.as_ref().map(|wish| format!("/cabs/{}.cab", wish.token)),
        ..Level1Response::default()
    }
}

/// The crash that a request tells of. Values sit at their ids: gaps are empty values. An event without parameters
/// (blue screens) is filed under its secondary ones.
fn crash(request: Level1Request, body: Vec<u8>) -> Crash {
    let pairs = |pairs: Vec<(String, String)>| -> Vec<Parameter> {
        pairs.into_iter().map(|(name, value)| Parameter { name, value }).collect()
    };
    let mut parameters = in_place(request.parameters);
    let mut secondary_parameters = pairs(request.secondary_parameters);
    if parameters.is_empty() {
        let rest = secondary_parameters.split_off(secondary_parameters.len().min(MAX_SIGNATURE));
        parameters = core::mem::replace(&mut secondary_parameters, rest);
    }
    let application = request.application.unwrap_or_default();
    Crash {
        signature: Signature { event_type: request.event_type, parameters },
        secondary_parameters,
        machine: request.machine_name,
        os: request.os,
        application: application.name,
        application_path: application.path,
        event_time_filetime: request.event_time_filetime,
        body,
    }
}

/// Parameters of a signature.
const MAX_SIGNATURE: usize = wer_wire::limits::MAX_PARAMETERS;

fn in_place(parameters: Vec<(u32, String, String)>) -> Vec<Parameter> {
    let mut placed: Vec<Parameter> = Vec::new();
    for (id, name, value) in parameters {
        while placed.len() < (id as usize).min(MAX_SIGNATURE) {
            placed.push(Parameter::new(format!("P{}", placed.len() + 1), ""));
        }
        let name = if name.is_empty() { format!("P{}", id + 1) } else { name };
        placed.push(Parameter { name, value });
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_sit_at_their_ids() {
        let placed = in_place(vec![(1, "Version".into(), "1".into()), (3, String::new(), "x".into())]);
        let expected = [("P1", ""), ("Version", "1"), ("P3", ""), ("P4", "x")];
        assert_eq!(placed, expected.map(|(name, value)| Parameter::new(name, value)));
    }

    #[test]
    fn blue_screens_are_filed_under_their_secondary_parameters() {
        let request = Level1Request {
            event_type: "BlueScreen".into(),
            secondary_parameters: (0..12).map(|n| (format!("n{n}"), n.to_string())).collect(),
            ..Level1Request::default()
        };
        let crash = crash(request, vec![]);
        assert_eq!(crash.signature.parameters.len(), 10);
        assert_eq!(crash.secondary_parameters.len(), 2);
    }
}
