//! Whom a memo names, from the address book in the store to the kind of the deposit and what a claim may do with it.

mod appeals;
mod common;

use common::ShapeCodec;
use recover_core::address::{Address, AddressError, Payload};
use recover_core::amount::Amount;
use recover_core::appeal::{Appeal, MatchDecision};
use recover_core::asset::AssetId;
use recover_core::block::{BlockHash, BlockRef, Height, TxId};
use recover_core::book::{AddressRecord, AddressRole, ControlRecord};
use recover_core::claim::{Refusal, Resolution};
use recover_core::classify::Finality;
use recover_core::deposit::{Classification, Deposit, DepositStatus, ImportedDeposit, Origin};
use recover_core::detect::Detect;
use recover_core::kind::Kind;
use recover_core::ledger::{AccountStanding, LedgerEntry, LedgerEntryKind};
use recover_core::memo::{Memo, MemoKind, MemoRules, MemoShape, MemoSign, MemoStanding, place};
use recover_core::network::{Family, NetworkId};
use recover_core::observation::{DepositId, Flag, Mechanism, Observation, Outcome, Position};
use recover_core::people::{Person, Role};
use recover_core::time::Timestamp;
use recover_core::verdict::{Control, ControlEvidence, How, Missing, Verdict};
use recover_engine::claims::OpenOptions;
use recover_engine::clock::FixedClock;
use recover_engine::config::{ChainsConfig, MemoRule, NetworkConfig, Policy};
use recover_engine::engine::Engine;
use recover_engine::error::EngineError;
use recover_engine::explain;
use recover_engine::facts::{FactGatherer, Judged};
use recover_engine::family::{Adapter, Adapters};
use recover_engine::proofs::ProofError;
use recover_source::chain::ChainRead;
use recover_source::error::SourceError;
use recover_store::{LedgerPeriod, Store};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const OMNIBUS: u8 = 1;
const STRANGER: u8 = 9;
const FRIEND: u8 = 8;

fn xrpl() -> NetworkId {
    NetworkId::new("xrpl")
}

fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("a time")
}

fn paid_at() -> Timestamp {
    time("2026-03-01T00:00:00Z")
}

fn address(number: u8) -> Address {
    Address::from_parts(Payload::Hash160([number; 20]), format!("r{number}"))
}

/// A family with destination tags, vouchers by their first letter, and control that reads how the book writes an address.
struct Tagged;

impl Detect for Tagged {
    fn family(&self) -> Family {
        Family::Xrpl
    }

    fn address(&self, text: &str) -> Result<Address, AddressError> {
        text.strip_prefix('r')
            .and_then(|number| number.parse().ok())
            .map(address)
            .ok_or_else(|| AddressError::Shape {
                text: text.to_owned(),
                family: Family::Xrpl,
                expected: "r and a number",
            })
    }

    fn tx_id(&self, text: &str) -> Option<TxId> {
        Some(TxId::new(text))
    }

    fn is_voucher(&self, asset: &str) -> bool {
        asset.starts_with('v')
    }

    fn on_network(&self, _: &Payload, _: &NetworkId) -> Option<Address> {
        None
    }

    fn memo_rules(&self) -> Option<&'static MemoRules> {
        Some(&MemoRules {
            routing: &[place::DESTINATION_TAG],
            shape: MemoShape::Tag,
        })
    }
}

impl Control for Tagged {
    fn prove(&self, _: &Address, _: &ControlRecord, evidence: &ControlEvidence) -> Verdict {
        match evidence.known_as.as_deref() {
            Some(text) if text.starts_with('r') => Verdict::Controllable(How::SameKey),
            _ => Verdict::Conditional(Missing::ControlUnknown),
        }
    }

    fn maker(&self, _: &ControlRecord) -> Option<Address> {
        None
    }
}

impl Adapter for Tagged {
    fn detect(&self) -> &dyn Detect {
        self
    }

    fn control(&self) -> &dyn Control {
        self
    }

    fn open(&self, network: &NetworkConfig) -> Result<Arc<dyn ChainRead>, SourceError> {
        unreachable!("no test asks {}", network.id)
    }
}

struct World {
    store: Store,
    chains: ChainsConfig,
    adapters: Adapters,
}

