//! Level 1 bodies as they are kept: packed, since they are most of what a hit costs on disk and on its way there.

use lz4_flex::block::{compress_prepend_size, decompress_size_prepended};

use crate::DbError;
use crate::limits::MAX_LEVEL1_BODY_BYTES;
use crate::sql::{Database, sql};

/// As it came.
const PLAIN: i64 = 0;
/// A block of LZ4, after the body's size in 4 bytes, little endian.
const LZ4: i64 = 1;

/// A level 1 body, packed where that makes it smaller: once, by whoever took the body, before it waits for its commit.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Level1Body {
    packing: i64,
    bytes: Vec<u8>,
}

impl From<Vec<u8>> for Level1Body {
    fn from(plain: Vec<u8>) -> Self {
        let packed = compress_prepend_size(&plain);
        // What is kept must also be read again.
        if packed.len() < plain.len() && plain.len() <= MAX_LEVEL1_BODY_BYTES {
            Self { packing: LZ4, bytes: packed }
        } else {
            Self { packing: PLAIN, bytes: plain }
        }
    }
}

impl Level1Body {
    /// As the columns of a row have it.
    pub(crate) fn of_columns(packing: i64, bytes: Vec<u8>) -> Self {
        Self { packing, bytes }
    }

    /// For the columns of a row: packing and bytes.
    pub(crate) fn columns(&self) -> (i64, &[u8]) {
        (self.packing, &self.bytes)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The body as it came.
    ///
    /// # Errors
    /// [`DbError::Row`]: the row holds no whole packed body, one of a newer version, or one that is larger than
    /// [`MAX_LEVEL1_BODY_BYTES`].
    pub fn into_plain(self) -> Result<Vec<u8>, DbError> {
        const BAD: DbError = DbError::Row("packed level 1 body");
        match self.packing {
            PLAIN => Ok(self.bytes),
            LZ4 => {
                let size = self.bytes.first_chunk().map(|size| u32::from_le_bytes(*size)).ok_or(BAD)?;
                let size = usize::try_from(size).map_err(|_| BAD)?;
                if size > MAX_LEVEL1_BODY_BYTES {
                    return Err(BAD);
                }
                let plain = decompress_size_prepended(&self.bytes).map_err(|_| BAD)?;
                if plain.len() == size { Ok(plain) } else { Err(BAD) }
            }
            _ => Err(BAD),
        }
    }
}

/// The first and the last number of all bodies. Asked for one by one: for both at once, SQLite reads the whole table.
pub(crate) async fn body_numbers(database: &Database) -> Result<Option<(i64, i64)>, DbError> {
    let ends = sql("SELECT (SELECT min(seq) FROM raw), (SELECT max(seq) FROM raw)");
    let ends: Option<(Option<i64>, Option<i64>)> = database.row(ends).await?;
    Ok(ends.and_then(|(first, last)| first.zip(last)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(plain: &[u8]) -> usize {
        let body = Level1Body::from(plain.to_vec());
        let (packing, bytes) = body.columns();
        let kept_bytes = bytes.len();
        let read = Level1Body::of_columns(packing, bytes.to_vec());
        assert_eq!(read, body);
        assert!(read.into_plain().unwrap() == plain, "{} bytes come back as they were", plain.len());
        kept_bytes
    }

    #[test]
    fn what_is_kept_is_smaller_and_comes_back_byte_for_byte() {
        let text: Vec<u8> = "<PARAMETER NAME=\"P1\" VALUE=\"app.exe\" />\r\n"
            .repeat(60)
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert!(there_and_back(&text) * 4 < text.len());
        let largest = vec![b'a'; MAX_LEVEL1_BODY_BYTES];
        assert!(there_and_back(&largest) < 10_000);
    }

    #[test]
    fn what_packing_would_make_larger_is_kept_as_it_came() {
        assert_eq!(there_and_back(b""), 0);
        assert_eq!(there_and_back(b"<a/>"), 4);
        // A body that looks packed is none the less what came.
        let pretends = compress_prepend_size(b"<WERREPORT/>");
        assert_eq!(there_and_back(&pretends), pretends.len());
        let larger = vec![b'a'; MAX_LEVEL1_BODY_BYTES + 1];
        assert_eq!(there_and_back(&larger), larger.len());
    }

    #[test]
    fn a_row_that_somebody_else_wrote_is_refused_not_believed() {
        let text = b"<a></a>".repeat(100);
        let (packing, bytes) = (LZ4, compress_prepend_size(&text));
        let read = |packing, bytes: &[u8]| Level1Body::of_columns(packing, bytes.to_vec()).into_plain();
        assert_eq!(read(packing, &bytes).unwrap(), text);
        for cut in 0..bytes.len() {
            assert!(read(packing, &bytes[..cut]).is_err(), "{cut} bytes of {}", bytes.len());
        }
        assert!(read(packing, &text).is_err());
        assert!(read(2, &bytes).is_err());
        let lies = [&u32::MAX.to_le_bytes(), &bytes[4..]].concat();
        assert!(read(packing, &lies).is_err(), "4 GiB are not made room for");
        let bomb = compress_prepend_size(&vec![0; MAX_LEVEL1_BODY_BYTES + 1]);
        assert!(read(packing, &bomb).is_err());
    }
}
