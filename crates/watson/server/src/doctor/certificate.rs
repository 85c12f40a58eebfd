//! The certificate of HTTPS: there, its key's, in force for a while yet, and of which names.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{Findings, Level};
use crate::limits::DOCTOR_CERTIFICATE_DAYS;
use crate::settings::Settings;
use crate::tls::Tls;

const CHECK: &str = "certificate";
const DAY_SECONDS: i64 = 86_400;

pub(super) fn look(settings: &Settings, findings: &mut Findings) {
    let (Some(certificate), Some(key)) = (&settings.tls.certificate, &settings.tls.key) else {
        if !settings.listen.address.ip().to_canonical().is_loopback() {
            let what = "the server speaks plain HTTP to other machines";
            let advice = "set [tls] (docs/watson/trust.md), or put a proxy with TLS before it";
            findings.add(CHECK, Level::Warning, what, advice);
        }
        return;
    };
    if let Err(error) = Tls::open(certificate, key) {
        let advice = "both are PEM files that the server's user can read, and the key is the certificate's";
        findings.add(CHECK, Level::Error, format!("{error:#}"), advice);
        return;
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    match facts(certificate) {
        Some(facts) => judge(&facts, i64::try_from(now).unwrap_or(i64::MAX), findings),
        None => findings.add(
            CHECK,
            Level::Warning,
            "its dates cannot be read",
            "openssl x509 -text -in FILE says more",
        ),
    }
}

/// What a certificate says; times in seconds since 1970.
struct Facts {
    not_before: i64,
    not_after: i64,
    names: Vec<String>,
}

fn facts(file: &Path) -> Option<Facts> {
    let der = CertificateDer::from_pem_file(file).ok()?;
    let (_, certificate) = X509Certificate::from_der(&der).ok()?;
    let alternatives = certificate.subject_alternative_name().ok().flatten();
    let names = alternatives.iter().flat_map(|names| &names.value.general_names);
    let names = names.filter_map(|name| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => match <[u8; 4]>::try_from(*bytes) {
            Ok(v4) => Some(std::net::Ipv4Addr::from(v4).to_string()),
            Err(_) => <[u8; 16]>::try_from(*bytes).ok().map(|v6| std::net::Ipv6Addr::from(v6).to_string()),
        },
        _ => None,
    });
    Some(Facts {
        not_before: certificate.validity().not_before.timestamp(),
        not_after: certificate.validity().not_after.timestamp(),
        names: names.collect(),
    })
}

/// The names and addresses that a certificate in a file is for; none where it cannot be read.
pub(crate) fn names_of(file: &Path) -> Vec<String> {
    facts(file).map(|facts| facts.names).unwrap_or_default()
}

fn judge(facts: &Facts, now: i64, findings: &mut Findings) {
    let advice = "renew it; the server takes a changed file over by itself";
    let days = (facts.not_after - now) / DAY_SECONDS;
    if now < facts.not_before {
        findings.add(CHECK, Level::Error, "it is not in force yet", "look at the clock, and at its dates");
    } else if now > facts.not_after {
        findings.add(CHECK, Level::Error, "it is in force no more; machines refuse to report", advice);
    } else if days < DOCTOR_CERTIFICATE_DAYS {
        findings.add(CHECK, Level::Warning, format!("it ends in {days} days"), advice);
    } else {
        findings.good(CHECK, format!("in force for {days} days"));
    }
    if facts.names.is_empty() {
        let advice = "machines compare the name that they were told with these: get one with subjectAltName";
        findings.add(CHECK, Level::Error, "it has no name of a server", advice);
    } else {
        findings.good(CHECK, format!("for {}; machines must be told one of these", facts.names.join(", ")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_judged_by_its_dates_and_names() {
        let worst = |not_before: i64, not_after: i64, names: &[&str]| {
            let mut findings = Findings::default();
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            judge(&Facts { not_before, not_after, names }, 0, &mut findings);
            findings.0.into_iter().map(|finding| finding.level).max().unwrap()
        };
        let days = |days: i64| days * DAY_SECONDS;
        assert_eq!(worst(days(-1), days(90), &["a"]), Level::Good);
        assert_eq!(worst(days(-1), days(DOCTOR_CERTIFICATE_DAYS) - 1, &["a"]), Level::Warning);
        assert_eq!(worst(days(-9), days(-1), &["a"]), Level::Error);
        assert_eq!(worst(days(1), days(90), &["a"]), Level::Error);
        assert_eq!(worst(days(-1), days(90), &[]), Level::Error);
    }

    #[test]
    fn dates_and_names_of_a_real_one_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let made = std::process::Command::new("openssl")
            .args([
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "10", "-subj", "/CN=x", "-addext",
            ])
            .args([
                "subjectAltName=DNS:watson.example,IP:127.0.0.1",
                "-keyout",
                "key.pem",
                "-out",
                "cert.pem",
            ])
            .current_dir(dir.path())
            .output();
        if !made.is_ok_and(|made| made.status.success()) {
            return;
        }
        let facts = facts(&dir.path().join("cert.pem")).unwrap();
        assert_eq!(facts.names, ["watson.example", "127.0.0.1"]);
        assert_eq!(facts.not_after - facts.not_before, 10 * DAY_SECONDS);
    }
}
