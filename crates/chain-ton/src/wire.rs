//! How servers write things down: toncenter v3 and v2, and tonapi, told apart by their fields.
//!
//! Liberal in shapes: numbers as text or not, hashes in hexadecimal digits or base64, addresses raw or friendly. Strict in what
//! they say: where a server gives the network's own bytes, those are read and its words are held against them.

mod fields;
mod row;

pub use row::transaction;

use crate::address::RawAddress;
use crate::transaction::Transaction;
use fields::Fields;
use recover_core::amount::Amount;
use recover_core::memo::Memo;
use serde_json::Value;
use std::collections::BTreeMap;

/// An answer that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// It is not JSON.
    #[error("the answer is not json")]
    NotJson,
    /// It has none of the shapes that are known.
    #[error("the answer has no shape that is known")]
    UnknownShape,
    /// A field is missing or is not what it should be.
    #[error("{what}: the field {field} is missing or is not {expected}")]
    Field {
        /// Where.
        what: &'static str,
        /// Which.
        field: String,
        /// What it should be.
        expected: &'static str,
    },
    /// Two fields contradict one another.
    #[error("{what}")]
    Contradiction {
        /// What does not fit.
        what: String,
    },
}

/// What an answer holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Transactions.
    Transactions(Vec<Transaction>),
    /// Traces: transactions that one message from outside set off.
    Traces(Vec<Trace>),
    /// Blocks; the first and the last one where the question was for the tip.
    Blocks(Vec<BlockRow>),
    /// The masterchain's first and last block that the server has.
    Tip {
        /// The first.
        first: Option<BlockRow>,
        /// The last.
        last: BlockRow,
    },
    /// Jetton wallets.
    JettonWallets(Vec<JettonWalletRow>),
    /// What a server made of jetton transfers.
    JettonTransfers(Vec<JettonTransferRow>),
    /// What jettons say of themselves, by the master's account.
    JettonMasters(Vec<JettonMasterRow>),
    /// States of accounts.
    Accounts(Vec<AccountRow>),
    /// A balance in nanotons.
    Balance(Amount),
    /// Something that is no fact about a deposit.
    Nothing(NoDeposit),
    /// The server's own error.
    Error(ErrorRow),
}

/// Why a well-formed answer tells of no deposit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoDeposit {
    /// A server's story of a transaction; the transactions that it names are the facts.
    Interpretation {
        /// Their hashes, as written.
        transactions: Vec<String>,
    },
    /// A message was handed to a server: no block has it.
    Sent,
    /// A message that was taken apart before it was sent.
    Unsent,
    /// Balances of an account.
    Balances,
    /// The state of an account.
    State,
}

impl std::fmt::Display for NoDeposit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Interpretation { transactions } if transactions.is_empty() => f.write_str(
                "a server's story that names no transaction: there is nothing to look up",
            ),
            Self::Interpretation { transactions } => write!(
                f,
                "a server's story and not the network's record: look up the {} transactions that it names",
                transactions.len()
            ),
            Self::Sent => {
                f.write_str("a message was handed in; whether a block has it is another question")
            }
            Self::Unsent => f.write_str("a message that was taken apart, not one that arrived"),
            Self::Balances => f.write_str("balances: they say what is there, not who sent it"),
            Self::State => {
                f.write_str("the state of an account: it says what is there, not who sent it")
            }
        }
    }
}

/// A trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// Its transactions, by logical time.
    pub transactions: Vec<Transaction>,
    /// Whether some are missing or still to come.
    pub is_incomplete: bool,
}

/// A block of the masterchain or of a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockRow {
    /// The workchain.
    pub workchain: i32,
    /// The number of the block in its shard.
    pub seqno: u64,
    /// Its root hash.
    pub root_hash: [u8; 32],
    /// The network's number; `None` where the source does not say.
    pub global_id: Option<i64>,
    /// UTC seconds; `None` where the source does not say (toncenter v2's tip).
    pub time: Option<u64>,
    /// The logical time at its start; `None` where the source does not say.
    pub start_lt: Option<u64>,
    /// The logical time at its end; `None` where the source does not say.
    pub end_lt: Option<u64>,
}

