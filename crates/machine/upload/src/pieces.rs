//! Level 2 in pieces: files that are too large for a cab, or so large that an upload which is cut should go on where it
//! ended. The server says which pieces it has; the rest is sent one by one, packed. `docs/formats/pieces.md`.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use sha2::{Digest, Sha256};
use wer_wire::limits::{MAX_MANIFEST_BYTES, MAX_PIECED_FILES};
use wer_wire::pieces::{Manifest, ManifestFile, Missing};

use crate::cabinet::{Member, Source};
use crate::http::{Answer, Client, HttpError};
use crate::limits::{
    COMPLETE_TIMEOUT, MAX_REFUSAL_BYTES, PIECE_BYTES, PIECE_LEVEL, PIECE_TIMEOUT, PIECE_TRIES,
};

/// Why an upload in pieces did not come to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PiecesError {
    /// A file of ours; `&str` names it.
    #[error("{0} cannot be read: {1}")]
    File(String, io::Error),
    /// A file changed while it was sent.
    #[error("{0} changed while it was sent")]
    Changed(String),
    /// The server said no.
    #[error("the server did not take them (status {})", .0.status)]
    Refused(Answer),
    /// The exchange failed.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The server's answer is none.
    #[error("the server's answer to the manifest cannot be read")]
    Answer,
}

/// What was sent.
pub(crate) struct Sent {
    /// Names of the files.
    pub(crate) names: Vec<String>,
    /// Pieces that had to be sent in this attempt.
    pub(crate) pieces: usize,
}

/// Sends the members, the first dump first, to `path`.
pub(crate) fn send(client: &Client<'_>, path: &str, mut members: Vec<Member>) -> Result<Sent, PiecesError> {
    // What is analysed comes first. The sort is stable.
    members.sort_by_key(|member| !is_dump(&member.name));
    members.truncate(MAX_PIECED_FILES);
    let (manifest, places) = cut(&members)?;
    let json = manifest.to_json();
    let answer = ok(client.post_json(path, &json, PIECE_TIMEOUT, MAX_MANIFEST_BYTES)?)?;
    let missing: Missing = serde_json::from_slice(&answer.body).map_err(|_| PiecesError::Answer)?;
    let mut sent = 0;
    for name in &missing.missing {
        // A server that asks for what it was not told of gets nothing.
        let place = places.get(name).ok_or(PiecesError::Answer)?;
        let member = members.get(place.member).ok_or(PiecesError::Answer)?;
        let bytes = place.read(member)?;
        if hex(&Sha256::digest(&bytes)) != *name {
            return Err(PiecesError::Changed(member.name.clone()));
        }
        put(client, &format!("{path}/{name}"), &bytes, &member.name)?;
        sent += 1;
    }
    ok(client.post_json(&format!("{path}/complete"), &json, COMPLETE_TIMEOUT, MAX_REFUSAL_BYTES)?)?;
    Ok(Sent { names: members.into_iter().map(|member| member.name).collect(), pieces: sent })
}

fn is_dump(name: &str) -> bool {
    let extension = name.rsplit('.').next().unwrap_or_default();
    ["mdmp", "hdmp", "dmp"].iter().any(|known| extension.eq_ignore_ascii_case(known))
}

/// Where a piece lies.
struct Place {
    member: usize,
    offset: u64,
}

impl Place {
    fn read(&self, member: &Member) -> Result<Vec<u8>, PiecesError> {
        read_at(&member.source, self.offset).map_err(|error| PiecesError::File(member.name.clone(), error))
    }
}

fn cut(members: &[Member]) -> Result<(Manifest, HashMap<String, Place>), PiecesError> {
    let mut places = HashMap::new();
    let mut files = Vec::with_capacity(members.len());
    for (index, member) in members.iter().enumerate() {
        let mut whole = Sha256::new();
        let (mut pieces, mut size_bytes) = (Vec::new(), 0_u64);
        loop {
            let bytes = read_at(&member.source, size_bytes)
                .map_err(|error| PiecesError::File(member.name.clone(), error))?;
            if bytes.is_empty() {
                break;
            }
            whole.update(&bytes);
            let name = hex(&Sha256::digest(&bytes));
            places.entry(name.clone()).or_insert(Place { member: index, offset: size_bytes });
            pieces.push(name);
            size_bytes += bytes.len() as u64;
            // Only a file's last piece is short.
            if bytes.len() < PIECE_BYTES as usize {
                break;
            }
        }
        files.push(ManifestFile {
            name: member.name.clone(),
            size_bytes,
            sha256: hex(&whole.finalize()),
            pieces,
        });
    }
    Ok((Manifest { piece_bytes: PIECE_BYTES, files }, places))
}

/// One piece; shorter only at the end.
fn read_at(source: &Source, offset: u64) -> io::Result<Vec<u8>> {
    match source {
        Source::Bytes(bytes) => {
            let start = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
            let end = start.saturating_add(PIECE_BYTES as usize).min(bytes.len());
            Ok(bytes.get(start..end).unwrap_or_default().to_vec())
        }
        Source::File(file) => read_file_at(file, offset),
    }
}

fn read_file_at(file: &File, offset: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; PIECE_BYTES as usize];
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, offset.saturating_add(filled as u64)) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

/// A piece, tried again where the exchange failed and not where the server said no.
fn put(client: &Client<'_>, path: &str, bytes: &[u8], file: &str) -> Result<(), PiecesError> {
    let packed =
        zstd::encode_all(bytes, PIECE_LEVEL).map_err(|error| PiecesError::File(file.to_owned(), error))?;
    let mut tries = 1;
    loop {
        match client.put_packed(path, &packed) {
            Ok(answer) => return ok(answer).map(drop),
            Err(HttpError::Exchange(_)) if tries < PIECE_TRIES => tries += 1,
            Err(error) => return Err(error.into()),
        }
    }
}

fn ok(answer: Answer) -> Result<Answer, PiecesError> {
    match answer.status {
        200..=299 => Ok(answer),
        _ => Err(PiecesError::Refused(answer)),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_cut_into_pieces_of_one_size_and_a_rest() {
        let piece = PIECE_BYTES as usize;
        let mut bytes = vec![0_u8; 2 * piece];
        bytes.extend(b"rest");
        let members = [
            Member { name: "a".into(), source: Source::Bytes(bytes) },
            Member { name: "b".into(), source: Source::Bytes(vec![]) },
        ];
        let (manifest, places) = cut(&members).unwrap();
        assert_eq!(Manifest::parse(&manifest.to_json()).unwrap(), manifest);
        let file = &manifest.files[0];
        assert_eq!((file.size_bytes, file.pieces.len()), (2 * piece as u64 + 4, 3));
        assert_eq!(file.pieces[0], file.pieces[1], "equal pieces have one name, and are sent once");
        assert_eq!(places.len(), 2);
        assert_eq!((manifest.files[1].size_bytes, manifest.files[1].pieces.len()), (0, 0));
        assert_eq!(places[&file.pieces[2]].read(&members[0]).unwrap(), b"rest");
    }

    #[test]
    fn a_file_is_read_like_bytes() {
        use std::io::Write;
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&vec![7; PIECE_BYTES as usize + 1]).unwrap();
        let source = Source::File(file);
        assert_eq!(read_at(&source, 0).unwrap().len(), PIECE_BYTES as usize);
        assert_eq!(read_at(&source, u64::from(PIECE_BYTES)).unwrap(), [7]);
        assert!(read_at(&source, u64::from(PIECE_BYTES) + 1).unwrap().is_empty());
    }
}
