//! The one `SQLite` file that holds decisions, suppressions and evidence. Nothing else in the program speaks SQL.
//!
//! WAL and `synchronous=FULL`: what [`Db::save`] returned `Ok` for survives a kill and a power cut. Several consoles may
//! have it open at once. A file that is not ours is never touched; a corrupt one is put aside, never overwritten, and what
//! can still be read in it is taken over.

mod rescue;

use super::key::hex;
use super::{Change, Suppression};
use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, ffi, params};
use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// `cdge`, `SQLite`'s `application_id` of our files.
const APPLICATION: i64 = 0x6364_6765;

/// Migrations by version, from 1. Only ever added.
const MIGRATIONS: &[&str] = &[include_str!("migrations/0001.sql")];

/// How long to wait for another writer before a save counts as failed.
const PATIENCE: Duration = Duration::from_millis(1500);

/// What keeps decisions from being saved: what is wrong, and what to do about it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Fault {
    #[error("the triage database is locked by another program; close it, or wait ({0})")]
    Locked(PathBuf),
    #[error(
        "the triage database cannot be written (read-only); make it writable, or set XDG_STATE_HOME ({0})"
    )]
    ReadOnly(PathBuf),
    #[error(
        "{}; make room for the triage database, or set XDG_STATE_HOME ({})",
        crate::private::FULL,
        .0.display()
    )]
    Full(PathBuf),
    #[error(
        "the triage database is another program's and is left alone; move it away, or set XDG_STATE_HOME ({0})"
    )]
    Foreign(PathBuf),
    #[error(
        "the triage database was written by a newer cadge and is left alone; use that version ({0})"
    )]
    Newer(PathBuf),
    #[error(
        "the triage database is damaged and left as it is; the console and the next decision put it aside and take over what can be read ({0})"
    )]
    Corrupt(PathBuf),
    #[error("the triage database: {why} ({path})")]
    Other { path: PathBuf, why: String },
}

/// One raw record kept with a decision, so that the log may go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Of the record's bytes, in hexadecimal digits.
    pub sha256: String,
    pub record: Vec<u8>,
}

impl Evidence {
    /// Takes a record with its hash.
    pub fn of(record: Vec<u8>) -> Self {
        use sha2::{Digest, Sha256};
        let sha256 = hex(&Sha256::digest(&record));
        Self { sha256, record }
    }
}

/// How long evidence is kept; decisions stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    pub days: u32,
    /// All records together, in bytes.
    pub bytes: u64,
}

impl Default for Retention {
    fn default() -> Self {
        Self { days: 365, bytes: 256 * 1024 * 1024 }
    }
}

/// An open database.
#[derive(Debug)]
pub struct Db {
    connection: Connection,
    path: PathBuf,
    /// Device and inode of the file that is open: another may have come into its place.
    file: Option<(u64, u64)>,
    /// The last change and suppression that were read or written here.
    seen: (i64, i64),
}

impl Db {
    /// Opens or makes the database; a corrupt one is renamed and the second value says so. `now` names the renamed file.
    pub fn open(path: &Path, now: Timestamp) -> Result<(Self, Option<String>), Fault> {
        prepare_folder(path)?;
        match Self::try_open(path) {
            Err(Fault::Corrupt(_)) => {
                let aside =
                    put_aside(path, now).map_err(|error| other(path, &error.to_string()))?;
                let mut db = Self::try_open(path)?;
                let rescued = rescue::rescue(&aside);
                let n = rescued.changes.len();
                db.save(&rescued.changes, &rescued.suppressions, &rescued.evidence, now)?;
                let note = format!(
                    "the triage database was damaged: it is kept as {}, a new one was begun, and {n} {} could be taken over",
                    aside.display(),
                    if n == 1 { "decision" } else { "decisions" }
                );
                Ok((db, Some(note)))
            }
            opened => opened.map(|db| (db, None)),
        }
    }

