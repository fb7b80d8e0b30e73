//! One deposit, the people of one exchange and the facts of one moment, for every suite to spoil in its own way.

use recover_core::address::{Address, Payload};
use recover_core::amount::Amount;
use recover_core::appeal::AppealId;
use recover_core::asset::AssetId;
use recover_core::block::{BlockHash, BlockRef, Height, TxId};
use recover_core::claim::{
    Claim, ClaimQuote, ClaimStatus, Command, Facts, OpenRequest, Person, Refusal, Role, open, step,
};
use recover_core::deposit::{Classification, Deposit, DepositStatus, Origin};
use recover_core::digest::Digest;
use recover_core::fee::{Cents, Quote};
use recover_core::kind::Kind;
use recover_core::network::NetworkId;
use recover_core::observation::{Mechanism, Observation, Outcome, Position};
use recover_core::time::Timestamp;
use recover_core::verdict::{How, Verdict};
use std::collections::BTreeSet;

/// When the story starts.
pub const START: Timestamp = Timestamp::from_micros(1_764_000_000_000_000);
/// A quote is good for this long, in seconds.
pub const QUOTE_SECONDS: i64 = 86_400;
/// A screening is good for this long, in seconds.
pub const SCREENING_SECONDS: i64 = 3_600;

pub const AMOUNT: u128 = 1_000;

pub fn later(from: Timestamp, seconds: i64) -> Timestamp {
    from.plus_seconds(seconds)
        .expect("the tests stay within the years that fit")
}

pub fn person(name: &str) -> Person {
    let roles: &[Role] = match name {
        "ada" | "abe" => &[Role::Specialist],
        "bob" | "cyd" | "dee" => &[Role::Wallet],
        "eve" => &[Role::Compliance],
        "fay" => &[Role::Specialist, Role::Wallet, Role::Compliance],
        _ => &[],
    };
    Person {
        name: name.to_owned(),
        roles: roles.iter().copied().collect(),
    }
}

