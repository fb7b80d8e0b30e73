//! What matching needs to know of a deposit.

use recover_core::asset::{AssetId, AssetReference};
use recover_core::decimal::Decimal;
use recover_core::deposit::{Deposit, Origin};
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
    /// Why it was not credited: what its file states, else the code of our own judgement; `None` when nobody says.
    pub reason: Option<String>,
}

/// The same without owning its texts, for whoever has them already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DepositView<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its network.
    pub network: &'a NetworkId,
    /// The network's family; `None` where nobody knows it.
    pub family: Option<Family>,
    /// Its transaction, as the chain or the file writes it.
    pub tx_id: &'a str,
    /// Who sent it; `None` when unknown.
    pub from: Option<&'a str>,
    /// Who was credited.
    pub to: &'a str,
    /// What was sent.
    pub asset: &'a AssetId,
    /// The symbol shown to people; `None` when there is none.
    pub symbol: Option<&'a str>,
    /// How much, in coins; `None` when the scale is out of range.
    pub amount: Option<Decimal>,
    /// The block's time; `None` when unknown.
    pub time: Option<Timestamp>,
    /// The routing field; `None` when there is none.
    pub memo: Option<&'a str>,
    /// What the judgement of its routing fields says.
    pub memo_finding: Option<&'a MemoFinding>,
    /// Why it was not credited.
    pub reason: Option<&'a str>,
}

impl DepositFacts {
    /// The same, borrowed.
    #[must_use]
    pub fn view(&self) -> DepositView<'_> {
        DepositView {
            id: self.id.as_str(),
            network: &self.network,
            family: self.family,
            tx_id: &self.tx_id,
            from: self.from.as_deref(),
            to: &self.to,
            asset: &self.asset,
            symbol: self.symbol.as_deref(),
            amount: self.amount,
            time: self.time,
            memo: self.memo.as_deref(),
            memo_finding: self.memo_finding.as_ref(),
            reason: self.reason.as_deref(),
        }
    }
}

impl DepositView<'_> {
    /// The same with texts of its own.
    #[must_use]
    pub fn to_facts(self) -> DepositFacts {
        DepositFacts {
            id: DepositId::verbatim(self.id),
            network: self.network.clone(),
            family: self.family,
            tx_id: self.tx_id.to_owned(),
            from: self.from.map(str::to_owned),
            to: self.to.to_owned(),
            asset: self.asset.clone(),
            symbol: self.symbol.map(str::to_owned),
            amount: self.amount,
            time: self.time,
            memo: self.memo.map(str::to_owned),
            memo_finding: self.memo_finding.cloned(),
            reason: self.reason.map(str::to_owned),
        }
    }
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
            reason: match &deposit.origin {
                Origin::Imported(imported) => imported.orphan_reason.clone(),
                Origin::Observed(_) => None,
            }
            .or_else(|| Some(deposit.classification.kind.code().to_owned())),
        }
    }
}
