//! One valid package of each kind.

use crate::chains::{self, bitcoin_family, cosmos, evm, stellar, xrpl};
use crate::world::{cents, is_at_home, policy_digest, time, vote};
use recover_core::amount::Amount;
use recover_core::appeal::AppealId;
use recover_core::asset::AssetId;
use recover_core::audit::Head;
use recover_core::block::{BlockHash, TxId};
use recover_core::claim::{
    Acceptance, Approval, Approved, Claim, ClaimId, ClaimQuote, ClaimStatus, Correction, Evidence,
    EvidenceFile, Execution, GrantedWaiver, Package, Resolution, Screening, Unwinding,
    instruction_text, with_charges,
};
use recover_core::decimal::Decimal;
use recover_core::fee::{Charge, Coins, OnFailure, Quote, Terms, UsedPrice};
use recover_core::kind::Kind;
use recover_core::memo::{Memo, place};
use recover_core::network::NetworkId;
use recover_core::observation::{DepositId, Position};
use recover_core::plan::{Instruction, InstructionKind, Leg, LegKind, Plan, Rest, Spend, Step};
use recover_verify::codecs::check_of;
use recover_verify::{Outgoing, PackageFile};
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// A package that must pass.
#[derive(Clone)]
pub struct Case {
    pub name: &'static str,
    pub claim: Claim,
    pub file: PackageFile,
}

pub const SEQUENCE: u64 = 41;

impl Case {
    /// The leg of the package's step.
    pub fn leg(&self) -> Option<&Leg> {
        match self.claim.current_step()? {
            Step::Send(leg) => Some(leg),
            Step::Instruct(_) => None,
        }
    }

    pub fn text(&self) -> String {
        self.file.to_json()
    }

    pub fn bytes(&self) -> &[u8] {
        &self.claim.execution.package.as_ref().unwrap().bytes
    }
}

pub fn log_head() -> Head {
    Head::parse(&format!("1207:{}", "5e".repeat(32))).unwrap()
}

fn leg(kind: LegKind, network: &str, chain: &str, signer: String, recipient: String) -> Leg {
    let network = NetworkId::new(network);
    Leg {
        kind,
        chain: chain.to_owned(),
        signer,
        signer_key: None,
        target: recipient.clone(),
        recipient,
        memo: None,
        asset: AssetId::native(network.clone()),
        network,
        amount: Amount::from_u128(990_000),
        call: None,
        route: None,
        spend: None,
        fee_max: Amount::from_u128(1_000),
    }
}

fn claim(resolution: Resolution, asset: AssetId, value: &str, steps: Vec<Step>) -> Claim {
    let deposit = DepositId::verbatim(&format!("dep_{resolution}_{}", asset.network));
    let plan = Plan { steps };
    let destination = plan
        .legs()
        .find(|leg| leg.kind.moves_deposit())
        .filter(|_| resolution.needs_destination())
        .map(|leg| leg.recipient.clone());
    Claim {
        id: ClaimId::of(&deposit, 1),
        deposit,
        deposit_block: Some(BlockHash::new(&"b10c".repeat(16))),
        asset,
        amount: Amount::from_u128(1_000_000),
        appeal: None,
        beneficiary: Some("u-77".to_owned()),
        destination,
        resolution,
        correction: None,
        revision: 2,
        status: ClaimStatus::AwaitingSignature,
        hold: None,
        waivers: Vec::new(),
        acceptance: None,
        unwinding: None,
        quote: Some(ClaimQuote {
            quote: Quote {
                value: cents(value),
                service_fee: cents("4.50"),
                network_fee: cents("0.50"),
                total_fee: cents("5"),
                fee_in_asset: Amount::from_u128(10_000),
                net: Amount::from_u128(990_000),
                rule: 4,
                terms: None,
            },
            policy_version: 3,
            policy_digest: policy_digest(),
            price_ids: vec!["price-1".to_owned()],
            quoted_at: time("2026-11-22T06:00:00Z"),
            expires_at: time("2026-11-22T06:30:00Z"),
        }),
        plan: Some(plan),
        screening: Some(Screening {
            clear: true,
            person: "farah".to_owned(),
            reason: "no list has the sender".to_owned(),
            decided_at: time("2026-11-22T07:00:00Z"),
        }),
        rescreening: None,
        approvals: Vec::new(),
        approved: None,
        execution: Execution::default(),
        involved: BTreeSet::from(["ana".to_owned(), "farah".to_owned(), "gus".to_owned()]),
        opened_by: "ana".to_owned(),
        opened_at: time("2026-11-22T05:00:00Z"),
        closing_reason: None,
    }
}

