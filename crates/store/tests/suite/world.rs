//! People, a policy, plans and transactions of a made-up family, and the path of a claim through the store.

use super::{Backend, at, deposit, ethereum, now};
use recover_core::amount::Amount;
use recover_core::approval::{ApprovalPolicy, ApprovalRule, RuleAction, Tier};
use recover_core::asset::AssetId;
use recover_core::block::TxId;
use recover_core::check::{Check, Decoded, Deviation, NotReadable, Signed, Slot};
use recover_core::claim::{
    Acknowledged, Claim, ClaimId, ClaimQuote, Command, Evidence, EvidenceFile, OpenRequest,
    Refusal, Resolution, Sighting, Verified,
};
use recover_core::deposit::{Deposit, DepositStatus};
use recover_core::digest::{Digest, Encoder};
use recover_core::fee::{Cents, Quote};
use recover_core::network::Family;
use recover_core::observation::DepositId;
use recover_core::people::{Person, Role};
use recover_core::plan::{Instruction, InstructionKind, Leg, LegKind, Plan, Step};
use recover_core::time::Timestamp;
use recover_store::{ClaimAnswer, ClaimContext, LedgerPeriod, PolicyRules, Store};

pub fn person(name: &str, role: Role) -> Person {
    Person {
        name: name.into(),
        roles: [role].into(),
        keys: Vec::new(),
    }
}

pub fn team() -> Vec<Person> {
    vec![
        person("sam", Role::Specialist),
        person("sue", Role::Specialist),
        person("wim", Role::WalletLead),
        person("wil", Role::Wallet),
        person("wes", Role::Wallet),
        person("cat", Role::Compliance),
        person("tom", Role::Treasury),
        person("tia", Role::Treasury),
    ]
}

pub const DAY: i64 = 86_400;

pub fn approval() -> ApprovalPolicy {
    ApprovalPolicy {
        rules: vec![ApprovalRule {
            number: 1,
            kinds: vec![],
            networks: vec![],
            resolutions: vec![],
            action: RuleAction::Tiers,
        }],
        tiers: vec![Tier {
            name: "T1".into(),
            value_max: None,
            votes: 2,
            lead_votes: 0,
            compliance_vote: false,
            delay_seconds: 0,
            alone: None,
        }],
        week_multiple: 3,
        maker_multiple: 10,
        pair_multiple: 10,
        day_release_max: Cents(Amount::MAX),
        vote_valid_seconds: DAY,
        screening_age_max_seconds: 3_600,
        release_screening_age_max_seconds: 3_600,
        signed_votes: false,
    }
}

pub fn rules() -> PolicyRules {
    PolicyRules {
        version: 1,
        approval: approval(),
        people: team(),
    }
}

pub fn by_at(name: &str, now: Timestamp) -> ClaimContext {
    let actor = team().into_iter().find(|person| person.name == name);
    ClaimContext {
        actor: actor.unwrap_or_else(|| person(name, Role::Specialist)),
        now,
        policies: vec![rules()],
        booked_by_other_ids: std::collections::BTreeSet::new(),
        key: None,
        dry_run: false,
    }
}

pub fn by(name: &str) -> ClaimContext {
    by_at(name, now())
}

/// With a key of its own: a command, and no repeat of one.
pub fn keyed(name: &str, key: &str) -> ClaimContext {
    ClaimContext {
        key: Some(key.to_owned()),
        ..by(name)
    }
}

pub fn later(seconds: i64) -> Timestamp {
    now().plus_seconds(seconds).unwrap()
}

pub fn request() -> OpenRequest {
    OpenRequest {
        appeal: None,
        beneficiary: None,
        destination: None,
        resolution: None,
        correction: None,
        ordinal: 0,
    }
}

/// Money is moved to treasury first, then booked.
pub fn sweep() -> OpenRequest {
    OpenRequest {
        resolution: Some(Resolution::SweepThenCredit),
        ..request()
    }
}