    /// Opens the database for reading alone: nothing is made, renamed or changed. `None` where there is none yet.
    pub fn open_to_read(path: &Path) -> Result<Option<Self>, Fault> {
        let fault = |error: &rusqlite::Error| fault(path, error);
        match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(other(path, &error.to_string())),
            Ok(about) if about.is_dir() => {
                return Err(other(path, "is a folder; move it away or set XDG_STATE_HOME"));
            }
            Ok(about) if about.len() == 0 && !beside(path, "-wal").exists() => return Ok(None),
            Ok(_) => {}
        }
        // Where nothing can be written SQLite reads only what needs no lock, and nobody else writes there either.
        let open = |name: &Path, flags| {
            let connection = Connection::open_with_flags(name, flags)?;
            connection.busy_timeout(PATIENCE)?;
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
            Ok::<_, rusqlite::Error>(connection)
        };
        let usual = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let opened = open(path, usual).or_else(|error| {
            let is_shut = matches!(
                error.sqlite_error_code(),
                Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen)
            );
            let is_whole = fs::metadata(beside(path, "-wal")).map_or(true, |wal| wal.len() == 0);
            if !is_shut || !is_whole {
                return Err(error);
            }
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
                | OpenFlags::SQLITE_OPEN_NO_MUTEX
                | OpenFlags::SQLITE_OPEN_URI;
            open(Path::new(&immutable(path)), flags)
        });
        let connection = opened.map_err(|error| match fault(&error) {
            Fault::ReadOnly(path) => other(&path, &format!("it cannot be read: {error}")),
            fault => fault,
        })?;
        let version = inspect(path, &connection)?;
        if version == 0 {
            return Ok(None);
        }
        let file = identity(path);
        Ok(Some(Self { connection, path: path.to_owned(), file, seen: (0, 0) }))
    }

    fn try_open(path: &Path) -> Result<Self, Fault> {
        let fault = |error: &rusqlite::Error| fault(path, error);
        // SQLite takes an empty file for a new database; making it ourselves gives it its mode.
        let made = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        match made {
            Ok(_) => sync_folder(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(io_fault(path, &error)),
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(|e| fault(&e))?;
        connection.busy_timeout(PATIENCE).map_err(|e| fault(&e))?;
        let version = inspect(path, &connection)?;
        connection
            .execute_batch(
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA trusted_schema=OFF;",
            )
            .map_err(|e| fault(&e))?;
        let file = identity(path);
        let mut db = Self { connection, path: path.to_owned(), file, seen: (0, 0) };
        // Whoever holds the database for writing does not keep others from reading what is of this form already.
        if version < MIGRATIONS.len() {
            db.migrate()?;
        }
        Ok(db)
    }

    fn migrate(&mut self) -> Result<(), Fault> {
        let Self { connection, path, .. } = self;
        let fault = |error: &rusqlite::Error| fault(path, error);
        let all = connection
            .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
            .map_err(|e| fault(&e))?;
        let version: i64 = all
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .map_err(|e| fault(&e))?;
        for (number, script) in (1i64..).zip(MIGRATIONS) {
            if number > version {
                all.execute_batch(script).map_err(|e| fault(&e))?;
                all.pragma_update(None, "user_version", number).map_err(|e| fault(&e))?;
            }
        }
        if version == 0 {
            all.pragma_update(None, "application_id", APPLICATION).map_err(|e| fault(&e))?;
        }
        all.commit().map_err(|e| fault(&e))
    }

    /// Writes changes, suppressions and the evidence they rest on, all or none; durable when it returns `Ok`.
    /// What is there already is not written twice.
    pub fn save(
        &mut self,
        changes: &[Change],
        suppressions: &[Suppression],
        evidence: &[Evidence],
        now: Timestamp,
    ) -> Result<(), Fault> {
        let Self { connection, path, .. } = self;
        let fault = |error: &rusqlite::Error| fault(path, error);
        let all = connection
            .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
            .map_err(|e| fault(&e))?;
        for change in changes {
            all.execute(
                "INSERT OR IGNORE INTO changes (id, body) VALUES (?1, ?2)",
                params![change.id, body(change)],
            )
            .map_err(|e| fault(&e))?;
        }
        for suppression in suppressions {
            all.execute(
                "INSERT INTO suppressions (id, body) SELECT ?1, ?2
                 WHERE NOT EXISTS (SELECT 1 FROM suppressions WHERE id = ?1 AND body = ?2)",
                params![suppression.id, body(suppression)],
            )
            .map_err(|e| fault(&e))?;
        }
        for Evidence { sha256, record } in evidence {
            all.execute(
                "INSERT OR IGNORE INTO evidence (sha256, kept_at, record) VALUES (?1, ?2, ?3)",
                params![sha256, now.as_second(), record],
            )
            .map_err(|e| fault(&e))?;
        }
        all.commit().map_err(|e| fault(&e))
    }

    /// Changes and suppressions written since the last call, by anyone, this process included. The first call gives all.
    /// The latest text of a suppression counts. A body that cannot be read is skipped and named.
    pub fn news(&mut self) -> Result<News, Fault> {
        let mut news = News::default();
        let since = |seq, table| {
            let sql = format!("SELECT seq, body FROM {table} WHERE seq > ?1 ORDER BY seq");
            let mut select = self.connection.prepare_cached(&sql)?;
            let rows = select
                .query_map([seq], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))?;
            rows.collect::<Result<Vec<_>, _>>()
        };
        let changes = since(self.seen.0, "changes").map_err(|e| fault(&self.path, &e))?;
        let suppressions = since(self.seen.1, "suppressions").map_err(|e| fault(&self.path, &e))?;
        for (seq, body) in changes {
            self.seen.0 = seq;
            match serde_json::from_str(&body) {
                Ok(change) => news.changes.push(change),
                Err(error) => news.problems.push(format!("change {seq} cannot be read: {error}")),
            }
        }
        for (seq, body) in suppressions {
            self.seen.1 = seq;
            match serde_json::from_str(&body) {
                Ok(suppression) => news.suppressions.push(suppression),
                Err(error) => {
                    news.problems.push(format!("suppression {seq} cannot be read: {error}"));
                }
            }
        }
        Ok(news)
    }

    /// All kept records.
    pub fn all_evidence(&self) -> Result<Vec<Evidence>, Fault> {
        let read = || {
            let mut select = self.connection.prepare("SELECT sha256, record FROM evidence")?;
            let rows = select
                .query_map([], |row| Ok(Evidence { sha256: row.get(0)?, record: row.get(1)? }))?;
            rows.collect::<Result<Vec<_>, rusqlite::Error>>()
        };
        read().map_err(|e| fault(&self.path, &e))
    }

    /// A kept record by its hash.
    pub fn evidence(&self, sha256: &str) -> Result<Option<Vec<u8>>, Fault> {
        self.connection
            .query_row("SELECT record FROM evidence WHERE sha256 = ?1", [sha256], |row| row.get(0))
            .optional()
            .map_err(|e| fault(&self.path, &e))
    }

    /// Drops evidence that is too old, then the oldest until the rest is small enough; gives the number of records dropped.
    pub fn retire(&self, keep: Retention, now: Timestamp) -> Result<usize, Fault> {
        let oldest = now.as_second().saturating_sub(i64::from(keep.days) * 86_400);
        let bytes = i64::try_from(keep.bytes).unwrap_or(i64::MAX);
        let sql = "DELETE FROM evidence WHERE kept_at < ?1 OR sha256 IN (
                     SELECT sha256 FROM (SELECT sha256, sum(length(record)) OVER (ORDER BY kept_at DESC, sha256) AS total
                                         FROM evidence) WHERE total > ?2)";
        self.connection.execute(sql, params![oldest, bytes]).map_err(|e| fault(&self.path, &e))
    }

    /// When a source was last looked at, in its alerts' own time.
    pub fn looked(&self, source: &str) -> Result<Option<Timestamp>, Fault> {
        let seconds: Option<i64> = self
            .connection
            .query_row("SELECT at FROM looked WHERE source = ?1", [source], |row| row.get(0))
            .optional()
            .map_err(|e| fault(&self.path, &e))?;
        Ok(seconds.and_then(|ns| Timestamp::from_nanosecond(ns.into()).ok()))
    }

    /// Remembers up to when a source was looked at.
    pub fn look(&self, source: &str, at: Timestamp) -> Result<(), Fault> {
        let ns = i64::try_from(at.as_nanosecond()).unwrap_or(i64::MAX);
        let sql = "INSERT INTO looked (source, at) VALUES (?1, ?2)
                   ON CONFLICT (source) DO UPDATE SET at = max(at, excluded.at)";
        self.connection
            .execute(sql, params![source, ns])
            .map(|_| ())
            .map_err(|e| fault(&self.path, &e))
    }

    /// Whether the file that is open is still the one at its path: it may have been deleted, moved or put aside.
    pub fn is_in_place(&self) -> bool {
        identity(&self.path) == self.file
    }

    /// Device and inode of the file that is open.
    pub(super) fn file(&self) -> Option<(u64, u64)> {
        self.file
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// What came into the database since it was last asked.
#[derive(Debug, Default)]
pub struct News {
    pub changes: Vec<Change>,
    pub suppressions: Vec<Suppression>,
    /// Rows that could not be read, in words.
    pub problems: Vec<String>,
}

/// The form of a database, by its number, once it is known to be ours and whole.
fn inspect(path: &Path, connection: &Connection) -> Result<usize, Fault> {
    let fault = |error: &rusqlite::Error| fault(path, error);
    let number = |name: &str| {
        connection
            .pragma_query_value(None, name, |row| row.get::<_, i64>(0))
            .map_err(|error| fault(&error))
    };
    let (application, version) = (number("application_id")?, number("user_version")?);
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(|e| fault(&e))?;
    if application != APPLICATION && (application != 0 || tables > 0) {
        return Err(Fault::Foreign(path.to_owned()));
    }
    let version = usize::try_from(version).unwrap_or(usize::MAX);
    if version > MIGRATIONS.len() {
        return Err(Fault::Newer(path.to_owned()));
    }
    let check: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|e| fault(&e))?;
    if check != "ok" {
        return Err(Fault::Corrupt(path.to_owned()));
    }
    Ok(version)
}

