//! Several sources of one network behind one face: asked in order, each believed only as far as it can prove.

use crate::chain::{
    AccountPage, AccountRequest, Capabilities, ChainRead, Gap, Head, Header, HistoryUpdate, Lookup,
    NetworkCost, Part, ScanRequest, ScanUpdate, Spender, TokenClaims, TransactionView,
};
use crate::error::SourceError;
use async_trait::async_trait;
use recover_core::address::Address;
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::{Height, HeightRange, TxId};
use recover_core::network::NetworkId;
use recover_core::observation::{Observation, Outcome};
use recover_core::verdict::AccountState;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

/// The sources of one network in the order in which they are asked: nodes first, explorers second.
pub struct Sources {
    network: NetworkId,
    name: String,
    sources: Vec<Arc<dyn ChainRead>>,
}

impl std::fmt::Debug for Sources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sources")
            .field("network", &self.network)
            .field("sources", &self.names())
            .finish()
    }
}

/// A part of a range that no source has read yet, and what was said about it.
struct Need {
    range: HeightRange,
    parts: BTreeSet<Part>,
    said: Vec<String>,
}

impl Sources {
    /// The sources of one network, in order of preference.
    #[must_use]
    pub fn new(network: NetworkId, sources: Vec<Arc<dyn ChainRead>>) -> Self {
        let name = format!("sources of {network}");
        Self {
            network,
            name,
            sources,
        }
    }

    /// The sources, in the order in which they are asked.
    #[must_use]
    pub fn sources(&self) -> &[Arc<dyn ChainRead>] {
        &self.sources
    }

    fn names(&self) -> Vec<&str> {
        self.sources.iter().map(|source| source.name()).collect()
    }

    /// What failed where all did: the error itself where there is one source, else all of them by name.
    fn failed(&self, mut errors: Vec<SourceError>) -> SourceError {
        if errors.len() == 1
            && self.sources.len() == 1
            && let Some(error) = errors.pop()
        {
            return error;
        }
        let detail = if errors.is_empty() {
            "none is configured; add one to chains.toml".to_owned()
        } else {
            join(&errors.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        SourceError::AllFailed {
            network: self.network.to_string(),
            detail,
        }
    }

    /// Asks one source after another and takes the first answer.
    async fn first<T, F>(&self, ask: F) -> Result<T, SourceError>
    where
        T: Send,
        F: for<'a> Fn(
                &'a dyn ChainRead,
            ) -> std::pin::Pin<
                Box<dyn Future<Output = Result<T, SourceError>> + Send + 'a>,
            > + Send
            + Sync,
    {
        let mut errors = Vec::new();
        for source in &self.sources {
            match ask(source.as_ref()).await {
                Ok(answer) => return Ok(answer),
                Err(error) => {
                    tracing::warn!(source = source.name(), %error, "asking the next source");
                    errors.push(error);
                }
            }
        }
        Err(self.failed(errors))
    }

    /// The sources that answer, with what they can; and the errors of those that do not.
    async fn able(&self) -> (Vec<(&dyn ChainRead, Capabilities)>, Vec<SourceError>) {
        let answers = futures::future::join_all(
            self.sources
                .iter()
                .map(|source| async move { (source.as_ref(), source.capabilities().await) }),
        )
        .await;
        let mut able = Vec::new();
        let mut errors = Vec::new();
        for (source, answer) in answers {
            match answer {
                Ok(capabilities) => able.push((source, capabilities)),
                Err(error) => errors.push(error),
            }
        }
        (able, errors)
    }

    fn disagree(&self, detail: String) -> SourceError {
        SourceError::Inconsistent {
            origin: self.name.clone(),
            detail,
        }
    }

    /// Whether what a second source read belongs to the chain that the first follows.
    async fn same_branch(&self, first: &dyn ChainRead, end: &Header) -> Result<bool, SourceError> {
        let header = first.header(end.block.height).await?;
        Ok(header.is_some_and(|header| header.block.hash == end.block.hash))
    }
}

fn join(texts: &[String]) -> String {
    let mut seen = HashSet::new();
    let distinct: Vec<&str> = texts
        .iter()
        .map(String::as_str)
        .filter(|text| seen.insert(*text))
        .collect();
    distinct.join("; ")
}

/// Why two views of one transaction cannot both be true; `None` when they can. A view without a block is only older.
fn contradiction(left: &TransactionView, right: &TransactionView) -> Option<String> {
    let (Some(left_block), Some(right_block)) = (&left.block, &right.block) else {
        return None;
    };
    if left_block.hash != right_block.hash || left_block.height != right_block.height {
        return Some(format!(
            "block {} ({}) and block {} ({})",
            left_block.height, left_block.hash, right_block.height, right_block.hash
        ));
    }
    let known = |outcome| outcome != Outcome::Unknown;
    if known(left.outcome) && known(right.outcome) && left.outcome != right.outcome {
        return Some(format!(
            "outcome {} and {}",
            left.outcome.code(),
            right.outcome.code()
        ));
    }
    if left.to != right.to || left.signer != right.signer {
        return Some("other sender or recipient".to_owned());
    }
    // Movements are compared by position where both say they read that part.
    let by_position = |view: &TransactionView| -> BTreeMap<String, (String, Amount, String)> {
        view.credits
            .iter()
            .map(|credit| {
                let facts = (
                    credit.to.text().to_owned(),
                    credit.amount_stated,
                    credit.asset.to_string(),
                );
                (credit.position.as_str().to_owned(), facts)
            })
            .collect()
    };
    let (left_credits, right_credits) = (by_position(left), by_position(right));
    for (position, facts) in &left_credits {
        if let Some(other) = right_credits.get(position)
            && other != facts
        {
            return Some(format!("other facts at {position}"));
        }
    }
    let same_parts = left.unread.is_empty() && right.unread.is_empty();
    if same_parts && left_credits.len() != right_credits.len() {
        return Some(format!(
            "{} and {} movements",
            left_credits.len(),
            right_credits.len()
        ));
    }
    None
}

#[async_trait]
impl ChainRead for Sources {
    fn network(&self) -> &NetworkId {
        &self.network
    }

