//! `watson fleet`: what a machine must be told to report to this server.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::{Args, Subcommand};

/// Keys of policies: they count before what a user or an installer set.
const POLICY: &str = r"HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\Windows Error Reporting";
/// Machines read no longer names.
const MAX_SERVER_UNITS: usize = 255;
/// "Send all data": nobody is asked, which a server's machines need.
const SEND_ALL: u32 = 4;

/// Which machines.
#[derive(Debug, Subcommand)]
pub enum Fleet {
    /// Write the registry values that point Windows machines here, and say how to try them.
    Windows(Windows),
}

/// The values for Windows machines.
#[derive(Debug, Args)]
pub struct Windows {
    /// The server's name as the machines know it, without a port.
    #[arg(long, value_name = "NAME")]
    server: String,
    /// Its port.
    #[arg(long, default_value_t = 1273)]
    port: u16,
    /// The machines connect by TLS, and check the server's certificate.
    #[arg(long)]
    tls: bool,
    /// Machines send a cab for every report, also for one that they have sent before: for a trial.
    #[arg(long)]
    every_cab: bool,
    /// Write the .reg file here; without it, its text goes to standard output.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Fleet {
    /// Writes what is asked for.
    ///
    /// # Errors
    /// A server's name that is none, a file that cannot be written.
    pub fn run(&self) -> Result<()> {
        let Self::Windows(windows) = self;
        let text = windows.registry_file()?;
        match &windows.output {
            None => print!("{text}"),
            Some(path) => {
                write_utf16(path, &text)?;
                print!("{}", windows.recipe(path));
            }
        }
        Ok(())
    }
}

impl Windows {
    /// The file that `reg import` takes.
    fn registry_file(&self) -> Result<String> {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
        let is_good = (1..=MAX_SERVER_UNITS).contains(&self.server.len())
            && self.server.bytes().all(is_name)
            && (!self.server.contains(':') || self.server.starts_with('['));
        ensure!(
            is_good,
            "{:?} is no server's name: give a host name or an address, an IPv6 one in [brackets], and the port by --port",
            self.server
        );
        let mut text = format!("Windows Registry Editor Version 5.00\r\n\r\n[{POLICY}]\r\n");
        let mut number = |name: &str, value: u32| {
            let _ = write!(text, "\"{name}\"=dword:{value:08x}\r\n");
        };
        number("Disabled", 0);
        number("DontSendAdditionalData", 0);
        number("CorporateWERPortNumber", self.port.into());
        number("CorporateWERUseSSL", self.tls.into());
        number("CorporateWERUseAuthentication", 0);
        number("BypassDataThrottling", self.every_cab.into());
        let _ = write!(text, "\"CorporateWERServer\"=\"{}\"\r\n", self.server);
        let _ = write!(text, "\r\n[{POLICY}\\Consent]\r\n");
        let _ = write!(
            text,
            "\"DefaultConsent\"=dword:{SEND_ALL:08x}\r\n\"DefaultOverrideBehavior\"=dword:00000001\r\n"
        );
        Ok(text)
    }

    fn recipe(&self, path: &Path) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        format!(
            "Written: {}\n\n\
             On a machine, as an administrator (or in a group policy, by the same values):\n\
             1. reg import {file}\n\
             2. powershell -Command \"Invoke-WebRequest -UseBasicParsing {scheme}://{}:{}/healthz\"   # the server is reached\n\
             3. powershell -Command \"[Environment]::FailFast('a test of error reporting')\"      # a crash\n\
             Within a minute the machine's Application log has event 1001 for powershell.exe with a fault bucket, and the\n\
             server's first page has the bucket. If it does not: `wevtutil qe Application /rd:true /c:5 /f:text` on the\n\
             machine, and this server's log, say what happened.\n",
            path.display(),
            self.server,
            self.port
        )
    }
}

/// As regedit writes it.
fn write_utf16(path: &Path, text: &str) -> Result<()> {
    let bytes: Vec<u8> =
        std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(server: &str) -> Windows {
        Windows { server: server.to_owned(), port: 1273, tls: true, every_cab: false, output: None }
    }

    #[test]
    fn values_have_their_names_and_types() {
        let text = of("watson.example.net").registry_file().unwrap();
        for line in [
            "[HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\Microsoft\\Windows\\Windows Error Reporting]",
            "\"CorporateWERServer\"=\"watson.example.net\"",
            "\"CorporateWERPortNumber\"=dword:000004f9",
            "\"CorporateWERUseSSL\"=dword:00000001",
            "\"DefaultConsent\"=dword:00000004",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is missing in\n{text}");
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for name in ["", "a b", "a\"b", "http://a", "host:1273", "a\r\nb"] {
            assert!(of(name).registry_file().is_err(), "{name:?}");
        }
        assert!(of("[::1]").registry_file().is_ok());
    }
}
