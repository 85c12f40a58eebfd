//! A server in this process, on a folder of its own, and the reports that tests send it.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::{SystemTime, UNIX_EPOCH};

use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::JoinHandle;
use watson_db::{Places, Policy, Reading, Store};
use watson_intake::clock::Clock;
use watson_intake::quota::Rates;
use watson_intake::{Intake, IntakeLimits};
use watson_pages::router::MemberOpener;
use watson_server::access::Access;
use watson_server::connections::pace::Pace;
use watson_server::connections::serve_paced;
use watson_server::settings::{TenantsSettings, TrustSettings};
use watson_server::trust::Trust;
use watson_server::worker::{Analyzer, Worker};
use watson_server::{App, app_behind};
use wer_wire::{ApplicationInfo, Level1Request, Level1Response};

use crate::client::{Reply, send};

pub(crate) const TOKEN: &str = "00112233445566778899aabbccddeeff";
/// The server's limit for cabs in these tests.
pub(crate) const MAX_CAB_BYTES: u64 = 64 * 1024;

pub(crate) struct World {
    pub(crate) address: SocketAddr,
    pub(crate) store: Arc<Store>,
    pub(crate) intake: Arc<Intake>,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
    stop_worker: watch::Sender<bool>,
    working: JoinHandle<()>,
}

/// Whom the server believes.
#[derive(Default)]
pub(crate) struct Rules {
    pub(crate) trust: TrustSettings,
    pub(crate) tenants: TenantsSettings,
    pub(crate) rates: Rates,
    /// By which quotas and spikes are judged.
    pub(crate) clock: Clock,
    /// Where rows and blobs are, if not in the data folder.
    pub(crate) places: Places,
    /// As if other machines could reach it.
    pub(crate) public: bool,
}

/// An analyzer that finds nothing and fails never.
pub(crate) fn empty_reading() -> Analyzer {
    Arc::new(|_| Box::pin(async { Ok(Reading::default()) }))
}

/// Files of cabs are opened by the real program only.
fn no_members() -> MemberOpener {
    Arc::new(|_, _| Box::pin(async { Err(std::io::Error::other("no children here")) }))
}

impl World {
    pub(crate) async fn start(data: &Path) -> Self {
        Self::start_with(data, None, empty_reading()).await
    }

    pub(crate) async fn start_with(data: &Path, token: Option<&str>, analyzer: Analyzer) -> Self {
        Self::start_trusting(data, token, analyzer, &Rules::default()).await
    }

    pub(crate) async fn start_trusting(
        data: &Path,
        token: Option<&str>,
        analyzer: Analyzer,
        rules: &Rules,
    ) -> Self {
        Self::start_all(data, token, analyzer, rules, Pace::default()).await
    }

    /// A server whose clients must keep this pace.
    pub(crate) async fn start_paced(data: &Path, pace: Pace) -> Self {
        Self::start_all(data, None, empty_reading(), &Rules::default(), pace).await
    }

    async fn start_all(
        data: &Path,
        token: Option<&str>,
        analyzer: Analyzer,
        rules: &Rules,
        pace: Pace,
    ) -> Self {
        let store =
            Arc::new(Store::open_at(data, &rules.places, Policy::default()).await.expect("the store opens"));
        let job_made = Arc::new(Notify::new());
        let limits =
            IntakeLimits { max_cab_bytes: MAX_CAB_BYTES, rates: rules.rates, ..IntakeLimits::default() };
        let intake = Intake::new(Arc::clone(&store), limits, Arc::clone(&job_made));
        let intake = Arc::new(intake.with_clock(rules.clock.clone()));
        intake.recall_spent().await.expect("the store answers");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        let access = Access { token: token.map(str::to_owned), address };
        let trust =
            Trust::new(&rules.trust, &rules.tenants, rules.public, &store).await.expect("tenants are made");
        let app =
            App { intake: Arc::clone(&intake), store: Arc::clone(&store), access, members: no_members() };
        let router = app_behind(app, trust);
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(serve_paced(listener, router, pace, async {
            let _ = stopped.await;
        }));
        let (stop_worker, worker_stopped) = watch::channel(false);
        let mut worker = Worker::new(Arc::clone(&store), job_made, analyzer);
        worker.retry_delay_ms = 0;
        let working =
            tokio::spawn(async move { worker.run(worker_stopped).await.expect("jobs can be read") });
        Self { address, store, intake, stop: Some(stop), serving, stop_worker, working }
    }

