//! Commands that reach their server by HTTPS, and turn away from one that they cannot verify.

use std::path::Path;
use std::process::Command;

use crate::binary::Watson;
use crate::trust::tls::certificate;
use crate::world::folder;

/// A command without anything of this environment; what it says, and whether it succeeds.
fn watson(arguments: &[&str], more: &[(&str, &Path)]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_watson"));
    command.args(["tenant", "list"]).args(arguments).env_clear();
    for (option, path) in more {
        command.arg(option).arg(path);
    }
    let output = command.output().expect("it runs");
    let said = if output.status.success() { output.stdout } else { output.stderr };
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[tokio::test]
async fn a_command_verifies_the_server_by_its_own_authority() {
    let (dir, other) = (folder(), folder());
    certificate(dir.path());
    certificate(other.path());
    let file = |name: &str| dir.path().join(name);
    // As [tls] wants it: the server's certificate, then what leads to its authority.
    let chain = [std::fs::read(file("cert.pem")).unwrap(), std::fs::read(file("ca.pem")).unwrap()].concat();
    std::fs::write(file("chain.pem"), chain).unwrap();
    let data = file("data");
    let set = |name: &str, path: &str| format!("tls.{name}={}", file(path).display());
    let (chain, key) = (set("certificate", "chain.pem"), set("key", "key.pem"));
    let secure = ["--set", "tls.listen=[\"127.0.0.1:0\"]", "--set", &chain, "--set", &key];
    let server = Watson::start(&data, &secure);

    let address = std::fs::read_to_string(data.join("address")).unwrap();
    let url = address.lines().next().unwrap();
    assert!(url.starts_with("https://"), "{address}");
    assert_ne!(url.rsplit(':').next(), Some(server.address.port().to_string().as_str()), "not the plain one");
    let here = watson(&[], &[("--data", &data)]);
    assert!(here.0 && here.1.contains("default"), "{here:?}");
    let token = std::fs::read_to_string(data.join("token")).unwrap();
    let elsewhere = ["--server", url, "--token", token.trim()];
    let known = watson(&elsewhere, &[("--certificate", &file("ca.pem"))]);
    assert!(known.0 && known.1.contains("default"), "{known:?}");
    let usual = watson(&elsewhere, &[]);
    assert!(!usual.0 && usual.1.contains("--certificate"), "{usual:?}");
    let stranger = watson(&elsewhere, &[("--certificate", &other.path().join("ca.pem"))]);
    assert!(!stranger.0, "{stranger:?}");
    let none = watson(&elsewhere, &[("--certificate", &file("key.pem"))]);
    assert!(!none.0 && none.1.contains("no certificate"), "{none:?}");
    // Whoever has the port after the server does not get the token.
    std::fs::copy(other.path().join("ca.pem"), file("chain.pem")).unwrap();
    let pinned = watson(&[], &[("--data", &data)]);
    assert!(!pinned.0, "{pinned:?}");
    drop(server);
}
