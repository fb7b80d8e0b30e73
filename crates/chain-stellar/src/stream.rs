//! One account's history, page by page, from two streams at once.
//!
//! `/accounts/{G}/payments` has the memo and the sender and misses claims of balances, withdrawals from pools and payouts of
//! inflation; `/accounts/{G}/effects` has every credit and neither memo nor sender. A page is what both have shown up to the
//! same operation; what one of them has further is read again with the next page.

use crate::claims;
use crate::decode::{self, Beside, DecodeError, Toid, TransactionFacts};
use crate::horizon::PARTS;
use crate::horizon::{Answer, Horizon, Standing};
use crate::wire;
use recover_core::block::{Height, HeightRange, TxId};
use recover_core::observation::{Observation, Outcome};
use recover_source::chain::{AccountPage, AccountRequest, Gap};
use recover_source::error::SourceError;
use recover_source::retry::RetryPolicy;
use std::collections::{BTreeMap, HashMap};

/// How many pages of effects one page of ours reads at most before it gives what it has.
const EFFECT_PAGES_MAX: usize = 8;

/// How often an empty page must be empty before it is the end, while the range ends so close to the tip that a server which
/// lags behind the others of its address may not have it yet. Answers do not say which ledger they are of.
const DRY_ANSWERS: usize = 3;

/// Farther behind than this, in ledgers, no server is that still answers: about ten minutes.
const LAG_MAX: u64 = 120;

/// Where a reading stands in both streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cursor {
    /// The last operation of which everything was given.
    operation: Toid,
    /// The last effect that was given: its operation and its number.
    effect: (Toid, u64),
    /// The oldest ledger of the server when the reading began.
    elder: Height,
    /// How often an empty page must be empty.
    dry_answers: usize,
}

impl Cursor {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let operation = Toid::parse(parts.next()?)?;
        let (effect, number) = parts.next()?.split_once('-')?;
        let elder = parts.next()?.parse().ok()?;
        let dry_answers = parts.next()?.parse().ok()?;
        let is_whole = parts.next().is_none() && (1..=DRY_ANSWERS).contains(&dry_answers);
        is_whole.then_some(Self {
            operation,
            effect: (Toid::parse(effect)?, number.parse().ok()?),
            elder: Height(elder),
            dry_answers,
        })
    }

    fn text(self) -> String {
        let (effect, number) = self.effect;
        format!(
            "{}/{}-{number}/{}/{}",
            self.operation.0, effect.0, self.elder, self.dry_answers
        )
    }
}

/// What a stream has shown.
struct Shown<T> {
    rows: Vec<T>,
    /// Everything before this id was shown.
    before: Toid,
    /// Whether the stream ended with nothing more, and not with a row behind the range.
    ran_dry: bool,
}

/// The effects that credit somebody.
fn is_credit(effect: &wire::Effect) -> bool {
    matches!(
        effect.kind.as_deref(),
        Some("account_credited" | "claimable_balance_claimed" | "liquidity_pool_withdrew")
    )
}

pub(crate) async fn page(
    source: &Horizon,
    request: &AccountRequest,
) -> Result<AccountPage, SourceError> {
    let range = request.range;
    if !decode::has_history(&request.address) {
        return Ok(contract_page(range));
    }
    let mut cursor = match &request.resume {
        Some(text) => Cursor::parse(text).ok_or_else(|| source.client.no_such_place())?,
        None => {
            // The tip is read before the data: what it does not have yet, no empty page can speak for.
            let standing = reaches(source, range.to()).await?;
            let start = Toid::of_ledger(range.from().max(standing.elder));
            let is_settled = standing.latest.minus(LAG_MAX) >= range.to();
            Cursor {
                operation: start,
                effect: (start, 0),
                elder: standing.elder,
                dry_answers: if is_settled { 1 } else { DRY_ANSWERS },
            }
        }
    };
    let end = Toid::of_ledger(range.to().next());
    if cursor.operation >= end {
        // It kept nothing of the range.
        return Ok(AccountPage {
            observations: Vec::new(),
            through: Some(range.to()),
            next: None,
            gaps: gaps(range, cursor.elder),
        });
    }
    let account = request.address.text();
    let payments = payments(source, account, cursor, end).await?;
    let effects = effects(source, account, cursor, payments.before, end).await?;
    let before = payments.before.min(effects.before);
    let is_last = before >= end;
    if is_last && (payments.ran_dry || effects.ran_dry) {
        // Servers behind one address may differ: the one that answers now must have the end of the range too.
        reaches(source, range.to()).await?;
    }
    let observations = credits(source, request, payments, effects, before, &mut cursor).await?;
    cursor.operation = Toid(before.0.saturating_sub(1));
    let (through, next) = if is_last {
        (Some(range.to()), None)
    } else {
        // The ledger of the next operation may have more.
        let complete = before.ledger().minus(1).min(range.to());
        let through =
            (complete >= range.from() && before.ledger() > range.from()).then_some(complete);
        (through, Some(cursor.text()))
    };
    Ok(AccountPage {
        observations,
        through,
        next,
        gaps: gaps(range, cursor.elder),
    })
}

