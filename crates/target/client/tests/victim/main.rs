//! The program that the tests crash. `wer-client-victim ROLE` attaches and dies in one way; started as
//! `werfault --crash` it stands in for `werfault`: it writes down what it was given and answers as `FAKE_MODE` says.

mod asks;
mod crashes;
mod fake_werfault;
mod recovers;

use wer_client::crash::{AttachOptions, attach};

fn main() {
    let role = std::env::args().nth(1).expect("a role");
    if role == "--crash" {
        fake_werfault::run();
        return;
    }
    match role.as_str() {
        "ask" => return asks::run(),
        "--ask" => return asks::answer(),
        _ => {}
    }
    let before_attach = crashes::before_attach(&role);
    if let Some(prepare) = before_attach {
        prepare();
    }
    attach(&AttachOptions::default()).expect("attached");
    match role.strip_prefix("recover-") {
        Some(role) => recovers::run(role),
        None => crashes::run(&role),
    }
}
