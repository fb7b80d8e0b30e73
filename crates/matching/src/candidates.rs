//! Which deposits one appeal is compared with: every way in which what is stated, or what the exchange knows of the user,
//! leads to a deposit.

use crate::book::UserRef;
use crate::clue::{AppealClues, Field, Id};
use crate::index::{DepositIndex, KeyKind, Part, RowNo};
use crate::keys::{self, Entry};
use crate::rows::RowRef;
use crate::watch::WatchBuilder;
use crate::{amount_key, asset};
use recover_core::time::Timestamp;
use std::cell::LazyCell;
use std::ops::Deref;

/// Candidates that one key may bring, nearest in time first: what has more is ambiguous, and reported as such.
const KEY_MAX: usize = 256;

/// A key that leads to so few deposits in all brings them whatever their time: a time may be wrong.
const FEW: usize = 8;

/// No wider spans.
const NONE: (&[Reach], usize) = (&[], 0);

pub(crate) const HOUR: i64 = 3_600_000_000;
pub(crate) const DAY: i64 = 24 * HOUR;

/// A way to a deposit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CandidateKey {
    /// A stated transaction id.
    Transaction,
    /// First and last four characters of a stated transaction id.
    TransactionEnds,
    /// Its first eight.
    TransactionHead,
    /// Its last eight.
    TransactionTail,
    /// An address issued to the user.
    OwnAddress,
    /// An address from which the user has sent before.
    KnownSender,
    /// The coin and the exact amount near the stated time.
    Value,
    /// The coin and the first digits of the amount near the stated time.
    Rough,
    /// The ends of the stated sender and the coin near the stated time.
    SenderEnds,
    /// The user's own memo or the stated one.
    Memo,
    /// Their first or last four characters.
    MemoEnds,
    /// The stated network and the exact amount near the stated time: the coin may be named wrongly.
    NetworkAmount,
    /// The coin and nearly the amount near a view of the deposit page.
    SessionRough,
    /// The coin near a view of the deposit page, where no amount is stated.
    SessionCoin,
    /// A stated address, where few deposits have it.
    StatedAddress,
}

impl CandidateKey {
    /// All of them, the cheapest and surest first.
    pub const ALL: [Self; 15] = [
        Self::Transaction,
        Self::TransactionEnds,
        Self::TransactionHead,
        Self::TransactionTail,
        Self::OwnAddress,
        Self::KnownSender,
        Self::Value,
        Self::Rough,
        Self::SenderEnds,
        Self::Memo,
        Self::MemoEnds,
        Self::NetworkAmount,
        Self::SessionRough,
        Self::SessionCoin,
        Self::StatedAddress,
    ];
}

/// An address without what all addresses of its network begin with.
pub(crate) fn bare(address: &str) -> &str {
    const COMMON: [&str; 14] = [
        "0x", "cosmos1", "osmo1", "bc1q", "bc1p", "bc1", "ltc1q", "ltc1", "tb1q", "tb1p", "tb1",
        "eq", "uq", "kq",
    ];
    COMMON
        .iter()
        .find_map(|common| address.strip_prefix(common))
        .unwrap_or(address)
}

/// The key of a memo's first four characters; `None` where there is hardly more. One slip anywhere in eight characters leaves
/// the first or the last four as they are.
pub(crate) fn memo_head(memo: &str) -> Option<u64> {
    (memo.len() > 5).then(|| memo.get(..4))?.map(keys::text)
}

/// The key of a memo's last four characters; `None` where there is hardly more.
pub(crate) fn memo_tail(memo: &str) -> Option<u64> {
    let from = memo.len().checked_sub(4).filter(|from| *from > 1)?;
    memo.get(from..).map(keys::text)
}

/// The entries (sorted by row) of rows from one number up to before another.
pub(crate) fn between(entries: &[Entry], from: u32, to: u32) -> &[Entry] {
    let begin = entries.partition_point(|entry| entry.number() < from);
    let rest = entries.get(begin..).unwrap_or_default();
    let end = rest.partition_point(|entry| entry.number() < to);
    rest.get(..end).unwrap_or_default()
}

/// A span of time as microseconds and as row numbers of both parts.
#[derive(Clone, Copy)]
struct Reach {
    centre: i64,
    rows: [(u32, u32); 2],
}

impl Reach {
    fn new(index: &DepositIndex, from: i64, to: i64, centre: i64) -> Self {
        Self {
            centre,
            rows: parts(index).map(|part| {
                (
                    part.rows.times.first_at(from),
                    part.rows.times.first_at(to.saturating_add(1)),
                )
            }),
        }
    }
}

