//! An S3 server for tests: a folder behind the real protocol, on a port of this machine, with its own thread. It can be
//! stopped and started again, on the same port and folder.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::thread::JoinHandle;

use hyper::server::conn::http1::Builder;
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::sync::watch;

/// The key of the only user.
pub(crate) const KEY: (&str, &str) = ("watson", "test-secret");
/// The only bucket.
pub(crate) const BUCKET: &str = "crashes";

/// A server with an empty bucket.
pub(crate) struct S3ForTest {
    root: TempDir,
    address: SocketAddr,
    running: Option<Running>,
}

struct Running {
    stop: watch::Sender<bool>,
    thread: JoinHandle<()>,
}

impl S3ForTest {
    pub(crate) fn start() -> Self {
        let root = tempfile::tempdir().expect("a folder can be made");
        std::fs::create_dir(root.path().join(BUCKET)).expect("a bucket can be made");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        let running = Some(run(listener, root.path().to_owned()));
        Self { root, address, running }
    }

    /// Ends it, and every connection to it.
    pub(crate) fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            let _ = running.stop.send(true);
            running.thread.join().expect("the server ends");
        }
    }

    pub(crate) fn start_again(&mut self) {
        let listener = TcpListener::bind(self.address).expect("its port is still free");
        self.running = Some(run(listener, self.root.path().to_owned()));
    }

    /// What `--blobs` is given.
    pub(crate) fn url(&self) -> String {
        format!("s3://{BUCKET}/test?endpoint=http://{}&region=here&path_style=true", self.address)
    }

    /// The folder that has the blobs as files, in the layout that a folder of blobs has.
    pub(crate) fn blobs(&self) -> PathBuf {
        self.root.path().join(BUCKET).join("test").join("blobs")
    }
}

impl Drop for S3ForTest {
    fn drop(&mut self) {
        self.stop();
    }
}

fn run(listener: TcpListener, root: PathBuf) -> Running {
    let (stop, stopped) = watch::channel(false);
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime can be made").block_on(serve(listener, root, stopped));
    });
    Running { stop, thread }
}

async fn serve(listener: TcpListener, root: PathBuf, mut stopped: watch::Receiver<bool>) {
    let mut builder = S3ServiceBuilder::new(FileSystem::new(root).expect("the folder can be served"));
    builder.set_auth(SimpleAuth::from_single(KEY.0, KEY.1));
    let service = builder.build();
    listener.set_nonblocking(true).expect("it can be served");
    let listener = tokio::net::TcpListener::from_std(listener).expect("it can be served");
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.wait_for(|stopped| *stopped) => return,
        };
        let Ok((stream, _)) = accepted else { continue };
        let service = service.clone();
        connections.spawn(async move {
            let _ = Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}
