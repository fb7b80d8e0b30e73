//! `backtest`: a desk's closed cases replayed beside what we would have done. Nothing is written to the database, no network
//! is asked, and what a case led to is not taken for what was known when it was opened.
//!
//! All the file's appeals are matched together, since rivals count, and each against the deposits that had arrived when its
//! case was closed. Ledger rows that book a payment of the file are set aside (see `payments`); classification and policy are
//! those of today. Sums are exact cents at the newest price by the closing of the case; what has no price is counted apart.

mod judge;
mod matched;
mod payments;
mod report;
mod value;
mod witness;

pub use report::{
    BacktestReport, CaseResult, Class, ClassTotal, DeskSaid, Finding, Money, PriceBasis, PriceUsed,
    Unreadable, WeSay,
};

use crate::engine::Engine;
use crate::error::EngineError;
use crate::facts::FactGatherer;
use crate::import::{self, ClosedCase, RejectFile};
use crate::intake::IntakeFile;
use judge::{Paid, World};
use matched::{Matched, Matching, folded_transaction};
use payments::{Ledger, Payments};
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::TxId;
use recover_core::decimal::Decimal;
use recover_core::deposit::{Classification, Deposit, Origin};
use recover_core::fee::Cents;
use recover_core::network::NetworkId;
use recover_core::observation::{DepositId, Observation};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io::Read;
use value::{PriceBook, PricesUsed};

/// Deposits that are judged again in one go.
const BATCH: usize = 1_000;

/// What a backtest is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Reading the file; so many rows were read.
    Read(u64),
    /// Matching so many appeals: the longest step.
    Match(u64),
    /// Comparing; so many cases are done.
    Compare(u64),
}

/// Told what a backtest is doing.
pub type BacktestProgress<'a> = &'a (dyn Fn(Step) + Send + Sync);

impl Engine {
    /// Replays closed cases. With `explained`, the case with this id keeps every reason of its match. Rows that cannot be
    /// read go to the file's reject file; nothing else is written anywhere.
    ///
    /// # Errors
    /// When no policy is loaded, the file's columns are not understood, it cannot be read, or the store fails.
    pub async fn backtest<R: Read>(
        &self,
        file: IntakeFile<R>,
        explained: Option<&str>,
        progress: BacktestProgress<'_>,
    ) -> Result<BacktestReport, EngineError> {
        let policy = self.policy()?;
        let mut report = BacktestReport {
            currency: policy.currency.clone(),
            policy: policy.name.clone(),
            run_at: self.now(),
            closed: None,
            outcomes: BTreeMap::new(),
            classes: BTreeMap::new(),
            disagreeing: 0,
            fee_over: Cents::default(),
            fee_under: Cents::default(),
            cases: Vec::new(),
            unreadable: Vec::new(),
            reject_file: None,
            prices: Vec::new(),
            unpriced: BTreeMap::new(),
            set_aside: 0,
            secrets: import::SecretsFound::default(),
        };
        let cases = self.read_closed(file, &mut report, progress)?;
        progress(Step::Match(u64::try_from(cases.len()).unwrap_or(u64::MAX)));
        let matching = self.match_closed(&cases, explained).await?;
        let deposits = self.deposits_in_question(&cases, &matching).await?;
        let paid: Vec<Paid> = cases
            .iter()
            .zip(&matching.matched)
            .map(|(case, ours)| what_was_paid(case, ours, &matching, &deposits))
            .collect();
        let known: Vec<Option<DepositId>> = paid.iter().map(|paid| paid.known().cloned()).collect();
        let ledger = self.ledger_about(&deposits).await?;
        let payments = Payments::new(
            &cases,
            &known,
            &deposits,
            &matching.outputs,
            &ledger,
            &self.chains,
        );
        drop(ledger);
        report.set_aside = u64::try_from(payments.set_aside.len()).unwrap_or(u64::MAX);
        let judged_again = self.judge_again(&deposits, &payments).await?;
        let mut assets: BTreeSet<AssetId> = deposits
            .values()
            .map(|deposit| deposit.asset().clone())
            .collect();
        assets.extend(self.fee_assets(&cases, &deposits));
        let prices = PriceBook::load(self, assets, policy).await?;
        let mut claimants: HashMap<DepositId, BTreeSet<&str>> = HashMap::new();
        for (case, ours) in cases.iter().zip(&matching.matched) {
            if let Some(id) = &ours.deposit {
                let users = claimants.entry(id.clone()).or_default();
                users.insert(&case.appeal.user_id);
            }
        }
        let world = World {
            cases: &cases,
            deposits: &deposits,
            judged_again: &judged_again,
            witness: &matching.witness,
            payments: &payments,
            claimants: &claimants,
            missing: &missing(&cases, &paid),
            prices: &prices,
            policy,
            chains: &self.chains,
        };
        compare(&world, &paid, &matching.matched, &mut report, progress);
        Ok(report)
    }