impl Reach {
    /// The entries inside it.
    fn of(self, [main, delta]: [&[Entry]; 2]) -> [&[Entry]; 2] {
        let [from, to] = self.rows;
        [between(main, from.0, from.1), between(delta, to.0, to.1)]
    }
}

const fn parts(index: &DepositIndex) -> [&Part; 2] {
    [&index.main, &index.delta]
}

/// What an appeal says of its time.
struct Times {
    /// The stated spans and the hours around the view of the deposit page; where there is neither, the weeks before the
    /// appeal.
    spans: Vec<Reach>,
    /// The stated spans with a day more on both sides: people are a day off.
    wide: Vec<Reach>,
    session: Option<Reach>,
}

impl Times {
    fn new(index: &DepositIndex, clues: &AppealClues) -> Self {
        let session = clues.session_view_at.map(|view| {
            let view = view.as_micros();
            let (from, to) = (view.saturating_sub(HOUR), view.saturating_add(2 * HOUR));
            Reach::new(index, from, to, view)
        });
        let mut spans = Vec::with_capacity(clues.times.len() + 1);
        let mut wide = Vec::with_capacity(clues.times.len());
        for window in clues.times.iter().map(|clue| clue.value) {
            let (from, to) = (window.from.as_micros(), window.to.as_micros());
            let centre = window
                .stated
                .map_or_else(|| from.midpoint(to), Timestamp::as_micros);
            spans.push(Reach::new(index, from, to, centre));
            let (from, to) = (from.saturating_sub(DAY), to.saturating_add(DAY));
            wide.push(Reach::new(index, from, to, centre));
        }
        spans.extend(session);
        if spans.is_empty() {
            let created = clues.created_at.as_micros();
            let (from, to) = (
                created.saturating_sub(30 * DAY),
                created.saturating_add(DAY),
            );
            spans.push(Reach::new(index, from, to, created));
        }
        Self {
            spans,
            wide,
            session,
        }
    }
}

struct Look<'a> {
    index: &'a DepositIndex,
    out: &'a mut Vec<RowNo>,
    is_capped: bool,
    /// Where the keys are written down that are looked up.
    watch: Option<&'a mut WatchBuilder>,
}

impl Look<'_> {
    /// Writes a key down. `is_timed`: of its deposits only those of the stated times matter.
    fn note(&mut self, kind: KeyKind, key: u64, is_timed: bool) {
        if let Some(watch) = &mut self.watch {
            watch.note(kind, key, is_timed);
        }
    }

    /// Takes every row of a key; of too many the nearest in time.
    fn all(&mut self, kind: KeyKind, key: u64, times: &[Reach]) {
        self.note(kind, key, false);
        let slices = parts(self.index).map(|part| part.find(kind, key));
        self.take(slices, times, KEY_MAX);
    }

    /// Takes the rows of a key that lie in some span, all of them where there are few. Where the spans bring few, the nearest of
    /// wider ones come as well; what is left out of those is no exceeded cap, since it is further off than people are.
    fn near(
        &mut self,
        kind: KeyKind,
        key: u64,
        times: &[Reach],
        few: usize,
        wide: (&[Reach], usize),
    ) {
        // Where few come whatever their time, one more changes which do.
        self.note(kind, key, few == 0);
        let before = self.out.len();
        let slices = parts(self.index).map(|part| part.find(kind, key));
        let [main, delta] = slices;
        if main.is_empty() && delta.is_empty() {
            return;
        }
        if main.len() + delta.len() <= few {
            self.take(slices, times, KEY_MAX);
            return;
        }
        // What has no time may be of any.
        let timeless = parts(self.index).map(|part| part.rows.times.unknown());
        let [first, second] = timeless;
        if first > 0 || second > 0 {
            let parts = [between(main, 0, first), between(delta, 0, second)];
            self.take(parts, times, KEY_MAX);
        }
        for time in times {
            self.take(time.of(slices), std::slice::from_ref(time), KEY_MAX);
        }
        let (wide, most) = wide;
        if self.out.len() - before < FEW {
            self.few(slices, wide, most);
        }
    }

    /// Takes the few rows of a key that are nearest to each span and inside it.
    fn nearest(&mut self, kind: KeyKind, key: u64, times: &[Reach], most: usize) {
        self.note(kind, key, true);
        let slices = parts(self.index).map(|part| part.find(kind, key));
        self.few(slices, times, most);
    }

    fn few(&mut self, slices: [&[Entry]; 2], times: &[Reach], most: usize) {
        let is_capped = self.is_capped;
        for time in times {
            self.take(time.of(slices), std::slice::from_ref(time), most);
        }
        self.is_capped = is_capped;
    }

    fn take(&mut self, slices: [&[Entry]; 2], times: &[Reach], most: usize) {
        let base = self.index.base();
        let [main, delta] = slices;
        if main.len() + delta.len() <= most {
            self.out
                .extend(main.iter().map(|entry| RowNo(entry.number())));
            self.out
                .extend(delta.iter().map(|entry| RowNo(entry.number() + base)));
            return;
        }
        self.is_capped = true;
        let mut nearest: Vec<(u64, RowNo)> = Vec::new();
        for time in times {
            for ((part, entries), base) in parts(self.index).into_iter().zip(slices).zip([0, base])
            {
                nearest.extend(around(part, entries, time.centre, most).map(|entry| {
                    let micros = micros(part, entry);
                    // With several times, the nearest of them counts.
                    let off = times
                        .iter()
                        .map(|time| off(micros, time.centre))
                        .min()
                        .unwrap_or(u64::MAX);
                    (off, RowNo(entry.number() + base))
                }));
            }
        }
        nearest.sort_unstable_by(|left, right| {
            left.0
                .cmp(&right.0)
                .then_with(|| self.index.order(left.1, right.1))
        });
        nearest.dedup();
        nearest.truncate(most);
        self.out.extend(nearest.into_iter().map(|(_, row)| row));
    }
}

