//! The host's process as `werfault` sees it: started bare, listened to, and ended with all that it may have started.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use rustix::process::{Pid, PidfdFlags, Signal, geteuid, kill_process_group, pidfd_open, pidfd_send_signal};
use wer_abi::module_host::{FOLDER_VARIABLE, REQUEST_DESCRIPTOR, REQUEST_VARIABLE};

use super::ModuleRun;
use super::conversation::HostEnd;
use super::module_folder::ModuleFolder;
use super::requests;
use crate::host::FOLDER_PATH;
use crate::limits::{PROGRESS_INTERVAL, REAP_LIMIT};
use crate::protocol::{Job, PacketError, Received, receive, send_with_descriptors};

/// Why there is no host.
#[derive(Debug, thiserror::Error)]
pub(super) enum StartError {
    /// No socket, no descriptor.
    #[error("the sockets to its host could not be made: {0}")]
    Sockets(#[from] rustix::io::Errno),
    /// The program did not start.
    #[error("its host {program} could not be started: {error}")]
    Spawn {
        /// The host's program.
        program: String,
        /// The system's reason.
        error: std::io::Error,
    },
    /// The host ended before it was told what to do.
    #[error("its host could not be told what to do: {0}")]
    Job(#[from] PacketError),
}

/// What happened while waiting for a host.
#[derive(Debug)]
pub(super) enum HostEvent {
    /// Nothing, for one progress interval.
    Nothing,
    /// A packet.
    Packet(Vec<u8>),
    /// The module asked for something, and waits for the answer.
    Request(requests::Packet),
    /// Something that is no packet.
    Malformed(PacketError),
    /// It is over.
    Ended(HostEnd),
}

/// A running host. Dropping it ends it.
#[derive(Debug)]
pub(super) struct HostProcess {
    child: Child,
    pidfd: OwnedFd,
    /// `None` once the host has closed its end.
    socket: Option<OwnedFd>,
    requests: Option<OwnedFd>,
}

impl HostProcess {
    /// Starts a host and sends it its job.
    pub(super) fn start(
        run: &ModuleRun<'_>,
        job: &Job,
        folder: Option<&ModuleFolder>,
    ) -> Result<Self, StartError> {
        let (socket, host_socket) = packet_socket_pair()?;
        let (requests, host_requests) = packet_socket_pair()?;
        let mut child = command(run, host_socket, folder.is_some()).spawn().map_err(|error| {
            StartError::Spawn { program: run.host_executable.display().to_string(), error }
        })?;
        let pidfd = pidfd_open(Pid::from_child(&child), PidfdFlags::empty()).inspect_err(|_| {
            // Not waited for by anybody else, so the number is still this child's.
            let _ = child.kill();
            let _ = child.wait();
        })?;
        let host = Self { child, pidfd, socket: Some(socket), requests: Some(requests) };
        let always = [run.pidfd, run.mem_fd, host_requests.as_fd()];
        let descriptors: Vec<BorrowedFd<'_>> =
            always.into_iter().chain(folder.map(ModuleFolder::descriptor)).collect();
        if let Some(socket) = &host.socket {
            send_with_descriptors(socket.as_fd(), job, &descriptors)?;
        }
        Ok(host)
    }

    /// Waits for the next event, at most one progress interval and not past the deadline.
    pub(super) fn next_event(&mut self, deadline: Instant) -> HostEvent {
        let Some(ready) = self.wait_ready(deadline) else { return HostEvent::Ended(HostEnd::Deadline) };
        if ready.requests {
            return self.take_request();
        }
        if ready.socket {
            return self.take_packet();
        }
        if ready.ended { self.reap() } else { HostEvent::Nothing }
    }

    /// Which sources have something; `None` after the deadline.
    fn wait_ready(&self, deadline: Instant) -> Option<Ready> {
        let left = deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())?;
        let timeout = Timespec::try_from(left.min(PROGRESS_INTERVAL)).ok();
        let sources = [Some(&self.pidfd), self.socket.as_ref(), self.requests.as_ref()];
        let mut polled: Vec<PollFd<'_>> =
            sources.iter().flatten().map(|fd| PollFd::new(*fd, PollFlags::IN)).collect();
        // An interrupted wait is an empty one.
        let _ = poll(&mut polled, timeout.as_ref());
        let mut results = polled.iter().map(|fd| !fd.revents().is_empty());
        let mut next = |is_polled: bool| is_polled && results.next().unwrap_or(false);
        Some(Ready {
            ended: next(true),
            socket: next(self.socket.is_some()),
            requests: next(self.requests.is_some()),
        })
    }

    fn take_packet(&mut self) -> HostEvent {
        let Some(socket) = &self.socket else { return HostEvent::Nothing };
        match receive(socket.as_fd()) {
            Ok(Received::Packet(packet)) => HostEvent::Packet(packet),
            Ok(Received::Closed) => {
                self.socket = None;
                HostEvent::Nothing
            }
            Err(PacketError::Socket(rustix::io::Errno::CONNRESET)) => {
                self.socket = None;
                HostEvent::Nothing
            }
            Err(error) => HostEvent::Malformed(error),
        }
    }

    fn take_request(&mut self) -> HostEvent {
        let Some(requests) = &self.requests else { return HostEvent::Nothing };
        match requests::receive(requests.as_fd()) {
            Some(packet) => HostEvent::Request(packet),
            None => {
                self.requests = None;
                HostEvent::Nothing
            }
        }
    }

    /// Where a request is answered.
    pub(super) fn request_socket(&self) -> Option<BorrowedFd<'_>> {
        self.requests.as_ref().map(AsFd::as_fd)
    }