fn record(
    role: AddressRole,
    user: Option<&str>,
    value: &str,
    payload: Option<u8>,
) -> AddressRecord {
    AddressRecord {
        user_id: user.map(str::to_owned),
        role,
        family: Family::Xrpl,
        network: None,
        value: value.to_owned(),
        payload: payload.map(|number| Payload::Hash160([number; 20])),
        created: None,
        retired: None,
        control: ControlRecord::Unknown,
    }
}

fn memo_of(user: &str, value: &str) -> AddressRecord {
    record(AddressRole::AssignedMemo, Some(user), value, None)
}

impl World {
    /// One shared address; tags of users A, B, closed C; D's tag on another network; A's known sender.
    async fn new() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut chains =
            ChainsConfig::load(&root.join("chains.toml"), &ShapeCodec).expect("it loads");
        let ethereum = NetworkId::new("ethereum");
        let mut network = chains.networks.remove(&ethereum).expect("it is there");
        network.id = xrpl();
        network.family = Family::Xrpl;
        network.memo = MemoRule::Required;
        network.native.terms.minimum = None;
        network.sources.clear();
        network.assets.clear();
        chains.networks = BTreeMap::from([(xrpl(), network)]);
        let store = Store::open("sqlite::memory:").await.expect("a store");
        let now = time("2026-03-02T00:00:00Z");
        let elsewhere = AddressRecord {
            network: Some(NetworkId::new("xrpl-testnet")),
            ..memo_of("D", "400400")
        };
        let other_family = AddressRecord {
            family: Family::Cosmos,
            ..record(AddressRole::Deposit, Some("X"), "cosmos1", Some(OMNIBUS))
        };
        let records = vec![
            record(AddressRole::Omnibus, None, "r1", Some(OMNIBUS)),
            other_family,
            AddressRecord {
                family: Family::Cosmos,
                ..record(AddressRole::Omnibus, None, "cosmos2", Some(2))
            },
            memo_of("A", "123456"),
            memo_of("B", "777000"),
            memo_of("C", "500500"),
            elsewhere,
            AddressRecord {
                family: Family::Stellar,
                ..memo_of("S", "314159")
            },
            record(AddressRole::PastSender, Some("A"), "r8", Some(FRIEND)),
        ];
        store.import_addresses(records, now).await.expect("stored");
        let standings = vec![
            ("A".to_owned(), AccountStanding::Active),
            ("C".to_owned(), AccountStanding::Closed),
        ];
        store.import_accounts(standings, now).await.expect("stored");
        store
            .add_ledger_period(LedgerPeriod {
                network: xrpl(),
                from: time("2026-01-01T00:00:00Z"),
                to: now,
            })
            .await
            .expect("stored");
        Self {
            store,
            chains,
            adapters: Adapters::new(vec![Arc::new(Tagged)]),
        }
    }

    async fn judge(&self, credits: Vec<Observation>) -> Vec<Judged> {
        let sources = BTreeMap::new();
        FactGatherer::new(
            &self.store,
            &self.chains,
            &self.adapters,
            &xrpl(),
            &sources,
            Some(Height(100)),
        )
        .expect("it is configured")
        .judge(credits)
        .await
        .expect("it is judged")
    }

    async fn one(&self, credit: Observation) -> Judged {
        self.judge(vec![credit]).await.remove(0)
    }

    /// Stores a credit as the scan does.
    async fn keep(&self, judged: &Judged) -> Deposit {
        let deposit = Deposit {
            origin: Origin::Observed(judged.observation.clone()),
            decimals: 6,
            decimals_vouched: true,
            symbol: Some("XRP".to_owned()),
            status: match judged.finality {
                Finality::Final => DepositStatus::Open,
                Finality::NotFinal | Finality::Unknown => DepositStatus::Unconfirmed,
            },
            classification: judged.classification.clone(),
        };
        self.store
            .upsert_observed(vec![deposit.clone()], paid_at())
            .await
            .expect("stored");
        deposit
    }

    fn engine(&self) -> Engine {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let policy = Policy::load(&root.join("policy.toml"), None).expect("it loads");
        Engine::new(
            self.store.clone(),
            self.chains.clone(),
            Some(policy),
            self.adapters.clone(),
            Arc::new(FixedClock(time("2026-03-02T00:00:00Z"))),
        )
        .expect("an engine")
    }

    async fn book(&self, tx: &str) {
        let entry = LedgerEntry {
            id: format!("row-{tx}"),
            kind: LedgerEntryKind::CreditedDeposit,
            user_id: Some("A".to_owned()),
            network: xrpl(),
            tx_id: TxId::new(tx),
            position: None,
            address: None,
            asset: None,
            amount: None,
            booked_at: paid_at(),
        };
        self.store
            .import_ledger(vec![entry], paid_at())
            .await
            .expect("stored");
    }
}