fn micros(part: &Part, entry: Entry) -> i64 {
    part.rows.times.at(entry.number())
}

/// How far a time is; one that is unknown is further than any.
fn off(micros: i64, centre: i64) -> u64 {
    if micros == crate::times::NO_TIME {
        u64::MAX
    } else {
        micros.abs_diff(centre)
    }
}

/// The entries nearest to a time, at most so many, and all that are as far as the last of them.
fn around<'a>(
    part: &'a Part,
    entries: &'a [Entry],
    centre: i64,
    most: usize,
) -> impl Iterator<Item = Entry> + 'a {
    let middle = part.rows.times.first_at(centre);
    let mut high = entries.partition_point(|entry| entry.number() < middle);
    let mut low = high;
    let mut count = 0;
    let mut last = 0;
    std::iter::from_fn(move || {
        let below = low.checked_sub(1).and_then(|place| entries.get(place));
        let above = entries.get(high);
        let below = below.map(|entry| (off(micros(part, *entry), centre), *entry));
        let above = above.map(|entry| (off(micros(part, *entry), centre), *entry));
        let is_below = match (below, above) {
            (None, None) => return None,
            (Some(below), Some(above)) => below.0 <= above.0,
            (below, _) => below.is_some(),
        };
        let (distance, entry) = if is_below { below } else { above }?;
        if count >= most && distance > last {
            return None;
        }
        if is_below {
            low -= 1;
        } else {
            high += 1;
        }
        last = distance;
        count += 1;
        Some(entry)
    })
}

/// The keys of the coins that are stated and that some deposit has: a coin that none has leads nowhere.
fn roots(index: &DepositIndex, clues: &AppealClues) -> Vec<u64> {
    let mut roots = stated_roots(index, clues);
    roots.retain(|root| parts(index).into_iter().any(|part| part.has_coin(*root)));
    roots
}

/// Whether a stated coin may be a contract.
pub(crate) fn may_be_contract(stated: &str) -> bool {
    stated.len() >= 20
}

/// The keys of the coins that are stated.
fn stated_roots(index: &DepositIndex, clues: &AppealClues) -> Vec<u64> {
    let mut roots: Vec<u64> = Vec::new();
    for clue in &clues.assets {
        roots.push(keys::text(asset::root(&clue.value)));
        // A contract is the truth about a coin, whatever symbol it shows.
        if may_be_contract(&clue.value) {
            for part in parts(index) {
                let coins = part.rows.coins().iter();
                roots.extend(
                    coins
                        .filter(|coin| coin.contract.as_deref() == Some(clue.value.as_str()))
                        .map(|coin| coin.root),
                );
            }
        }
    }
    roots.sort_unstable();
    roots.dedup();
    roots
}