pub fn policy_digest() -> Digest {
    Encoder::new("test").finish()
}

/// What the deposit's address is told to send: exactly its thousand base units.
pub fn transfer() -> Leg {
    Leg {
        kind: LegKind::Transfer,
        network: ethereum(),
        chain: "eip155:1".into(),
        signer: super::address_text(1),
        signer_key: Some("02ab".into()),
        target: "treasury".into(),
        recipient: "treasury".into(),
        memo: None,
        asset: AssetId::native(ethereum()),
        amount: Amount::from_u128(1_000),
        call: Some(vec![0, 255]),
        route: None,
        spend: None,
        fee_max: Amount::from_u128(60),
    }
}

pub fn top_up() -> Leg {
    Leg {
        kind: LegKind::GasTopUp,
        signer: "gas account".into(),
        signer_key: None,
        target: super::address_text(1),
        recipient: super::address_text(1),
        amount: Amount::from_u128(60),
        call: None,
        ..transfer()
    }
}

pub fn credit(fee: u128) -> Step {
    let of = |kind, user: Option<&str>, amount| Instruction {
        kind,
        user: user.map(str::to_owned),
        asset: AssetId::native(ethereum()),
        amount: Amount::from_u128(amount),
        entry: None,
    };
    let mut list = vec![of(InstructionKind::Credit, Some("u1"), 1_000 - fee)];
    if fee > 0 {
        list.push(of(InstructionKind::CaptureFee, None, fee));
    }
    Step::Instruct(list)
}

pub fn claim_quote(fee: u128, cents: u128) -> ClaimQuote {
    ClaimQuote {
        quote: Quote {
            value: Cents(Amount::from_u128(cents)),
            service_fee: Cents(Amount::from_u128(7)),
            network_fee: Cents(Amount::ZERO),
            total_fee: Cents(Amount::from_u128(7)),
            fee_in_asset: Amount::from_u128(fee),
            net: Amount::from_u128(1_000 - fee),
            rule: 3,
            terms: None,
        },
        policy_version: 1,
        policy_digest: policy_digest(),
        price_ids: vec!["prc_1".into(), "prc_2".into()],
        quoted_at: now(),
        expires_at: at(1_800_086_400),
    }
}

/// A quote whose plan books it.
pub fn quote(fee: u128) -> Command {
    planned(fee, vec![credit(fee)])
}

pub fn planned(fee: u128, steps: Vec<Step>) -> Command {
    valued(fee, 10_000, steps)
}

pub fn valued(fee: u128, cents: u128, steps: Vec<Step>) -> Command {
    Command::Quote {
        quote: claim_quote(fee, cents),
        plan: Some(Plan { steps }),
    }
}

/// A quote whose plan tops up, sweeps and books.
pub fn swept(fee: u128) -> Command {
    let steps = vec![
        Step::Send(Box::new(top_up())),
        Step::Send(Box::new(transfer())),
        credit(fee),
    ];
    planned(fee, steps)
}

pub fn screen(clear: bool) -> Command {
    Command::Screen {
        clear,
        reason: "sender checked".into(),
    }
}

pub fn approve(claim: &Claim) -> Command {
    Command::Approve {
        digest: claim.content_digest(),
        signature: None,
    }
}

/// A family whose transactions are text: `ACCOUNT SEQUENCE TICKET DIGEST-OF-LEG`.
pub struct TextCheck;

fn leg_digest(leg: &Leg) -> String {
    let plan = Plan {
        steps: vec![Step::Send(Box::new(leg.clone()))],
    };
    plan.encode(Encoder::new("test/leg")).finish().to_string()
}

pub fn unsigned(leg: &Leg, sequence: u64) -> Vec<u8> {
    format!("{}|{sequence}|false|{}", leg.signer, leg_digest(leg)).into_bytes()
}

impl Check for TextCheck {
    fn family(&self) -> Family {
        Family::Evm
    }

