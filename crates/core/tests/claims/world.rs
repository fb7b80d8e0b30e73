//! One deposit, the people of one exchange and the facts of one moment, for every suite to spoil in its own way.

use crate::people::{everybody, person};
use recover_core::address::{Address, Payload};
use recover_core::amount::Amount;
use recover_core::appeal::AppealId;
use recover_core::approval::{
    ApprovalPolicy, ApprovalRule, PolicyInForce, RuleAction, Spending, Tier,
};
use recover_core::asset::AssetId;
use recover_core::block::{BlockHash, BlockRef, Height, TxId};
use recover_core::check::{Check, Decoded, Deviation, NotReadable, Signed, Slot};
use recover_core::claim::{
    Acknowledged, Claim, ClaimQuote, ClaimStatus, Command, Correction, Evidence, Facts,
    OpenRequest, Refusal, Resolution, Sighting, Verified, open, step, with_charges,
};
use recover_core::decimal::Decimal;
use recover_core::deposit::{Classification, Deposit, DepositStatus, Origin};
use recover_core::digest::{Digest, Encoder};
use recover_core::fee::{
    Case, Cents, Charge, Coins, FeePolicy, FeeRule, OnFailure, Quote, QuoteInput, QuoteRefusal,
    Terms, UsedPrice, Waiver,
};
use recover_core::kind::Kind;
use recover_core::ledger::{LedgerEntry, LedgerEntryKind};
use recover_core::network::{Family, NetworkId};
use recover_core::observation::{Mechanism, Observation, Outcome, Position};
use recover_core::people::{Person, Role};
use recover_core::plan::{Instruction, InstructionKind, Leg, LegKind, Plan, Step as PlanStep};
use recover_core::time::Timestamp;
use recover_core::verdict::{How, Reason, Verdict};

/// When the story starts.
pub const START: Timestamp = Timestamp::from_micros(1_764_000_000_000_000);
/// A quote is good for this long, in seconds.
pub const QUOTE_SECONDS: i64 = 86_400;
/// A screening is good for this long, in seconds.
pub const SCREENING_SECONDS: i64 = 3_600;
/// A vote is good for this long, in seconds.
pub const VOTE_SECONDS: i64 = 7_200;
/// A package is good for this long, in seconds.
pub const PACKAGE_SECONDS: i64 = 1_800;

pub const AMOUNT: u128 = 1_000;
pub const FEE: u128 = 83;

pub fn later(from: Timestamp, seconds: i64) -> Timestamp {
    from.plus_seconds(seconds)
        .expect("the tests stay within the years that fit")
}

pub fn cents(value: u128) -> Cents {
    Cents(Amount::from_u128(value))
}

/// Two people of the wallet team for anything, nothing signed, no delay.
pub fn policy() -> ApprovalPolicy {
    ApprovalPolicy {
        rules: vec![ApprovalRule {
            number: 1,
            kinds: vec![],
            networks: vec![],
            resolutions: vec![],
            action: RuleAction::Tiers,
        }],
        tiers: vec![tier(None, 2)],
        week_multiple: 7,
        maker_multiple: 10,
        pair_multiple: 5,
        day_release_max: cents(1_000_000_000),
        vote_valid_seconds: VOTE_SECONDS,
        screening_age_max_seconds: SCREENING_SECONDS,
        release_screening_age_max_seconds: SCREENING_SECONDS,
        signed_votes: false,
    }
}

pub fn tier(value_max: Option<u128>, votes: u32) -> Tier {
    Tier {
        name: format!("up to {value_max:?}"),
        value_max: value_max.map(cents),
        votes,
        lead_votes: 0,
        compliance_vote: false,
        delay_seconds: 0,
        alone: None,
    }
}

