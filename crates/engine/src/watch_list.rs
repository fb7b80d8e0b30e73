//! The watch list: what cannot go on today, looked at again every night. What an entry waits for fires it once; the appeal that
//! waits goes on, and a person is told.

use crate::appeals::{AppealWorkError, not_found};
use crate::claims::ENGINE_ACTOR;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::prices::Wanted;
use recover_core::advice::{Seen, Trigger, TriggerCode};
use recover_core::amount::Amount;
use recover_core::appeal::{AppealId, AppealStatus};
use recover_core::appeal_work::Act;
use recover_core::asset::{AssetId, AssetReference, AssetStanding, TokenReview};
use recover_core::claim::Resolution;
use recover_core::deposit::{Deposit, DepositStatus};
use recover_core::kind::Kind;
use recover_core::network::NetworkId;
use recover_core::observation::DepositId;
use recover_core::people::Role;
use recover_core::time::Timestamp;
use recover_core::verdict::Verdict;
use recover_matching::secret;
use recover_store::{NewWatch, WatchAnswer, WatchEntry, WatchFilter, WatchMove, WatchStep};
use std::collections::BTreeMap;
use std::time::Duration;

/// How many entries are read at once.
const PAGE: u32 = 500;

/// How long a network may take to say what its work costs.
const PATIENCE: Duration = Duration::from_millis(4_500);

/// Who may say what is watched: whoever works on appeals.
const WATCHERS: &[Role] = &[Role::Agent, Role::Specialist];

/// Why the watch list was not changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WatchError {
    /// The person's roles do not allow it.
    #[error("{person} may not change the watch list: {who} may")]
    MayNot {
        /// Who tried.
        person: String,
        /// Who may.
        who: String,
    },
    /// The deposit needs no watching.
    #[error("deposit '{deposit}' is {}: nothing of it is waited for", .status.code())]
    Done {
        /// The deposit.
        deposit: DepositId,
        /// Where it stands.
        status: DepositStatus,
    },
    /// What should be watched for is there already.
    #[error("deposit '{deposit}' need not wait: {what}, now already")]
    Met {
        /// The deposit.
        deposit: DepositId,
        /// What is there.
        what: String,
    },
    /// Nothing follows from the deposit's advice that could be watched for.
    #[error(
        "nothing follows from deposit '{deposit}' that could be watched for: `recover deposits show` gives the advice; name a --for, or a day with --recheck"
    )]
    NothingToWatch {
        /// The deposit.
        deposit: DepositId,
    },
    /// A day that is over.
    #[error("{day} is over: name a day to come")]
    DayOver {
        /// The day.
        day: Timestamp,
    },
    /// A trigger that does not fit the deposit.
    #[error("{code} cannot be watched for here: {why}")]
    Unfit {
        /// What was asked for.
        code: TriggerCode,
        /// Why not.
        why: &'static str,
    },
    /// The entry ended before.
    #[error("'{id}' ended before: nothing was changed")]
    Ended {
        /// The entry.
        id: String,
    },
}

/// What somebody wants watched of a deposit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WatchWish {
    /// For what; empty for what follows from the deposit's advice.
    pub codes: Vec<TriggerCode>,
    /// The most that the network may take, in its own coin, for [`TriggerCode::NetworkCostBelow`].
    pub ceiling: Option<String>,
    /// When to look at it whatever has come.
    pub recheck_at: Option<Timestamp>,
    /// The appeal that waits for it.
    pub appeal: Option<AppealId>,
    /// Whether everything is done and nothing kept.
    pub dry_run: bool,
}

/// What was put on the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    /// The entry.
    pub entry: WatchEntry,
    /// Whether it stood so already.
    pub is_repeat: bool,
}

/// What looking at the list did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WatchReport {
    /// Entries whose trigger came.
    pub fired: u64,
    /// Appeals that go on because of it.
    pub resumed: u64,
    /// Entries whose deposit needs no watching any more.
    pub closed: u64,
}

/// What was found out in one look at the list: each network and price is asked once.
#[derive(Default)]
struct Asked {
    prices: BTreeMap<AssetId, Option<bool>>,
    /// What moving a deposit costs, by its network, whether it is the network's own coin, and the steps before it.
    costs: BTreeMap<(NetworkId, bool, usize), Amount>,
}

