//! `wer enroll`: names the server that reports go to, with its key, after asking it.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde_json::json;
use wer_settings::edit::{Change, NewValue};
use wer_settings::{FileLevel, Locations, edit};
use wer_upload::{Server, Timeouts, probe};

use crate::output::{clean_value, print, print_json};
use crate::place::PlaceArguments;

/// Port where an URL with http names none; with https it is 443.
const DEFAULT_PORT: u16 = 1273;
/// The settings that belong together.
const NAMES: [&str; 5] = [
    "CorporateWERServer",
    "CorporateWERPortNumber",
    "CorporateWERUseSSL",
    "CorporateWERKey",
    "CorporateWERCertificate",
];

/// Which server.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// E.g. https://wer.example.com or http://10.0.0.5:1273.
    #[arg(required_unless_present = "remove")]
    url: Option<String>,
    /// The product's key, as `watson product key` printed it.
    key: Option<String>,
    /// For everybody on this machine (/etc/wer/wer.toml).
    #[arg(long, conflicts_with = "user")]
    machine: bool,
    /// For your own programs only; this is the default.
    #[arg(long)]
    user: bool,
    /// PEM file with the authority that the server's certificate comes from, instead of the usual ones.
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// Write the settings without asking the server.
    #[arg(long)]
    unchecked: bool,
    /// Name no server any more.
    #[arg(long, conflicts_with_all = ["url", "key", "certificate", "unchecked"])]
    remove: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Enrolls, or takes it back.
///
/// # Errors
/// No such server, a key that it does not take, or a settings file that cannot be written.
pub(crate) fn run(place: &PlaceArguments, arguments: &Arguments) -> Result<ExitCode> {
    let locations = place.locations();
    let level = level(&locations, arguments);
    if arguments.remove {
        let changes = NAMES.map(|name| Change::Remove(vec![name.to_owned()]));
        let file = edit::apply(&locations, level, &changes)?;
        if arguments.json {
            print_json(&json!({ "file": file, "server": null }))?;
        } else {
            print(&format!("{} names no server any more\n", file.display()))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let url = arguments.url.as_deref().context("give the server's URL")?;
    let mut server = server_of(url)?;
    server.key.clone_from(&arguments.key);
    server.authority = match &arguments.certificate {
        Some(file) => Some(file.canonicalize().with_context(|| format!("cannot find {}", file.display()))?),
        None => None,
    };
    let product = if arguments.unchecked {
        None
    } else {
        probe(&server, Timeouts::default())
            .with_context(|| format!("{} is not enrolled with; nothing was changed", clean_value(url)))?
    };
    let file = edit::apply(&locations, level, &changes(&server))?;
    if arguments.json {
        print_json(&json!({
            "file": file,
            "server": server.host,
            "port": server.port,
            "https": server.use_ssl,
            "key": server.key.is_some(),
            "product": product,
            "checked": !arguments.unchecked,
        }))?;
    } else {
        let of = product.map(|name| format!(", as {}", clean_value(&name))).unwrap_or_default();
        let place = format!("{}:{}", clean_value(&server.host), server.port);
        print(&format!("reports go to {place}{of}; written to {}\n", file.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn level(locations: &Locations, arguments: &Arguments) -> FileLevel {
    if arguments.machine || (!arguments.user && locations.user_file().is_none()) {
        FileLevel::System
    } else {
        FileLevel::User
    }
}

/// Everything at once: what another server left behind must not count for this one.
fn changes(server: &Server) -> Vec<Change> {
    let text = |name: &str, value: Option<String>| match value {
        Some(value) => Change::Set(vec![name.to_owned()], NewValue::Text(value)),
        None => Change::Remove(vec![name.to_owned()]),
    };
    let number = |name: &str, value: i64| Change::Set(vec![name.to_owned()], NewValue::Number(value));
    let authority = server.authority.as_ref().map(|file| file.to_string_lossy().into_owned());
    vec![
        text("CorporateWERServer", Some(server.host.clone())),
        number("CorporateWERPortNumber", i64::from(server.port)),
        number("CorporateWERUseSSL", i64::from(server.use_ssl)),
        text("CorporateWERKey", server.key.clone()),
        text("CorporateWERCertificate", authority),
        text("CorporateWERDumpServer", None),
    ]
}

/// `http://host[:port]` or `https://host[:port]`, nothing behind it.
fn server_of(url: &str) -> Result<Server> {
    let (use_ssl, rest) = match url.split_once("://") {
        Some(("https", rest)) => (true, rest),
        Some(("http", rest)) => (false, rest),
        _ => bail!("{} is no URL of a server; it begins with https:// or http://", clean_value(url)),
    };
    let place = rest.trim_end_matches('/');
    let (host, port) = match place.strip_prefix('[').and_then(|place| place.split_once(']')) {
        Some((host, port)) => (host, port.strip_prefix(':')),
        None => match place.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        },
    };
    let port = match port {
        Some(port) => port.parse().ok().filter(|port| *port != 0),
        None => Some(if use_ssl { 443 } else { DEFAULT_PORT }),
    };
    let Some(port) = port else { bail!("the port in {} is none", clean_value(url)) };
    let server =
        Server { host: host.to_owned(), port, use_ssl, dump_server: None, key: None, authority: None };
    if host.contains('/') || !server.has_host() {
        bail!(
            "{} has no host name, or something behind it; give https://HOST or https://HOST:PORT",
            clean_value(url)
        );
    }
    Ok(server)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_url_is_a_host_and_a_port() {
        let of = |url: &str| server_of(url).map(|server| (server.host, server.port, server.use_ssl)).ok();
        assert_eq!(of("https://wer.example"), Some(("wer.example".into(), 443, true)));
        assert_eq!(of("http://wer.example/"), Some(("wer.example".into(), 1273, false)));
        assert_eq!(of("http://10.0.0.5:80"), Some(("10.0.0.5".into(), 80, false)));
        assert_eq!(of("https://[::1]:8443"), Some(("::1".into(), 8443, true)));
        for bad in
            ["wer.example", "ftp://a", "https://", "https://a/b", "https://u@a", "https://a:x", "https://a:0"]
        {
            assert_eq!(of(bad), None, "{bad}");
        }
    }
}
