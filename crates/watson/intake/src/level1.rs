//! MS-CER2 level 1: a report's parameters become a hit; the answer says bucket, and whether a cab is wanted.

pub(crate) mod dump_server;
mod version;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Request, header};
use axum::response::{IntoResponse, Response};
use watson_db::{Collect, Crash, Dialect, HitAnswer, IdempotencyKey, PrivacyRules, Pseudonyms, time};
use wer_model::{Parameter, Signature};
use wer_wire::limits::MAX_REQUEST_BYTES;
use wer_wire::pieces::REPORT_HEADER;
use wer_wire::{Level1Request, Level1Response};

use self::version::application_version;
use crate::admission::{Place, product_name, takes_data};
use crate::body::{BoundedBody, drain, within};
use crate::limits::MAX_LEVEL1_MS;
use crate::privacy::Cleaner;
use crate::quota::lease_network;
use crate::{Intake, Refusal, Sender, idempotency};

/// `wer_wire::pieces::PIECES_HEADER`, in the letters that the library wants.
const PIECES: HeaderName = HeaderName::from_static("wer-pieces");

/// `BucketTable`: this server has one.
const BUCKET_TABLE: u64 = 1;

pub(crate) async fn take(intake: &Intake, request: Request<Body>) -> Result<Response, Refusal> {
    let (head, body) = request.into_parts();
    let sender = Sender::of(&head.extensions);
    let dump_server = intake.dump_server.value(&head.headers);
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
    let told = Level1Request::parse(&bytes)?;
    let program = told.application.as_ref().map_or("", |application| &application.name).to_owned();
    let product = product_name(intake, sender, program.clone()).await?;
    let rules = intake.privacy_of(sender.tenant, &product).await?;
    let mut crash = private(told, bytes, rules, intake.store.names(), sender.tenant);
    crash.network = lease_network(sender.source);
    if sender.product.is_some() {
        crash.product = product;
    }
    let place = takes_data(intake, Dialect::Level1, sender, &program).await?;
    if place.is_none() {
        crash.collect = Collect::Nothing;
    }
    // Our own client names its reports, and takes them in pieces.
    let own = head.headers.get(REPORT_HEADER).and_then(|value| value.to_str().ok());
    let own = own.and_then(idempotency::own_report);
    let is_own = own.is_some();
    if let Some(key) = own {
        crash.key = key;
    }
    crash.source = Some(sender.source);
    let answer = intake.store.record_crash(&crash, time::now_ms()).await?;
    intake.metrics().level1(if answer.counted { "counted" } else { "repeated" });
    // A cab that is asked for takes a place; a crash that is only counted, or told again, does not.
    if answer.counted && answer.wish.is_some() {
        place.into_iter().for_each(Place::kept);
    }
    let mut reply =
        ([(header::CONTENT_TYPE, "text/plain")], response(&answer, is_own, dump_server).to_bytes())
            .into_response();
    let pieces = answer.wish.as_ref().filter(|_| is_own);
    if let Some(path) = pieces.and_then(|wish| HeaderValue::try_from(format!("/pieces/{}", wish.token)).ok())
    {
        reply.headers_mut().insert(PIECES, path);
    }
    Ok(reply)
}

/// `is_own`: our own client asks.
fn response(answer: &HitAnswer, is_own: bool, dump_server: Option<String>) -> Level1Response {
    let wants = answer.wish.as_ref().map(|wish| wish.wants.clone()).unwrap_or_default();
    let solution = answer.solution.as_ref();
    let told = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Level1Response {
        response: solution.and_then(|solution| told(&solution.url)),
        // No other client knows these keys, and none is asked to carry a text that it cannot show.
        solution_text: solution.filter(|_| is_own).and_then(|solution| told(&solution.text)),
        solution_fixed_in: solution.filter(|_| is_own).and_then(|solution| solution.fixed_in.clone()),
        bucket: u64::try_from(answer.bucket).ok(),
        bucket_table: Some(BUCKET_TABLE),
        wants_cab: answer.wish.is_some(),
        wants_memory_dump: answer.wish.as_ref().is_some_and(|wish| wish.memory_dump),
        get_files: wants.files,
        get_file_versions: wants.file_versions,
        registry_keys: wants.keys,
        queries: wants.queries,
        // Only where a cab is asked for: nobody needs it otherwise.
        dump_server: dump_server.filter(|_| answer.wish.is_some()),
        dump_file: answer.wish.as_ref().map(|wish| format!("/cabs/{}.cab", wish.token)),
        ..Level1Response::default()
    }
}

/// The crash as it may be stored: named as it was told, so that a repeat is known, and otherwise without what the rules
/// keep out.
fn private(
    told: Level1Request,
    body: Vec<u8>,
    rules: PrivacyRules,
    names: &Pseudonyms,
    tenant: i64,
) -> Crash {
    let body = if rules.raw { body } else { Vec::new() };
    let kept = if rules.keeps_all_text() {
        crash(told, body)
    } else {
        let clean = Cleaner::new(rules, names, tenant).level1(&told);
        let body = if rules.raw { clean.to_xml_utf16() } else { Vec::new() };
        let Crash { key, machine, .. } = crash(told, Vec::new());
        let machine_hash = (!machine.is_empty()).then(|| names.machine(tenant, &machine));
        Crash { key, machine_hash, ..crash(clean, body) }
    };
    Crash { tenant, collect: rules.collect, ..kept }
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
    let key = IdempotencyKey::level1(
        &request.machine_name,
        request.event_time_filetime,
        &request.event_type,
        parameters.iter().chain(&secondary_parameters),
    );
    let version = application_version(&request.event_type, &parameters);
    Crash {
        key,
        event_ms: Some(time::filetime_to_ms(request.event_time_filetime)),
        signature: Signature { event_type: request.event_type, parameters },
        machine: request.machine_name,
        os: request.os,
        application: application.name,
        application_version: version,
        application_path: application.path,
        body: body.into(),
        ..Crash::default()
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
        let other = Level1Request {
            event_type: "BlueScreen".into(),
            secondary_parameters: (0..11).map(|n| (format!("n{n}"), n.to_string())).collect(),
            ..Level1Request::default()
        };
        assert_ne!(crash.key, super::crash(other, vec![]).key, "the rest tells crashes apart");
    }
}
