//! Deposits as rows: what is compared stands together, texts stand in blocks, and what repeats is stored once.

use crate::book::folded_memo;
use crate::facts::{DepositFacts, DepositView};
use crate::keys::{self, Ends};
use crate::texts::{Span, Texts};
use crate::times::{NO_TIME, Times};
use crate::{asset, ids};
use recover_core::amount::Amount;
use recover_core::asset::{AssetId, AssetReference};
use recover_core::decimal::Decimal;
use recover_core::memo::MemoFinding;
use recover_core::network::{Family, NetworkId};
use recover_core::observation::DepositId;
use recover_core::time::Timestamp;
use std::collections::{BTreeMap, HashMap};

/// In [`Row::scale`]: there is no amount.
const NO_AMOUNT: u8 = u8::MAX;

/// In [`Row::scale`]: the amount does not fit 128 bits and stands in [`Rows::large`].
const LARGE_AMOUNT: u8 = u8::MAX - 1;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    id: Span,
    transaction: Span,
    to: Span,
    from: Span,
    memo: Span,
    /// The ends of the folded texts: most comparisons stop there and read no text.
    transaction_ends: Ends,
    to_ends: Ends,
    from_ends: Ends,
    /// The time, or [`NO_TIME`]: such rows stand before all others.
    micros: i64,
    digits: [u64; 2],
    coin: u32,
    network: u32,
    reason: u32,
    scale: u8,
}

/// A coin as deposits name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Coin {
    asset: AssetId,
    symbol: Option<String>,
    folded: String,
    pub(crate) contract: Option<String>,
    /// The key of what it is a form of; one without a symbol is its own.
    pub(crate) root: u64,
}

/// Different values, each by a small number.
#[derive(Debug, Clone)]
struct Distinct<T> {
    values: Vec<T>,
    numbers: HashMap<u64, Vec<u32>>,
    last: u32,
}

impl<T> Default for Distinct<T> {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            numbers: HashMap::new(),
            last: 0,
        }
    }
}

impl<T> Distinct<T> {
    fn get(&self, number: u32) -> Option<&T> {
        self.values.get(number as usize)
    }

    fn number(
        &mut self,
        key: impl FnOnce() -> u64,
        is_same: impl Fn(&T) -> bool,
        make: impl FnOnce() -> T,
    ) -> u32 {
        // Neighbours are often alike.
        if self.get(self.last).is_some_and(&is_same) {
            return self.last;
        }
        let numbers = self.numbers.entry(key()).or_default();
        let known = numbers
            .iter()
            .copied()
            .find(|number| self.values.get(*number as usize).is_some_and(&is_same));
        self.last = known.unwrap_or_else(|| {
            let number =
                u32::try_from(self.values.len()).expect("an index holds fewer than 2^32 rows");
            self.values.push(make());
            numbers.push(number);
            number
        });
        self.last
    }
}

/// Rows and what they point to. A row's number is its place.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rows {
    pub(crate) rows: Vec<Row>,
    /// Their times. Known once they are sorted.
    pub(crate) times: Times,
    names: Texts,
    transactions: Texts,
    addresses: Texts,
    memos: Texts,
    coins: Distinct<Coin>,
    networks: Distinct<(NetworkId, Option<Family>)>,
    reasons: Distinct<Option<String>>,
    large: BTreeMap<u32, Decimal>,
    findings: BTreeMap<u32, MemoFinding>,
}