/// A jetton wallet, as an index lists it after asking the master.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JettonWalletRow {
    /// The wallet.
    pub address: RawAddress,
    /// Whose it is.
    pub owner: RawAddress,
    /// The jetton's master.
    pub master: RawAddress,
    /// What it holds, in base units.
    pub balance: Amount,
    /// The logical time of its newest transaction; `None` where the source does not say.
    pub last_lt: Option<u64>,
}

/// A jetton transfer as an index tells it. The transaction is the one at the sender's wallet: it proves no credit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JettonTransferRow {
    /// The sender's own number for it.
    pub query: u64,
    /// Jettons, in base units.
    pub amount: Amount,
    /// Who sent them.
    pub source: Option<RawAddress>,
    /// Who is to own them.
    pub destination: Option<RawAddress>,
    /// The jetton's master.
    pub master: Option<RawAddress>,
    /// The transaction at the sender's wallet.
    pub hash: [u8; 32],
    /// Its logical time.
    pub lt: u64,
    /// Whether that transaction failed; `None` where the source does not say.
    pub aborted: Option<bool>,
    /// What is forwarded to the recipient.
    pub forward_payload: Memo,
    /// A payload for the sender's wallet; `None` when there is none.
    pub custom_payload: Option<Memo>,
}

/// What a jetton says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JettonMasterRow {
    /// Its symbol.
    pub symbol: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Its decimals.
    pub decimals: Option<u8>,
}

/// The state of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRow {
    /// The account; `None` where the source does not repeat it.
    pub address: Option<RawAddress>,
    /// `active`, `uninit`, `nonexist` or `frozen`.
    pub status: String,
    /// Nanotons.
    pub balance: Amount,
    /// The hash of its code; `None` when it has none or the source does not say.
    pub code_hash: Option<[u8; 32]>,
}

/// A server's error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorRow {
    /// Its code; 0 where it gives none.
    pub code: i64,
    /// Its words.
    pub words: String,
}

/// Reads an answer.
///
/// # Errors
/// When the body is no JSON, has no known shape, or contradicts itself.
pub fn read(body: &[u8]) -> Result<Answer, WireError> {
    let value: Value = serde_json::from_slice(body).map_err(|_| WireError::NotJson)?;
    read_value(&value)
}

/// Reads an answer that was parsed already.
///
/// # Errors
/// As [`read`].
pub fn read_value(value: &Value) -> Result<Answer, WireError> {
    let at = Fields::new("answer", value);
    if let Some(error) = error_row(&at) {
        return Ok(Answer::Error(error));
    }
    // toncenter v2 wraps every result.
    if at.boolean("ok") == Some(true)
        && let Some(result) = at.value("result")
    {
        return read_result(result);
    }
    if let Some(list) = value.as_array() {
        return rows(list).map(Answer::Transactions);
    }
    if let Some(list) = value.get("transactions") {
        return transactions(list).map(Answer::Transactions);
    }
    if let Some(list) = at.list(&["traces", "events"])
        && list.iter().all(|trace| trace.get("transactions").is_some())
    {
        return list
            .iter()
            .map(trace)
            .collect::<Result<_, _>>()
            .map(Answer::Traces);
    }
    if let Some(list) = at.list(&["blocks"]) {
        return list
            .iter()
            .map(block)
            .collect::<Result<_, _>>()
            .map(Answer::Blocks);
    }
    if let Some(last) = at.value("last") {
        return Ok(Answer::Tip {
            first: at.value("first").map(block).transpose()?,
            last: block(last)?,
        });
    }
    if let Some(list) = at.list(&["jetton_wallets"]) {
        return list
            .iter()
            .map(jetton_wallet)
            .collect::<Result<_, _>>()
            .map(Answer::JettonWallets);
    }
    if let Some(list) = at.list(&["jetton_transfers"]) {
        return list
            .iter()
            .map(jetton_transfer)
            .collect::<Result<_, _>>()
            .map(Answer::JettonTransfers);
    }
    if let Some(list) = at.list(&["jetton_masters"]) {
        return Ok(Answer::JettonMasters(masters(list, at.value("metadata"))));
    }
    if let Some(list) = at.list(&["accounts", "account_states"]) {
        return list
            .iter()
            .map(account)
            .collect::<Result<_, _>>()
            .map(Answer::Accounts);
    }
    if at.value("Actions").is_some()
        || value.get("Accounts").is_some()
        || at.value("actions").is_some()
    {
        return Ok(Answer::Nothing(interpretation(&at)));
    }
    if at.value("ext_in_msg_decoded").is_some() {
        return Ok(Answer::Nothing(NoDeposit::Unsent));
    }
    if at.list(&["balances"]).is_some() {
        return Ok(Answer::Nothing(NoDeposit::Balances));
    }
    if at
        .value("Account")
        .is_some_and(|account| account.get("Storage").is_some() || account.get("SumType").is_some())
    {
        return Ok(Answer::Nothing(NoDeposit::State));
    }
    if at.value("root_hash").is_some() && at.value("seqno").is_some() {
        return block(value).map(|block| Answer::Blocks(vec![block]));
    }
    if row::is_transaction(value) {
        return transaction(value).map(|row| Answer::Transactions(vec![row]));
    }
    if at.value("balance").is_some()
        && (at.value("status").is_some() || at.value("account_state").is_some())
    {
        return account(value).map(|row| Answer::Accounts(vec![row]));
    }
    Err(WireError::UnknownShape)
}

