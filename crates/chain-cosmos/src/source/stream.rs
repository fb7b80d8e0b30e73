//! One account's credits from an index of events, page by page, without ever passing a limit in silence.
//!
//! A page is a window of heights. A search from the window's first height gives the lowest rows and the number of all that
//! remain; the window ends below the height of the last row, because more of that height may follow. The next page's number
//! must be this page's less the rows of the window: only then is the window called complete, on the next page. So a row that was left out of an
//! answer, wherever it stood, shows before its height is claimed.

use crate::address;
use crate::decode::{SearchPage, Transaction};
use crate::source::api::Api;
use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt};
use recover_core::address::Address;
use recover_core::block::{BlockRef, Height, HeightRange, TxId};
use recover_core::observation::Observation;
use recover_source::chain::{AccountPage, AccountRequest, Gap, Part};
use recover_source::client::Client;
use recover_source::error::{Advice, SourceError};
use std::collections::{BTreeMap, BTreeSet};

/// What to search for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    /// Coins of the bank module to the account.
    Coins,
    /// Tokens of contracts (CW20) to the account.
    ContractTokens,
}

impl Key {
    /// The event and its attribute, as nodes index them.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Coins => "transfer.recipient",
            Self::ContractTokens => "wasm.to",
        }
    }
}

/// A page of a search.
pub(super) struct Found {
    pub page: SearchPage,
    /// How many rows the whole search has; `None` when the source does not say.
    pub total: Option<u64>,
}

/// The questions that both APIs answer.
#[async_trait]
pub(super) trait Search: Send + Sync {
    fn api(&self) -> &Api;

    /// One page of a search, oldest first; pages count from 1.
    async fn search(
        &self,
        key: Key,
        address: &str,
        range: HeightRange,
        page: u32,
    ) -> Result<Found, SourceError>;

    /// The block at a height.
    async fn block(&self, height: Height) -> Result<BlockRef, SourceError>;

    /// Credits that blocks make themselves; the inner error says why it cannot tell.
    async fn block_credits(
        &self,
        address: &Address,
        range: HeightRange,
    ) -> Result<Result<Vec<Observation>, String>, SourceError>;

    /// The lowest height that it still has of a range; an error when it has not reached the range's end yet.
    async fn floor(&self, range: HeightRange) -> Result<Height, SourceError>;
}

/// How often a page that contradicts itself is asked again.
const TRIES_MAX: usize = 4;
/// How many times more a smaller number must be said before it is believed.
const FEWER_REPEATS: u32 = 6;
/// How often more the last window is asked for.
const LAST_REPEATS: u32 = 4;
/// How many pages one height may fill.
const PAGES_MAX: u32 = 10_000;
/// Blocks that are asked for at once.
const BLOCKS_AT_ONCE: usize = 8;

/// Where the next page begins, and what must hold for the page before.
struct Resume {
    from: Height,
    /// The lowest height that the source has.
    floor: Height,
    /// The window before.
    before: Option<Before>,
}

/// A window that was read and is not called complete yet.
struct Before {
    /// Its first height; it ends below the page's.
    from: Height,
    /// How many rows it gave.
    taken: u64,
    /// How many rows must remain behind it; `None` when the source does not count.
    expected: Option<u64>,
}

impl Resume {
    fn read(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('/').collect();
        let [from, floor, before, taken, expected] = parts.as_slice() else {
            return None;
        };
        Some(Self {
            from: Height(from.parse().ok()?),
            floor: Height(floor.parse().ok()?),
            before: Some(Before {
                from: Height(before.parse().ok()?),
                taken: taken.parse().ok()?,
                expected: match *expected {
                    "-" => None,
                    number => Some(number.parse().ok()?),
                },
            }),
        })
    }

    /// The mark of the page behind a window.
    fn write(from: Height, floor: Height, before: &Before) -> String {
        let expected = before
            .expected
            .map_or_else(|| "-".to_owned(), |number| number.to_string());
        format!("{from}/{floor}/{}/{}/{expected}", before.from, before.taken)
    }
}

