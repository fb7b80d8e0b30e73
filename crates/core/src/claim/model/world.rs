//! What stands still in the searched world: its people, its policy, its one deposit, and a network whose bytes are text.

use super::state::Weather;
use crate::address::{Address, Payload};
use crate::amount::Amount;
use crate::appeal::AppealId;
use crate::approval::{ApprovalPolicy, ApprovalRule, PolicyInForce, RuleAction, Spending, Tier};
use crate::asset::AssetId;
use crate::block::{BlockHash, BlockRef, Height, TxId};
use crate::check::{Check, Decoded, Deviation, NotReadable, Signed, Slot};
use crate::claim::{Claim, ClaimQuote, Correction, Facts, OpenRequest, Resolution, Verified};
use crate::deposit::{Classification, Deposit, DepositStatus, Origin};
use crate::digest::Encoder;
use crate::fee::{Cents, Charge, Coins, OnFailure, Quote, Terms};
use crate::kind::Kind;
use crate::ledger::{LedgerEntry, LedgerEntryKind};
use crate::network::{Family, NetworkId};
use crate::observation::{Mechanism, Observation, Outcome, Position};
use crate::people::{Person, Role};
use crate::plan::{Instruction, InstructionKind, Leg, LegKind, Plan, Step};
use crate::time::Timestamp;
use crate::verdict::{How, Missing, Reason, Verdict};

const EARLY: Timestamp = Timestamp::from_micros(1_764_000_000_000_000);
/// Everything that can grow old is old after this.
const AGE_SECONDS: i64 = 3_600;
const AMOUNT: u128 = 1_000;
const FEE: u128 = 83;
/// The entry by which the ledger credited the deposit to somebody else.
const ENTRY: &str = "L-1";

const STATUSES: [DepositStatus; 3] = [
    DepositStatus::Open,
    DepositStatus::Claimed,
    DepositStatus::Resolved,
];

/// Five accounts of four people. Bob has two: the machine knows people, so both act under his name.
pub(super) const ADA: usize = 0;
pub(super) const BOB: usize = 1;
pub(super) const CYD: usize = 3;
pub(super) const EVE: usize = 4;

pub(super) struct World {
    pub accounts: Vec<Person>,
    people: Vec<Person>,
    policy: ApprovalPolicy,
    spending: Spending,
    /// By status, first final and then not.
    deposits: Vec<Deposit>,
    /// The row that credited the deposit to the wrong user, and what it may become: another user's.
    rows: [LedgerEntry; 2],
    pub plan: Plan,
    pub resolution: Resolution,
    /// What becomes of a fee that is paid beside the deposit; `None` where the deposit pays it.
    pub beside: Option<OnFailure>,
}

fn person(name: &str, roles: &[Role]) -> Person {
    Person {
        name: name.to_owned(),
        roles: roles.iter().copied().collect(),
        keys: Vec::new(),
    }
}

/// What is charged beside the deposit.
pub(super) const CHARGE: u32 = 7;

impl World {
    pub fn new(resolution: Resolution) -> Self {
        Self::with_fee(resolution, None)
    }

    /// A world whose fee is paid from the balance.
    pub fn charged(resolution: Resolution, on_failure: OnFailure) -> Self {
        Self::with_fee(resolution, Some(on_failure))
    }