/// What a command may look at, owned.
#[derive(Debug, Clone, PartialEq)]
pub struct World {
    pub deposit: Deposit,
    pub scanned_twin: bool,
    pub rivals: Vec<String>,
    pub ledger_covered: bool,
    /// The row by which the deposit was credited.
    pub credited_by: Option<LedgerEntry>,
    pub paid_by_claim: bool,
    pub people: Vec<Person>,
    pub now: Timestamp,
    pub policies: Vec<ApprovalPolicy>,
    pub spending: Spending,
    pub halted: bool,
    pub votes_logged: bool,
    /// What becomes of the fee when the recovery fails, where it is paid beside the deposit; `None` where the deposit pays it.
    pub beside: Option<OnFailure>,
}

pub fn ethereum() -> NetworkId {
    NetworkId::new("ethereum")
}

pub fn token() -> AssetId {
    AssetId::contract(ethereum(), "0xToken")
}

pub fn observation() -> Observation {
    let address =
        |byte, text: &str| Address::from_parts(Payload::Account20([byte; 20]), text.into());
    Observation {
        network: ethereum(),
        tx_id: TxId::new("0xaa"),
        position: Position::log(0),
        block: Some(block(100)),
        from: Some(address(1, "0xFrom")),
        to: address(2, "0xTo"),
        asset: token(),
        amount: Amount::from_u128(AMOUNT),
        amount_stated: Amount::from_u128(AMOUNT),
        balance_delta: Some(Amount::from_u128(AMOUNT)),
        memos: Vec::new(),
        mechanism: Mechanism::TokenTransfer,
        outcome: Outcome::Success,
        flags: Vec::new(),
    }
}

pub fn block(height: u64) -> BlockRef {
    BlockRef {
        height: Height(height),
        hash: BlockHash::new(&format!("0xb{height}")),
        time: START,
    }
}

impl World {
    /// A final unlisted token at an address issued to `user-1`, in a covered period, with nobody else asking for it: it is swept
    /// to an address that they proved.
    pub fn new() -> Self {
        Self::of(Kind::UnlistedToken, How::SameKey)
    }

    /// The same, where the ledger missed a deposit: it is credited.
    pub fn crediting() -> Self {
        Self::of(Kind::MissedCredit, How::OwnAccount)
    }

    /// The same, on the wrong network: it is swept to treasury and then credited.
    pub fn sweeping() -> Self {
        Self::of(Kind::WrongChainSameKey, How::SameKey)
    }

    /// The same, where the ledger credited it to `user-2`: the booking is corrected.
    pub fn correcting() -> Self {
        let mut world = Self::of(Kind::AlreadyCredited, How::OwnAccount);
        let classification = &mut world.deposit.classification;
        classification.verdict = Verdict::NotRecoverable(Reason::AlreadyCredited);
        classification.owner = Some("user-2".to_owned());
        world.deposit.status = DepositStatus::Resolved;
        world.credited_by = Some(LedgerEntry {
            id: "L-1".to_owned(),
            kind: LedgerEntryKind::CreditedDeposit,
            user_id: Some("user-2".to_owned()),
            network: ethereum(),
            tx_id: TxId::new("0xaa"),
            position: None,
            address: None,
            asset: Some(token()),
            amount: Some(Amount::from_u128(AMOUNT)),
            booked_at: START,
        });
        world
    }

    fn of(kind: Kind, how: How) -> Self {
        Self {
            deposit: Deposit {
                origin: Origin::Observed(observation()),
                decimals: 6,
                decimals_vouched: true,
                symbol: Some("TKN".to_owned()),
                classification: Classification {
                    kind,
                    also: Vec::new(),
                    verdict: Verdict::Controllable(how),
                    owner: Some("user-1".to_owned()),
                    memo: None,
                },
                status: DepositStatus::Open,
            },
            scanned_twin: false,
            rivals: Vec::new(),
            ledger_covered: true,
            credited_by: None,
            paid_by_claim: false,
            people: everybody(),
            now: START,
            policies: vec![policy()],
            spending: Spending::default(),
            halted: false,
            votes_logged: true,
            beside: None,
        }
    }

    /// The same, where the fee is paid from the balance and in native coin beforehand.
    pub fn charged(mut self, on_failure: OnFailure) -> Self {
        self.beside = Some(on_failure);
        self
    }