impl Engine {
    /// Watches a deposit for what was named, or for what follows from its advice.
    ///
    /// # Errors
    /// When the person may not, the deposit is unknown or needs no watching, what is named does not fit or is there already,
    /// or the store fails.
    pub async fn watch(
        &self,
        deposit: &DepositId,
        wish: &WatchWish,
        name: Option<&str>,
    ) -> Result<Vec<Watched>, EngineError> {
        let person = self.watcher(name).await?;
        let stored = self
            .store
            .deposit(deposit)
            .await?
            .ok_or_else(|| unknown_deposit(deposit))?;
        let deposit = &stored.deposit;
        if !matches!(
            deposit.status,
            DepositStatus::Open | DepositStatus::Unconfirmed
        ) {
            return Err(WatchError::Done {
                deposit: deposit.id(),
                status: deposit.status,
            }
            .into());
        }
        if let Some(day) = wish.recheck_at.filter(|day| *day <= self.now()) {
            return Err(WatchError::DayOver { day }.into());
        }
        let triggers = self.wished(deposit, wish).await?;
        let mut asked = Asked::default();
        for trigger in &triggers {
            if self.has_come(trigger, deposit, &mut asked, true).await? {
                return Err(WatchError::Met {
                    deposit: deposit.id(),
                    what: self.awaited(trigger),
                }
                .into());
            }
        }
        let mut watched = Vec::new();
        for trigger in triggers {
            let new = NewWatch {
                deposit: deposit.id(),
                appeal: wish.appeal.clone(),
                trigger,
                recheck_at: wish.recheck_at,
            };
            watched.push(self.put_watch(new, &person, wish.dry_run).await?);
        }
        Ok(watched)
    }

    async fn put_watch(
        &self,
        new: NewWatch,
        person: &str,
        dry_run: bool,
    ) -> Result<Watched, EngineError> {
        let (deposit, appeal) = (new.deposit.clone(), new.appeal.clone());
        let answer = self
            .store
            .add_watch(new, person, self.now(), dry_run)
            .await?;
        match answer {
            WatchAnswer::Added(entry) | WatchAnswer::Changed(entry) => Ok(Watched {
                entry,
                is_repeat: false,
            }),
            WatchAnswer::Repeated(entry) => Ok(Watched {
                entry,
                is_repeat: true,
            }),
            WatchAnswer::Done(status) => Err(WatchError::Done { deposit, status }.into()),
            WatchAnswer::NotFound("appeal") => {
                Err(not_found(&appeal.unwrap_or_else(|| AppealId::verbatim(""))))
            }
            WatchAnswer::NotFound(_) => Err(unknown_deposit(&deposit)),
        }
    }

    /// What is to be watched for: as named, else the first of the advice that waits for something, else the day alone.
    async fn wished(
        &self,
        deposit: &Deposit,
        wish: &WatchWish,
    ) -> Result<Vec<Trigger>, EngineError> {
        let mut triggers = Vec::new();
        for code in &wish.codes {
            triggers.push(self.named_trigger(*code, deposit, wish).await?);
        }
        if triggers.is_empty() {
            triggers.extend(self.default_trigger(deposit).await?);
        }
        if let (true, Some(day)) = (triggers.is_empty(), wish.recheck_at) {
            triggers.push(Trigger::Date(day));
        }
        if triggers.is_empty() {
            return Err(WatchError::NothingToWatch {
                deposit: deposit.id(),
            }
            .into());
        }
        triggers.sort();
        triggers.dedup();
        Ok(triggers)
    }

    /// What follows from a deposit's advice that could be watched for: the first that waits for something.
    async fn default_trigger(&self, deposit: &Deposit) -> Result<Option<Trigger>, EngineError> {
        let quote = self.quote_where_possible(deposit).await?;
        let advice = self.advice(deposit, quote.as_ref()).await?;
        Ok(advice.into_iter().find_map(|advised| advised.trigger))
    }

    async fn quote_where_possible(
        &self,
        deposit: &Deposit,
    ) -> Result<Option<crate::quote::DepositQuote>, EngineError> {
        if !deposit.classification.verdict.is_recoverable() || !self.may_quote().await? {
            return Ok(None);
        }
        // Nobody waits for a network that is silent.
        match tokio::time::timeout(PATIENCE, self.estimate(deposit)).await {
            Ok(quote) => quote.map(Some),
            Err(_) => Ok(None),
        }
    }

    /// The name of who changes the list, where they may.
    async fn watcher(&self, name: Option<&str>) -> Result<String, EngineError> {
        match self.worker(name, Act::Wait, WATCHERS).await {
            Ok(person) => Ok(person.name),
            Err(EngineError::AppealWork(AppealWorkError::MayNot { person, who, .. })) => {
                Err(WatchError::MayNot { person, who }.into())
            }
            Err(other) => Err(other),
        }
    }

