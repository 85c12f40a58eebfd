//! The bytes of a file: as programs see them, and as they are on the disk.

/// Bytes that a disk writes whole or not at all.
const SECTOR_BYTES: usize = 512;

/// What happened since the last sync.
#[derive(Clone, Debug)]
enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    Resize { len: usize },
}

/// A file.
#[derive(Clone, Debug, Default)]
pub(crate) struct FileBytes {
    now: Vec<u8>,
    kept: Vec<u8>,
    unsynced: Vec<Change>,
}

impl FileBytes {
    /// What a restart finds.
    fn restarted(kept: Vec<u8>) -> Self {
        Self { now: kept.clone(), kept, unsynced: Vec::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.now.len()
    }

    /// Up to `size` bytes from `offset`.
    pub(crate) fn read(&self, offset: usize, size: usize) -> &[u8] {
        let end = offset.saturating_add(size).min(self.now.len());
        self.now.get(offset..end).unwrap_or_default()
    }

    pub(crate) fn write(&mut self, offset: usize, bytes: &[u8]) {
        self.change(Change::Write { offset, bytes: bytes.to_vec() });
    }

    pub(crate) fn resize(&mut self, len: usize) {
        self.change(Change::Resize { len });
    }

    fn change(&mut self, change: Change) {
        change.apply(&mut self.now);
        self.unsynced.push(change);
    }

    /// Everything so far is on the disk.
    pub(crate) fn sync(&mut self) {
        for change in self.unsynced.drain(..) {
            change.apply(&mut self.kept);
        }
    }

    /// What is there after the power came back: what was synced, a beginning of the rest, and maybe a torn write.
    pub(crate) fn after_power_loss(&self, chance: &mut fastrand::Rng) -> Self {
        let mut bytes = self.kept.clone();
        let whole = chance.usize(0..=self.unsynced.len());
        for change in self.unsynced.iter().take(whole) {
            change.apply(&mut bytes);
        }
        if let Some(Change::Write { offset, bytes: written }) = self.unsynced.get(whole) {
            let sectors = chance.usize(0..=written.len() / SECTOR_BYTES);
            let torn = written.get(..sectors * SECTOR_BYTES).unwrap_or_default().to_vec();
            Change::Write { offset: *offset, bytes: torn }.apply(&mut bytes);
        }
        Self::restarted(bytes)
    }
}

impl Change {
    fn apply(&self, to: &mut Vec<u8>) {
        match self {
            Self::Resize { len } => to.resize(*len, 0),
            Self::Write { bytes, .. } if bytes.is_empty() => {}
            Self::Write { offset, bytes } => {
                let end = offset + bytes.len();
                if to.len() < end {
                    to.resize(end, 0);
                }
                if let Some(place) = to.get_mut(*offset..end) {
                    place.copy_from_slice(bytes);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_synced_stays_and_of_the_rest_a_beginning() {
        let (mut kept_all, mut kept_none, mut torn) = (false, false, false);
        for seed in 0..200 {
            let mut file = FileBytes::default();
            file.write(0, &[1; 1024]);
            file.sync();
            file.write(0, &[2; 1024]);
            file.write(1024, &[3; 10]);
            let after = file.after_power_loss(&mut fastrand::Rng::with_seed(seed)).now;
            match (after.len(), after.first(), after.get(1023)) {
                (1034, Some(2), Some(2)) => kept_all = true,
                (1024, Some(1), Some(1)) => kept_none = true,
                (1024, Some(2), Some(1)) => torn = true,
                (1024, Some(2), Some(2)) => {}
                other => panic!("seed {seed}: {other:?}"),
            }
        }
        assert!(kept_all && kept_none && torn);
    }

    #[test]
    fn nothing_of_a_synced_file_is_forgotten() {
        let mut file = FileBytes::default();
        file.write(3, b"abc");
        file.resize(5);
        file.sync();
        for seed in 0..20 {
            let after = file.after_power_loss(&mut fastrand::Rng::with_seed(seed));
            assert_eq!(after.read(0, 100), b"\0\0\0ab");
        }
    }
}
