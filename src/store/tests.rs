use super::*;
use crate::model::{BodyId, Columns, Priority};
use proptest::prelude::*;
use std::collections::BTreeMap;

const RULES: [&str; 3] = ["shell", "mount", "read"];
const CONTAINERS: [Option<&str>; 4] = [Some("a1"), Some(""), Some("host"), None];

/// A row by small numbers: rule, container, time, and whether it is urgent.
type Made = (usize, usize, i64, bool);

fn columns(made: &Made) -> Columns<'static> {
    Columns {
        time: Some(made.2 * 1_000_000_000),
        priority: Some(if made.3 { Priority::Critical } else { Priority::Notice }),
        rule: Some(RULES[made.0]),
        event_source: Some("syscall"),
        container_id: CONTAINERS[made.1],
        ..Columns::default()
    }
}

/// A few rows are not.
fn is_plain(made: &Made) -> bool {
    made.2 % 5 != 0
}

/// A store of these rows, which come in pieces of `piece` from two workers in turn.
fn store(rows: &[Made], piece: usize) -> Store {
    filled(Store::default(), rows, piece)
}

fn filled(mut store: Store, rows: &[Made], piece: usize) -> Store {
    let mut drafters = [Drafter::new(0), Drafter::new(1)];
    for (number, rows) in rows.chunks(piece.max(1)).enumerate() {
        let drafter = &mut drafters[number % 2];
        drafter.begin(BodyId(0), 0);
        for (at, row) in rows.iter().enumerate() {
            let line = (number * piece.max(1) + at) as u64;
            let stands = Stands { offset: line * 100, len: 99, line, is_plain: is_plain(row) };
            assert!(drafter.add(&columns(row), stands));
        }
        store.append(Batch { drafts: vec![drafter.take()], ..Batch::default() });
    }
    store
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn groups_are_what_a_plain_count_says(
        rows in prop::collection::vec((0..3_usize, 0..4_usize, 0..1000_i64, any::<bool>()), 0..300),
        piece in 1..50_usize,
    ) {
        let store = store(&rows, piece);
        let mut plain = BTreeMap::<(&str, Option<&str>), (u32, i64, i64, bool)>::new();
        for (rule, container, time, urgent) in &rows {
            let count = plain.entry((RULES[*rule], CONTAINERS[*container])).or_insert((0, i64::MAX, i64::MIN, false));
            *count = (count.0 + 1, count.1.min(*time), count.2.max(*time), count.3 || *urgent);
        }
        let mut leaves = 0;
        for (id, node) in store.tree().iter().filter(|(_, node)| node.children.is_empty()) {
            leaves += 1;
            let rule = store.tree().path(id).first().copied();
            let Some(Key::Rule(rule)) = rule else { panic!("no rule") };
            let rule = store.names().text(rule).unwrap();
            let container = match node.key {
                Key::Container(sym) => store.names().text(sym),
                _ => None,
            };
            let (count, first, last, urgent) = plain[&(rule, container)];
            prop_assert_eq!(node.stat.count, count);
            prop_assert_eq!(node.stat.first, Some(first * 1_000_000_000));
            prop_assert_eq!(node.stat.last, Some(last * 1_000_000_000));
            prop_assert_eq!(node.stat.priority == Some(Priority::Critical), urgent);
            prop_assert_eq!(store.alerts_of(id).len(), count as usize);
        }
        prop_assert_eq!(leaves, plain.len());
        prop_assert_eq!(store.len(), rows.len());
    }

    #[test]
    fn a_store_of_counts_counts_as_one_that_keeps_its_rows(
        rows in prop::collection::vec((0..3_usize, 0..4_usize, 0..1000_i64, any::<bool>()), 0..300),
        piece in 1..50_usize,
    ) {
        let (whole, counts) = (store(&rows, piece), filled(Store::of_counts(), &rows, piece));
        prop_assert_eq!(counts.cells().collect::<Vec<_>>(), whole.cells().collect::<Vec<_>>());
        prop_assert_eq!(counts.totals(), whole.totals());
        prop_assert!(counts.snapshot().is_empty() && counts.row(AlertId(0)).is_none());
    }

    #[test]
    fn rows_come_back_as_they_went_in(
        rows in prop::collection::vec((0..3_usize, 0..4_usize, 0..1000_i64, any::<bool>()), 0..300),
        piece in 1..50_usize,
    ) {
        let store = store(&rows, piece);
        let snapshot = store.snapshot();
        let mut locations = snapshot.locations();
        for (at, made) in (0_u32..).zip(&rows) {
            let row = store.row(AlertId(at)).unwrap();
            prop_assert_eq!(row.columns(), columns(made));
            let location = store.location(AlertId(at)).unwrap();
            prop_assert_eq!((location.offset, location.len), (u64::from(at) * 100, 99));
            prop_assert_eq!(locations.of(AlertId(at)), Some((location, is_plain(made))));
            prop_assert_eq!(store.line(AlertId(at)), u64::from(at) + 1);
        }
    }

    #[test]
    fn another_grouping_counts_the_same(
        rows in prop::collection::vec((0..3_usize, 0..4_usize, 0..1000_i64, any::<bool>()), 1..100),
    ) {
        let mut store = store(&rows, 7);
        for grouping in Grouping::ALL {
            store.regroup(grouping);
            let mut part = Part::new(grouping);
            let all = (0..rows.len()).map(|at| AlertId(u32::try_from(at).unwrap()));
            // In two goes, as a filter's matches come.
            store.grow(&mut part, all.clone().take(rows.len() / 2));
            store.grow(&mut part, all.skip(rows.len() / 2));
            let whole = part.tree();
            let count = |tree: &Tree| -> u32 {
                tree.roots().iter().filter_map(|id| tree.node(*id)).map(|node| node.stat.count).sum()
            };
            prop_assert_eq!(count(store.tree()), count(whole));
            if grouping != Grouping::Flat {
                prop_assert_eq!(count(whole) as usize, rows.len());
            }
        }
    }

    #[test]
    fn a_part_that_follows_a_growing_tree_keeps_its_numbers_and_counts(
        rows in prop::collection::vec((0..3_usize, 0..4_usize, 0..1000_i64, any::<bool>()), 1..100),
        steps in 1..5_usize,
        every in 1..4_usize,
    ) {
        for grouping in Grouping::ALL {
            let all: Vec<AlertId> =
                (0..rows.len()).map(|at| AlertId(u32::try_from(at).unwrap())).collect();
            let mut part = Part::default();
            let mut done = 0;
            let mut last = Store::default();
            for step in 1..=steps {
                let upto = rows.len() * step / steps;
                // Rows in pieces of one are numbered alike however many there are.
                last = store(&rows[..upto], 1);
                last.regroup(grouping);
                let more = all[done..upto].iter().copied().filter(|id| (id.0 as usize).is_multiple_of(every));
                last.extend(&mut part, last.tree(), more);
                done = upto;
            }
            prop_assert_eq!(part.tree().len(), last.tree().len());
            let mut n_leaves = 0;
            for (id, node) in last.tree().iter() {
                let ours = part.tree().node(id).unwrap();
                prop_assert_eq!((ours.key, ours.parent, ours.depth), (node.key, node.parent, node.depth));
                prop_assert_eq!(&ours.children, &node.children);
                let counted = all.iter().filter(|alert| {
                    (alert.0 as usize).is_multiple_of(every) && last.tree().cells_under(id).contains(&last.cell_of(**alert).unwrap())
                });
                prop_assert_eq!(ours.stat.count as usize, counted.count());
                n_leaves += usize::from(ours.children.is_empty() && ours.stat.count > 0);
            }
            prop_assert_eq!(part.tree().n_leaves(), n_leaves);
        }
    }
}

#[test]
fn places_beyond_those_kept_apart_are_counted_together() {
    let mut store = Store::default();
    let mut drafter = Drafter::new(0);
    let n_alerts = 140_000_u64;
    for piece in 0..14 {
        drafter.begin(BodyId(0), 0);
        for line in piece * 10_000..(piece + 1) * 10_000 {
            let id = format!("{line:012x}");
            let columns =
                Columns { rule: Some("R"), container_id: Some(&*id), ..Columns::default() };
            let stands = Stands { offset: line, len: 1, line, is_plain: true };
            assert!(drafter.add(&columns, stands));
        }
        store.append(Batch { drafts: vec![drafter.take()], ..Batch::default() });
    }
    let (mut apart, mut together) = (0, 0);
    for (cell, stat) in store.cells() {
        let sum = if cell.place.is_some() { &mut apart } else { &mut together };
        *sum += u64::from(stat.count);
    }
    assert!(apart > 100_000 && together > 0, "{apart} {together}");
    assert_eq!(apart + together, n_alerts);
    assert_eq!(store.row(AlertId(0)).map(|row| row.is_exact), Some(true));
    assert_eq!(store.row(AlertId(139_999)).map(|row| row.is_exact), Some(false));
}