    fn with_fee(resolution: Resolution, beside: Option<OnFailure>) -> Self {
        // The maker is of the wallet team too, and a voter is of the treasury: roles alone keep nobody apart.
        let ada = person("ada", &[Role::Specialist, Role::Wallet]);
        let bob = person("bob", &[Role::Wallet]);
        let cyd = person("cyd", &[Role::Wallet, Role::Treasury]);
        let eve = person("eve", &[Role::Compliance, Role::Treasury]);
        let tier = Tier {
            name: "two".to_owned(),
            value_max: None,
            votes: 2,
            lead_votes: 0,
            compliance_vote: false,
            delay_seconds: 0,
            alone: None,
        };
        let kind = match resolution {
            Resolution::LedgerCredit => Kind::MissedCredit,
            Resolution::CorrectBooking => Kind::AlreadyCredited,
            _ => Kind::UnlistedToken,
        };
        Self {
            accounts: vec![
                ada.clone(),
                bob.clone(),
                bob.clone(),
                cyd.clone(),
                eve.clone(),
            ],
            people: vec![ada, bob, cyd, eve],
            policy: ApprovalPolicy {
                rules: vec![ApprovalRule {
                    number: 1,
                    kinds: vec![],
                    networks: vec![],
                    resolutions: vec![],
                    action: RuleAction::Tiers,
                }],
                tiers: vec![tier],
                week_multiple: 7,
                maker_multiple: 10,
                pair_multiple: 5,
                day_release_max: Cents(Amount::from_u128(1_000_000)),
                vote_valid_seconds: AGE_SECONDS,
                screening_age_max_seconds: AGE_SECONDS,
                release_screening_age_max_seconds: AGE_SECONDS,
                signed_votes: false,
            },
            spending: Spending::default(),
            deposits: STATUSES
                .iter()
                .flat_map(|status| [true, false].map(|is_final| deposit(kind, *status, is_final)))
                .collect(),
            rows: ["user-2", "user-3"].map(row),
            plan: match beside {
                None => plan(resolution, FEE),
                Some(_) => around(plan(resolution, 0)),
            },
            resolution,
            beside,
        }
    }

    /// Before or after everything of before grew old.
    pub fn now(late: bool) -> Timestamp {
        let seconds = if late { AGE_SECONDS + 1 } else { 0 };
        EARLY.plus_seconds(seconds).unwrap_or(EARLY)
    }

    pub fn ends(late: bool) -> Timestamp {
        Self::now(late).plus_seconds(AGE_SECONDS).unwrap_or(EARLY)
    }

