//! A folder or archive of evidence with the hashes of everything in it, and the check of one.
//!
//! A bundle is flat: its files stand beside each other under plain names.

use crate::private as file;
use flate2::read::GzDecoder;
use flate2::{Compression, GzBuilder};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

/// The list of hashes, in the form of `sha256sum --check`.
pub const SUMS: &str = "SHA256SUMS";
/// The largest list that is read, in bytes.
const LARGEST_SUMS: u64 = 1 << 20;

/// Whether a path asks for an archive.
pub fn is_archive(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".tar.gz") || name.ends_with(".tgz")
}

/// Writes the files and their hashes: into a new folder, or into an archive that replaces an older one of its name.
/// `seconds` since 1970 is the time the archive's entries carry.
///
/// # Errors
/// When the folder exists, or something cannot be written. Then nothing is left behind.
pub fn write(path: &Path, files: &[(&str, Vec<u8>)], seconds: u64) -> io::Result<()> {
    let mut sums = String::new();
    for (name, bytes) in files {
        // Writing to a string cannot fail.
        let _ = writeln!(sums, "{}  {name}", hex(&Sha256::digest(bytes)));
    }
    let sums = (SUMS, sums.into_bytes());
    let all = || files.iter().chain([&sums]).map(|(name, bytes)| (*name, bytes.as_slice()));
    if is_archive(path) {
        return file::write(path, &pack(path, all(), seconds)?);
    }
    if path.symlink_metadata().is_ok() {
        let why = format!("{} exists; evidence goes into a new folder", path.display());
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, why));
    }
    let beside = file::beside(path)?;
    let written = DirBuilder::new()
        .mode(0o700)
        .create(&beside)
        .and_then(|()| {
            all().try_for_each(|(name, bytes)| {
                let mut file = file::create(&beside.join(name))?;
                file.write_all(bytes)?;
                file.sync_all()
            })
        })
        .and_then(|()| File::open(&beside)?.sync_all())
        .and_then(|()| std::fs::rename(&beside, path));
    if written.is_err() {
        let _ = std::fs::remove_dir_all(&beside);
    }
    written?;
    file::sync_folder(path)
}

fn pack<'a>(
    path: &Path,
    files: impl Iterator<Item = (&'a str, &'a [u8])>,
    seconds: u64,
) -> io::Result<Vec<u8>> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let folder = file::safe_name(name.trim_end_matches(".tar.gz").trim_end_matches(".tgz"));
    // No name and no time in the header: the same files give the same bytes.
    let mut archive = tar::Builder::new(GzBuilder::new().write(Vec::new(), Compression::default()));
    for (name, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o600);
        header.set_mtime(seconds);
        archive.append_data(&mut header, format!("{folder}/{name}"), bytes)?;
    }
    archive.into_inner()?.finish()
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
    let mut archive = tar::Archive::new(GzDecoder::new(io::BufReader::new(File::open(path)?)));
    for entry in archive.entries()? {
        let entry = entry?;
        let whole = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let name = whole.split_once('/').map_or(whole.as_str(), |(_, name)| name).to_owned();
        if !entry.header().entry_type().is_file() || found.1.contains_key(&name) {
            found.1.insert(whole, "no plain file".to_owned());
            continue;
        }
        take(&mut found, name, entry)?;
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

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> Vec<(&'static str, Vec<u8>)> {
        vec![("records.log", b"{\"rule\":\"x\"}\n".to_vec()), ("report.md", b"# x\n".to_vec())]
    }

    #[test]
    fn a_folder_is_checked_file_by_file() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("case");
        write(&path, &files(), 0).unwrap();
        assert_eq!(verify(&path).unwrap(), Vec::<String>::new());
        assert!(write(&path, &files(), 0).is_err(), "an older one stays");
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
        write(&path, &files(), 7).unwrap();
        let first = std::fs::read(&path).unwrap();
        write(&path, &files(), 7).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), first);
        assert_eq!(verify(&path).unwrap(), Vec::<String>::new());
        std::fs::write(&path, &first[..first.len() / 2]).unwrap();
        assert!(verify(&path).map_or(true, |wrong| !wrong.is_empty()));
    }
}
