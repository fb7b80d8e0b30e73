//! What matching needs to know of a deposit.

use recover_core::asset::{AssetId, AssetReference};
use recover_core::decimal::Decimal;
use recover_core::deposit::Deposit;
use recover_core::memo::MemoFinding;
use recover_core::names;
use recover_core::network::{Family, NetworkId};
use recover_core::observation::DepositId;
use recover_core::time::Timestamp;

/// A deposit as matching sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DepositFacts {
    /// Its id.
    pub id: DepositId,
    /// Its network.
    pub network: NetworkId,
    /// The network's family; `None` where nobody knows it.
    pub family: Option<Family>,
    /// Its transaction, as the chain or the file writes it.
    pub tx_id: String,
    /// Who sent it; `None` when unknown.
    pub from: Option<String>,
    /// Who was credited.
    pub to: String,
    /// What was sent.
    pub asset: AssetId,
    /// The symbol shown to people; `None` when there is none.
    pub symbol: Option<String>,
    /// How much, in coins; `None` when the scale is out of range.
    pub amount: Option<Decimal>,
    /// The block's time; `None` when unknown.
    pub time: Option<Timestamp>,
    /// The routing field; `None` when there is none.
    pub memo: Option<String>,
    /// What the judgement of its routing fields says; `None` where they need none and for deposits of a file, whose memo is
    /// then compared as text.
    pub memo_finding: Option<MemoFinding>,
}

impl From<&Deposit> for DepositFacts {
    fn from(deposit: &Deposit) -> Self {
        let asset = deposit.asset().clone();
        let symbol = match &asset.reference {
            AssetReference::Unlisted(symbol) => Some(symbol.clone()),
            _ => deposit.symbol.clone(),
        };
        Self {
            id: deposit.id(),
            network: deposit.network().clone(),
            family: names::known(deposit.network()).map(|known| known.family),
            tx_id: deposit.tx_id().as_str().to_owned(),
            from: deposit.from().map(str::to_owned),
            to: deposit.to().to_owned(),
            asset,
            symbol,
            amount: Decimal::from_parts(deposit.amount(), deposit.decimals),
            time: deposit.block_time(),
            memo: deposit.memo_text(),
            memo_finding: deposit.classification.memo.clone(),
        }
    }
}
