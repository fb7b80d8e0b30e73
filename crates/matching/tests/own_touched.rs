//! Matching only what changes can touch gives what matching everything gives, byte for byte.

mod common;

use common::{address, deposit, hash, row, time};
use proptest::prelude::*;
use recover_core::appeal::{Appeal, AppealId, MatchOutcome};
use recover_core::asset::AssetId;
use recover_core::book::{AddressRecord, AddressRole};
use recover_core::network::{Family, NetworkId};
use recover_core::observation::DepositId;
use recover_core::time::Timestamp;
use recover_matching::touched::{
    ChangedDeposit, Changes, Fingerprint, Kept, Look, rematch, touched,
};
use recover_matching::{
    AppealClues, DepositFacts, DepositIndex, Matcher, Model, UserBook, Vocabulary, match_appeals,
    normalise,
};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that there is.
#[derive(Debug, Clone, Default)]
struct World {
    deposits: BTreeMap<DepositId, DepositFacts>,
    clues: BTreeMap<AppealId, AppealClues>,
    records: Vec<AddressRecord>,
}

/// What changed since the last run.
#[derive(Debug, Default)]
struct Log {
    changes: Changes,
    before: BTreeMap<DepositId, Option<DepositFacts>>,
}

/// A desk that matches only what changes touch.
#[derive(Debug, Default)]
struct Desk {
    kept: BTreeMap<AppealId, (Kept, MatchOutcome)>,
    looked_at: usize,
}

impl Desk {
    fn run(&mut self, world: &World, log: Log) {
        let index = DepositIndex::new(world.deposits.values().cloned());
        let book = UserBook::new(&world.records);
        let model = Model::default();
        let matcher = Matcher::new(&index, &book, &model);
        self.kept.retain(|id, _| world.clues.contains_key(id));
        let mut changes = log.changes;
        changes.deposits = log
            .before
            .into_iter()
            .map(|(id, before)| ChangedDeposit { id, before })
            .collect();
        let looks: Vec<Look> = self
            .kept
            .values()
            .map(|(kept, _)| {
                // As a store would keep it.
                let look = &kept.look;
                let bytes = look.to_bytes();
                let user = &world.clues[&look.appeal()].user_id;
                let read = Look::from_bytes(&look.appeal(), user, &bytes);
                assert!(changes.appeals.contains(&look.appeal()) || read.as_ref() == Some(look));
                read.expect("what was written is read")
            })
            .collect();
        let is_touched = touched(&looks, &changes, &index);
        let stale: BTreeSet<AppealId> = looks
            .iter()
            .zip(&is_touched)
            .filter(|(_, touched)| **touched)
            .map(|(look, _)| look.appeal())
            .collect();
        let fresh: Vec<AppealClues> = world
            .clues
            .iter()
            .filter(|(id, _)| stale.contains(*id) || !self.kept.contains_key(*id))
            .map(|(_, clues)| clues.clone())
            .collect();
        self.looked_at += fresh.len();
        let kept: Vec<Kept> = self
            .kept
            .iter()
            .filter(|(id, _)| !stale.contains(*id))
            .map(|(_, (kept, _))| kept.clone())
            .collect();
        for decided in rematch(&matcher, kept, &fresh, None) {
            let known = self.kept.remove(&decided.appeal);
            let clues = &world.clues[&decided.appeal];
            let outcome = if decided.is_kept {
                known.as_ref().expect("a kept outcome is there").1.clone()
            } else {
                matcher.outcome(clues, &decided.ruling)
            };
            let look = decided
                .look
                .or_else(|| known.map(|(kept, _)| kept.look))
                .expect("what is not fresh was kept");
            // The look itself is what a look at everything would have been.
            assert_eq!(look, matcher.watched_look(clues).1);
            let kept = Kept {
                look,
                ruling: Some(decided.fingerprint),
            };
            self.kept.insert(decided.appeal, (kept, outcome));
        }
        let all: Vec<AppealClues> = world.clues.values().cloned().collect();
        let expected = match_appeals(&all, &index, &book, &model);
        let found: Vec<&MatchOutcome> = self.kept.values().map(|(_, outcome)| outcome).collect();
        assert_eq!(found, expected.iter().collect::<Vec<_>>());
        for (outcome, other) in found.into_iter().zip(&expected) {
            assert_eq!(
                Fingerprint::of_outcome(outcome),
                Fingerprint::of_outcome(other)
            );
        }
    }
}

