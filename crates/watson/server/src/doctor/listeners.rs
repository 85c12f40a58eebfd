//! Where requests come in: a running server answers there and says that it is ready; without one, the place is free.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::{Findings, Level};
use crate::access::is_public;
use crate::limits::{DOCTOR_WAIT_MS, MAX_DOCTOR_ANSWER_BYTES};
use crate::settings::Settings;
use crate::settings::trust::Https;

const CHECK: &str = "listener";

pub(super) async fn look(settings: &Settings, is_running: bool, findings: &mut Findings) {
    for address in [settings.listen.address].iter().chain(&settings.listen.more) {
        look_at(*address, is_running, findings).await;
    }
    // Whether HTTPS answers with the right certificate is `certificate`'s question.
    for address in &settings.tls.listen {
        if !is_running {
            is_free(*address, findings).await;
        } else if let Err(error) = TcpStream::connect(reachable(*address)).await {
            let what =
                format!("a server runs on the data folder, and {address} (HTTPS) does not answer: {error}");
            findings.add(CHECK, Level::Error, what, "its log says where it listens");
        } else {
            findings.good(CHECK, format!("{address} (HTTPS) answers"));
        }
    }
}

/// What other machines send, and what they are told, in the clear: passwords and tokens of people among it.
pub(super) fn look_at_clear(settings: &Settings, findings: &mut Findings) {
    let check = "requests in the clear";
    let plain: Vec<String> = [settings.listen.address]
        .iter()
        .chain(&settings.listen.more)
        .filter(|address| is_public(**address))
        .map(ToString::to_string)
        .collect();
    if plain.is_empty() {
        findings.good(check, "none: plain listeners are for this machine alone");
    } else if settings.trust.https == Https::Required {
        findings.good(check, format!("refused, but for this machine's own, at {}", plain.join(", ")));
    } else {
        findings.add(
            check,
            Level::Warning,
            format!("other machines may send reports, keys, tokens and passwords in the clear to {}", plain.join(", ")),
            "set trust.https = \"required\" once every machine comes by HTTPS; until then nobody should sign in there",
        );
    }
}

async fn look_at(address: SocketAddr, is_running: bool, findings: &mut Findings) {
    if address.port() == 0 {
        findings.add(
            CHECK,
            Level::Note,
            "it takes a free port",
            "give listen.address a port that machines can be told",
        );
        return;
    }
    if !is_running {
        is_free(address, findings).await;
        return;
    }
    let wait = Duration::from_millis(DOCTOR_WAIT_MS);
    match timeout(wait, ask(reachable(address))).await {
        Ok(Ok(answer)) if answer.starts_with("HTTP/1.1 200") => {
            findings.good(CHECK, format!("{address} answers and is ready"));
        }
        Ok(Ok(answer)) if answer.starts_with("HTTP/1.1 503") => {
            let why = answer.split("\r\n\r\n").nth(1).unwrap_or_default().trim().replace('\n', "; ");
            findings.add(
                CHECK,
                Level::Error,
                format!("{address} answers, and is not ready: {why}"),
                "mend these",
            );
        }
        Ok(Ok(answer)) => {
            let first = answer.lines().next().unwrap_or_default().to_owned();
            let what = format!("{address} does not answer as watson does: {first:?}");
            findings.add(CHECK, Level::Error, what, "is it the server's address, and no other program's?");
        }
        Ok(Err(error)) => {
            let what = format!("a server runs on the data folder, and {address} does not answer: {error}");
            let advice = "does it run with other settings (`--listen`)? Its log says where it listens";
            findings.add(CHECK, Level::Error, what, advice);
        }
        Err(_) => {
            let what = format!("{address} gave no answer within {} s", DOCTOR_WAIT_MS / 1000);
            findings.add(
                CHECK,
                Level::Error,
                what,
                "the server hangs or is overloaded: its log and /metrics say more",
            );
        }
    }
}

async fn is_free(address: SocketAddr, findings: &mut Findings) {
    match TcpListener::bind(address).await {
        Ok(_) => findings.good(CHECK, format!("{address} is free; no server runs")),
        Err(error) => {
            let advice = "another program has the address, or the user may not use the port (below 1024: \
                          AmbientCapabilities=CAP_NET_BIND_SERVICE in the unit)";
            findings.add(CHECK, Level::Error, format!("{address} cannot be listened on: {error}"), advice);
        }
    }
}

/// Where this machine reaches a listener on all addresses.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

async fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await?;
    let mut answer = Vec::new();
    stream.take(MAX_DOCTOR_ANSWER_BYTES).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