    fn reap(&mut self) -> HostEvent {
        match self.child.wait() {
            Ok(status) => HostEvent::Ended(match status.signal() {
                Some(signal) => HostEnd::Signal(signal),
                None => HostEnd::Status(status.code().unwrap_or_default()),
            }),
            Err(_) => HostEvent::Ended(HostEnd::Status(0)),
        }
    }

    /// Kills the host and its process group, and waits for it, but not for ever: a process in the middle of a read
    /// from a dead file server cannot be waited for.
    fn end(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        // Not reaped, so neither the pid nor the group that it leads can be anybody else's.
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let _ = pidfd_send_signal(&self.pidfd, Signal::KILL);
        let timeout = Timespec::try_from(REAP_LIMIT).ok();
        let _ = poll(&mut [PollFd::new(&self.pidfd, PollFlags::IN)], timeout.as_ref());
        let _ = self.child.try_wait();
    }
}

impl Drop for HostProcess {
    fn drop(&mut self) {
        self.end();
    }
}

struct Ready {
    ended: bool,
    socket: bool,
    requests: bool,
}

fn packet_socket_pair() -> Result<(OwnedFd, OwnedFd), rustix::io::Errno> {
    socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
}

/// The host's command: no environment of ours, no directory, no descriptors but the socket. Standard error is passed
/// on only to a user of the same id, who could read it anyway and may not fill the service's log.
fn command(run: &ModuleRun<'_>, socket: OwnedFd, has_folder: bool) -> Command {
    let is_own_user = geteuid().as_raw() == run.uid;
    let mut command = Command::new(run.host_executable);
    command
        .arg("--module-host")
        .env_clear()
        .env(REQUEST_VARIABLE, REQUEST_DESCRIPTOR.to_string())
        .current_dir("/")
        .stdin(socket)
        .stdout(Stdio::null())
        .stderr(if is_own_user { Stdio::inherit() } else { Stdio::null() })
        .process_group(0);
    if has_folder {
        command.env(FOLDER_VARIABLE, FOLDER_PATH).env("TMPDIR", FOLDER_PATH);
    }
    command
}
