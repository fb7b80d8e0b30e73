//! From observations to classifications: gathers what the classifier may look at, from the address book, the ledger, the
//! configuration and, only where it decides something, from the network.

use crate::config::{ChainsConfig, NetworkConfig};
use crate::error::EngineError;
use crate::family::{Adapter, Adapters};
use recover_core::address::{Address, Payload};
use recover_core::asset::{AssetId, AssetStanding, TokenReview};
use recover_core::block::{Height, TxId};
use recover_core::book::{AddressRecord, AddressRole, ControlRecord};
use recover_core::classify::{
    Facts, Finality, MemoStanding, Recipient, TransactionStanding, classify,
};
use recover_core::deposit::Classification;
use recover_core::kind::Kind;
use recover_core::ledger::{
    AccountStanding, CreditKey, LedgerEntry, LedgerEntryKind, LedgerStanding, assign_rows,
};
use recover_core::network::{DepositState, NetworkId};
use recover_core::observation::{DepositId, Observation, Outcome};
use recover_core::time::Timestamp;
use recover_core::verdict::{AccountState, ControlEvidence, Missing, Reason, Verdict};
use recover_source::chain::ChainRead;
use recover_source::error::Advice;
use recover_store::Store;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// How many earlier withdrawals to one address are looked at, newest first.
const WITHDRAWALS_MAX: u32 = 100;

/// Gathers facts for credits of one network.
pub struct FactGatherer<'a> {
    store: &'a Store,
    chains: &'a ChainsConfig,
    network: &'a NetworkConfig,
    adapter: Option<&'a Arc<dyn Adapter>>,
    /// Sources of the network and of its siblings, by name; a network that is missing here is not asked.
    sources: &'a BTreeMap<NetworkId, Arc<dyn ChainRead>>,
    /// The newest final height of the network; `None` when no source could say.
    finalized: Option<Height>,
    /// What earlier proofs of control said, for addresses that no source can be asked about now.
    proved: HashMap<DepositId, Verdict>,
    /// States read so far, so that a thousand credits to one address ask once.
    accounts: tokio::sync::Mutex<HashMap<(NetworkId, Payload), Option<AccountState>>>,
    /// Networks that did not answer in the time of this gatherer: each further question would wait as long again.
    silent: tokio::sync::Mutex<BTreeSet<NetworkId>>,
}

/// A credit with what we make of it.
pub struct Judged {
    /// The credit.
    pub observation: Observation,
    /// What we make of it.
    pub classification: Classification,
    /// Whether its block can still vanish.
    pub finality: Finality,
}

impl<'a> FactGatherer<'a> {
    /// Gathers for `network`.
    ///
    /// # Errors
    /// When the network is not configured.
    pub fn new(
        store: &'a Store,
        chains: &'a ChainsConfig,
        adapters: &'a Adapters,
        network: &NetworkId,
        sources: &'a BTreeMap<NetworkId, Arc<dyn ChainRead>>,
        finalized: Option<Height>,
    ) -> Result<Self, EngineError> {
        let network = chains
            .network(network)
            .ok_or_else(|| EngineError::UnknownNetwork {
                name: network.to_string(),
            })?;
        Ok(Self {
            store,
            chains,
            network,
            adapter: adapters.of(network.family),
            sources,
            finalized,
            proved: HashMap::new(),
            accounts: tokio::sync::Mutex::default(),
            silent: tokio::sync::Mutex::default(),
        })
    }

    /// Remembers what earlier proofs of control said. What stands at an address was read once, and the silence of a node
    /// today does not unsay it.
    pub fn remember(&mut self, id: DepositId, verdict: &Verdict) {
        if verdict.is_proof_of_control() {
            self.proved.insert(id, verdict.clone());
        }
    }