    fn name(&self) -> &str {
        &self.name
    }

    async fn capabilities(&self) -> Result<Capabilities, SourceError> {
        let (able, errors) = self.able().await;
        if able.is_empty() {
            return Err(self.failed(errors));
        }
        let mut all = Capabilities::default();
        for (_, capabilities) in able {
            all.scan.extend(capabilities.scan);
            all.history.extend(capabilities.history);
            all.accounts |= capabilities.accounts;
            all.state_at_height |= capabilities.state_at_height;
            all.proves_absence |= capabilities.proves_absence;
        }
        Ok(all)
    }

    async fn head(&self) -> Result<Head, SourceError> {
        self.first(|source| Box::pin(source.head())).await
    }

    /// The first header that a source has: one that lags behind the others has none yet.
    async fn header(&self, height: Height) -> Result<Option<Header>, SourceError> {
        let mut errors = Vec::new();
        let mut answered = false;
        for source in &self.sources {
            match source.header(height).await {
                Ok(Some(header)) => return Ok(Some(header)),
                Ok(None) => answered = true,
                Err(error) => errors.push(error),
            }
        }
        if answered {
            Ok(None)
        } else {
            Err(self.failed(errors))
        }
    }

    /// Every part from the first source that reads it; what that one leaves as a gap is asked of the next, and taken
    /// only where both follow the same branch.
    async fn scan(&self, request: &ScanRequest) -> Result<ScanUpdate, SourceError> {
        let (able, mut errors) = self.able().await;
        let mut said: Vec<String> = errors.iter().map(ToString::to_string).collect();
        let mut needs = vec![Need {
            range: request.range,
            parts: request.parts.clone(),
            said: Vec::new(),
        }];
        let mut update: Option<(&dyn ChainRead, ScanUpdate)> = None;
        for (source, capabilities) in &able {
            let mut open = Vec::new();
            for mut need in needs {
                let parts: BTreeSet<Part> = need
                    .parts
                    .intersection(&capabilities.scan)
                    .copied()
                    .collect();
                if parts.is_empty() {
                    open.push(need);
                    continue;
                }
                let part_request = ScanRequest {
                    range: need.range,
                    parts: parts.clone(),
                    ..request.clone()
                };
                let found = match source.scan(&part_request).await {
                    Ok(found) => found,
                    Err(error) => {
                        tracing::warn!(source = source.name(), %error, "asking the next source");
                        need.said.push(error.to_string());
                        errors.push(error);
                        open.push(need);
                        continue;
                    }
                };
                match &mut update {
                    None => update = Some((*source, found.clone())),
                    Some((first, update)) => {
                        if !self.same_branch(*first, &found.end).await? {
                            need.said.push(format!(
                                "{} and {} disagree about block {}",
                                first.name(),
                                source.name(),
                                found.end.block.height
                            ));
                            open.push(need);
                            continue;
                        }
                        merge(&mut update.observations, found.observations.clone());
                    }
                }
                need.parts.retain(|part| !parts.contains(part));
                if !need.parts.is_empty() {
                    open.push(need);
                }
                open.extend(found.gaps.into_iter().map(|gap| Need {
                    range: gap.range,
                    parts: BTreeSet::from([gap.part]),
                    said: vec![gap.reason],
                }));
            }
            needs = open;
            if needs.is_empty() {
                break;
            }
        }
        let Some((_, mut update)) = update else {
            return Err(self.failed(errors));
        };
        said.extend(needs.iter().flat_map(|need| need.said.iter().cloned()));
        update.gaps = needs
            .into_iter()
            .flat_map(|need| {
                let mut reasons = need.said;
                if reasons.is_empty() {
                    reasons.push(join(&said));
                }
                let reason = join(&reasons);
                need.parts.into_iter().map(move |part| Gap {
                    range: need.range,
                    part,
                    reason: if reason.is_empty() {
                        format!("no source reads {}", part.code())
                    } else {
                        reason.clone()
                    },
                })
            })
            .collect();
        update
            .observations
            .sort_by_key(|credit| credit.block.as_ref().map(|block| block.height));
        Ok(update)
    }