fn bookings(claim_asset: &AssetId) -> Vec<Instruction> {
    let instruction = |kind, user: Option<&str>, amount| Instruction {
        kind,
        user: user.map(str::to_owned),
        asset: claim_asset.clone(),
        amount: Amount::from_u128(amount),
        entry: None,
    };
    vec![
        instruction(InstructionKind::Credit, Some("u-77"), 990_000),
        instruction(InstructionKind::CaptureFee, None, 10_000),
    ]
}

/// A deposit that the entry `L-81` credited to `u-13`, worth little: the freeze, then everything else.
pub fn correction() -> Claim {
    let asset = AssetId::native(NetworkId::new("xrpl"));
    let instruction = |kind, entry: Option<&str>| Instruction {
        kind,
        user: Some("u-13".to_owned()),
        asset: asset.clone(),
        amount: Amount::from_u128(1_000_000),
        entry: entry.map(str::to_owned),
    };
    let freeze = vec![instruction(InstructionKind::FreezeCounterparty, None)];
    let mut right = vec![instruction(InstructionKind::Reverse, Some("L-81"))];
    right.extend(bookings(&asset));
    let steps = vec![Step::Instruct(freeze), Step::Instruct(right)];
    Claim {
        appeal: Some(AppealId::verbatim("A-9")),
        correction: Some(Correction {
            entry: "L-81".to_owned(),
            counterparty: "u-13".to_owned(),
        }),
        ..claim(Resolution::CorrectBooking, asset, "500", steps)
    }
}

/// The votes that a claim of this value needs, given now on what it says now.
pub fn votes(claim: &Claim) -> (Vec<Approval>, &'static str) {
    let digest = claim.content_digest();
    let large = claim
        .quote
        .as_ref()
        .is_some_and(|quote| quote.quote.value > cents("1000"));
    let (people, tier): (&[&str], _) = if claim.resolution == Resolution::CorrectBooking {
        (&["chidi", "dalia", "ines", "hana"], "T3")
    } else if large {
        (&["chidi", "dalia", "hana"], "T2")
    } else {
        (&["chidi", "dalia"], "T1")
    };
    let at = time("2026-11-22T07:30:00Z");
    (
        people.iter().map(|name| vote(name, &digest, at)).collect(),
        tier,
    )
}

pub fn file_of(claim: &Claim) -> PackageFile {
    PackageFile::new(&Outgoing {
        claim,
        deposit_kind: Kind::MissedCredit,
        policy_version: 3,
        policy_digest: policy_digest(),
        log_head: log_head(),
    })
    .unwrap()
}

/// The claim with its votes and with the package of one step.
pub fn out(claim: Claim, step: u32) -> Claim {
    out_by(claim, step, votes)
}