    /// Classifies credits of this network. Credits of one transaction must come together, so that two equal payments
    /// are not both covered by one ledger row.
    ///
    /// # Errors
    /// When the store fails. A source that fails leaves its facts unknown, and the verdict says so.
    pub async fn judge(&self, observations: Vec<Observation>) -> Result<Vec<Judged>, EngineError> {
        let mut payloads = BTreeSet::new();
        let mut transactions = BTreeSet::new();
        let mut contracts = BTreeSet::new();
        for observation in &observations {
            payloads.insert(observation.to.payload());
            payloads.extend(observation.from.as_ref().map(Address::payload));
            transactions.insert(observation.tx_id.clone());
            contracts.extend(observation.asset.contract_text().map(str::to_owned));
        }
        let mut book: HashMap<Payload, Vec<AddressRecord>> = HashMap::new();
        for record in self
            .store
            .records_of(&payloads.into_iter().collect::<Vec<_>>())
            .await?
        {
            if let Some(payload) = record.payload {
                book.entry(payload).or_default().push(record);
            }
        }
        let transactions: Vec<TxId> = transactions.into_iter().collect();
        let ledger = self
            .store
            .ledger_of_transactions(&self.network.id, &transactions)
            .await?;
        let mut reviews = BTreeMap::new();
        for contract in contracts {
            let asset = AssetId::contract(self.network.id.clone(), &contract);
            if self.chains.terms(&asset).is_none() {
                reviews.insert(contract, self.store.token_review(&asset).await?);
            }
        }
        let covers = self.store.ledger_periods(Some(&self.network.id)).await?;
        let booked = booked_rows(&observations, &ledger);

        let mut judged = Vec::with_capacity(observations.len());
        for (observation, row) in observations.into_iter().zip(booked) {
            let records = book
                .get(&observation.to.payload())
                .map_or(&[][..], Vec::as_slice);
            let time = observation.block.as_ref().map(|block| block.time);
            let recipient = choose(records, self.network, time);
            let sender_is_ours = observation.from.as_ref().is_some_and(|from| {
                book.get(&from.payload())
                    .is_some_and(|records| records.iter().any(|record| record.role.is_ours()))
            });
            let asset = self.standing(&observation.asset, &reviews);
            let own_withdrawal = ledger
                .iter()
                .find(|entry| {
                    entry.tx_id == observation.tx_id && entry.kind == LedgerEntryKind::OwnWithdrawal
                })
                .map(|entry| entry.id.clone());
            let mut standing = LedgerStanding {
                covered: time.is_some_and(|time| {
                    covers
                        .iter()
                        .any(|period| period.from <= time && time <= period.to)
                }),
                own_withdrawal,
                ..row
            };
            if let Some(Chosen {
                role: AddressRole::Hot,
                ..
            }) = &recipient
            {
                standing.returned_withdrawal = self.returned_withdrawal(&observation).await?;
            }
            let account = match recipient.as_ref().and_then(|chosen| chosen.user.as_deref()) {
                Some(user) => self.store.account_standing(user).await?,
                None => AccountStanding::Unknown,
            };
            let finality = self.finality(&observation);
            let mut facts = Facts {
                transaction: match observation.outcome {
                    Outcome::Success => TransactionStanding::Executed,
                    Outcome::Failed => TransactionStanding::Failed,
                    Outcome::Unknown => TransactionStanding::Unknown,
                },
                finality,
                mechanism: observation.mechanism,
                flags: observation.flags.clone(),
                amount: observation.amount,
                // On networks without a rule for partial payments a smaller delta is the token's own fee: a flag.
                is_partial: false,
                deposits: self.network.deposits,
                recovery: self.network.recovery,
                asset,
                is_voucher: false,
                recipient: match &recipient {
                    Some(chosen) => Recipient::Ours {
                        role: chosen.role,
                        serves: chosen.serves,
                        user: chosen.user.clone(),
                        control: chosen.control.clone(),
                    },
                    None => Recipient::Stranger {
                        is_contract: None,
                        is_bridge: false,
                    },
                },
                sender_is_ours,
                memo: MemoStanding::NotNeeded,
                control: self.control(
                    &observation.to,
                    recipient.as_ref(),
                    &ControlEvidence::default(),
                ),
                ledger: standing,
                account,
                seen_by_us: true,
            };
            let mut classification = classify(&facts);
            if let (Some(chosen), Verdict::Conditional(Missing::CodeUnknown)) =
                (&recipient, &classification.verdict)
            {
                let evidence = self.evidence(&observation.to, chosen).await;
                facts.control = self.control(&observation.to, Some(chosen), &evidence);
                if facts.control == Verdict::Conditional(Missing::CodeUnknown)
                    && let Some(proved) = self.proved.get(&observation.id())
                {
                    facts.control = proved.clone();
                }
                classification = classify(&facts);
            } else if recipient.is_none() && classification.kind == Kind::NotOurs {
                let state = self.account(&self.network.id, &observation.to).await;
                facts.recipient = Recipient::Stranger {
                    is_contract: state.map(|state| {
                        matches!(state.code, recover_core::verdict::Code::Contract(_))
                    }),
                    is_bridge: false,
                };
                classification = classify(&facts);
            }
            judged.push(Judged {
                observation,
                classification,
                finality,
            });
        }
        Ok(judged)
    }