/// Who gives a command, and the command for the claim as it stands.
pub type Step = (&'static str, fn(&Claim) -> Command);

/// Everybody: two specialists, three of the wallet team, compliance, one with every role, one with none.
pub const EVERYBODY: &[&str] = &["ada", "abe", "bob", "cyd", "dee", "eve", "fay", "gus"];

/// What a command may look at, owned.
#[derive(Debug, Clone, PartialEq)]
pub struct World {
    pub deposit: Deposit,
    pub scanned_twin: bool,
    pub rivals: Vec<String>,
    pub ledger_covered: bool,
    pub people: Vec<Person>,
    pub now: Timestamp,
    pub approvers_min: Option<u32>,
    pub screening_age_max_seconds: Option<i64>,
}

pub fn observation() -> Observation {
    let ethereum = NetworkId::new("ethereum");
    let address =
        |byte, text: &str| Address::from_parts(Payload::Account20([byte; 20]), text.into());
    Observation {
        network: ethereum.clone(),
        tx_id: TxId::new("0xaa"),
        position: Position::log(0),
        block: Some(BlockRef {
            height: Height(100),
            hash: BlockHash::new("0xb100"),
            time: START,
        }),
        from: Some(address(1, "0xFrom")),
        to: address(2, "0xTo"),
        asset: AssetId::contract(ethereum, "0xToken"),
        amount: Amount::from_u128(AMOUNT),
        amount_stated: Amount::from_u128(AMOUNT),
        balance_delta: Some(Amount::from_u128(AMOUNT)),
        memos: Vec::new(),
        mechanism: Mechanism::TokenTransfer,
        outcome: Outcome::Success,
        flags: Vec::new(),
    }
}

impl World {
    /// A final unlisted token at an address issued to `user-1`, in a covered period, with nobody else asking for it.
    pub fn new() -> Self {
        Self {
            deposit: Deposit {
                origin: Origin::Observed(observation()),
                decimals: 6,
                decimals_vouched: true,
                symbol: Some("TKN".to_owned()),
                classification: Classification {
                    kind: Kind::UnlistedToken,
                    also: Vec::new(),
                    verdict: Verdict::Controllable(How::SameKey),
                    owner: Some("user-1".to_owned()),
                    memo: None,
                },
                status: DepositStatus::Open,
            },
            scanned_twin: false,
            rivals: Vec::new(),
            ledger_covered: true,
            people: EVERYBODY.iter().copied().map(person).collect(),
            now: START,
            approvers_min: Some(2),
            screening_age_max_seconds: Some(SCREENING_SECONDS),
        }
    }

    pub fn facts<'a>(&'a self, actor: &'a Person) -> Facts<'a> {
        Facts {
            deposit: &self.deposit,
            scanned_twin: self.scanned_twin,
            rivals: &self.rivals,
            ledger_covered: self.ledger_covered,
            actor,
            people: &self.people,
            now: self.now,
            approvers_min: self.approvers_min,
            screening_age_max_seconds: self.screening_age_max_seconds,
        }
    }

    /// The person as the policy has them now; a stranger to it has no roles.
    pub fn actor(&self, name: &str) -> Person {
        let known = self.people.iter().find(|person| person.name == name);
        known.cloned().unwrap_or_else(|| Person {
            name: name.to_owned(),
            roles: BTreeSet::new(),
        })
    }

    pub fn open(&self, name: &str, request: &OpenRequest) -> Result<Claim, Refusal> {
        open(request, &self.facts(&self.actor(name)))
    }

    /// Applies a command to the claim as it stands.
    pub fn act(&self, claim: &Claim, name: &str, command: &Command) -> Result<Claim, Refusal> {
        step(
            claim,
            claim.revision,
            command,
            &self.facts(&self.actor(name)),
        )
    }

    pub fn observation_mut(&mut self) -> &mut Observation {
        match &mut self.deposit.origin {
            Origin::Observed(observation) => observation,
            Origin::Imported(_) => panic!("the deposit of these tests was observed"),
        }
    }

    /// The claim after the happy path up to one status; between opening and approval only.
    pub fn claim_at(&mut self, status: ClaimStatus) -> Claim {
        let mut claim = self.open("ada", &request()).expect("a good deposit opens");
        self.deposit.status = DepositStatus::Claimed;
        let path: [Step; 5] = [
            ("ada", |_| Command::Quote(quote())),
            ("ada", |_| Command::Accept),
            ("eve", |_| screen(true)),
            ("bob", vote),
            ("cyd", vote),
        ];
        for (name, command) in path {
            if claim.status == status {
                return claim;
            }
            claim = self
                .act(&claim, name, &command(&claim))
                .expect("the happy path has no refusal");
        }
        assert_eq!(claim.status, status, "the happy path ends in approved");
        claim
    }
}

pub fn request() -> OpenRequest {
    OpenRequest {
        appeal: Some(AppealId::verbatim("A-1")),
        beneficiary: Some("user-1".to_owned()),
        destination: Some("0xProven".to_owned()),
        resolution: None,
        ordinal: 1,
    }
}

/// A quote over the whole amount, given at [`START`].
pub fn quote() -> ClaimQuote {
    ClaimQuote {
        quote: Quote {
            value: Cents(Amount::from_u128(100_000)),
            service_fee: Cents(Amount::from_u128(8_000)),
            network_fee: Cents(Amount::from_u128(300)),
            total_fee: Cents(Amount::from_u128(8_300)),
            fee_in_asset: Amount::from_u128(83),
            net: Amount::from_u128(AMOUNT - 83),
            rule: 1,
        },
        policy_version: 4,
        price_ids: vec!["p-1".to_owned(), "p-2".to_owned()],
        quoted_at: START,
        expires_at: later(START, QUOTE_SECONDS),
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

pub fn because(text: &str) -> String {
    text.to_owned()
}
