//! A server in this process, on a folder of its own.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use watson_db::{Policy, Store};
use watson_intake::overload::OverloadSettings;
use watson_intake::{DumpServer, Intake, IntakeLimits};
use watson_server::access::Access;
use watson_server::connections::serve_connections;
use watson_server::{App, app};

/// The server's limit for dumps in these tests.
pub(crate) const MAX_DUMP_BYTES: u64 = 256 * 1024;

pub(crate) struct World {
    pub(crate) address: SocketAddr,
    pub(crate) intake: Arc<Intake>,
    pub(crate) store: Arc<Store>,
    free_bytes: Arc<AtomicU64>,
    background: JoinHandle<()>,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
    data: TempDir,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::start_in(folder(), Policy::default(), DumpServer::Off).await
    }

    pub(crate) async fn start_with(policy: Policy, dump_server: DumpServer) -> Self {
        Self::start_in(folder(), policy, dump_server).await
    }

    /// A server with these limits.
    pub(crate) async fn start_limited(limits: IntakeLimits) -> Self {
        let overload = OverloadSettings::default();
        Self::start_all(folder(), Policy::default(), DumpServer::Off, overload, limits).await
    }

    /// Another server on the same folder, after this one has ended.
    pub(crate) async fn restart(self) -> Self {
        Self::start_on(self.stop().await, OverloadSettings::default()).await
    }

    /// A server with this reserve. Nobody looks whether the store is well: the test says so.
    pub(crate) async fn start_on(data: TempDir, overload: OverloadSettings) -> Self {
        Self::start_all(data, Policy::default(), DumpServer::Off, overload, small()).await
    }

    async fn start_in(data: TempDir, policy: Policy, dump_server: DumpServer) -> Self {
        Self::start_all(data, policy, dump_server, OverloadSettings::default(), small()).await
    }

    async fn start_all(
        data: TempDir,
        policy: Policy,
        dump_server: DumpServer,
        overload: OverloadSettings,
        limits: IntakeLimits,
    ) -> Self {
        let store = Arc::new(Store::open(data.path(), policy).await.expect("the store opens"));
        let intake = Intake::new(Arc::clone(&store), limits, Arc::new(Notify::new()));
        let free_bytes = Arc::new(AtomicU64::new(u64::MAX / 2));
        let told = Arc::clone(&free_bytes);
        let free = Arc::new(move |_: &Path| Ok(told.load(Ordering::Relaxed)));
        let intake = intake.with_overload(overload, free).expect("a reserve");
        let intake = Arc::new(intake.with_dump_server(dump_server));
        let replaying = Arc::clone(&intake);
        let background = tokio::spawn(async move { replaying.replay().await });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = app(App {
            intake: Arc::clone(&intake),
            store: Arc::clone(&store),
            access: Access { token: None, address },
            members: Arc::new(|_, _| Box::pin(async { Err(std::io::Error::other("no children here")) })),
        });
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(serve_connections(listener, router, async {
            let _ = stopped.await;
        }));
        Self { address, intake, store, free_bytes, background, stop, serving, data }
    }

    /// So much is free on disk from now on, and nobody has looked yet.
    pub(crate) fn fill_disk_unseen(&self, free_bytes: u64) {
        self.free_bytes.store(free_bytes, Ordering::Relaxed);
    }

    /// So much is free on disk from now on.
    pub(crate) fn set_free(&self, free_bytes: u64) {
        self.fill_disk_unseen(free_bytes);
        self.intake.look_at_disk();
    }

    /// Crashes that were counted.
    pub(crate) async fn hits(&self) -> i64 {
        self.store.counts().await.expect("the store answers").hits
    }

    /// Reports with data.
    pub(crate) async fn reports(&self) -> i64 {
        self.store.counts().await.expect("the store answers").reports
    }

    /// The bytes of the only blob with this size, if there is one.
    pub(crate) fn blob_of(&self, bytes: &[u8]) -> bool {
        fn any(folder: &std::path::Path, bytes: &[u8]) -> bool {
            std::fs::read_dir(folder).expect("a folder").any(|entry| {
                let path = entry.expect("an entry").path();
                if path.is_dir() { any(&path, bytes) } else { std::fs::read(path).is_ok_and(|b| b == bytes) }
            })
        }
        any(&self.data.path().join("blobs"), bytes)
    }

    /// Nothing is left of what was refused.
    pub(crate) fn leftovers(&self) -> usize {
        std::fs::read_dir(self.data.path().join("tmp")).expect("a folder").count()
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Stops it; what it has kept.
    pub(crate) async fn stop_and_keep(self) -> TempDir {
        self.stop().await
    }

    pub(crate) async fn stop(self) -> TempDir {
        self.background.abort();
        let _ = self.background.await;
        let _ = self.stop.send(());
        self.serving.await.expect("it serves to the end");
        self.store.close().await;
        self.data
    }
}

fn small() -> IntakeLimits {
    IntakeLimits { max_dump_bytes: MAX_DUMP_BYTES, ..IntakeLimits::default() }
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}