    async fn named_trigger(
        &self,
        code: TriggerCode,
        deposit: &Deposit,
        wish: &WatchWish,
    ) -> Result<Trigger, EngineError> {
        let unfit = |why| WatchError::Unfit { code, why }.into();
        let network = deposit.network().clone();
        let asset = deposit.asset().clone();
        let to = deposit.to().to_owned();
        Ok(match code {
            TriggerCode::NetworkReopened => Trigger::NetworkReopened(network),
            TriggerCode::AssetListed => Trigger::AssetListed(asset),
            TriggerCode::TokenReviewed => match asset.contract_text() {
                Some(_) => Trigger::TokenReviewed(asset),
                None => return Err(unfit("only a token's contract is reviewed")),
            },
            TriggerCode::PriceKnown => Trigger::PriceKnown(asset),
            TriggerCode::FactoryInPlace => match deposit.classification.kind {
                Kind::WrongChainContract => Trigger::FactoryInPlace(network, to),
                _ => return Err(unfit("no contract of ours would have to stand there")),
            },
            TriggerCode::ControlKnown => Trigger::ControlKnown(network, to),
            TriggerCode::NetworkCostBelow => {
                let ceiling = self.wished_ceiling(deposit, wish).await?;
                ceiling.ok_or_else(|| unfit(
                    "no cost of the network makes it pay, or none is known: name one with --ceiling",
                ))?;
                // One that nobody named is that of today: the price of then decides.
                Trigger::NetworkCostBelow(network, ceiling.filter(|_| wish.ceiling.is_some()))
            }
            TriggerCode::MinimumReached => Trigger::MinimumReached(asset, to),
            TriggerCode::Recoverable => Trigger::Recoverable,
            TriggerCode::Date => Trigger::Date(
                wish.recheck_at
                    .ok_or_else(|| unfit("name the day with --recheck"))?,
            ),
        })
    }

    async fn wished_ceiling(
        &self,
        deposit: &Deposit,
        wish: &WatchWish,
    ) -> Result<Option<Amount>, EngineError> {
        if let Some(text) = &wish.ceiling {
            let network = self.network(deposit.network().as_str())?;
            let amount = Amount::from_coin_text(text, network.native.terms.decimals);
            return amount.map(Some).map_err(|_| EngineError::UnknownWord {
                what: "amount of the network's coin",
                word: text.clone(),
                expected: format!(
                    "a plain decimal with at most {} decimals",
                    network.native.terms.decimals
                ),
            });
        }
        let quote = self.quote_where_possible(deposit).await?;
        Ok(quote.and_then(|quote| {
            let now = quote.network_amount?;
            quote.network_ceiling.filter(|ceiling| *ceiling < now)
        }))
    }

    /// Ends an entry; the appeal that waits for it goes on waiting.
    ///
    /// # Errors
    /// When the person may not, the entry is unknown or ended before, or the store fails.
    pub async fn drop_watch(
        &self,
        id: &str,
        reason: &str,
        name: Option<&str>,
    ) -> Result<(), EngineError> {
        let person = self.watcher(name).await?;
        let reason = secret::redact(reason).text.into_owned();
        let step = self
            .store
            .step_watch(id, WatchMove::Drop, &person, &reason, self.now())
            .await?;
        match step {
            WatchStep::Done(_) => Ok(()),
            WatchStep::Before => Err(WatchError::Ended { id: id.to_owned() }.into()),
            WatchStep::NotFound => Err(EngineError::NotFound {
                what: "entry of the watch list",
                id: id.to_owned(),
                hint: "`recover watch list` shows those that are",
            }),
        }
    }

    /// Watches for what follows from the deposit of an appeal that begins to wait; `None` where nothing does, or it is paired
    /// with none.
    pub(crate) async fn watch_for_appeal(
        &self,
        appeal: &AppealId,
        person: &str,
    ) -> Result<Option<Watched>, EngineError> {
        let Some(paired) = self
            .store
            .match_outcome(appeal)
            .await?
            .and_then(|outcome| outcome.deposit)
        else {
            return Ok(None);
        };
        let Some(stored) = self.store.deposit(&paired).await? else {
            return Ok(None);
        };
        let deposit = &stored.deposit;
        let can_be_watched = matches!(
            deposit.status,
            DepositStatus::Open | DepositStatus::Unconfirmed
        );
        if !can_be_watched {
            return Ok(None);
        }
        let Some(trigger) = self.default_trigger(deposit).await? else {
            return Ok(None);
        };
        if self
            .has_come(&trigger, deposit, &mut Asked::default(), true)
            .await?
        {
            return Ok(None);
        }
        let new = NewWatch {
            deposit: deposit.id(),
            appeal: Some(appeal.clone()),
            recheck_at: self.day_to_look_again(deposit, &trigger).await?,
            trigger,
        };
        self.put_watch(new, person, false).await.map(Some)
    }

