//! Who is believed: keys, proxies, accounts, tokens, certificates.

#[path = "trust/accounts.rs"]
mod accounts;
#[path = "trust/keys.rs"]
mod keys;
#[path = "trust/offline.rs"]
mod offline;
#[path = "trust/proxies.rs"]
mod proxies;
#[path = "trust/tls.rs"]
mod tls;
