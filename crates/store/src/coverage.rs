//! Coverage instead of a cursor: which heights of which stream were read under which watch set, and which could not be.

use crate::deposits::{UpsertReport, sorted_ids, upsert_observed};
use crate::error::StoreError;
use crate::sql::{Tx, Value, detached, height, values};
use crate::store::Store;
use recover_core::block::{BlockHash, BlockRef, Height, HeightRange};
use recover_core::coverage::{joined, uncovered};
use recover_core::deposit::Deposit;
use recover_core::network::NetworkId;
use recover_core::observation::DepositId;
use recover_core::time::Timestamp;

/// What is read along a chain: one part of its blocks, or the history of one account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stream(String);

impl Stream {
    /// A part of the blocks, by the part's code (`transfer_logs`).
    #[must_use]
    pub fn part(code: &str) -> Self {
        Self(format!("part:{code}"))
    }

    /// The history of one account, by the address's canonical text.
    #[must_use]
    pub fn account(address: &str) -> Self {
        Self(format!("account:{address}"))
    }

    /// What a source cannot see of one account, by the account's address and the part's code: a stream for gaps only, which end
    /// when the account is read again over their heights.
    #[must_use]
    pub fn account_part(address: &str, code: &str) -> Self {
        Self(format!("account:{address}/{code}"))
    }

    /// The stream as it is stored and shown.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part's code; `None` for an account.
    #[must_use]
    pub fn part_code(&self) -> Option<&str> {
        self.0.strip_prefix("part:")
    }

    /// The account's address, and the part's code where the stream is about one; `None` for a part of the chain.
    #[must_use]
    pub fn account_text(&self) -> Option<(&str, Option<&str>)> {
        let account = self.0.strip_prefix("account:")?;
        Some(match account.rsplit_once('/') {
            Some((address, code)) => (address, Some(code)),
            None => (account, None),
        })
    }
}

impl std::fmt::Display for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
    }
}

/// A range that was read completely.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Covered {
    /// What was read.
    pub stream: Stream,
    /// The heights, both ends inside.
    pub range: HeightRange,
    /// The block hash at the last height; `None` where a rewind cut the range at a height whose header is not kept, and where
    /// the height was final when it was read.
    pub end_hash: Option<BlockHash>,
    /// The watch set it was read under: addresses of later epochs were not looked for.
    pub epoch: u64,
    /// Where an adapter goes on reading an account.
    pub resume_token: Option<String>,
}

/// A range that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoverageGap {
    /// What was not read.
    pub stream: Stream,
    /// The heights, both ends inside.
    pub range: HeightRange,
    /// Why, in one line that says what to do.
    pub reason: String,
}

/// A block whose ancestry was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockSeen {
    /// Height, hash and time.
    pub block: BlockRef,
    /// The hash of the block before it.
    pub parent: BlockHash,
}

/// What one step of a scan found. All of it is stored in one transaction, or nothing.
#[derive(Debug, Clone)]
pub struct ScanCommit {
    /// The network.
    pub network: NetworkId,
    /// The heights that were asked for.
    pub range: HeightRange,
    /// The block hash at the last height, read with the data; `None` where the height is final, so that nothing is compared
    /// with it later.
    pub end_hash: Option<BlockHash>,
    /// The watch set it was read under, from [`Store::seal_watch_epoch`]; 0 for an account, whose stream knows no other address.
    pub epoch: u64,
    /// The rewinds before reading began, from [`Store::scan_generation`].
    pub generation: u64,
    /// The streams that were read; each is covered over the range but for its gaps.
    pub streams: Vec<Stream>,
    /// What could not be read, of these streams or of others that were wanted.
    pub gaps: Vec<CoverageGap>,
    /// What was found, classified.
    pub deposits: Vec<Deposit>,
    /// Headers of the window that can still change.
    pub headers: Vec<BlockSeen>,
    /// Where an adapter goes on reading an account; `None` for parts of a chain.
    pub resume_token: Option<String>,
}

/// What became of a [`ScanCommit`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScanCommitted {
    /// It is stored.
    Stored(UpsertReport),
    /// The network was rewound since reading began: what was read may be of another history. Nothing was stored; read again.
    Rewound,
}

/// What a rewind undid.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rewind {
    /// Deposits above the height: in doubt until they are seen again ([`Store::mark_unseen_gone`]).
    pub suspects: Vec<DepositId>,
}

fn range(row: &crate::sql::RowOf<'_>) -> Result<HeightRange, StoreError> {
    HeightRange::new(row.height("from_height")?, row.height("to_height")?)
        .ok_or_else(|| row.bad("to_height", "lies below the first height"))
}