pub fn out_by(
    claim: Claim,
    step: u32,
    votes: impl Fn(&Claim) -> (Vec<Approval>, &'static str),
) -> Claim {
    try_out_by(claim, step, votes).unwrap()
}

/// `None` where the step has no bytes that its own leg lets pass.
pub fn try_out_by(
    mut claim: Claim,
    step: u32,
    votes: impl Fn(&Claim) -> (Vec<Approval>, &'static str),
) -> Option<Claim> {
    let (approvals, tier) = votes(&claim);
    claim.approved = Some(Approved {
        at: approvals.last()?.approved_at,
        tier: tier.to_owned(),
        voters: approvals.iter().map(|vote| vote.person.clone()).collect(),
        alone: false,
    });
    claim.approvals = approvals;
    claim.execution.done = step;
    claim.execution.attempts = step + 1;
    let index = usize::try_from(step).unwrap();
    let mut package = Package {
        step,
        attempt: step + 1,
        bytes: Vec::new(),
        slot: None,
        prepared_at: time("2026-11-22T09:00:00Z"),
        expires_at: time("2026-11-22T12:00:00Z"),
        valid_until: None,
        valid_through: None,
        signed: None,
        tx_id: None,
        block: None,
    };
    match claim.plan.as_ref()?.steps.get(index)? {
        Step::Send(leg) => {
            package.bytes = chains::unsigned(leg, SEQUENCE)?;
            let check = check_of(&leg.chain)?;
            let decoded = check.verify(leg, &package.bytes).ok()?;
            package.slot = Some(decoded.slot);
            package.valid_until = decoded.valid_until;
            package.valid_through = decoded.valid_through;
        }
        Step::Instruct(list) => {
            package.bytes = instruction_text(claim.id.as_str(), index, list).into_bytes();
        }
    }
    claim.execution.package = Some(package);
    Some(claim)
}

fn case(name: &'static str, claim: Claim, step: u32) -> Case {
    let claim = out(claim, step);
    let file = file_of(&claim);
    Case { name, claim, file }
}

pub fn sweep() -> Claim {
    let top_up = Leg {
        amount: Amount::from_u128(3_000_000_000_000_000),
        fee_max: Amount::from_u128(2_100_000_000_000_000),
        ..leg(
            LegKind::GasTopUp,
            "ethereum",
            "eip155:1",
            evm::account(evm::GAS),
            evm::account(evm::DEPOSIT),
        )
    };
    let transfer = leg(
        LegKind::Transfer,
        "ethereum",
        "eip155:1",
        evm::account(evm::DEPOSIT),
        evm::treasury(),
    );
    let amount = Amount::from_u128(1_000_000);
    let recipient = evm::bytes_of(&evm::treasury()).unwrap();
    let transfer = Leg {
        target: evm::token().contract_text().unwrap().to_owned(),
        asset: evm::token(),
        amount,
        call: Some(recover_chain_evm::call::transfer(recipient, amount)),
        fee_max: Amount::from_u128(3_000_000_000_000_000),
        ..transfer
    };
    claim(
        Resolution::SweepThenCredit,
        evm::token(),
        "5000",
        vec![
            Step::Send(Box::new(top_up)),
            Step::Send(Box::new(transfer)),
            Step::Instruct(bookings(&evm::token())),
        ],
    )
}

fn usdc() -> AssetId {
    AssetId::contract(
        NetworkId::new("ethereum"),
        "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48",
    )
}

/// The same claim with its fee paid from the balance and in native coin beforehand, its waiver and its acceptance.
fn charged(mut claim: Claim) -> Claim {
    let charge = |asset, amount, sum, is_prepaid| Charge {
        coins: Coins {
            asset,
            amount: Amount::from_u128(amount),
            decimals: 6,
        },
        cents: cents(sum),
        is_prepaid,
    };
    let native = AssetId::native(claim.asset.network.clone());
    let quote = &mut claim.quote.as_mut().unwrap().quote;
    quote.fee_in_asset = Amount::ZERO;
    quote.net = claim.amount;
    quote.terms = Some(Box::new(Terms {
        currency: "USD".to_owned(),
        lines: Vec::new(),
        prices: vec![UsedPrice {
            asset: native.clone(),
            price: Decimal::whole(2_000),
            at: time("2026-11-22T05:50:00Z"),
            sources: vec!["file".to_owned()],
            ids: vec!["price-1".to_owned()],
        }],
        ceiling: Some(Coins {
            asset: native.clone(),
            amount: Amount::from_u128(5_000_000_000_000_000),
            decimals: 18,
        }),
        network_cost: cents("10"),
        charges: vec![
            charge(usdc(), 5_000_000, "5", false),
            charge(native, 100_000_000_000_000, "0.20", true),
        ],
        on_failure: OnFailure::RefundLessCosts,
        net_value: cents("4995"),
        limit_value: Some(quote.value),
    }));
    let mut plan = claim.plan.take().unwrap();
    for step in &mut plan.steps {
        if let Step::Instruct(list) = step {
            list.retain(|found| found.kind == InstructionKind::Credit);
            for credit in list {
                credit.amount = claim.amount;
            }
        }
    }
    claim.plan = with_charges(&claim, &claim.quote.as_ref().unwrap().quote, plan);
    claim.waivers = vec![GrantedWaiver {
        code: "goodwill".to_owned(),
        person: "ines".to_owned(),
        note: "our page named the wrong network".to_owned(),
        granted_at: time("2026-11-22T05:30:00Z"),
    }];
    claim.acceptance = Some(Acceptance {
        evidence: Evidence {
            text: "ticket 4711".to_owned(),
            file: Some(EvidenceFile::of(b"I agree")),
        },
        person: "ana".to_owned(),
        accepted_at: time("2026-11-22T06:10:00Z"),
    });
    claim
}

/// An unlisted token whose fee is paid beside it: set aside, topped up, sent whole, captured.
pub fn charged_payout() -> Claim {
    let mut claim = sweep();
    let to = evm::account(0x66);
    let recipient = evm::bytes_of(&to).unwrap();
    claim.resolution = Resolution::SweepToAddress;
    claim.destination = Some(to.clone());
    let steps = &mut claim.plan.as_mut().unwrap().steps;
    steps.truncate(2);
    if let Some(Step::Send(top_up)) = steps.first_mut() {
        top_up.amount = Amount::from_u128(2_900_000_000_000_000);
    }
    if let Some(Step::Send(leg)) = steps.last_mut() {
        leg.call = Some(recover_chain_evm::call::transfer(recipient, leg.amount));
        leg.recipient = to;
    }
    claim.quote.as_mut().unwrap().quote.value = cents("500");
    charged(claim)
}

/// A sweep whose fee is captured with the credit.
pub fn charged_booking() -> Claim {
    charged(sweep())
}

/// A payout as above, given up after its top-up: what the networks took is kept, the rest given back.
pub fn unwound() -> Claim {
    let mut claim = charged_payout();
    let hold = claim.plan.as_ref().unwrap().steps[0].clone();
    let end = |kind, asset, amount| Instruction {
        kind,
        user: Some("u-77".to_owned()),
        asset,
        amount: Amount::from_u128(amount),
        entry: None,
    };
    let native = AssetId::native(NetworkId::new("ethereum"));
    claim.plan = Some(Plan {
        steps: vec![
            hold,
            Step::Instruct(vec![
                // 600,000 gwei, of which 100,000 were paid in; the rest is worth 1.00 of the 5.00.
                end(InstructionKind::CaptureFee, usdc(), 1_000_000),
                end(InstructionKind::ReleaseFee, usdc(), 4_000_000),
                end(InstructionKind::CaptureFee, native, 100_000_000_000_000),
            ]),
        ],
    });
    claim.unwinding = Some(Unwinding {
        reason: "the token is paused".to_owned(),
        person: "gus".to_owned(),
        since: time("2026-11-22T06:45:00Z"),
        costs: Amount::from_u128(600_000_000_000_000),
    });
    claim
}

fn returned(leg: Leg) -> Claim {
    let asset = leg.asset.clone();
    claim(
        Resolution::ReturnToSender,
        asset,
        "500",
        vec![Step::Send(Box::new(leg))],
    )
}

pub fn xrpl_return() -> Claim {
    returned(Leg {
        signer_key: Some(xrpl::public_key()),
        memo: Some(Memo::tag(4_077, place::DESTINATION_TAG)),
        ..leg(
            LegKind::Return,
            "xrpl",
            "xrpl:0",
            xrpl::account(),
            recover_chain_xrpl::address::text([9; 20]),
        )
    })
}

/// An output that is spent: of the deposit's 1,000,000 all but 10,000 to the recipient, 1,000 to the network, the rest to treasury.
pub fn output(kind: LegKind, network: &str, chain: &str, recipient: String) -> Claim {
    let tx_id = TxId::new(&bitcoin_family::tx_id(network));
    let deposit = DepositId::of(&NetworkId::new(network), &tx_id, &Position::output(0));
    let signer = bitcoin_family::deposit(network);
    let leg = Leg {
        spend: Some(Box::new(Spend {
            tx_id,
            index: 0,
            amount: Amount::from_u128(bitcoin_family::VALUE.into()),
            descriptor: (network == "bitcoin").then(bitcoin_family::descriptor),
            inscription: network == "bitcoin",
            rest: Some(Rest {
                recipient: bitcoin_family::treasury(network),
                amount: Amount::from_u128(9_000),
            }),
        })),
        ..leg(kind, network, chain, signer, recipient)
    };
    let resolution = if kind == LegKind::Return {
        Resolution::ReturnToSender
    } else {
        Resolution::SweepToAddress
    };
    let asset = leg.asset.clone();
    let made = claim(resolution, asset, "500", vec![Step::Send(Box::new(leg))]);
    Claim {
        id: ClaimId::of(&deposit, 1),
        deposit,
        ..made
    }
}

pub fn bitcoin_return() -> Claim {
    output(
        LegKind::Return,
        "bitcoin",
        "bip122:000000000019d6689c085ae165831e93",
        bitcoin_family::other("bitcoin", 9),
    )
}

pub fn bitcoin_cash_payout() -> Claim {
    output(
        LegKind::Transfer,
        "bitcoin-cash",
        "bip122:000000000000000000651ef99cb9fcbe",
        bitcoin_family::other("bitcoin-cash", 9),
    )
}

/// All of them.
pub fn all() -> Vec<Case> {
    static ALL: OnceLock<Vec<Case>> = OnceLock::new();
    if is_at_home() {
        return ALL.get_or_init(make).clone();
    }
    make()
}

fn make() -> Vec<Case> {
    let credit = AssetId::native(NetworkId::new("xrpl"));
    let steps = vec![Step::Instruct(bookings(&credit))];
    let credit = claim(Resolution::LedgerCredit, credit, "500", steps);
    let payout = leg(
        LegKind::Transfer,
        "ethereum",
        "eip155:1",
        evm::account(evm::DEPOSIT),
        evm::account(0x66),
    );
    let payout = Leg {
        fee_max: Amount::from_u128(2_100_000_000_000_000),
        ..payout
    };
    let native = payout.asset.clone();
    let payout = claim(
        Resolution::SweepToAddress,
        native,
        "500",
        vec![Step::Send(Box::new(payout))],
    );
    let stellar_return = returned(Leg {
        memo: Some(Memo::text(b"user 4077", place::MEMO)),
        ..leg(
            LegKind::Return,
            "stellar",
            "stellar:pubnet",
            stellar::account(0x44),
            stellar::account(9),
        )
    });
    let cosmos_return = returned(Leg {
        signer_key: Some(cosmos::public_key()),
        memo: Some(Memo::text(b"0071", place::MEMO)),
        ..leg(
            LegKind::Return,
            "cosmos",
            "cosmos:cosmoshub-4",
            cosmos::account(),
            cosmos::other(9),
        )
    });
    vec![
        case("ledger_credit", credit, 0),
        case("evm_top_up", sweep(), 0),
        case("evm_sweep", sweep(), 1),
        case("evm_booking", sweep(), 2),
        case("evm_payout", payout, 0),
        case("xrpl_return", xrpl_return(), 0),
        case("stellar_return", stellar_return, 0),
        case("cosmos_return", cosmos_return, 0),
        case("correction_freeze", correction(), 0),
        case("correction_booking", correction(), 1),
        case("bitcoin_return", bitcoin_return(), 0),
        case("bitcoin_cash_payout", bitcoin_cash_payout(), 0),
        case("charged_hold", charged_payout(), 0),
        case("charged_top_up", charged_payout(), 1),
        case("charged_payout", charged_payout(), 2),
        case("charged_capture", charged_payout(), 3),
        case("charged_booking", charged_booking(), 3),
        case("unwound", unwound(), 1),
    ]
}