/// A file that `SQLite` keeps beside its database.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// The name under which `SQLite` opens a file that nobody can change.
fn immutable(path: &Path) -> std::ffi::OsString {
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut name = b"file://".to_vec();
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'?' | b'#' | b'%' => name.extend(format!("%{byte:02x}").into_bytes()),
            byte => name.push(*byte),
        }
    }
    name.extend(b"?immutable=1");
    std::ffi::OsString::from_vec(name)
}

/// Device and inode of the file at a path.
fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).ok().map(|about| (about.dev(), about.ino()))
}

/// A file that was made survives a power cut only when its folder was written too.
fn sync_folder(path: &Path) {
    if let Some(folder) = path.parent().and_then(|folder| fs::File::open(folder).ok()) {
        // Not every file system can; SQLite's own promise does not hang on it.
        let _ = folder.sync_all();
    }
}

fn body(value: &impl serde::Serialize) -> String {
    // Our own types hold no maps with keys that JSON cannot write; an empty body would be named when read.
    serde_json::to_string(value).unwrap_or_default()
}

fn prepare_folder(path: &Path) -> Result<(), Fault> {
    let folder =
        path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|e| io_fault(path, &e))?;
    let about = fs::metadata(folder).map_err(|e| io_fault(path, &e))?;
    if about.uid() != rustix::process::geteuid().as_raw() && about.uid() != 0 {
        return Err(other(path, "its folder belongs to somebody else"));
    }
    if about.mode() & 0o022 != 0 && about.mode() & 0o1000 == 0 {
        return Err(other(path, "its folder can be written by others: chmod go-w it"));
    }
    if path.is_dir() {
        return Err(other(path, "is a folder; move it away or set XDG_STATE_HOME"));
    }
    Ok(())
}