impl Rows {
    pub(crate) fn push(&mut self, view: DepositView<'_>) {
        let number = u32::try_from(self.rows.len()).expect("an index holds fewer than 2^32 rows");
        let coin = self.coins.number(
            || {
                let symbol = keys::text(view.symbol.unwrap_or_default());
                let reference = match &view.asset.reference {
                    AssetReference::Contract(text) | AssetReference::Unlisted(text) => text,
                    _ => "",
                };
                keys::join(keys::text(view.asset.network.as_str()), symbol) ^ keys::text(reference)
            },
            |coin| coin.asset == *view.asset && coin.symbol.as_deref() == view.symbol,
            || Coin::new(view.asset, view.symbol),
        );
        let network = self.networks.number(
            || keys::text(view.network.as_str()),
            |(network, family)| network == view.network && *family == view.family,
            || (view.network.clone(), view.family),
        );
        let reason = self.reasons.number(
            || keys::text(view.reason.unwrap_or_default()),
            |reason| reason.as_deref() == view.reason,
            || view.reason.map(str::to_owned),
        );
        let (digits, scale) = match view.amount {
            None => (0, NO_AMOUNT),
            Some(amount) => match amount.digits().to_u128() {
                Some(digits) => (digits, amount.scale()),
                None => {
                    self.large.insert(number, amount);
                    (0, LARGE_AMOUNT)
                }
            },
        };
        let low = u64::try_from(digits & u128::from(u64::MAX)).unwrap_or_default();
        let high = u64::try_from(digits >> 64).unwrap_or_default();
        if let Some(finding) = view.memo_finding {
            self.findings.insert(number, finding.clone());
        }
        let transaction = ids::folded_transaction(view.tx_id);
        let to = self.addresses.share(view.to, ids::folded);
        let from = view
            .from
            .map_or(Span::NONE, |from| self.addresses.share(from, ids::folded));
        let row = Row {
            id: self.names.add(view.id, view.id),
            transaction: self.transactions.add(view.tx_id, &transaction),
            to,
            from,
            transaction_ends: Ends::of(&transaction),
            to_ends: Ends::of(self.addresses.folded(to)),
            from_ends: Ends::of(self.addresses.folded(from)),
            memo: view
                .memo
                .map_or(Span::NONE, |memo| self.memos.share(memo, folded_memo)),
            micros: view
                .time
                .map_or(NO_TIME, |time| time.as_micros().max(NO_TIME + 1)),
            digits: [high, low],
            coin,
            network,
            reason,
            scale,
        };
        self.rows.push(row);
    }

    /// Takes over the rows of another, which get the numbers behind its own.
    fn append(&mut self, other: Self) {
        let base = u32::try_from(self.rows.len()).expect("an index holds fewer than 2^32 rows");
        let names = self.names.append(&other.names);
        let transactions = self.transactions.append(&other.transactions);
        let addresses = self.addresses.append(&other.addresses);
        let memos = self.memos.append(&other.memos);
        let coins: Vec<u32> = other
            .coins
            .values
            .into_iter()
            .map(|coin| {
                self.coins.number(
                    || keys::join(coin.root, 0),
                    |known| *known == coin,
                    || coin.clone(),
                )
            })
            .collect();
        let networks: Vec<u32> = other
            .networks
            .values
            .into_iter()
            .map(|pair| {
                let key = || keys::text(pair.0.as_str());
                self.networks
                    .number(key, |known| *known == pair, || pair.clone())
            })
            .collect();
        let reasons: Vec<u32> = other
            .reasons
            .values
            .into_iter()
            .map(|reason| {
                let key = || keys::text(reason.as_deref().unwrap_or_default());
                self.reasons
                    .number(key, |known| *known == reason, || reason.clone())
            })
            .collect();
        let at = |list: &[u32], number: u32| list.get(number as usize).copied().unwrap_or_default();
        self.rows.extend(other.rows.into_iter().map(|row| Row {
            id: Texts::moved(row.id, names),
            transaction: Texts::moved(row.transaction, transactions),
            to: Texts::moved(row.to, addresses),
            from: Texts::moved(row.from, addresses),
            memo: Texts::moved(row.memo, memos),
            coin: at(&coins, row.coin),
            network: at(&networks, row.network),
            reason: at(&reasons, row.reason),
            ..row
        }));
        let moved = |(number, value)| (number + base, value);
        self.large.extend(other.large.into_iter().map(moved));
        let moved = |(number, value)| (number + base, value);
        self.findings.extend(other.findings.into_iter().map(moved));
    }