/// Reads one page of an account's credits.
pub(super) async fn account_page<S: Search + ?Sized>(
    source: &S,
    request: &AccountRequest,
) -> Result<AccountPage, SourceError> {
    let client = &source.api().client;
    let range = request.range;
    let resume = match &request.resume {
        Some(text) => Resume::read(text)
            .filter(|resume| range.contains(resume.from))
            .ok_or_else(|| client.no_such_place())?,
        None => {
            let floor = source.floor(range).await?;
            if floor > range.to() {
                return Err(
                    client.not_kept(format!("its lowest block is {floor}, above all of {range}"))
                );
            }
            Resume {
                from: floor.max(range.from()),
                floor,
                before: None,
            }
        }
    };
    let rest = HeightRange::new(resume.from, range.to())
        .ok_or_else(|| client.inconsistent("a page was asked for above its range"))?;
    let text = request.address.text();
    let window = agreed(source, text, rest, resume.before.as_ref()).await?;
    let mut gaps = pruned(range, resume.floor);
    let mut rows = window.rows;
    let here = HeightRange::new(
        resume.from,
        window.next.map_or(range.to(), |next| next.minus(1)),
    );
    let mut own = Vec::new();
    if let Some(here) = here {
        match contract_rows(source, text, here).await {
            Ok(more) => {
                rows.transactions.extend(more.transactions);
                rows.unread.extend(more.unread);
            }
            Err(error) if error.advice() == Advice::GiveUp => gaps.push(Gap {
                range,
                part: Part::TransferLogs,
                reason: format!("tokens of contracts (CW20) cannot be searched for: {error}"),
            }),
            Err(error) => return Err(error),
        }
        match source.block_credits(&request.address, here).await? {
            Ok(credits) => own = credits,
            Err(reason) => gaps.push(Gap {
                range,
                part: Part::BlockCredits,
                reason,
            }),
        }
    }
    for (height, reason) in rows.unread {
        gaps.extend(HeightRange::new(height, height).map(|range| Gap {
            range,
            part: Part::TopLevel,
            reason: format!("a transaction there cannot be read: {reason}"),
        }));
    }
    let mut observations = in_blocks(source, &request.address, rows.transactions).await?;
    observations.extend(own);
    // Transactions come in the order of their heights; what a block makes itself follows them.
    observations.sort_by_key(|credit| credit.block.as_ref().map(|block| block.height));
    let through = match window.next {
        None => Some(range.to()),
        Some(_) if resume.before.is_some() => Some(resume.from.minus(1)),
        Some(_) => None,
    };
    let next = window.next.map(|next| {
        let before = Before {
            from: resume.from,
            taken: window.taken,
            expected: window.total.map(|total| total.saturating_sub(window.taken)),
        };
        Resume::write(next, resume.floor, &before)
    });
    Ok(AccountPage {
        observations,
        through,
        next,
        gaps,
    })
}

/// The gaps below the lowest height that a source has.
fn pruned(range: HeightRange, floor: Height) -> Vec<Gap> {
    let Some(missing) =
        HeightRange::new(range.from(), floor.minus(1)).filter(|_| floor > range.from())
    else {
        return Vec::new();
    };
    let reason = format!(
        "its lowest block is {floor}; add a source that keeps the whole history (an archive node)"
    );
    Gap::of_parts(missing, Part::ALL, &reason).collect()
}

/// The rows of a window.
struct Window {
    rows: Rows,
    /// How many there are.
    taken: u64,
    /// The first height after it; `None` when it reaches the end.
    next: Option<Height>,
    /// How many rows the search from its first height has; `None` when the source does not count.
    total: Option<u64>,
}

/// Reads the next window and makes sure that the one before it was whole: as many rows must remain as that one left. Where the two
/// disagree, either number may have been wrong for a moment (an index that still grows, a cache): the rows of the window before
/// are counted anew, and what is said twice is believed; that rows which were counted are no more, only when it is said again and
/// again: a server that lags behind the one before it says so too.
async fn agreed<S: Search + ?Sized>(
    source: &S,
    address: &str,
    rest: HeightRange,
    before: Option<&Before>,
) -> Result<Window, SourceError> {
    let client = &source.api().client;
    let mut found = window(source, address, rest).await?;
    // That nothing follows is claimed by one answer, and a server that lags behind claims it too soon: the largest of several counts.
    if found.next.is_none() && found.total.is_some() {
        for _ in 0..LAST_REPEATS {
            let again = window(source, address, rest).await?;
            if again.total > found.total {
                found = again;
            }
        }
    }
    let Some((before, expected)) = before.and_then(|before| Some((before, before.expected?)))
    else {
        return Ok(found);
    };
    for _ in 0..TRIES_MAX {
        if found.total.is_none_or(|total| total == expected) {
            return Ok(found);
        }
        let repeats = match found.total {
            Some(total) if total < expected => FEWER_REPEATS,
            _ => 0,
        };
        let mut again = window(source, address, rest).await?;
        for _ in 0..repeats {
            if again.total != found.total {
                break;
            }
            again = window(source, address, rest).await?;
        }
        if again.total == found.total
            && let Some(range) = HeightRange::new(before.from, rest.from().minus(1))
            && source.search(Key::Coins, address, range, 1).await?.total == Some(before.taken)
        {
            return Ok(again);
        }
        found = again;
    }
    Err(client.inconsistent(format!(
        "the search from height {} has {} rows and should have {expected}",
        rest.from(),
        found.total.unwrap_or_default()
    )))
}

