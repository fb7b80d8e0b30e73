//! The demo's last line: recoverable, refused by reason, unowned.

use recover_core::amount::Amount;
use recover_core::deposit::{Deposit, DepositStatus};
use recover_core::fee::{Cents, Rounding, value_of};
use recover_core::kind::Kind;
use recover_core::verdict::{Missing, Reason, Verdict};
use recover_engine::engine::Engine;
use std::collections::BTreeMap;

/// What deposits are worth together; what has no price or no vouched decimals is counted apart, never as nothing.
pub async fn worth(engine: &Engine, deposits: &[&Deposit]) -> anyhow::Result<String> {
    let mut sum = Cents::default();
    let mut unpriced = 0_usize;
    for deposit in deposits {
        match value(engine, deposit).await? {
            Some(value) => sum = plus(sum, value)?,
            None => unpriced += 1,
        }
    }
    Ok(match unpriced {
        0 => sum.to_string(),
        count if count == deposits.len() => "no price".to_owned(),
        count => format!("{sum} + {count} without price"),
    })
}

async fn value(engine: &Engine, deposit: &Deposit) -> anyhow::Result<Option<Cents>> {
    if !deposit.decimals_vouched {
        return Ok(None);
    }
    let price = engine
        .store()
        .latest_price(deposit.asset(), "USD", engine.now())
        .await?;
    Ok(price.and_then(|price| {
        value_of(
            deposit.amount(),
            deposit.decimals,
            price.price,
            Rounding::Down,
        )
    }))
}

fn plus(left: Cents, right: Cents) -> anyhow::Result<Cents> {
    left.0
        .checked_add(right.0)
        .map(Cents)
        .ok_or_else(|| anyhow::anyhow!("the sum does not fit"))
}

/// One line over every deposit that stands.
pub async fn line(engine: &Engine) -> anyhow::Result<String> {
    let mut recoverable: Vec<Deposit> = Vec::new();
    let mut unowned: Vec<Deposit> = Vec::new();
    let mut refused: BTreeMap<Reason, Vec<Deposit>> = BTreeMap::new();
    let mut open: BTreeMap<Missing, Vec<Deposit>> = BTreeMap::new();
    for deposit in super::deposits(engine, &recover_store::DepositFilter::default()).await? {
        if deposit.status == DepositStatus::Gone || deposit.classification.kind == Kind::OwnMovement
        {
            continue;
        }
        match &deposit.classification.verdict {
            Verdict::Controllable(_) | Verdict::NeedsDeploy(_)
                if deposit.classification.owner.is_none() =>
            {
                unowned.push(deposit);
            }
            Verdict::Controllable(_) | Verdict::NeedsDeploy(_) => recoverable.push(deposit),
            Verdict::NotRecoverable(reason) => refused.entry(*reason).or_default().push(deposit),
            Verdict::Conditional(missing) => open.entry(*missing).or_default().push(deposit),
        }
    }
    let mut parts = vec![format!(
        "recoverable {} USD",
        total(engine, &recoverable).await?
    )];
    let mut reasons = Vec::new();
    for (reason, deposits) in &refused {
        reasons.push(format!("{reason} {}", total(engine, deposits).await?));
    }
    parts.push(format!("refused by reason in USD: {}", reasons.join(", ")));
    let mut conditions = Vec::new();
    for (missing, deposits) in &open {
        conditions.push(format!("{missing} {}", total(engine, deposits).await?));
    }
    if !conditions.is_empty() {
        parts.push(format!("waiting in USD: {}", conditions.join(", ")));
    }
    parts.push(format!("unowned {} USD", total(engine, &unowned).await?));
    Ok(parts.join(" | "))
}

async fn total(engine: &Engine, deposits: &[Deposit]) -> anyhow::Result<String> {
    let all: Vec<&Deposit> = deposits.iter().collect();
    if all.is_empty() {
        return Ok(Cents(Amount::ZERO).to_string());
    }
    worth(engine, &all).await
}
