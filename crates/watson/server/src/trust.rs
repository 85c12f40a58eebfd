//! Whom the server believes about where a request comes from. The connection is a fact; what a request's head says about
//! other machines is believed only from the proxies that the settings list, and only in the headers that they set.
//!
//! Pure: a connection and a head in, who sends it out.

mod hosts;

use std::net::IpAddr;

use anyhow::Result;
use axum::http::{HeaderMap, HeaderName, Uri};
use ipnet::IpNet;
use watson_db::{DEFAULT_TENANT, Store, time};
use watson_intake::Sender;
use watson_intake::admission::forwarded::{Told, told};

use crate::peer::Peer;
use crate::settings::trust::{Https, Keys, network};
use crate::settings::{TenantsSettings, TrustSettings};
use crate::trust::hosts::{bare_name, is_loopback_host};

/// The rules of one server. The default one serves this machine only, and believes nobody.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    names: Vec<String>,
    proxies: Vec<IpNet>,
    proxy_headers: Vec<String>,
    machine_header: Option<HeaderName>,
    tenants: Vec<TenantRule>,
    strict: bool,
    needs_key: bool,
    needs_key_for_level1: bool,
    needs_https: bool,
}

#[derive(Clone, Debug)]
struct TenantRule {
    tenant: i64,
    ports: Vec<u16>,
    hosts: Vec<String>,
    networks: Vec<IpNet>,
    realms: Vec<String>,
}

/// What is known of a request's way here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The machine that sends it.
    pub source: IpAddr,
    /// The name that it called, without a port, in lower case.
    pub host: String,
    /// It came by HTTPS, to us or to a proxy that is believed.
    pub tls: bool,
    /// A proxy that is believed has brought it.
    pub proxied: bool,
    /// The machine that has signed in to that proxy: `name@REALM`.
    pub machine: Option<String>,
    port: u16,
}

impl Arrival {
    /// It comes from this machine itself, as far as anybody knows.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.source.is_loopback()
    }
}

/// The request names a host that is not this server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this server is not called so: it answers to loopback names, to its own addresses and to [trust] names"
)]
pub struct NotOurs;

/// The actor of what the settings bring about.
const SETTINGS: &str = "settings";

impl Trust {
    /// The rules that the settings make. `is_public`: other machines can reach the server.
    ///
    /// # Errors
    /// A tenant that cannot be made.
    pub async fn new(
        settings: &TrustSettings,
        tenants: &TenantsSettings,
        is_public: bool,
        store: &Store,
    ) -> Result<Self> {
        let networks = |texts: &[String]| texts.iter().filter_map(|text| network(text)).collect();
        let lower = |texts: &[String]| texts.iter().map(|text| text.to_lowercase()).collect();
        let mut rules = Vec::with_capacity(tenants.rules.len());
        for rule in &tenants.rules {
            rules.push(TenantRule {
                tenant: store.tenant(&rule.tenant, SETTINGS, time::now_ms()).await?,
                ports: rule.ports.clone(),
                hosts: lower(&rule.hosts),
                networks: networks(&rule.networks),
                realms: lower(&rule.realms),
            });
        }
        Ok(Self {
            names: lower(&settings.names),
            proxies: networks(&settings.proxies),
            proxy_headers: settings.proxy_headers.clone(),
            machine_header: settings.machine_header.as_deref().map(HeaderName::try_from).transpose()?,
            tenants: rules,
            strict: tenants.strict,
            needs_key: match settings.keys {
                Keys::Auto => is_public,
                Keys::Always => true,
                Keys::Never => false,
            },
            needs_key_for_level1: settings.keys == Keys::Always,
            needs_https: settings.https == Https::Required,
        })
    }

    /// Where a request comes from.
    ///
    /// # Errors
    /// It names a host that this server is not, or several, or none.
    pub fn arrival(&self, peer: Peer, uri: &Uri, headers: &HeaderMap) -> Result<Arrival, NotOurs> {
        let host = hosts::named(uri, headers).ok_or(NotOurs)?;
        let direct = peer.address.ip().to_canonical();
        let proxied = self.is_proxy(direct);
        let told = if proxied {
            told(|name| lines(headers, name), &self.proxy_headers, |ip| self.is_proxy(ip))
        } else {
            Told::default()
        };
        let machine = self.machine_header.as_ref().filter(|_| proxied);
        let machine = machine.and_then(|name| headers.get(name)).and_then(|value| value.to_str().ok());
        if !self.is_ours(&host, peer) {
            return Err(NotOurs);
        }
        // A proxy passes on the name that the client has called, or names it in its own header; both must be ours.
        let called = told.host.as_deref().map_or_else(|| host.clone(), bare_name);
        if called != host && !self.is_ours(&called, peer) {
            return Err(NotOurs);
        }
        Ok(Arrival {
            source: told.source.unwrap_or(direct),
            host: called,
            tls: told.tls.unwrap_or(peer.tls),
            proxied,
            machine: machine.map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned),
            port: peer.local.port(),
        })
    }

    /// Whether a request came in the clear, where others could read and change it, and must not.
    #[must_use]
    pub fn refuses_plain(&self, arrival: &Arrival) -> bool {
        self.needs_https && !arrival.tls && !arrival.is_local()
    }

    /// Who sends it, before any key is looked at.
    #[must_use]
    pub fn sender(&self, arrival: &Arrival) -> Sender {
        let sender = Sender {
            tenant: DEFAULT_TENANT,
            product: None,
            source: arrival.source,
            https: arrival.tls,
            needs_key: self.needs_key,
            needs_key_for_level1: self.needs_key_for_level1,
        };
        match self.tenants.iter().find(|rule| rule.fits(arrival)) {
            Some(rule) => Sender { tenant: rule.tenant, ..sender },
            // A key may still say whose it is.
            None if self.strict => Sender { needs_key: true, needs_key_for_level1: true, ..sender },
            None => sender,
        }
    }

    fn is_proxy(&self, ip: IpAddr) -> bool {
        self.proxies.iter().any(|network| network.contains(&ip))
    }

    fn is_ours(&self, host: &str, peer: Peer) -> bool {
        // A page cannot be made to call an address by another name: who names our address means us.
        let own_address = host.parse::<IpAddr>().is_ok_and(|ip| ip == peer.local.ip().to_canonical());
        is_loopback_host(host)
            || own_address
            || self.names.iter().any(|name| name == host)
            || self.tenants.iter().any(|rule| rule.hosts.iter().any(|name| name == host))
    }
}

impl TenantRule {
    fn fits(&self, arrival: &Arrival) -> bool {
        let realm = arrival.machine.as_deref().and_then(|name| name.rsplit_once('@'));
        let realm = realm.map(|(_, realm)| realm.to_lowercase());
        (self.ports.is_empty() || self.ports.contains(&arrival.port))
            && (self.hosts.is_empty() || self.hosts.contains(&arrival.host))
            && (self.networks.is_empty() || self.networks.iter().any(|net| net.contains(&arrival.source)))
            && (self.realms.is_empty() || realm.is_some_and(|realm| self.realms.contains(&realm)))
    }
}

fn lines(headers: &HeaderMap, name: &str) -> Vec<String> {
    let lines = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    lines.map(str::to_owned).collect()
}

/// What a person who asks about authentication is told (`watson doctor`).
pub const AUTHENTICATION_FACT: &str = "Windows machines are told apart by port, host name and network ([tenants]); Kerberos is checked by a reverse proxy \
     that names the machine in trust.machine_header; NTLM is not built, and a proxy that asks for it keeps machines out";

#[cfg(test)]
mod tests;
