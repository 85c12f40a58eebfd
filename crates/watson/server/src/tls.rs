//! HTTPS by rustls: TLS 1.2 and later, a certificate from PEM files that is read again when they change or when SIGHUP
//! comes. A pair that cannot be read leaves the one before it in force.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::interval;
use tokio_rustls::TlsAcceptor;

use crate::limits::TLS_FILES_POLL_MS;

/// The certificate in force, and where it comes from.
#[derive(Debug)]
pub struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    current: RwLock<(Arc<CertifiedKey>, Stamps)>,
}

/// When the two files were changed last.
type Stamps = [Option<SystemTime>; 2];

impl Tls {
    /// Reads certificate and key.
    ///
    /// # Errors
    /// A file that cannot be read, holds no PEM of its kind, or a key that is not the certificate's.
    pub fn open(certificate: &Path, key: &Path) -> Result<Arc<Self>> {
        let stamps = stamps(certificate, key);
        let pair = read(certificate, key)?;
        let current = RwLock::new((Arc::new(pair), stamps));
        Ok(Arc::new(Self { certificate: certificate.to_owned(), key: key.to_owned(), current }))
    }

    /// What makes TLS of a connection. HTTP/1.1 is all that is spoken inside.
    ///
    /// # Errors
    /// The library knows no such protocol versions.
    pub fn acceptor(self: &Arc<Self>) -> Result<TlsAcceptor> {
        let resolver = Arc::clone(self) as Arc<dyn ResolvesServerCert>;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(resolver);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// Takes the files' contents over if `always`, or if they have changed.
    ///
    /// # Errors
    /// As of [`Tls::open`]; the pair before stays.
    pub fn reload(&self, always: bool) -> Result<bool> {
        let stamps = stamps(&self.certificate, &self.key);
        let same = self.current.read().unwrap_or_else(PoisonError::into_inner).1 == stamps;
        if same && !always {
            return Ok(false);
        }
        let pair = read(&self.certificate, &self.key);
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        // What cannot be read is told once, not at every look.
        current.1 = stamps;
        current.0 = Arc::new(pair?);
        Ok(true)
    }

    /// Keeps the certificate fresh until `stopped`.
    pub async fn watch(self: Arc<Self>, mut stopped: watch::Receiver<bool>) {
        let Ok(mut hangup) = signal(SignalKind::hangup()) else { return };
        let mut tick = interval(Duration::from_millis(TLS_FILES_POLL_MS));
        loop {
            let always = tokio::select! {
                _ = tick.tick() => false,
                _ = hangup.recv() => true,
                _ = stopped.changed() => return,
            };
            match self.reload(always) {
                Ok(true) => tracing::info!("the certificate was read again"),
                Ok(false) => {}
                Err(error) => tracing::warn!(error = %format!("{error:#}"), "the certificate before stays"),
            }
        }
    }
}

impl ResolvesServerCert for Tls {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner).0))
    }
}

fn stamps(certificate: &Path, key: &Path) -> Stamps {
    [certificate, key].map(|path| path.metadata().and_then(|metadata| metadata.modified()).ok())
}

fn read(certificate: &Path, key: &Path) -> Result<CertifiedKey> {
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| format!("cannot read a certificate from {}", certificate.display()))?;
    anyhow::ensure!(!chain.is_empty(), "{} holds no certificate in PEM form", certificate.display());
    let private = PrivateKeyDer::from_pem_file(key)
        .with_context(|| format!("cannot read a private key from {}", key.display()))?;
    CertifiedKey::from_der(chain, private, &ring::default_provider()).with_context(|| {
        format!("the key in {} is not that of the certificate in {}", key.display(), certificate.display())
    })
}
