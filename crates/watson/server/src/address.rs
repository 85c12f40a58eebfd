//! The file `address` of the data folder: where commands on this machine reach the server. With `[tls]` that is by HTTPS, so
//! that whoever takes the port of a server that has stopped does not get the token.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// Where a server is, and how to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// `http://` or `https://`, a name, a port.
    pub(crate) url: String,
    /// Where to connect to, whatever the name's own address is.
    pub(crate) connect: Option<SocketAddr>,
    /// Certificates that vouch for it.
    pub(crate) certificate: Option<PathBuf>,
}

impl Address {
    /// Of a URL that somebody gave.
    pub(crate) fn of_url(url: &str) -> Result<Self> {
        if !url.starts_with("http://") && !url.starts_with("https://") {
            bail!("--server {url}: write a URL, such as http://127.0.0.1:1273");
        }
        Ok(Self { url: url.to_owned(), connect: None, certificate: None })
    }

    /// Of a server: by HTTPS where it listens for it on this machine's own addresses, under a name that both its
    /// certificate has and the server answers to (`names`); else by its plain listener.
    pub(crate) fn of_server(
        plain: SocketAddr,
        secure: &[SocketAddr],
        certificate: Option<(&Path, &[String])>,
        names: &[String],
    ) -> Self {
        let plain = Self { url: format!("http://{plain}"), connect: None, certificate: None };
        let Some((file, certified)) = certificate else { return plain };
        let Some(connect) = secure.iter().find_map(|address| on_this_machine(*address)) else { return plain };
        let is_ours = |name: &&String| {
            let ip: Option<IpAddr> = name.parse().ok();
            ip.is_some_and(|ip| ip.is_loopback()) || *name == "localhost" || names.contains(name)
        };
        let Some(name) = certified.iter().find(is_ours) else { return plain };
        let host = if name.contains(':') { format!("[{name}]") } else { name.clone() };
        Self {
            url: format!("https://{host}:{}", connect.port()),
            connect: Some(connect),
            certificate: Some(file.to_owned()),
        }
    }

    /// As the file has it: the URL, and what else is known in a line each.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("{}\n", self.url);
        if let Some(connect) = self.connect {
            text.push_str(&format!("connect {connect}\n"));
        }
        if let Some(certificate) = &self.certificate {
            text.push_str(&format!("certificate {}\n", certificate.display()));
        }
        text
    }

    /// Of the file.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let mut lines = text.lines();
        let mut address = Self::of_url(lines.next().unwrap_or_default().trim())?;
        for line in lines {
            match line.split_once(' ') {
                Some(("connect", to)) => {
                    address.connect = Some(to.parse().with_context(|| format!("{to:?} is no address"))?);
                }
                Some(("certificate", file)) => address.certificate = Some(file.into()),
                // Of a later version.
                _ => {}
            }
        }
        Ok(address)
    }
}

/// How this machine reaches a listener by a loopback address, which alone the first token counts for.
fn on_this_machine(address: SocketAddr) -> Option<SocketAddr> {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    ip.to_canonical().is_loopback().then(|| SocketAddr::new(ip, address.port()))
}

/// Every name is at one address.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OneAddress(pub(crate) SocketAddr);

impl Resolver for OneAddress {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let mut found = self.empty();
        found.push(self.0);
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(secure: &str, certified: &[&str], names: &[&str]) -> Address {
        let texts = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let certified = texts(certified);
        let certificate = Some((Path::new("/etc/cert.pem"), certified.as_slice()));
        let plain = "127.0.0.1:1273".parse().unwrap();
        Address::of_server(plain, &[secure.parse().unwrap()], certificate, &texts(names))
    }

    #[test]
    fn https_is_told_where_this_machine_can_verify_it() {
        for (secure, certified, names, url) in [
            ("0.0.0.0:443", &["wer.example"][..], &["wer.example"][..], "https://wer.example:443"),
            ("[::]:443", &["a.example", "::1"], &[], "https://[::1]:443"),
            ("127.0.0.1:444", &["localhost"], &[], "https://localhost:444"),
            ("192.0.2.1:443", &["wer.example"], &["wer.example"], "http://127.0.0.1:1273"),
            ("0.0.0.0:443", &["other.example", "*.wer.example"], &["wer.example"], "http://127.0.0.1:1273"),
        ] {
            assert_eq!(of(secure, certified, names).url, url, "{secure} {certified:?} {names:?}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let address = of("0.0.0.0:443", &["localhost"], &[]);
        assert_eq!(address.connect, Some("127.0.0.1:443".parse().unwrap()));
        assert_eq!(Address::parse(&address.text()).unwrap(), address);
        assert_eq!(Address::parse("http://127.0.0.1:1\nlater x\n").unwrap().connect, None);
        assert!(Address::parse("").is_err() && Address::parse("http://a\nconnect b").is_err());
    }
}
