//! Many rows in few statements.

use crate::DbError;
use crate::sql::{Arg, Column, Row, Sql, Tx, sql};

/// Rows of one statement of SQLite at most. Each number of rows is a text that is prepared once per connection.
pub(super) const MAX_CHUNK_ROWS: usize = 64;

/// Inserts `rows`, each of `columns` values, in their order, and answers with what `after` returns.
///
/// `before` is `INSERT INTO t (a, b)`, `after` is `ON CONFLICT ... RETURNING ...`. Values of one column are of one kind.
pub(crate) async fn insert<T: Row>(
    tx: &mut Tx,
    before: &str,
    after: &str,
    columns: usize,
    rows: Vec<Arg>,
) -> Result<Vec<T>, DbError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    match tx {
        Tx::Sqlite(_) => {
            let mut returned = Vec::new();
            let mut left = rows.len() / columns.max(1);
            let mut values = rows.into_iter();
            while left > 0 {
                let chunk = MAX_CHUNK_ROWS.min(left);
                let statement = sql(values_text(before, after, columns, chunk));
                let statement = statement.bind_all(values.by_ref().take(chunk * columns));
                returned.extend(tx.rows(statement).await?);
                left -= chunk;
            }
            Ok(returned)
        }
        Tx::Postgres(_) => tx.rows(column_statement(before, after, columns, rows)?).await,
    }
}

/// Without names: for each named value of a statement the driver looks its name up among all of them.
fn values_text(before: &str, after: &str, columns: usize, rows: usize) -> String {
    let row = format!("({})", vec!["?"; columns].join(", "));
    format!("{before} VALUES {} {after}", vec![row.as_str(); rows].join(", "))
}

/// One text for any number of rows: each column is an array.
fn column_statement(before: &str, after: &str, columns: usize, rows: Vec<Arg>) -> Result<Sql, DbError> {
    const MIXED: DbError = DbError::Row("column of a statement");
    let empty = |value: &Arg| match value {
        Arg::Int(_) => Ok(Column::Int(Vec::new())),
        Arg::Text(_) => Ok(Column::Text(Vec::new())),
        Arg::Bytes(_) => Ok(Column::Bytes(Vec::new())),
        _ => Err(MIXED),
    };
    let mut arrays: Vec<Column> = rows.iter().take(columns).map(empty).collect::<Result<_, _>>()?;
    for (index, value) in rows.into_iter().enumerate() {
        match (arrays.get_mut(index % columns.max(1)), value) {
            (Some(Column::Int(values)), Arg::Int(value)) => values.push(value),
            (Some(Column::Text(values)), Arg::Text(value)) => values.push(value),
            (Some(Column::Bytes(values)), Arg::Bytes(value)) => values.push(value),
            _ => return Err(MIXED),
        }
    }
    let types: Vec<String> = arrays
        .iter()
        .zip(1..)
        .map(|(column, number)| match column {
            Column::Int(_) => format!("${number}::bigint[]"),
            Column::Text(_) => format!("${number}::text[]"),
            Column::Bytes(_) => format!("${number}::bytea[]"),
        })
        .collect();
    let text = format!("{before} SELECT * FROM UNNEST({}) {after}", types.join(", "));
    Ok(sql(text).bind_all(arrays.into_iter().map(Arg::Column)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_has_its_place() {
        assert_eq!(values_text("I t (a, b)", "R", 2, 2), "I t (a, b) VALUES (?, ?), (?, ?) R");
    }

    #[test]
    fn a_column_has_values_of_one_kind() {
        let rows = vec![Arg::from(1), Arg::from("a"), Arg::from(2), Arg::from("b")];
        assert!(column_statement("", "", 2, rows.clone()).is_ok());
        assert!(column_statement("", "", 1, rows).is_err());
    }
}
