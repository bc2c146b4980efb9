//! What can still be read in a damaged database. Only a copy is opened: the damaged file stays as it was found.

use super::Evidence;
use crate::triage::{Change, Suppression};
use rusqlite::{Connection, Row};
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What was read out of a damaged file.
#[derive(Debug, Default)]
pub(super) struct Rescued {
    pub changes: Vec<Change>,
    pub suppressions: Vec<Suppression>,
    pub evidence: Vec<Evidence>,
}

/// Reads all that can be read; nothing where the file is no database any more.
pub(super) fn rescue(aside: &Path) -> Rescued {
    let beside = |suffix: &str| {
        let mut name = aside.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    let copy = beside(".copy");
    let copies = [(aside.to_owned(), copy.clone()), (beside("-wal"), beside(".copy-wal"))];
    let made = copies.iter().all(|(from, to)| !from.exists() || fs::copy(from, to).is_ok());
    let rescued = if made { read(&copy) } else { Rescued::default() };
    for suffix in [".copy", ".copy-wal", ".copy-shm"] {
        let _ = fs::remove_file(beside(suffix));
    }
    rescued
}

fn read(copy: &Path) -> Rescued {
    let Ok(connection) = Connection::open(copy) else { return Rescued::default() };
    let body = |row: &Row<'_>| row.get::<_, String>(1);
    let mut rescued = Rescued::default();
    let mut seen = HashSet::new();
    for (_, body) in rows(&connection, "changes", "seq, body", "seq", body) {
        if let Ok(change) = serde_json::from_str::<Change>(&body)
            && change.clone().identified().id == change.id
            && seen.insert(change.id.clone())
        {
            rescued.changes.push(change);
        }
    }
    let mut suppressions: Vec<(i64, Suppression)> =
        rows(&connection, "suppressions", "seq, body", "seq", body)
            .into_iter()
            .filter_map(|(seq, body)| Some((seq, serde_json::from_str(&body).ok()?)))
            .collect();
    suppressions.sort_by_key(|(seq, _)| *seq);
    suppressions.dedup_by_key(|(seq, _)| *seq);
    rescued.suppressions = suppressions.into_iter().map(|(_, made)| made).collect();
    let mut seen = HashSet::new();
    let columns = "rowid, record, sha256";
    for (_, (record, sha256)) in rows(&connection, "evidence", columns, "rowid", |row| {
        Ok((row.get::<_, Vec<u8>>(1)?, row.get::<_, String>(2)?))
    }) {
        let evidence = Evidence::of(record);
        if evidence.sha256 == sha256 && seen.insert(sha256) {
            rescued.evidence.push(evidence);
        }
    }
    rescued
}

/// Rows of a table from its beginning up to the damage, and from its end down to it.
fn rows<T>(
    connection: &Connection,
    table: &str,
    columns: &str,
    order: &str,
    read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
) -> Vec<(i64, T)> {
    let mut found = Vec::new();
    for direction in ["ASC", "DESC"] {
        let sql = format!("SELECT {columns} FROM {table} ORDER BY {order} {direction}");
        let Ok(mut select) = connection.prepare(&sql) else { continue };
        let Ok(mut rows) = select.query([]) else { continue };
        let mut is_whole = false;
        loop {
            match rows.next() {
                Ok(Some(row)) => {
                    if let (Ok(place), Ok(value)) = (row.get(0), read(row)) {
                        found.push((place, value));
                    }
                }
                Ok(None) => {
                    is_whole = true;
                    break;
                }
                Err(_) => break,
            }
        }
        if is_whole {
            break;
        }
    }
    found
}