    /// Found is believed from an own node, and compared with the next source otherwise. Absence is believed from a source
    /// that proves it, or from two that looked and have nothing; a source that has it makes either a contradiction.
    async fn transaction(&self, id: &TxId) -> Result<Lookup<TransactionView>, SourceError> {
        let mut errors: Vec<SourceError> = Vec::new();
        let mut found: Option<(&str, TransactionView)> = None;
        let mut absent: Option<&str> = None;
        let mut without: Vec<String> = Vec::new();
        for source in &self.sources {
            match source.transaction(id).await {
                Ok(Lookup::Found(view)) => {
                    if let Some((name, earlier)) = &found {
                        if let Some(why) = contradiction(earlier, &view) {
                            return Err(self.disagree(format!(
                                "{name} and {} tell of {id}: {why}",
                                source.name()
                            )));
                        }
                        // The fuller of two views that agree.
                        let fuller = (earlier.block.is_none() && view.block.is_some())
                            || (earlier.block.is_some() == view.block.is_some()
                                && view.unread.len() < earlier.unread.len());
                        if fuller {
                            found = Some((source.name(), view));
                        }
                        break;
                    }
                    let proves = match source.capabilities().await {
                        Ok(capabilities) => capabilities.proves_absence,
                        Err(_) => false,
                    };
                    let complete = view.block.is_some() && view.unread.is_empty();
                    found = Some((source.name(), view));
                    if proves && complete && absent.is_none() {
                        break;
                    }
                }
                Ok(Lookup::Absent) => absent = Some(source.name()),
                Ok(Lookup::Unknown { reason }) => without.push(reason),
                Err(error) => errors.push(error),
            }
        }
        match (found, absent) {
            (Some((name, view)), Some(denier)) if view.block.is_some() => Err(self.disagree(
                format!("{name} has {id} in a block and {denier} says it does not exist"),
            )),
            (Some((_, view)), _) => Ok(Lookup::Found(view)),
            (None, Some(_)) => Ok(Lookup::Absent),
            (None, None) if without.len() >= 2 => Ok(Lookup::Absent),
            (None, None) if without.is_empty() => Err(self.failed(errors)),
            (None, None) => {
                without.extend(errors.iter().map(ToString::to_string));
                Ok(Lookup::Unknown {
                    reason: join(&without),
                })
            }
        }
    }

