//! The loop that serves connections: HTTP/1 with title-case header names, which some crash clients insist on, and
//! limits on heads and on the number of connections. The door ([`watson_intake::door`]) stands before the library.

mod doorway;
pub mod pace;
mod paced_body;
mod paced_stream;
mod slow_places;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::http::Request;
use axum::response::Response;
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
use self::pace::{Client, Pace};
use self::paced_body::PacedBody;
use self::paced_stream::PacedStream;
use self::slow_places::SlowPlaces;
use crate::limits::{ACCEPT_RETRY_MS, MAX_HEAD_FIELDS, MAX_SHUTDOWN_MS};
use crate::listener::{Listener, handshake};
use crate::metrics::OpenConnection;
use crate::peer::Peer;

/// Serves until `stop` ends; open requests then have [`MAX_SHUTDOWN_MS`] to end.
pub async fn serve_connections(listener: impl Into<Listener>, app: Router, stop: impl Future<Output = ()>) {
    serve_paced(listener, app, Pace::default(), stop).await;
}

/// The same for clients that must keep this pace.
pub async fn serve_paced(
    listener: impl Into<Listener>,
    app: Router,
    pace: Pace,
    stop: impl Future<Output = ()>,
) {
    let Listener { tcp: listener, tls } = listener.into();
    let slow = SlowPlaces::default();
    let places = Arc::new(Semaphore::new(pace.max_connections));
    let open = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let next = tokio::select! {
            next = accept(&listener, &places) => next,
            () = &mut stop => break,
        };
        if let Some((stream, place)) = next {
            serve_one(stream, place, tls.clone(), app.clone(), (open.watcher(), pace, slow.clone()));
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
    (open, pace, places): (Watcher, Pace, SlowPlaces),
) {
    let counted = OpenConnection::begin();
    let _ = stream.set_nodelay(true);
    let (Ok(address), Ok(local)) = (stream.peer_addr(), stream.local_addr()) else { return };
    let peer = Peer { address, local, tls: tls.is_some() };
    let source = address.ip().to_canonical();
    let client = Client { pace, places, source, serving: Arc::default() };
    tokio::spawn(async move {
        match tls {
            None => serve_stream(stream, (peer, client), app, open).await,
            Some(tls) => {
                if let Some(stream) = handshake(tls, stream).await {
                    serve_stream(stream, (peer, client), app, open).await;
                }
            }
        }
        drop((place, counted));
    });
}

async fn serve_stream<S>(stream: S, (peer, client): (Peer, Client), app: Router, open: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Pace { max_head, max_head_bytes, .. } = client.pace;
    let notes = DoorNotes::default();
    let stream = Doorway::new(PacedStream::new(stream, client.clone()), notes.clone(), max_head_bytes);
    let serving = Arc::clone(&client.serving);
    let app = app.map_request(move |mut request: Request<Incoming>| {
        client.serving.store(true, Ordering::Relaxed);
        request.extensions_mut().insert(peer);
        if let Some(error) = notes.next_refused() {
            request.extensions_mut().insert(error);
        }
        request.map(|body| PacedBody::new(body, client.clone()))
    });
    let app = app.map_response(move |response: Response| {
        serving.store(false, Ordering::Relaxed);
        response
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(max_head)
        .max_buf_size(max_head_bytes)
        .max_headers(MAX_HEAD_FIELDS)
        .title_case_headers(true)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(app));
    if let Err(error) = open.watch(connection).await {
        tracing::debug!(error = %error, "a connection ended early");
    }
}
