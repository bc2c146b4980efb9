use super::*;
use crate::model::Status;
use crate::triage::{About, Decision, Key, Place};

fn now() -> Timestamp {
    "2026-11-21T10:00:00Z".parse().unwrap()
}

fn change(n: u32) -> Change {
    Change {
        id: String::new(),
        at: now(),
        by: "ana".into(),
        host: "node1".into(),
        key: Key::of_container(&format!("rule {n}"), &Place::default()),
        about: About::default(),
        before: Decision::default(),
        after: Decision { status: Status::Acknowledged, ..Decision::default() },
        batch: n.to_string(),
        undoes: None,
    }
    .identified()
}

fn open(path: &Path) -> Db {
    Db::open(path, now()).unwrap().0
}

#[test]
fn what_was_saved_is_there_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state/triage.db");
    let evidence = Evidence::of(b"{\"rule\":\"x\"}".to_vec());
    open(&path).save(&[change(1)], &[], std::slice::from_ref(&evidence), now()).unwrap();
    let mut again = open(&path);
    assert_eq!(again.news().unwrap().changes, [change(1)]);
    assert_eq!(again.evidence(&evidence.sha256).unwrap(), Some(evidence.record));
    assert!(again.news().unwrap().changes.is_empty());
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().mode() & 0o777, 0o700);
}

#[test]
fn each_of_two_consoles_sees_what_the_other_decides() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("triage.db");
    let (mut one, mut two) = (open(&path), open(&path));
    one.save(&[change(1)], &[], &[], now()).unwrap();
    two.save(&[change(2)], &[], &[], now()).unwrap();
    assert_eq!(one.news().unwrap().changes, [change(1), change(2)]);
    assert_eq!(two.news().unwrap().changes, [change(1), change(2)]);
}

#[test]
fn a_damaged_file_is_put_aside_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("triage.db");
    for damage in [&b"not a database, but long enough to be looked at as one ...................................................................................................."[..], &[0xff; 8192]] {
        fs::write(&path, damage).unwrap();
        let (mut db, note) = Db::open(&path, now()).unwrap();
        assert!(note.unwrap().contains("corrupt-"));
        db.save(&[change(1)], &[], &[], now()).unwrap();
        let aside = folder.path().join(format!("triage.db.corrupt-{}", now().as_second()));
        assert_eq!(fs::read(&aside).unwrap(), damage);
        drop(db);
        fs::remove_file(&path).unwrap();
        fs::remove_file(&aside).unwrap();
    }
}

#[test]
fn a_half_overwritten_file_is_put_aside() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("triage.db");
    let many: Vec<_> = (0..500).map(change).collect();
    open(&path).save(&many, &[], &[], now()).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[4096..middle].fill(0xa5);
    fs::write(&path, bytes).unwrap();
    assert!(Db::open(&path, now()).unwrap().1.is_some());
}

#[test]
fn a_database_of_another_program_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("triage.db");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    let before = fs::read(&path).unwrap();
    assert_eq!(Db::open(&path, now()).unwrap_err(), Fault::Foreign(path.clone()));
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_newer_file_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("triage.db");
    open(&path).connection.pragma_update(None, "user_version", 99).unwrap();
    assert_eq!(Db::open(&path, now()).unwrap_err(), Fault::Newer(path));
}

#[test]
fn a_folder_in_the_way_is_named() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Db::open(folder.path(), now()).unwrap_err().to_string().contains("is a folder"));
}

#[test]
fn evidence_goes_by_age_and_size_and_decisions_stay() {
    let folder = tempfile::tempdir().unwrap();
    let mut db = open(&folder.path().join("triage.db"));
    let later = |days: i64| Timestamp::from_second(now().as_second() + days * 86_400).unwrap();
    for (day, byte) in [(0, b'a'), (10, b'b'), (20, b'c')] {
        db.save(&[change(u32::from(byte))], &[], &[Evidence::of(vec![byte; 1000])], later(day))
            .unwrap();
    }
    assert_eq!(db.retire(Retention { days: 15, bytes: 1_000_000 }, later(20)).unwrap(), 1);
    assert_eq!(db.retire(Retention { days: 365, bytes: 1500 }, later(20)).unwrap(), 1);
    assert!(db.evidence(&Evidence::of(vec![b'c'; 1000]).sha256).unwrap().is_some());
    assert_eq!(db.news().unwrap().changes.len(), 3);
}

#[test]
fn the_place_one_looked_up_to_never_goes_back() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder.path().join("triage.db"));
    let later: Timestamp = "2026-11-21T11:00:00.5Z".parse().unwrap();
    db.look("events.json", later).unwrap();
    db.look("events.json", now()).unwrap();
    assert_eq!(db.looked("events.json").unwrap(), Some(later));
    assert_eq!(db.looked("other.json").unwrap(), None);
}

#[test]
fn reading_makes_renames_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("triage.db");
    assert!(Db::open_to_read(&path).unwrap().is_none());
    assert!(!path.exists());
    open(&path).save(&[change(1)], &[], &[], now()).unwrap();
    let mut db = Db::open_to_read(&path).unwrap().unwrap();
    assert_eq!(db.news().unwrap().changes, [change(1)]);
    drop(db);
    let damaged = vec![0xa5; 8192];
    fs::write(&path, &damaged).unwrap();
    let fault = Db::open_to_read(&path).unwrap_err();
    assert_eq!(fault, Fault::Corrupt(path.clone()));
    assert_eq!(fs::read(&path).unwrap(), damaged);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
