//! Who sends a request, as far as the server knows: the joiner finds it out from the connection and puts it into the
//! request's extensions. The dialects believe this and never the body.

use std::net::{IpAddr, Ipv4Addr};

use axum::http::Extensions;
use watson_db::DEFAULT_TENANT;

/// The sender of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sender {
    /// Whose machines these are: a row of `tenant`.
    pub tenant: i64,
    /// The product that the sender's key is for: a row of `product`; `None` = no key was given, and none was needed.
    pub product: Option<i64>,
    /// The machine's address: the connection's, or what a proxy that is believed says.
    pub source: IpAddr,
    /// It came by HTTPS, so the URLs that it is given begin so.
    pub https: bool,
    /// It must show a product's key, unless a product says otherwise.
    pub needs_key: bool,
    /// The same for MS-CER2, whose Windows clients can carry none.
    pub needs_key_for_level1: bool,
}

impl Default for Sender {
    fn default() -> Self {
        Self {
            tenant: DEFAULT_TENANT,
            product: None,
            source: IpAddr::V4(Ipv4Addr::LOCALHOST),
            https: false,
            needs_key: false,
            needs_key_for_level1: false,
        }
    }
}

impl Sender {
    /// The sender of a request; the default one where nobody has said.
    #[must_use]
    pub fn of(extensions: &Extensions) -> Self {
        extensions.get::<Self>().copied().unwrap_or_default()
    }
}
