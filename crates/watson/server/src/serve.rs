//! `watson serve`: opens the data folder, starts the worker, serves until a signal comes.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use watson_db::Store;
use watson_intake::overload::watch::free_bytes;
use watson_intake::{Intake, IntakeLimits};

use crate::access::{Access, check_listen_addresses, is_public};
use crate::address::Address;
use crate::connections::serve_paced;
use crate::doctor::names_of;
use crate::listener::Listener;
use crate::member::child_member_opener;
use crate::tasks::{Tasks, old_uploads, rollup};
use crate::tls::Tls;
use crate::trust::Trust;
use crate::worker::{Analyzer, Worker};
use crate::{App, Settings, app_behind, notify, tasks, token};

/// The exit code after a second signal: as a shell tells of SIGINT.
const ENDED_AT_ONCE: i32 = 130;

/// Serves until SIGTERM or SIGINT. Prints one line on standard output: the link to the pages.
///
/// # Errors
/// An address that other machines can reach, a data folder that is in use or not writable, an address that is taken.
pub async fn serve(settings: Settings, port_file: Option<&Path>, analyzer: Analyzer) -> Result<()> {
    let data = settings.storage.data.as_deref().context(
        "nothing says where to keep reports: give --data DIR, or set data in [storage] of the settings file",
    )?;
    let addresses: Vec<_> = [settings.listen.address]
        .iter()
        .chain(&settings.listen.more)
        .chain(&settings.tls.listen)
        .copied()
        .collect();
    // Where nothing is kept yet, there is no administrator, and nothing need be made to know it.
    if settings.storage.database.is_none() && !data.exists() {
        check_listen_addresses(&addresses, false)?;
    }
    let mut terminate = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot wait for SIGINT")?;
    let policy = settings.quotas.bound(settings.collection.policy());
    let store = Arc::new(Store::open_at(data, &settings.storage.places(), policy).await?);
    store.restrict_solutions(settings.collection.solution_hosts.clone());
    check_listen_addresses(&addresses, store.has_administrator().await?)?;
    let public = addresses.iter().any(|address| is_public(*address));
    anyhow::ensure!(
        !public || settings.listen.token,
        "pages without a token (--no-token) are for a server that only this machine reaches"
    );
    let trust = Trust::new(&settings.trust, &settings.tenants, public, &store).await?;
    let token = if settings.listen.token { Some(token::load_or_create(data)?) } else { None };
    let listener = Listener::bind(settings.listen.address, None).await?;
    let address = listener.address()?;
    let mut others = Vec::new();
    for more in &settings.listen.more {
        others.push(Listener::bind(*more, None).await?);
    }
    let tls = match (&settings.tls.certificate, &settings.tls.key) {
        (Some(certificate), Some(key)) => Some(Tls::open(certificate, key)?),
        _ => None,
    };
    let mut secure = Vec::new();
    if let Some(tls) = &tls {
        for address in &settings.tls.listen {
            let listener = Listener::bind(*address, Some(tls.acceptor()?)).await?;
            secure.push(listener.address()?);
            others.push(listener);
        }
    }

    let job_made = Arc::new(Notify::new());
    let limits = IntakeLimits { rates: settings.quotas.rates(), ..settings.limits.intake() };
    let intake = Intake::new(Arc::clone(&store), limits, Arc::clone(&job_made))
        .with_overload(settings.overload.values(), Arc::new(free_bytes))
        .context("cannot open the reserve for times of overload")?;
    let intake = intake.with_dump_server(settings.cer2.dump_server()).with_privacy(settings.privacy.rules());
    let intake = Arc::new(intake);
    intake.recall_spent().await?;
    let (stop_worker, stopped) = watch::channel(false);
    let roll_up = tokio::spawn(rollup::run(Arc::clone(&store), stopped.clone()));
    let reserve = tokio::spawn(tasks::overload::run(Arc::clone(&intake), stopped.clone()));
    let retention = tokio::spawn(tasks::retention::run(
        Arc::clone(&store),
        Arc::clone(&intake),
        settings.retention.retention(),
        Duration::from_secs(settings.retention.every_seconds),
        stopped.clone(),
    ));
    let mut worker = Worker::new(Arc::clone(&store), job_made, analyzer);
    worker.privacy = settings.privacy.rules();
    let worker = tokio::spawn(worker.run(stopped.clone()));
    let old_uploads = tokio::spawn(old_uploads::run(Arc::clone(&store), stopped.clone()));
    let machines = tokio::spawn(tasks::machines::run(Arc::clone(&store), stopped.clone()));
    let certified = settings.tls.certificate.as_deref().map(|file| (file, names_of(file)));
    let certified = certified.as_ref().map(|(file, names)| (*file, names.as_slice()));
    let told = Address::of_server(address, &secure, certified, &settings.trust.names);
    write_whole(&data.join("address"), &told.text())?;
    let mut tasks = Tasks::new(stopped);
    tasks::orphans::add(&mut tasks, &store, settings.storage.orphan_grace_ms());
    tasks::spent::add(&mut tasks, &intake);
    announce(address, token.as_deref(), port_file)?;
    notify::ready(&address.to_string());

    let access = Access { token, address };
    let members = child_member_opener(store.dir().tmp());
    let app = App { intake: Arc::clone(&intake), store: Arc::clone(&store), access, members };
    let router = app_behind(app, trust);
    let (stop_others, others_stopped) = watch::channel(false);
    let pace = settings.limits.pace();
    let mut serving = JoinSet::new();
    if let Some(tls) = tls {
        serving.spawn(tls.watch(others_stopped.clone()));
    }
    for other in others {
        let mut stopped = others_stopped.clone();
        serving.spawn(serve_paced(other, router.clone(), pace, async move {
            let _ = stopped.changed().await;
        }));
    }
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping; a second signal ends it at once");
        notify::stopping();
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            tracing::warn!("a second signal: requests that were under way are cut");
            std::process::exit(ENDED_AT_ONCE);
        });
    };
    serve_paced(listener, router, pace, async {
        stop.await;
        let _ = stop_others.send(true);
    })
    .await;
    while serving.join_next().await.is_some() {}
    let _ = stop_worker.send(true);
    worker.await.context("the worker ended by a panic")??;
    old_uploads.await.context("the task that forgets old uploads ended by a panic")?;
    roll_up.await.context("the roll-up ended by a panic")?;
    retention.await.context("the retention ended by a panic")?;
    machines.await.context("writing machines down ended by a panic")?;
    tasks.join().await;
    if let Err(error) = intake.share_spent().await {
        tracing::warn!(error = %error, "what products have spent of their limits could not be written down");
    }
    reserve.await.context("the task that empties the reserve ended by a panic")?;
    store.close().await;
    Ok(())
}

fn announce(address: SocketAddr, token: Option<&str>, port_file: Option<&Path>) -> Result<()> {
    let query = token.map(|token| format!("?token={token}")).unwrap_or_default();
    // A closed standard output must not end the server.
    let _ = writeln!(std::io::stdout(), "http://{address}/{query}");
    let Some(path) = port_file else { return Ok(()) };
    write_whole(path, &format!("{address}\n"))
}

/// Whoever waits for the file finds it whole.
fn write_whole(path: &Path, text: &str) -> Result<()> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".tmp");
    std::fs::write(&unfinished, text)
        .and_then(|()| std::fs::rename(&unfinished, path))
        .with_context(|| format!("cannot write {}", path.display()))
}