    /// Stops everything, so that the folder can be opened again.
    pub(crate) async fn stop(mut self) {
        let _ = self.stop.take().expect("it runs").send(());
        self.serving.await.expect("it serves to the end");
        let _ = self.stop_worker.send(true);
        self.working.await.expect("it works to the end");
        self.intake.share_spent().await.expect("the store answers");
        self.store.close().await;
    }

    pub(crate) async fn get(&self, target: &str) -> Reply {
        send(self.address, "GET", target, &[], b"").await
    }

    pub(crate) async fn post(&self, target: &str, body: &[u8]) -> Reply {
        send(self.address, "POST", target, &[], body).await
    }

    pub(crate) async fn put(&self, target: &str, body: &[u8]) -> Reply {
        send(self.address, "PUT", target, &[], body).await
    }

    /// Sends level 1 and reads the answer.
    pub(crate) async fn report(&self, request: &Level1Request) -> Level1Response {
        let reply = self.post("/stage2.htm", &request.to_xml_utf16()).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        Level1Response::parse(&reply.body).expect("the answer is MS-CER2")
    }

    /// Sends both levels; the report's bucket.
    pub(crate) async fn report_with_cab(&self, request: &Level1Request, cab: &[u8]) -> u64 {
        let answer = self.report(request).await;
        let reply = self.put(&answer.dump_file.expect("a cab is wanted"), cab).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        answer.bucket.expect("it has a bucket")
    }

    /// The newest report of a bucket, once its analysis is in `state`.
    pub(crate) async fn report_in_state(&self, bucket: u64, state: &str) -> serde_json::Value {
        for _ in 0..2_000 {
            let listed = self.get(&format!("/api/buckets/{bucket}")).await.json();
            if let Some(id) = listed["reports"][0].as_str() {
                let report = self.get(&format!("/api/reports/{id}")).await.json();
                if report["state"] == state {
                    return report;
                }
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        panic!("bucket {bucket} has no report in state {state}");
    }

    /// One counter of `/metrics`.
    pub(crate) async fn counter(&self, line: &str) -> u64 {
        let text = self.get("/metrics").await.text();
        let found = text.lines().find_map(|l| l.strip_prefix(line)?.trim().parse().ok());
        found.unwrap_or(0)
    }
}

pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder can be made")
}

/// When this program began, as a FILETIME.
pub(crate) static BEGUN_FILETIME: LazyLock<u64> = LazyLock::new(|| {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
    since.as_secs() * 10_000_000 + 116_444_736_000_000_000
});

/// A crash of `application`, on a machine of its own for each `moment`, told apart from others by `moment`.
pub(crate) fn crash(application: &str, moment: u64) -> Level1Request {
    let values = [
        application,
        "1.0.0.0",
        "00000000",
        "libc.so.6",
        "2.36.0.0",
        "00000000",
        "c0000005",
        "0000000000001234",
    ];
    let names = [
        "Application Name",
        "Application Version",
        "Application Timestamp",
        "Fault Module Name",
        "Fault Module Version",
        "Fault Module Timestamp",
        "Exception Code",
        "Exception Offset",
    ];
    Level1Request {
        user_name: "user".into(),
        machine_name: format!("machine-{moment}"),
        os: "6.18.0.2.0.0.256.1".into(),
        lcid: "1033".into(),
        application: Some(ApplicationInfo {
            name: application.into(),
            path: format!("/usr/bin/{application}"),
            company: None,
        }),
        report_type: 2,
        event_type: "APPCRASH".into(),
        event_time_filetime: *BEGUN_FILETIME + moment,
        parameters: (0..)
            .zip(names.iter().zip(values))
            .map(|(id, (n, v))| (id, (*n).into(), v.into()))
            .collect(),
        files: vec![("minidump.mdmp".into(), 2)],
        ..Level1Request::default()
    }
}

/// A real cab with one file.
pub(crate) fn cab(name: &str, bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut builder = cab::CabinetBuilder::new();
    builder.add_folder(cab::CompressionType::MsZip).add_file(name);
    let mut writer = builder.build(std::io::Cursor::new(Vec::new())).expect("a cab can be begun");
    while let Some(mut file) = writer.next_file().expect("a file can be begun") {
        file.write_all(bytes).expect("a file can be written");
    }
    writer.finish().expect("a cab can be ended").into_inner()
}
