//! Where blobs are to be kept, as people write it: a folder, or `s3://BUCKET/PREFIX?endpoint=URL&region=NAME`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::limits::DEFAULT_CACHE_BYTES;

/// A place for blobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlobsAt {
    /// A folder of this machine, or one that machines share.
    Folder(PathBuf),
    /// A bucket.
    S3(S3Settings),
}

/// An S3-compatible store. What is not said here is read from the usual environment: `AWS_ENDPOINT_URL`, `AWS_REGION`,
/// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_VIRTUAL_HOSTED_STYLE_REQUEST`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Settings {
    /// The bucket; it must be there.
    pub bucket: String,
    /// What names of objects begin with; may be empty.
    pub prefix: String,
    /// `http://` or `https://`; `None` = the environment's, or Amazon's own.
    pub endpoint: Option<String>,
    /// Its region.
    pub region: Option<String>,
    /// The bucket is in the path and not in the host's name. `None` = the environment's, or in the path.
    pub path_style: Option<bool>,
    /// `None` = the environment's, or the machine's own role.
    pub credentials: Option<S3Credentials>,
    /// Bytes of blobs that are kept as files of this machine.
    pub cache_bytes: u64,
}

/// A key of an S3 store.
#[derive(Clone, PartialEq, Eq)]
pub struct S3Credentials {
    /// Its name.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: String,
}

impl fmt::Debug for S3Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Credentials").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

impl S3Settings {
    /// A bucket, with everything else from the environment.
    #[must_use]
    pub fn new(bucket: &str, prefix: &str) -> Self {
        Self {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
            endpoint: None,
            region: None,
            path_style: None,
            credentials: None,
            cache_bytes: DEFAULT_CACHE_BYTES,
        }
    }

    /// For people.
    #[must_use]
    pub fn name(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix)
    }
}

/// What is wrong with a place for blobs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {what}; write a folder, or s3://BUCKET/PREFIX?endpoint=URL&region=NAME&path_style=true")]
pub struct BadBlobsAt {
    place: String,
    what: String,
}

impl FromStr for BlobsAt {
    type Err = BadBlobsAt;

    fn from_str(text: &str) -> Result<Self, BadBlobsAt> {
        let bad = |what: &str| BadBlobsAt { place: text.to_owned(), what: what.to_owned() };
        let Some(rest) = text.strip_prefix("s3://") else {
            return match text.split_once("://") {
                Some((scheme, _)) => Err(bad(&format!("there are no blobs at {scheme}:"))),
                None if text.is_empty() => Err(bad("it is empty")),
                None => Ok(Self::Folder(text.into())),
            };
        };
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (bucket, prefix) = path.split_once('/').unwrap_or((path, ""));
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        if bucket.is_empty() || !bucket.chars().all(is_plain) {
            return Err(bad("the bucket's name is missing, or is none"));
        }
        let prefix = prefix.trim_matches('/');
        let is_part = |part: &str| !matches!(part, "" | "." | "..") && part.chars().all(is_plain);
        if !prefix.is_empty() && !prefix.split('/').all(is_part) {
            return Err(bad(
                "a part of the prefix has other characters than letters, digits, '-', '.' and '_'",
            ));
        }
        let mut settings = S3Settings::new(bucket, prefix);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match (name, value) {
                ("endpoint", url) if url.starts_with("http://") || url.starts_with("https://") => {
                    settings.endpoint = Some(url.trim_end_matches('/').to_owned());
                }
                ("endpoint", _) => return Err(bad("an endpoint begins with http:// or https://")),
                ("region", region) if !region.is_empty() => settings.region = Some(region.to_owned()),
                ("path_style", "true") => settings.path_style = Some(true),
                ("path_style", "false") => settings.path_style = Some(false),
                _ => return Err(bad(&format!("'{name}' is not known, or has no such value"))),
            }
        }
        Ok(Self::S3(settings))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_as_people_write_them() {
        assert_eq!("/var/blobs".parse(), Ok(BlobsAt::Folder("/var/blobs".into())));
        assert_eq!("s3://b".parse(), Ok(BlobsAt::S3(S3Settings::new("b", ""))));
        let full = "s3://my.bucket/a/b/?endpoint=http://127.0.0.1:9000/&region=x&path_style=true";
        let expected = S3Settings {
            endpoint: Some("http://127.0.0.1:9000".into()),
            region: Some("x".into()),
            path_style: Some(true),
            ..S3Settings::new("my.bucket", "a/b")
        };
        assert_eq!(full.parse(), Ok(BlobsAt::S3(expected)));
        for bad in [
            "",
            "s3://",
            "s3:///prefix",
            "s3://b/a b",
            "s3://b/../c",
            "s3://b/a//c",
            "s3://key:secret@b/x",
            "s3://b?endpoint=ftp://x",
            "s3://b?secret=x",
            "gs://b",
        ] {
            assert!(bad.parse::<BlobsAt>().is_err(), "{bad}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let credentials = S3Credentials { access_key_id: "id".into(), secret_access_key: "hush".into() };
        let settings = S3Settings { credentials: Some(credentials), ..S3Settings::new("b", "") };
        assert!(!format!("{settings:?}").contains("hush"));
    }
}
