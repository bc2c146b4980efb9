//! A folder or archive of evidence with the hashes of everything in it, and the check of one.
//!
//! A bundle is flat: its files stand beside each other under plain names.

use crate::private as file;
use crate::triage::hex;
use flate2::bufread::GzDecoder;
use flate2::{Compression, GzBuilder};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{DirBuilder, File};
use std::io::{self, BufRead, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// The list of hashes, in the form of `sha256sum --check`.
pub const SUMS: &str = "SHA256SUMS";
/// Members of an archive that are looked at; ours have eight.
const MOST_MEMBERS: usize = 10_000;
/// The largest list that is read, in bytes.
const LARGEST_SUMS: u64 = 1 << 20;

/// Whether a path asks for an archive.
pub fn is_archive(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".tar.gz") || name.ends_with(".tgz")
}

/// The first bytes of an archive of ours: gzip without a name, a time or a comment (RFC 1952).
const GZIP: [u8; 8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0];

/// A bundle while it is made: files in a hidden folder beside the place it is for. Whatever is large goes through it in
/// pieces.
#[derive(Debug)]
pub struct Making {
    folder: PathBuf,
    /// Hash and name of each file.
    sums: Vec<(String, String)>,
}

/// A file of a bundle while it is written.
#[derive(Debug)]
pub struct Writing {
    name: String,
    file: io::BufWriter<File>,
    hasher: Sha256,
}

impl Write for Writing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.file.write(bytes)?;
        self.hasher.update(bytes.get(..n).unwrap_or_default());
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Making {
    /// Begins a file.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn begin(&self, name: &str) -> io::Result<Writing> {
        let file = file::create(&self.folder.join(name))?;
        Ok(Writing { name: name.to_owned(), file: io::BufWriter::new(file), hasher: Sha256::new() })
    }

    /// Ends a file and takes its hash.
    ///
    /// # Errors
    /// When its last bytes cannot be written.
    pub fn end(&mut self, mut writing: Writing) -> io::Result<()> {
        writing.file.flush()?;
        writing.file.get_ref().sync_all()?;
        self.sums.push((hex(&writing.hasher.finalize()), writing.name));
        Ok(())
    }

    /// Writes a whole file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut writing = self.begin(name)?;
        writing.write_all(bytes)?;
        self.end(writing)
    }

    fn list(&mut self) -> io::Result<()> {
        let sums = self.sums.iter().map(|(hash, name)| format!("{hash}  {name}\n"));
        let sums: String = sums.collect();
        self.put(SUMS, sums.as_bytes())
    }
}

/// Makes a bundle from what `fill` writes: a new folder, or an archive that replaces an older one of its name.
/// `seconds` since 1970 is the time the archive's entries carry.
///
/// # Errors
/// When the folder exists, or something cannot be written. Then nothing is left behind.
pub fn write(
    path: &Path,
    seconds: u64,
    fill: impl FnOnce(&mut Making) -> io::Result<()>,
) -> io::Result<()> {
    if is_archive(path) {
        file::may_replace(path)?;
    } else if path.symlink_metadata().is_ok() {
        let why = format!("{} exists; evidence goes into a new folder", path.display());
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, why));
    }
    let beside = file::beside(path)?;
    let mut making = Making { folder: beside.clone(), sums: Vec::new() };
    let filled = DirBuilder::new()
        .mode(0o700)
        .create(&beside)
        .and_then(|()| fill(&mut making))
        .and_then(|()| making.list())
        .and_then(|()| File::open(&beside)?.sync_all());
    let written = filled.and_then(|()| {
        if !is_archive(path) {
            return std::fs::rename(&beside, path);
        }
        let packed = beside.with_extension("packed");
        let moved =
            pack(path, &making, &packed, seconds).and_then(|()| std::fs::rename(&packed, path));
        if moved.is_err() {
            let _ = std::fs::remove_file(&packed);
        }
        moved
    });
    // The files of an archive are in it; those of a folder were moved, or failed.
    let _ = std::fs::remove_dir_all(&beside);
    written.and_then(|()| file::sync_folder(path)).map_err(file::told)
}

