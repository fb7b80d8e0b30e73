//! One account's history, page by page: the account itself and every jetton wallet of it, woven together by height.
//!
//! A page covers whole heights: each of the accounts is read until it has nothing more or fills a page, and the page ends
//! where the one that got least far has read everything. Then the index's own list of jetton transfers is held against what was
//! found.

use super::cursor::Cursor;
use super::{Toncenter, WalletList};
use crate::address::RawAddress;
use crate::body::Meaning;
use crate::decode::Wallets;
use crate::transaction::Transaction;
use crate::wire::{Answer, JettonWalletRow};
use recover_core::amount::Amount;
use recover_core::block::{Height, HeightRange};
use recover_core::observation::Observation;
use recover_source::chain::{AccountPage, AccountRequest, ChainRead, Gap, Part};
use recover_source::error::SourceError;
use std::collections::BTreeMap;

/// Blocks before the range at which reading begins: a shard's block may be younger than the masterchain's that refers to it
/// by some blocks, never by so many.
const MARGIN_BLOCKS: u64 = 256;
/// Questions for one account and one page of ours at most.
const QUESTIONS_MAX: usize = 200;
/// Pages of one account's list of wallets, or of transfers, at most.
pub(super) const LIST_PAGES_MAX: usize = 20;
/// Wallets that turn up while a page is read begin it anew; more often than this they are somebody's game.
const RESTARTS_MAX: usize = 8;

/// What one reading of a page came to.
enum Attempt {
    Done(AccountPage),
    /// Wallets turned up that the list had not.
    Again(Vec<JettonWalletRow>),
}

/// Transactions of one account, all of them up to a height.
struct Stretch {
    rows: Vec<Transaction>,
    complete_up_to: u64,
}

/// Credits of a page with what is needed to hold them against a list.
pub(super) struct Found {
    height: u64,
    pub(super) lt: u64,
    /// Jettons: master, the sender's number and the amount.
    pub(super) arrival: Option<(RawAddress, u64, Amount)>,
    pub(super) credit: Observation,
}

impl Toncenter {
    pub(super) async fn page(&self, request: &AccountRequest) -> Result<AccountPage, SourceError> {
        let owner = self.account_of(&request.address)?;
        let range = request.range;
        let cursor = match &request.resume {
            Some(text) => Cursor::parse(text)
                .filter(|cursor| range.contains(Height(cursor.next)))
                .ok_or_else(|| self.api.client.no_such_place())?,
            None => self.first_page(range).await?,
        };
        let mut list = match (&request.resume, self.wallets.get(&owner)) {
            (Some(_), Some(list)) => list,
            _ => self.wallets_of(owner).await?,
        };
        for _ in 0..RESTARTS_MAX {
            match self.attempt(request, owner, &list, cursor.clone()).await? {
                Attempt::Done(page) => {
                    self.wallets.keep(owner, list);
                    return Ok(page);
                }
                Attempt::Again(more) => list.rows.extend(more),
            }
        }
        Err(self
            .api
            .client
            .inconsistent("jetton wallets turn up faster than they can be read"))
    }

    async fn first_page(&self, range: HeightRange) -> Result<Cursor, SourceError> {
        let (first, last) = self.tip().await?;
        if range.to().0 > last.seqno {
            return Err(self.api.client.behind(Height(last.seqno), range.to()));
        }
        let first = first.map_or(1, |first| first.seqno);
        let mut cursor = Cursor::at(range.from().0);
        if first > 1 && range.from().0 < first {
            cursor.miss_everything(
                range.from().0,
                range.to().0.min(first.saturating_sub(1)),
                format!("its index begins at block {first}; use one that keeps all of it"),
            );
        }
        let before = range.from().0.saturating_sub(MARGIN_BLOCKS);
        if before > first {
            let block = self.blocks.get(&self.api, before).await?;
            cursor.floor = block.and_then(|block| block.start_lt).unwrap_or(0);
        }
        if range.from().0 > first {
            let block = self.blocks.get(&self.api, range.from().0).await?;
            let start = block.and_then(|block| block.start_lt).unwrap_or(0);
            cursor.checked = start.saturating_sub(1).max(cursor.floor);
        }
        Ok(cursor)
    }

