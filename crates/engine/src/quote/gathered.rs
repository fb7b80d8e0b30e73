//! What came to the address of a deposit that is below the smallest that is credited.

use crate::engine::Engine;
use crate::error::EngineError;
use recover_core::amount::Amount;
use recover_core::deposit::{Deposit, DepositStatus, Origin};
use recover_core::fee::Gathered;
use recover_core::kind::Kind;
use recover_store::{DepositFilter, DepositOrder, OriginFilter};

/// So many deposits are read at once.
const PAGE: u32 = 500;

impl Engine {
    /// What counts towards the smallest deposit of the asset for a deposit below it; `None` where it is below none.
    pub(super) async fn gathered(
        &self,
        deposit: &Deposit,
    ) -> Result<Option<Gathered>, EngineError> {
        let terms = self.chains.terms(deposit.asset());
        let minimum = terms
            .filter(|terms| terms.decimals == deposit.decimals)
            .and_then(|terms| terms.minimum);
        match (minimum, deposit.classification.kind) {
            (Some(minimum), Kind::BelowMinimum) if deposit.amount() < minimum => {
                let present = self.present(deposit, minimum).await?;
                Ok(Some(Gathered { minimum, present }))
            }
            _ => Ok(None),
        }
    }

    /// What the owner of a deposit sent to its address that was too small alone, itself included, and the first ordinary deposit
    /// after it; read no further than the minimum.
    async fn present(&self, deposit: &Deposit, minimum: Amount) -> Result<Amount, EngineError> {
        let mut present = deposit.amount();
        // What a file tells may be what a source saw as well: it counts for itself alone.
        let (Origin::Observed(_), Some(owner)) = (&deposit.origin, &deposit.classification.owner)
        else {
            return Ok(present);
        };
        let filter = DepositFilter {
            to: Some(deposit.to().to_owned()),
            asset: Some(deposit.asset().clone()),
            owner: Some(owner.clone()),
            statuses: vec![
                DepositStatus::Open,
                DepositStatus::Claimed,
                DepositStatus::Resolved,
            ],
            origin: Some(OriginFilter::Observed),
            ..DepositFilter::default()
        };
        let mut after = None;
        while present < minimum {
            let page = self
                .store
                .list_deposits(&filter, DepositOrder::Id, after.as_ref(), PAGE)
                .await?;
            let counted = page
                .deposits
                .iter()
                .filter(|stored| stored.suspect_at.is_none())
                .map(|stored| &stored.deposit)
                .filter(|other| counts(other, deposit, minimum));
            for other in counted {
                // A sum that leaves every range is more than any minimum.
                present = present.checked_add(other.amount()).unwrap_or(minimum);
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        // Ordinary deposits are the ledger's alone: a scan keeps no row of what was booked before it came by.
        let since = deposit.block_time().filter(|_| present < minimum);
        let ordinary = match since {
            None => None,
            Some(since) => {
                let (asset, to) = (deposit.asset(), deposit.to());
                self.store
                    .ordinary_credit_since(owner, asset, to, minimum, since)
                    .await?
            }
        };
        Ok(ordinary.map_or(present, |ordinary| {
            present.checked_add(ordinary).unwrap_or(minimum)
        }))
    }
}

/// Whether another deposit of the same owner to the same address counts: every one that was too small alone, credited since or
/// not, so that crediting one never takes the others below again.
fn counts(other: &Deposit, deposit: &Deposit, minimum: Amount) -> bool {
    let was_too_small = match other.classification.kind {
        Kind::BelowMinimum => true,
        Kind::AlreadyCredited => other.amount() < minimum,
        _ => false,
    };
    was_too_small && other.id() != deposit.id() && other.decimals == deposit.decimals
}