    /// The rows of several, sorted by time and id, each id once: of two with one id the first in canonical order counts.
    pub(crate) fn sorted(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut parts = parts.into_iter();
        let mut all = parts.next().unwrap_or_default();
        for part in parts {
            all.append(part);
        }
        let dropped = all.repeated();
        let mut order: Vec<(i64, u32)> = (0u32..)
            .zip(&all.rows)
            .filter(|(number, _)| dropped.binary_search(number).is_err())
            .map(|(number, row)| (row.micros, number))
            .collect();
        // Files are mostly in the order of time, which this sort takes in one pass.
        order.sort_by(|left, right| {
            left.0
                .cmp(&right.0)
                .then_with(|| all.id(left.1).cmp(all.id(right.1)))
        });
        all.take(&order);
        all.times = Times::new(all.rows.iter().map(|row| row.micros).collect());
        for texts in [
            &mut all.names,
            &mut all.transactions,
            &mut all.addresses,
            &mut all.memos,
        ] {
            texts.finish();
        }
        all
    }

    fn id(&self, number: u32) -> &str {
        self.rows
            .get(number as usize)
            .map_or("", |row| self.names.text(row.id))
    }

    /// The numbers of rows whose id another row has that comes before them in canonical order; ascending.
    fn repeated(&self) -> Vec<u32> {
        let entries: Vec<keys::Entry> = (0u32..)
            .zip(&self.rows)
            .map(|(number, row)| keys::Entry::new(keys::text(self.names.text(row.id)), number))
            .collect();
        let array = keys::KeyArray::new(&entries);
        let mut dropped = Vec::new();
        for run in array.runs().filter(|run| run.len() > 1) {
            let mut best: BTreeMap<&str, u32> = BTreeMap::new();
            for entry in run {
                let number = entry.number();
                let here = best.entry(self.id(number)).or_insert(number);
                if *here != number {
                    let is_before = self.canonical(number) < self.canonical(*here);
                    dropped.push(if is_before { *here } else { number });
                    if is_before {
                        *here = number;
                    }
                }
            }
        }
        dropped.sort_unstable();
        dropped
    }

    /// Everything of a row in a form that can be put in order.
    fn canonical(&self, number: u32) -> String {
        self.get(number)
            .map(|row| format!("{:?}", CanonicalView(row.view())))
            .unwrap_or_default()
    }

    /// Keeps these rows in this order.
    fn take(&mut self, order: &[(i64, u32)]) {
        let rows = order
            .iter()
            .filter_map(|(_, number)| self.rows.get(*number as usize).copied())
            .collect();
        if !self.large.is_empty() || !self.findings.is_empty() {
            let mut large = BTreeMap::new();
            let mut findings = BTreeMap::new();
            for (place, (_, number)) in (0u32..).zip(order) {
                if let Some(value) = self.large.remove(number) {
                    large.insert(place, value);
                }
                if let Some(value) = self.findings.remove(number) {
                    findings.insert(place, value);
                }
            }
            self.large = large;
            self.findings = findings;
        }
        self.rows = rows;
    }

    pub(crate) fn get(&self, number: u32) -> Option<RowRef<'_>> {
        self.rows.get(number as usize).map(|row| RowRef {
            rows: self,
            row,
            number,
        })
    }

    pub(crate) fn coins(&self) -> &[Coin] {
        &self.coins.values
    }

    /// The bytes that it occupies.
    pub(crate) const fn bytes(&self) -> usize {
        self.rows.capacity() * size_of::<Row>()
            + self.names.bytes()
            + self.transactions.bytes()
            + self.addresses.bytes()
            + self.memos.bytes()
            + self.times.bytes()
    }
}

impl Coin {
    fn new(asset: &AssetId, symbol: Option<&str>) -> Self {
        let folded = asset::folded(symbol.unwrap_or_default());
        let contract = match &asset.reference {
            AssetReference::Contract(contract) => Some(ids::folded(contract)),
            _ => None,
        };
        let root = match (&contract, folded.is_empty()) {
            (_, false) => keys::text(asset::root(&folded)),
            (Some(contract), true) => keys::text(contract),
            (None, true) => keys::text(&asset.to_string()),
        };
        Self {
            asset: asset.clone(),
            symbol: symbol.map(str::to_owned),
            folded,
            contract,
            root,
        }
    }
}