fn covered(row: &crate::sql::Row) -> Result<Covered, StoreError> {
    let row = row.of("coverage", "stream");
    Ok(Covered {
        stream: Stream(row.text("stream")?),
        range: range(&row)?,
        end_hash: row
            .text_or_null("to_hash")?
            .map(|hash| BlockHash::new(&hash)),
        epoch: row.number("epoch")?,
        resume_token: row.text_or_null("resume_token")?,
    })
}

fn gap(row: &crate::sql::Row) -> Result<CoverageGap, StoreError> {
    let row = row.of("coverage_gap", "stream");
    Ok(CoverageGap {
        stream: Stream(row.text("stream")?),
        range: range(&row)?,
        reason: row.text("reason")?,
    })
}

fn block_seen(row: &crate::sql::Row) -> Result<BlockSeen, StoreError> {
    let row = row.of("block_seen", "height");
    Ok(BlockSeen {
        block: BlockRef {
            height: row.height("height")?,
            hash: BlockHash::new(&row.text("hash")?),
            time: row.time("block_time")?,
        },
        parent: BlockHash::new(&row.text("parent_hash")?),
    })
}

const COVERAGE: &str =
    "SELECT stream, from_height, to_height, to_hash, epoch, resume_token FROM coverage";

impl Store {
    /// What was read of a network, by stream, epoch and height.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn coverage(&self, network: &NetworkId) -> Result<Vec<Covered>, StoreError> {
        let sql = format!("{COVERAGE} WHERE network = $1 ORDER BY stream, epoch, from_height");
        let rows = self.db.rows(&sql, values![network]).await?;
        rows.iter().map(covered).collect()
    }

    /// The heights of one stream that were read under `epoch` or a later one, joined, lowest first: what a scan for the
    /// addresses of that epoch need not read again.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn covered_heights(
        &self,
        network: &NetworkId,
        stream: &Stream,
        epoch: u64,
    ) -> Result<Vec<HeightRange>, StoreError> {
        let sql = format!("{COVERAGE} WHERE network = $1 AND stream = $2 AND epoch >= $3");
        let rows = self
            .db
            .rows(&sql, values![network, stream.as_str(), number(epoch)?])
            .await?;
        let mut ranges = Vec::with_capacity(rows.len());
        for row in &rows {
            ranges.push(covered(row)?.range);
        }
        Ok(joined(&ranges))
    }

    /// What could not be read of a network, by stream and height; empty when nothing is missing.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn gaps(&self, network: &NetworkId) -> Result<Vec<CoverageGap>, StoreError> {
        let rows = self
            .db
            .rows(
                "SELECT stream, from_height, to_height, reason FROM coverage_gap
                 WHERE network = $1 ORDER BY stream, from_height",
                values![network],
            )
            .await?;
        rows.iter().map(gap).collect()
    }

    /// How often a network was rewound. Read it before a scan step, and commit the step under it.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn scan_generation(&self, network: &NetworkId) -> Result<u64, StoreError> {
        let row = self
            .db
            .row(
                "SELECT network, generation FROM scan_state WHERE network = $1",
                values![network],
            )
            .await?;
        row.map_or(Ok(0), |row| {
            row.of("scan_state", "network").number("generation")
        })
    }

    /// Stores what a scan step found together with the coverage it gives: coverage never claims what was not committed
    /// with it. Gaps are stored, and earlier gaps that this step read are removed. Committing the same step twice changes
    /// nothing.
    ///
    /// # Errors
    /// When the database cannot be written; then nothing of it is.
    pub async fn commit_scan(
        &self,
        commit: ScanCommit,
        now: Timestamp,
    ) -> Result<ScanCommitted, StoreError> {
        let db = self.db.clone();
        detached(async move {
            let mut tx = db.begin().await?;
            lock_network(&mut tx, &commit.network).await?;
            if generation(&mut tx, &commit.network).await? != commit.generation {
                return Ok(ScanCommitted::Rewound);
            }
            let report = upsert_observed(&mut tx, &commit.deposits, now).await?;
            for stream in &commit.streams {
                let missing: Vec<HeightRange> = commit
                    .gaps
                    .iter()
                    .filter(|gap| gap.stream == *stream)
                    .map(|gap| gap.range)
                    .collect();
                for read in uncovered(commit.range, &missing) {
                    cover(&mut tx, &commit, stream, read, now).await?;
                    close_gaps(&mut tx, &commit.network, stream, read, now).await?;
                }
            }
            for gap in &commit.gaps {
                add_gap(&mut tx, &commit.network, gap, now).await?;
            }
            put_headers(&mut tx, &commit.network, &commit.headers).await?;
            tx.commit().await?;
            Ok(ScanCommitted::Stored(report))
        })
        .await
    }

    /// Stores what could not be read at all, under the rewinds before reading began. `false` when the network was rewound
    /// since: the gap may be of another history, and the next scan asks again.
    ///
    /// # Errors
    /// When the database cannot be written; then none is stored.
    pub async fn record_gaps(
        &self,
        network: &NetworkId,
        gaps: Vec<CoverageGap>,
        under: u64,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (db, network) = (self.db.clone(), network.clone());
        detached(async move {
            let mut tx = db.begin().await?;
            lock_network(&mut tx, &network).await?;
            if generation(&mut tx, &network).await? != under {
                return Ok(false);
            }
            for gap in &gaps {
                add_gap(&mut tx, &network, gap, now).await?;
            }
            tx.commit().await?;
            Ok(true)
        })
        .await
    }

    /// The newest height that a scan of the network took as final; `None` before the first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn finalized_height(
        &self,
        network: &NetworkId,
    ) -> Result<Option<Height>, StoreError> {
        let row = self
            .db
            .row(
                "SELECT network, finalized_height FROM scan_state WHERE network = $1",
                values![network],
            )
            .await?;
        let Some(row) = row else { return Ok(None) };
        let row = row.of("scan_state", "network");
        Ok(row.number_or_null("finalized_height")?.map(Height))
    }

    /// Remembers a height as final. A lower one than known changes nothing: only a rewind below it takes finality back.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn set_finalized(
        &self,
        network: &NetworkId,
        finalized: Height,
    ) -> Result<(), StoreError> {
        let (db, network) = (self.db.clone(), network.clone());
        detached(async move {
            let mut tx = db.begin().await?;
            let finalized = height(finalized)?;
            tx.run(
                "INSERT INTO scan_state (network, generation, finalized_height) VALUES ($1, 0, $2)
                 ON CONFLICT (network) DO UPDATE SET finalized_height = excluded.finalized_height
                 WHERE scan_state.finalized_height IS NULL OR scan_state.finalized_height < excluded.finalized_height",
                values![&network, finalized],
            )
            .await?;
            tx.commit().await
        })
        .await
    }

    /// Undoes what was read above a height, because the chain there is no longer the one that was read: coverage, gaps and
    /// headers above it are dropped, deposits above it become unconfirmed suspects (those under a claim keep its status).
    /// Steps that were being read meanwhile will not be stored.
    ///
    /// # Errors
    /// When the database cannot be written; then nothing is.
    pub async fn rewind(
        &self,
        network: &NetworkId,
        above: Height,
        now: Timestamp,
    ) -> Result<Rewind, StoreError> {
        let (db, network) = (self.db.clone(), network.clone());
        detached(async move {
            let mut tx = db.begin().await?;
            lock_network(&mut tx, &network).await?;
            let generation = generation(&mut tx, &network).await?;
            tx.run(
                "INSERT INTO scan_state (network, generation) VALUES ($1, $2)
                 ON CONFLICT (network) DO UPDATE SET generation = excluded.generation",
                values![&network, number(generation.saturating_add(1))?],
            )
            .await?;
            let last = height(above)?;
            // What was taken as final above it was not: the source must say so again.
            tx.run(
                "UPDATE scan_state SET finalized_height = $1 WHERE network = $2 AND finalized_height > $3",
                values![last, &network, last],
            )
            .await?;
            for table in ["coverage", "coverage_gap"] {
                tx.run(
                    &format!("DELETE FROM {table} WHERE network = $1 AND from_height > $2"),
                    values![&network, last],
                )
                .await?;
            }
            tx.run(
                "UPDATE coverage SET to_height = $1, resume_token = NULL,
                    to_hash = (SELECT hash FROM block_seen WHERE network = $2 AND height = $3)
                 WHERE network = $4 AND to_height > $5",
                values![last, &network, last, &network, last],
            )
            .await?;
            tx.run(
                "UPDATE coverage_gap SET to_height = $1 WHERE network = $2 AND to_height > $3",
                values![last, &network, last],
            )
            .await?;
            tx.run(
                "DELETE FROM block_seen WHERE network = $1 AND height > $2",
                values![&network, last],
            )
            .await?;
            let rows = tx
                .rows(
                    "UPDATE deposit SET suspect_at = $1, updated_at = $2,
                        status = CASE WHEN claim_state = 'open' THEN 'claimed' WHEN claim_state = 'settled' THEN 'resolved'
                            ELSE 'unconfirmed' END
                     WHERE network = $3 AND origin = 'observed' AND block_height > $4 AND status <> 'gone'
                     RETURNING id",
                    values![now, now, &network, last],
                )
                .await?;
            tx.commit().await?;
            Ok(Rewind {
                suspects: sorted_ids(&rows)?,
            })
        })
        .await
    }

    /// The kept header at a height; `None` when none is.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn block_seen(
        &self,
        network: &NetworkId,
        at: Height,
    ) -> Result<Option<BlockSeen>, StoreError> {
        let row = self
            .db
            .row(
                "SELECT height, hash, parent_hash, block_time FROM block_seen WHERE network = $1 AND height = $2",
                values![network, height(at)?],
            )
            .await?;
        row.as_ref().map(block_seen).transpose()
    }

    /// The kept headers of a network, highest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn blocks_seen(
        &self,
        network: &NetworkId,
        limit: u32,
    ) -> Result<Vec<BlockSeen>, StoreError> {
        let rows = self
            .db
            .rows(
                "SELECT height, hash, parent_hash, block_time FROM block_seen
                 WHERE network = $1 ORDER BY height DESC LIMIT $2",
                values![network, limit],
            )
            .await?;
        rows.iter().map(block_seen).collect()
    }

    /// Drops the headers below a height that is final, and answers how many.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn prune_blocks(
        &self,
        network: &NetworkId,
        below: Height,
    ) -> Result<u64, StoreError> {
        let (db, network, below) = (self.db.clone(), network.clone(), height(below)?);
        detached(async move {
            let mut tx = db.begin().await?;
            let dropped = tx
                .run(
                    "DELETE FROM block_seen WHERE network = $1 AND height < $2",
                    values![&network, below],
                )
                .await?;
            tx.commit().await?;
            Ok(dropped)
        })
        .await
    }
}

