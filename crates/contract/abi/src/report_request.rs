//! A report that a program submits, as it reaches `werfault --request`: `docs/formats/requests.md`. The answer is that of
//! [`store_requests`](crate::store_requests), with a `WER_SUBMIT_RESULT` of 4 bytes as its payload.

mod dump;

pub use dump::{DumpException, DumpPayload, DumpSubject};

/// First word.
pub const MAGIC: u32 = u32::from_le_bytes(*b"WERQ");
/// Second word.
pub const VERSION: u32 = 1;
/// Bytes before the first item.
pub const HEAD_BYTES: usize = 28;
/// Bytes of an item before its text.
pub const ITEM_BYTES: usize = 16;
/// Bytes of an item's text: 2,048 UTF-16 units of a text for a dialog are at most 6,144.
pub const MAX_TEXT_BYTES: usize = 6144;
/// Dumps of a report: one of each type, and the auxiliary ones.
pub const MAX_DUMPS: usize = 8;
/// Items of a request: 512 files, 11 texts for dialogs, 10 parameters of two items, 9 texts of the report, 8 dumps.
pub const MAX_ITEMS: usize = 600;
/// Bytes of a request.
pub const MAX_REQUEST_BYTES: usize = 1 << 20;

/// What a request says beside its items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportHead {
    /// `WER_REPORT_TYPE`.
    pub report_type: u32,
    /// `WER_CONSENT`.
    pub consent: u32,
    /// `WER_SUBMIT_...`.
    pub submit_flags: u32,
    /// The greatest `WER_SUBMIT_RESULT` that the caller understands; 0 = any.
    pub result_max: u32,
    /// The process that the report is about, as its caller sees it.
    pub process_id: u32,
}

/// What an item's text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Tag {
    /// Event type.
    EventType = 1,
    /// Consent key.
    ConsentKey = 2,
    /// Friendly name of the event.
    FriendlyEventName = 3,
    /// Application's name.
    ApplicationName = 4,
    /// Application's path.
    ApplicationPath = 5,
    /// Description.
    Description = 6,
    /// Partner of the namespace.
    NamespacePartner = 7,
    /// Group of the namespace.
    NamespaceGroup = 8,
    /// Name of the next parameter.
    ParameterName = 9,
    /// Value of the parameter whose name came last.
    ParameterValue = 10,
    /// Absolute path of a file; `first` is its `WER_FILE_TYPE`, `second` its `WER_FILE_...`.
    File = 11,
    /// Text of a dialog; `first` is its `WER_REPORT_UI`.
    UiText = 12,
    /// A dump: [`DumpPayload`]; `first` is its `WER_DUMP_TYPE`, `second` its `WER_DUMP_...` flags.
    Dump = 13,
    /// The report is that of a crash (`ReportFault`): numbers and data as of a mini dump without options.
    Fault = 14,
    /// Identity of the application, 32 hex digits.
    ApplicationIdentity = 15,
}

impl Tag {
    /// The tag of a number, if there is one.
    #[must_use]
    pub const fn from_number(number: u32) -> Option<Self> {
        Some(match number {
            1 => Self::EventType,
            2 => Self::ConsentKey,
            3 => Self::FriendlyEventName,
            4 => Self::ApplicationName,
            5 => Self::ApplicationPath,
            6 => Self::Description,
            7 => Self::NamespacePartner,
            8 => Self::NamespaceGroup,
            9 => Self::ParameterName,
            10 => Self::ParameterValue,
            11 => Self::File,
            12 => Self::UiText,
            13 => Self::Dump,
            14 => Self::Fault,
            15 => Self::ApplicationIdentity,
            _ => return None,
        })
    }

    const fn is_text(self) -> bool {
        !matches!(self, Self::Dump | Self::Fault)
    }
}

/// One item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item<'a> {
    /// What its text is.
    pub tag: Tag,
    /// What the tag says; else 0.
    pub first: u32,
    /// What the tag says; else 0.
    pub second: u32,
    /// UTF-8, no terminator; empty where the tag is no text.
    pub text: &'a str,
    /// Empty where the tag is a text.
    pub data: &'a [u8],
}

