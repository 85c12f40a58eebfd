//! Who is believed: keys, proxies, accounts, tokens, certificates.

#[path = "trust/accounts.rs"]
mod accounts;
#[path = "trust/answers.rs"]
mod answers;
#[path = "trust/https_commands.rs"]
mod https_commands;
#[path = "trust/keys.rs"]
mod keys;
#[path = "trust/keys_elsewhere.rs"]
mod keys_elsewhere;
#[path = "trust/offline.rs"]
mod offline;
#[path = "trust/product_limits.rs"]
mod product_limits;
#[path = "trust/product_privacy.rs"]
mod product_privacy;
#[path = "trust/proxies.rs"]
mod proxies;
#[path = "trust/symbol_keys.rs"]
mod symbol_keys;
#[path = "trust/tls.rs"]
pub(crate) mod tls;
