//! Why bytes from the wire are refused. Each variant has a short stable name for counters.

/// A body that is no level 1 message. The sentences go back to the sender as they are, so they repeat no more than
/// the names of elements and attributes, which are ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// More bytes than a body may have.
    #[error("the body has {actual_bytes} bytes, more than the limit of {limit_bytes}")]
    TooLarge {
        /// Bytes that came.
        actual_bytes: usize,
        /// Bytes that are allowed.
        limit_bytes: usize,
    },
    /// Neither UTF-16 nor UTF-8.
    #[error("the body is not valid {0}")]
    Encoding(&'static str),
    /// No well-formed XML.
    #[error("the body is not well-formed XML (at character offset {position} after decoding to UTF-8)")]
    Malformed {
        /// Offset in bytes of the decoded text.
        position: u64,
    },
    /// A document type definition or an entity beyond XML's own five.
    #[error("document types and entities of one's own are not allowed")]
    Entities,
    /// The root element is another one.
    #[error("the root element is not WERREPORT")]
    NotAReport,
    /// A required element or attribute is not there.
    #[error("{element} has no {attribute}")]
    Missing {
        /// Element.
        element: &'static str,
        /// Attribute; "element" where the element itself is missing.
        attribute: &'static str,
    },
    /// An element that may be there once is there twice, or two parameters share an id.
    #[error("{0} is there more than once")]
    Repeated(&'static str),
    /// A number that is none, or is outside its range.
    #[error("{0} is no number in its range")]
    Number(&'static str),
    /// A text beyond its limit.
    #[error("{name} is longer than {limit_chars} characters")]
    TooLong {
        /// Attribute or key.
        name: &'static str,
        /// Characters that are allowed.
        limit_chars: usize,
    },
    /// More of something than is allowed.
    #[error("there are more than {limit} {what}")]
    TooMany {
        /// Plural noun.
        what: &'static str,
        /// Limit.
        limit: usize,
    },
    /// A response body without any line that MS-CER2 knows: a proxy's page, for example.
    #[error("the answer holds no line of MS-CER2: it does not come from an error reporting server")]
    NotAResponse,
    /// A manifest of an upload in pieces that is none, or lies.
    #[error("the manifest is not good: {0}")]
    Manifest(&'static str),
}

impl WireError {
    /// Short stable name, for counters.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "too_large",
            Self::Encoding(_) => "encoding",
            Self::Malformed { .. } => "malformed_xml",
            Self::Entities => "entities",
            Self::NotAReport => "not_a_report",
            Self::Missing { .. } => "missing",
            Self::Repeated(_) => "repeated",
            Self::Number(_) => "number",
            Self::TooLong { .. } => "too_long",
            Self::TooMany { .. } => "too_many",
            Self::NotAResponse => "not_a_response",
            Self::Manifest(_) => "manifest",
        }
    }
}