    /// How the exchange stands to an asset of this network.
    fn standing(&self, asset: &AssetId, reviews: &BTreeMap<String, TokenReview>) -> AssetStanding {
        let review = asset
            .contract_text()
            .and_then(|contract| reviews.get(contract))
            .copied()
            .unwrap_or(TokenReview::Unreviewed);
        self.chains
            .standing(asset, review)
            .unwrap_or(AssetStanding::Unvouched)
    }

    fn finality(&self, observation: &Observation) -> Finality {
        match (&observation.block, self.finalized) {
            (Some(block), Some(finalized)) if block.height <= finalized => Finality::Final,
            (None, _) | (Some(_), Some(_)) => Finality::NotFinal,
            (Some(_), None) => Finality::Unknown,
        }
    }

    /// The earlier own withdrawal that a credit at a hot address seems to return: same asset, paid to the address that
    /// now sends, before, and at least as much.
    async fn returned_withdrawal(
        &self,
        observation: &Observation,
    ) -> Result<Option<String>, EngineError> {
        let (Some(from), Some(block)) = (&observation.from, &observation.block) else {
            return Ok(None);
        };
        let earlier = self
            .store
            .withdrawals_to(
                &self.network.id,
                from.text(),
                None,
                block.time,
                WITHDRAWALS_MAX,
            )
            .await?;
        Ok(earlier
            .into_iter()
            .find(|entry| {
                entry
                    .asset
                    .as_ref()
                    .is_none_or(|asset| *asset == observation.asset)
                    && entry
                        .amount
                        .is_none_or(|amount| amount >= observation.amount)
            })
            .map(|entry| entry.id))
    }

    fn control(
        &self,
        address: &Address,
        chosen: Option<&Chosen>,
        evidence: &ControlEvidence,
    ) -> Verdict {
        match (self.adapter, chosen) {
            (Some(adapter), Some(chosen)) => adapter.prove(address, &chosen.control, evidence),
            (None, Some(_)) => Verdict::Conditional(Missing::ControlUnknown),
            (_, None) => Verdict::NotRecoverable(Reason::ForeignAddress),
        }
    }

    /// Reads what a proof of control wants to see. What no source could say stays `None`.
    async fn evidence(&self, address: &Address, chosen: &Chosen) -> ControlEvidence {
        let maker = self
            .adapter
            .and_then(|adapter| adapter.maker(&chosen.control));
        let here = &self.network.id;
        let mut evidence = ControlEvidence {
            account: self.account(here, address).await,
            ..ControlEvidence::default()
        };
        let Some(maker) = maker else { return evidence };
        evidence.maker = self.account(here, &maker).await;
        if let Some(home) = self.home(chosen) {
            evidence.account_at_home = self.account(&home, address).await;
            evidence.maker_at_home = self.account(&home, &maker).await;
        }
        evidence
    }

    /// A network that the address serves, with a source to ask.
    fn home(&self, chosen: &Chosen) -> Option<NetworkId> {
        if let Some(network) = &chosen.home {
            return self.sources.contains_key(network).then(|| network.clone());
        }
        self.chains
            .networks
            .values()
            .filter(|other| {
                other.family == self.network.family && other.deposits != DepositState::Closed
            })
            .map(|other| &other.id)
            .find(|id| self.sources.contains_key(*id))
            .cloned()
    }

