//! Downloads: always attachments, never shown, never under a name from outside.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use tokio_util::io::ReaderStream;

use crate::limits::MAX_NAME_CHARS;
use crate::problem::Problem;
use crate::router::Pages;

/// What keeps a browser from opening bytes of strangers.
pub(crate) const ATTACHMENT_HEADERS: [(HeaderName, HeaderValue); 2] = [
    (header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")),
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'")),
];

/// `/reports/{id}/cab`: the cab as it came.
pub(crate) async fn cab(State(pages): State<Pages>, Path(id): Path<String>) -> Result<Response, Problem> {
    let row = pages.store.report(&id).await?.ok_or(Problem::NotFound)?;
    let blob = pages.store.blob_file(&row.blob).await?;
    let file = tokio::fs::File::open(blob.path()).await?;
    let length = file.metadata().await?.len();
    let headers = [
        (header::CONTENT_LENGTH, length.to_string()),
        // The id is the store's own: hex digits and hyphens.
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}.cab\"", row.id)),
    ];
    Ok((ATTACHMENT_HEADERS, headers, Body::from_stream(ReaderStream::new(file))).into_response())
}

/// `/reports/{id}/files/{number}`: one file of the cab, by its place in the report's list.
pub(crate) async fn file(
    State(pages): State<Pages>,
    Path((id, number)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let row = pages.store.report(&id).await?.ok_or(Problem::NotFound)?;
    let number: usize = number.parse().map_err(|_| Problem::NotFound)?;
    let file =
        row.reading.and_then(|reading| reading.files.into_iter().nth(number)).ok_or(Problem::NotFound)?;
    let disposition = format!("attachment; filename=\"{}\"", plain_name(&file.name));
    let blob = pages.store.blob_file(&row.blob).await?;
    let opened = (pages.members)(blob, file.name).await?;
    let headers = [(header::CONTENT_DISPOSITION, disposition)];
    Ok((ATTACHMENT_HEADERS, headers, Body::from_stream(ReaderStream::new(opened))).into_response())
}

/// A name that is harmless in a header and in a folder.
fn plain_name(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '_' };
    let name: String = name.chars().map(plain).take(MAX_NAME_CHARS).collect();
    if name.trim_matches('.').is_empty() {
        "file".to_owned()
    } else {
        name.trim_start_matches('.').to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_harmless() {
        assert_eq!(plain_name("minidump.mdmp"), "minidump.mdmp");
        assert_eq!(plain_name("a\"; x=\r\n../b"), "a___x___.._b");
        assert_eq!(
            (plain_name(".."), plain_name(""), plain_name(".bashrc")),
            ("file".into(), "file".into(), "bashrc".into())
        );
    }
}