fn read_result(result: &Value) -> Result<Answer, WireError> {
    let at = Fields::new("result", result);
    if let Some(list) = result.as_array() {
        return rows(list).map(Answer::Transactions);
    }
    if result.is_string() || result.is_u64() {
        return Fields::amount_of(result)
            .map(Answer::Balance)
            .ok_or_else(|| at.missing("result", "a balance"));
    }
    let kind = at.text("@type").unwrap_or_default();
    if kind == "raw.extMessageInfo" || kind == "ok" {
        return Ok(Answer::Nothing(NoDeposit::Sent));
    }
    if at.value("wallet").is_some() && at.value("account_state").is_some() {
        return account(result).map(|row| Answer::Accounts(vec![row]));
    }
    if let Some(list) = at.list(&["transactions"]) {
        return rows(list).map(Answer::Transactions);
    }
    read_value(result)
}

fn error_row(at: &Fields<'_>) -> Option<ErrorRow> {
    let code = || {
        at.value("error_code")
            .or_else(|| at.value("code"))
            .and_then(Fields::integer_of)
            .unwrap_or(0)
    };
    if let Some(error) = at.value("error") {
        let words = error
            .as_str()
            .map_or_else(|| error.to_string(), str::to_owned);
        return Some(ErrorRow {
            code: code(),
            words,
        });
    }
    if at.boolean("ok") == Some(false) {
        let words = at
            .text("result")
            .or_else(|| at.text("message"))
            .unwrap_or_default();
        return Some(ErrorRow {
            code: code(),
            words: words.to_owned(),
        });
    }
    // The old index answers a bad question with a list of what is wrong.
    let detail = at.value("detail")?;
    Some(ErrorRow {
        code: at.value("code").and_then(Fields::integer_of).unwrap_or(422),
        words: detail
            .as_str()
            .map_or_else(|| detail.to_string(), str::to_owned),
    })
}

fn transactions(list: &Value) -> Result<Vec<Transaction>, WireError> {
    match list {
        Value::Array(list) => rows(list),
        Value::Object(by_hash) => by_hash.values().map(transaction).collect(),
        Value::Null => Ok(Vec::new()),
        _ => Err(WireError::UnknownShape),
    }
}

fn rows(list: &[Value]) -> Result<Vec<Transaction>, WireError> {
    list.iter().map(transaction).collect()
}

fn trace(value: &Value) -> Result<Trace, WireError> {
    let at = Fields::new("trace", value);
    let mut found = transactions(at.require("transactions", "the transactions")?)?;
    found.sort_by_key(|row| (row.lt, row.account));
    let info = at.value("trace_info");
    let pending = info
        .and_then(|info| info.get("trace_state"))
        .and_then(Value::as_str)
        .is_some_and(|state| state != "complete");
    Ok(Trace {
        transactions: found,
        is_incomplete: at.boolean("is_incomplete") == Some(true) || pending,
    })
}