    /// When somebody looks again at what an appeal waits for, as long as anything waits by the policy; `None` where an open entry
    /// has a day to come already.
    async fn day_to_look_again(
        &self,
        deposit: &Deposit,
        trigger: &Trigger,
    ) -> Result<Option<Timestamp>, EngineError> {
        let filter = WatchFilter {
            open_only: true,
            deposit: Some(deposit.id()),
            ..WatchFilter::default()
        };
        let now = self.now();
        let entries = self.store.list_watch(&filter, None, PAGE).await?;
        let has_day = entries.iter().any(|entry| {
            entry.trigger == *trigger && entry.recheck_at.is_some_and(|day| day > now)
        });
        let hours = i64::from(self.service_levels().wait_hours);
        Ok(now
            .plus_seconds(hours.saturating_mul(3_600))
            .filter(|_| !has_day))
    }

    /// Looks at every open entry: fires those whose trigger or day came, closes those whose deposit needs no watching any
    /// more. Running it twice changes nothing the second time.
    pub(crate) async fn look_at_watch_list(
        &self,
        ask_sources: bool,
    ) -> Result<WatchReport, EngineError> {
        let mut report = WatchReport::default();
        let mut asked = Asked::default();
        let filter = WatchFilter {
            open_only: true,
            ..WatchFilter::default()
        };
        let mut after: Option<WatchEntry> = None;
        loop {
            let page = self.store.list_watch(&filter, after.as_ref(), PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(report);
            };
            after = Some(last.clone());
            for entry in page {
                self.look_at_entry(&entry, &mut asked, ask_sources, &mut report)
                    .await?;
            }
        }
    }

    async fn look_at_entry(
        &self,
        entry: &WatchEntry,
        asked: &mut Asked,
        ask_sources: bool,
        report: &mut WatchReport,
    ) -> Result<(), EngineError> {
        let Some(stored) = self.store.deposit(&entry.deposit).await? else {
            return Ok(());
        };
        // What a reorganisation put in doubt may be back by the next run.
        if stored.suspect_at.is_some() {
            return Ok(());
        }
        let deposit = &stored.deposit;
        if let Some(why) = needs_no_watching(deposit, &entry.trigger) {
            let step = self
                .store
                .step_watch(&entry.id, WatchMove::Close, ENGINE_ACTOR, &why, self.now())
                .await?;
            count(step, &mut report.closed, &mut report.resumed);
            return Ok(());
        }
        if entry.fired.is_some() {
            return Ok(());
        }
        let why = if self
            .has_come(&entry.trigger, deposit, asked, ask_sources)
            .await?
        {
            self.awaited(&entry.trigger)
        } else if let Some(day) = entry.recheck_at.filter(|day| *day <= self.now()) {
            format!("{day} has come: look at it again")
        } else {
            return Ok(());
        };
        let step = self
            .store
            .step_watch(&entry.id, WatchMove::Fire, ENGINE_ACTOR, &why, self.now())
            .await?;
        count(step, &mut report.fired, &mut report.resumed);
        Ok(())
    }

    /// Whether what a trigger waits for has come for a deposit. What cannot be found out has not.
    async fn has_come(
        &self,
        trigger: &Trigger,
        deposit: &Deposit,
        asked: &mut Asked,
        ask_sources: bool,
    ) -> Result<bool, EngineError> {
        let mut seen = Seen::of(&deposit.classification.verdict, self.now());
        match trigger {
            Trigger::NetworkReopened(network) => {
                seen.network = self
                    .chains
                    .network(network)
                    .map(|network| (network.deposits, network.recovery));
            }
            Trigger::AssetListed(asset) | Trigger::TokenReviewed(asset) => {
                seen.asset = self.asset_standing(asset).await?;
            }
            Trigger::PriceKnown(asset) => {
                seen.has_price = match asked.prices.get(asset) {
                    Some(known) => *known,
                    None => {
                        let known = self.has_price(asset).await?;
                        asked.prices.insert(asset.clone(), known);
                        known
                    }
                };
            }
            Trigger::NetworkCostBelow(_, None) if ask_sources => {
                let quote = self.quote_where_possible(deposit).await?;
                seen.is_quoted = quote.map(|quote| quote.outcome.is_ok());
            }
            Trigger::NetworkCostBelow(_, None) => {}
            Trigger::NetworkCostBelow(network, Some(_)) => {
                let key = cost_key(network, deposit);
                seen.network_cost = match asked.costs.get(&key) {
                    Some(known) => Some(*known),
                    None if ask_sources => {
                        let quote = self.quote_where_possible(deposit).await?;
                        let cost = quote.and_then(|quote| quote.network_amount);
                        // That nothing was said of one deposit says nothing of another.
                        if let Some(cost) = cost {
                            asked.costs.insert(key, cost);
                        }
                        cost
                    }
                    None => None,
                };
            }
            Trigger::MinimumReached(..) => {
                seen.is_quoted = self.is_quoted(deposit, ask_sources).await?;
            }
            Trigger::FactoryInPlace(..)
            | Trigger::ControlKnown(..)
            | Trigger::Recoverable
            | Trigger::Date(_) => {}
        }
        Ok(trigger.is_met(&seen))
    }

