//! What tells one crash from another, whatever dialect it came in (`docs/formats/idempotency.md`). Pure.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};
use wer_model::Parameter;

use crate::DbError;
use crate::pseudonym::Pseudonyms;
use crate::time::day_of;

/// Where an idempotency key comes from. Keys of two kinds never meet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyKind {
    /// Our own report's GUID.
    Report,
    /// MS-CER2 level 1: a hash of machine, event type, event time and all parameters.
    #[default]
    Level1,
    /// Crashpad's report uuid.
    Crashpad,
    /// Sentry's event id.
    Sentry,
    /// The dump's own hash.
    Dump,
}

/// Names one crash for ever: a report with a key that is known is a repeat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// Where `id` comes from.
    pub kind: KeyKind,
    /// An id, or the first bytes of a hash.
    pub id: [u8; 16],
}

impl IdempotencyKey {
    /// A key.
    #[must_use]
    pub const fn new(kind: KeyKind, id: [u8; 16]) -> Self {
        Self { kind, id }
    }

    /// The key that begins a hash; a shorter one is filled with zeros.
    #[must_use]
    pub fn of_hash(kind: KeyKind, hash: &[u8]) -> Self {
        let mut id = [0_u8; 16];
        id.iter_mut().zip(hash).for_each(|(slot, byte)| *slot = *byte);
        Self { kind, id }
    }

    /// The key of an MS-CER2 level 1 report: machine, event type, event time (FILETIME) and all parameters, names and
    /// values, in order, each with its length before it.
    #[must_use]
    pub fn level1<'a>(
        machine: &str,
        event_time_filetime: u64,
        event_type: &str,
        parameters: impl IntoIterator<Item = &'a Parameter>,
    ) -> Self {
        let mut hash = Sha256::new();
        let mut add = |text: &str| {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text.as_bytes());
        };
        add(machine);
        add(event_type);
        for parameter in parameters {
            add(&parameter.name);
            add(&parameter.value);
        }
        hash.update(event_time_filetime.to_be_bytes());
        Self::of_hash(KeyKind::Level1, &hash.finalize())
    }
}

impl KeyKind {
    /// The number in the rows; it never changes.
    #[must_use]
    pub const fn number(self) -> i64 {
        match self {
            Self::Report => 1,
            Self::Level1 => 2,
            Self::Crashpad => 3,
            Self::Sentry => 4,
            Self::Dump => 5,
        }
    }
}

/// The day of crashes whose report names no time. No believable time has it.
pub(crate) const UNDATED_DAY: i64 = i32::MIN as i64;

/// The key of the rows: keys of one time lie together, so that new rows go to the end of their table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RowKey {
    /// Day of the event time.
    pub(crate) event_day: i64,
    /// Event time, big-endian, and eight bytes of a hash; all hash without a time.
    pub(crate) key16: [u8; 16],
}

impl RowKey {
    pub(crate) fn new(names: &Pseudonyms, tenant: i64, key: IdempotencyKey, event_ms: Option<i64>) -> Self {
        // Keyed: a level 1 key is made of a machine's name, which could be tried otherwise.
        let parts = [&tenant.to_be_bytes()[..], &key.kind.number().to_be_bytes(), &key.id];
        let hash = names.hash("crash", &parts);
        let IdempotencyKey { id: mut key16, .. } = IdempotencyKey::of_hash(key.kind, &hash);
        if let Some(ms) = event_ms {
            // With the sign bit turned, bytes sort as times do.
            let time = (ms ^ i64::MIN).to_be_bytes();
            let (front, back) = key16.split_at_mut(8);
            back.copy_from_slice(front);
            front.copy_from_slice(&time);
        }
        Self { event_day: event_ms.map_or(UNDATED_DAY, day_of), key16 }
    }

    /// As the rows have it.
    pub(crate) fn of_columns(event_day: i64, key16: Vec<u8>) -> Result<Self, DbError> {
        let key16 = key16.try_into().map_err(|_| DbError::Row("key"))?;
        Ok(Self { event_day, key16 })
    }