/// Packs the files of a folder, in the order in which they were made.
fn pack(path: &Path, making: &Making, packed: &Path, seconds: u64) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let folder = file::safe_name(name.trim_end_matches(".tar.gz").trim_end_matches(".tgz"));
    let _ = std::fs::remove_file(packed);
    let out = io::BufWriter::new(file::create(packed)?);
    // No name and no time in the header: the same files give the same bytes.
    let mut archive = tar::Builder::new(GzBuilder::new().write(out, Compression::default()));
    for (_, name) in &making.sums {
        let from = File::open(making.folder.join(name))?;
        let mut header = tar::Header::new_ustar();
        header.set_size(from.metadata()?.len());
        header.set_mode(0o600);
        header.set_mtime(seconds);
        archive.append_data(&mut header, format!("{folder}/{name}"), io::BufReader::new(from))?;
    }
    let mut out = archive.into_inner()?.finish()?;
    out.flush()?;
    out.get_ref().sync_all()
}

/// What is wrong with a bundle, each as one sentence that names the file; nothing when every hash is right.
///
/// # Errors
/// When the bundle cannot be read at all.
pub fn verify(path: &Path) -> io::Result<Vec<String>> {
    let (sums, found) = if path.is_dir() { read_folder(path)? } else { read_archive(path)? };
    let Some(sums) = sums else { return Ok(vec![format!("{SUMS} is missing")]) };
    let mut wrong = Vec::new();
    let mut listed = BTreeSet::new();
    for line in String::from_utf8_lossy(&sums).lines() {
        let Some((hash, name)) = line.split_once("  ").filter(|(hash, _)| hash.len() == 64) else {
            wrong.push(format!("{SUMS} holds a line that is no hash and name"));
            continue;
        };
        if !listed.insert(name.to_owned()) {
            wrong.push(format!("{name} stands in {SUMS} twice"));
        }
        match found.get(name) {
            Some(actual) if actual == hash => {}
            Some(_) => wrong.push(format!("{name} was changed")),
            None => wrong.push(format!("{name} is missing")),
        }
    }
    if listed.is_empty() {
        wrong.push(format!("{SUMS} lists nothing"));
    }
    let others = found.keys().filter(|name| !listed.contains(*name));
    wrong.extend(others.map(|name| format!("{name} is not in {SUMS}")));
    Ok(wrong)
}

/// The list of hashes, and the hash of every other file by name.
type Found = (Option<Vec<u8>>, BTreeMap<String, String>);

fn read_folder(path: &Path) -> io::Result<Found> {
    let mut found = Found::default();
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !entry.file_type()?.is_file() {
            found.1.insert(name, "no plain file".to_owned());
            continue;
        }
        take(&mut found, name, File::open(entry.path())?)?;
    }
    Ok(found)
}

fn read_archive(path: &Path) -> io::Result<Found> {
    let mut found = Found::default();
    let mut file = io::BufReader::new(File::open(path)?);
    if !file.fill_buf()?.starts_with(&GZIP) {
        found
            .1
            .insert("the archive's first bytes".to_owned(), "not as they were written".to_owned());
    }
    let mut archive = tar::Archive::new(GzDecoder::new(file));
    let mut n_members = 0;
    for entry in archive.entries()? {
        let entry = entry?;
        n_members += 1;
        let whole = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let name = whole.split_once('/').map_or(whole.as_str(), |(_, name)| name).to_owned();
        let is_plain = entry.header().entry_type().is_file()
            && !name.is_empty()
            && !name.contains('/')
            && !matches!(name.as_str(), "." | "..");
        if n_members > MOST_MEMBERS {
            found.1.insert("more".to_owned(), "too many members".to_owned());
            return Ok(found);
        }
        if !is_plain || found.1.contains_key(&name) || name == SUMS && found.0.is_some() {
            found.1.insert(whole, "no plain file".to_owned());
            continue;
        }
        take(&mut found, name, entry)?;
    }
    // The end of an archive is zeros, then gzip's own sum, which is checked where the stream ends; behind it is nothing.
    let mut rest = archive.into_inner();
    let mut buffer = vec![0; 1 << 16];
    let mut zeros = true;
    loop {
        let n = rest.read(&mut buffer)?;
        let Some(bytes) = buffer.get(..n).filter(|bytes| !bytes.is_empty()) else { break };
        zeros &= bytes.iter().all(|byte| *byte == 0);
    }
    if !zeros || !rest.get_mut().fill_buf()?.is_empty() {
        found.1.insert("what follows the archive's end".to_owned(), "more bytes".to_owned());
    }
    Ok(found)
}