/// The order of equals: id, transaction, address, then the rest.
struct CanonicalView<'a>(DepositView<'a>);

impl std::fmt::Debug for CanonicalView<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let view = &self.0;
        write!(f, "{:?} {:?} {:?} {view:?}", view.id, view.tx_id, view.to)
    }
}

/// One deposit of an index.
#[derive(Clone, Copy)]
pub struct RowRef<'a> {
    rows: &'a Rows,
    row: &'a Row,
    number: u32,
}

impl<'a> RowRef<'a> {
    /// Its id as text.
    #[must_use]
    pub fn id_text(self) -> &'a str {
        self.rows.names.text(self.row.id)
    }

    /// Its id.
    #[must_use]
    pub fn id(self) -> DepositId {
        DepositId::verbatim(self.id_text())
    }

    /// Its network.
    #[must_use]
    pub fn network(self) -> &'a NetworkId {
        &self.pair().0
    }

    /// The network's family; `None` where nobody knows it.
    #[must_use]
    pub fn family(self) -> Option<Family> {
        self.pair().1
    }

    fn pair(self) -> &'a (NetworkId, Option<Family>) {
        self.rows
            .networks
            .get(self.row.network)
            .expect("every row's network was added before it")
    }

    pub(crate) fn coin(self) -> &'a Coin {
        self.rows
            .coins
            .get(self.row.coin)
            .expect("every row's coin was added before it")
    }

    /// Its transaction, as the chain or the file writes it.
    #[must_use]
    pub fn tx_id(self) -> &'a str {
        self.rows.transactions.text(self.row.transaction)
    }

    /// Its transaction, folded for comparison ([`ids::folded_transaction`]).
    #[must_use]
    pub fn transaction(self) -> &'a str {
        self.rows.transactions.folded(self.row.transaction)
    }

    /// Who was credited, as written.
    #[must_use]
    pub fn to_text(self) -> &'a str {
        self.rows.addresses.text(self.row.to)
    }

    /// Who was credited, folded for comparison ([`ids::folded`]).
    #[must_use]
    pub fn to(self) -> &'a str {
        self.rows.addresses.folded(self.row.to)
    }

    /// Who sent it, as written; `None` when unknown.
    #[must_use]
    pub fn from_text(self) -> Option<&'a str> {
        (!self.row.from.is_none()).then(|| self.rows.addresses.text(self.row.from))
    }

    /// Who sent it, folded for comparison; `None` when unknown.
    #[must_use]
    pub fn from(self) -> Option<&'a str> {
        (!self.row.from.is_none()).then(|| self.rows.addresses.folded(self.row.from))
    }

    /// The ends of its transaction, folded.
    pub(crate) const fn transaction_ends(self) -> Ends {
        self.row.transaction_ends
    }

    /// The length of its transaction, folded.
    pub(crate) fn transaction_len(self) -> usize {
        self.rows.transactions.folded_len(self.row.transaction)
    }

    /// The ends of who was credited, folded.
    pub(crate) const fn to_ends(self) -> Ends {
        self.row.to_ends
    }

    /// Whether its sender is known.
    pub(crate) const fn has_from(self) -> bool {
        !self.row.from.is_none()
    }

    /// The ends of who sent it, folded; zeros when unknown.
    pub(crate) const fn sender_ends(self) -> Ends {
        self.row.from_ends
    }

    /// Whether both went to one stored address. Equal addresses may be stored twice: `false` says nothing.
    pub(crate) fn shares_to(self, other: Self) -> bool {
        std::ptr::eq(self.rows, other.rows) && self.row.to == other.row.to
    }

    /// Whether both came from one stored address, or from none; `false` says nothing.
    pub(crate) fn shares_from(self, other: Self) -> bool {
        std::ptr::eq(self.rows, other.rows) && self.row.from == other.row.from
    }

    /// Whether both are of one stored coin; `false` says nothing.
    pub(crate) fn shares_coin(self, other: Self) -> bool {
        std::ptr::eq(self.rows, other.rows) && self.row.coin == other.row.coin
    }

    /// Whether both are on one stored network; `false` says nothing.
    pub(crate) fn shares_network(self, other: Self) -> bool {
        std::ptr::eq(self.rows, other.rows) && self.row.network == other.row.network
    }

    /// Whether both have the same digits of an amount; `false` says nothing.
    pub(crate) fn shares_amount(self, other: Self) -> bool {
        let is_same = (self.row.digits, self.row.scale) == (other.row.digits, other.row.scale);
        is_same && self.row.scale != LARGE_AMOUNT
    }

    /// What was sent.
    #[must_use]
    pub fn asset(self) -> &'a AssetId {
        &self.coin().asset
    }

    /// The symbol shown to people; `None` when there is none.
    #[must_use]
    pub fn symbol_text(self) -> Option<&'a str> {
        self.coin().symbol.as_deref()
    }

    /// The symbol, folded for comparison ([`asset::folded`]); empty when there is none.
    #[must_use]
    pub fn symbol(self) -> &'a str {
        &self.coin().folded
    }

    /// The token's contract, folded for comparison; `None` for coins and symbols of a file.
    #[must_use]
    pub fn contract(self) -> Option<&'a str> {
        self.coin().contract.as_deref()
    }

    /// How much, in coins; `None` when the scale is out of range.
    #[must_use]
    pub fn amount(self) -> Option<Decimal> {
        match self.row.scale {
            NO_AMOUNT => None,
            LARGE_AMOUNT => self.rows.large.get(&self.number).copied(),
            scale => {
                let [high, low] = self.row.digits;
                let digits = (u128::from(high) << 64) | u128::from(low);
                Decimal::from_parts(Amount::from_u128(digits), scale)
            }
        }
    }

    /// The block's time; `None` when unknown.
    #[must_use]
    pub fn time(self) -> Option<Timestamp> {
        (self.row.micros != NO_TIME).then(|| Timestamp::from_micros(self.row.micros))
    }

    /// The block's time in whole seconds; `None` when unknown.
    #[must_use]
    pub fn seconds(self) -> Option<i64> {
        self.time().map(Timestamp::as_seconds)
    }

    /// The routing field as written; `None` when there is none.
    #[must_use]
    pub fn memo_text(self) -> Option<&'a str> {
        (!self.row.memo.is_none()).then(|| self.rows.memos.text(self.row.memo))
    }

    /// The routing field, folded for comparison; `None` when there is none or an empty one.
    #[must_use]
    pub fn memo(self) -> Option<&'a str> {
        Some(self.rows.memos.folded(self.row.memo)).filter(|memo| !memo.is_empty())
    }

    /// What the judgement of its routing fields says; `None` where there is none.
    #[must_use]
    pub fn memo_finding(self) -> Option<&'a MemoFinding> {
        self.rows.findings.get(&self.number)
    }

    /// Why it was not credited, as its file or our own judgement says; `None` when nobody does.
    #[must_use]
    pub fn reason(self) -> Option<&'a str> {
        self.rows
            .reasons
            .get(self.row.reason)
            .and_then(Option::as_deref)
    }

    /// All of it, borrowed.
    #[must_use]
    pub fn view(self) -> DepositView<'a> {
        DepositView {
            id: self.id_text(),
            network: self.network(),
            family: self.family(),
            tx_id: self.tx_id(),
            from: self.from_text(),
            to: self.to_text(),
            asset: self.asset(),
            symbol: self.symbol_text(),
            amount: self.amount(),
            time: self.time(),
            memo: self.memo_text(),
            memo_finding: self.memo_finding(),
            reason: self.reason(),
        }
    }

    /// All of it.
    #[must_use]
    pub fn facts(self) -> DepositFacts {
        self.view().to_facts()
    }
}