    /// How we stand to an asset as things are now; `None` where its network is not configured.
    async fn asset_standing(&self, asset: &AssetId) -> Result<Option<AssetStanding>, EngineError> {
        let review = match self.chains.terms(asset) {
            Some(_) => TokenReview::Unreviewed,
            None => self.store.token_review(asset).await?,
        };
        Ok(self.chains.standing(asset, review))
    }

    /// Whether an asset has a price that counts now; `None` without a policy.
    async fn has_price(&self, asset: &AssetId) -> Result<Option<bool>, EngineError> {
        if self.policy.is_none() {
            return Ok(None);
        }
        let price = self.price(&Wanted::now(asset, self.now())).await?;
        Ok(Some(price.is_ok()))
    }

    /// Whether a deposit is enough to be worked: a quote is given for it. Without a policy nobody quotes.
    async fn is_quoted(
        &self,
        deposit: &Deposit,
        ask_sources: bool,
    ) -> Result<Option<bool>, EngineError> {
        let classification = &deposit.classification;
        let resolution = Resolution::proposed(classification.kind, &classification.verdict);
        if resolution.needs_transaction() && !ask_sources {
            return Ok(None);
        }
        let quote = self.quote_where_possible(deposit).await?;
        Ok(quote.map(|quote| quote.outcome.is_ok()))
    }

    /// What a trigger waits for, in words.
    #[must_use]
    pub fn awaited(&self, trigger: &Trigger) -> String {
        let network = match trigger {
            Trigger::NetworkReopened(network)
            | Trigger::FactoryInPlace(network, _)
            | Trigger::ControlKnown(network, _)
            | Trigger::NetworkCostBelow(network, _) => Some(network),
            Trigger::AssetListed(asset)
            | Trigger::TokenReviewed(asset)
            | Trigger::PriceKnown(asset)
            | Trigger::MinimumReached(asset, _) => Some(&asset.network),
            Trigger::Recoverable | Trigger::Date(_) => None,
        };
        let network = network.and_then(|network| self.chains.network(network));
        crate::advice::awaited(trigger, network)
    }
}

/// Why an entry has an end although its trigger did not come; `None` while it is worth watching.
fn needs_no_watching(deposit: &Deposit, trigger: &Trigger) -> Option<String> {
    match deposit.status {
        DepositStatus::Claimed => Some("a claim is open on it".to_owned()),
        DepositStatus::Resolved => Some("it is resolved".to_owned()),
        DepositStatus::Gone => Some("a reorganisation removed it".to_owned()),
        DepositStatus::Open | DepositStatus::Unconfirmed => match deposit.classification.verdict {
            Verdict::NotRecoverable(reason) if !trigger.outlives(reason) => {
                Some(format!("it cannot be recovered: {reason}"))
            }
            _ => None,
        },
    }
}

/// What the network's cost of moving a deposit depends on.
fn cost_key(network: &NetworkId, deposit: &Deposit) -> (NetworkId, bool, usize) {
    let legs = match &deposit.classification.verdict {
        Verdict::NeedsDeploy(legs) => legs.len(),
        Verdict::Controllable(_) | Verdict::Conditional(_) | Verdict::NotRecoverable(_) => 0,
    };
    let is_native = deposit.asset().reference == AssetReference::Native;
    (network.clone(), is_native, legs)
}

fn count(step: WatchStep, done: &mut u64, resumed: &mut u64) {
    if let WatchStep::Done(appeal) = step {
        *done = done.saturating_add(1);
        if matches!(appeal, Some(AppealStatus::Matched | AppealStatus::Received)) {
            *resumed = resumed.saturating_add(1);
        }
    }
}

fn unknown_deposit(id: &DepositId) -> EngineError {
    EngineError::NotFound {
        what: "deposit",
        id: id.to_string(),
        hint: "`recover deposits list` shows those that are",
    }
}