fn specialist() -> Person {
    Person {
        name: "gwen".to_owned(),
        roles: BTreeSet::from([Role::Specialist]),
        keys: Vec::new(),
    }
}

/// A payment to the shared address from a stranger.
fn payment(tx: &str, memos: Vec<Memo>) -> Observation {
    Observation {
        network: xrpl(),
        tx_id: TxId::new(tx),
        position: Position::value(),
        block: Some(BlockRef {
            height: Height(10),
            hash: BlockHash::new("B10"),
            time: paid_at(),
        }),
        from: Some(address(STRANGER)),
        to: address(OMNIBUS),
        asset: AssetId::native(xrpl()),
        amount: Amount::from_u128(25_000_000),
        amount_stated: Amount::from_u128(25_000_000),
        balance_delta: None,
        memos,
        mechanism: Mechanism::TopLevel,
        outcome: Outcome::Success,
        flags: Vec::new(),
    }
}

fn tag(tag: u32) -> Vec<Memo> {
    vec![Memo::tag(tag, place::DESTINATION_TAG)]
}

fn no_tag(note: &str) -> Vec<Memo> {
    vec![
        Memo::absent(place::DESTINATION_TAG),
        Memo::text(note.as_bytes(), "memos[0].data"),
    ]
}

#[tokio::test]
async fn own_each_finding_leads_to_its_kind_owner_and_verdict() {
    let world = World::new().await;
    world.book("booked").await;
    let from_friend = |tx: &str, memos| Observation {
        from: Some(address(FRIEND)),
        ..payment(tx, memos)
    };
    let own = Verdict::Controllable(How::OwnAccount);
    let key = Verdict::Controllable(How::SameKey);
    let disputed = Verdict::Conditional(Missing::OwnerDisputed);
    let rows = [
        (
            payment("good", tag(123_456)),
            Kind::MissedCredit,
            Some("A"),
            None,
            &own,
        ),
        (
            payment("booked", tag(123_456)),
            Kind::AlreadyCredited,
            Some("A"),
            None,
            &Verdict::NotRecoverable(recover_core::verdict::Reason::AlreadyCredited),
        ),
        (
            payment("none", no_tag("hello")),
            Kind::MemoMissing,
            None,
            None,
            &own,
        ),
        (payment("zero", tag(0)), Kind::MemoUnknown, None, None, &own),
        (
            payment("near", tag(123_457)),
            Kind::MemoUnknown,
            None,
            Some("A"),
            &own,
        ),
        (
            payment("elsewhere", no_tag("１２３４５６")),
            Kind::MemoInWrongField,
            None,
            Some("A"),
            &own,
        ),
        (
            payment("closed", tag(500_500)),
            Kind::AccountClosed,
            Some("C"),
            None,
            &key,
        ),
        (
            payment("network", tag(400_400)),
            Kind::MemoUnknown,
            None,
            None,
            &own,
        ),
        (
            payment("family", tag(314_159)),
            Kind::MemoUnknown,
            None,
            None,
            &own,
        ),
        (
            from_friend("theirs", tag(123_456)),
            Kind::MissedCredit,
            Some("A"),
            None,
            &own,
        ),
        (
            from_friend("dispute", tag(777_000)),
            Kind::MemoOfAnotherUser,
            None,
            None,
            &disputed,
        ),
    ];
    let credits = rows.iter().map(|(credit, ..)| credit.clone()).collect();
    for (judged, (credit, kind, owner, proposed, verdict)) in
        world.judge(credits).await.iter().zip(&rows)
    {
        let found = &judged.classification;
        let finding = found.memo.as_ref().expect("a shared address");
        assert_eq!(found.kind, *kind, "{}", credit.tx_id);
        assert_eq!(found.owner.as_deref(), *owner, "{}", credit.tx_id);
        assert_eq!(finding.proposed.as_deref(), *proposed, "{}", credit.tx_id);
        assert_eq!(found.verdict, **verdict, "{}", credit.tx_id);
        assert!(
            finding
                .evidence
                .iter()
                .all(|one| !explain::memo(one).is_empty())
        );
        let kept = world.keep(judged).await;
        let stored = world.store.deposit(&kept.id()).await.expect("read");
        assert_eq!(
            stored.map(|stored| stored.deposit.classification),
            Some(found.clone())
        );
    }
}

