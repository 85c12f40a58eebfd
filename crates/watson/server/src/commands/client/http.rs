//! A running server. Over HTTPS its certificate is verified: by the usual authorities, by those of `--certificate`, and on
//! this machine by the server's own chain, which its `address` names.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use ureq::http::{Method, Request};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::unversioned::transport::DefaultConnector;

use super::Answer;
use crate::address::{Address, OneAddress};
use crate::limits::{MAX_ANSWER_BYTES, MAX_CERTIFICATE_BYTES, MAX_COMMAND_MS};

/// A server and the right to ask it.
pub(crate) struct Http {
    agent: ureq::Agent,
    base: String,
    token: Option<String>,
}

impl Http {
    pub(super) fn new(address: Address, token: Option<String>, certificate: Option<&Path>) -> Result<Self> {
        let mut config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_millis(MAX_COMMAND_MS)))
            .max_redirects(0)
            .proxy(None)
            .user_agent(concat!("watson/", env!("CARGO_PKG_VERSION")));
        if let Some(file) = certificate.or(address.certificate.as_deref()) {
            let roots = RootCerts::Specific(Arc::new(authorities(file)?));
            config = config.tls_config(TlsConfig::builder().root_certs(roots).build());
        }
        let config = config.build();
        let agent = match address.connect {
            Some(to) => ureq::Agent::with_parts(config, DefaultConnector::default(), OneAddress(to)),
            None => config.new_agent(),
        };
        Ok(Self { agent, base: address.url, token })
    }

    pub(super) fn base(&self) -> &str {
        &self.base
    }

    pub(super) fn download(&self, path: &str, file: &mut std::fs::File) -> Result<u64> {
        let url = format!("{}/api/v1{path}", self.base);
        let request =
            self.request(Method::GET, &url).body(()).with_context(|| format!("{url} cannot be asked"))?;
        // As long as something comes: an export may be large.
        let request = self.agent.configure_request(request).timeout_global(None).build();
        let mut response = self.agent.run(request).with_context(|| self.silent())?;
        if !response.status().is_success() {
            bail!("{url} answered {}; does the token have the scope \"erase\"?", response.status());
        }
        std::io::copy(&mut response.body_mut().as_reader(), file)
            .with_context(|| format!("{url} broke off: the export is not whole"))
    }

    pub(super) fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer> {
        let url = format!("{}/api/v1{path}", self.base);
        let request = self.request(method, &url);
        let sent = match body {
            Some(body) => {
                let request = request.header("Content-Type", "application/json").body(body.to_string());
                self.agent.run(request.with_context(|| format!("{url} cannot be asked"))?)
            }
            None => self.agent.run(request.body(()).with_context(|| format!("{url} cannot be asked"))?),
        };
        let mut response = sent.with_context(|| self.silent())?;
        let status = response.status();
        let bytes = response
            .body_mut()
            .with_config()
            .limit(MAX_ANSWER_BYTES)
            .read_to_vec()
            .with_context(|| format!("{url} answered {status}, and its text could not be read"))?;
        Ok(Answer { status, bytes })
    }

    fn request(&self, method: Method, url: &str) -> ureq::http::request::Builder {
        let request = Request::builder().method(method).uri(url);
        match &self.token {
            Some(token) => request.header("Authorization", format!("Bearer {token}")),
            None => request,
        }
    }

    fn silent(&self) -> String {
        let hint = if self.base.starts_with("https:") {
            "; where its certificate is vouched for by an authority of your own, give --certificate FILE"
        } else {
            ""
        };
        format!("{} does not answer; does `watson serve` run there{hint}?", self.base)
    }
}

fn authorities(file: &Path) -> Result<Vec<ureq::tls::Certificate<'static>>> {
    let size = file.metadata().with_context(|| format!("cannot read {}", file.display()))?.len();
    if size > MAX_CERTIFICATE_BYTES {
        bail!("{} has {size} bytes, more than any certificates", file.display());
    }
    let pem = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut found = Vec::new();
    for item in parse_pem(&pem) {
        match item {
            Ok(PemItem::Certificate(certificate)) => found.push(certificate),
            Ok(_) => {}
            Err(error) => bail!("{} is no PEM file: {error}", file.display()),
        }
    }
    if found.is_empty() {
        bail!("{} holds no certificate in PEM form", file.display());
    }
    Ok(found)
}
