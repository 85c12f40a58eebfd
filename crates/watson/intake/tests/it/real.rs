//! Others' programs against a server in this process: those that `cargo xtask setup` installs in a minute. What takes longer
//! to build was tried by hand (`docs/formats/intake.md`).

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::client::dump;
use crate::world::World;

/// A client that `cargo xtask setup` puts below `target/tools/clients`.
fn tool(below: &str) -> PathBuf {
    let program = std::env::current_exe().expect("this program");
    // target/debug/deps/it-...
    let target = program.ancestors().nth(3).expect("a target folder");
    let path = target.join("tools/clients").join(below);
    assert!(path.exists(), "{} is missing; `cargo xtask setup` installs it", path.display());
    path
}

/// Runs it beside the server.
async fn run(mut command: Command) -> Output {
    // Not what the machine's user has set for these programs.
    command.env("HOME", "/nonexistent").stdin(Stdio::null());
    tokio::task::spawn_blocking(move || command.output()).await.expect("it runs").expect("it starts")
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

async fn sentry_cli(world: &World, arguments: &[&str]) -> Output {
    let mut command = Command::new(tool("python/bin/sentry-cli"));
    command.args(["--url", &format!("http://{}", world.address), "--auth-token", "none"]).args(arguments);
    run(command).await
}

/// A program with debug information and a symbol file of Breakpad's.
fn debug_files(folder: &Path) {
    let source = folder.join("app.c");
    std::fs::write(
        &source,
        "int twice(int x) { return x * 2; }\nint main(int c, char **v) { return twice(c); }\n",
    )
    .expect("a file");
    let mut cc = Command::new("cc");
    let built = cc.args(["-g", "-Wl,--build-id", "-o"]).arg(folder.join("app")).arg(&source).status();
    assert!(built.expect("cc is needed for this test").success());
    let symbols =
        "MODULE Linux x86_64 000102030405060708090A0B0C0D0E0F0 b.so\nFUNC 1000 10 0 main\n1000 10 1 0\n";
    std::fs::write(folder.join("b.so.sym"), symbols).expect("a file");
}

#[tokio::test]
async fn sentry_cli_uploads_debug_files_with_their_sources_once() {
    let world = World::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    debug_files(folder.path());
    let path = folder.path().to_str().expect("a path");
    let upload = ["debug-files", "upload", "-o", "acme", "-p", "app", "--include-sources", "--wait", path];
    let first = sentry_cli(&world, &upload).await;
    assert!(first.status.success(), "{}", text(&first));
    assert!(text(&first).contains("Uploaded 3 missing debug information files"), "{}", text(&first));
    assert_eq!(text(&first).matches(" OK ").count(), 3, "{}", text(&first));
    let again = sentry_cli(&world, &upload).await;
    assert!(text(&again).contains("Nothing to upload"), "{}", text(&again));
    let symbols =
        world.store.debug_files(1, "000102030405060708090A0B0C0D0E0F0").await.expect("they are listed");
    let [symbols] = symbols.as_slice() else { panic!("{symbols:?}") };
    assert_eq!((symbols.kind.as_str(), symbols.name.as_str()), ("breakpad", "b.so.sym"));
    let name = watson_db::SymbolName::new("b.so", &symbols.debug_id).expect("a name");
    assert!(world.store.has_symbol(&name).await.expect("it answers"));
    assert_eq!(world.leftovers(), 0);
    world.stop().await;
}

#[tokio::test]
async fn sentrys_programs_send_events_that_are_answered_and_not_kept() {
    let world = World::start().await;
    let dsn = format!("http://key@{}/42", world.address);
    let mut event = Command::new(tool("python/bin/sentry-cli"));
    event.args(["send-event", "-m", "hello"]).env("SENTRY_DSN", &dsn);
    let sent = run(event).await;
    assert!(sent.status.success() && text(&sent).contains("Event dispatched"), "{}", text(&sent));
    let mut sdk = Command::new(tool("python/bin/python"));
    let script = "import sentry_sdk, sys\nsentry_sdk.init(dsn=sys.argv[1], traces_sample_rate=1.0)\n\
                  with sentry_sdk.start_transaction(name='t'): sentry_sdk.capture_message('hello')\n\
                  sentry_sdk.flush(30)\n";
    sdk.args(["-c", script, &dsn]);
    let sent = run(sdk).await;
    assert!(sent.status.success(), "{}", text(&sent));
    let ignored = |kind| world.intake.metrics().count("watson_ignored_total", kind);
    assert_eq!(ignored("event"), 2, "one of each");
    assert_eq!(ignored("transaction"), 1);
    assert_eq!((world.hits().await, world.intake.metrics().count("watson_refused_total", "other")), (0, 0));
    world.stop().await;
}

/// A pending report in a database as `client/crash_report_database_generic.cc` keeps it, uploads switched on.
fn crashpad_database(folder: &Path, report: &str, dump: &[u8]) {
    for name in ["new", "pending", "completed", "attachments"] {
        std::fs::create_dir(folder.join(name)).expect("a folder");
    }
    let settings = [
        &0x4350_6473_u32.to_le_bytes()[..], // magic
        &1_u32.to_le_bytes(),               // version
        &1_u32.to_le_bytes(),               // uploads are on
        &[0; 12],                           // padding, the last upload's time
        &[7; 16],                           // the client's id
    ];
    std::fs::write(folder.join("settings.dat"), settings.concat()).expect("settings");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a clock").as_secs();
    let meta = [&1_i32.to_le_bytes()[..], &[0; 12], &now.to_le_bytes(), &[0; 8]];
    std::fs::write(folder.join(format!("pending/{report}.meta")), meta.concat())
        .expect("what is known of it");
    std::fs::write(folder.join(format!("pending/{report}.dmp")), dump).expect("a dump");
}

/// Crashpad's handler uploads what it finds pending, and ends with its client; its database says what was answered.
fn crashpad_uploads(database: &Path, url: &str, report: &str, arguments: &[&str]) -> String {
    use std::os::fd::AsRawFd;
    let socket = rustix::net::socketpair(
        rustix::net::AddressFamily::UNIX,
        rustix::net::SocketType::SEQPACKET,
        rustix::net::SocketFlags::empty(),
        None,
    );
    let (ours, theirs) = socket.expect("sockets");
    rustix::io::fcntl_setfd(&ours, rustix::io::FdFlags::CLOEXEC).expect("it stays here");
    let mut handler = Command::new(tool("chrome_crashpad_handler"))
        .arg(format!("--database={}", database.display()))
        .arg(format!("--url={url}"))
        .args(["--annotation=prod=app", "--annotation=ver=1.2", "--no-rate-limit"])
        .arg(format!("--initial-client-fd={}", theirs.as_raw_fd()))
        .args(arguments)
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    drop(theirs);
    let done = database.join(format!("completed/{report}.meta"));
    let end = Instant::now() + Duration::from_secs(60);
    while !done.exists() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(20));
    }
    drop(ours);
    handler.wait().expect("it ends with its client");
    let meta = std::fs::read(done).expect("the report is completed");
    // Behind the fixed part: the answer, as its id.
    String::from_utf8(meta[32..].to_vec()).expect("text")
}

#[tokio::test]
async fn crashpads_handler_uploads_in_both_forms_and_keeps_the_answer_as_its_id() {
    let world = World::start().await;
    let url = format!("http://{}/crash", world.address);
    for (number, arguments) in (1..).zip([&[][..], &["--no-upload-gzip"]]) {
        let folder = tempfile::tempdir().expect("a folder");
        let report = format!("0f1e2d3c-4b5a-6978-8796-00000000000{number}");
        crashpad_database(folder.path(), &report, &dump(number));
        let (path, url) = (folder.path().to_owned(), url.clone());
        let arguments = arguments.to_vec();
        let uploading = move || crashpad_uploads(&path, &url, &report, &arguments);
        let id = tokio::task::spawn_blocking(uploading).await.expect("it uploads");
        assert_eq!((id.len(), id.matches('-').count()), (36, 4), "{id}");
        assert!(world.blob_of(&dump(number)), "the dump's bytes");
    }
    assert_eq!((world.hits().await, world.reports().await), (2, 2));
    world.stop().await;
}
