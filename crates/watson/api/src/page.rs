//! Long lists come in pages: `next` of one answer is `cursor` of the next request. A cursor says where the last page
//! ended, so that rows that are added meanwhile shift nothing.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::limits::{DEFAULT_ROWS, MAX_CURSOR_CHARS, MAX_ROWS};
use crate::problem::Failure;

/// Which page.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Paging {
    /// Rows of the answer at most.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
    /// `next` of the page before; without it, the first page.
    #[param(max_length = 200)]
    cursor: Option<String>,
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Page<T> {
    /// The rows.
    pub(crate) items: Vec<T>,
    /// The cursor of the next page; null where this is the last one.
    pub(crate) next: Option<String>,
}

impl<T> Page<T> {
    /// A list that is always whole.
    pub(crate) fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }

    /// A page of `limit` rows; `cursor` says where a row stands.
    pub(crate) fn new(items: Vec<T>, limit: i64, cursor: impl Fn(&T) -> String) -> Self {
        let full = i64::try_from(items.len()).is_ok_and(|rows| rows >= limit);
        let next = items.last().filter(|_| full).map(cursor);
        Self { items, next }
    }

    pub(crate) fn map<U>(self, each: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(each).collect(), next: self.next }
    }
}

impl Paging {
    /// Rows that are wanted.
    pub(crate) fn limit(&self) -> Result<i64, Failure> {
        match self.limit {
            None => Ok(DEFAULT_ROWS),
            Some(limit) if (1..=MAX_ROWS).contains(&limit) => Ok(limit),
            Some(limit) => Err(Failure::Malformed(format!("limit: {limit} is not between 1 and {MAX_ROWS}"))),
        }
    }

    /// The cursor as its number.
    pub(crate) fn number(&self) -> Result<Option<i64>, Failure> {
        self.text()?.map(|text| text.parse().map_err(|_| bad_cursor())).transpose()
    }

    /// The cursor as a time and an id.
    pub(crate) fn time_and_id(&self) -> Result<Option<(i64, String)>, Failure> {
        let Some(text) = self.text()? else { return Ok(None) };
        let (ms, id) = text.split_once('_').ok_or_else(bad_cursor)?;
        Ok(Some((ms.parse().map_err(|_| bad_cursor())?, id.to_owned())))
    }

    fn text(&self) -> Result<Option<&str>, Failure> {
        match self.cursor.as_deref() {
            Some(text) if text.is_empty() || text.len() > MAX_CURSOR_CHARS => Err(bad_cursor()),
            text => Ok(text),
        }
    }
}

fn bad_cursor() -> Failure {
    Failure::Malformed("cursor: this is not the `next` of an earlier page".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_page_has_a_next_one() {
        assert_eq!(Page::new(vec![5, 6], 2, i32::to_string).next.as_deref(), Some("6"));
        assert_eq!(Page::new(vec![5], 2, i32::to_string).next, None);
        assert_eq!(Page::new(Vec::<i32>::new(), 2, i32::to_string).next, None);
    }

    #[test]
    fn strange_cursors_are_refused() {
        let of = |text: &str| Paging { limit: None, cursor: Some(text.to_owned()) };
        assert_eq!(of("7").number().unwrap(), Some(7));
        assert!(of("x").number().is_err() && of("").number().is_err());
        assert_eq!(of("7_a_b").time_and_id().unwrap(), Some((7, "a_b".to_owned())));
        assert!(of("7").time_and_id().is_err() && of(&"1".repeat(201)).number().is_err());
    }
}