    /// Does something with the facts of this moment.
    pub fn with<T>(&self, actor: &Person, look: impl FnOnce(&Facts<'_>) -> T) -> T {
        let policies: Vec<PolicyInForce<'_>> = self
            .policies
            .iter()
            .map(|approval| PolicyInForce {
                approval,
                people: &self.people,
            })
            .collect();
        look(&Facts {
            deposit: &self.deposit,
            scanned_twin: self.scanned_twin,
            rivals: &self.rivals,
            ledger_covered: self.ledger_covered,
            credited_by: self.credited_by.as_ref(),
            paid_by_claim: self.paid_by_claim,
            actor,
            now: self.now,
            policies: &policies,
            spending: &self.spending,
            halted: self.halted,
            votes_logged: self.votes_logged,
        })
    }

    /// The person as the policy has them now; a stranger to it has no roles.
    pub fn actor(&self, name: &str) -> Person {
        let known = self.people.iter().find(|person| person.name == name);
        known.cloned().unwrap_or_else(|| Person {
            roles: [].into(),
            ..person(name)
        })
    }

    pub fn open(&self, name: &str, request: &OpenRequest) -> Result<Claim, Refusal> {
        self.with(&self.actor(name), |facts| open(request, facts))
    }

    /// Applies a command to the claim as it stands.
    pub fn act(&self, claim: &Claim, name: &str, command: &Command) -> Result<Claim, Refusal> {
        self.with(&self.actor(name), |facts| {
            step(claim, claim.revision, command, facts)
        })
    }

    pub fn observation_mut(&mut self) -> &mut Observation {
        match &mut self.deposit.origin {
            Origin::Observed(observation) => observation,
            Origin::Imported(_) => panic!("the deposit of these tests was observed"),
        }
    }

    /// Who does what next on the happy path; `None` where it ends or needs proof that the path does not have.
    pub fn onward(&self, claim: &Claim) -> Option<(&'static str, Command)> {
        let execution = &claim.execution;
        if let Some(package) = &execution.package {
            return Some(match claim.status {
                ClaimStatus::Prepared => ("tom", self.export()),
                ClaimStatus::AwaitingSignature if package.signed.is_none() => {
                    ("tom", import(claim))
                }
                ClaimStatus::AwaitingSignature => ("tom", Command::Send),
                ClaimStatus::BroadcastUnknown => ("", Command::Sent),
                ClaimStatus::Broadcast | ClaimStatus::Reorged => ("", included()),
                ClaimStatus::Confirming => ("", finalised()),
                ClaimStatus::Instructed => ("tom", acknowledge(claim)),
                _ => return None,
            });
        }
        match claim.status {
            ClaimStatus::Draft | ClaimStatus::QuoteExpired => Some(("ada", self.quote(claim))),
            ClaimStatus::Quoted => Some(("ada", accept())),
            ClaimStatus::Accepted => Some(("eve", screen(true))),
            ClaimStatus::PendingApproval => ["bob", "cyd", "dee"]
                .into_iter()
                .find(|name| claim.approvals.iter().all(|vote| vote.person != *name))
                .map(|name| (name, vote(claim))),
            ClaimStatus::Approved | ClaimStatus::Confirming | ClaimStatus::Instructed => {
                Some(("tom", self.release(claim)))
            }
            ClaimStatus::FailedOnChain | ClaimStatus::ArtifactExpired => {
                Some(if execution.is_bound() {
                    ("tom", self.release(claim))
                } else {
                    ("ada", self.quote(claim))
                })
            }
            _ => None,
        }
    }

    /// The claim after the happy path up to one status, from opening on.
    pub fn claim_at(&mut self, status: ClaimStatus) -> Claim {
        let claim = self
            .open("ada", &self.request())
            .expect("a good deposit opens");
        self.deposit.status = DepositStatus::Claimed;
        self.on_to(claim, |claim| claim.status == status)
    }

    /// On along the happy path until something holds.
    pub fn on_to(&self, mut claim: Claim, there: impl Fn(&Claim) -> bool) -> Claim {
        while !there(&claim) {
            let (name, command) = self
                .onward(&claim)
                .unwrap_or_else(|| panic!("the happy path ends at {}", claim.status));
            claim = self.act(&claim, name, &command).unwrap_or_else(|refusal| {
                panic!("{} at {} is {refusal}", command.code(), claim.status)
            });
        }
        claim
    }

    /// What opens this deposit's claim.
    pub fn request(&self) -> OpenRequest {
        let kind = self.deposit.classification.kind;
        let corrects = kind == Kind::AlreadyCredited;
        OpenRequest {
            destination: (kind == Kind::UnlistedToken).then(|| "0xProven".to_owned()),
            resolution: corrects.then_some(Resolution::CorrectBooking),
            correction: corrects.then(correction),
            ..request()
        }
    }

    /// A quote given now, with its plan.
    pub fn quote(&self, claim: &Claim) -> Command {
        let mut quote = quote();
        quote.quoted_at = self.now;
        quote.expires_at = later(self.now, QUOTE_SECONDS);
        let Some(on_failure) = self.beside else {
            return quoted(quote, plan(claim));
        };
        quote.quote.fee_in_asset = Amount::ZERO;
        quote.quote.net = Amount::from_u128(AMOUNT);
        quote.quote.terms = Some(Box::new(terms(on_failure)));
        let around = with_charges(claim, &quote.quote, whole(plan(claim)));
        quoted(quote, around.expect("a user is named"))
    }

    /// The release of the next step.
    pub fn release(&self, claim: &Claim) -> Command {
        let expires_at = later(self.now, PACKAGE_SECONDS);
        match claim.current_step() {
            Some(PlanStep::Send(leg)) => Command::Prepare {
                transaction: verified(leg, u64::from(claim.execution.attempts)),
                expires_at,
            },
            _ => Command::Instruct { expires_at },
        }
    }

    pub fn export(&self) -> Command {
        Command::Export {
            expires_at: later(self.now, PACKAGE_SECONDS),
        }
    }
}

/// The plan where nothing is taken out of the deposit.
fn whole(mut plan: Plan) -> Plan {
    for step in &mut plan.steps {
        match step {
            PlanStep::Send(leg) if leg.kind.moves_deposit() => {
                leg.amount = Amount::from_u128(AMOUNT);
            }
            PlanStep::Send(_) => {}
            PlanStep::Instruct(list) => {
                list.retain(|found| found.kind != InstructionKind::CaptureFee);
                for credit in list {
                    credit.amount = Amount::from_u128(AMOUNT);
                }
            }
        }
    }
    plan
}

pub fn usdt() -> AssetId {
    AssetId::contract(ethereum(), "0xUsdt")
}

/// Five USDT from the balance and 20 base units of native coin paid in beforehand; one native coin is worth 20,000.
pub const CHARGED: u128 = 5_000_000;
pub const PREPAID: u128 = 20;

pub fn terms(on_failure: OnFailure) -> Terms {
    let charge = |asset, amount, sum, is_prepaid| Charge {
        coins: Coins {
            asset,
            amount: Amount::from_u128(amount),
            decimals: 6,
        },
        cents: cents(sum),
        is_prepaid,
    };
    let native = AssetId::native(ethereum());
    Terms {
        currency: "USD".to_owned(),
        lines: vec![],
        prices: vec![UsedPrice {
            asset: native.clone(),
            price: Decimal::whole(20_000),
            at: START,
            sources: vec!["file".to_owned()],
            ids: vec!["p-2".to_owned()],
        }],
        ceiling: Some(Coins {
            asset: native.clone(),
            amount: Amount::from_u128(200),
            decimals: 6,
        }),
        network_cost: cents(400),
        charges: vec![
            charge(usdt(), CHARGED, 500, false),
            charge(native, PREPAID, 40, true),
        ],
        on_failure,
        net_value: cents(91_700),
        limit_value: Some(cents(100_000)),
    }
}

pub fn request() -> OpenRequest {
    OpenRequest {
        appeal: Some(AppealId::verbatim("A-1")),
        beneficiary: Some("user-1".to_owned()),
        destination: Some("0xProven".to_owned()),
        resolution: None,
        correction: None,
        ordinal: 1,
    }
}

/// The booking that [`World::correcting`] is about.
pub fn correction() -> Correction {
    Correction {
        entry: "L-1".to_owned(),
        counterparty: "user-2".to_owned(),
    }
}

/// A quote over the whole amount, given at [`START`].
/// What the rules say to an unlisted token of six decimals that moves without a transaction.
pub fn reckoned(
    rules: &[FeeRule],
    amount: Amount,
    price: Option<Decimal>,
) -> Result<Quote, QuoteRefusal> {
    let policy = FeePolicy {
        rules: rules.to_vec(),
        ..FeePolicy::default()
    };
    let network = ethereum();
    let asset = AssetId::native(network.clone());
    let case = Case {
        kind: Kind::UnlistedToken,
        network: &network,
        home: None,
        asset: &asset,
        is_listed: false,
        resolution: Resolution::LedgerCredit,
        age_seconds: None,
        earlier_cases: None,
    };
    recover_core::fee::quote(&QuoteInput {
        policy: &policy,
        currency: "USD",
        case,
        rule: policy.rule_for(&case),
        amount,
        gathered: None,
        decimals: Some(6),
        price: price.map(|price| UsedPrice {
            asset: asset.clone(),
            price,
            at: Timestamp::default(),
            sources: vec!["file".to_owned()],
            ids: vec!["prc_1".to_owned()],
        }),
        price_now: None,
        network_fee: None,
        fee_asset: None,
        coin: None,
        waivers: &[],
        named: None,
    })
}

pub fn quote() -> ClaimQuote {
    ClaimQuote {
        quote: Quote {
            value: cents(100_000),
            service_fee: cents(8_000),
            network_fee: cents(300),
            total_fee: cents(8_300),
            fee_in_asset: Amount::from_u128(FEE),
            net: Amount::from_u128(AMOUNT - FEE),
            rule: 1,
            terms: None,
        },
        policy_version: 4,
        policy_digest: Encoder::new("policy").finish(),
        price_ids: vec!["p-1".to_owned(), "p-2".to_owned()],
        quoted_at: START,
        expires_at: later(START, QUOTE_SECONDS),
    }
}

pub fn quoted(quote: ClaimQuote, plan: Plan) -> Command {
    Command::Quote {
        quote,
        plan: Some(plan),
    }
}

/// A leg of the deposit's network.
pub fn leg(kind: LegKind, signer: &str, recipient: &str, amount: u128) -> Leg {
    let asset = match kind {
        LegKind::GasTopUp | LegKind::Deploy => AssetId::native(ethereum()),
        LegKind::Flush | LegKind::Transfer | LegKind::Return => token(),
    };
    Leg {
        kind,
        network: ethereum(),
        chain: "eip155:1".to_owned(),
        signer: signer.to_owned(),
        signer_key: None,
        target: "0xToken".to_owned(),
        recipient: recipient.to_owned(),
        memo: None,
        asset,
        amount: Amount::from_u128(amount),
        call: None,
        route: None,
        spend: None,
        fee_max: Amount::from_u128(50),
    }
}

pub fn send(leg: Leg) -> PlanStep {
    PlanStep::Send(Box::new(leg))
}

pub fn instruction(kind: InstructionKind, user: Option<&str>, amount: u128) -> Instruction {
    Instruction {
        kind,
        user: user.map(str::to_owned),
        asset: token(),
        amount: Amount::from_u128(amount),
        entry: None,
    }
}

/// The net to the user and the fee to the exchange.
pub fn bookings() -> PlanStep {
    PlanStep::Instruct(vec![
        instruction(InstructionKind::Credit, Some("user-1"), AMOUNT - FEE),
        instruction(InstructionKind::CaptureFee, None, FEE),
    ])
}

/// What a claim's resolution needs.
pub fn plan(claim: &Claim) -> Plan {
    let top_up = || send(leg(LegKind::GasTopUp, "0xGas", "0xTo", 40));
    let steps = match claim.resolution {
        Resolution::LedgerCredit => vec![bookings()],
        Resolution::SweepThenCredit => vec![
            top_up(),
            send(leg(LegKind::Transfer, "0xTo", "0xTreasury", AMOUNT)),
            bookings(),
        ],
        Resolution::CorrectBooking => vec![
            PlanStep::Instruct(vec![instruction(
                InstructionKind::FreezeCounterparty,
                Some("user-2"),
                AMOUNT,
            )]),
            PlanStep::Instruct(vec![
                Instruction {
                    entry: Some("L-1".to_owned()),
                    ..instruction(InstructionKind::Reverse, Some("user-2"), AMOUNT)
                },
                instruction(InstructionKind::Credit, Some("user-1"), AMOUNT - FEE),
                instruction(InstructionKind::CaptureFee, None, FEE),
            ]),
        ],
        Resolution::ReturnToSender => {
            vec![send(leg(LegKind::Return, "0xTo", "0xProven", AMOUNT - FEE))]
        }
        _ => vec![
            top_up(),
            send(leg(LegKind::Transfer, "0xTo", "0xProven", AMOUNT - FEE)),
        ],
    };
    Plan { steps }
}

/// The tests' own network: unsigned bytes are the leg's text and a sequence, signed bytes have the signer before them.
pub struct TextNetwork;

impl TextNetwork {
    pub fn bytes(leg: &Leg, sequence: u64) -> Vec<u8> {
        format!("{sequence}:{leg:?}").into_bytes()
    }
}

impl Check for TextNetwork {
    fn family(&self) -> Family {
        Family::Evm
    }

