//! The application's runtime exception module. It is loaded in another process after a crash, reads the application's
//! payload, claims the crash, and names it: "My crash report", with Version and Status as its signature.

use crash_report_sample::Payload;
use wer::module::{Claim, ExceptionInfo, RuntimeExceptionModule, debug_output};

/// Keeps the payload between the calls.
#[derive(Default)]
struct CrashReportSample {
    payload: Option<Payload>,
}

#[wer::exception_module]
impl RuntimeExceptionModule for CrashReportSample {
    fn event(&mut self, exception: &ExceptionInfo<'_>) -> Claim {
        match exception.read(exception.context()) {
            Ok(payload) => {
                self.payload = Some(payload);
                Claim::named("My crash report", 2)
            }
            Err(error) => {
                debug_output(&format!("crash-report-sample: {error}"));
                Claim::Declined
            }
        }
    }

    fn signature(&mut self, _exception: &ExceptionInfo<'_>, index: u32) -> Option<(String, String)> {
        let payload = self.payload.as_ref()?;
        match index {
            0 => Some(("Version".to_owned(), payload.version.to_string())),
            1 => Some(("Status".to_owned(), payload.status_text())),
            _ => None,
        }
    }
}
