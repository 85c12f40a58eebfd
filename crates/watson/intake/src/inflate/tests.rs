use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use super::*;

const PACKINGS: [Packing; 5] = [Packing::Gzip, Packing::Zlib, Packing::Xz, Packing::Bzip2, Packing::Zstd];

fn pack(packing: Packing, bytes: &[u8]) -> Vec<u8> {
    use compression_codecs::core::Level;
    use compression_codecs::{BzEncoder, Encode, GzipEncoder, XzEncoder, ZlibEncoder};
    fn run(mut encoder: impl Encode, bytes: &[u8]) -> Vec<u8> {
        let mut packed = Vec::new();
        let mut input = PartialBuffer::new(bytes);
        let mut step = vec![0; 1 << 16];
        loop {
            let mut output = PartialBuffer::new(&mut step);
            let done = if input.unwritten().is_empty() {
                encoder.finish(&mut output).unwrap()
            } else {
                encoder.encode(&mut input, &mut output).unwrap();
                false
            };
            packed.extend_from_slice(output.written());
            if done {
                return packed;
            }
        }
    }
    match packing {
        Packing::Gzip => run(GzipEncoder::new(Level::Default.into()), bytes),
        Packing::Zlib => run(ZlibEncoder::new(Level::Default.into()), bytes),
        Packing::Xz => run(XzEncoder::new(Level::Default), bytes),
        Packing::Bzip2 => run(BzEncoder::new(Level::Default.into(), 0), bytes),
        Packing::Zstd => zstd::encode_all(bytes, 3).unwrap(),
    }
}

fn unpack(packing: Packing, packed: &[u8], limit_bytes: u64, piece: usize) -> Result<Vec<u8>, InflateError> {
    let mut inflater = Inflater::new(packing, limit_bytes)?;
    let mut out = Vec::new();
    for mut input in packed.chunks(piece) {
        loop {
            let step = inflater.step(&mut input)?;
            if step.is_empty() {
                break;
            }
            out.extend_from_slice(step);
        }
    }
    inflater.end()?;
    Ok(out)
}

fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 88_172_645_463_325_252_u64;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    })
    .take(bytes)
    .collect()
}

#[test]
fn what_was_packed_comes_back() {
    let bytes = [noise(100_000), vec![0; 300_000], noise(7)].concat();
    for packing in PACKINGS {
        let packed = pack(packing, &bytes);
        for piece in [1, 7, 4096, packed.len()] {
            assert_eq!(unpack(packing, &packed, 400_007, piece).as_deref(), Ok(&bytes[..]), "{packing:?}");
        }
        let magic = Packing::of_magic(&packed);
        assert_eq!(magic, (packing != Packing::Zlib).then_some(packing));
        let twice = [packed.clone(), packed].concat();
        assert_eq!(unpack(packing, &twice, 1 << 20, 5000).map(|out| out.len()), Ok(2 * bytes.len()));
    }
}

#[test]
fn what_the_usual_programs_pack_comes_back() {
    let bytes = b"some text ".repeat(20_000);
    let mut tried = 0;
    for (packing, program) in
        [(Packing::Gzip, "gzip"), (Packing::Xz, "xz"), (Packing::Bzip2, "bzip2"), (Packing::Zstd, "zstd")]
    {
        let child = Command::new(program).arg("-c").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let Ok(mut child) = child else { continue };
        let mut stdin = child.stdin.take().unwrap();
        let text = bytes.clone();
        let writing = std::thread::spawn(move || stdin.write_all(&text));
        let mut packed = Vec::new();
        child.stdout.take().unwrap().read_to_end(&mut packed).unwrap();
        writing.join().unwrap().unwrap();
        assert!(child.wait().unwrap().success());
        assert_eq!(unpack(packing, &packed, 1 << 20, 99).as_deref(), Ok(&bytes[..]), "{program}");
        tried += 1;
    }
    assert!(tried > 0, "gzip is everywhere");
}

#[test]
fn bombs_end_at_the_limit_and_at_the_ratio() {
    let zeros = vec![0; 48 << 20];
    for packing in PACKINGS {
        let bomb = pack(packing, &zeros);
        let limit = unpack(packing, &bomb, 1 << 20, 4096);
        assert_eq!(limit, Err(InflateError::TooLarge { limit_bytes: 1 << 20 }), "{packing:?}");
        assert_eq!(unpack(packing, &bomb, u64::MAX, 4096), Err(InflateError::Ratio), "{packing:?}");
    }
}

#[test]
fn many_members_are_refused() {
    for packing in PACKINGS {
        let member = pack(packing, b"a");
        let most = member.repeat(MAX_INFLATE_MEMBERS as usize);
        assert_eq!(unpack(packing, &most, 1 << 20, 4096).map(|out| out.len()), Ok(64), "{packing:?}");
        let more = member.repeat(MAX_INFLATE_MEMBERS as usize + 1);
        assert_eq!(unpack(packing, &more, 1 << 20, 4096), Err(InflateError::TooManyMembers), "{packing:?}");
    }
}

#[test]
fn what_is_cut_or_damaged_is_refused() {
    for packing in PACKINGS {
        let packed = pack(packing, &noise(10_000));
        for end in [0, 1, 5, packed.len() / 2, packed.len() - 1] {
            let cut = unpack(packing, &packed[..end], 1 << 20, 4096);
            assert!(
                matches!(cut, Err(InflateError::Cut | InflateError::Damaged)),
                "{packing:?} {end} {cut:?}"
            );
        }
        let trailing = [packed.clone(), b"trailing bytes".to_vec()].concat();
        assert_eq!(unpack(packing, &trailing, 1 << 20, 4096), Err(InflateError::Damaged), "{packing:?}");
        assert_eq!(unpack(packing, b"no packed bytes", 1 << 20, 4096), Err(InflateError::Damaged));
    }
}

#[test]
fn memory_that_a_head_asks_for_is_limited() {
    // A zstd frame that wants a window of 2 GiB, and one byte.
    let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 0x09, 0x00, 0x00, b'a'];
    assert_eq!(unpack(Packing::Zstd, &frame, 1 << 20, 100), Err(InflateError::Damaged));
    let mut small = frame;
    small[5] = 0x50;
    assert_eq!(unpack(Packing::Zstd, &small, 1 << 20, 100).as_deref(), Ok(&b"a"[..]));
    // An xz stream of one byte; then the same with a dictionary of 1 GiB, and the block's head with its checksum.
    let small = [
        0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0x00, 0x01, 0x69, 0x22, 0xde, 0x36, 0x02, 0x00, 0x21, 0x01, 0x16,
        0x00, 0x00, 0x00, 0x74, 0x2f, 0xe5, 0xa3, 0x01, 0x00, 0x00, 0x61, 0x00, 0x00, 0x00, 0x00, 0x43, 0xbe,
        0xb7, 0xe8, 0x00, 0x01, 0x15, 0x01, 0xa9, 0x63, 0x34, 0x60, 0x90, 0x42, 0x99, 0x0d, 0x01, 0x00, 0x00,
        0x00, 0x00, 0x01, 0x59, 0x5a,
    ];
    assert_eq!(unpack(Packing::Xz, &small, 1 << 20, 100).as_deref(), Ok(&b"a"[..]));
    let mut large = small;
    large[16] = 36;
    large[20..24].copy_from_slice(&[0x5e, 0x1f, 0xc7, 0xf9]);
    assert_eq!(unpack(Packing::Xz, &large, 1 << 20, 100), Err(InflateError::Damaged));
}
