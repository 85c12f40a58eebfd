//! HTTPS with an authority of the test's own.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tokio::sync::oneshot;
use watson_server::connections::serve_connections;
use watson_server::listener::Listener;
use watson_server::tls::Tls;

use crate::world::folder;

/// Writes an authority and a certificate of it for 127.0.0.1: `ca.pem`, `cert.pem`, `key.pem`.
pub(crate) fn certificate(folder: &Path) {
    let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
    // A certificate that has its authority's name would count as its own authority.
    params.distinguished_name.push(DnType::CommonName, "an authority for a test");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
    let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &authority).unwrap();
    std::fs::write(folder.join("ca.pem"), authority.pem()).unwrap();
    std::fs::write(folder.join("cert.pem"), certificate.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
}

async fn curl(address: SocketAddr, ca: &Path, more: &[&str]) -> (bool, String) {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--max-time", "60", "--noproxy", "*", "--cacert"]).arg(ca);
    command.args(more).arg(format!("https://{address}/")).stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output().expect("curl runs")).await.unwrap();
    let said = if output.status.success() { output.stdout } else { output.stderr };
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn https_is_served_with_the_certificate_that_is_in_the_file() {
    let (one, other) = (folder(), folder());
    certificate(one.path());
    certificate(other.path());
    let file = |name: &str| one.path().join(name);
    let tls = Tls::open(&file("cert.pem"), &file("key.pem")).unwrap();
    let listener =
        Listener::bind("127.0.0.1:0".parse().unwrap(), Some(tls.acceptor().unwrap())).await.unwrap();
    let address = listener.address().unwrap();
    let app = axum::Router::new().fallback(async |request: axum::extract::Request| {
        let peer = request.extensions().get::<watson_server::peer::Peer>().copied();
        format!("tls {}", peer.is_some_and(|peer| peer.tls))
    });
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(serve_connections(listener, app, async {
        let _ = stopped.await;
    }));
    let said = (true, "tls true".to_owned());
    assert_eq!(curl(address, &file("ca.pem"), &[]).await, said);
    assert_eq!(curl(address, &file("ca.pem"), &["--tls-max", "1.2"]).await, said);
    assert!(
        !curl(address, &other.path().join("ca.pem"), &[]).await.0,
        "another authority's client turns away"
    );
    // A pair that cannot be read leaves the one before it.
    std::fs::write(file("key.pem"), "nothing").unwrap();
    assert!(tls.reload(true).is_err());
    assert_eq!(curl(address, &file("ca.pem"), &[]).await, said);
    for name in ["cert.pem", "key.pem"] {
        std::fs::copy(other.path().join(name), file(name)).unwrap();
    }
    assert!(tls.reload(true).unwrap());
    assert!(!tls.reload(false).unwrap(), "nothing has changed since");
    assert_eq!(curl(address, &other.path().join("ca.pem"), &[]).await, said);
    // What is no TLS gets no page, and the next connection is served.
    let plain = crate::client::raw(address, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert_ne!(plain.status, 200);
    assert_eq!(curl(address, &other.path().join("ca.pem"), &[]).await, said);
    drop(stop);
    serving.await.unwrap();
    drop(Arc::clone(&tls));
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    let (one, other) = (folder(), folder());
    certificate(one.path());
    certificate(other.path());
    let error = Tls::open(&one.path().join("cert.pem"), &other.path().join("key.pem")).unwrap_err();
    assert!(error.to_string().contains("is not that of the certificate"), "{error:#}");
    assert!(Tls::open(&one.path().join("key.pem"), &one.path().join("key.pem")).is_err());
    assert!(Tls::open(Path::new("/nothing"), &one.path().join("key.pem")).is_err());
}
