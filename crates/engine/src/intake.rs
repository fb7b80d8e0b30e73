//! Taking files in: rows go to the store in batches, bad ones to a reject file with line and reason, and what is already
//! stored is classified again with what is known now.

use crate::engine::Engine;
use crate::error::EngineError;
use crate::import::{
    self, ColumnMap, Context, ImportError, LedgerCoverage, LedgerRecord, Records, RejectFile,
    SecretsFound,
};
use crate::prices::{Newest, Overtaken};
use recover_core::deposit::{
    Classification, Deposit, DepositStatus, ImportedDeposit, Origin, Queue,
};
use recover_core::kind::Kind;
use recover_core::verdict::{Missing, Verdict};
use recover_store::{DepositFilter, ImportCounts, LedgerPeriod};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::PathBuf;

/// Rows a batch: one transaction each.
const BATCH: usize = 2_000;

/// A file to take in.
pub struct IntakeFile<R> {
    /// Its name, for messages.
    pub name: String,
    /// Its bytes.
    pub reader: R,
    /// Which columns are called otherwise.
    pub map: ColumnMap,
    /// Where rows go that could not be read.
    pub reject: PathBuf,
}

/// What an import did.
#[derive(Debug, Clone, Default)]
pub struct IntakeReport {
    /// What became of the good rows.
    pub counts: ImportCounts,
    /// How many rows were rejected.
    pub rejected: u64,
    /// The first of them, for the message.
    pub first_reject: Option<String>,
    /// Where they are; `None` when there are none.
    pub reject_file: Option<PathBuf>,
    /// Secrets that were pasted into the file. They are kept nowhere.
    pub secrets: SecretsFound,
    /// Deposits that are classified otherwise now.
    pub reclassified: u64,
    /// Periods for which the ledger counts as complete now.
    pub covered: Vec<LedgerCoverage>,
    /// Periods that were named and not stored, because rows are missing.
    pub not_covered: Vec<LedgerCoverage>,
    /// Prices of the file that do not count now because a newer one of their source stands, one an asset and source.
    pub overtaken: Vec<Overtaken>,
}

/// Told after each batch: how many rows were read.
pub type RowProgress<'a> = &'a (dyn Fn(u64) + Send + Sync);

