//! The loop that serves connections: HTTP/1 with title-case header names, which some crash clients insist on, and
//! limits on heads and on the number of connections. The door ([`watson_intake::door`]) stands before the library.

mod doorway;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use self::doorway::{DoorNotes, Doorway};
use crate::limits::{
    ACCEPT_RETRY_MS, MAX_CONNECTIONS, MAX_HEAD_BYTES, MAX_HEAD_FIELDS, MAX_HEAD_MS, MAX_SHUTDOWN_MS,
};
use crate::listener::{Listener, handshake};
use crate::metrics::OpenConnection;
use crate::peer::Peer;

/// Serves until `stop` ends; open requests then have [`MAX_SHUTDOWN_MS`] to end.
pub async fn serve_connections(listener: impl Into<Listener>, app: Router, stop: impl Future<Output = ()>) {
    let Listener { tcp: listener, tls } = listener.into();
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let open = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let next = tokio::select! {
            next = accept(&listener, &places) => next,
            () = &mut stop => break,
        };
        if let Some((stream, place)) = next {
            serve_one(stream, place, tls.clone(), app.clone(), open.watcher());
        }
    }
    drop(listener);
    if timeout(Duration::from_millis(MAX_SHUTDOWN_MS), open.shutdown()).await.is_err() {
        tracing::warn!("some requests did not end in time; their connections are closed");
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, place)),
        Err(error) => {
            tracing::warn!(error = %error, "a connection could not be accepted");
            sleep(Duration::from_millis(ACCEPT_RETRY_MS)).await;
            None
        }
    }
}

fn serve_one(
    stream: TcpStream,
    place: OwnedSemaphorePermit,
    tls: Option<TlsAcceptor>,
    app: Router,
    open: Watcher,
) {
    let counted = OpenConnection::begin();
    let _ = stream.set_nodelay(true);
    let (Ok(address), Ok(local)) = (stream.peer_addr(), stream.local_addr()) else { return };
    let peer = Peer { address, local, tls: tls.is_some() };
    tokio::spawn(async move {
        match tls {
            None => serve_stream(stream, peer, app, open).await,
            Some(tls) => {
                if let Some(stream) = handshake(tls, stream).await {
                    serve_stream(stream, peer, app, open).await;
                }
            }
        }
        drop((place, counted));
    });
}

async fn serve_stream<S>(stream: S, peer: Peer, app: Router, open: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let notes = DoorNotes::default();
    let stream = Doorway::new(stream, notes.clone());
    let app = app.map_request(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        if let Some(error) = notes.next_refused() {
            request.extensions_mut().insert(error);
        }
        request
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(MAX_HEAD_MS))
        .max_buf_size(MAX_HEAD_BYTES)
        .max_headers(MAX_HEAD_FIELDS)
        .title_case_headers(true)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(app));
    if let Err(error) = open.watch(connection).await {
        tracing::debug!(error = %error, "a connection ended early");
    }
}