fn block(value: &Value) -> Result<BlockRow, WireError> {
    let at = Fields::new("block", value);
    let workchain = at.value("workchain").or_else(|| at.value("workchain_id"));
    Ok(BlockRow {
        workchain: workchain
            .and_then(Fields::integer_of)
            .and_then(|number| i32::try_from(number).ok())
            .ok_or_else(|| at.missing("workchain", "a number"))?,
        seqno: at.number("seqno")?,
        root_hash: at.hash("root_hash")?,
        global_id: at.value("global_id").and_then(Fields::integer_of),
        time: at.value("gen_utime").and_then(Fields::number_of),
        start_lt: at.value("start_lt").and_then(Fields::number_of),
        end_lt: at.value("end_lt").and_then(Fields::number_of),
    })
}

fn jetton_wallet(value: &Value) -> Result<JettonWalletRow, WireError> {
    let at = Fields::new("jetton wallet", value);
    Ok(JettonWalletRow {
        address: at.address("address")?,
        owner: at.address("owner")?,
        master: at.address("jetton")?,
        balance: at.amount("balance")?,
        last_lt: at.value("last_transaction_lt").and_then(Fields::number_of),
    })
}

fn jetton_transfer(value: &Value) -> Result<JettonTransferRow, WireError> {
    use recover_core::memo::place;
    let at = Fields::new("jetton transfer", value);
    let payload = |field: &str, place: &str| {
        let text = at.text(field)?;
        let cell = crate::boc::read_text(text).ok()?;
        Some(crate::body::payload_memo(cell.slice(), place))
    };
    Ok(JettonTransferRow {
        query: at
            .value("query_id")
            .and_then(Fields::number_of)
            .unwrap_or(0),
        amount: at.amount("amount")?,
        source: at.maybe_address("source"),
        destination: at.maybe_address("destination"),
        master: at.maybe_address("jetton_master"),
        hash: at.hash("transaction_hash")?,
        lt: at.number("transaction_lt")?,
        aborted: at.boolean("transaction_aborted"),
        forward_payload: payload("forward_payload", place::FORWARD_PAYLOAD)
            .unwrap_or_else(|| Memo::absent(place::FORWARD_PAYLOAD)),
        custom_payload: payload("custom_payload", "custom_payload"),
    })
}

fn masters(list: &[Value], metadata: Option<&Value>) -> Vec<JettonMasterRow> {
    list.iter()
        .map(|value| {
            let at = Fields::new("jetton master", value);
            let content = at.value("jetton_content");
            let info = at
                .text("address")
                .and_then(|address| metadata?.get(address)?.get("token_info")?.get(0));
            // The index reads what lies off the chain into `metadata`.
            let text = |field: &str| -> Option<String> {
                let said = content.and_then(|content| content.get(field));
                let indexed =
                    info.and_then(|info| info.get(field).or_else(|| info.get("extra")?.get(field)));
                let value = said.or(indexed)?;
                value.as_str().map_or_else(
                    || value.as_u64().map(|number| number.to_string()),
                    |text| Some(text.to_owned()),
                )
            };
            JettonMasterRow {
                symbol: text("symbol"),
                name: text("name"),
                decimals: text("decimals").and_then(|digits| digits.trim().parse().ok()),
            }
        })
        .collect()
}

fn account(value: &Value) -> Result<AccountRow, WireError> {
    let at = Fields::new("account", value);
    let status = ["status", "account_state", "account_status"]
        .iter()
        .find_map(|field| at.text(field));
    Ok(AccountRow {
        address: at
            .maybe_address("address")
            .or_else(|| at.maybe_address("account")),
        status: status
            .ok_or_else(|| at.missing("status", "a word"))?
            .to_owned(),
        balance: match at.value("balance") {
            // An account that does not exist has none.
            None => Amount::ZERO,
            Some(_) => at.amount("balance")?,
        },
        code_hash: at.text("code_hash").and_then(crate::address::parse_hash),
    })
}

fn interpretation(at: &Fields<'_>) -> NoDeposit {
    let mut transactions: BTreeMap<String, ()> = BTreeMap::new();
    let actions = at.list(&["Actions", "actions"]).unwrap_or_default();
    for action in actions {
        for field in ["BaseTransactions", "base_transactions", "transactions"] {
            let named = action.get(field).and_then(Value::as_array);
            for hash in named.into_iter().flatten().filter_map(Value::as_str) {
                transactions.insert(hash.to_owned(), ());
            }
        }
    }
    NoDeposit::Interpretation {
        transactions: transactions.into_keys().collect(),
    }
}
