//! The cab: every member in a folder of its own, compressed by MSZIP, in a file without a name that vanishes with its
//! descriptor.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};

use cab::{CabinetBuilder, CompressionType};

use crate::limits::{MAX_CAB_BYTES, MAX_CAB_FILE_BYTES, MAX_CAB_FILES};

/// What a member is read from.
pub(crate) enum Source {
    Bytes(Vec<u8>),
    File(File),
}

/// One member.
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) source: Source,
}

impl Member {
    fn size_bytes(&self) -> io::Result<u64> {
        match &self.source {
            Source::Bytes(bytes) => Ok(bytes.len() as u64),
            Source::File(file) => Ok(file.metadata()?.len()),
        }
    }
}

/// Bytes of all members.
pub(crate) fn total_bytes(members: &[Member]) -> io::Result<u64> {
    members.iter().try_fold(0_u64, |sum, member| Ok(sum.saturating_add(member.size_bytes()?)))
}

/// A finished cab.
pub(crate) struct Cab {
    /// Its bytes, from the first.
    pub(crate) file: File,
    /// Names of its members.
    pub(crate) names: Vec<String>,
    /// Names of those that did not fit.
    pub(crate) left_out: Vec<String>,
}

/// Writes the members that fit. A member whose name is taken is left out.
pub(crate) fn write(members: Vec<Member>) -> io::Result<Cab> {
    let (mut fitting, mut left_out) = (Vec::new(), Vec::new());
    let mut total_bytes = 0_u64;
    for member in members {
        let size_bytes = member.size_bytes()?;
        let taken = fitting.iter().any(|other: &Member| other.name.eq_ignore_ascii_case(&member.name));
        let fits = size_bytes <= MAX_CAB_FILE_BYTES
            && total_bytes + size_bytes <= MAX_CAB_BYTES
            && fitting.len() < MAX_CAB_FILES;
        if fits && !taken {
            total_bytes += size_bytes;
            fitting.push(member);
        } else {
            left_out.push(member.name);
        }
    }
    let names = fitting.iter().map(|member| member.name.clone()).collect();
    Ok(Cab { file: compress(fitting)?, names, left_out })
}

fn compress(members: Vec<Member>) -> io::Result<File> {
    let mut builder = CabinetBuilder::new();
    for member in &members {
        builder.add_folder(CompressionType::MsZip).add_file(member.name.as_str());
    }
    let mut writer = builder.build(tempfile::tempfile()?)?;
    let mut members = members.into_iter();
    while let Some(mut target) = writer.next_file()? {
        let source = members.next().ok_or(io::ErrorKind::UnexpectedEof)?.source;
        // A file that grew meanwhile is cut where the check above saw it fit.
        let mut reader: Box<dyn Read> = match source {
            Source::Bytes(bytes) => Box::new(Cursor::new(bytes)),
            Source::File(file) => {
                let size_bytes = file.metadata()?.len();
                Box::new(file.take(size_bytes.min(MAX_CAB_FILE_BYTES)))
            }
        };
        io::copy(&mut reader, &mut target)?;
    }
    let mut file = writer.finish()?;
    file.seek(SeekFrom::Start(0))?;
    Ok(file)
}