/// Reads the next window; an answer that contradicts itself is asked again.
async fn window<S: Search + ?Sized>(
    source: &S,
    address: &str,
    rest: HeightRange,
) -> Result<Window, SourceError> {
    let mut tries = 1;
    loop {
        match try_window(source, address, rest).await {
            Err(error) if error.advice() == Advice::Disbelieve && tries < TRIES_MAX => {
                tracing::debug!(%error, "asking again");
                tries = tries.saturating_add(1);
            }
            result => return result,
        }
    }
}

async fn try_window<S: Search + ?Sized>(
    source: &S,
    address: &str,
    rest: HeightRange,
) -> Result<Window, SourceError> {
    let client = &source.api().client;
    let mut gathered = Gathered::default();
    for page in 1..=PAGES_MAX {
        let found = ask_page(source, Key::Coins, address, rest, page, gathered.count()).await?;
        let length = found.page.transactions.len();
        gathered.add(client, rest, found)?;
        let is_all = match gathered.total {
            Some(total) => gathered.count() >= total,
            // A source that does not count has given all when a page is empty.
            None => length == 0,
        };
        if is_all {
            return Ok(Window {
                taken: gathered.count(),
                total: gathered.total,
                rows: gathered.into_rows(),
                next: None,
            });
        }
        if length == 0 {
            return Err(client.inconsistent(format!(
                "the search says it has {} rows and gives {}",
                gathered.total.unwrap_or_default(),
                gathered.count()
            )));
        }
        if let Some(last) = gathered.highest()
            && last > rest.from()
        {
            let total = gathered.total;
            let mut rows = gathered.into_rows();
            rows.transactions
                .retain(|row| row.height.is_some_and(|height| height < last));
            rows.unread.retain(|(height, _)| *height < last);
            let taken = u64::try_from(rows.transactions.len()).unwrap_or(u64::MAX);
            return Ok(Window {
                rows,
                taken,
                next: Some(last),
                total,
            });
        }
    }
    Err(client.inconsistent(format!("one height fills more than {PAGES_MAX} pages")))
}

/// Transactions, and what could not be read among them.
#[derive(Default)]
struct Rows {
    transactions: Vec<Transaction>,
    unread: Vec<(Height, String)>,
}

/// Asks for a page. One that ends before its limit although more rows follow is asked for again: a row may have been lost on the
/// way. When it comes back the same, the source gives fewer rows a page than it was asked for.
async fn ask_page<S: Search + ?Sized>(
    source: &S,
    key: Key,
    address: &str,
    range: HeightRange,
    page: u32,
    before: u64,
) -> Result<Found, SourceError> {
    let found = source.search(key, address, range, page).await?;
    let count = |found: &Found| u64::try_from(found.page.transactions.len()).unwrap_or(u64::MAX);
    let is_short = count(&found) < u64::from(source.api().rows())
        && found
            .total
            .is_some_and(|total| before.saturating_add(count(&found)) < total);
    if !is_short {
        return Ok(found);
    }
    let again = source.search(key, address, range, page).await?;
    Ok(if count(&again) > count(&found) {
        again
    } else {
        found
    })
}

/// Rows of several pages of one search, each once, by height.
#[derive(Default)]
struct Gathered {
    by_height: BTreeMap<Height, Vec<Transaction>>,
    seen: BTreeSet<TxId>,
    total: Option<u64>,
    /// Heights of transactions that cannot be read, with the reason.
    unread: Vec<(Height, String)>,
}