#[tokio::test]
async fn own_what_was_judged_alone_is_judged_alike_in_a_batch() {
    let world = World::new().await;
    let credits: Vec<Observation> = (0..400)
        .map(|number: u32| {
            let memos = match number % 4 {
                0 => tag(123_456),
                1 => tag(1_000_000 + number),
                2 => tag(123_450 + number % 10),
                _ => no_tag("Tag: 777000"),
            };
            payment(&format!("tx{number}"), memos)
        })
        .collect();
    let begin = Instant::now();
    let together = world.judge(credits.clone()).await;
    // Two questions for all of them: a question a deposit would take many times as long.
    assert!(
        begin.elapsed() < Duration::from_secs(20),
        "{:?}",
        begin.elapsed()
    );
    for (credit, judged) in credits.into_iter().zip(&together).step_by(37) {
        let alone = world.one(credit).await;
        assert_eq!(alone.classification, judged.classification);
    }
}

#[tokio::test]
async fn own_money_on_its_way_back_is_asked_for_no_memo() {
    let world = World::new().await;
    for mechanism in [Mechanism::Bounce, Mechanism::IbcRefund] {
        let back = Observation {
            mechanism,
            ..payment("back", vec![Memo::absent(place::DESTINATION_TAG)])
        };
        let judged = world.one(back).await.classification;
        assert_eq!(
            (judged.kind, judged.memo),
            (Kind::ReturnedWithdrawal, None),
            "{mechanism}"
        );
    }
}

#[tokio::test]
async fn own_flags_and_vouchers_of_memo_networks_are_read() {
    let world = World::new().await;
    let flagged = |flag| Observation {
        flags: vec![flag],
        ..payment("flagged", tag(123_456))
    };
    let partial = world
        .one(flagged(Flag::PartialDelivery))
        .await
        .classification;
    assert_eq!(partial.kind, Kind::PartialPayment);
    let locked = world.one(flagged(Flag::Locked)).await.classification;
    assert_eq!(locked.verdict, Verdict::Conditional(Missing::NotMovableYet));
    assert_eq!(
        Resolution::proposed(locked.kind, &locked.verdict),
        Resolution::Wait
    );
    let voucher = Observation {
        asset: AssetId::contract(xrpl(), "voucher"),
        ..payment("voucher", tag(123_456))
    };
    assert_eq!(
        world.one(voucher).await.classification.kind,
        Kind::IbcVoucher
    );
}

#[tokio::test]
async fn own_equal_bytes_of_another_family_are_another_address() {
    let world = World::new().await;
    let to_cosmos = Observation {
        to: address(2),
        ..payment("cosmos", tag(123_456))
    };
    assert_eq!(
        world.one(to_cosmos).await.classification.kind,
        Kind::NotOurs
    );
}

#[tokio::test]
async fn own_on_the_wrong_network_the_memo_was_meant_for_the_right_one() {
    let world = World::new().await;
    let home = Some(NetworkId::new("xrpl-testnet"));
    let rows = vec![AddressRecord {
        network: home,
        ..record(AddressRole::Omnibus, None, "r3", Some(3))
    }];
    world
        .store
        .import_addresses(rows, paid_at())
        .await
        .expect("stored");
    let abroad = Observation {
        to: address(3),
        ..payment("abroad", tag(400_400))
    };
    let found = world.one(abroad).await.classification;
    assert_eq!(found.kind, Kind::WrongChainSameKey);
    assert_eq!(found.owner.as_deref(), Some("D"));
}

#[tokio::test]
async fn own_a_network_without_memo_rule_needs_none() {
    let mut world = World::new().await;
    for network in world.chains.networks.values_mut() {
        network.memo = MemoRule::None;
    }
    let judged = world.one(payment("none", no_tag(""))).await.classification;
    assert_eq!((judged.kind, judged.memo), (Kind::MissedCredit, None));
}

#[tokio::test]
async fn own_a_new_row_of_the_book_is_seen_at_the_next_look() {
    let world = World::new().await;
    let credit = payment("later", tag(888_000));
    let before = world.one(credit.clone()).await;
    assert_eq!(before.classification.kind, Kind::MemoUnknown);
    world.keep(&before).await;
    let rows = vec![memo_of("B", "888000")];
    world
        .store
        .import_addresses(rows, paid_at())
        .await
        .expect("stored");
    let after = world.one(credit).await;
    assert_eq!(after.classification.owner.as_deref(), Some("B"));
    let finding = after.classification.memo.as_ref().expect("judged");
    assert_eq!(finding.standing, MemoStanding::Good);
    assert!(finding.has(MemoSign::Exact));
}

