//! Dumps as Crashpad uploads them: a form of the report's annotations and the dump, packed by gzip as a whole and sent in
//! chunks.

use std::io::Write as _;
use std::net::SocketAddr;

use anyhow::Result;
use flate2::Compression;
use flate2::write::GzEncoder;

/// Bytes of a dump.
pub(super) const DUMP_BYTES: usize = 300 * 1024;
/// Dumps of one program; a bucket keeps a hundred of those that come unasked.
const DUMPS_OF_ONE: usize = 80;
const BOUNDARY: &str = "---MultipartBoundary-bench---";
/// Bytes of a chunk, as Crashpad's stream of a body hands them on.
const CHUNK_BYTES: usize = 16 * 1024;

/// The requests of so many crashes, each with a dump of its own.
pub(super) fn requests(address: SocketAddr, count: usize, round: usize) -> Result<Vec<Vec<u8>>> {
    let mut chance = fastrand::Rng::with_seed(round as u64);
    let seconds = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs() as u32;
    (0..count)
        .map(|number| {
            let program = format!("browser{round}-{}", number / DUMPS_OF_ONE);
            let packed = packed(&form(&program, &dump(&program, seconds, &mut chance), &mut chance))?;
            Ok(request(address, &packed))
        })
        .collect()
}

fn request(address: SocketAddr, packed: &[u8]) -> Vec<u8> {
    let mut bytes = format!(
        "POST /api/minidump?product=Browser&version=1.2.3 HTTP/1.1\r\nHost: {address}\r\nUser-Agent: crashpad/1.0\r\n\
         Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Encoding: gzip\r\n\
         Transfer-Encoding: chunked\r\n\r\n"
    )
    .into_bytes();
    for chunk in packed.chunks(CHUNK_BYTES) {
        bytes.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        bytes.extend_from_slice(chunk);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"0\r\n\r\n");
    bytes
}

fn form(program: &str, dump: &[u8], chance: &mut fastrand::Rng) -> Vec<u8> {
    let report = format!("{:032x}", chance.u128(1..));
    let uuid = [&report[..8], &report[8..12], &report[12..16], &report[16..20], &report[20..]].join("-");
    let mut form = Vec::with_capacity(dump.len() + 1024);
    let client = format!("{:032x}", chance.u128(1..));
    for (name, value) in [("guid", client.as_str()), ("prod", program), ("ver", "1.2.3"), ("plat", "Linux")] {
        form.extend(
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
                .into_bytes(),
        );
    }
    form.extend(
        format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"upload_file_minidump\"; filename=\"{uuid}.dmp\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        )
        .into_bytes(),
    );
    form.extend_from_slice(dump);
    form.extend(format!("\r\n--{BOUNDARY}--\r\n").into_bytes());
    form
}

/// A minidump with an exception in its one module, and memory of stacks: pointers that share their upper halves, zeros,
/// some text and some noise, which packs to about a third as that of real dumps does.
fn dump(program: &str, seconds: u32, chance: &mut fastrand::Rng) -> Vec<u8> {
    const MODULES: u32 = 32 + 2 * 12;
    const EXCEPTION: u32 = MODULES + 4 + 108;
    const NAME: u32 = EXCEPTION + 168;
    let base = 0x5555_5555_4000_u64;
    let mut bytes = Vec::with_capacity(DUMP_BYTES);
    let mut put = |values: &[u32]| values.iter().for_each(|value| bytes.extend(value.to_le_bytes()));
    put(&[0x504d_444d, 0xa793, 2, 32, 0, seconds, 0, 0]);
    put(&[4, 4 + 108, MODULES, 6, 168, EXCEPTION]);
    let (low, high) = (base as u32, (base >> 32) as u32);
    put(&[1, low, high, 0x10_0000, 0, seconds, NAME]);
    put(&[0; 21]);
    put(&[1, 0, 11, 0, 0, 0, low + 0x1234, high]);
    put(&[0; 34]);
    let name: Vec<u8> = format!("/opt/{program}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    put(&[name.len() as u32]);
    bytes.extend(name);
    while bytes.len() < DUMP_BYTES {
        match chance.u8(0..8) {
            0..=3 => bytes.extend((0x7fff_0000_0000_u64 + chance.u64(0..0x10_0000) * 8).to_le_bytes()),
            4 | 5 => bytes.extend([0; 16]),
            6 => bytes.extend_from_slice(b"/usr/lib/x86_64-linux-gnu/libc.so.6\0"),
            _ => bytes.extend(chance.u64(..).to_le_bytes()),
        }
    }
    bytes.truncate(DUMP_BYTES);
    bytes
}

fn packed(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 2), Compression::new(6));
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}