    /// Every jetton wallet that the index lists for an account.
    pub(super) async fn wallets_of(&self, owner: RawAddress) -> Result<WalletList, SourceError> {
        let text = owner.to_string();
        let size = self.page_rows.to_string();
        let mut list = WalletList::default();
        for _ in 0..LIST_PAGES_MAX {
            let offset = list.rows.len().to_string();
            let query = [
                ("owner_address", text.as_str()),
                ("limit", size.as_str()),
                ("offset", offset.as_str()),
            ];
            let rows = self.wallet_rows(&query).await?;
            if rows.is_empty() {
                return Ok(list);
            }
            if rows.iter().any(|row| row.owner != owner) {
                return Err(self
                    .api
                    .client
                    .inconsistent("a jetton wallet of another owner than was asked for"));
            }
            let known = list.rows.len();
            for row in rows {
                if !list.rows.iter().any(|known| known.address == row.address) {
                    list.rows.push(row);
                }
            }
            if list.rows.len() == known {
                return Err(self
                    .api
                    .client
                    .inconsistent("the same page of jetton wallets twice"));
            }
        }
        // More wallets than anybody trades jettons: the listed ones are looked for one by one.
        list.is_cut = true;
        for master in &self.tokens {
            if !list.rows.iter().any(|row| row.master == *master) {
                list.rows
                    .extend(self.wallets_of_master(owner, *master).await?);
            }
        }
        Ok(list)
    }

    /// The wallets of an account for one jetton.
    pub(super) async fn wallets_of_master(
        &self,
        owner: RawAddress,
        master: RawAddress,
    ) -> Result<Vec<JettonWalletRow>, SourceError> {
        let (owner_text, master_text) = (owner.to_string(), master.to_string());
        let query = [
            ("owner_address", owner_text.as_str()),
            ("jetton_address", master_text.as_str()),
            ("limit", "10"),
        ];
        let mut rows = self.wallet_rows(&query).await?;
        rows.retain(|row| row.owner == owner && row.master == master);
        Ok(rows)
    }

    pub(super) async fn wallet_rows(
        &self,
        query: &[(&str, &str)],
    ) -> Result<Vec<JettonWalletRow>, SourceError> {
        match self.api.ask_or_nothing("/jetton/wallets", query).await? {
            None => Ok(Vec::new()),
            Some(Answer::JettonWallets(rows)) => Ok(rows),
            Some(_) => Err(self.api.unexpected("jetton wallets")),
        }
    }

    async fn attempt(
        &self,
        request: &AccountRequest,
        owner: RawAddress,
        list: &WalletList,
        mut cursor: Cursor,
    ) -> Result<Attempt, SourceError> {
        let range = request.range;
        let mut wallets = Wallets::default();
        for row in &list.rows {
            wallets.insert(row);
        }
        if !list.is_cut {
            wallets.completed(owner);
        }
        let (rows, end) = self.weave(owner, list, &cursor, range).await?;

        let mut more = Vec::new();
        for row in rows.iter().filter(|row| row.account == owner) {
            if let Some(source) = notifier(row)
                && !wallets.knows(&source)
            {
                match self.wallet_at(source).await? {
                    Some(wallet) if wallet.owner == owner => more.push(wallet),
                    Some(wallet) => wallets.insert(&wallet),
                    None => wallets.stranger(source),
                }
            }
        }
        if !more.is_empty() {
            return Ok(Attempt::Again(more));
        }

        let mut found = self.decode(owner, &rows, &wallets).await?;
        let last_lt = match self.blocks.get(&self.api, end).await? {
            Some(block) => block.end_lt,
            None => None,
        };
        let last_lt = last_lt.or_else(|| rows.iter().map(|row| row.lt).max());
        if let Some(last_lt) = last_lt.filter(|last| *last > cursor.checked) {
            let listed = self.transfers(owner, cursor.checked, last_lt).await?;
            let more = self
                .compare(owner, &listed, &mut found, &mut wallets, &mut cursor, end)
                .await?;
            if !more.is_empty() {
                return Ok(Attempt::Again(more));
            }
            cursor.checked = last_lt;
        }
        if list.is_cut {
            let reason = format!(
                "the account has more than {} jetton wallets; only those and the listed tokens are read",
                list.rows.len()
            );
            cursor.miss_jettons(range.from().0, range.to().0, reason);
        }
        for row in &rows {
            cursor.read_up_to(row.account, row.lt);
        }
        let gaps = gaps(&cursor, range);
        let next = if end >= range.to().0 {
            None
        } else {
            cursor.next = end.saturating_add(1);
            let text = cursor.text();
            Some(text.ok_or_else(|| self.unsupported("a page token that can be written"))?)
        };
        Ok(Attempt::Done(AccountPage {
            observations: found.into_iter().map(|found| found.credit).collect(),
            through: Some(Height(end)),
            next,
            gaps,
        }))
    }