    fn decode(&self, _chain: &str, unsigned: &[u8]) -> Result<Decoded, NotReadable> {
        let unreadable = || NotReadable {
            expected: "a transaction of the tests",
            detail: "fields are missing".into(),
        };
        let text = std::str::from_utf8(unsigned).map_err(|_| unreadable())?;
        let mut fields = text.split('|');
        let mut next = || fields.next().ok_or_else(unreadable);
        Ok(Decoded {
            lines: vec![],
            slot: Slot {
                account: next()?.to_owned(),
                sequence: next()?.parse().map_err(|_| unreadable())?,
                is_ticket: next()? == "true",
            },
            fee_max: Amount::from_u128(60),
            valid_until: Some(later(DAY)),
            valid_through: Some(recover_core::block::Height(99)),
        })
    }

    fn verify(&self, leg: &Leg, unsigned: &[u8]) -> Result<Decoded, Vec<Deviation>> {
        let differs = |found: String| {
            vec![Deviation {
                field: "bytes",
                found,
                approved: leg_digest(leg),
            }]
        };
        let decoded = self
            .decode(&leg.chain, unsigned)
            .map_err(|error| differs(error.to_string()))?;
        if unsigned.ends_with(leg_digest(leg).as_bytes()) {
            Ok(decoded)
        } else {
            Err(differs("another leg".into()))
        }
    }

    fn open(&self, _chain: &str, _approved: &[u8], _signed: &[u8]) -> Result<Signed, NotReadable> {
        Err(NotReadable {
            expected: "a signed transaction",
            detail: "the tests build theirs".into(),
        })
    }
}

pub fn prepare(leg: &Leg, sequence: u64) -> Command {
    Command::Prepare {
        transaction: Verified::leg(&TextCheck, leg, unsigned(leg, sequence)).unwrap(),
        expires_at: later(3_600),
    }
}

pub fn export() -> Command {
    Command::Export {
        expires_at: later(3_600),
    }
}

pub fn tx_id(leg: &Leg, sequence: u64) -> TxId {
    TxId::new(&format!("0x{}{sequence}", leg.kind.code()))
}

pub fn import(leg: &Leg, sequence: u64) -> Command {
    let unsigned = unsigned(leg, sequence);
    Command::Import {
        signed: Signed {
            bytes: [&unsigned[..], b"|signature"].concat(),
            unsigned,
            signer: leg.signer.clone(),
            signer_key: leg.signer_key.clone(),
            tx_id: tx_id(leg, sequence),
        },
    }
}

pub fn sighted_final(leg: &Leg, sequence: u64, fee: u128) -> Command {
    Command::Sight(Sighting::Final {
        tx_id: tx_id(leg, sequence),
        block: super::block(77, "a"),
        fee: Amount::from_u128(fee),
    })
}

pub fn acknowledge(claim: &Claim) -> Command {
    let package = claim.execution.package.as_ref().unwrap();
    let Some(Step::Instruct(list)) = claim.current_step() else {
        panic!("no instructions are out");
    };
    let answers = list.iter().enumerate().map(|(ordinal, instruction)| {
        let step = usize::try_from(package.step).unwrap();
        Acknowledged {
            instruction: instruction.id(claim.id.as_str(), step, ordinal),
            entry: format!("L-{ordinal}"),
            asset: instruction.asset.clone(),
            amount: instruction.amount,
        }
    });
    Command::Acknowledge {
        answers: answers.collect(),
    }
}

pub fn instruct() -> Command {
    Command::Instruct {
        expires_at: later(3_600),
    }
}

/// A store with a policy and a ledger, and no deposit.
pub async fn founded(backend: &Backend) -> Store {
    let store = backend.open().await;
    store
        .load_policy(&policy_digest(), "policy", now())
        .await
        .unwrap();
    store
        .add_ledger_period(LedgerPeriod {
            network: ethereum(),
            from: at(0),
            to: now(),
        })
        .await
        .unwrap();
    store
}