/// The deposits that an appeal may mean. With `watch`, the keys that lead to them are written down, those of coins that no
/// deposit has yet among them: whoever has none of these keys would change nothing.
pub(crate) fn look(
    index: &DepositIndex,
    clues: &AppealClues,
    user: Option<UserRef<'_>>,
    keys_wanted: &[CandidateKey],
    out: &mut Vec<RowNo>,
    watch: Option<&mut WatchBuilder>,
) -> bool {
    out.clear();
    let times = LazyCell::new(|| Times::new(index, clues));
    let roots = if watch.is_some() {
        stated_roots(index, clues)
    } else {
        roots(index, clues)
    };
    let mut look = Look {
        index,
        out,
        is_capped: false,
        watch,
    };
    // A proof is about one deposit, whatever else is stated.
    for id in &clues.proven {
        look.note(KeyKind::Id, keys::text(id.as_str()), false);
    }
    look.out
        .extend(clues.proven.iter().filter_map(|id| index.find(id)));
    let is_all = keys_wanted.len() == CandidateKey::ALL.len();
    let mut is_whole = false;
    for key in keys_wanted {
        match key {
            // Another id with the same ends is another deposit.
            CandidateKey::TransactionEnds
            | CandidateKey::TransactionHead
            | CandidateKey::TransactionTail
                if is_whole => {}
            CandidateKey::Value if is_all && look.is_named(clues, &roots) => break,
            _ => look.by(*key, clues, user, &times, &roots),
        }
        if is_all && *key == CandidateKey::Transaction {
            is_whole = !look.out.is_empty();
        }
    }
    let is_capped = look.is_capped;
    if index.delta.rows.rows.is_empty() {
        out.sort_unstable();
    } else {
        out.sort_unstable_by(|left, right| index.order(*left, *right));
    }
    out.dedup();
    is_capped
}

