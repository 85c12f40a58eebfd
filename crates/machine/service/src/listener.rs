//! The socket that the kernel connects to (`core_pattern` = `@@PATH`).

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use anyhow::{Context, Result, bail};

/// Binds the socket, in a folder that only root may enter. A socket that nobody listens on any more is replaced; one
/// that somebody listens on is left to them.
///
/// # Errors
/// Another service listens there, or the folder or socket cannot be made.
pub fn bind(path: &Path) -> Result<UnixListener> {
    let folder = path.parent().with_context(|| format!("{} names no folder", path.display()))?;
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    if UnixStream::connect(path).is_ok() {
        bail!("another service already listens on {}; stop it first", path.display());
    }
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot replace the old socket {}", path.display()));
        }
        _ => {}
    }
    let listener =
        UnixListener::bind(path).with_context(|| format!("cannot listen on {}", path.display()))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))
        .with_context(|| format!("cannot close {} to other users", path.display()))?;
    Ok(listener)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_socket_is_replaced_and_a_living_one_is_not() {
        let folder = std::env::temp_dir().join(format!("wersvc-listener-{}", std::process::id()));
        let path = folder.join("coredump.sock");
        let first = bind(&path).expect("a socket in the temporary directory");
        let refused = bind(&path).expect_err("somebody listens").to_string();
        assert!(refused.contains("already listens"), "{refused}");
        drop(first);
        // A child that another test is starting just now holds a copy until it has executed its program.
        let limit = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while UnixStream::connect(&path).is_ok() && std::time::Instant::now() < limit {
            std::thread::yield_now();
        }
        let mode = bind(&path).map(|_| fs::metadata(&path).expect("it is there").permissions().mode());
        assert_eq!(mode.expect("nobody listens any more") & 0o777, 0o600);
        fs::remove_dir_all(&folder).expect("the folder is ours");
    }
}