/// Numbers that follow from one.
struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }

    fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }

    fn of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        let place = self.below(list.len() as u64);
        list[usize::try_from(place).expect("a short list")]
    }
}

const USERS: [&str; 5] = ["U1", "U2", "U3", "U4", "U5"];
const COINS: [&str; 3] = ["USDT", "ETH", "XLM"];
const AMOUNTS: [&str; 5] = ["100", "100", "250", "99.5", "1.25"];
const MEMOS: [&str; 4] = ["10442301", "10442302", "77001234", "Ab12cd34"];
const CONTRACT: &str = "0xdac17f958d2ee523a2206206994597c13d831ec7";

fn hour(draw: &mut Draw) -> Timestamp {
    let day = 2 + draw.below(6);
    let hour = draw.below(24);
    let minute = draw.below(4) * 13;
    time(&format!("2025-01-{day:02}T{hour:02}:{minute:02}:00Z"))
}

fn some_deposit(draw: &mut Draw) -> DepositFacts {
    let number = draw.below(14);
    let network = draw.of(&["ethereum", "bsc", "stellar"]);
    let coin = draw.of(&COINS);
    // Several share a transaction, many an address.
    let tx = hash(draw.below(10));
    let to = address(draw.below(5));
    let mut facts = deposit(
        &format!("D{number}"),
        network,
        &tx,
        &to,
        coin,
        draw.of(&AMOUNTS),
    );
    facts.time = (!draw.one_in(8)).then(|| hour(draw));
    if coin == "USDT" && draw.one_in(2) {
        facts.asset = AssetId::contract(NetworkId::new(network), CONTRACT);
    }
    if draw.one_in(2) {
        facts.from = Some(address(20 + draw.below(4)));
    }
    if draw.one_in(2) {
        facts.memo = Some(draw.of(&MEMOS).to_owned());
    }
    facts
}

fn some_appeal(draw: &mut Draw) -> Appeal {
    let number = draw.below(16);
    let text = |draw: &mut Draw, share: u64, text: String| {
        if draw.below(10) < share {
            text
        } else {
            String::new()
        }
    };
    let tx = hash(draw.below(12));
    let tx = match draw.below(4) {
        0 => format!("{}…{}", &tx[..6], &tx[58..]),
        1 => tx.replacen(&tx[20..22], "zz", 1).replace("zz", "00"),
        _ => format!("0x{tx}"),
    };
    let coin = if draw.one_in(4) {
        CONTRACT
    } else {
        draw.of(&COINS)
    };
    let at = hour(draw);
    Appeal {
        id: AppealId::verbatim(&format!("A{number:02}")),
        user_id: draw.of(&USERS).to_owned(),
        created_at: time("2025-01-09T00:00:00Z"),
        claimed_txid: text(draw, 5, tx),
        claimed_network: {
            let name = draw.of(&["ERC20", "BEP20", "stellar"]).to_owned();
            text(draw, 6, name)
        },
        claimed_asset: text(draw, 8, coin.to_owned()),
        claimed_amount: {
            let amount = draw.of(&AMOUNTS).to_owned();
            text(draw, 8, amount)
        },
        claimed_to_address: {
            let to = address(draw.below(6));
            text(draw, 5, to)
        },
        claimed_memo: {
            let memo = draw.of(&MEMOS).to_owned();
            text(draw, 4, memo)
        },
        claimed_from_address: {
            let from = address(20 + draw.below(5));
            text(draw, 4, from)
        },
        claimed_at: text(draw, 6, at.to_string()),
        ownership_proof: String::new(),
        session_view_at: draw.one_in(3).then(|| hour(draw)),
        free_text: String::new(),
        language: None,
        time_zone: None,
    }
}

fn some_record(draw: &mut Draw) -> AddressRecord {
    let user = draw.of(&USERS);
    match draw.below(4) {
        0 => row(
            user,
            AddressRole::PastSender,
            Family::Evm,
            &address(20 + draw.below(4)),
        ),
        1 => {
            let memo = match draw.below(3) {
                0 => draw.of(&MEMOS).to_uppercase(),
                _ => draw.of(&MEMOS).to_owned(),
            };
            row(
                user,
                AddressRole::AssignedMemo,
                Family::Stellar,
                &format!("id:{memo}"),
            )
        }
        _ => row(
            user,
            AddressRole::Deposit,
            Family::Evm,
            &address(draw.below(5)),
        ),
    }
}

