//! Reading and writing at the same time: the caller's thread fills the buffers of a small ring, another one empties
//! them. Where no thread can be had (a limit on them), and where the output must stay on the caller's thread, it is done
//! by turns.

use std::io;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use crate::buffer::Buffer;
use crate::error::CopyError;
use crate::limits::RING_BUFFERS;
use crate::packer::{Content, Feed, Piece};

/// Where pieces go.
pub(crate) trait Destination {
    fn put(&mut self, piece: &Piece) -> io::Result<()>;
}

/// Writes each piece at once.
struct Direct<'a> {
    destination: &'a mut dyn Destination,
    spare: Option<Buffer>,
    failure: Option<io::Error>,
}

impl Feed for Direct<'_> {
    fn buffer(&mut self) -> Result<Buffer, CopyError> {
        Ok(self.spare.take().unwrap_or_else(Buffer::new))
    }

    fn submit(&mut self, piece: Piece) -> Result<(), CopyError> {
        if let Err(error) = self.destination.put(&piece) {
            self.failure = Some(error);
            return Err(CopyError::Cancelled);
        }
        if let Content::Bytes(mut buffer) = piece.content {
            buffer.clear();
            self.spare = Some(buffer);
        }
        Ok(())
    }
}

/// Runs `work`, writing by turns with it.
pub(crate) fn direct<T>(
    destination: &mut dyn Destination,
    needed_bytes: u64,
    work: impl FnOnce(&mut dyn Feed) -> Result<T, CopyError>,
) -> Result<T, CopyError> {
    let mut feed = Direct { destination, spare: None, failure: None };
    let done = work(&mut feed);
    match feed.failure {
        Some(error) => Err(CopyError::of_write(error, needed_bytes)),
        None => done,
    }
}

/// The reading end.
struct Ring {
    filled: SyncSender<Piece>,
    empty: Receiver<Buffer>,
    /// Buffers that were made so far.
    made: usize,
}

impl Feed for Ring {
    fn buffer(&mut self) -> Result<Buffer, CopyError> {
        if let Ok(buffer) = self.empty.try_recv() {
            return Ok(buffer);
        }
        if self.made < RING_BUFFERS {
            self.made += 1;
            return Ok(Buffer::new());
        }
        self.empty.recv().map_err(|_| CopyError::Cancelled)
    }

    fn submit(&mut self, piece: Piece) -> Result<(), CopyError> {
        self.filled.send(piece).map_err(|_| CopyError::Cancelled)
    }
}

/// The writing end: until there is nothing more, or the first error.
fn drain<D: Destination>(
    destination: &mut D,
    filled: &Receiver<Piece>,
    empty: &Sender<Buffer>,
) -> io::Result<()> {
    for piece in filled {
        destination.put(&piece)?;
        if let Content::Bytes(mut buffer) = piece.content {
            buffer.clear();
            // Nobody wants it back at the end.
            drop(empty.send(buffer));
        }
    }
    Ok(())
}

/// Runs `work`, writing beside it on another thread.
pub(crate) fn threaded<T, D: Destination + Send>(
    destination: &mut D,
    needed_bytes: u64,
    work: impl FnOnce(&mut dyn Feed) -> Result<T, CopyError>,
) -> Result<T, CopyError> {
    let mut work = Some(work);
    let done = thread::scope(|scope| {
        let (filled, to_write) = sync_channel(RING_BUFFERS);
        let (written, empty) = channel();
        let writer = thread::Builder::new().name("wer-copy".to_owned());
        let destination = &mut *destination;
        let writer = writer.spawn_scoped(scope, move || drain(destination, &to_write, &written)).ok()?;
        let work = work.take()?;
        let mut ring = Ring { filled, empty, made: 0 };
        let done = work(&mut ring);
        drop(ring);
        let written = writer.join().unwrap_or_else(|_| Err(io::Error::other("the writing thread failed")));
        Some(written.map_err(|error| CopyError::of_write(error, needed_bytes)).and(done))
    });
    match (done, work) {
        (Some(done), _) => done,
        (None, Some(work)) => direct(destination, needed_bytes, work),
        (None, None) => Err(CopyError::Cancelled),
    }
}