fn put_aside(path: &Path, now: Timestamp) -> io::Result<PathBuf> {
    let named = |suffix: &str| beside(path, suffix);
    let aside = named(&format!(".corrupt-{}", now.as_second()));
    fs::rename(path, &aside)?;
    for suffix in ["-wal", "-shm"] {
        let beside = named(suffix);
        if beside.exists() {
            let mut name = aside.as_os_str().to_owned();
            name.push(suffix);
            fs::rename(beside, name)?;
        }
    }
    Ok(aside)
}

fn other(path: &Path, why: &str) -> Fault {
    Fault::Other { path: path.to_owned(), why: why.to_owned() }
}

fn io_fault(path: &Path, error: &io::Error) -> Fault {
    match error.kind() {
        io::ErrorKind::StorageFull => Fault::Full(path.to_owned()),
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
            Fault::ReadOnly(path.to_owned())
        }
        _ => other(path, &error.to_string()),
    }
}

fn fault(path: &Path, error: &rusqlite::Error) -> Fault {
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Fault::Locked(path),
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
            Fault::ReadOnly(path)
        }
        Some(ErrorCode::DiskFull) => Fault::Full(path),
        // A quota or a limit on the size of files: SQLite calls only "no space left" a full disk.
        Some(ErrorCode::SystemIoFailure) if is_no_room(error) => Fault::Full(path),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Fault::Corrupt(path),
        _ => Fault::Other { path, why: error.to_string() },
    }
}

fn is_no_room(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error().map(|error| error.extended_code);
    matches!(
        code,
        Some(
            ffi::SQLITE_IOERR_WRITE
                | ffi::SQLITE_IOERR_TRUNCATE
                | ffi::SQLITE_IOERR_SHMSIZE
                | ffi::SQLITE_IOERR_FSYNC
        )
    )
}

#[cfg(test)]
mod tests;