/// One change of the world.
fn step(world: &mut World, log: &mut Log, seed: u64) {
    let draw = &mut Draw(seed);
    match draw.below(10) {
        0..=3 => {
            let facts = some_deposit(draw);
            let known = world.deposits.insert(facts.id.clone(), facts.clone());
            log.before.entry(facts.id).or_insert(known);
        }
        4 => {
            let id = DepositId::verbatim(&format!("D{}", draw.below(14)));
            if let Some(known) = world.deposits.remove(&id) {
                log.before.entry(id).or_insert(Some(known));
            }
        }
        5..=6 => {
            let appeal = some_appeal(draw);
            let mut clues = normalise(&appeal, &Vocabulary::default());
            if draw.one_in(6) {
                clues.taken_back = [DepositId::verbatim(&format!("D{}", draw.below(14)))].into();
            }
            if draw.one_in(6) {
                clues.proven = [DepositId::verbatim(&format!("D{}", draw.below(14)))].into();
            }
            world.clues.insert(appeal.id.clone(), clues);
            log.changes.appeals.insert(appeal.id);
        }
        7 => {
            let id = AppealId::verbatim(&format!("A{:02}", draw.below(16)));
            world.clues.remove(&id);
        }
        _ => {
            let record = some_record(draw);
            if !world.records.contains(&record) {
                world.records.push(record.clone());
                log.changes.records.push(record);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]
    #[test]
    fn own_whatever_changes_what_is_kept_is_what_a_whole_run_gives(
        start in prop::collection::vec(any::<u64>(), 0..80),
        batches in prop::collection::vec(prop::collection::vec(any::<u64>(), 1..5), 1..8),
    ) {
        let (mut world, mut desk) = (World::default(), Desk::default());
        let mut log = Log::default();
        for seed in start {
            step(&mut world, &mut log, seed);
        }
        desk.run(&world, log);
        for batch in batches {
            let mut log = Log::default();
            for seed in batch {
                step(&mut world, &mut log, seed);
            }
            desk.run(&world, log);
        }
    }
}

#[test]
fn own_what_cannot_be_touched_is_kept() {
    let (mut world, mut desk) = (World::default(), Desk::default());
    let mut log = Log::default();
    for number in 0..40u64 {
        let id = format!("D{number}");
        let facts = deposit(
            &id,
            "bsc",
            &hash(number),
            &address(number),
            "USDT",
            &format!("{}.5", 100 + number),
        );
        world.deposits.insert(facts.id.clone(), facts);
        let appeal = Appeal {
            id: AppealId::verbatim(&format!("A{number:02}")),
            claimed_txid: hash(number),
            user_id: format!("U{number}"),
            ..some_appeal(&mut Draw(number))
        };
        world.clues.insert(
            appeal.id.clone(),
            normalise(&appeal, &Vocabulary::default()),
        );
    }
    desk.run(&world, std::mem::take(&mut log));
    assert_eq!(std::mem::take(&mut desk.looked_at), 40);
    // Nothing changed: nothing is looked at.
    desk.run(&world, Log::default());
    assert_eq!(std::mem::take(&mut desk.looked_at), 0);
    // A second deposit in the transaction of A07: that appeal alone.
    let facts = deposit("D99", "bsc", &hash(7), &address(99), "XLM", "3");
    log.before.insert(facts.id.clone(), None);
    world.deposits.insert(facts.id.clone(), facts);
    desk.run(&world, log);
    assert_eq!(std::mem::take(&mut desk.looked_at), 1);
}

#[test]
fn own_a_look_of_another_shape_is_not_read() {
    let clues = normalise(&some_appeal(&mut Draw(1)), &Vocabulary::default());
    let index = DepositIndex::new([]);
    let (book, model) = (UserBook::default(), Model::default());
    let look = Matcher::new(&index, &book, &model).watched_look(&clues).1;
    let bytes = look.to_bytes();
    let id = look.appeal();
    assert_eq!(Look::from_bytes(&id, &clues.user_id, &bytes), Some(look));
    for cut in 0..bytes.len() {
        assert_eq!(Look::from_bytes(&id, "U", &bytes[..cut]), None);
    }
    let longer = [&bytes[..], &[0]].concat();
    assert_eq!(Look::from_bytes(&id, "U", &longer), None);
    let other = [&[2], &bytes[1..]].concat();
    assert_eq!(Look::from_bytes(&id, "U", &other), None);
}
