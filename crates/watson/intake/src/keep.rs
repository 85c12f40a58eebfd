//! An upload that has come whole becomes a hit and a report, by one call of the store.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use watson_db::{Collect, Crash, Dialect, DumpUpload, IdempotencyKey, QuotaOutcome, UploadedFile, time};

use crate::admission::{Place, product_name, takes_data};
use crate::annotations::{Identity, Pairs};
use crate::dump::DumpFacts;
use crate::minidump::no_dump;
use crate::privacy::Cleaner;
use crate::quota::lease_network;
use crate::uploads::Upload;
use crate::{Intake, Refusal, Sender};

/// What the dialect found out about an upload.
pub(crate) struct Told {
    pub(crate) who: Identity,
    pub(crate) key: IdempotencyKey,
    pub(crate) facts: DumpFacts,
    pub(crate) headers: Pairs,
    pub(crate) sender: Sender,
}

/// What became of it.
pub(crate) struct Kept {
    /// The report's UUID; the same when the same crash is told again.
    pub(crate) report: String,
    /// When it happened, as far as it says.
    pub(crate) event_ms: Option<i64>,
    /// False where no more dumps of its label are wanted: it was counted only.
    pub(crate) stored: bool,
}

/// Keeps the upload. On disk and committed on return.
pub(crate) async fn keep(
    intake: &Intake,
    dialect: &'static str,
    upload: Upload,
    told: Told,
) -> Result<Kept, Refusal> {
    let Upload { fields, dump, attachments, received_ms } = upload;
    let now_ms = received_ms.unwrap_or_else(time::now_ms);
    let Told { mut who, key, facts, headers, sender } = told;
    let dialect_of = Dialect::of_name(dialect).unwrap_or(Dialect::Minidump);
    let place = takes_data(intake, dialect_of, sender, &who.product).await?;
    let mut signature = facts.signature(&who.product, &who.version);
    // Rules are the key's product's, whatever the client calls itself.
    who.product = product_name(intake, sender, who.product).await?;
    let rules = intake.privacy_of(sender.tenant, &who.product).await?;
    let cleaner = learned(Cleaner::new(rules, intake.store.names(), sender.tenant), &who, &fields, &headers);
    // A retry brings the same dump, so its time is the same too.
    let event_ms = (facts.time_seconds != 0).then(|| i64::from(facts.time_seconds) * 1000);
    // The first two are product and version, by which rules are looked up.
    for parameter in signature.parameters.iter_mut().skip(2) {
        parameter.value = cleaner.name(&parameter.value);
    }
    let machine_hash =
        (!who.client.is_empty()).then(|| intake.store.names().machine(sender.tenant, &who.client));
    let crash = Crash {
        tenant: sender.tenant,
        source: Some(sender.source),
        key,
        event_ms,
        machine: cleaner.machine(&who.client),
        machine_hash,
        collect: if place.is_some() { rules.collect } else { Collect::Nothing },
        application: signature.parameters.first().map(|first| first.value.clone()).unwrap_or_default(),
        application_version: who.version.clone(),
        signature,
        network: lease_network(sender.source),
        ..Crash::default()
    };
    let dump = dump.ok_or_else(no_dump)?;
    let main = UploadedFile { name: cleaner.name(&dump.name), main: true, blob: dump.blob };
    let attachments = if rules.attachments { attachments } else { Vec::new() };
    let others = attachments.into_iter().map(|file| UploadedFile {
        name: cleaner.name(&file.name),
        main: false,
        blob: file.blob,
    });
    let files = core::iter::once(main).chain(others).collect();
    let fields =
        fields.into_iter().map(|(name, value)| (cleaner.text(&name), cleaner.pair(&name, &value))).collect();
    let headers = headers
        .into_iter()
        .filter_map(|(name, value)| cleaner.header(&name, &value).map(|value| (name, value)))
        .collect();
    let upload =
        DumpUpload { crash, product: who.product, version: who.version, annotations: fields, headers, files };
    let answer = intake.store.take_dump(upload, now_ms).await?;
    let stored = matches!(answer.quota, QuotaOutcome::Kept);
    let outcome = match (answer.repeat, stored) {
        (true, _) => "repeated",
        (false, true) => "stored",
        (false, false) => "counted",
    };
    if outcome == "stored" {
        place.into_iter().for_each(Place::kept);
    }
    intake.metrics().dump(outcome);
    tracing::info!(report.id = %answer.report, bucket.id = answer.bucket, dialect, outcome, "a dump was taken");
    if outcome == "stored" {
        intake.ring();
    }
    Ok(Kept { report: answer.report, event_ms, stored })
}

/// A cleaner that has learnt from everything that came beside the dump.
fn learned<'a>(
    mut cleaner: Cleaner<'a>,
    who: &Identity,
    fields: &[(String, String)],
    headers: &[(String, String)],
) -> Cleaner<'a> {
    cleaner.learn_machine(&who.client);
    for (name, value) in fields.iter().chain(headers) {
        cleaner.learn_pair(name, value);
    }
    cleaner
}

/// Text and nothing else, with a length: Crashpad's client for raw sockets reads no other form.
pub(crate) fn plain(text: String) -> Response {
    ([(header::CONTENT_TYPE, "text/plain")], text).into_response()
}