    /// Every part from the first source that has it for this account.
    async fn history(
        &self,
        address: &Address,
        range: HeightRange,
    ) -> Result<HistoryUpdate, SourceError> {
        let (able, mut errors) = self.able().await;
        let mut observations: Vec<Observation> = Vec::new();
        let mut open: Vec<Gap> = Vec::new();
        let mut read: BTreeSet<Part> = BTreeSet::new();
        let mut answered = false;
        for (source, capabilities) in &able {
            let fresh: BTreeSet<Part> = capabilities.history.difference(&read).copied().collect();
            let fills = open
                .iter()
                .any(|gap| capabilities.history.contains(&gap.part));
            if fresh.is_empty() && !fills {
                continue;
            }
            match source.history(address, range).await {
                Ok(found) => {
                    answered = true;
                    merge(&mut observations, found.observations);
                    // A gap is closed where this source read that part and left no gap over the same blocks.
                    open.retain(|gap| {
                        !capabilities.history.contains(&gap.part)
                            || found.gaps.iter().any(|other| {
                                other.part == gap.part
                                    && other.range.from() <= gap.range.to()
                                    && gap.range.from() <= other.range.to()
                            })
                    });
                    open.extend(
                        found
                            .gaps
                            .into_iter()
                            .filter(|gap| fresh.contains(&gap.part)),
                    );
                    read.extend(fresh);
                }
                Err(error) => errors.push(error),
            }
        }
        if !answered {
            return Err(self.failed(errors));
        }
        for part in Part::ALL {
            if !read.contains(part) {
                open.push(Gap {
                    range,
                    part: *part,
                    reason: "no source has it for one account".to_owned(),
                });
            }
        }
        observations.sort_by_key(|credit| credit.block.as_ref().map(|block| block.height));
        Ok(HistoryUpdate {
            observations,
            gaps: open,
        })
    }

    /// The first page from the first source that sees everything, else from the first that answers: one that keeps less history
    /// must not hide an archive behind it. A reading stays with its source, since only that one
    /// understands where its pages end: when it fails half way, the reading fails, and what is left is begun anew.
    async fn account_page(&self, request: &AccountRequest) -> Result<AccountPage, SourceError> {
        let wrap = |index: usize, mut page: AccountPage| {
            page.next = page.next.map(|next| format!("{index} {next}"));
            page
        };
        if let Some(resume) = &request.resume {
            let (index, source, next) = resume
                .split_once(' ')
                .and_then(|(index, next)| {
                    let index: usize = index.parse().ok()?;
                    Some((index, self.sources.get(index)?, next))
                })
                .ok_or_else(|| {
                    self.disagree(format!("'{resume}' is no place of a reading of ours"))
                })?;
            let request = AccountRequest {
                resume: Some(next.to_owned()),
                ..request.clone()
            };
            return Ok(wrap(index, source.account_page(&request).await?));
        }
        let mut errors = Vec::new();
        let mut with_gaps = None;
        for (index, source) in self.sources.iter().enumerate() {
            match source.account_page(request).await {
                Ok(page) if page.gaps.is_empty() => return Ok(wrap(index, page)),
                Ok(page) => {
                    with_gaps.get_or_insert((index, page));
                }
                Err(error) => {
                    tracing::warn!(source = source.name(), %error, "asking the next source");
                    errors.push(error);
                }
            }
        }
        if let Some((index, page)) = with_gaps {
            return Ok(wrap(index, page));
        }
        Err(self.failed(errors))
    }

    async fn spender(&self, outpoint: &str) -> Result<Lookup<Spender>, SourceError> {
        let outpoint = outpoint.to_owned();
        self.first(move |source| {
            let outpoint = outpoint.clone();
            Box::pin(async move { source.spender(&outpoint).await })
        })
        .await
    }

    async fn account(&self, address: &Address) -> Result<AccountState, SourceError> {
        let address = address.clone();
        self.first(move |source| {
            let address = address.clone();
            Box::pin(async move { source.account(&address).await })
        })
        .await
    }

    async fn balance(&self, address: &Address, asset: &AssetId) -> Result<Amount, SourceError> {
        let (address, asset) = (address.clone(), asset.clone());
        self.first(move |source| {
            let (address, asset) = (address.clone(), asset.clone());
            Box::pin(async move { source.balance(&address, &asset).await })
        })
        .await
    }

    async fn token_claims(&self, token: &str) -> Result<TokenClaims, SourceError> {
        let token = token.to_owned();
        self.first(move |source| {
            let token = token.clone();
            Box::pin(async move { source.token_claims(&token).await })
        })
        .await
    }

    async fn network_cost(&self) -> Result<NetworkCost, SourceError> {
        self.first(|source| Box::pin(source.network_cost())).await
    }
}

/// Adds credits that are not there yet, by key.
fn merge(credits: &mut Vec<Observation>, more: Vec<Observation>) {
    let known: HashSet<_> = credits.iter().map(Observation::id).collect();
    credits.extend(
        more.into_iter()
            .filter(|credit| !known.contains(&credit.id())),
    );
}
