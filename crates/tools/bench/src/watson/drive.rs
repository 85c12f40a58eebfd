//! Clients that send requests as quickly as they are answered: all of them in one thread, so that they cost the machine
//! that they share with the server little more than their system calls.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::event::{Timespec, epoll};

use crate::watson::http::body_of;
use crate::watson::load::Style;

/// No answer within this is a failure.
const LIMIT: Timespec = Timespec { tv_sec: 60, tv_nsec: 0 };

/// One client.
#[derive(Default)]
struct Client {
    stream: Option<TcpStream>,
    /// Of the requests.
    request: usize,
    written: usize,
    answer: Vec<u8>,
    start: Option<Instant>,
}

/// Sends every request once, by so many clients at once, and tells each answer's body. How long each waited, in the order
/// of their ends, is returned.
pub(super) fn drive(
    addresses: &[SocketAddr],
    clients: usize,
    style: Style,
    requests: &[Vec<u8>],
    mut answered: impl FnMut(usize, &[u8]) -> Result<()>,
) -> Result<Vec<Duration>> {
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let mut all: Vec<Client> = (0..clients).map(|_| Client::default()).collect();
    let mut next = 0;
    for number in 0..all.len().min(requests.len()) {
        begin(&epoll, &mut all[number], number, addresses, requests, next)?;
        next += 1;
    }
    let mut waits = Vec::with_capacity(requests.len());
    let mut events: Vec<epoll::Event> = Vec::with_capacity(clients);
    while waits.len() < requests.len() {
        events.clear();
        epoll::wait(&epoll, rustix::buffer::spare_capacity(&mut events), Some(&LIMIT))?;
        ensure!(!events.is_empty(), "no answer for {} s", LIMIT.tv_sec);
        for event in &events {
            let number = event.data.u64() as usize;
            let client = &mut all[number];
            write(&epoll, client, number, requests)?;
            let Some((from, to)) = read(client)? else { continue };
            waits.push(client.start.context("a client without a begin")?.elapsed());
            answered(client.request, &client.answer[from..to])?;
            if style == Style::Closed {
                // Closing takes it out of the set.
                client.stream = None;
            }
            if next < requests.len() {
                begin(&epoll, client, number, addresses, requests, next)?;
                next += 1;
            }
        }
    }
    Ok(waits)
}

fn begin(
    epoll: &impl std::os::fd::AsFd,
    client: &mut Client,
    number: usize,
    addresses: &[SocketAddr],
    requests: &[Vec<u8>],
    request: usize,
) -> Result<()> {
    client.start = Some(Instant::now());
    (client.request, client.written) = (request, 0);
    client.answer.clear();
    if client.stream.is_none() {
        let address = addresses[number % addresses.len()];
        let stream = TcpStream::connect(address).with_context(|| format!("cannot reach {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        epoll::add(epoll, &stream, epoll::EventData::new_u64(number as u64), epoll::EventFlags::IN)?;
        client.stream = Some(stream);
    }
    write(epoll, client, number, requests)
}

/// Writes what is left of the request, as far as the connection takes it.
fn write(
    epoll: &impl std::os::fd::AsFd,
    client: &mut Client,
    number: usize,
    requests: &[Vec<u8>],
) -> Result<()> {
    let request = &requests[client.request];
    let Some(stream) = &mut client.stream else { return Ok(()) };
    if client.written == request.len() {
        return Ok(());
    }
    let before = client.written;
    while client.written < request.len() {
        match stream.write(&request[client.written..]) {
            Ok(written) => client.written += written,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => return Err(error).context("the server took no more of a request"),
        }
    }
    let done = client.written == request.len();
    if before > 0 || !done {
        let flags = if done { epoll::EventFlags::IN } else { epoll::EventFlags::IN | epoll::EventFlags::OUT };
        epoll::modify(epoll, &*stream, epoll::EventData::new_u64(number as u64), flags)?;
    }
    Ok(())
}

/// Where the answer's body is, once it is whole.
fn read(client: &mut Client) -> Result<Option<(usize, usize)>> {
    let Some(stream) = &mut client.stream else { return Ok(None) };
    let mut chunk = [0; 4096];
    match stream.read(&mut chunk) {
        Ok(0) => anyhow::bail!("the server closed the connection"),
        Ok(read) => client.answer.extend_from_slice(&chunk[..read]),
        Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
        Err(error) => return Err(error).context("an answer"),
    }
    body_of(&client.answer)
}