#[tokio::test]
async fn own_an_unreadable_memo_names_nobody() {
    let world = World::new().await;
    let bytes = Memo {
        kind: MemoKind::Bytes,
        raw: vec![0xff, 0x00],
        place: place::DESTINATION_TAG.to_owned(),
    };
    let judged = world
        .one(payment("bytes", vec![bytes]))
        .await
        .classification;
    assert_eq!((judged.kind, judged.owner), (Kind::MemoUnknown, None));
}

#[tokio::test]
async fn own_no_claim_decides_a_dispute() {
    let world = World::new().await;
    let person = specialist();
    let dispute = Observation {
        from: Some(address(FRIEND)),
        ..payment("dispute", tag(777_000))
    };
    let disputed = world.keep(&world.one(dispute).await).await;
    let missing = world
        .keep(&world.one(payment("none", no_tag(""))).await)
        .await;
    let engine = world.engine();
    for resolution in [
        None,
        Some(Resolution::LedgerCredit),
        Some(Resolution::ReturnToSender),
    ] {
        for beneficiary in ["A", "B"] {
            let options = OpenOptions {
                beneficiary: Some(beneficiary.to_owned()),
                destination: Some("r9".to_owned()),
                resolution,
                ..OpenOptions::default()
            };
            let refused = engine.open_claim(&disputed.id(), &options, &person).await;
            let is_refused = matches!(
                refused,
                Err(EngineError::Refused {
                    refusal: Refusal::OwnerDisputed
                })
            );
            assert!(is_refused, "{resolution:?} for {beneficiary}");
        }
    }
    let options = OpenOptions {
        beneficiary: Some("A".to_owned()),
        ..OpenOptions::default()
    };
    // Nothing but the name stands in the way of the other.
    let unproven = engine.open_claim(&missing.id(), &options, &person).await;
    assert!(
        matches!(
            unproven,
            Err(EngineError::Proof(ProofError::OwnershipMissing { .. }))
        ),
        "{unproven:?}"
    );
}

/// Two packets of one relayed transaction: the same amount, two memos.
fn packets(tx: &str) -> Vec<Observation> {
    [(0, 123_456), (1, 777_000)]
        .map(|(index, value)| Observation {
            position: Position::new(&format!("msg:{index}.transfer")),
            ..payment(tx, tag(value))
        })
        .to_vec()
}

async fn book_to(world: &World, tx: &str, user: Option<&str>) {
    let entry = LedgerEntry {
        id: format!("row-{tx}"),
        kind: LedgerEntryKind::CreditedDeposit,
        user_id: user.map(str::to_owned),
        network: xrpl(),
        tx_id: TxId::new(tx),
        position: None,
        address: Some("r1".to_owned()),
        asset: Some(AssetId::native(xrpl())),
        amount: Some(Amount::from_u128(25_000_000)),
        booked_at: paid_at(),
    };
    let rows = vec![entry];
    world
        .store
        .import_ledger(rows, paid_at())
        .await
        .expect("stored");
}

#[tokio::test]
async fn own_a_row_of_the_ledger_covers_the_credit_of_its_own_user() {
    let world = World::new().await;
    book_to(&world, "relayed", Some("B")).await;
    let judged = world.judge(packets("relayed")).await;
    let kinds: Vec<(Kind, Option<&str>)> = judged
        .iter()
        .map(|one| (one.classification.kind, one.classification.owner.as_deref()))
        .collect();
    assert_eq!(
        kinds,
        [
            (Kind::MissedCredit, Some("A")),
            (Kind::AlreadyCredited, Some("B"))
        ]
    );
    for one in &judged {
        world.keep(one).await;
    }
    // One of them alone, the other known from the store.
    for (credit, before) in packets("relayed").into_iter().zip(&judged) {
        assert_eq!(
            world.one(credit).await.classification,
            before.classification
        );
    }
}

#[tokio::test]
async fn own_a_row_that_may_be_of_two_users_pays_neither_of_them() {
    let world = World::new().await;
    book_to(&world, "relayed", None).await;
    let unclear = Verdict::Conditional(Missing::LedgerUnclear);
    for one in world.judge(packets("relayed")).await {
        let found = &one.classification;
        assert_eq!((found.kind, &found.verdict), (Kind::MissedCredit, &unclear));
    }
}