    /// The transactions of the account and its wallets up to the height at which all of them were read, in chain order.
    async fn weave(
        &self,
        owner: RawAddress,
        list: &WalletList,
        cursor: &Cursor,
        range: HeightRange,
    ) -> Result<(Vec<Transaction>, u64), SourceError> {
        let mut end = range.to().0;
        let mut end_lt = self.end_lt(end).await?;
        let mut rows: Vec<Transaction> = Vec::new();
        let wallets = list.rows.iter().filter(|row| {
            // A wallet whose newest transaction is read already has nothing new.
            row.last_lt
                .is_none_or(|last| last >= cursor.start(&row.address))
        });
        for account in std::iter::once(owner).chain(wallets.map(|row| row.address)) {
            let stretch = self.stretch(account, cursor, end, end_lt).await?;
            rows.extend(stretch.rows);
            if stretch.complete_up_to < end {
                end = stretch.complete_up_to;
                end_lt = self.end_lt(end).await?;
                rows.retain(|row| row.masterchain.is_some_and(|height| height <= end));
            }
        }
        rows.sort_by_key(|row| (row.masterchain, row.lt, row.account));
        Ok((rows, end))
    }

    async fn end_lt(&self, seqno: u64) -> Result<Option<u64>, SourceError> {
        let block = self.blocks.get(&self.api, seqno).await?;
        Ok(block.and_then(|block| block.end_lt))
    }

    /// One account's transactions from the cursor on: all up to `end`, or as many whole heights as fill a page.
    async fn stretch(
        &self,
        account: RawAddress,
        cursor: &Cursor,
        end: u64,
        end_lt: Option<u64>,
    ) -> Result<Stretch, SourceError> {
        let mut rows: Vec<Transaction> = Vec::new();
        let mut start = cursor.start(&account);
        let mut newest: Option<u64> = None;
        for _ in 0..QUESTIONS_MAX {
            if end_lt.is_some_and(|end| start > end) {
                return Ok(Stretch {
                    rows,
                    complete_up_to: end,
                });
            }
            let page = self.transactions(account, start, end_lt).await?;
            let is_last = page.is_empty();
            for row in page {
                if row.account != account || row.lt < start {
                    return Err(self
                        .api
                        .client
                        .inconsistent("a transaction that was not asked for"));
                }
                // Each transaction names the one before it: one that was left out shows.
                if let (Some(newest), Some(previous)) = (newest, row.previous_lt)
                    && newest < previous
                    && previous < row.lt
                {
                    return Err(self.api.client.inconsistent(format!(
                        "it leaves out the transaction of {account} at logical time {previous}"
                    )));
                }
                start = row.lt.saturating_add(1);
                newest = Some(row.lt);
                // Rows without a block of the masterchain are not final and come again when they are.
                let Some(height) = row.masterchain.filter(|_| !row.is_emulated) else {
                    continue;
                };
                if height > end {
                    return Ok(Stretch {
                        rows,
                        complete_up_to: end,
                    });
                }
                if height >= cursor.next {
                    rows.push(row);
                }
            }
            if is_last {
                // A short page is no proof of the end; an empty one is.
                return Ok(Stretch {
                    rows,
                    complete_up_to: end,
                });
            }
            let last = rows.last().and_then(|row| row.masterchain);
            let full = usize::try_from(self.page_rows).is_ok_and(|full| rows.len() >= full);
            if let Some(last) = last.filter(|last| full && *last > cursor.next) {
                // The last height may go on behind the page.
                rows.retain(|row| row.masterchain.is_some_and(|height| height < last));
                return Ok(Stretch {
                    rows,
                    complete_up_to: last.saturating_sub(1),
                });
            }
        }
        Err(SourceError::RangeRefused {
            origin: self.api.client.origin().to_owned(),
            detail: format!("{account} has too many transactions in one block"),
        })
    }

