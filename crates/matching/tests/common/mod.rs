//! Builders for appeals, deposits and address books. Customers and addresses are invented.
#![allow(dead_code, reason = "each suite uses its part")]

use recover_core::appeal::{Appeal, AppealId, MatchDecision, MatchOutcome};
use recover_core::asset::AssetId;
use recover_core::book::{AddressRecord, AddressRole, ControlRecord};
use recover_core::decimal::Decimal;
use recover_core::names;
use recover_core::network::{Family, NetworkId};
use recover_core::observation::DepositId;
use recover_core::time::Timestamp;
use recover_matching::{
    AppealClues, DepositFacts, DepositIndex, Model, UserBook, Vocabulary, match_appeals, normalise,
};

pub const DAY: &str = "2025-01-02T03:04:00Z";

pub fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("tests write RFC 3339")
}

/// 64 hexadecimal digits that differ in all places for different numbers.
pub fn hash(number: u64) -> String {
    let mut text = String::new();
    let mut state = number.wrapping_add(1);
    for _ in 0..4 {
        state = state.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23) ^ 0x5851_f42d;
        text.push_str(&format!("{state:016x}"));
    }
    text
}

/// An EVM address in lower case.
pub fn address(number: u64) -> String {
    let digits = hash(number + 1_000_000);
    format!("0x{}", digits.get(..40).expect("a hash has 64 digits"))
}

/// Fields of an appeal as a customer fills them.
#[derive(Debug, Clone, Default)]
pub struct Form {
    pub id: &'static str,
    pub user: &'static str,
    pub txid: String,
    pub network: String,
    pub asset: String,
    pub amount: String,
    pub to: String,
    pub memo: String,
    pub from: String,
    pub at: String,
    pub proof: String,
    pub text: String,
}

impl Form {
    pub fn appeal(&self) -> Appeal {
        Appeal {
            id: AppealId::verbatim(self.id),
            user_id: self.user.to_owned(),
            created_at: time("2025-01-03T00:00:00Z"),
            claimed_txid: self.txid.clone(),
            claimed_network: self.network.clone(),
            claimed_asset: self.asset.clone(),
            claimed_amount: self.amount.clone(),
            claimed_to_address: self.to.clone(),
            claimed_memo: self.memo.clone(),
            claimed_from_address: self.from.clone(),
            claimed_at: self.at.clone(),
            ownership_proof: self.proof.clone(),
            session_view_at: None,
            free_text: self.text.clone(),
            language: None,
            time_zone: None,
        }
    }

    pub fn clues(&self) -> AppealClues {
        normalise(&self.appeal(), &Vocabulary::default())
    }
}

/// A deposit on a network.
pub fn deposit(
    id: &str,
    network: &str,
    tx: &str,
    to: &str,
    symbol: &str,
    amount: &str,
) -> DepositFacts {
    let network = NetworkId::new(network);
    DepositFacts {
        id: DepositId::verbatim(id),
        family: names::known(&network).map(|known| known.family),
        tx_id: tx.to_owned(),
        from: None,
        to: to.to_owned(),
        asset: AssetId::unlisted(network.clone(), symbol),
        symbol: Some(symbol.to_owned()),
        amount: Decimal::parse(amount).ok(),
        time: Some(time(DAY)),
        memo: None,
        memo_finding: None,
        reason: None,
        network,
    }
}

pub fn row(user: &str, role: AddressRole, family: Family, value: &str) -> AddressRecord {
    AddressRecord {
        user_id: Some(user.to_owned()),
        role,
        family,
        network: None,
        value: value.to_owned(),
        payload: None,
        created: None,
        retired: None,
        control: ControlRecord::Unknown,
    }
}

pub fn issued(user: &str, value: &str) -> AddressRecord {
    row(user, AddressRole::Deposit, Family::Evm, value)
}

pub fn run(forms: &[Form], deposits: &[DepositFacts], book: &[AddressRecord]) -> Vec<MatchOutcome> {
    let clues: Vec<AppealClues> = forms.iter().map(Form::clues).collect();
    match_appeals(
        &clues,
        &DepositIndex::new(deposits.iter().cloned()),
        &UserBook::new(book),
        &Model::default(),
    )
}

/// Deposits of one wallet at an address that everybody shares.
pub fn from_wallet(number: u64) -> DepositFacts {
    DepositFacts {
        from: Some("rnFPtB78omeCaxTkBUeYiVzfiNwxTowhRj".to_owned()),
        ..deposit(
            &format!("D{number}"),
            "xrpl",
            &hash(number),
            "rHeyNNHZwUQnxLBgrYG7HMV6q1FTgeHgwH",
            "XRP",
            &format!("{}.55", 234 + number),
        )
    }
}

pub fn sender_of(user: &str) -> AddressRecord {
    let wallet = "rnFPtB78omeCaxTkBUeYiVzfiNwxTowhRj";
    row(user, AddressRole::PastSender, Family::Xrpl, wallet)
}

/// What was decided, and which deposit was given.
pub fn shown(outcome: &MatchOutcome) -> (MatchDecision, Option<&str>) {
    (
        outcome.decision,
        outcome.deposit.as_ref().map(|id| id.as_str()),
    )
}

/// U1 owns address 1, U2 owns address 2; D1 landed at address 1 and D2 at address 2.
pub fn world() -> (Vec<DepositFacts>, Vec<AddressRecord>) {
    let deposits = vec![
        deposit("D1", "bsc", &hash(1), &address(1), "USDT", "250"),
        deposit("D2", "ethereum", &hash(2), &address(2), "ETH", "0.5"),
    ];
    (
        deposits,
        vec![issued("U1", &address(1)), issued("U2", &address(2))],
    )
}

/// An appeal that names the transaction of this number and nothing else.
pub fn by_transaction(id: &'static str, user: &'static str, number: u64) -> Form {
    Form {
        id,
        user,
        txid: format!("0x{}", hash(number)),
        ..Form::default()
    }
}
