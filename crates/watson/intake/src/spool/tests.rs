use std::sync::Arc;

use axum::http::Request;

use super::*;

fn head() -> EntryHead {
    EntryHead::of(&Request::new(()), 1)
}

fn put(spool: &Arc<Spool>, body: &[u8]) -> io::Result<()> {
    let mut writer = spool.begin(&head())?;
    writer.write(body)?;
    writer.commit()
}

fn body_of(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap();
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap();
    bytes[end + 1..].to_vec()
}

#[test]
fn requests_come_out_in_order_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Arc::new(Spool::open(folder.path(), 1 << 20, 100).unwrap());
    for body in [b"first", b"secnd", b"third"] {
        put(&spool, body).unwrap();
    }
    // As kill -9 leaves it.
    let left = folder.path().join("0123456789abcdef.part");
    fs::write(&left, b"half").unwrap();
    let spool = Arc::new(Spool::open(folder.path(), 1 << 20, 100).unwrap());
    assert!(!left.exists());
    put(&spool, b"later").unwrap();
    for body in [b"first", b"secnd", b"third", b"later"] {
        let (number, path) = spool.oldest().unwrap();
        assert_eq!(body_of(&path), body);
        spool.remove(number).unwrap();
    }
    assert!(spool.oldest().is_none());
    assert_eq!(spool.size(), (0, 0));
}

#[test]
fn bytes_and_requests_are_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Arc::new(Spool::open(folder.path(), 4_000, 3).unwrap());
    let error = put(&spool, &[0; 5_000]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::QuotaExceeded);
    assert_eq!(spool.size(), (0, 0), "what did not fit left nothing behind");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    put(&spool, b"1").unwrap();
    put(&spool, b"2").unwrap();
    let under_way = spool.begin(&head()).unwrap();
    assert_eq!(put(&spool, b"4").unwrap_err().kind(), ErrorKind::QuotaExceeded);
    drop(under_way);
    put(&spool, b"3").unwrap();
    assert!(!spool.has_room());
}

#[test]
fn what_cannot_be_taken_holds_nobody_up_and_keeps_its_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Arc::new(Spool::open(folder.path(), 1 << 20, 100).unwrap());
    put(&spool, b"bad").unwrap();
    put(&spool, b"good").unwrap();
    let (number, _) = spool.oldest().unwrap();
    let (_, bytes) = spool.size();
    spool.set_aside(number).unwrap();
    assert_eq!(body_of(&spool.oldest().unwrap().1), b"good");
    assert_eq!(spool.size(), (1, bytes));
    let spool = Spool::open(folder.path(), 1 << 20, 100).unwrap();
    assert_eq!(spool.size(), (1, bytes), "after a restart too");
}
