//! Many rows in few statements.

use crate::DbError;
use crate::sql::{Arg, Column, Row, Sql, Tx, sql};

/// Rows of one statement of SQLite at most. Each number of rows is a text that is prepared once per connection.
pub(super) const MAX_CHUNK_ROWS: usize = 64;

/// Rows for a table.
pub(crate) struct Insert {
    /// `INSERT INTO t (a, b)`.
    pub(crate) before: &'static str,
    /// `ON CONFLICT ... RETURNING ...`.
    pub(crate) after: &'static str,
    /// Values of a row.
    pub(crate) columns: usize,
    /// Values, row by row; those of one column are of one kind.
    pub(crate) rows: Vec<Arg>,
}

/// Inserts `rows`, each of `columns` values, in their order, and answers with what `after` returns. See [`Insert`].
pub(crate) async fn insert<T: Row>(
    tx: &mut Tx,
    before: &'static str,
    after: &'static str,
    columns: usize,
    rows: Vec<Arg>,
) -> Result<Vec<T>, DbError> {
    run(tx, Insert { before, after, columns, rows }).await
}

async fn run<T: Row>(tx: &mut Tx, insert: Insert) -> Result<Vec<T>, DbError> {
    let Insert { before, after, columns, rows } = insert;
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
        Tx::Postgres(_) => tx.rows(column_statement([Insert { before, after, columns, rows }])?).await,
    }
}

/// Inserts into several tables, of which none reads what goes into another: one round trip where a server is asked.
pub(crate) async fn insert_into_each(
    tx: &mut Tx,
    inserts: impl IntoIterator<Item = Insert>,
) -> Result<(), DbError> {
    let inserts = inserts.into_iter().filter(|insert| !insert.rows.is_empty());
    match tx {
        Tx::Sqlite(_) => {
            for insert in inserts {
                run::<(i64,)>(tx, insert).await?;
            }
        }
        Tx::Postgres(_) => {
            let inserts: Vec<Insert> = inserts.collect();
            if !inserts.is_empty() {
                tx.execute(column_statement(inserts)?).await?;
            }
        }
    }
    Ok(())
}

/// Without names: for each named value of a statement the driver looks its name up among all of them.
fn values_text(before: &str, after: &str, columns: usize, rows: usize) -> String {
    let row = format!("({})", vec!["?"; columns].join(", "));
    format!("{before} VALUES {} {after}", vec![row.as_str(); rows].join(", "))
}

/// One text for any number of rows: each column is an array. Several inserts are `WITH` of a statement that does nothing, so
/// that they are done in the same order whichever of them are there.
fn column_statement(inserts: impl IntoIterator<Item = Insert>) -> Result<Sql, DbError> {
    let mut texts = Vec::new();
    let mut args = Vec::new();
    for Insert { before, after, columns, rows } in inserts {
        let arrays = columns_of(columns, rows)?;
        let first = args.len() + 1;
        let types: Vec<String> = arrays
            .iter()
            .zip(first..)
            .map(|(column, number)| match column {
                Column::Int(_) => format!("${number}::bigint[]"),
                Column::Text(_) => format!("${number}::text[]"),
                Column::Bytes(_) => format!("${number}::bytea[]"),
            })
            .collect();
        texts.push(format!("{before} SELECT * FROM UNNEST({}) {after}", types.join(", ")));
        args.extend(arrays.into_iter().map(Arg::Column));
    }
    let text = if texts.len() == 1 {
        texts.concat()
    } else {
        let with: Vec<String> =
            texts.into_iter().zip(1..).map(|(text, number)| format!("w{number} AS ({text})")).collect();
        format!("WITH {} SELECT", with.join(", "))
    };
    Ok(sql(text).bind_all(args))
}

fn columns_of(columns: usize, rows: Vec<Arg>) -> Result<Vec<Column>, DbError> {
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
    Ok(arrays)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_has_its_place() {
        assert_eq!(values_text("I t (a, b)", "R", 2, 2), "I t (a, b) VALUES (?, ?), (?, ?) R");
    }

    fn of(columns: usize, rows: Vec<Arg>) -> Insert {
        Insert { before: "INSERT INTO t", after: "R", columns, rows }
    }

    #[test]
    fn a_column_has_values_of_one_kind() {
        let rows = vec![Arg::from(1), Arg::from("a"), Arg::from(2), Arg::from("b")];
        assert!(column_statement([of(2, rows.clone())]).is_ok());
        assert!(column_statement([of(1, rows)]).is_err());
    }

    #[test]
    fn several_tables_are_one_statement_with_numbers_of_their_own() {
        let inserts = [of(2, vec![Arg::from(1), Arg::from("a")]), of(1, vec![Arg::from(2)])];
        assert_eq!(
            column_statement(inserts).unwrap().text,
            "WITH w1 AS (INSERT INTO t SELECT * FROM UNNEST($1::bigint[], $2::text[]) R), \
             w2 AS (INSERT INTO t SELECT * FROM UNNEST($3::bigint[]) R) SELECT"
        );
    }
}