    async fn transactions(
        &self,
        account: RawAddress,
        start: u64,
        end: Option<u64>,
    ) -> Result<Vec<Transaction>, SourceError> {
        let (account, start) = (account.to_string(), start.to_string());
        let (size, end) = (self.page_rows.to_string(), end.map(|end| end.to_string()));
        let mut query = vec![
            ("account", account.as_str()),
            ("start_lt", start.as_str()),
            ("limit", size.as_str()),
            ("offset", "0"),
            ("sort", "asc"),
        ];
        query.extend(end.as_deref().map(|end| ("end_lt", end)));
        match self.api.ask_or_nothing("/transactions", &query).await? {
            None => Ok(Vec::new()),
            Some(Answer::Transactions(rows)) => Ok(rows),
            Some(_) => Err(self.api.unexpected("transactions")),
        }
    }

    /// The jetton wallet at an account; `None` when the index knows none there.
    pub(super) async fn wallet_at(
        &self,
        account: RawAddress,
    ) -> Result<Option<JettonWalletRow>, SourceError> {
        let text = account.to_string();
        let query = [("address", text.as_str()), ("limit", "1")];
        let rows = self.wallet_rows(&query).await?;
        Ok(rows.into_iter().find(|row| row.address == account))
    }

    async fn decode(
        &self,
        owner: RawAddress,
        rows: &[Transaction],
        wallets: &Wallets,
    ) -> Result<Vec<Found>, SourceError> {
        let mut decoded = Vec::new();
        let mut heights = BTreeMap::new();
        for row in rows {
            let Some(height) = row.masterchain else {
                continue;
            };
            let mut credits = self.decoder.credits(row, wallets, None);
            credits.retain(|credit| RawAddress::of(&credit.to) == Some(owner));
            if !credits.is_empty() {
                heights.entry(height).or_insert(row.now);
                decoded.push((height, row, credits));
            }
        }
        self.blocks.prepare(&self.api, &heights).await?;
        let mut found = Vec::new();
        for (height, row, credits) in decoded {
            let block = self.block_at(height).await?;
            for mut credit in credits {
                credit.block = Some(block.clone());
                let arrival = match (wallets.get(&row.account), meaning(row)) {
                    (Some(wallet), Some(Meaning::InternalTransfer(arrival))) => {
                        Some((wallet.master, arrival.query, arrival.amount))
                    }
                    _ => None,
                };
                found.push(Found {
                    height,
                    lt: row.lt,
                    arrival,
                    credit,
                });
            }
        }
        found.sort_by_key(|found| (found.height, found.lt));
        Ok(found)
    }

    pub(super) async fn block_at(
        &self,
        height: u64,
    ) -> Result<recover_core::block::BlockRef, SourceError> {
        let block = self.blocks.get(&self.api, height).await?;
        let block = block.ok_or_else(|| {
            self.api.client.inconsistent(format!(
                "a transaction in block {height}, which it does not have"
            ))
        })?;
        self.block_ref(&block)
    }
}

pub(super) fn meaning(row: &Transaction) -> Option<Meaning> {
    Some(row.in_message.as_ref()?.body.meaning())
}

/// Who notified the account of jettons, or pretended to.
pub(super) fn notifier(row: &Transaction) -> Option<RawAddress> {
    let message = row.in_message.as_ref()?;
    match message.body.meaning() {
        Meaning::Notification(_) => message.source,
        _ => None,
    }
}

fn gaps(cursor: &Cursor, range: HeightRange) -> Vec<Gap> {
    let mut gaps = Vec::new();
    for missing in &cursor.missing {
        let from = Height(missing.from).max(range.from());
        let to = Height(missing.to).min(range.to());
        let parts: &[Part] = if missing.is_everything {
            &[Part::TransferLogs, Part::TopLevel]
        } else {
            &[Part::TransferLogs]
        };
        if let Some(range) = HeightRange::new(from, to) {
            gaps.extend(Gap::of_parts(range, parts, &missing.reason));
        }
    }
    gaps
}