/// Makes sure that the server has a ledger. One behind the same address that lags is asked past.
async fn reaches(source: &Horizon, height: Height) -> Result<Standing, SourceError> {
    let few = RetryPolicy {
        tries_max: source.client.retry().tries_max.min(DRY_ANSWERS),
        ..source.client.retry()
    };
    few.run(|| async move {
        let standing = source.standing().await?;
        if standing.latest < height {
            return Err(source.client.behind(standing.latest, height));
        }
        Ok(standing)
    })
    .await
}

fn contract_page(range: HeightRange) -> AccountPage {
    AccountPage {
        observations: Vec::new(),
        through: Some(range.to()),
        next: None,
        gaps: Gap::of_parts(
            range,
            &PARTS,
            "horizon keeps no history of contracts; ask a source that indexes contract events",
        )
        .collect(),
    }
}

/// What the server no longer keeps of the range.
fn gaps(range: HeightRange, elder: Height) -> Vec<Gap> {
    if elder <= range.from() || elder.0 <= 2 {
        // The first ledger is made, not closed: history begins with the second.
        return Vec::new();
    }
    let lost = HeightRange::new(range.from(), elder.minus(1).min(range.to()));
    lost.map_or_else(Vec::new, |lost| {
        let reason =
            format!("its history begins at ledger {elder}; use a horizon server with full history");
        Gap::of_parts(lost, &PARTS, &reason).collect()
    })
}

async fn payments(
    source: &Horizon,
    account: &str,
    start: Cursor,
    end: Toid,
) -> Result<Shown<(Toid, wire::Operation)>, SourceError> {
    let path = format!("/accounts/{account}/payments");
    let after = start.operation;
    let cursor = after.0.to_string();
    let limit = source.limit();
    let query = [
        ("join", "transactions"),
        ("include_failed", "true"),
        ("order", "asc"),
        ("limit", limit.as_str()),
        ("cursor", cursor.as_str()),
    ];
    let take = |rows: Vec<wire::Operation>| {
        let mut fresh = BTreeMap::new();
        let is_empty = rows.is_empty();
        for row in rows {
            let id = decode::operation_id(&row).map_err(|error| source.undecodable(&error))?;
            if id > after {
                fresh.insert(id, row);
            }
        }
        match fresh.keys().next_back().copied() {
            None if is_empty => Ok(Shown {
                rows: Vec::new(),
                before: end,
                ran_dry: true,
            }),
            None => Err(source
                .client
                .unreachable("it repeats a page of payments that was read")),
            Some(last) => Ok(Shown {
                rows: fresh.into_iter().filter(|(id, _)| *id < end).collect(),
                before: Toid(last.0.saturating_add(1)).min(end),
                ran_dry: false,
            }),
        }
    };
    for _ in 0..start.dry_answers {
        // An account that never was has no history. What the server lost of an older one stands in the gaps.
        if let Answer::Found(shown) = source.page(&path, &query, take).await?
            && !shown.ran_dry
        {
            return Ok(shown);
        }
    }
    Ok(Shown {
        rows: Vec::new(),
        before: end,
        ran_dry: true,
    })
}

type Numbered = ((Toid, u64), wire::Effect);

/// Reads effects until they have shown what the payments have shown.
async fn effects(
    source: &Horizon,
    account: &str,
    start: Cursor,
    wanted: Toid,
    end: Toid,
) -> Result<Shown<Numbered>, SourceError> {
    let path = format!("/accounts/{account}/effects");
    let limit = source.limit();
    let mut after = start.effect;
    let mut shown = Shown {
        rows: Vec::new(),
        before: Toid(start.operation.0.saturating_add(1)),
        ran_dry: false,
    };
    let mut pages = 0_usize;
    let mut dry = 0_usize;
    // At least one operation must come complete, or the reading would stand still.
    while shown.before < wanted
        && (pages < EFFECT_PAGES_MAX
            || dry > 0
            || shown.before.0 <= start.operation.0.saturating_add(1))
    {
        pages = pages.saturating_add(1);
        let cursor = format!("{}-{}", after.0.0, after.1);
        let query = [
            ("order", "asc"),
            ("limit", limit.as_str()),
            ("cursor", cursor.as_str()),
        ];
        let take = |rows: Vec<wire::Effect>| {
            let mut fresh = BTreeMap::new();
            let is_empty = rows.is_empty();
            for row in rows {
                let id = decode::effect_id(&row).map_err(|error| source.undecodable(&error))?;
                if id > after {
                    fresh.insert(id, row);
                }
            }
            if fresh.is_empty() && !is_empty {
                return Err(source
                    .client
                    .unreachable("it repeats a page of effects that was read"));
            }
            Ok(fresh)
        };
        let fresh = match source.page(&path, &query, take).await? {
            Answer::Found(fresh) => fresh,
            Answer::NotFound => BTreeMap::new(),
        };
        let Some(newest) = fresh.keys().next_back().copied() else {
            dry = dry.saturating_add(1);
            if dry < start.dry_answers {
                continue;
            }
            shown.before = end;
            shown.ran_dry = true;
            break;
        };
        dry = 0;
        after = newest;
        let (last, _) = newest;
        // More effects of the last operation may follow on the next page.
        shown.before = last.min(end).max(shown.before);
        shown
            .rows
            .extend(fresh.into_iter().filter(|((id, _), _)| *id < end));
    }
    Ok(shown)
}