    fn read_closed<R: Read>(
        &self,
        file: IntakeFile<R>,
        report: &mut BacktestReport,
        progress: BacktestProgress<'_>,
    ) -> Result<Vec<ClosedCase>, EngineError> {
        const TOLD_EVERY: u64 = 2_000;
        let context = self.context();
        let mut records = import::closed(&file.name, file.reader, &file.map, &context)?;
        let mut rejects = RejectFile::at(&file.reject);
        let mut cases: Vec<ClosedCase> = Vec::new();
        let mut ids: HashSet<String> = HashSet::new();
        let mut rows: u64 = 0;
        for record in records.by_ref() {
            rows = rows.saturating_add(1);
            if rows.is_multiple_of(TOLD_EVERY) {
                progress(Step::Read(rows));
            }
            match record? {
                Ok(case) if !ids.insert(case.appeal.id.as_str().to_owned()) => {
                    report.unreadable.push(Unreadable {
                        which: case.appeal.id.to_string(),
                        reason: "the case is in the file twice: its first row was taken".to_owned(),
                    });
                }
                Ok(case) => cases.push(case),
                Err(reject) => {
                    rejects.add(&reject)?;
                    report.unreadable.push(Unreadable {
                        which: format!("line {}", reject.line),
                        reason: reject.reason.to_string(),
                    });
                }
            }
        }
        rejects.finish()?;
        report.secrets = records.secrets().clone();
        report.reject_file = (rejects.count() > 0).then(|| rejects.path().to_owned());
        Ok(cases)
    }

    /// The deposits that the file or matching names.
    async fn deposits_in_question(
        &self,
        cases: &[ClosedCase],
        matching: &Matching,
    ) -> Result<HashMap<DepositId, Deposit>, EngineError> {
        let mut ids: BTreeSet<DepositId> = cases
            .iter()
            .filter_map(|case| case.deposit.clone())
            .collect();
        ids.extend(
            matching
                .matched
                .iter()
                .filter_map(|ours| ours.deposit.clone()),
        );
        let of_transactions = matching.by_transaction.values().flatten();
        ids.extend(of_transactions.map(|(_, id)| id.clone()));
        let ids: Vec<DepositId> = ids.into_iter().collect();
        let stored = self.store.deposits_by_ids(&ids).await?;
        Ok(stored
            .into_iter()
            .map(|stored| (stored.deposit.id(), stored.deposit))
            .collect())
    }

    async fn ledger_about(
        &self,
        deposits: &HashMap<DepositId, Deposit>,
    ) -> Result<Ledger, EngineError> {
        let mut transactions: BTreeMap<&NetworkId, BTreeSet<&TxId>> = BTreeMap::new();
        for deposit in deposits.values() {
            let of_network = transactions.entry(deposit.network()).or_default();
            of_network.insert(deposit.tx_id());
        }
        let mut ledger = Ledger::new();
        for (network, ids) in transactions {
            let ids: Vec<TxId> = ids.into_iter().cloned().collect();
            for row in self.store.ledger_of_transactions(network, &ids).await? {
                let key = (network.clone(), row.tx_id.clone());
                ledger.entry(key).or_default().push(row);
            }
        }
        Ok(ledger)
    }

