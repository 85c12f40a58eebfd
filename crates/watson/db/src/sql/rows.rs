//! Many rows in few statements.

use crate::DbError;
use crate::sql::{Arg, Row, Tx, sql};

/// Rows of one statement at most. Chunks are powers of two, so that few texts are prepared.
const MAX_CHUNK_ROWS: usize = 64;

/// Inserts `rows`, each of `columns` values, in their order, and answers with what `after` returns.
///
/// `before` is `INSERT INTO t (a, b)`, `after` is `ON CONFLICT ... RETURNING ...`.
pub(crate) async fn insert<T: Row>(
    tx: &mut Tx,
    before: &str,
    after: &str,
    columns: usize,
    rows: Vec<Arg>,
) -> Result<Vec<T>, DbError> {
    let mut returned = Vec::new();
    let mut left = rows.len() / columns.max(1);
    let mut values = rows.into_iter();
    while left > 0 {
        let chunk = MAX_CHUNK_ROWS.min(1 << left.ilog2());
        let statement = sql(text(before, after, columns, chunk));
        let statement = statement.bind_all(values.by_ref().take(chunk * columns));
        returned.extend(tx.rows(statement).await?);
        left -= chunk;
    }
    Ok(returned)
}

fn text(before: &str, after: &str, columns: usize, rows: usize) -> String {
    let mut text = format!("{before} VALUES ");
    let mut number = 0;
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..columns {
            number += 1;
            text.push_str(if column == 0 { "$" } else { ", $" });
            text.push_str(&number.to_string());
        }
        text.push(')');
    }
    text.push(' ');
    text.push_str(after);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_numbered_through() {
        assert_eq!(text("I t (a, b)", "R", 2, 2), "I t (a, b) VALUES ($1, $2), ($3, $4) R");
    }
}
