//! `kill -9` in the middle of a scan, at several moments; and two scans at once.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use recover_testkit::{FaultProxy, Postgres, Rule};

use crate::desk::Desk;
use crate::plain::Plain;

/// Several pieces of work: a piece is at most 200 blocks.
const PAYMENTS: u8 = 90;
const BLOCKS_EACH: u64 = 10;

/// A payment in each tenth block, by height.
type Paid = BTreeMap<u64, String>;

/// A chain of about a thousand blocks with a payment in each tenth, behind a proxy that takes its time.
fn long_chain() -> (Plain, FaultProxy, Paid) {
    let plain = Plain::start("confirmations", 4);
    let mut paid = BTreeMap::new();
    for number in 0..PAYMENTS {
        let tx = plain.pay(number % 9 + 1);
        paid.insert(plain.anvil.height_of(&tx), tx);
        plain.anvil.mine(BLOCKS_EACH - 1);
    }
    plain.anvil.mine(4);
    let proxy = FaultProxy::start(plain.anvil.rpc_url());
    proxy.rule(Rule::change(|_, response| {
        response.delayed(Duration::from_millis(8))
    }));
    plain.source(&proxy.url());
    (plain, proxy, paid)
}

/// What is called read must be stored with all that was in it, and nothing may stand twice.
#[track_caller]
fn assert_no_lie(plain: &Plain, paid: &Paid, when: &str) {
    let covered = plain.covered();
    let stored = plain.stored();
    for (height, tx) in paid.iter().filter(|(height, _)| covered.contains(height)) {
        assert!(
            stored.contains(tx),
            "{when}: block {height} counts as read and its payment is lost"
        );
    }
    for tx in &stored {
        assert!(
            paid.values().any(|known| known == tx),
            "{when}: {tx} was never paid"
        );
    }
}

#[test]
fn killed_at_any_moment_nothing_is_lost_and_nothing_is_doubled() {
    let (mut plain, proxy, paid) = long_chain();
    let head = plain.anvil.height();
    // How much a whole scan asks, so that the kills spread over one.
    plain.scan();
    let whole = proxy.request_count();
    let mut partial = 0;
    for part in 1..=8 {
        plain.start_over();
        plain.source(&proxy.url());
        let until = proxy.request_count() + whole * part / 9;
        let mut child = plain.desk.start(&["scan"]);
        let started = Instant::now();
        while proxy.request_count() < until && child.try_wait().unwrap().is_none() {
            assert!(
                started.elapsed() < Duration::from_secs(60),
                "the scan asks nothing"
            );
            std::thread::sleep(Duration::from_millis(1));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let when = format!("killed after {part} ninths of a scan");
        assert_no_lie(&plain, &paid, &when);
        let covered = plain.covered().len();
        if covered > 0 && u64::try_from(covered).unwrap() <= head {
            partial += 1;
        }
        plain.scan();
        assert_no_lie(&plain, &paid, &when);
        assert_eq!(plain.stored().len(), paid.len(), "{when}");
        assert_eq!(plain.desk.deposits().len(), paid.len(), "{when}");
        let covered = plain.covered();
        assert!((0..=head).all(|height| covered.contains(&height)), "{when}");
        assert_eq!(plain.scan()["blocks_read"], 0, "{when}");
    }
    assert!(
        partial > 0,
        "no kill came between the first and the last commit"
    );
}

#[test]
fn killed_between_first_and_last_commit_the_next_scan_goes_on_from_there() {
    let (plain, proxy, paid) = long_chain();
    let mut child = plain.desk.start(&["scan"]);
    let started = Instant::now();
    // Looks through another process, as a person would.
    while plain.covered().is_empty() {
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "nothing was committed"
        );
        assert!(
            child.try_wait().unwrap().is_none(),
            "the scan ended before anything was seen of it"
        );
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_no_lie(&plain, &paid, "killed");
    let covered = u64::try_from(plain.covered().len()).unwrap();
    proxy.clear();
    let report = plain.scan();
    let read = report["blocks_read"].as_u64().unwrap();
    assert!(
        read > 0 && read <= plain.anvil.height() + 1 - covered,
        "read twice: {read} {covered}"
    );
    assert_eq!(plain.stored().len(), paid.len());
}

/// Two scans side by side, then one that may find nothing left.
fn two_at_once(plain: &Plain, proxy: &FaultProxy, paid: &Paid) {
    let mut children: Vec<_> = (0..2).map(|_| plain.desk.start(&["scan"])).collect();
    let codes: Vec<Option<i32>> = children
        .iter_mut()
        .map(|child| child.wait().unwrap().code())
        .collect();
    assert_eq!(codes, [Some(0), Some(0)]);
    assert_no_lie(plain, paid, "after both");
    assert_eq!(plain.stored().len(), paid.len());
    proxy.clear();
    assert_eq!(plain.scan()["blocks_read"], 0, "they left nothing out");
}

#[test]
fn two_scans_at_once_find_everything_once() {
    let (plain, proxy, paid) = long_chain();
    two_at_once(&plain, &proxy, &paid);
}

#[test]
fn postgres_two_scans_at_once_and_a_kill() {
    let database = Postgres::fresh_database();
    let (mut plain, proxy, paid) = long_chain();
    plain.move_to(Desk::on(database.url()));
    plain.source(&proxy.url());
    let mut child = plain.desk.start(&["scan"]);
    let started = Instant::now();
    while plain.covered().is_empty() {
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "nothing was committed"
        );
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_no_lie(&plain, &paid, "killed");
    two_at_once(&plain, &proxy, &paid);
    let count = database.sql("SELECT count(*), count(DISTINCT id) FROM deposit");
    assert_eq!(count, format!("{0}|{0}", paid.len()));
}
