//! `watson serve`: opens the data folder, starts the worker, serves until a signal comes.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, watch};
use watson_db::Store;
use watson_intake::Intake;

use crate::access::{Access, check_listen_address};
use crate::connections::serve_connections;
use crate::member::child_member_opener;
use crate::tasks::{old_uploads, rollup};
use crate::worker::{Analyzer, Worker};
use crate::{App, Settings, app, notify, tasks, token};

/// The exit code after a second signal: as a shell tells of SIGINT.
const ENDED_AT_ONCE: i32 = 130;

/// Serves until SIGTERM or SIGINT. Prints one line on standard output: the link to the pages.
///
/// # Errors
/// An address that other machines can reach, a data folder that is in use or not writable, an address that is taken.
pub async fn serve(settings: Settings, port_file: Option<&Path>, analyzer: Analyzer) -> Result<()> {
    check_listen_address(settings.listen.address)?;
    let data = settings.storage.data.as_deref().context(
        "nothing says where to keep reports: give --data DIR, or set data in [storage] of the settings file",
    )?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot wait for SIGINT")?;
    let policy = settings.collection.policy();
    let store = Arc::new(Store::open_at(data, &settings.storage.places(), policy).await?);
    let token = if settings.listen.token { Some(token::load_or_create(data)?) } else { None };
    let listener = TcpListener::bind(settings.listen.address)
        .await
        .with_context(|| format!("cannot listen on {}; is another server there?", settings.listen.address))?;
    let address = listener.local_addr().context("cannot read the chosen address")?;

    let job_made = Arc::new(Notify::new());
    let intake = Intake::new(Arc::clone(&store), settings.limits.intake(), Arc::clone(&job_made));
    let intake = intake.with_dump_server(settings.cer2.dump_server()).with_privacy(settings.privacy.rules());
    let intake = Arc::new(intake);
    let (stop_worker, stopped) = watch::channel(false);
    let roll_up = tokio::spawn(rollup::run(Arc::clone(&store), stopped.clone()));
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
    let old_uploads = tokio::spawn(old_uploads::run(Arc::clone(&store), stopped));
    announce(address, token.as_deref(), port_file)?;
    notify::ready(&address.to_string());

    let access = Access { token, address };
    let members = child_member_opener(store.dir().tmp());
    let router = app(App { intake, store: Arc::clone(&store), access, members });
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
    serve_connections(listener, router, stop).await;
    let _ = stop_worker.send(true);
    worker.await.context("the worker ended by a panic")??;
    old_uploads.await.context("the task that forgets old uploads ended by a panic")?;
    roll_up.await.context("the roll-up ended by a panic")?;
    retention.await.context("the retention ended by a panic")?;
    store.close().await;
    Ok(())
}

fn announce(address: SocketAddr, token: Option<&str>, port_file: Option<&Path>) -> Result<()> {
    let query = token.map(|token| format!("?token={token}")).unwrap_or_default();
    // A closed standard output must not end the server.
    let _ = writeln!(std::io::stdout(), "http://{address}/{query}");
    let Some(path) = port_file else { return Ok(()) };
    // Whoever waits for the file finds it whole.
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".tmp");
    std::fs::write(&unfinished, format!("{address}\n"))
        .and_then(|()| std::fs::rename(&unfinished, path))
        .with_context(|| format!("cannot write {}", path.display()))
}