impl Engine {
    pub(crate) fn context(&self) -> Context<'_> {
        Context {
            codec: &self.adapters,
            chains: Some(&self.chains),
        }
    }

    /// Takes an address book in. The same row is updated, never doubled; new addresses open a gap that the next scan
    /// reads back to their issue.
    ///
    /// # Errors
    /// When the file's columns are not understood, it cannot be read, or the store fails.
    pub async fn import_addresses<R: Read>(
        &self,
        file: IntakeFile<R>,
        progress: RowProgress<'_>,
    ) -> Result<IntakeReport, EngineError> {
        let context = self.context();
        let records = import::addresses(&file.name, file.reader, &file.map, &context)?;
        let mut report = IntakeReport::default();
        let mut batches = Batches::new(records, &file.reject);
        while let Some(batch) = batches.next()? {
            report.counts = report
                .counts
                .plus(self.store.import_addresses(batch, self.now()).await?);
            progress(batches.rows);
        }
        batches.finish(&mut report)?;
        self.store.seal_watch_epoch(self.now()).await?;
        report.reclassified = self.reclassify_after(report.counts).await?;
        Ok(report)
    }

    /// What is still undecided is looked at again when an import brought anything new; what was decided too, when it
    /// changed a row that was there before.
    async fn reclassify_after(&self, counts: ImportCounts) -> Result<u64, EngineError> {
        let filter = if counts.updated > 0 {
            DepositFilter::default()
        } else if counts.inserted > 0 {
            undecided()
        } else {
            return Ok(0);
        };
        self.reclassify(&filter).await
    }

    /// Takes a ledger in. Its coverage is stored only when no row was rejected: a missing row would make "not credited" a
    /// lie, and the next payment a double one.
    ///
    /// # Errors
    /// As [`Engine::import_addresses`].
    pub async fn import_ledger<R: Read>(
        &self,
        file: IntakeFile<R>,
        covers: &[String],
        progress: RowProgress<'_>,
    ) -> Result<IntakeReport, EngineError> {
        let context = self.context();
        let mut named: Vec<LedgerCoverage> = covers
            .iter()
            .map(|text| LedgerCoverage::parse(text, &context))
            .collect::<Result<_, _>>()?;
        let records = import::ledger(&file.name, file.reader, &file.map, &context)?;
        let mut report = IntakeReport::default();
        // Not among the counts of rows about money, and as good a reason to look again.
        let mut changed_accounts = ImportCounts::default();
        let mut batches = Batches::new(records, &file.reject);
        while let Some(batch) = batches.next()? {
            let mut entries = Vec::new();
            let mut accounts = Vec::new();
            for record in batch {
                match record {
                    LedgerRecord::Entry(entry) => entries.push(entry),
                    LedgerRecord::Account {
                        user_id,
                        standing,
                        at: _,
                    } => accounts.push((user_id, standing)),
                    LedgerRecord::Coverage(coverage) => named.push(coverage),
                }
            }
            report.counts = report
                .counts
                .plus(self.store.import_ledger(entries, self.now()).await?);
            changed_accounts =
                changed_accounts.plus(self.store.import_accounts(accounts, self.now()).await?);
            progress(batches.rows);
        }
        batches.finish(&mut report)?;
        if report.rejected == 0 {
            let now = self.now();
            // A file cannot speak of what is not booked yet: beyond this moment "not credited" would be a guess, and what is
            // credited tomorrow would be paid again.
            named.retain_mut(|coverage| {
                coverage.to = coverage.to.min(now);
                coverage.from <= coverage.to
            });
            for coverage in &named {
                let period = LedgerPeriod {
                    network: coverage.network.clone(),
                    from: coverage.from,
                    to: coverage.to,
                };
                self.store.add_ledger_period(period).await?;
            }
            report.covered = named;
        } else {
            report.not_covered = named;
        }
        let has_new_period = !report.covered.is_empty();
        let changed = report.counts.plus(changed_accounts);
        report.reclassified = if has_new_period && changed.updated == 0 {
            self.reclassify(&undecided()).await?
        } else {
            self.reclassify_after(changed).await?
        };
        Ok(report)
    }

    /// Takes prices in.
    ///
    /// # Errors
    /// As [`Engine::import_addresses`].
    pub async fn import_prices<R: Read>(
        &self,
        file: IntakeFile<R>,
        progress: RowProgress<'_>,
    ) -> Result<IntakeReport, EngineError> {
        let context = self.context();
        let records = import::prices(&file.name, file.reader, &file.map, &context)?;
        let mut report = IntakeReport::default();
        let mut newest = Newest::default();
        let mut batches = Batches::new(records, &file.reject);
        while let Some(batch) = batches.next()? {
            let prices: Vec<recover_store::Price> = batch
                .into_iter()
                .flat_map(|record| {
                    record
                        .assets
                        .into_iter()
                        .map(move |asset| recover_store::Price {
                            asset,
                            currency: record.currency.clone(),
                            price: record.price,
                            priced_at: record.at,
                            source: record.source.clone(),
                        })
                })
                .collect();
            newest.take(&prices);
            report.counts = report
                .counts
                .plus(self.store.import_prices(prices, self.now()).await?);
            progress(batches.rows);
        }
        batches.finish(&mut report)?;
        report.overtaken = self.overtaken(newest).await?;
        self.revalue().await?;
        Ok(report)
    }

    /// Takes appeals in, verbatim. One with the same id is updated; one that was decided keeps its status.
    ///
    /// # Errors
    /// As [`Engine::import_addresses`].
    pub async fn import_appeals<R: Read>(
        &self,
        file: IntakeFile<R>,
        progress: RowProgress<'_>,
    ) -> Result<IntakeReport, EngineError> {
        let context = self.context();
        let records = import::appeals(&file.name, file.reader, &file.map, &context)?;
        let mut report = IntakeReport::default();
        let mut batches = Batches::new(records, &file.reject);
        while let Some(batch) = batches.next()? {
            report.counts = report
                .counts
                .plus(self.store.import_appeals(batch, self.now()).await?);
            progress(batches.rows);
        }
        batches.finish(&mut report)?;
        self.store.refresh_queue(&|_| {}).await?;
        Ok(report)
    }

    /// Takes deposits of another system in. They can be matched; until a source of ours sees them none is quoted.
    ///
    /// # Errors
    /// As [`Engine::import_addresses`].
    pub async fn import_deposits<R: Read>(
        &self,
        file: IntakeFile<R>,
        progress: RowProgress<'_>,
    ) -> Result<IntakeReport, EngineError> {
        let context = self.context();
        let records = import::deposits(&file.name, file.reader, &file.map, &context)?;
        let mut report = IntakeReport::default();
        let mut batches = Batches::new(records, &file.reject);
        while let Some(batch) = batches.next()? {
            let owners = self.owners_of(&batch).await?;
            let deposits = batch
                .into_iter()
                .map(|imported| {
                    let owner = owners.get(&imported.to).cloned();
                    self.told(imported, owner)
                })
                .collect();
            report.counts = report
                .counts
                .plus(self.store.import_deposits(deposits, self.now()).await?);
            progress(batches.rows);
        }
        batches.finish(&mut report)?;
        Ok(report)
    }

    /// The one user whose the credited address is, by address as the file writes it; addresses of nobody or of several have no
    /// entry. One question for the whole batch: one a row took longer than everything else together.
    async fn owners_of(
        &self,
        batch: &[ImportedDeposit],
    ) -> Result<BTreeMap<String, String>, EngineError> {
        let addresses: BTreeSet<&str> = batch.iter().map(|one| one.to.as_str()).collect();
        let addresses: Vec<String> = addresses.into_iter().map(str::to_owned).collect();
        let mut owners: BTreeMap<String, BTreeSet<Option<String>>> = BTreeMap::new();
        for record in self.store.records_with_values(&addresses).await? {
            if record.role.is_ours() {
                let of_address = owners.entry(record.value).or_default();
                of_address.insert(record.user_id);
            }
        }
        let only = |of_address: BTreeSet<Option<String>>| match of_address.len() {
            1 => of_address.into_iter().next().flatten(),
            _ => None,
        };
        Ok(owners
            .into_iter()
            .filter_map(|(address, of_address)| Some((address, only(of_address)?)))
            .collect())
    }

    /// A deposit that only a file tells of. Whose address it is we know; what happened on the network we do not.
    fn told(&self, imported: ImportedDeposit, owner: Option<String>) -> Deposit {
        let classification = classify_told(&imported, owner);
        debug_assert!(
            Queue::of(&classification) != Queue::Work
                || classification.verdict == Verdict::Conditional(Missing::NotSeenByUs)
        );
        let terms = self.chains.terms(&imported.asset);
        Deposit {
            decimals: imported.scale,
            decimals_vouched: false,
            symbol: match &imported.asset.reference {
                recover_core::asset::AssetReference::Unlisted(symbol) => Some(symbol.clone()),
                _ => terms.map(|terms| terms.symbol.clone()),
            },
            classification,
            status: DepositStatus::Open,
            origin: Origin::Imported(imported),
        }
    }
}