fn take(found: &mut Found, name: String, mut from: impl Read) -> io::Result<()> {
    if name == SUMS && found.0.is_none() {
        let mut sums = Vec::new();
        from.take(LARGEST_SUMS).read_to_end(&mut sums)?;
        found.0 = Some(sums);
        return Ok(());
    }
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let n = from.read(&mut buffer)?;
        let Some(bytes) = buffer.get(..n).filter(|bytes| !bytes.is_empty()) else { break };
        hasher.update(bytes);
    }
    found.1.insert(name, hex(&hasher.finalize()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn make(path: &Path, seconds: u64) -> io::Result<()> {
        write(path, seconds, |making| {
            making.put("records.log", b"{\"rule\":\"x\"}\n")?;
            making.put("report.md", b"# x\n")
        })
    }

    #[test]
    fn no_byte_of_an_archive_can_be_changed_unseen() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("case.tar.gz");
        make(&path, 7).unwrap();
        assert_eq!(std::fs::read_dir(parent.path()).unwrap().count(), 1);
        let whole = std::fs::read(&path).unwrap();
        let is_found = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            verify(&path).map_or(true, |wrong| !wrong.is_empty())
        };
        // Bytes 8 and 9 name the compressor and the system it ran on, and mean nothing.
        for at in (0..whole.len()).filter(|at| !matches!(at, 8 | 9)) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0xff;
            assert!(is_found(&bytes), "byte {at} of {}", whole.len());
            assert!(is_found(&whole[..at]), "cut at {at}");
        }
        assert!(is_found(&[&whole[..], b"x"].concat()));
        assert!(!is_found(&whole));
    }

    #[test]
    fn hostile_members_are_told_and_nothing_is_written() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("case.tgz");
        let sums = format!("{}  a\n", hex(&Sha256::digest(b"a")));
        let mut archive =
            tar::Builder::new(GzBuilder::new().write(Vec::new(), Compression::default()));
        let mut add = |name: &str, kind: tar::EntryType, bytes: &[u8]| {
            let mut header = tar::Header::new_gnu();
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_entry_type(kind);
            header.set_size(bytes.len() as u64);
            header.set_cksum();
            archive.append(&header, bytes).unwrap();
        };
        add("case/a", tar::EntryType::Regular, b"a");
        add("case/SHA256SUMS", tar::EntryType::Regular, sums.as_bytes());
        add("case/../../out", tar::EntryType::Regular, b"x");
        add("/etc/cron.d/x", tar::EntryType::Regular, b"x");
        add("case/link", tar::EntryType::Symlink, b"");
        add("case/SHA256SUMS", tar::EntryType::Regular, b"");
        add("case/a", tar::EntryType::Regular, b"b");
        std::fs::write(&path, archive.into_inner().unwrap().finish().unwrap()).unwrap();
        let wrong = verify(&path).unwrap();
        for name in ["case/../../out", "/etc/cron.d/x", "case/link", "case/SHA256SUMS", "case/a"] {
            assert!(wrong.iter().any(|says| says.starts_with(name)), "{name}: {wrong:?}");
        }
        assert_eq!(std::fs::read_dir(parent.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_is_checked_file_by_file() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("case");
        make(&path, 0).unwrap();
        assert_eq!(verify(&path).unwrap(), Vec::<String>::new());
        assert!(make(&path, 0).is_err(), "an older one stays");
        std::fs::write(path.join("report.md"), "# y\n").unwrap();
        assert_eq!(verify(&path).unwrap(), ["report.md was changed"]);
        std::fs::remove_file(path.join("report.md")).unwrap();
        std::fs::write(path.join("more"), "").unwrap();
        assert_eq!(verify(&path).unwrap(), ["report.md is missing", "more is not in SHA256SUMS"]);
        std::fs::remove_file(path.join(SUMS)).unwrap();
        assert_eq!(verify(&path).unwrap(), ["SHA256SUMS is missing"]);
        assert_eq!(std::fs::read_dir(parent.path()).unwrap().count(), 1);
    }

    #[test]
    fn the_same_files_give_the_same_archive() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("case.tar.gz");
        make(&path, 7).unwrap();
        let first = std::fs::read(&path).unwrap();
        make(&path, 7).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), first);
        assert_eq!(verify(&path).unwrap(), Vec::<String>::new());
        std::fs::write(&path, &first[..first.len() / 2]).unwrap();
        assert!(verify(&path).map_or(true, |wrong| !wrong.is_empty()));
    }
}
