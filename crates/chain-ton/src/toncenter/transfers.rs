//! The index's own list of jetton transfers, held against what was found at the wallets: a transfer that is listed and did not
//! arrive anywhere is said, not passed over.

use super::Toncenter;
use super::cursor::Cursor;
use super::pages::{Found, LIST_PAGES_MAX, meaning};
use crate::address::RawAddress;
use crate::body::Meaning;
use crate::decode::Wallets;
use crate::wire::{Answer, JettonTransferRow, JettonWalletRow};
use recover_source::error::SourceError;

/// Transfers looked up one by one for one page at most.
const TRACED_MAX: usize = 20;

/// What became of a listed transfer.
enum Followed {
    /// It did not arrive, or arrives later.
    Explained,
    /// It arrived at a wallet that was not in the list.
    Wallet(JettonWalletRow),
    /// Nobody can say.
    Missing,
}

impl Toncenter {
    /// What the index lists as transfers to the account between two logical times.
    pub(super) async fn transfers(
        &self,
        owner: RawAddress,
        after: u64,
        up_to: u64,
    ) -> Result<Vec<JettonTransferRow>, SourceError> {
        let owner = owner.to_string();
        let (start, end) = (after.saturating_add(1).to_string(), up_to.to_string());
        let size = self.page_rows.to_string();
        let mut rows: Vec<JettonTransferRow> = Vec::new();
        for _ in 0..LIST_PAGES_MAX {
            let offset = rows.len().to_string();
            let query = [
                ("owner_address", owner.as_str()),
                ("direction", "in"),
                ("start_lt", start.as_str()),
                ("end_lt", end.as_str()),
                ("limit", size.as_str()),
                ("offset", offset.as_str()),
                ("sort", "asc"),
            ];
            let page = match self.api.ask_or_nothing("/jetton/transfers", &query).await {
                // The list is a check and no source of truth: a server without it is not worse for it.
                Err(SourceError::Unsupported { .. }) | Ok(None) => return Ok(rows),
                Ok(Some(Answer::JettonTransfers(page))) => page,
                Ok(Some(_)) => return Err(self.api.unexpected("jetton transfers")),
                Err(error) => return Err(error),
            };
            if page.is_empty() {
                break;
            }
            rows.extend(page);
        }
        Ok(rows)
    }

    /// Holds the list against what was found. What is listed, did not fail and is not there is followed through its trace;
    /// wallets that turn up there are given back, and what nobody can explain is noted as missing.
    pub(super) async fn compare(
        &self,
        owner: RawAddress,
        listed: &[JettonTransferRow],
        found: &mut [Found],
        wallets: &mut Wallets,
        cursor: &mut Cursor,
        end: u64,
    ) -> Result<Vec<JettonWalletRow>, SourceError> {
        let mut more = Vec::new();
        let mut taken = vec![false; found.len()];
        let mut traced = 0;
        for row in listed {
            if row.aborted == Some(true) || row.destination.is_some_and(|to| to != owner) {
                continue;
            }
            let Some(master) = row.master else {
                continue;
            };
            let matching = found.iter_mut().zip(&mut taken).find(|(found, taken)| {
                !**taken
                    && found.lt > row.lt
                    && found.arrival == Some((master, row.query, row.amount))
            });
            if let Some((found, taken)) = matching {
                *taken = true;
                found.credit.memos.extend(row.custom_payload.clone());
                continue;
            }
            let name = crate::address::tx_id(&row.hash);
            traced += 1;
            if traced > TRACED_MAX {
                let reason = format!(
                    "jetton transfer {name} and others are listed, and their arrival was not found"
                );
                cursor.miss_jettons(cursor.next, end, reason);
                break;
            }
            match self.follow(owner, row, wallets, end).await? {
                Followed::Explained => {}
                Followed::Wallet(wallet) => more.push(wallet),
                Followed::Missing => {
                    let reason = format!(
                        "jetton transfer {name} is listed and its arrival was not found; look it up with `recover diagnose {name}`"
                    );
                    cursor.miss_jettons(cursor.next, end, reason);
                }
            }
        }
        more.sort_by_key(|wallet| wallet.address);
        more.dedup_by_key(|wallet| wallet.address);
        Ok(more)
    }

    async fn follow(
        &self,
        owner: RawAddress,
        row: &JettonTransferRow,
        wallets: &mut Wallets,
        end: u64,
    ) -> Result<Followed, SourceError> {
        let Some(trace) = self.trace_of(&row.hash).await? else {
            return Ok(Followed::Missing);
        };
        for step in &trace.transactions {
            let Some(Meaning::InternalTransfer(arrival)) = meaning(step) else {
                continue;
            };
            if arrival.query != row.query || arrival.amount != row.amount {
                continue;
            }
            if !wallets.knows(&step.account) {
                match self.wallet_at(step.account).await? {
                    Some(wallet) if wallet.owner == owner => return Ok(Followed::Wallet(wallet)),
                    Some(wallet) => wallets.insert(&wallet),
                    None => wallets.stranger(step.account),
                }
            }
            if wallets
                .get(&step.account)
                .is_some_and(|wallet| wallet.owner == owner)
            {
                // It arrives in a later block, which is read in its turn; or it stands in what was read and was not there.
                return Ok(match step.masterchain {
                    Some(height) if height <= end => Followed::Missing,
                    _ => Followed::Explained,
                });
            }
        }
        Ok(if trace.is_incomplete {
            Followed::Missing
        } else {
            Followed::Explained
        })
    }
}