    /// What those deposits are whose booking is set aside, from what is stored: no source is asked.
    async fn judge_again(
        &self,
        deposits: &HashMap<DepositId, Deposit>,
        payments: &Payments,
    ) -> Result<HashMap<DepositId, Classification>, EngineError> {
        let mut by_network: BTreeMap<&NetworkId, Vec<&Observation>> = BTreeMap::new();
        for id in &payments.booked_by_file {
            if let Some(Deposit {
                origin: Origin::Observed(observation),
                ..
            }) = deposits.get(id)
            {
                let list = by_network.entry(&observation.network).or_default();
                list.push(observation);
            }
        }
        let nobody = BTreeMap::new();
        let mut judged = HashMap::new();
        for (network, observations) in by_network {
            // A deposit of a network that the configuration lost keeps what is stored about it.
            if self.chains.network(network).is_none() {
                continue;
            }
            let finalized = self.store.finalized_height(network).await?;
            let gatherer = FactGatherer::new(
                &self.store,
                &self.chains,
                &self.adapters,
                network,
                &nobody,
                finalized,
            )?
            .setting_aside(payments.set_aside.clone());
            for batch in observations.chunks(BATCH) {
                let batch: Vec<Observation> = batch.iter().map(|one| (*one).clone()).collect();
                for credit in gatherer.judge(batch).await? {
                    judged.insert(credit.observation.id(), credit.classification);
                }
            }
        }
        Ok(judged)
    }

    /// The coins in which fees were taken, other than those of the deposits.
    fn fee_assets(
        &self,
        cases: &[ClosedCase],
        deposits: &HashMap<DepositId, Deposit>,
    ) -> BTreeSet<AssetId> {
        let symbols: BTreeSet<&str> = cases
            .iter()
            .filter_map(|case| case.fee.as_ref()?.asset.as_deref())
            .collect();
        let networks: BTreeSet<&NetworkId> = deposits.values().map(Deposit::network).collect();
        networks
            .into_iter()
            .filter_map(|network| self.chains.network(network))
            .flat_map(|network| {
                symbols
                    .iter()
                    .filter_map(|symbol| network.asset_by_symbol(symbol))
            })
            .collect()
    }
}

/// Which deposit the desk paid. A transaction with several deposits is decided by the amount, then by what the appeal means.
fn what_was_paid(
    case: &ClosedCase,
    ours: &Matched,
    matching: &Matching,
    deposits: &HashMap<DepositId, Deposit>,
) -> Paid {
    if !case.outcome.is_paid() {
        return Paid::Nothing;
    }
    let missing = |named: String, advice| Paid::Missing { named, advice };
    if let Some(id) = &case.deposit {
        return if deposits.contains_key(id) {
            Paid::Known(id.clone())
        } else {
            missing(
                format!("deposit {id}"),
                "it is not in the database; import or scan it and run this again",
            )
        };
    }
    let Some(tx_id) = &case.tx_id else {
        return missing(
            "an unnamed deposit".to_owned(),
            "give outcome_deposit_id or outcome_tx_id",
        );
    };
    let named = || format!("transaction {tx_id}");
    let in_it: Vec<&Deposit> = matching
        .by_transaction
        .get(&folded_transaction(tx_id))
        .into_iter()
        .flatten()
        .filter(|(network, _)| case.network.as_ref().is_none_or(|own| own == network))
        .filter_map(|(_, id)| deposits.get(id))
        .collect();
    let of_amount: Vec<&Deposit> = in_it
        .iter()
        .copied()
        .filter(|deposit| is_amount(case, deposit))
        .collect();
    let supported: Vec<&Deposit> = in_it
        .iter()
        .copied()
        .filter(|deposit| {
            let support = matching.witness.support(case.payee(), deposit, case);
            support.is_proven()
        })
        .collect();
    let meant: Vec<&Deposit> = in_it
        .iter()
        .copied()
        .filter(|deposit| ours.deposit.as_ref() == Some(&deposit.id()))
        .collect();
    for list in [&in_it, &of_amount, &supported, &meant] {
        if let [one] = list.as_slice() {
            return Paid::Known(one.id());
        }
    }
    if in_it.is_empty() {
        missing(
            named(),
            "it is not in the database; import or scan it and run this again",
        )
    } else {
        missing(
            named(),
            "it has several deposits; name the one with outcome_deposit_id",
        )
    }
}

