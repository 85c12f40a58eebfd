//! `[cer2]`: what clients of MS-CER2 are told.

use serde::{Deserialize, Serialize};
use watson_intake::DumpServer;

use crate::settings::{BadValue, Section};

/// What clients of MS-CER2 are told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cer2Settings {
    /// `DumpServer` in answers that ask for a cab: `off`, `host` (the name by which the client came) or a host's name.
    pub dump_server: String,
}

impl Default for Cer2Settings {
    fn default() -> Self {
        Self { dump_server: "off".into() }
    }
}

impl Cer2Settings {
    /// For the intake.
    #[must_use]
    pub fn dump_server(&self) -> DumpServer {
        DumpServer::parse(&self.dump_server).unwrap_or_default()
    }
}

impl Section for Cer2Settings {
    fn check(&self) -> Result<(), BadValue> {
        match DumpServer::parse(&self.dump_server) {
            Some(_) => Ok(()),
            None => Err(BadValue::new(
                "dump_server",
                format!("must be off, host, or a host with or without a port, and is {:?}", self.dump_server),
            )),
        }
    }
}