fn number(value: u64) -> Result<i64, StoreError> {
    i64::try_from(value).map_err(|_| StoreError::Unstorable {
        what: "a count",
        problem: "it is above 2^63 - 1",
    })
}

/// A commit and a rewind of one network never interleave.
pub(crate) async fn lock_network(tx: &mut Tx, network: &NetworkId) -> Result<(), StoreError> {
    tx.serialize(&format!("scan:{network}")).await
}

pub(crate) async fn generation(tx: &mut Tx, network: &NetworkId) -> Result<u64, StoreError> {
    let row = tx
        .row(
            "SELECT network, generation FROM scan_state WHERE network = $1",
            values![network],
        )
        .await?;
    row.map_or(Ok(0), |row| {
        row.of("scan_state", "network").number("generation")
    })
}

/// Adds a range to what was read under an epoch, joining it with its neighbours, and drops what earlier epochs read inside
/// it: a later watch set holds every address of the earlier ones.
async fn cover(
    tx: &mut Tx,
    commit: &ScanCommit,
    stream: &Stream,
    read: HeightRange,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (network, epoch) = (&commit.network, number(commit.epoch)?);
    let touching = tx
        .rows(
            &format!(
                "{COVERAGE} WHERE network = $1 AND stream = $2 AND epoch = $3
                    AND from_height <= $4 AND to_height >= $5"
            ),
            values![
                network,
                stream.as_str(),
                epoch,
                height(read.to().next())?,
                height(read.from().minus(1))?
            ],
        )
        .await?;
    let mut from = read.from();
    let mut to = read.to();
    let is_end = read.to() == commit.range.to();
    let mut end_hash = is_end.then(|| commit.end_hash.clone()).flatten();
    let mut resume_token = commit.resume_token.clone();
    for row in &touching {
        let known = covered(row)?;
        tx.run(
            "DELETE FROM coverage WHERE network = $1 AND stream = $2 AND epoch = $3 AND from_height = $4",
            values![network, stream.as_str(), epoch, height(known.range.from())?],
        )
        .await?;
        from = from.min(known.range.from());
        if known.range.to() > to {
            to = known.range.to();
            end_hash = known.end_hash;
            resume_token = known.resume_token;
        }
    }
    if end_hash.is_none() {
        // The range ends before a gap: its last hash is known when its header was read.
        end_hash = commit
            .headers
            .iter()
            .find(|header| header.block.height == to)
            .map(|header| header.block.hash.clone());
    }
    tx.run(
        "DELETE FROM coverage WHERE network = $1 AND stream = $2 AND epoch < $3 AND from_height >= $4 AND to_height <= $5",
        values![network, stream.as_str(), epoch, height(from)?, height(to)?],
    )
    .await?;
    tx.run(
        "INSERT INTO coverage (network, stream, epoch, from_height, to_height, to_hash, resume_token, read_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        values![
            network,
            stream.as_str(),
            epoch,
            height(from)?,
            height(to)?,
            end_hash.as_ref(),
            resume_token,
            now
        ],
    )
    .await?;
    Ok(())
}