    /// Does something with the facts of a moment.
    pub fn with<T>(
        &self,
        actor: usize,
        (status, is_final): (DepositStatus, bool),
        (late, weather, paid_by_claim): (bool, Weather, bool),
        look: impl FnOnce(&Facts<'_>) -> T,
    ) -> T {
        let deposit = self
            .deposits
            .iter()
            .find(|deposit| {
                let missing = Verdict::Conditional(Missing::FinalityMissing);
                deposit.status == status && (deposit.classification.verdict != missing) == is_final
            })
            .expect("every deposit is made once");
        let policies = [PolicyInForce {
            approval: &self.policy,
            people: &self.people,
        }];
        look(&Facts {
            deposit,
            scanned_twin: false,
            rivals: &[],
            ledger_covered: true,
            credited_by: (self.resolution == Resolution::CorrectBooking)
                .then(|| &self.rows[usize::from(weather == Weather::Rebooked)]),
            paid_by_claim,
            actor: &self.accounts[actor],
            now: Self::now(late),
            policies: &policies,
            spending: &self.spending,
            halted: weather == Weather::Halted,
            votes_logged: true,
        })
    }

    pub fn request(&self, ordinal: u32) -> OpenRequest {
        OpenRequest {
            appeal: Some(AppealId::verbatim("A-1")),
            beneficiary: Some("user-1".to_owned()),
            destination: Some("0xProven".to_owned()),
            resolution: Some(self.resolution),
            correction: (self.resolution == Resolution::CorrectBooking).then(|| Correction {
                entry: ENTRY.to_owned(),
                counterparty: "user-2".to_owned(),
            }),
            ordinal,
        }
    }

    /// The second price is another one than the first.
    pub fn quote(&self, revision: u32, late: bool) -> ClaimQuote {
        let fee = if self.beside.is_some() { 0 } else { FEE };
        ClaimQuote {
            quote: Quote {
                value: Cents(Amount::from_u128(100_000)),
                service_fee: Cents(Amount::from_u128(8_300)),
                network_fee: Cents::default(),
                total_fee: Cents(Amount::from_u128(8_300)),
                fee_in_asset: Amount::from_u128(fee),
                net: Amount::from_u128(AMOUNT - fee),
                rule: revision,
                terms: self.beside.map(|on_failure| Box::new(terms(on_failure))),
            },
            policy_version: 1,
            policy_digest: Encoder::new("policy").finish(),
            price_ids: vec!["p-1".to_owned()],
            quoted_at: Self::now(late),
            expires_at: Self::ends(late),
        }
    }
}

fn terms(on_failure: OnFailure) -> Terms {
    Terms {
        currency: "USD".to_owned(),
        lines: Vec::new(),
        prices: Vec::new(),
        ceiling: None,
        network_cost: Cents::default(),
        charges: vec![Charge {
            coins: Coins {
                asset: dollar(),
                amount: Amount::from_u128(u128::from(CHARGE)),
                decimals: 6,
            },
            cents: Cents(Amount::from_u128(8_300)),
            is_prepaid: false,
        }],
        on_failure,
        net_value: Cents::default(),
        limit_value: Some(Cents(Amount::from_u128(100_000))),
    }
}

/// What balances pay in.
fn dollar() -> AssetId {
    AssetId::contract(ethereum(), "0xDollar")
}

/// The plan with what is charged around it: written out, not asked of the machine.
fn around(plan: Plan) -> Plan {
    let charge = |kind| Instruction {
        kind,
        user: Some("user-1".to_owned()),
        asset: dollar(),
        amount: Amount::from_u128(u128::from(CHARGE)),
        entry: None,
    };
    let capture = charge(InstructionKind::CaptureFee);
    let mut steps = vec![Step::Instruct(vec![charge(InstructionKind::HoldFee)])];
    steps.extend(plan.steps);
    match steps.last_mut() {
        Some(Step::Instruct(last)) => last.push(capture),
        _ => steps.push(Step::Instruct(vec![capture])),
    }
    Plan { steps }
}

fn plan(resolution: Resolution, fee: u128) -> Plan {
    let send = |recipient: &str, amount: u128| {
        Step::Send(Box::new(Leg {
            kind: LegKind::Transfer,
            network: ethereum(),
            chain: "eip155:1".to_owned(),
            signer: "0xTo".to_owned(),
            signer_key: None,
            target: "0xToken".to_owned(),
            recipient: recipient.to_owned(),
            memo: None,
            asset: token(),
            amount: Amount::from_u128(amount),
            call: None,
            route: None,
            spend: None,
            fee_max: Amount::from_u128(50),
        }))
    };
    let instruction = |kind, user: Option<&str>, amount| Instruction {
        kind,
        user: user.map(str::to_owned),
        asset: token(),
        amount: Amount::from_u128(amount),
        entry: None,
    };
    let bookings = || {
        let mut list = vec![instruction(
            InstructionKind::Credit,
            Some("user-1"),
            AMOUNT - fee,
        )];
        if fee > 0 {
            list.push(instruction(InstructionKind::CaptureFee, None, fee));
        }
        Step::Instruct(list)
    };
    let steps = match resolution {
        Resolution::LedgerCredit => vec![bookings()],
        Resolution::SweepThenCredit => vec![send("0xTreasury", AMOUNT), bookings()],
        Resolution::CorrectBooking => {
            let freeze = InstructionKind::FreezeCounterparty;
            let back = Instruction {
                entry: Some(ENTRY.to_owned()),
                ..instruction(InstructionKind::Reverse, Some("user-2"), AMOUNT)
            };
            let mut right = vec![back];
            if let Step::Instruct(list) = bookings() {
                right.extend(list);
            }
            vec![
                Step::Instruct(vec![instruction(freeze, Some("user-2"), AMOUNT)]),
                Step::Instruct(right),
            ]
        }
        _ => vec![send("0xProven", AMOUNT - fee)],
    };
    Plan { steps }
}

fn ethereum() -> NetworkId {
    NetworkId::new("ethereum")
}

pub(super) fn token() -> AssetId {
    AssetId::contract(ethereum(), "0xToken")
}

pub(super) fn block() -> BlockRef {
    BlockRef {
        height: Height(100),
        hash: BlockHash::new("0xb1"),
        time: EARLY,
    }
}

fn row(user: &str) -> LedgerEntry {
    LedgerEntry {
        id: ENTRY.to_owned(),
        kind: LedgerEntryKind::CreditedDeposit,
        user_id: Some(user.to_owned()),
        network: ethereum(),
        tx_id: TxId::new("0xaa"),
        position: None,
        address: None,
        asset: Some(token()),
        amount: Some(Amount::from_u128(AMOUNT)),
        booked_at: EARLY,
    }
}

fn deposit(kind: Kind, status: DepositStatus, is_final: bool) -> Deposit {
    let address =
        |byte, text: &str| Address::from_parts(Payload::Account20([byte; 20]), text.into());
    Deposit {
        origin: Origin::Observed(Observation {
            network: ethereum(),
            tx_id: TxId::new("0xaa"),
            position: Position::log(0),
            block: Some(block()),
            from: Some(address(1, "0xFrom")),
            to: address(2, "0xTo"),
            asset: token(),
            amount: Amount::from_u128(AMOUNT),
            amount_stated: Amount::from_u128(AMOUNT),
            balance_delta: None,
            memos: Vec::new(),
            mechanism: Mechanism::TokenTransfer,
            outcome: Outcome::Success,
            flags: Vec::new(),
        }),
        decimals: 6,
        decimals_vouched: true,
        symbol: None,
        classification: Classification {
            kind,
            also: Vec::new(),
            verdict: match (is_final, kind) {
                (true, Kind::AlreadyCredited) => Verdict::NotRecoverable(Reason::AlreadyCredited),
                (true, _) => Verdict::Controllable(How::SameKey),
                (false, _) => Verdict::Conditional(Missing::FinalityMissing),
            },
            owner: Some("user-1".to_owned()),
            memo: None,
        },
        status,
    }
}

/// Unsigned bytes are the recipient and the attempt.
pub(super) struct Text;

pub(super) fn bytes(leg: &Leg, attempt: u32) -> Vec<u8> {
    format!("{attempt}:{}", leg.recipient).into_bytes()
}

impl Check for Text {
    fn family(&self) -> Family {
        Family::Evm
    }