/// A store with a policy, a ledger and one open deposit.
pub async fn prepared(backend: &Backend) -> (Store, Deposit) {
    let store = founded(backend).await;
    let deposit = found(&store, "0x1").await;
    (store, deposit)
}

pub async fn found(store: &Store, tx: &str) -> Deposit {
    let deposit = deposit(tx, 10);
    store
        .upsert_observed(vec![deposit.clone()], now())
        .await
        .unwrap();
    deposit
}

pub fn done(answer: ClaimAnswer) -> Claim {
    match answer {
        ClaimAnswer::Done(claim) => claim,
        other => panic!("not carried out: {other:?}"),
    }
}

pub async fn opened(store: &Store, deposit: &DepositId) -> Claim {
    done(
        store
            .open_claim(deposit, request(), by("sam"))
            .await
            .unwrap(),
    )
}

pub async fn stepped(
    store: &Store,
    claim: &Claim,
    command: Command,
    context: ClaimContext,
) -> Claim {
    done(
        store
            .step_claim(&claim.id, claim.revision, command, context)
            .await
            .unwrap(),
    )
}

pub async fn refusal(
    store: &Store,
    claim: &Claim,
    command: Command,
    context: ClaimContext,
) -> Refusal {
    match store
        .step_claim(&claim.id, claim.revision, command, context)
        .await
        .unwrap()
    {
        ClaimAnswer::Refused(refusal) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

/// That the customer accepts, by what they wrote.
pub fn accept() -> Command {
    Command::Accept {
        evidence: Evidence {
            text: "ticket 4711".into(),
            file: Some(EvidenceFile::of(b"I agree")),
        },
    }
}

/// As far as the approvers, with this quote.
pub async fn pending_with(store: &Store, claim: &Claim, quote: Command) -> Claim {
    let claim = stepped(store, claim, quote, by("sam")).await;
    let claim = stepped(store, &claim, accept(), by("sam")).await;
    stepped(store, &claim, screen(true), by("cat")).await
}

/// As far as the approvers.
pub async fn pending(store: &Store, deposit: &DepositId) -> Claim {
    let claim = opened(store, deposit).await;
    pending_with(store, &claim, quote(10)).await
}

/// As far as the release: two people agreed to this quote.
pub async fn approved_with(store: &Store, claim: &Claim, quote: Command) -> Claim {
    let claim = pending_with(store, claim, quote).await;
    // Votes of one moment come back in the order of the names.
    let claim = stepped(store, &claim, approve(&claim), by("wil")).await;
    stepped(store, &claim, approve(&claim), by("wim")).await
}

/// A claim of a deposit of its own that will be swept, approved.
pub async fn approved_sweep(store: &Store, tx: &str) -> Claim {
    let deposit = found(store, tx).await;
    let claim = done(
        store
            .open_claim(&deposit.id(), sweep(), by("sam"))
            .await
            .unwrap(),
    );
    let steps = vec![Step::Send(Box::new(transfer())), credit(10)];
    approved_with(store, &claim, planned(10, steps)).await
}

/// A claim of a deposit of its own that will be booked, approved.
pub async fn approved_credit(store: &Store, tx: &str) -> Claim {
    let deposit = found(store, tx).await;
    let claim = opened(store, &deposit.id()).await;
    approved_with(store, &claim, quote(10)).await
}

pub async fn status_of(store: &Store, id: &DepositId) -> DepositStatus {
    store.deposit(id).await.unwrap().unwrap().deposit.status
}

/// The store's own answer for a claim that must be there.
pub async fn read(store: &Store, id: &ClaimId) -> Claim {
    store.claim(id).await.unwrap().expect("the claim is there")
}

/// Nothing in the log or the tables is out of place.
pub async fn assert_sound(store: &Store) {
    let check = store.verify_log(&[]).await.unwrap();
    assert!(check.problems.is_empty(), "{:#?}", check.problems);
}
