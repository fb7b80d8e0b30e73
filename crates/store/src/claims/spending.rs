//! What was approved and released lately on other claims: the sums by which the tier is chosen, read in the transaction that
//! adds to them.
//!
//! A claim counts from its approval on, wherever it stands since: what may have moved counts. One that was withdrawn, rejected or
//! invalidated counts no more if nothing was ever built for it; one that was quoted anew counts again once it is approved again.
//! What nobody can value needs the top tier itself, and makes every sum of the same beneficiary, destination or sender unknown,
//! which needs the top tier too; the sums of makers and of pairs of approvers leave it out.

use crate::error::StoreError;
use crate::halts;
use crate::sql::{Reader, RowOf, Tx, values};
use recover_core::amount::Amount;
use recover_core::approval::{Spending, Window};
use recover_core::claim::Claim;
use recover_core::deposit::{Deposit, Origin};
use recover_core::fee::Cents;
use recover_core::time::Timestamp;
use recover_core::wire::PlanJson;
use std::collections::{BTreeMap, BTreeSet};

const DAY_SECONDS: i64 = 86_400;
const WEEK_SECONDS: i64 = 7 * DAY_SECONDS;

/// A sum that leaves every range stays at its end: whatever is added to it is unknown.
const UNKNOWN: Cents = Cents(Amount::MAX);

fn add(sum: &mut Cents, value: Cents) {
    *sum = sum.checked_add(value).unwrap_or(UNKNOWN);
}

fn count(window: &mut Window, value: Cents, is_today: bool) {
    add(&mut window.week, value);
    if is_today {
        add(&mut window.day, value);
    }
}

/// The value of a claim by which limits go; `None` where no price stood behind it.
fn value(row: &RowOf<'_>) -> Result<Option<Cents>, StoreError> {
    Ok(row.amount_or_null("limit_cents")?.map(Cents))
}

fn before(now: Timestamp, seconds: i64) -> Timestamp {
    now.plus_seconds(-seconds)
        .unwrap_or(Timestamp::from_micros(i64::MIN))
}

fn sender(deposit: &Deposit) -> Option<&str> {
    match &deposit.origin {
        Origin::Observed(observation) => observation.from.as_ref().map(|from| from.text()),
        Origin::Imported(row) => row.from.as_deref(),
    }
}

/// The sums that bear on a claim; the claim itself is in none.
pub(super) async fn read(
    tx: &mut Tx,
    claim: &Claim,
    deposit: &Deposit,
    now: Timestamp,
) -> Result<Spending, StoreError> {
    let mut sums = Spending::default();
    let (day, week) = (before(now, DAY_SECONDS), before(now, WEEK_SECONDS));
    let rows = tx
        .rows(
            "SELECT claim.id AS id, claim.beneficiary AS beneficiary, claim.destination AS destination, claim.opened_by AS opened_by,
                claim.approved_at AS approved_at, claim.approved_voters AS approved_voters,
                claim.approved_alone AS approved_alone, deposit.from_text AS from_text,
                claim_quote.limit_cents AS limit_cents
             FROM claim JOIN deposit ON deposit.id = claim.deposit_id
                LEFT JOIN claim_quote ON claim_quote.claim_id = claim.id AND claim_quote.revision = claim.revision
             WHERE claim.approved_at >= $1 AND claim.id <> $2
                AND (claim.status NOT IN ('rejected', 'cancelled', 'invalidated') OR claim.attempts > 0)",
            values![week, claim.id.as_str()],
        )
        .await?;
    let from = sender(deposit);
    for row in &rows {
        let row = row.of("claim", "id");
        let (value, is_today) = (value(&row)?, row.time("approved_at")? >= day);
        let or_unknown = value.unwrap_or(UNKNOWN);
        let known = value.unwrap_or_default();
        let is_same = |column, mine: Option<&str>| -> Result<bool, StoreError> {
            Ok(mine.is_some() && row.text_or_null(column)?.as_deref() == mine)
        };
        if is_same("beneficiary", claim.beneficiary.as_deref())? {
            count(&mut sums.beneficiary, or_unknown, is_today);
        }
        if is_same("destination", claim.destination.as_deref())? {
            count(&mut sums.destination, or_unknown, is_today);
        }
        if is_same("from_text", from)? {
            count(&mut sums.origin, or_unknown, is_today);
        }
        if is_same("opened_by", Some(&claim.opened_by))? {
            count(&mut sums.maker, known, is_today);
            if is_today && row.flag("approved_alone")? {
                add(&mut sums.alone_value, or_unknown);
                sums.alone_claims = sums.alone_claims.saturating_add(1);
            }
        }
        let voters: BTreeSet<String> = row.json("approved_voters")?;
        for (place, one) in voters.iter().enumerate() {
            for other in voters.iter().skip(place.saturating_add(1)) {
                let pair = sums.pairs.entry((one.clone(), other.clone())).or_default();
                count(pair, known, is_today);
            }
        }
    }
    sums.released = released(tx, claim, day).await?;
    Ok(sums)
}

/// What was released of claims whose first payment was built since `day`, or since two people lifted a halt after that.
async fn released(tx: &mut Tx, claim: &Claim, day: Timestamp) -> Result<Cents, StoreError> {
    let lifted = halts::state(&mut Reader::Tx(tx)).await?.lifted_at;
    // What was released at the very moment of the lift was released before it.
    let after = |lifted: Timestamp| Timestamp::from_micros(lifted.as_micros().saturating_add(1));
    let since = lifted.map_or(day, |lifted| after(lifted).max(day));
    let rows = tx
        .rows(
            "SELECT package.claim_id AS claim_id, step, plan, limit_cents FROM package
                LEFT JOIN claim_plan ON claim_plan.claim_id = package.claim_id AND claim_plan.revision = package.revision
                LEFT JOIN claim_quote ON claim_quote.claim_id = package.claim_id
                    AND claim_quote.revision = package.revision
             WHERE package.prepared_at >= $1 AND package.claim_id <> $2
             ORDER BY package.claim_id, package.attempt",
            values![since, claim.id.as_str()],
        )
        .await?;
    // A first payment that was built twice in a day went out once: its latest build counts.
    let mut by_claim = BTreeMap::new();
    for row in &rows {
        let row = row.of("package", "claim_id");
        let first = match row.text_or_null("plan")? {
            // Older than plans: its one step pays.
            None => Some(0),
            Some(_) => row
                .json::<PlanJson>("plan")?
                .read()
                .map_err(|error| row.bad("plan", &error.to_string()))?
                .first_payment(),
        };
        if first != Some(row.number("step")?) {
            continue;
        }
        by_claim.insert(row.text("claim_id")?, value(&row)?.unwrap_or_default());
    }
    let mut sum = Cents::default();
    for value in by_claim.into_values() {
        add(&mut sum, value);
    }
    Ok(sum)
}