/// The account's credits among what was shown before an operation; the cursor moves behind the effects that were used.
async fn credits(
    source: &Horizon,
    request: &AccountRequest,
    payments: Shown<(Toid, wire::Operation)>,
    effects: Shown<Numbered>,
    before: Toid,
    cursor: &mut Cursor,
) -> Result<Vec<Observation>, SourceError> {
    let mut by_operation: BTreeMap<Toid, Vec<wire::Effect>> = BTreeMap::new();
    for ((operation, number), effect) in effects.rows {
        if operation < before {
            cursor.effect = cursor.effect.max((operation, number));
            by_operation.entry(operation).or_default().push(effect);
        }
    }
    let mut operations: BTreeMap<Toid, wire::Operation> = payments
        .rows
        .into_iter()
        .filter(|(id, _)| *id < before)
        .collect();
    let unexplained: Vec<Toid> = by_operation
        .iter()
        .filter(|(id, effects)| !operations.contains_key(id) && effects.iter().any(is_credit))
        .map(|(id, _)| *id)
        .collect();
    for id in unexplained {
        operations.insert(id, operation(source, id).await?);
    }
    let mut transactions = Transactions::new(source);
    let mut observations = Vec::new();
    let none = Vec::new();
    for (id, operation) in &operations {
        let beside = Beside {
            effects: Some(by_operation.get(id).unwrap_or(&none)),
            balances: &[],
        };
        let facts = transactions.of(operation).await?;
        let credits =
            source
                .decoder
                .observe(operation, &facts, beside)
                .map_err(|error| match error {
                    // Another server behind the address may have them.
                    DecodeError::EffectsNeeded { .. } => source.client.unreachable(format!(
                        "operation {} credits the account and its effects are not there",
                        id.0
                    )),
                    error => source.undecodable(&error),
                })?;
        let mut ours: Vec<Observation> = credits
            .into_iter()
            .filter(|credit| credit.to.payload() == request.address.payload())
            .collect();
        claims::complete(source, operation, &mut ours).await?;
        observations.append(&mut ours);
    }
    Ok(observations)
}

/// An operation that only its effect told of.
async fn operation(source: &Horizon, id: Toid) -> Result<wire::Operation, SourceError> {
    let path = format!("/operations/{}", id.0);
    let query = [("join", "transactions")];
    let found: wire::Operation = source.known_record(&path, &query).await?;
    if decode::operation_id(&found) != Ok(id) {
        return Err(source
            .client
            .inconsistent("another operation than the one asked for"));
    }
    Ok(found)
}

/// The transactions of a page: as joined to their operations, or asked for once each.
struct Transactions<'a> {
    source: &'a Horizon,
    asked: HashMap<TxId, TransactionFacts>,
}

impl<'a> Transactions<'a> {
    fn new(source: &'a Horizon) -> Self {
        Self {
            source,
            asked: HashMap::new(),
        }
    }

    async fn of(&mut self, operation: &wire::Operation) -> Result<TransactionFacts, SourceError> {
        let undecodable = |error| self.source.undecodable(&error);
        if let Some(joined) = &operation.transaction {
            let facts = self
                .source
                .decoder
                .transaction(joined)
                .map_err(undecodable)?;
            let outcome_known =
                facts.outcome != Outcome::Unknown || operation.transaction_successful.is_some();
            if facts.memo.is_some() && outcome_known {
                return Ok(facts);
            }
        }
        let id = decode::operation_transaction(operation).map_err(undecodable)?;
        if let Some(facts) = self.asked.get(&id) {
            return Ok(facts.clone());
        }
        let record: wire::Transaction = self
            .source
            .known_record(&format!("/transactions/{id}"), &[])
            .await?;
        let facts = self
            .source
            .decoder
            .transaction(&record)
            .map_err(undecodable)?;
        self.asked.insert(id, facts.clone());
        Ok(facts)
    }
}