/// Whether exactly the deposit's amount was paid out, or that less a fee in the same coin.
fn is_amount(case: &ClosedCase, deposit: &Deposit) -> bool {
    let arrived = Decimal::from_parts(deposit.amount(), deposit.decimals);
    let is = |paid: Decimal| arrived.is_some_and(|arrived| arrived.to_string() == paid.to_string());
    let with_fee = || {
        let (paid, fee) = (case.amount?, case.fee.as_ref()?);
        fee.asset.as_ref()?;
        let scale = paid.scale().max(fee.amount.scale());
        let widened = |number: Decimal| {
            let factor = Amount::power_of_ten(scale.checked_sub(number.scale())?)?;
            number
                .digits()
                .mul_ratio_floor(factor, Amount::from_u128(1))
        };
        Decimal::from_parts(widened(paid)?.checked_add(widened(fee.amount)?)?, scale)
    };
    case.amount.is_some_and(is) || with_fee().is_some_and(is)
}

/// The cases that name a deposit which is not here, by how they name it, earliest closing first. What they do not name is
/// nobody's twin.
fn missing(cases: &[ClosedCase], paid: &[Paid]) -> HashMap<String, Vec<usize>> {
    let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
    for (place, (case, paid)) in cases.iter().zip(paid).enumerate() {
        let is_named = case.deposit.is_some();
        if let (Paid::Missing { named, .. }, true) = (paid, is_named) {
            by_name.entry(named.clone()).or_default().push(place);
        }
    }
    for places in by_name.values_mut() {
        places.sort_by_key(|place| {
            cases
                .get(*place)
                .map(|case| (case.closed_at, case.appeal.id.clone()))
        });
    }
    by_name
}

/// Compares every case and adds the sums up.
fn compare(
    world: &World<'_>,
    paid: &[Paid],
    matched: &[Matched],
    report: &mut BacktestReport,
    progress: BacktestProgress<'_>,
) {
    const TOLD_EVERY: usize = 2_000;
    let mut used = PricesUsed::default();
    for (place, (paid, ours)) in paid.iter().zip(matched).enumerate() {
        if place.is_multiple_of(TOLD_EVERY) {
            progress(Step::Compare(u64::try_from(place).unwrap_or(u64::MAX)));
        }
        let Some(judged) = world.judge(place, paid, ours) else {
            continue;
        };
        let mut result = judged.result;
        result.price = judged.price.map(|(price, basis)| used.note(price, basis));
        if let Some(asset) = judged.unpriced {
            let count = report.unpriced.entry(asset).or_default();
            *count = count.saturating_add(1);
        }
        if let Some((cents, is_above)) = judged.fee_off {
            let sum = if is_above {
                &mut report.fee_over
            } else {
                &mut report.fee_under
            };
            *sum = sum.checked_add(cents).unwrap_or(*sum);
        }
        let id = result.id.as_str();
        let paid_value = if result.desk.outcome.is_paid() {
            result.value
        } else {
            Money::None
        };
        let outcome = report.outcomes.entry(result.desk.outcome).or_default();
        outcome.add(id, paid_value);
        // The money of a case counts once in a class, whatever was found there.
        let mut told: BTreeSet<Class> = BTreeSet::new();
        for finding in &result.findings {
            if told.insert(finding.class) {
                let total = report.classes.entry(finding.class).or_default();
                total.add(id, finding.money);
            }
        }
        if result.class().is_disagreement() {
            report.disagreeing = report.disagreeing.saturating_add(1);
        }
        let at = result.desk.closed_at;
        report.closed = Some(match report.closed {
            None => (at, at),
            Some((first, last)) => (first.min(at), last.max(at)),
        });
        report.cases.push(result);
    }
    for row in &report.unreadable {
        let total = report.classes.entry(Class::Unreadable).or_default();
        total.add(&row.which, Money::Unknown);
    }
    report.prices = used.list;
}
