//! Socorro's `/submit`, which Firefox and its relatives speak: answers are lines `CrashID=bp-...` and `Discarded=...`.

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::Response;

use watson_db::Dialect;

use crate::admission::admit_named;
use crate::annotations::{identity, query_pairs};
use crate::form::boundary;
use crate::keep::{Told, keep, plain};
use crate::minidump::no_dump;
use crate::payload::Payload;
use crate::receive::{content_type, receive};
use crate::uploads::{Upload, kept_headers, receive_form};
use crate::{Intake, Refusal, Sender, idempotency};

/// Characters at the end of a crash id that carry the throttle's word and the day.
const TAIL: usize = 7;

pub(crate) async fn take(intake: &Intake, request: Request<Body>) -> Result<Response, Refusal> {
    answer(intake, request).await.map_err(discarded)
}

async fn answer(intake: &Intake, request: Request<Body>) -> Result<Response, Refusal> {
    let (upload, head) = receive(intake, request, form).await?;
    let who = identity(&upload.fields, &query_pairs(head.uri.query()));
    let sender = admit_named(intake, Dialect::Socorro, Sender::of(&head.extensions), &who.product).await?;
    // Ids are ours to give; a client that brings one wants to write over somebody's report.
    if upload.field("uuid").is_some() {
        return Err(Refusal::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized_uuid",
            "the field uuid is not the client's",
        ));
    }
    let dump = upload.dump.as_ref().ok_or_else(no_dump)?;
    let facts = dump.facts();
    let key = idempotency::minidump(&dump.name, facts.crashpad_report.as_deref(), &dump.blob.sha256());
    let told = Told { who, key, facts, headers: kept_headers(&head.headers), sender };
    let kept = keep(intake, "socorro", upload, told).await?;
    if !kept.stored {
        return Ok(plain("Discarded=rule_quota\n".into()));
    }
    Ok(plain(format!("CrashID=bp-{}\n", crash_id(&kept.report, kept.event_ms.unwrap_or(0)))))
}

async fn form(intake: &Intake, headers: &HeaderMap, payload: &mut Payload) -> Result<Upload, Refusal> {
    let kind = content_type(headers)
        .ok_or_else(|| Refusal::bad("no_content_type", "the request has no Content-Type"))?;
    if !kind.trim_start().to_ascii_lowercase().starts_with("multipart/") {
        return Err(Refusal::bad("wrong_content_type", "the body is not multipart/form-data"));
    }
    let boundary =
        boundary(kind).ok_or_else(|| Refusal::bad("no_boundary", "the Content-Type has no boundary"))?;
    let upload = receive_form(intake, payload, &boundary).await?;
    if upload.fields.is_empty() {
        return Err(Refusal::bad("no_annotations", "the form has no annotations"));
    }
    Ok(upload)
}

/// The report's UUID, its last characters `0` (accepted) and the day of the event as YYMMDD, as Socorro's tools expect.
/// The same for a report that is told again.
fn crash_id(report: &str, event_ms: i64) -> String {
    let kept: String = report.chars().take(report.chars().count().saturating_sub(TAIL)).collect();
    let (year, month, day) = civil(event_ms.div_euclid(86_400_000));
    format!("{kept}0{:02}{month:02}{day:02}", year.rem_euclid(100))
}

/// Year, month, day of a count of days since 1970, in the Gregorian calendar without end.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

/// Refusals of what the client sent, in Socorro's words. Its clients send again after 5xx only.
fn discarded(refusal: Refusal) -> Refusal {
    if !refusal.status.is_client_error() || refusal.answer.is_some() {
        return refusal;
    }
    let word = match refusal.reason {
        "unauthorized_uuid" => "unauthorized_uuid".to_owned(),
        "packed_damaged" | "packed_cut" => "malformed_bad_gzip".to_owned(),
        "not_a_dump" => "malformed_invalid_dump".to_owned(),
        "form" | "form_cut" | "form_head" | "form_parts" => "malformed_invalid_payload_structure".to_owned(),
        reason => format!("malformed_{reason}"),
    };
    Refusal { answer: Some(format!("Discarded={word}\n")), ..refusal }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_id_carries_the_day() {
        let id = crash_id("0f1e2d3c-4b5a-7978-8796-a5b4c3d2e1f0", 1_700_000_000_000);
        assert_eq!(id, "0f1e2d3c-4b5a-7978-8796-a5b4c0231114");
        assert_eq!(id.len(), 36);
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        for (days, date) in [
            (0, (1970, 1, 1)),
            (-1, (1969, 12, 31)),
            (11_016, (2000, 2, 29)),
            (20_778, (2026, 11, 21)),
            (47_540, (2100, 2, 28)),
            (47_541, (2100, 3, 1)),
        ] {
            assert_eq!(civil(days), date);
        }
    }

    #[test]
    fn refusals_have_socorros_words() {
        let word = |refusal| discarded(refusal).answer;
        assert_eq!(
            word(Refusal::bad("form_cut", "")).as_deref(),
            Some("Discarded=malformed_invalid_payload_structure\n")
        );
        assert_eq!(
            word(Refusal::bad("no_boundary", "")).as_deref(),
            Some("Discarded=malformed_no_boundary\n")
        );
        assert_eq!(word(Refusal::busy()), None);
    }
}