fn classify_told(imported: &ImportedDeposit, owner: Option<String>) -> Classification {
    let is_unlisted = matches!(
        imported.asset.reference,
        recover_core::asset::AssetReference::Unlisted(_)
    );
    Classification {
        // What a file calls it is kept beside it and not believed: until it is seen, all we can say is whether we know the
        // asset.
        kind: if is_unlisted {
            Kind::UnlistedToken
        } else {
            Kind::MissedCredit
        },
        also: Vec::new(),
        verdict: Verdict::Conditional(Missing::NotSeenByUs),
        owner,
        memo: None,
    }
}

/// The deposits about which nothing final was said.
fn undecided() -> DepositFilter {
    DepositFilter {
        statuses: vec![
            DepositStatus::Unconfirmed,
            DepositStatus::Open,
            DepositStatus::Claimed,
        ],
        ..DepositFilter::default()
    }
}

/// The good rows of a file in batches; the bad ones go to the reject file on the way.
struct Batches<'a, R, T> {
    records: Records<'a, R, T>,
    rejects: RejectFile,
    first_reject: Option<String>,
    rows: u64,
}

impl<'a, R: Read, T> Batches<'a, R, T> {
    fn new(records: Records<'a, R, T>, reject: &std::path::Path) -> Self {
        Self {
            records,
            rejects: RejectFile::at(reject),
            first_reject: None,
            rows: 0,
        }
    }

    /// The next batch; `None` at the end of the file.
    fn next(&mut self) -> Result<Option<Vec<T>>, ImportError> {
        let mut batch = Vec::new();
        for record in self.records.by_ref() {
            self.rows = self.rows.saturating_add(1);
            match record? {
                Ok(record) => batch.push(record),
                Err(reject) => {
                    self.first_reject.get_or_insert_with(|| reject.to_string());
                    self.rejects.add(&reject)?;
                }
            }
            if batch.len() >= BATCH {
                break;
            }
        }
        Ok((!batch.is_empty()).then_some(batch))
    }

    fn finish(&mut self, report: &mut IntakeReport) -> Result<(), ImportError> {
        self.rejects.finish()?;
        report.secrets = self.records.secrets().clone();
        report.rejected = self.rejects.count();
        report.first_reject = self.first_reject.take();
        report.reject_file = (report.rejected > 0).then(|| self.rejects.path().to_owned());
        Ok(())
    }
}
