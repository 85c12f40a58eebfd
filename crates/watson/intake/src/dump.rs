//! What the door reads in an uploaded minidump: a few numbers and names at places that the dump's own head gives, each
//! checked against a limit. Enough to file the crash under a label and to know it again. Everything else is the work of
//! a confined child. A dump that says nothing is taken all the same.

mod read;

use wer_model::{Parameter, Signature};

pub use read::dump_facts;

/// How a minidump begins; the second is a form that Sentry's clients send.
pub const MAGICS: [&[u8; 4]; 2] = [b"MDMP", b"PMDM"];

/// Facts of a dump; each may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DumpFacts {
    /// Seconds since 1970 at which it was written, by the machine's clock.
    pub time_seconds: u32,
    /// The exception's code: NTSTATUS on Windows, the signal elsewhere.
    pub exception_code: Option<u32>,
    /// Bytes from the faulting module's begin, or the address itself where no module holds it.
    pub exception_offset: Option<u64>,
    /// The program: the first module.
    pub program: Option<ModuleFacts>,
    /// The module with the exception's address.
    pub fault_module: Option<ModuleFacts>,
    /// Crashpad's id of the report, as text in lower case.
    pub crashpad_report: Option<String>,
    /// Crashpad's simple annotations.
    pub annotations: Vec<(String, String)>,
}

/// A module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModuleFacts {
    /// Its name, without folders.
    pub name: String,
    /// `a.b.c.d` of its version resource; elsewhere the first 16 digits of its build id; else empty.
    pub version: String,
    /// `TimeDateStamp`, zero where there is none.
    pub stamp: u32,
}

impl DumpFacts {
    /// What the crash is filed under: `APPCRASH` with the parameters that Windows gives it. Names that the upload itself
    /// carries go before those of the dump. Pure.
    #[must_use]
    pub fn signature(&self, product: &str, version: &str) -> Signature {
        let unknown = ModuleFacts::default();
        let program = self.program.as_ref().unwrap_or(&unknown);
        let fault = self.fault_module.as_ref().unwrap_or(&unknown);
        let or = |given: &str, own: &str| if given.is_empty() { own.to_owned() } else { given.to_owned() };
        let values = [
            ("Application Name", or(product, &program.name)),
            ("Application Version", or(version, &program.version)),
            ("Application Timestamp", format!("{:08x}", program.stamp)),
            ("Fault Module Name", fault.name.clone()),
            ("Fault Module Version", fault.version.clone()),
            ("Fault Module Timestamp", format!("{:08x}", fault.stamp)),
            ("Exception Code", self.exception_code.map(|code| format!("{code:08x}")).unwrap_or_default()),
            // Without a module it is an address, which differs from one run to the next.
            (
                "Exception Offset",
                self.fault_module
                    .as_ref()
                    .and(self.exception_offset)
                    .map(|offset| format!("{offset:016x}"))
                    .unwrap_or_default(),
            ),
        ];
        let parameters = values.into_iter().map(|(name, value)| Parameter::new(name, value)).collect();
        Signature { event_type: "APPCRASH".into(), parameters }
    }
}

#[cfg(test)]
mod tests;
