//! Reports by the client, which keeps them as numbers among those of `libwer.so`'s callers.

use wer_abi::Hresult;
use wer_client::report::{self, Dump, Exception, File, Information, Subject};

use crate::report::ReportInformation;

/// An open report.
#[derive(Debug)]
pub(crate) struct Report {
    handle: u64,
    process_id: u32,
}

impl Report {
    pub(crate) fn new(
        event_type: &str,
        report_type: i32,
        about: &ReportInformation<'_>,
    ) -> Result<Self, Hresult> {
        let information = Information {
            process: 0,
            consent_key: about.consent_key.to_owned(),
            friendly_event_name: about.friendly_event_name.to_owned(),
            application_name: about.application_name.to_owned(),
            application_path: about.application_path.to_owned(),
            description: about.description.to_owned(),
            namespace_partner: about.namespace_partner.to_owned(),
            namespace_group: about.namespace_group.to_owned(),
            application_identity: about.application_identity,
            submit_result_max: None,
        };
        let handle = report::open(report::Report::new(event_type, report_type, information)?)?;
        let process_id = if about.process_id == 0 { std::process::id() } else { about.process_id };
        Ok(Self { handle, process_id })
    }

    pub(crate) fn set_parameter(&self, index: u32, name: Option<&str>, value: &str) -> Result<(), Hresult> {
        report::with(self.handle, |report| report.set_parameter(index, name, value))
    }

    pub(crate) fn add_file(&self, path: &str, file_type: u32, flags: u32) -> Result<(), Hresult> {
        let file = File::checked(path, file_type, flags)?;
        report::with(self.handle, |report| report.add_file(file))
    }

    pub(crate) fn add_dump(&self, dump_type: i32, flags: u32) -> Result<(), Hresult> {
        let subject = Subject::new(self.process_id, None)?;
        let dump = Dump::new(subject, dump_type, Exception::None, &[], flags)?;
        report::with(self.handle, |report| report.add_dump(dump))
    }

    pub(crate) fn set_ui_text(&self, which: u32, text: &str) -> Result<(), Hresult> {
        report::with(self.handle, |report| report.set_ui_text(which, text))
    }

    pub(crate) fn submit(&self, consent: i32, flags: u32) -> Result<u32, Hresult> {
        // A copy: the lock of the handles is not held over a submission.
        let copy = report::with(self.handle, |report| Ok(report.clone()))?;
        report::submit(&copy, self.process_id, consent.cast_unsigned(), flags)
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        // Gone already in a child that was forked while another thread was at work on reports.
        let _ = report::close(self.handle);
    }
}