    fn decode(&self, _chain: &str, unsigned: &[u8]) -> Result<Decoded, NotReadable> {
        let unreadable = || NotReadable {
            expected: "a text with a sequence before it",
            detail: "it is none".to_owned(),
        };
        let text = std::str::from_utf8(unsigned).map_err(|_| unreadable())?;
        let (sequence, _) = text.split_once(':').ok_or_else(unreadable)?;
        Ok(Decoded {
            lines: Vec::new(),
            slot: Slot {
                account: "0xTo".to_owned(),
                sequence: sequence.parse().map_err(|_| unreadable())?,
                is_ticket: false,
            },
            fee_max: Amount::from_u128(50),
            valid_until: None,
            valid_through: None,
        })
    }

    fn verify(&self, leg: &Leg, unsigned: &[u8]) -> Result<Decoded, Vec<Deviation>> {
        let deviation = |found: String| {
            vec![Deviation {
                field: "bytes",
                found,
                approved: format!("{leg:?}"),
            }]
        };
        let decoded = self
            .decode(&leg.chain, unsigned)
            .map_err(|error| deviation(error.to_string()))?;
        if unsigned == Self::bytes(leg, decoded.slot.sequence) {
            Ok(decoded)
        } else {
            Err(deviation(String::from_utf8_lossy(unsigned).into_owned()))
        }
    }

