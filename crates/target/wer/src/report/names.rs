//! The choices of a report, by the numbers of `werapi.h`.

/// `WER_REPORT_TYPE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum ReportType {
    /// The program goes on.
    NonCritical = 0,
    /// It cannot go on.
    Critical = 1,
    /// It crashed.
    ApplicationCrash = 2,
    /// It hangs.
    ApplicationHang = 3,
}

/// `WER_CONSENT`: what a person, or the program for that person, says to sending the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Consent {
    /// Nobody was asked: the settings decide.
    NotAsked = 1,
    /// Send it.
    Approved = 2,
    /// Do not send it.
    Denied = 3,
    /// Ask, even where the settings would let it go.
    AlwaysPrompt = 4,
}

/// `WER_FILE_TYPE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum FileKind {
    /// A dump of one thread.
    Microdump = 1,
    /// A dump of stacks.
    Minidump = 2,
    /// A dump with memory.
    Heapdump = 3,
    /// The user's own document: leaves only if the server asks for documents.
    UserDocument = 4,
    /// Anything else.
    Other = 5,
    /// A triage dump.
    Triagedump = 6,
    /// A dump of the program's own kind.
    CustomDump = 7,
}

/// `WER_DUMP_TYPE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum ReportDump {
    /// The stack of the calling thread.
    Micro = 1,
    /// The stacks of all threads.
    Mini = 2,
    /// And private memory.
    Heap = 3,
    /// What stack traces need, and nothing of the user's.
    Triage = 4,
}

/// `WER_REPORT_UI`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum DialogText {
    /// Heading of the dialog that asks for more data.
    AdditionalDataHeader = 1,
    /// Path of the icon.
    IconFilePath = 2,
    /// Heading of the dialog that asks for consent.
    ConsentHeader = 3,
    /// Its text.
    ConsentBody = 4,
    /// While a solution is looked for.
    OnlineSolutionCheck = 5,
    /// The same without a network.
    OfflineSolutionCheck = 6,
    /// Of the button that closes.
    Close = 7,
    /// Heading of the last dialog.
    CloseHeader = 8,
    /// Its text.
    CloseBody = 9,
    /// Its button.
    CloseButton = 10,
}

/// `WER_SUBMIT_RESULT`: what became of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum SubmitResult {
    /// It waits in the queue.
    Queued = 1,
    /// Its parameters were sent.
    Uploaded = 2,
    /// The person chose to debug.
    Debug = 3,
    /// It failed.
    Failed = 4,
    /// Reporting is disabled, or the program is excluded.
    Disabled = 5,
    /// Consent was denied or lacks.
    Cancelled = 6,
    /// It could not be sent, and the queue is disabled.
    QueueDisabled = 7,
    /// It is sent while the program goes on.
    Async = 8,
    /// An action of the program's own.
    CustomAction = 9,
    /// One of its kind was sent before.
    Throttled = 10,
    /// Parameters and a cab were sent.
    UploadedCab = 11,
    /// There is no store.
    NoStore = 12,
}

impl SubmitResult {
    pub(crate) const fn from_number(number: u32) -> Option<Self> {
        Some(match number {
            1 => Self::Queued,
            2 => Self::Uploaded,
            3 => Self::Debug,
            4 => Self::Failed,
            5 => Self::Disabled,
            6 => Self::Cancelled,
            7 => Self::QueueDisabled,
            8 => Self::Async,
            9 => Self::CustomAction,
            10 => Self::Throttled,
            11 => Self::UploadedCab,
            12 => Self::NoStore,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_result_has_its_number() {
        for number in 1..=12 {
            assert_eq!(SubmitResult::from_number(number).map(|result| result as u32), Some(number));
        }
        assert_eq!((SubmitResult::from_number(0), SubmitResult::from_number(13)), (None, None));
    }
}
