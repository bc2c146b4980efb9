//! What is promised in figures: delay, idleness, descriptors. Delays are printed, not judged: a machine that is busy with
//! something else is no defect of ours. Judged is what does not depend on it: what came, in which order, how often it woke.

use std::fs;
use std::time::{Duration, Instant};

use crate::follower::{Follower, MODES, Mode};

#[test]
fn every_alert_is_printed_as_soon_as_it_is_written() {
    for mode in MODES {
        let mut log = Follower::ready(mode);
        let mut delays = Vec::new();
        for _ in 0..100 {
            log.pause(Duration::from_millis(37));
            let written = Instant::now();
            log.write(1);
            // Waits until this one is printed, with nothing written behind it that could push it out.
            log.settle();
            delays.extend(log.seen.last().map(|(seen, _)| *seen - written));
        }
        delays.sort();
        let (median, p99) = (delays[delays.len() / 2], delays[delays.len() * 99 / 100]);
        eprintln!("{mode:?}: append to print: median {median:?}, p99 {p99:?}");
        assert_eq!(delays.len(), 100, "{mode:?}");
    }
}

/// Processor time in clock ticks (1/100 s), and how often its threads went to sleep.
fn activity(process: u32) -> (u64, u64) {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let ticks = stat.rsplit(')').next().unwrap().split_whitespace().skip(11).take(2);
    let ticks = ticks.map(|word| word.parse::<u64>().unwrap()).sum();
    let threads = fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let sleeps = threads
        .map(|thread| {
            let status = fs::read_to_string(thread.unwrap().path().join("status")).unwrap();
            let line =
                status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
            line.unwrap().trim().parse::<u64>().unwrap()
        })
        .sum();
    (ticks, sleeps)
}

#[test]
fn a_quiet_log_costs_nothing() {
    let log = Follower::ready(Mode::Notices);
    log.pause(Duration::from_secs(2));
    let before = activity(log.child.id());
    log.pause(Duration::from_secs(20));
    let after = activity(log.child.id());
    let (ticks, sleeps) = (after.0 - before.0, after.1 - before.1);
    eprintln!("in 20 s: {ticks} ticks of processor time, woken {sleeps} times");
    // Promised are two ticks of a hundredth of a second (0.1 % of a core) and forty wake-ups (the poll). Judged is that no
    // loop spins, which would be thousands.
    assert!(sleeps <= 400, "woken {sleeps} times in 20 s");
}

#[test]
fn a_thousand_rotations_hold_few_descriptors() {
    let mut log = Follower::ready(Mode::Notices);
    for _ in 0..1000 {
        log.rotate(".1");
        log.write(1);
        log.settle();
    }
    let n_open = fs::read_dir(format!("/proc/{}/fd", log.child.id())).unwrap().count();
    eprintln!("{n_open} descriptors after 1000 rotations");
    assert!(n_open < 150, "{n_open}");
    log.finish();
}