    fn open(&self, _chain: &str, _hint: &[u8], signed: &[u8]) -> Result<Signed, NotReadable> {
        let at = signed.iter().position(|byte| *byte == b'|');
        let (signer, rest) = signed.split_at(at.ok_or_else(|| NotReadable {
            expected: "a signer and a text",
            detail: "there is no bar".to_owned(),
        })?);
        Ok(Signed {
            bytes: signed.to_vec(),
            unsigned: rest[1..].to_vec(),
            signer: String::from_utf8_lossy(signer).into_owned(),
            signer_key: None,
            tx_id: TxId::new(&hex::encode(&rest[1..])),
        })
    }
}

pub fn verified(leg: &Leg, sequence: u64) -> Verified {
    Verified::leg(&TextNetwork, leg, TextNetwork::bytes(leg, sequence))
        .expect("the bytes are the leg's own")
}

/// What the signers bring back for the live package.
pub fn signed(claim: &Claim) -> Signed {
    let package = claim.execution.package.as_ref().expect("a package is out");
    let Some(PlanStep::Send(leg)) = claim.current_step() else {
        panic!("the step is a transaction");
    };
    let mut bytes = format!("{}|", leg.signer).into_bytes();
    bytes.extend(&package.bytes);
    TextNetwork
        .open(&leg.chain, &package.bytes, &bytes)
        .expect("a signer and a text")
}

pub fn import(claim: &Claim) -> Command {
    Command::Import {
        signed: signed(claim),
    }
}

pub fn tx() -> TxId {
    TxId::new("0xpaid")
}

pub fn included() -> Command {
    Command::Sight(Sighting::Included {
        tx_id: tx(),
        block: block(200),
    })
}

pub fn finalised() -> Command {
    Command::Sight(Sighting::Final {
        tx_id: tx(),
        block: block(200),
        fee: Amount::from_u128(30),
    })
}

pub fn failed() -> Command {
    Command::Sight(Sighting::Failed {
        tx_id: tx(),
        block: block(200),
        fee: Amount::from_u128(30),
    })
}

pub fn replaced() -> Command {
    Command::Sight(Sighting::Replaced {
        proof: because("transaction 0xother used its slot"),
    })
}

pub fn expired() -> Command {
    Command::Sight(Sighting::Expired {
        proof: because("its last block is final without it"),
    })
}

/// The right answers to the instructions that are out.
pub fn answers(claim: &Claim) -> Vec<Acknowledged> {
    let Some(PlanStep::Instruct(list)) = claim.current_step() else {
        panic!("the step is a set of instructions");
    };
    let step = usize::try_from(claim.execution.done).expect("a handful of steps");
    list.iter()
        .enumerate()
        .map(|(ordinal, instruction)| Acknowledged {
            instruction: instruction.id(claim.id.as_str(), step, ordinal),
            entry: format!("entry-{ordinal}"),
            asset: instruction.asset.clone(),
            amount: instruction.amount,
        })
        .collect()
}

pub fn acknowledge(claim: &Claim) -> Command {
    Command::Acknowledge {
        answers: answers(claim),
    }
}

pub fn screen(clear: bool) -> Command {
    Command::Screen {
        clear,
        reason: "list of today".to_owned(),
    }
}

/// A vote for the content as it stands.
pub fn vote(claim: &Claim) -> Command {
    vote_on(claim.content_digest())
}

pub fn vote_on(digest: Digest) -> Command {
    Command::Approve {
        digest,
        signature: None,
    }
}

/// That the customer accepts, by what they wrote.
pub fn accept() -> Command {
    Command::Accept {
        evidence: Evidence {
            text: because("ticket 4711: I agree to the fee"),
            file: None,
        },
    }
}

/// A waiver that compliance and leads may grant, for any kind and at any time.
pub fn waive(code: &str) -> Command {
    Command::Waive {
        waiver: Box::new(Waiver {
            code: code.to_owned(),
            title: because("goodwill"),
            kinds: vec![],
            from: None,
            until: None,
            percent: Decimal::whole(50),
            network: false,
            roles: vec![Role::Compliance, Role::WalletLead],
        }),
        note: because("our page named the wrong network"),
    }
}

pub fn unwind() -> Command {
    Command::Unwind {
        reason: because("the token is paused"),
    }
}

pub fn decline() -> Command {
    Command::Decline {
        reason: because("the balance is too small"),
    }
}

pub fn cancel() -> Command {
    Command::Cancel {
        reason: because("withdrawn"),
    }
}

pub fn reject() -> Command {
    Command::Reject {
        reason: because("the destination is not proven"),
    }
}

pub fn invalidate() -> Command {
    Command::Invalidate {
        reason: because("reorganised"),
    }
}

pub fn because(text: &str) -> String {
    text.to_owned()
}