    fn decode(&self, _chain: &str, _unsigned: &[u8]) -> Result<Decoded, NotReadable> {
        Ok(Decoded {
            lines: Vec::new(),
            slot: Slot {
                account: "0xTo".to_owned(),
                sequence: 0,
                is_ticket: false,
            },
            fee_max: Amount::ZERO,
            valid_until: None,
            valid_through: None,
        })
    }

    fn verify(&self, leg: &Leg, unsigned: &[u8]) -> Result<Decoded, Vec<Deviation>> {
        let said = unsigned.split(|byte| *byte == b':').nth(1);
        let fits = said == Some(leg.recipient.as_bytes());
        let decoded = self.decode(&leg.chain, unsigned).ok().filter(|_| fits);
        decoded.ok_or_else(|| {
            vec![Deviation {
                field: "bytes",
                found: hex::encode(unsigned),
                approved: leg.recipient.clone(),
            }]
        })
    }

    fn open(&self, _chain: &str, hint: &[u8], signed: &[u8]) -> Result<Signed, NotReadable> {
        Ok(Signed {
            bytes: signed.to_vec(),
            unsigned: hint.to_vec(),
            signer: "0xTo".to_owned(),
            signer_key: None,
            tx_id: TxId::new(&hex::encode(signed)),
        })
    }
}

/// The checked transaction of a claim's next step.
pub(super) fn verified(claim: &Claim) -> Option<Verified> {
    match claim.current_step()? {
        Step::Send(leg) => Verified::leg(&Text, leg, bytes(leg, claim.execution.attempts)).ok(),
        Step::Instruct(_) => None,
    }
}
