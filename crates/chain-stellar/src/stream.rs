//! One account's history, page by page, from two streams at once.
//!
//! `/accounts/{G}/payments` has the memo and the sender and misses claims of balances, withdrawals from pools and payouts of
//! inflation; `/accounts/{G}/effects` has every credit and neither memo nor sender. A page is what both have shown up to the
//! same operation; what one of them has further is read again with the next page.

use crate::decode::{self, Beside, Toid, TransactionFacts};
use crate::horizon::{Answer, Horizon, Standing};
use crate::wire;
use recover_core::block::{Height, HeightRange, TxId};
use recover_core::observation::{Observation, Outcome};
use recover_source::chain::{AccountPage, AccountRequest, ChainRead, Gap, Part};
use recover_source::error::SourceError;
use std::collections::{BTreeMap, HashMap};

/// How many pages of effects one page of ours reads at most before it gives what it has.
const EFFECT_PAGES_MAX: usize = 8;

/// Where a reading stands in both streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cursor {
    /// The last operation of which everything was given.
    operation: Toid,
    /// The last effect that was given: its operation and its number.
    effect: (Toid, u64),
    /// The oldest ledger of the server when the reading began.
    elder: Height,
}

impl Cursor {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let operation = Toid::parse(parts.next()?)?;
        let (effect, number) = parts.next()?.split_once('-')?;
        let elder = parts.next()?.parse().ok()?;
        parts.next().is_none().then_some(Self {
            operation,
            effect: (Toid::parse(effect)?, number.parse().ok()?),
            elder: Height(elder),
        })
    }

    fn text(self) -> String {
        let (effect, number) = self.effect;
        format!("{}/{}-{number}/{}", self.operation.0, effect.0, self.elder)
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
        Some(text) => Cursor::parse(text).ok_or_else(|| {
            source.unsupported("this place to resume from; begin the reading anew")
        })?,
        None => {
            // The tip is read before the data: what it does not have yet, no empty page can speak for.
            let standing = reaches(source, range.to()).await?;
            let start = Toid::of_ledger(range.from());
            Cursor {
                operation: start,
                effect: (start, 0),
                elder: standing.elder,
            }
        }
    };
    let end = Toid::of_ledger(range.to().next());
    let account = request.address.text();
    let payments = payments(source, account, cursor.operation, end).await?;
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

async fn reaches(source: &Horizon, height: Height) -> Result<Standing, SourceError> {
    let standing = source.standing().await?;
    if standing.latest < height {
        return Err(source.unreachable(&format!(
            "its newest ledger is {} and {height} was asked for",
            standing.latest
        )));
    }
    Ok(standing)
}

fn contract_page(range: HeightRange) -> AccountPage {
    AccountPage {
        observations: Vec::new(),
        through: Some(range.to()),
        next: None,
        gaps: whole_gap(
            range,
            "horizon keeps no history of contracts; ask a source that indexes contract events",
        ),
    }
}

fn whole_gap(range: HeightRange, reason: &str) -> Vec<Gap> {
    [Part::TransferLogs, Part::TopLevel, Part::Internal]
        .into_iter()
        .map(|part| Gap {
            range,
            part,
            reason: reason.to_owned(),
        })
        .collect()
}

/// What the server no longer keeps of the range.
fn gaps(range: HeightRange, elder: Height) -> Vec<Gap> {
    if elder <= range.from() || elder.0 <= 2 {
        // The first ledger is made, not closed: history begins with the second.
        return Vec::new();
    }
    let lost = HeightRange::new(range.from(), elder.minus(1).min(range.to()));
    lost.map_or_else(Vec::new, |lost| {
        whole_gap(
            lost,
            &format!(
                "its history begins at ledger {elder}; use a horizon server with full history"
            ),
        )
    })
}

async fn payments(
    source: &Horizon,
    account: &str,
    after: Toid,
    end: Toid,
) -> Result<Shown<(Toid, wire::Operation)>, SourceError> {
    let path = format!("/accounts/{account}/payments");
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
            None => Err(source.unreachable("it repeats a page of payments that was read")),
            Some(last) => Ok(Shown {
                rows: fresh.into_iter().filter(|(id, _)| *id < end).collect(),
                before: Toid(last.0.saturating_add(1)).min(end),
                ran_dry: false,
            }),
        }
    };
    match source.page(&path, &query, take).await? {
        Answer::Found(shown) => Ok(shown),
        // An account that never was has no history. What the server lost of an older one stands in the gaps.
        Answer::NotFound => Ok(Shown {
            rows: Vec::new(),
            before: end,
            ran_dry: true,
        }),
    }
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
    // At least one operation must come complete, or the reading would stand still.
    while shown.before < wanted
        && (pages < EFFECT_PAGES_MAX || shown.before.0 <= start.operation.0.saturating_add(1))
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
                return Err(source.unreachable("it repeats a page of effects that was read"));
            }
            Ok(fresh)
        };
        let fresh = match source.page(&path, &query, take).await? {
            Answer::Found(fresh) => fresh,
            Answer::NotFound => BTreeMap::new(),
        };
        let Some((last, _)) = fresh.keys().next_back().copied() else {
            shown.before = end;
            shown.ran_dry = true;
            break;
        };
        after = fresh.keys().next_back().copied().unwrap_or(after);
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
        let credits = source
            .decoder
            .observe(operation, &facts, beside)
            .map_err(|error| source.undecodable(&error))?;
        observations.extend(
            credits
                .into_iter()
                .filter(|credit| credit.to.payload() == request.address.payload()),
        );
    }
    Ok(observations)
}

/// An operation that only its effect told of.
async fn operation(source: &Horizon, id: Toid) -> Result<wire::Operation, SourceError> {
    let path = format!("/operations/{}", id.0);
    let query = [("join", "transactions")];
    match source.record_with::<wire::Operation>(&path, &query).await? {
        Answer::Found(operation) if decode::operation_id(&operation) == Ok(id) => Ok(operation),
        Answer::Found(_) => Err(source.inconsistent("another operation than the one asked for")),
        Answer::NotFound => {
            Err(source.inconsistent("an effect of an operation that it does not have"))
        }
    }
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
        let record: wire::Transaction =
            match self.source.record(&format!("/transactions/{id}")).await? {
                Answer::Found(record) => record,
                Answer::NotFound => {
                    return Err(self
                        .source
                        .inconsistent("a payment of a transaction that it does not have"));
                }
            };
        let facts = self
            .source
            .decoder
            .transaction(&record)
            .map_err(undecodable)?;
        self.asked.insert(id, facts.clone());
        Ok(facts)
    }
}