    async fn account(&self, network: &NetworkId, address: &Address) -> Option<AccountState> {
        let key = (network.clone(), address.payload());
        if let Some(known) = self.accounts.lock().await.get(&key) {
            return known.clone();
        }
        let source = self.sources.get(network)?;
        if self.silent.lock().await.contains(network) {
            return None;
        }
        let state = match source.account(address).await {
            Ok(state) => Some(state),
            Err(error) => {
                tracing::warn!(%network, %address, %error, "the state of an account could not be read");
                if error.advice() == Advice::Retry {
                    self.silent.lock().await.insert(network.clone());
                }
                None
            }
        };
        self.accounts.lock().await.insert(key, state.clone());
        state
    }
}

/// The row of the address book that decides about a credit.
struct Chosen {
    role: AddressRole,
    serves: bool,
    user: Option<String>,
    control: ControlRecord,
    home: Option<NetworkId>,
}

/// Chooses among the rows of one payload: rows that serve this network first, then deposit addresses before shared ones
/// before our own before retired ones. A row retired before the credit counts as retired. Two users for one address
/// leave the owner open: nobody is paid by a coin toss.
fn choose(
    records: &[AddressRecord],
    network: &NetworkConfig,
    at: Option<Timestamp>,
) -> Option<Chosen> {
    let mut ours: Vec<(bool, AddressRole, &AddressRecord)> = records
        .iter()
        .filter(|record| record.role.is_ours())
        .map(|record| {
            let retired =
                matches!((record.retired, at), (Some(retired), Some(at)) if retired <= at);
            let role = if retired && record.role == AddressRole::Deposit {
                AddressRole::Retired
            } else {
                record.role
            };
            (record.serves(&network.id, network.deposits), role, record)
        })
        .collect();
    let rank = |role: AddressRole| match role {
        AddressRole::Deposit => 0,
        AddressRole::Omnibus => 1,
        AddressRole::Hot => 2,
        AddressRole::Retired | AddressRole::AssignedMemo | AddressRole::PastSender => 3,
    };
    ours.sort_by_key(|(serves, role, _)| (!serves, rank(*role)));
    let (serves, role, first) = *ours.first()?;
    let rivals = ours
        .iter()
        .filter(|(other_serves, other_role, _)| *other_serves == serves && *other_role == role);
    let users: BTreeSet<Option<&str>> = rivals
        .clone()
        .map(|(_, _, record)| record.user_id.as_deref())
        .collect();
    let control = rivals
        .map(|(_, _, record)| &record.control)
        .find(|control| **control != ControlRecord::Unknown)
        .unwrap_or(&first.control);
    Some(Chosen {
        role,
        serves,
        user: if users.len() == 1 {
            first.user_id.clone()
        } else {
            None
        },
        control: control.clone(),
        home: first.network.clone(),
    })
}

/// The ledger rows that cover each credit, in the order of the credits.
fn booked_rows(observations: &[Observation], ledger: &[LedgerEntry]) -> Vec<LedgerStanding> {
    let mut standings = vec![LedgerStanding::default(); observations.len()];
    let mut by_transaction: BTreeMap<&TxId, Vec<usize>> = BTreeMap::new();
    for (index, observation) in observations.iter().enumerate() {
        by_transaction
            .entry(&observation.tx_id)
            .or_default()
            .push(index);
    }
    for (tx_id, indexes) in by_transaction {
        let credits: Vec<CreditKey> = indexes
            .iter()
            .filter_map(|index| observations.get(*index))
            .map(|observation| CreditKey {
                position: observation.position.clone(),
                to: observation.to.text().to_owned(),
                asset: observation.asset.clone(),
                amounts: [observation.amount_stated, observation.amount],
            })
            .collect();
        for kind in [
            LedgerEntryKind::CreditedDeposit,
            LedgerEntryKind::SettledCase,
        ] {
            let rows: Vec<&LedgerEntry> = ledger
                .iter()
                .filter(|entry| entry.kind == kind && entry.tx_id == *tx_id)
                .collect();
            for (index, row) in indexes.iter().zip(assign_rows(&credits, &rows)) {
                if let Some(standing) = standings.get_mut(*index) {
                    match kind {
                        LedgerEntryKind::SettledCase => standing.settled = row,
                        LedgerEntryKind::CreditedDeposit | LedgerEntryKind::OwnWithdrawal => {
                            standing.credited = row
                        }
                    }
                }
            }
        }
    }
    standings
}