/// Takes a range that was read out of the stored gaps; where an account was read, out of the gaps of its parts too: what is
/// still not seen of them comes with the same commit.
async fn close_gaps(
    tx: &mut Tx,
    network: &NetworkId,
    stream: &Stream,
    read: HeightRange,
    now: Timestamp,
) -> Result<(), StoreError> {
    // '0' is the character after '/'.
    let (first, last) = match stream.account_text() {
        Some((_, None)) => (format!("{stream}/"), format!("{stream}0")),
        Some((_, Some(_))) | None => (stream.as_str().to_owned(), stream.as_str().to_owned()),
    };
    let rows = tx
        .rows(
            "SELECT stream, from_height, to_height, reason FROM coverage_gap
             WHERE network = $1 AND (stream = $2 OR (stream >= $3 AND stream < $4)) AND from_height <= $5 AND to_height >= $6",
            values![
                network,
                stream.as_str(),
                first,
                last,
                height(read.to())?,
                height(read.from())?
            ],
        )
        .await?;
    for row in &rows {
        let known = gap(row)?;
        tx.run(
            "DELETE FROM coverage_gap WHERE network = $1 AND stream = $2 AND from_height = $3",
            values![network, known.stream.as_str(), height(known.range.from())?],
        )
        .await?;
        for left in uncovered(known.range, &[read]) {
            insert_gap(tx, network, &known.stream, left, &known.reason, now).await?;
        }
    }
    Ok(())
}