impl Gathered {
    fn add(
        &mut self,
        client: &Client,
        range: HeightRange,
        found: Found,
    ) -> Result<(), SourceError> {
        if self.total.is_some() && found.total != self.total {
            return Err(client.inconsistent("the number of rows changed between two pages"));
        }
        self.total = found.total;
        self.unread.extend(found.page.unread);
        for row in found.page.transactions {
            let height = row
                .height
                .filter(|height| range.contains(*height))
                .ok_or_else(|| {
                    client.inconsistent(format!("{} stands outside of {range}", row.id))
                })?;
            if !self.seen.insert(row.id.clone()) {
                return Err(client.inconsistent(format!("{} comes twice in one search", row.id)));
            }
            self.by_height.entry(height).or_default().push(row);
        }
        if self.total.is_some_and(|total| self.count() > total) {
            return Err(client.inconsistent("the search gives more rows than it says it has"));
        }
        Ok(())
    }

    fn count(&self) -> u64 {
        u64::try_from(self.seen.len()).unwrap_or(u64::MAX)
    }

    fn highest(&self) -> Option<Height> {
        self.by_height.keys().next_back().copied()
    }

    fn into_rows(self) -> Rows {
        Rows {
            transactions: self.by_height.into_values().flatten().collect(),
            unread: self.unread,
        }
    }
}

/// Every transaction of a window that moves a contract's token to the account.
async fn contract_rows<S: Search + ?Sized>(
    source: &S,
    address: &str,
    range: HeightRange,
) -> Result<Rows, SourceError> {
    let mut tries = 1;
    loop {
        match try_all(source, Key::ContractTokens, address, range).await {
            Err(error) if error.advice() == Advice::Disbelieve && tries < TRIES_MAX => {
                tries = tries.saturating_add(1);
            }
            result => return result,
        }
    }
}

async fn try_all<S: Search + ?Sized>(
    source: &S,
    key: Key,
    address: &str,
    range: HeightRange,
) -> Result<Rows, SourceError> {
    let client = &source.api().client;
    let mut gathered = Gathered::default();
    for page in 1..=PAGES_MAX {
        let found = ask_page(source, key, address, range, page, gathered.count()).await?;
        let length = found.page.transactions.len();
        gathered.add(client, range, found)?;
        match gathered.total {
            Some(total) if gathered.count() >= total => return Ok(gathered.into_rows()),
            None if length == 0 => return Ok(gathered.into_rows()),
            Some(_) if length == 0 => {
                return Err(client.inconsistent("the search ends before all its rows"));
            }
            _ => {}
        }
    }
    Err(client.inconsistent(format!("the search fills more than {PAGES_MAX} pages")))
}

/// The account's credits of these transactions, each once, in their blocks.
async fn in_blocks<S: Search + ?Sized>(
    source: &S,
    address: &Address,
    rows: Vec<Transaction>,
) -> Result<Vec<Observation>, SourceError> {
    let client = &source.api().client;
    let mut seen = BTreeSet::new();
    let mut wanted: Vec<Transaction> = Vec::new();
    for mut row in rows {
        if !seen.insert(row.id.clone()) {
            continue;
        }
        row.credits
            .retain(|credit| credit.to.payload() == address.payload());
        if !row.credits.is_empty() {
            wanted.push(row);
        }
    }
    let heights: BTreeSet<Height> = wanted.iter().filter_map(|row| row.height).collect();
    let blocks: BTreeMap<Height, BlockRef> = futures::stream::iter(heights)
        .map(|height| async move { Ok::<_, SourceError>((height, source.block(height).await?)) })
        .buffered(BLOCKS_AT_ONCE)
        .try_collect()
        .await?;
    let mut credits = Vec::new();
    for row in wanted {
        let block = row
            .height
            .and_then(|height| blocks.get(&height))
            .ok_or_else(|| client.inconsistent(format!("{} stands in no block", row.id)))?;
        if let Some(time) = row.time
            && time.as_seconds() != block.time.as_seconds()
        {
            return Err(client.inconsistent(format!(
                "{} and its block {} have two times",
                row.id, block.height
            )));
        }
        credits.extend(row.in_block(block).credits);
    }
    Ok(credits)
}

/// The address of a request as this source's network writes it: an index knows accounts by their text.
pub(super) fn as_written(address: &Address, prefix: Option<&str>) -> Option<Address> {
    match prefix {
        Some(prefix) => address::format(prefix, &address.payload()),
        None => Some(address.clone()),
    }
}
