//! One file of an upload on its way to disk. A dump may be packed, or stand in a form of its own (old Electron on Linux);
//! what is kept is the dump itself, and it must begin as one.

use std::io::Cursor;

use watson_db::BlobWriter;

use crate::annotations::shown_name;
use crate::dump::{DumpFacts, MAGICS, dump_facts};
use crate::form::{FormError, FormEvent, FormScanner};
use crate::inflate::{Inflater, MAGIC_BYTES, Packing};
use crate::limits::{MAX_BOUNDARY_BYTES, MAX_DUMP_HEAD_BYTES};
use crate::uploads::DUMP_FIELD;
use crate::{Intake, Refusal};

/// A file that has come whole. Dropped, it leaves nothing behind.
pub(crate) struct Received {
    pub(crate) name: String,
    pub(crate) blob: BlobWriter,
    /// The begin of a dump; nothing of other files.
    head: Vec<u8>,
}

impl Received {
    /// What the dump says, as far as its begin does.
    pub(crate) fn facts(&self) -> DumpFacts {
        dump_facts(&mut Cursor::new(&self.head)).unwrap_or_default()
    }
}

/// A file that is being received.
pub(crate) struct FileSink {
    name: String,
    out: Out,
    state: State,
}

struct Out {
    blob: BlobWriter,
    head: Vec<u8>,
    head_bytes: usize,
    left_bytes: u64,
    limit_bytes: u64,
}

enum State {
    /// A dump whose first bytes have not all come.
    Sniffing(Vec<u8>),
    Plain,
    Packed(Box<Inflater>),
    Form(Box<FormScanner>, Nested),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Nested {
    Before,
    Inside,
    After,
}

impl FileSink {
    /// A dump: unpacked where it is packed.
    pub(crate) async fn dump(intake: &Intake, name: &str, left_bytes: u64) -> Result<Self, Refusal> {
        Self::begin(intake, name, left_bytes, MAX_DUMP_HEAD_BYTES, State::Sniffing(Vec::new())).await
    }

    /// Any other file, kept as it comes.
    pub(crate) async fn attachment(intake: &Intake, name: &str, left_bytes: u64) -> Result<Self, Refusal> {
        Self::begin(intake, name, left_bytes, 0, State::Plain).await
    }

    async fn begin(
        intake: &Intake,
        name: &str,
        left_bytes: u64,
        head_bytes: usize,
        state: State,
    ) -> Result<Self, Refusal> {
        let blob = intake.store.begin_blob().await?;
        let limit_bytes = intake.limits.max_dump_bytes;
        let out = Out { blob, head: Vec::new(), head_bytes, left_bytes, limit_bytes };
        Ok(Self { name: shown_name(name), out, state })
    }

    /// More of the file.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        if let State::Sniffing(held) = &mut self.state {
            held.extend_from_slice(bytes);
            if !can_tell(held) {
                return Ok(());
            }
            let held = core::mem::take(held);
            self.decide(&held)?;
            return self.pass(&held).await;
        }
        self.pass(bytes).await
    }

    /// The file is whole. `None`: a dump without a byte, which is no file.
    pub(crate) async fn end(mut self) -> Result<Option<Received>, Refusal> {
        if let State::Sniffing(held) = &mut self.state {
            let held = core::mem::take(held);
            if held.is_empty() {
                return Ok(None);
            }
            self.decide(&held)?;
            self.pass(&held).await?;
        }
        match &mut self.state {
            State::Packed(inflater) => inflater.end()?,
            State::Form(_, Nested::After) | State::Plain | State::Sniffing(_) => {}
            State::Form(..) => return Err(FormError::Cut.into()),
        }
        if self.out.head_bytes > 0 && !MAGICS.iter().any(|magic| self.out.head.starts_with(*magic)) {
            return Err(no_dump());
        }
        Ok(Some(Received { name: self.name, blob: self.out.blob, head: self.out.head }))
    }

    fn decide(&mut self, held: &[u8]) -> Result<(), Refusal> {
        self.state = if let Some(packing) = Packing::of_magic(held) {
            if let Some(name) = self.name.strip_suffix(packing.suffix()).filter(|name| !name.is_empty()) {
                self.name = name.to_owned();
            }
            State::Packed(Box::new(Inflater::new(packing, self.out.left_bytes)?))
        } else if let Some(line) = held.strip_prefix(b"--") {
            let boundary = line.split(|byte| *byte == b'\r').next().unwrap_or_default();
            State::Form(Box::new(FormScanner::new(boundary)), Nested::Before)
        } else {
            State::Plain
        };
        Ok(())
    }

    async fn pass(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        match &mut self.state {
            State::Plain | State::Sniffing(_) => self.out.write(bytes).await,
            State::Packed(inflater) => {
                let mut input = bytes;
                loop {
                    let step = inflater.step(&mut input)?;
                    if step.is_empty() {
                        return Ok(());
                    }
                    self.out.write(step).await?;
                }
            }
            State::Form(scanner, nested) => {
                scanner.push(bytes);
                while let Some(event) = scanner.next()? {
                    match (event, *nested) {
                        (FormEvent::Part(head), Nested::Before) if head.name == DUMP_FIELD => {
                            *nested = Nested::Inside;
                        }
                        (FormEvent::Data(data), Nested::Inside) => self.out.write(&data).await?,
                        (FormEvent::PartEnd, Nested::Inside) => *nested = Nested::After,
                        (FormEvent::End, _) => return Ok(()),
                        _ => {}
                    }
                }
                Ok(())
            }
        }
    }
}

impl Out {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        self.left_bytes = self
            .left_bytes
            .checked_sub(bytes.len() as u64)
            .ok_or_else(|| Refusal::too_large(self.limit_bytes))?;
        let room = self.head_bytes.saturating_sub(self.head.len());
        self.head.extend(bytes.iter().take(room));
        // Told as early as it is known, so that nobody sends a gigabyte of something else.
        if self.head_bytes > 0 && !MAGICS.iter().any(|magic| agrees(&self.head, *magic)) {
            return Err(no_dump());
        }
        self.blob.write(bytes).await?;
        Ok(())
    }
}

fn agrees(head: &[u8], magic: &[u8]) -> bool {
    head.iter().zip(magic).all(|(one, other)| one == other)
}

/// Whether the first bytes say what the file is.
fn can_tell(held: &[u8]) -> bool {
    if held.starts_with(b"--") {
        return held.contains(&b'\r') || held.len() > MAX_BOUNDARY_BYTES;
    }
    held.len() >= MAGIC_BYTES
}

fn no_dump() -> Refusal {
    Refusal::bad("not_a_dump", "the dump is no minidump: it does not begin with MDMP")
}