/// Stores a gap; where it meets stored ones, the newest reason stands for the overlap, and equal reasons are joined.
async fn add_gap(
    tx: &mut Tx,
    network: &NetworkId,
    new: &CoverageGap,
    now: Timestamp,
) -> Result<(), StoreError> {
    let rows = tx
        .rows(
            "SELECT stream, from_height, to_height, reason FROM coverage_gap
             WHERE network = $1 AND stream = $2 AND from_height <= $3 AND to_height >= $4",
            values![
                network,
                new.stream.as_str(),
                height(new.range.to().next())?,
                height(new.range.from().minus(1))?
            ],
        )
        .await?;
    let mut same_reason = vec![new.range];
    for row in &rows {
        let known = gap(row)?;
        tx.run(
            "DELETE FROM coverage_gap WHERE network = $1 AND stream = $2 AND from_height = $3",
            values![network, new.stream.as_str(), height(known.range.from())?],
        )
        .await?;
        if known.reason == new.reason {
            same_reason.push(known.range);
        } else {
            for left in uncovered(known.range, &[new.range]) {
                insert_gap(tx, network, &new.stream, left, &known.reason, now).await?;
            }
        }
    }
    for whole in joined(&same_reason) {
        insert_gap(tx, network, &new.stream, whole, &new.reason, now).await?;
    }
    Ok(())
}

async fn insert_gap(
    tx: &mut Tx,
    network: &NetworkId,
    stream: &Stream,
    range: HeightRange,
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO coverage_gap (network, stream, from_height, to_height, reason, seen_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        values![
            network,
            stream.as_str(),
            height(range.from())?,
            height(range.to())?,
            reason,
            now
        ],
    )
    .await?;
    Ok(())
}

async fn put_headers(
    tx: &mut Tx,
    network: &NetworkId,
    headers: &[BlockSeen],
) -> Result<(), StoreError> {
    let mut unique = std::collections::BTreeMap::new();
    for header in headers {
        unique.insert(header.block.height, header);
    }
    let mut rows: Vec<Vec<Value>> = Vec::with_capacity(unique.len());
    for header in unique.into_values() {
        rows.push(values![
            network,
            height(header.block.height)?,
            &header.block.hash,
            &header.parent,
            header.block.time
        ]);
    }
    tx.insert_rows(
        "INSERT INTO block_seen (network, height, hash, parent_hash, block_time) VALUES ",
        rows,
        " ON CONFLICT (network, height) DO UPDATE SET hash = excluded.hash, parent_hash = excluded.parent_hash,
            block_time = excluded.block_time",
    )
    .await?;
    Ok(())
}
