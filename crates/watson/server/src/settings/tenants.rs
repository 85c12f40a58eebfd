//! `[tenants]`: whose machines are whose, for clients that can carry no key.

use serde::{Deserialize, Serialize};

use crate::settings::trust::{is_name, network};
use crate::settings::{BadValue, Section};

/// Whose machines are whose.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TenantsSettings {
    /// Asked in their order; the first that fits decides.
    pub rules: Vec<TenantRuleSettings>,
    /// Requests that no rule fits and that carry no key are refused, instead of being the default tenant's.
    pub strict: bool,
}

/// One tenant. What is left empty fits everything; what is given must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TenantRuleSettings {
    /// Its name; made where it is new.
    pub tenant: String,
    /// Ports of this server.
    pub ports: Vec<u16>,
    /// Names by which this server was called.
    pub hosts: Vec<String>,
    /// Networks or addresses that the request comes from.
    pub networks: Vec<String>,
    /// Kerberos realms of machines that a proxy has named.
    pub realms: Vec<String>,
}

impl TenantRuleSettings {
    fn is_empty(&self) -> bool {
        self.ports.is_empty() && self.hosts.is_empty() && self.networks.is_empty() && self.realms.is_empty()
    }
}

impl Section for TenantsSettings {
    fn check(&self) -> Result<(), BadValue> {
        let bad = |why: String| Err(BadValue::new("rules", why));
        for rule in &self.rules {
            let name = &rule.tenant;
            if name.is_empty() || name.len() > 100 || name.chars().any(char::is_control) {
                return bad(format!("name a tenant \"{name}\"; a name has 1 to 100 characters"));
            }
            if rule.is_empty() {
                return bad(format!("of {name} fit everything: give ports, hosts, networks or realms"));
            }
            if let Some(bad_host) = rule.hosts.iter().find(|host| !is_name(host)) {
                return bad(format!("of {name} have \"{bad_host}\", which is no host's name"));
            }
            if let Some(bad_net) = rule.networks.iter().find(|text| network(text).is_none()) {
                return bad(format!("of {name} have \"{bad_net}\", which is no network such as 10.0.0.0/8"));
            }
        }
        Ok(())
    }
}