impl Look<'_> {
    /// Whether a deposit was found by its whole transaction id whose coin and amount are what is stated as well: no other
    /// deposit can be meant, and the wide keys are spared.
    fn is_named(&self, clues: &AppealClues, roots: &[u64]) -> bool {
        let is_stated = |row: RowRef<'_>| {
            let is_whole = clues
                .transactions
                .iter()
                .any(|clue| matches!(&clue.value, Id::Whole(text) if text == row.transaction()));
            is_whole && (clues.assets.is_empty() || roots.contains(&row.coin().root))
        };
        let near = |row: RowRef<'_>| {
            let arrived = row.amount().and_then(amount_key::rough);
            let stated = clues.amounts.iter();
            arrived.is_some_and(|arrived| {
                stated
                    .filter_map(|clue| amount_key::rough(clue.value))
                    .any(|stated| arrived.abs_diff(stated) <= 1)
            })
        };
        self.out
            .iter()
            .filter_map(|number| self.index.row(*number))
            .any(|row| is_stated(row) && near(row))
    }

    fn by(
        &mut self,
        key: CandidateKey,
        clues: &AppealClues,
        user: Option<UserRef<'_>>,
        times: &impl Deref<Target = Times>,
        roots: &[u64],
    ) {
        match key {
            CandidateKey::Transaction => {
                for clue in &clues.transactions {
                    if let Id::Whole(text) = &clue.value {
                        self.all(KeyKind::Transaction, keys::text(text), &times.spans);
                    }
                }
            }
            CandidateKey::TransactionEnds => {
                for (head, tail) in pieces(clues) {
                    if let Some(key) = keys::ends(head, tail) {
                        self.all(KeyKind::TransactionEnds, key, &times.spans);
                    }
                }
            }
            CandidateKey::TransactionHead => {
                for key in pieces(clues).filter_map(|(head, _)| keys::head(head)) {
                    self.all(KeyKind::TransactionHead, key, &times.spans);
                }
            }
            CandidateKey::TransactionTail => {
                for key in pieces(clues).filter_map(|(_, tail)| keys::tail(tail)) {
                    self.all(KeyKind::TransactionTail, key, &times.spans);
                }
            }
            CandidateKey::OwnAddress => {
                for address in user.into_iter().flat_map(UserRef::addresses) {
                    self.all(KeyKind::To, keys::text(address), &times.spans);
                }
            }
            CandidateKey::KnownSender => {
                for sender in user.into_iter().flat_map(UserRef::senders) {
                    self.all(KeyKind::From, keys::text(sender), &times.spans);
                }
            }
            CandidateKey::Value => {
                for_each_value(clues, roots, |key| {
                    self.near(KeyKind::Value, key, &times.spans, FEW, (&times.wide, FEW));
                });
            }
            CandidateKey::Rough => {
                for amount in &clues.amounts {
                    let Some(rough) = amount_key::rough(amount.value) else {
                        continue;
                    };
                    // A fee takes a round amount below its own first digits.
                    let is_round = amount_key::is_round(amount.value);
                    for rough in std::iter::once(rough).chain(is_round.then_some(rough - 1)) {
                        for root in roots {
                            let key = amount_key::of_rough(*root, rough);
                            let wide = (&times.wide[..], FEW / 2);
                            self.near(KeyKind::Rough, key, &times.spans, 0, wide);
                        }
                    }
                }
            }
            CandidateKey::SenderEnds => self.sender_ends(clues, roots, times),
            CandidateKey::Memo => {
                for memo in memos(clues, user) {
                    self.near(KeyKind::Memo, keys::text(&memo), &times.spans, FEW, NONE);
                }
            }
            CandidateKey::MemoEnds => {
                for memo in memos(clues, user) {
                    if let Some(key) = memo_head(&memo) {
                        self.near(KeyKind::MemoHead, key, &times.spans, 0, NONE);
                    }
                    if let Some(key) = memo_tail(&memo) {
                        self.near(KeyKind::MemoTail, key, &times.spans, 0, NONE);
                    }
                }
            }
            CandidateKey::NetworkAmount => {
                for network in &clues.networks {
                    let network = keys::text(network.value.network.as_str());
                    for amount in &clues.amounts {
                        let key = keys::join(network, amount_key::exact(amount.value));
                        if clues.assets.is_empty() {
                            self.near(KeyKind::NetworkAmount, key, &times.spans, FEW, NONE);
                        } else {
                            self.nearest(KeyKind::NetworkAmount, key, &times.spans, FEW);
                        }
                    }
                }
            }
            CandidateKey::SessionRough => {
                // The page was seen in the very hour: an amount may be off by a digit, a fee or a place of its point.
                let Some(session) = &times.session else {
                    return;
                };
                for amount in &clues.amounts {
                    let Some(rough) = amount_key::rough(amount.value) else {
                        continue;
                    };
                    for off in [-1, 1, -90, 90] {
                        for root in roots {
                            let key = amount_key::of_rough(*root, rough.saturating_add(off));
                            let session = std::slice::from_ref(session);
                            self.near(KeyKind::Rough, key, session, 0, NONE);
                        }
                    }
                }
            }
            CandidateKey::SessionCoin => {
                if clues.amounts.is_empty()
                    && let Some(session) = &times.session
                {
                    for root in roots {
                        let session = std::slice::from_ref(session);
                        self.nearest(KeyKind::Coin, *root, session, 2 * FEW);
                    }
                }
            }
            CandidateKey::StatedAddress => {
                for clue in &clues.addresses {
                    if let Id::Whole(address) = &clue.value {
                        self.near(KeyKind::To, keys::text(address), &[], 32, NONE);
                    }
                }
            }
        }
    }

    fn sender_ends(
        &mut self,
        clues: &AppealClues,
        roots: &[u64],
        times: &impl Deref<Target = Times>,
    ) {
        for clue in clues
            .addresses
            .iter()
            .filter(|clue| clue.field != Field::To)
        {
            let (head, tail) = ends_of(&clue.value);
            let Some(ends) = keys::ends(bare(head), tail) else {
                continue;
            };
            for root in roots {
                let key = keys::join(*root, ends);
                self.near(
                    KeyKind::FromEnds,
                    key,
                    &times.spans,
                    FEW,
                    (&times.wide, FEW),
                );
            }
        }
    }
}

/// Every stated coin with every stated amount.
fn for_each_value(clues: &AppealClues, roots: &[u64], mut each: impl FnMut(u64)) {
    for amount in &clues.amounts {
        let amount = amount_key::exact(amount.value);
        for root in roots {
            each(keys::join(*root, amount));
        }
    }
}

fn ends_of(id: &Id) -> (&str, &str) {
    match id {
        Id::Whole(text) => (text, text),
        Id::Ends { head, tail } => (head, tail),
    }
}

/// The beginnings and ends of the stated transaction ids.
fn pieces(clues: &AppealClues) -> impl Iterator<Item = (&str, &str)> {
    clues.transactions.iter().map(|clue| ends_of(&clue.value))
}

/// The user's own memos and the stated ones, folded, each once.
fn memos(clues: &AppealClues, user: Option<UserRef<'_>>) -> Vec<String> {
    let own = user
        .into_iter()
        .flat_map(UserRef::memos)
        .map(|(_, memo)| memo.to_owned());
    let stated = clues
        .memos
        .iter()
        .map(|clue| crate::book::folded_memo(&clue.value));
    let mut memos: Vec<String> = own.chain(stated).filter(|memo| !memo.is_empty()).collect();
    memos.sort_unstable();
    memos.dedup();
    memos
}