    /// Their days, each once, and their keys, for one statement that looks for all of them. A key tells its day, or is
    /// a hash: days and keys of two rows do not mix.
    pub(crate) fn lists(rows: &[Self]) -> (Vec<i64>, Vec<Vec<u8>>) {
        let days: BTreeSet<i64> = rows.iter().map(|row| row.event_day).collect();
        (days.into_iter().collect(), rows.iter().map(|row| row.key16.to_vec()).collect())
    }

    /// The id that the crash's report has, if it gets one: the same for every repeat, and in the order of event times.
    pub(crate) fn report_id(&self) -> String {
        let hash = Sha256::digest([self.event_day.to_be_bytes().as_slice(), &self.key16].concat());
        let mut bytes = IdempotencyKey::of_hash(KeyKind::Report, &hash).id;
        // RFC 9562 version 7 begins with 48 bits of milliseconds since 1970.
        let time = self.key16.first_chunk().map_or(0, |time| u64::from_be_bytes(*time) ^ (1 << 63));
        let time = if self.event_day == UNDATED_DAY { 0 } else { time };
        bytes.iter_mut().zip(&time.to_be_bytes()[2..]).for_each(|(slot, byte)| *slot = *byte);
        uuid::Builder::from_bytes(bytes)
            .with_version(uuid::Version::SortRand)
            .with_variant(uuid::Variant::RFC4122)
            .into_uuid()
            .to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(tenant: i64, kind: KeyKind, first: u8, event_ms: Option<i64>) -> RowKey {
        let mut id = [0; 16];
        id[0] = first;
        RowKey::new(&Pseudonyms::new(b"k").unwrap(), tenant, IdempotencyKey::new(kind, id), event_ms)
    }

    #[test]
    fn tenant_kind_id_and_time_tell_crashes_apart() {
        let base = row(1, KeyKind::Sentry, 1, Some(5));
        assert_eq!(base, row(1, KeyKind::Sentry, 1, Some(5)));
        let others = [
            row(2, KeyKind::Sentry, 1, Some(5)),
            row(1, KeyKind::Dump, 1, Some(5)),
            row(1, KeyKind::Sentry, 2, Some(5)),
            row(1, KeyKind::Sentry, 1, Some(6)),
            row(1, KeyKind::Sentry, 1, None),
        ];
        for other in others {
            assert_ne!(base, other);
            assert_ne!(base.report_id(), other.report_id());
        }
    }

    #[test]
    fn keys_sort_as_their_times_do() {
        let keys = [i64::MIN, -11_644_473_600_000, -1, 0, 1, 1_790_000_000_000, i64::MAX]
            .map(|ms| row(1, KeyKind::Report, 7, Some(ms)));
        assert!(keys.is_sorted(), "{keys:?}");
    }

    #[test]
    fn report_ids_are_uuids_that_begin_with_the_time() {
        let id = row(1, KeyKind::Report, 7, Some(0x0123_4567_89ab)).report_id();
        assert!(id.starts_with("01234567-89ab-7"), "{id}");
    }

    #[test]
    fn level1_keys_are_written_down_once_and_for_all() {
        let parameters = [Parameter::new("Application Name", "a.exe"), Parameter::new("n", "")];
        let key = IdempotencyKey::level1("m", 128_496_925_196_486_378, "APPCRASH", &parameters);
        assert_eq!(u128::from_be_bytes(key.id), LEVEL1_EXAMPLE, "{:x}", u128::from_be_bytes(key.id));
        let swapped = [parameters[1].clone(), parameters[0].clone()];
        assert_ne!(key, IdempotencyKey::level1("m", 128_496_925_196_486_378, "APPCRASH", &swapped));
    }

    const LEVEL1_EXAMPLE: u128 = 0x98d9_3424_b041_6346_c403_8542_4f06_41f4;
}