#[tokio::test]
async fn own_a_booking_to_another_user_than_the_memos_is_kept_as_evidence() {
    let world = World::new().await;
    book_to(&world, "misbooked", Some("B")).await;
    let found = world
        .one(payment("misbooked", tag(123_456)))
        .await
        .classification;
    assert_eq!(found.kind, Kind::AlreadyCredited);
    let finding = found.memo.expect("judged");
    assert_eq!(finding.owner.as_deref(), Some("A"));
    let booked = finding
        .evidence
        .iter()
        .find(|one| one.sign == MemoSign::BookedToAnother)
        .expect("noted");
    assert_eq!(booked.user.as_deref(), Some("B"));
    assert!(explain::memo(booked).contains("user B"));
    assert!(finding.evidence.is_sorted());
}

#[tokio::test]
async fn own_a_claim_sees_whose_the_ledgers_row_is() {
    let world = World::new().await;
    let judged = world.judge(packets("relayed")).await;
    let mut kept = Vec::new();
    for one in &judged {
        kept.push(world.keep(one).await.id());
    }
    let engine = world.engine();
    // Imported after the look, before the claim.
    book_to(&world, "relayed", Some("B")).await;
    let open = |id| {
        let engine = &engine;
        async move {
            let options = OpenOptions::default();
            engine.open_claim(id, &options, &specialist()).await
        }
    };
    let booked = open(&kept[1]).await;
    assert!(matches!(
        booked,
        Err(EngineError::Refused {
            refusal: Refusal::NothingToClaim
        })
    ));
    let claim = open(&kept[0]).await.expect("A was never credited");
    assert_eq!(claim.beneficiary.as_deref(), Some("A"));
}

/// A deposit at the shared address as a file tells it.
fn told(memo: &str) -> Deposit {
    Deposit {
        origin: Origin::Imported(ImportedDeposit {
            id: DepositId::verbatim("D-1"),
            network: xrpl(),
            tx_id: TxId::new(&"AB".repeat(32)),
            position: "0".to_owned(),
            block_height: None,
            block_time: Some(paid_at()),
            from: None,
            to: "r1".to_owned(),
            asset: AssetId::native(xrpl()),
            amount: Amount::from_u128(25),
            scale: 0,
            memo: Some(memo.to_owned()),
            orphan_reason: None,
        }),
        decimals: 0,
        decimals_vouched: false,
        symbol: Some("XRP".to_owned()),
        classification: Classification {
            kind: Kind::MissedCredit,
            also: Vec::new(),
            verdict: Verdict::Conditional(Missing::NotSeenByUs),
            owner: None,
            memo: None,
        },
        status: DepositStatus::Open,
    }
}

#[tokio::test]
async fn own_a_files_memo_of_two_users_is_nobodys_though_one_alone_appeals() {
    for (also_others, decision) in [(false, MatchDecision::Auto), (true, MatchDecision::Review)] {
        let world = World::new().await;
        // Without a price nothing passes by itself.
        let by = |source: &str| recover_store::Price {
            asset: recover_core::asset::AssetId::native(xrpl()),
            currency: "USD".to_owned(),
            price: recover_core::decimal::Decimal::parse("2").expect("a number"),
            priced_at: time("2026-03-01T23:30:00Z"),
            source: source.to_owned(),
        };
        let prices = vec![by("test"), by("second")];
        let prices = world.store.import_prices(prices, paid_at()).await;
        prices.expect("stored");
        if also_others {
            let rows = vec![memo_of("B", "123456")];
            world
                .store
                .import_addresses(rows, paid_at())
                .await
                .expect("stored");
        }
        world
            .store
            .import_deposits(vec![told("123456")], paid_at())
            .await
            .expect("stored");
        let appeal = Appeal {
            claimed_txid: "AB".repeat(32),
            claimed_network: "xrpl".to_owned(),
            claimed_asset: "XRP".to_owned(),
            claimed_amount: "25".to_owned(),
            ..appeals::blank("A-1", "A", time("2026-03-02T00:00:00Z"))
        };
        world
            .store
            .import_appeals(vec![appeal], paid_at())
            .await
            .expect("stored");
        let outcomes = world.engine().match_all().await.expect("matched");
        assert_eq!(outcomes[0].decision, decision, "{:?}", outcomes[0].reasons);
    }
}