impl Item<'_> {
    /// The words before the text or the data.
    #[must_use]
    pub fn head(&self) -> [u8; ITEM_BYTES] {
        let bytes = self.text.len() + self.data.len();
        crate::words::words([self.tag as u32, self.first, self.second, bytes as u32])
    }
}

impl ReportHead {
    /// The bytes before the first item.
    #[must_use]
    pub fn encode(&self) -> [u8; HEAD_BYTES] {
        crate::words::words([
            MAGIC,
            VERSION,
            self.report_type,
            self.consent,
            self.submit_flags,
            self.result_max,
            self.process_id,
        ])
    }
}

/// Reads a request and calls `take` with its items in order. `None` for bytes that are none of this version, or go beyond
/// a limit: `take` may have had some items then.
pub fn decode<'a>(bytes: &'a [u8], mut take: impl FnMut(Item<'a>)) -> Option<ReportHead> {
    if bytes.len() > MAX_REQUEST_BYTES {
        return None;
    }
    let (head, mut rest) = bytes.split_at_checked(HEAD_BYTES)?;
    let [magic, version, report_type, consent, submit_flags, result_max, process_id] = numbers(head)?;
    if magic != MAGIC || version != VERSION {
        return None;
    }
    let mut count = 0;
    while !rest.is_empty() {
        let (head, behind) = rest.split_at_checked(ITEM_BYTES)?;
        let [tag, first, second, length] = numbers(head)?;
        let (payload, behind) = behind.split_at_checked(length as usize)?;
        count += 1;
        if payload.len() > MAX_TEXT_BYTES || count > MAX_ITEMS {
            return None;
        }
        let tag = Tag::from_number(tag)?;
        let (text, data): (_, &[u8]) =
            if tag.is_text() { (core::str::from_utf8(payload).ok()?, &[]) } else { ("", payload) };
        take(Item { tag, first, second, text, data });
        rest = behind;
    }
    Some(ReportHead { report_type, consent, submit_flags, result_max, process_id })
}

fn numbers<const WORDS: usize>(bytes: &[u8]) -> Option<[u32; WORDS]> {
    let words: &[[u8; 4]; WORDS] = bytes.as_chunks::<4>().0.try_into().ok()?;
    Some(words.map(u32::from_le_bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_come_back_and_what_is_cut_or_unknown_is_refused() {
        let head = ReportHead { report_type: 1, consent: 2, submit_flags: 3, result_max: 4, process_id: 5 };
        let item = Item { tag: Tag::File, first: 5, second: 2, text: "/é", data: &[] };
        let bytes = [&head.encode()[..], &item.head(), item.text.as_bytes()].concat();
        let mut items = 0;
        let read = decode(&bytes, |read| {
            assert_eq!(read, item);
            items += 1;
        });
        assert_eq!((read, items), (Some(head), 1));
        assert_eq!(decode(&bytes[..HEAD_BYTES], |_| {}), Some(head));
        for end in (0..HEAD_BYTES).chain(HEAD_BYTES + 1..bytes.len()) {
            assert_eq!(decode(&bytes[..end], |_| {}), None, "{end} bytes");
        }
        for (place, value) in [(0, 0), (4, 2), (HEAD_BYTES, 0), (HEAD_BYTES, 16), (bytes.len() - 1, 0xFF)] {
            let mut other = bytes.clone();
            other[place] = value;
            assert_eq!(decode(&other, |_| {}), None, "byte {place}");
        }
    }

    #[test]
    fn too_many_items_are_refused() {
        let head = ReportHead { report_type: 0, consent: 0, submit_flags: 0, result_max: 0, process_id: 0 };
        let item = Item { tag: Tag::UiText, first: 1, second: 0, text: "", data: &[] };
        let of = |count| [&head.encode()[..], &item.head().repeat(count)].concat();
        assert_eq!(decode(&of(MAX_ITEMS), |_| {}), Some(head));
        assert_eq!(decode(&of(MAX_ITEMS + 1), |_| {}), None);
    }
}
