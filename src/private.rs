//! Files of ours on disk: written whole or not at all, readable by their owner alone, through no link.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The longest name that is made from alert text, in bytes.
const LONGEST: usize = 80;
/// How many files of one name are told apart by a number.
const MOST_ALIKE: usize = 10_000;

/// The same error, in words that say what a person can do where there is no room: the system says only that there is none.
pub fn told(error: io::Error) -> io::Error {
    let Some(lack) = lack(error.kind()) else { return error };
    let way = match error.kind() {
        io::ErrorKind::FileTooLarge | io::ErrorKind::ReadOnlyFilesystem => "choose another place",
        _ => "make room, or choose another place",
    };
    io::Error::new(error.kind(), format!("{lack}; {way}"))
}

/// What the place lacks to which nothing can be written; none for an error of another kind.
pub fn lack(kind: io::ErrorKind) -> Option<&'static str> {
    Some(match kind {
        io::ErrorKind::StorageFull => FULL,
        io::ErrorKind::QuotaExceeded => "your share of the disk is used up (quota)",
        io::ErrorKind::FileTooLarge => {
            "no file may grow so large here (ulimit -f, or the disk's own limit)"
        }
        io::ErrorKind::ReadOnlyFilesystem => "the disk is read-only",
        _ => return None,
    })
}

/// Of a disk without room.
pub const FULL: &str = "the disk is full";

/// Writes a file by way of a new one beside it: mode 0600, synced, then renamed.
///
/// # Errors
/// When it cannot be written, or when something other than a plain file has the name: a link is not followed, a folder
/// and a device are not replaced.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    may_replace(path)?;
    let beside = beside(path).map_err(told)?;
    let written = create(&beside)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&beside, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    written.map_err(told)?;
    sync_folder(path).map_err(told)
}

/// Writes a file of a new name in a folder that is ours alone, and gives its path: `STEM.ENDING`, else `STEM-2.ENDING`…
/// No file is ever replaced.
///
/// # Errors
/// When it cannot be written, or others could write to the folder.
pub fn write_new(folder: &Path, stem: &str, ending: &str, bytes: &[u8]) -> io::Result<PathBuf> {
    own_folder(folder)?;
    let stem = safe_name(stem);
    let beside = beside(&folder.join(format!("{stem}.{ending}")))?;
    let written = create(&beside)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| {
            for n in 1..=MOST_ALIKE {
                let number = if n == 1 { String::new() } else { format!("-{n}") };
                let path = folder.join(format!("{stem}{number}.{ending}"));
                // A second name for the same file: it fails where the name is taken, and a rename would not.
                match std::fs::hard_link(&beside, &path) {
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                    linked => return linked.map(|()| path),
                }
            }
            Err(io::ErrorKind::AlreadyExists.into())
        });
    let _ = std::fs::remove_file(&beside);
    let path = written.map_err(told)?;
    sync_folder(&path).map_err(told)?;
    Ok(path)
}

/// Replaces a file that only we write, in a folder that is ours alone and is made when there is none. It is not synced:
/// what was lost with the power can be made again.
///
/// # Errors
/// As [`write`], and when others could write to the folder.
pub fn keep(path: &Path, bytes: &[u8]) -> io::Result<()> {
    own_folder(folder(path))?;
    let beside = beside(path)?;
    let written = create(&beside)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| std::fs::rename(&beside, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    written.map_err(told)
}

/// Makes a folder with mode 0700 where there is none.
fn own_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(told)?;
    let about = folder.metadata()?;
    if about.uid() != rustix::process::geteuid().as_raw() || about.mode() & 0o002 != 0 {
        let why = format!("{} is not ours alone", folder.display());
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
    }
    Ok(())
}

/// Whether something stands at a path that a new file must not take the place of.
///
/// # Errors
/// When it does.
pub fn may_replace(path: &Path) -> io::Result<()> {
    match path.symlink_metadata() {
        Ok(about) if !about.is_file() => {
            let what = if about.is_symlink() { "a link" } else { "no plain file" };
            let why = format!("{} is {what} and stays as it is", path.display());
            Err(io::Error::new(io::ErrorKind::AlreadyExists, why))
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// A new file that only its owner can read; there must be none of the name.
///
/// # Errors
/// When it cannot be made.
pub fn create(path: &Path) -> io::Result<File> {
    let no_follow = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0);
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .custom_flags(no_follow)
        .open(path)?;
    file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    Ok(file)
}

/// A hidden name in the same folder, for what is not finished yet.
///
/// # Errors
/// When the path has no file name.
pub fn beside(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy().into_owned();
    let beside = folder(path).join(format!(".{}.{}", safe_name(&name), std::process::id()));
    // One left by a process of the same id that died is in the way of a new one.
    match beside.symlink_metadata() {
        Ok(about) if about.is_dir() => std::fs::remove_dir_all(&beside)?,
        Ok(_) => std::fs::remove_file(&beside)?,
        Err(_) => {}
    }
    Ok(beside)
}

/// Makes a rename durable.
///
/// # Errors
/// When the folder cannot be synced.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(folder(path))?.sync_all()
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A file name made from any text: `[A-Za-z0-9._-]`, no longer than 80, beginning with neither `.` nor `-`, never empty.
pub fn safe_name(text: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let name: String = text.chars().map(|c| if fits(c) { c } else { '-' }).take(LONGEST).collect();
    let name = name.trim_start_matches(['.', '-']);
    if name.is_empty() { "unnamed".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_file_is_written_whole_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.md");
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_is_neither_followed_nor_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (target, link) = (folder.path().join("target"), folder.path().join("link"));
        std::fs::write(&target, "mine").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        assert_eq!(write(&link, b"x").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&target).unwrap(), b"mine");
        assert!(write(folder.path(), b"x").is_err());
        assert!(write(&folder.path().join("no/such"), b"x").is_err());
    }

    #[test]
    fn no_room_is_told_with_a_way_out_and_keeps_its_kind() {
        use io::ErrorKind::{
            FileTooLarge, NotFound, QuotaExceeded, ReadOnlyFilesystem, StorageFull,
        };
        for kind in [StorageFull, QuotaExceeded, FileTooLarge, ReadOnlyFilesystem] {
            let error = told(kind.into());
            assert_eq!(error.kind(), kind);
            assert!(error.to_string().contains("choose another place"), "{error}");
        }
        assert_eq!(told(NotFound.into()).to_string(), io::Error::from(NotFound).to_string());
        // What the system says of a disk that is full is told the same way.
        let mut full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let error = told(full.write_all(b"x").unwrap_err());
        assert!(error.to_string().starts_with("the disk is full"), "{error}");
    }

    #[test]
    fn a_new_file_replaces_none() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("reports");
        let write = |bytes: &[u8]| write_new(&folder, "../a b", "md", bytes).unwrap();
        assert_eq!(write(b"one"), folder.join("-a-b.md".trim_start_matches('-')));
        assert_eq!(write(b"two"), folder.join("a-b-2.md"));
        assert_eq!(std::fs::read(folder.join("a-b.md")).unwrap(), b"one");
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 2);
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o777)).unwrap();
        assert!(write_new(&folder, "x", "md", b"").is_err());
    }

    proptest! {
        #[test]
        fn any_text_makes_a_harmless_name(text in any::<String>()) {
            let name = safe_name(&text);
            prop_assert!(!name.is_empty() && name.len() <= 80 && !name.starts_with(['.', '-']));
            prop_assert!(!name.contains('/') && name.is_ascii());
        }
    }
}
