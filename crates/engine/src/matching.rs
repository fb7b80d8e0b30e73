//! What matching reads beside appeals: the deposits that an appeal may mean, and the words for networks. A run of matching is
//! [`Engine::match_open`].

use crate::engine::Engine;
use crate::error::EngineError;
use recover_core::address::Payload;
use recover_core::deposit::DepositStatus;
use recover_core::kind::Kind;
use recover_core::observation::DepositId;
use recover_matching::{DepositFacts, DepositIndex, RowNo, RowRef, Vocabulary};
use recover_store::{DepositFilter, DepositOrder};
use std::collections::{BTreeSet, HashSet};

const PAGE: u32 = 2_000;

/// What the address book may write before a memo where a network tells types apart.
pub(crate) const MEMO_TYPES: [&str; 5] = ["", "id:", "text:", "hash:", "return:"];

/// The deposits that an appeal may mean.
pub(crate) struct Candidates {
    /// What is compared.
    pub(crate) facts: Vec<DepositFacts>,
    /// Their receiving addresses, where a network gives them: the book knows the owners by these.
    pub(crate) payloads: BTreeSet<Payload>,
    /// The receiving addresses and memos of deposits that only a file tells of, as texts.
    pub(crate) texts: BTreeSet<String>,
    /// Those whose value is known and within the policy's limit; `None` where no policy sets one.
    pub(crate) within: Option<HashSet<DepositId>>,
}

/// Whether a row's deposit is among these.
pub(crate) fn is_among(within: &HashSet<DepositId>, index: &DepositIndex, row: RowNo) -> bool {
    let id = index.row(row).map(RowRef::id);
    id.is_some_and(|id| within.contains(&id))
}

impl Engine {
    /// Every deposit that an appeal may mean, those that were credited or refused included: an appeal for one of them
    /// deserves its true answer. Our own movements and what a reorganisation removed are left out.
    pub(crate) async fn candidates(&self) -> Result<Candidates, EngineError> {
        let filter = DepositFilter {
            statuses: vec![
                DepositStatus::Unconfirmed,
                DepositStatus::Open,
                DepositStatus::Claimed,
                DepositStatus::Resolved,
            ],
            ..DepositFilter::default()
        };
        let mut facts = Vec::new();
        let mut payloads = BTreeSet::new();
        let mut texts = BTreeSet::new();
        let mut limit = self.match_limit().await?;
        let mut within = limit.as_ref().map(|_| HashSet::new());
        let mut after = None;
        loop {
            let page = self
                .store
                .list_deposits(&filter, DepositOrder::Id, after.as_ref(), PAGE)
                .await?;
            for stored in &page.deposits {
                let deposit = &stored.deposit;
                if deposit.classification.kind == Kind::OwnMovement {
                    continue;
                }
                facts.push(DepositFacts::from(deposit));
                if let Some((limit, within)) = limit.as_mut().zip(within.as_mut())
                    && self.is_within(limit, deposit).await?
                {
                    within.insert(deposit.id());
                }
                match &deposit.origin {
                    recover_core::deposit::Origin::Observed(observation) => {
                        payloads.insert(observation.to.payload());
                    }
                    recover_core::deposit::Origin::Imported(imported) => {
                        texts.insert(imported.to.clone());
                        // Whoever else was assigned its memo must be heard, also without an appeal.
                        if let Some(memo) = &imported.memo {
                            let memo = memo.trim();
                            texts.extend(MEMO_TYPES.map(|of| format!("{of}{memo}")));
                        }
                    }
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(Candidates {
                    facts,
                    payloads,
                    texts,
                    within,
                });
            }
        }
    }

    pub(crate) fn vocabulary(&self) -> Vocabulary {
        let mut words = Vocabulary::default();
        for network in self.chains.networks.values() {
            // What begins a path belongs to an explorer of many networks: matching reads the network's name in its links.
            let hosts = network.explorer_hosts.iter();
            for host in hosts.filter(|host| !host.contains('/')) {
                words.add_host(host, &network.id);
            }
            for name in std::iter::once(&network.display).chain(&network.aliases) {
                words.add_name(name, &network.id);
            }
        }
        words
    }
}
