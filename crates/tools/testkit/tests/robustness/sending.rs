//! Nobody waits for a server: a crashed process is let go, and what it could write to is closed, before anything is sent.

use std::io::{ErrorKind, Read};
use std::net::{TcpListener, TcpStream};

use wer_testkit::{SandboxOptions, Store, wait_for};

use crate::scene::{LIMIT, Scene};

/// A server that takes a request and never answers.
struct SilentServer(TcpListener);

impl SilentServer {
    fn start() -> (Self, SandboxOptions) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("an option");
        let port = listener.local_addr().expect("its address").port();
        (Self(listener), SandboxOptions { server_port: Some(port), ..SandboxOptions::default() })
    }

    /// The reporter has connected and still waits for an answer.
    fn assert_waited_for(&self) {
        let mut connection: TcpStream = wait_for("the reporter's request", LIMIT, || match self.0.accept() {
            Ok((connection, _)) => Ok(Some(connection)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error.into()),
        })
        .expect("a request");
        connection.set_nonblocking(true).expect("an option");
        let mut bytes = [0; 65_536];
        loop {
            match connection.read(&mut bytes) {
                Ok(0) => panic!("the reporter has given up: the process was held until then"),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => panic!("{error}"),
            }
        }
    }
}

#[test]
fn attached() {
    let (server, options) = SilentServer::start();
    let scene = Scene::with(&options);
    // This waits for the end of the program's output too, as a shell does.
    let ended = scene.crash(&["attach"]);
    server.assert_waited_for();
    scene.only_report(Store::User, ended.pid);
}

#[test]
fn by_the_kernel() {
    let (server, options) = SilentServer::start();
    let scene = Scene::with(&options);
    let Some(_borrowed) = scene.kernel_pipe() else { return };
    let ended = scene.crash(&[]);
    server.assert_waited_for();
    scene.only_report(Store::Machine, ended.pid);
}
