//! What stands between a request and whoever answers it: where it comes from, and who looks.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderMap, Method, Uri};
use watson_api::Granted;
use watson_db::{DbError, Store};

use crate::access::{Access, Verdict};
use crate::accounts::login::Logins;
use crate::accounts::{self, Shown};
use crate::peer::Peer;
use crate::trust::{Arrival, NotOurs, Trust};

/// The rules and the doors of one server.
#[derive(Clone, Debug)]
pub struct Gate {
    trust: Arc<Trust>,
    /// Who signs in.
    pub(crate) logins: Arc<Logins>,
    store: Arc<Store>,
    access: Access,
}

/// What is asked of a request: a request itself cannot be shared between threads.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// `GET` and its like.
    pub method: &'a Method,
    /// The target.
    pub uri: &'a Uri,
    /// Its headers.
    pub headers: &'a HeaderMap,
}

/// Who looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Looker {
    /// Somebody who may.
    Granted(Granted),
    /// The link's token was right: set this cookie and go there.
    Enter {
        /// `Set-Cookie`.
        cookie: String,
        /// Path and query without the token.
        location: String,
    },
    /// A request that another site may have made a browser send.
    OtherSite,
    /// Nobody known.
    Nobody,
}

impl Gate {
    /// The gate of a server.
    #[must_use]
    pub fn new(trust: Trust, store: Arc<Store>, access: Access) -> Self {
        let logins = Arc::new(Logins::new(Arc::clone(&store), access.address.port()));
        Self { trust: Arc::new(trust), logins, store, access }
    }

    /// Where a request comes from.
    ///
    /// # Errors
    /// It names a host that this server is not.
    pub fn arrival(&self, request: &Request) -> Result<Arrival, NotOurs> {
        let own = Peer { address: self.access.address, local: self.access.address, tls: false };
        let peer = request.extensions().get::<Peer>().copied().unwrap_or(own);
        self.trust.arrival(peer, request.uri(), request.headers())
    }

    /// The rules.
    #[must_use]
    pub fn trust(&self) -> &Trust {
        &self.trust
    }

    /// Who looks. The link's token counts for this machine only: from elsewhere it takes an account or an API token.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn looker(&self, arrival: &Arrival, head: &Head<'_>) -> Result<Looker, DbError> {
        let cookie = self.logins.cookie(arrival);
        let Head { method, uri, headers } = *head;
        match accounts::who(&self.store, method, headers, arrival, &cookie).await? {
            Shown::Known(granted) => return Ok(Looker::Granted(granted)),
            Shown::OtherSite => return Ok(Looker::OtherSite),
            Shown::Nobody if !arrival.is_local() => return Ok(Looker::Nobody),
            Shown::Nobody => {}
        }
        Ok(match self.access.verdict(uri, headers) {
            Verdict::Show => Looker::Granted(Granted::everything("local token")),
            Verdict::Enter { cookie, location } => Looker::Enter { cookie, location },
            Verdict::Refuse => Looker::Nobody,
        })
    }
}
