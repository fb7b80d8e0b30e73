//! What came to the address of a deposit that is below the smallest that is credited.

use crate::engine::Engine;
use crate::error::EngineError;
use recover_core::amount::Amount;
use recover_core::claim::{ClaimStatus, Resolution};
use recover_core::deposit::{Deposit, DepositStatus, Origin};
use recover_core::fee::Gathered;
use recover_core::kind::Kind;
use recover_core::ledger::{LedgerEntry, LedgerEntryKind};
use recover_core::observation::{Observation, Outcome};
use recover_core::verdict::{Reason, Verdict};
use recover_source::chain::Lookup;
use recover_store::{
    ClaimFilter, DepositFilter, DepositOrder, OrdinaryCredits, OriginFilter, StoredDeposit,
};
use std::time::Duration;

/// So many deposits are read at once.
const PAGE: u32 = 500;

/// So many ordinary deposits are looked up: one that stands is enough.
const ROWS_MAX: u32 = 5;

/// How long a network may take to show one transaction.
const PATIENCE: Duration = Duration::from_millis(2_500);

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
        let minimum = minimum.filter(|minimum| deposit.amount() < *minimum);
        let (Some(minimum), Kind::BelowMinimum) = (minimum, deposit.classification.kind) else {
            return Ok(None);
        };
        let alone = Gathered {
            minimum,
            present: deposit.amount(),
        };
        // What a file tells may be what a source saw as well: it counts for itself alone.
        let (Origin::Observed(_), Some(owner)) = (&deposit.origin, &deposit.classification.owner)
        else {
            return Ok(Some(alone));
        };
        let small = self.small_ones(deposit, owner, minimum).await?;
        let own = small
            .iter()
            .position(|stored| stored.deposit.id() == deposit.id());
        let amounts: Vec<Amount> = small.iter().map(|stored| stored.deposit.amount()).collect();
        // One that is in doubt, or not stored yet, counts for itself alone too.
        let gathered = own.and_then(|own| Gathered::of(minimum, &amounts, own));
        let gathered = gathered.unwrap_or(alone);
        if gathered.is_enough() {
            return Ok(Some(gathered));
        }
        let ordinary = self.ordinary(deposit, owner, minimum).await?;
        Ok(Some(
            ordinary.map_or(gathered, |amount| gathered.with(amount)),
        ))
    }

    /// The deposits of an owner to the address of one, of its asset, that are each below the minimum and that the owner has or
    /// can have, in the order in which we saw them.
    async fn small_ones(
        &self,
        deposit: &Deposit,
        owner: &str,
        minimum: Amount,
    ) -> Result<Vec<StoredDeposit>, EngineError> {
        let filter = DepositFilter {
            to: Some(deposit.to().to_owned()),
            asset: Some(deposit.asset().clone()),
            owner: Some(owner.to_owned()),
            statuses: vec![
                DepositStatus::Open,
                DepositStatus::Claimed,
                DepositStatus::Resolved,
            ],
            origin: Some(OriginFilter::Observed),
            ..DepositFilter::default()
        };
        let mut small = Vec::new();
        let mut after = None;
        loop {
            let page = self
                .store
                .list_deposits(&filter, DepositOrder::Id, after.as_ref(), PAGE)
                .await?;
            for stored in page.deposits {
                let other = &stored.deposit;
                let is_small = other.amount() < minimum && other.decimals == deposit.decimals;
                if is_small && stored.suspect_at.is_none() && self.is_the_owners(&stored).await? {
                    small.push(stored);
                }
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        // By when we saw them, so that what is found late takes nothing back; one scan sees many at once.
        small.sort_by_cached_key(|stored| {
            let deposit = &stored.deposit;
            (stored.first_seen_at, deposit.block_time(), deposit.id())
        });
        Ok(small)
    }

    /// Whether the owner has the money or can have it: not where it was given back, is lost, or was settled nobody knows how.
    async fn is_the_owners(&self, stored: &StoredDeposit) -> Result<bool, EngineError> {
        let deposit = &stored.deposit;
        match deposit.classification.verdict {
            Verdict::Controllable(_) if deposit.status != DepositStatus::Resolved => Ok(true),
            Verdict::Controllable(_) | Verdict::NotRecoverable(Reason::AlreadyCredited) => {
                let filter = ClaimFilter {
                    statuses: vec![ClaimStatus::Settled],
                    deposit: Some(deposit.id()),
                    ..ClaimFilter::default()
                };
                let claims = self.store.list_claims(&filter, None, 1).await?.claims;
                if let Some(claim) = claims.first() {
                    return Ok(claim.resolution == Resolution::LedgerCredit);
                }
                let Origin::Observed(credit) = &deposit.origin else {
                    return Ok(false);
                };
                let ids = std::slice::from_ref(&credit.tx_id);
                let rows = self
                    .store
                    .ledger_of_transactions(deposit.network(), ids)
                    .await?;
                Ok(rows
                    .iter()
                    .any(|row| row.kind == LedgerEntryKind::CreditedDeposit))
            }
            Verdict::NeedsDeploy(_) | Verdict::Conditional(_) | Verdict::NotRecoverable(_) => {
                Ok(false)
            }
        }
    }

    /// The first ordinary deposit of an owner to the address of a smaller one, after it: by the ledger, since a scan keeps no row
    /// of what was booked before it came by, and by the network, since one row may book several deposits.
    async fn ordinary(
        &self,
        deposit: &Deposit,
        owner: &str,
        minimum: Amount,
    ) -> Result<Option<Amount>, EngineError> {
        let Some(since) = deposit.block_time() else {
            return Ok(None);
        };
        let asked = OrdinaryCredits {
            user_id: owner,
            // Of an address that many share, only the row says whose deposit it was.
            or_nobody: deposit.classification.memo.is_none(),
            asset: deposit.asset(),
            address: deposit.to(),
            minimum,
            since,
        };
        let rows = self.store.ordinary_credits(&asked, ROWS_MAX).await?;
        let network = self.chains.network(deposit.network());
        let source = network.and_then(|network| self.source(network).ok());
        let Some(source) = source.filter(|_| !rows.is_empty()) else {
            return Ok(None);
        };
        for row in rows {
            let looked = tokio::time::timeout(PATIENCE, source.transaction(&row.tx_id)).await;
            if let Ok(Ok(Lookup::Found(view))) = looked
                && view
                    .credits
                    .iter()
                    .any(|credit| is_booked(credit, &row, deposit))
            {
                return Ok(row.amount);
            }
        }
        Ok(None)
    }
}

/// Whether a ledger row books exactly this credit, at the address of a deposit.
fn is_booked(credit: &Observation, row: &LedgerEntry, deposit: &Deposit) -> bool {
    credit.outcome == Outcome::Success
        && credit.to.text() == deposit.to()
        && credit.asset == *deposit.asset()
        && Some(credit.amount) == row.amount
}
