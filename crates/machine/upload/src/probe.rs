//! Whether what is at an address is a server that would take our reports: asked when a machine is enrolled, never before a
//! report is sent.

use crate::http::{Answer, Client, HttpError};
use crate::printable::printable;
use crate::{Server, Timeouts};

/// Bytes of an answer that are read.
const MAX_ANSWER_BYTES: usize = 4 * 1024;

/// Why a server is no server for us.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProbeError {
    /// The host is none.
    #[error("\"{0}\" is no host name")]
    NoHost(String),
    /// Nobody answered, or not in the way of HTTP.
    #[error("it cannot be reached ({0})")]
    Unreachable(String),
    /// Something else answered.
    #[error("what answers there is no error reporting server (status {0})")]
    NoServer(u16),
    /// It does not take the key.
    #[error("it does not take the key: {0}")]
    Key(String),
}

/// Asks the server whether it is well and, where there is one, whether it takes the key. What the key is for, as the
/// server calls it.
///
/// # Errors
/// See [`ProbeError`].
pub fn probe(server: &Server, timeouts: Timeouts) -> Result<Option<String>, ProbeError> {
    let client = Client::new(server, timeouts).ok_or_else(|| ProbeError::NoHost(printable(&server.host)))?;
    let get = |path: &str| -> Result<Answer, ProbeError> {
        client.get(path, MAX_ANSWER_BYTES).map_err(|error| match error {
            HttpError::Exchange(reason) => ProbeError::Unreachable(reason),
            HttpError::TooLarge(_) => ProbeError::NoServer(200),
        })
    };
    let health = get("/healthz")?;
    if health.status != 200 {
        return Err(ProbeError::NoServer(health.status));
    }
    if server.key.is_none() {
        return Ok(None);
    }
    let answer = get("/key")?;
    let text = printable(String::from_utf8_lossy(&answer.body).lines().next().unwrap_or_default());
    match answer.status {
        200 => Ok(Some(text)),
        401 | 403 => Err(ProbeError::Key(text)),
        status => Err(ProbeError::NoServer(status)),
    }
}
