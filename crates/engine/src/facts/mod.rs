//! From observations to classifications: gathers what the classifier may look at, from the address book, the ledger, the
//! configuration and, only where it decides something, from the network.

mod booking;
mod memo;

use crate::config::{ChainsConfig, MemoRule, NetworkConfig};
use crate::error::EngineError;
use crate::family::{Adapter, Adapters};
use recover_core::address::{Address, Payload};
use recover_core::asset::{AssetId, AssetStanding, TokenReview};
use recover_core::block::{BlockRef, Height, TxId};
use recover_core::book::{AddressRecord, AddressRole, ControlRecord};
use recover_core::classify::{Facts, Finality, Recipient, TransactionStanding, classify};
use recover_core::deposit::{Classification, Origin};
use recover_core::kind::Kind;
use recover_core::ledger::{AccountStanding, LedgerEntryKind, LedgerStanding};
use recover_core::memo::{MemoFinding, MemoRules};
use recover_core::network::{DepositState, Family, NetworkId};
use recover_core::observation::{DepositId, Flag, Mechanism, Observation, Outcome};
use recover_core::time::Timestamp;
use recover_core::verdict::{AccountState, Code, ControlEvidence, How, Missing, Reason, Verdict};
use recover_source::chain::ChainRead;
use recover_source::error::Advice;
use recover_store::Store;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// How many strangers' addresses of one look-up are asked for code: a payout to hundreds must not outlast the patience of
/// whoever asked.
const STRANGERS_ASKED_MAX: u32 = 8;

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
    /// States read so far, so that a thousand credits to one address ask once.
    accounts: tokio::sync::Mutex<HashMap<(NetworkId, Payload), Option<AccountState>>>,
    /// Networks that did not answer in the time of this gatherer: each further question would wait as long again.
    silent: tokio::sync::Mutex<BTreeSet<NetworkId>>,
    /// Ledger rows that are not looked at, by their id.
    set_aside: BTreeSet<String>,
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
            accounts: tokio::sync::Mutex::default(),
            silent: tokio::sync::Mutex::default(),
            set_aside: BTreeSet::new(),
        })
    }

    /// As if the ledger did not have these rows: what a replay of old cases asks, which must not read the end of a case as its
    /// beginning.
    #[must_use]
    pub fn setting_aside(self, rows: BTreeSet<String>) -> Self {
        Self {
            set_aside: rows,
            ..self
        }
    }

    /// Classifies credits of this network, whoever asks and whichever of a transaction's credits are given: those that are
    /// stored already take part in sharing out the ledger's rows, and what an earlier reading knew is not forgotten.
    ///
    /// # Errors
    /// When the store fails. A source that fails leaves its facts unknown, and the verdict says so.
    pub async fn judge(
        &self,
        mut observations: Vec<Observation>,
    ) -> Result<Vec<Judged>, EngineError> {
        let mut payloads = BTreeSet::new();
        let mut transactions = BTreeSet::new();
        let mut contracts = BTreeSet::new();
        for observation in &observations {
            payloads.insert(observation.to.payload());
            payloads.extend(self.same_key(&observation.to));
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
            // Equal bytes in two families are two addresses: a key of the XRP Ledger and one of the Cosmos SDK hash alike.
            if let Some(payload) = record.payload
                && record.family == self.network.family
            {
                book.entry(payload).or_default().push(record);
            }
        }
        let transactions: Vec<TxId> = transactions.into_iter().collect();
        let mut earlier: HashMap<DepositId, (Observation, Classification)> = HashMap::new();
        for stored in self
            .store
            .observed_in_transactions(&self.network.id, &transactions)
            .await?
        {
            if let Origin::Observed(observation) = stored.deposit.origin {
                let classification = stored.deposit.classification;
                earlier.insert(observation.id(), (observation, classification));
            }
        }
        for observation in &mut observations {
            if let Some((known, _)) = earlier.get(&observation.id()) {
                keep_known(observation, known);
            }
        }
        let mut ledger = self
            .store
            .ledger_of_transactions(&self.network.id, &transactions)
            .await?;
        ledger.retain(|row| !self.set_aside.contains(&row.id));
        let mut reviews = BTreeMap::new();
        for contract in contracts {
            let asset = AssetId::contract(self.network.id.clone(), &contract);
            if self.chains.terms(&asset).is_none() {
                reviews.insert(contract, self.store.token_review(&asset).await?);
            }
        }
        let replaced = if self.network.family == Family::Bitcoin {
            self.store.replaced(&self.network.id, &transactions).await?
        } else {
            BTreeMap::new()
        };
        // Whoever signs transactions of our claims is ours: a gas top-up is no deposit, whether the book knows its payer or not.
        let own_accounts = self.store.own_accounts(&self.network.id).await?;
        let covers = self.store.ledger_periods(Some(&self.network.id)).await?;
        let recipients: Vec<Option<Chosen>> = observations
            .iter()
            .map(|observation| {
                let records = book
                    .get(&observation.to.payload())
                    .map_or(&[][..], Vec::as_slice);
                let time = observation.block.as_ref().map(|block| block.time);
                self.choose(records, time).or_else(|| {
                    // The key of one of ours, in a form that was not handed out: nobody waits for money there, and what unlocks
                    // it is for the book to say.
                    let other = book.get(&self.same_key(&observation.to)?)?;
                    let chosen = self.choose(other, time)?;
                    let control = match chosen.control {
                        ControlRecord::KeyLost => ControlRecord::KeyLost,
                        _ => ControlRecord::Unknown,
                    };
                    Some(Chosen {
                        serves: false,
                        control,
                        ..chosen
                    })
                })
            })
            .collect();
        let users: BTreeSet<String> = recipients
            .iter()
            .flatten()
            .filter_map(|chosen| chosen.user.clone())
            .collect();
        let mut accounts = self
            .store
            .account_standings(&users.into_iter().collect::<Vec<_>>())
            .await?;
        let findings = self
            .memo_findings(&observations, &recipients, &book, &mut accounts)
            .await?;
        // A ledger row is never used up by a stranger's credit.
        let ours: Vec<(&Observation, Option<&str>)> = observations
            .iter()
            .zip(&recipients)
            .filter_map(|(observation, recipient)| {
                let user = recipient.as_ref()?.user.as_deref();
                let named = || findings.get(&observation.id())?.owner.as_deref();
                Some((observation, user.or_else(named)))
            })
            .collect();
        let known = earlier
            .values()
            .map(|(known, classification)| (known, classification.owner.as_deref()));
        let mut booked = booking::booked_rows(ours.iter().copied().chain(known), &ledger);
        self.note_other_ids(&ours, &mut booked).await?;
        let mut named_returns = self.named_returns(&ours).await?;
        // With one of ours among them the strangers are not what is asked about.
        let mut strangers_left = if recipients.iter().any(Option::is_some) {
            0
        } else {
            STRANGERS_ASKED_MAX
        };

        let mut judged = Vec::with_capacity(observations.len());
        for (mut observation, recipient) in observations.into_iter().zip(recipients) {
            let time = observation.block.as_ref().map(|block| block.time);
            let row = booked.remove(&observation.id()).unwrap_or_default();
            let sender_is_ours = observation.from.as_ref().is_some_and(|from| {
                own_accounts.contains(from.text())
                    || book
                        .get(&from.payload())
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
            let is_own_movement = sender_is_ours || standing.own_withdrawal.is_some();
            standing.returned_withdrawal = named_returns.remove(&observation.id());
            if let Some(Chosen {
                role: AddressRole::Hot,
                ..
            }) = &recipient
                && standing.returned_withdrawal.is_none()
                && !is_own_movement
            {
                standing.returned_withdrawal = self.returned_withdrawal(&observation).await?;
            }
            let mut memo = findings.get(&observation.id()).cloned();
            if let Some(finding) = &mut memo {
                booking::note_booking(finding, &standing, &ledger);
            }
            let account = recipient
                .as_ref()
                .and_then(|chosen| chosen.user.as_deref())
                .or_else(|| memo.as_ref()?.owner.as_deref())
                .and_then(|user| accounts.get(user))
                .copied()
                .unwrap_or(AccountStanding::Unknown);
            // What stands in a block happened, whatever was noted before.
            let is_replaced =
                observation.block.is_none() && replaced.contains_key(&observation.tx_id);
            let finality = if is_replaced {
                Finality::Final
            } else {
                self.finality(&observation)
            };
            let mut facts = Facts {
                transaction: match observation.outcome {
                    _ if is_replaced => TransactionStanding::Replaced,
                    Outcome::Success => TransactionStanding::Executed,
                    Outcome::Failed => TransactionStanding::Failed,
                    Outcome::Unknown => TransactionStanding::Unknown,
                },
                finality,
                mechanism: observation.mechanism,
                flags: observation.flags.clone(),
                amount: observation.amount,
                // On networks without a rule for partial payments a smaller delta is the token's own fee: another flag.
                is_partial: observation.flags.contains(&Flag::PartialDelivery),
                deposits: self.network.deposits,
                recovery: self.network.recovery,
                asset,
                keeps_outputs: self.network.family == Family::Bitcoin,
                is_voucher: self.adapter.is_some_and(|adapter| {
                    let contract = observation.asset.contract_text();
                    contract.is_some_and(|contract| adapter.detect().is_voucher(contract))
                }),
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
                memo,
                control: self.control(
                    &observation.to,
                    recipient.as_ref(),
                    ControlEvidence::default(),
                ),
                ledger: standing,
                account,
                owner_contested: recipient.as_ref().is_some_and(|chosen| chosen.is_contested),
                seen_by_us: true,
            };
            let mut classification = classify(&facts);
            if let (Some(chosen), Verdict::Conditional(Missing::CodeUnknown)) =
                (&recipient, &classification.verdict)
            {
                let evidence = self.evidence(&observation.to, chosen).await;
                facts.control = self.control(&observation.to, Some(chosen), evidence);
                // What stands at an address was read once, and the silence of a node today does not unsay it.
                if matches!(
                    facts.control,
                    Verdict::Conditional(Missing::CodeUnknown | Missing::DeployerNonceUnknown)
                ) && let Some((_, before)) = earlier.get(&observation.id())
                    && is_proof_for(&chosen.control, &before.verdict)
                {
                    facts.control = before.verdict.clone();
                }
                classification = classify(&facts);
            } else if recipient.is_none()
                && classification.kind == Kind::NotOurs
                && strangers_left > 0
            {
                strangers_left -= 1;
                let state = self.account(&self.network.id, &observation.to).await;
                facts.recipient = Recipient::Stranger {
                    is_contract: state.map(|state| matches!(state.code, Code::Contract(_))),
                    is_bridge: false,
                };
                classification = classify(&facts);
            }
            // Whoever shows it to somebody must know: it travels with the deposit, beside the verdict.
            observation.flags.retain(|flag| *flag != Flag::ScriptSecret);
            if classification.verdict == Verdict::Conditional(Missing::ScriptSecret) {
                observation.flags.push(Flag::ScriptSecret);
                observation.flags.sort();
            }
            judged.push(Judged {
                observation,
                classification,
                finality,
            });
        }
        Ok(judged)
    }

    /// What the routing fields of credits at shared addresses say, by deposit; nothing on networks that route by address,
    /// and nothing about our own money on its way back.
    async fn memo_findings(
        &self,
        observations: &[Observation],
        recipients: &[Option<Chosen>],
        book: &HashMap<Payload, Vec<AddressRecord>>,
        accounts: &mut HashMap<String, AccountStanding>,
    ) -> Result<HashMap<DepositId, MemoFinding>, EngineError> {
        let Some(rules) = self.memo_rules() else {
            return Ok(HashMap::new());
        };
        let routed: Vec<memo::Routed<'_>> = observations
            .iter()
            .zip(recipients)
            .filter_map(|(observation, recipient)| Some((observation, recipient.as_ref()?)))
            .filter(|(observation, chosen)| {
                let is_back = matches!(
                    observation.mechanism,
                    Mechanism::Bounce | Mechanism::IbcRefund
                );
                chosen.role == AddressRole::Omnibus && !is_back
            })
            .map(|(observation, chosen)| {
                let sender = observation.from.as_ref();
                let records = sender.and_then(|from| book.get(&from.payload()));
                let home = chosen.home.as_ref().filter(|_| !chosen.serves);
                memo::Routed {
                    observation,
                    meant_for: home.unwrap_or(&self.network.id).clone(),
                    senders: records
                        .into_iter()
                        .flatten()
                        .filter(|record| record.role == AddressRole::PastSender)
                        .filter_map(|record| record.user_id.clone())
                        .collect(),
                }
            })
            .collect();
        let findings = self.judge_memos(&routed, rules, accounts).await?;
        let ids = routed.iter().map(|credit| credit.observation.id());
        Ok(ids.zip(findings).collect())
    }

    fn memo_rules(&self) -> Option<&'static MemoRules> {
        self.adapter
            .filter(|_| self.network.memo != MemoRule::None)
            .and_then(|adapter| adapter.detect().memo_rules())
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
            (Some(block), Some(finalized)) if self.settled_at(observation, block) <= finalized => {
                Finality::Final
            }
            (None, _) | (Some(_), Some(_)) => Finality::NotFinal,
            (Some(_), None) => Finality::Unknown,
        }
    }

    fn choose(&self, records: &[AddressRecord], at: Option<Timestamp>) -> Option<Chosen> {
        let is_written_here = |text: &str| {
            self.adapter
                .is_none_or(|adapter| adapter.detect().is_written_on(text, &self.network.id))
        };
        choose(records, self.network, at, is_written_here)
    }

    fn same_key(&self, address: &Address) -> Option<Payload> {
        self.adapter?.detect().same_key(&address.payload())
    }

    /// The height that must be final before a credit counts: its block's, and for coins that a block made the one at which they can
    /// be spent, as far below the tip as final blocks are.
    fn settled_at(&self, observation: &Observation, block: &BlockRef) -> Height {
        if !observation.flags.contains(&Flag::Immature) {
            return block.height;
        }
        let depth = self.adapter.map_or(0, |adapter| {
            adapter.detect().coinbase_depth(&self.network.id)
        });
        let later = depth.saturating_sub(self.network.finality.confirmations);
        Height(block.height.0.saturating_add(later))
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
        evidence: ControlEvidence,
    ) -> Verdict {
        match (self.adapter, chosen) {
            (Some(adapter), Some(chosen)) => {
                let evidence = ControlEvidence {
                    network: Some(self.network.id.clone()),
                    known_as: Some(chosen.known_as.clone()),
                    ..evidence
                };
                adapter.control().prove(address, &chosen.control, &evidence)
            }
            (None, Some(_)) => Verdict::Conditional(Missing::ControlUnknown),
            (_, None) => Verdict::NotRecoverable(Reason::ForeignAddress),
        }
    }

    /// Reads what a proof of control wants to see. What no source could say stays `None`.
    async fn evidence(&self, address: &Address, chosen: &Chosen) -> ControlEvidence {
        let maker = self
            .adapter
            .and_then(|adapter| adapter.control().maker(&chosen.control));
        let here = &self.network.id;
        let mut evidence = ControlEvidence {
            account: self.account(here, address).await,
            ..ControlEvidence::default()
        };
        let Some(maker) = maker else { return evidence };
        evidence.maker = self.account(here, &maker).await;
        // The forwarder may have been used on one of many homes only: ask until one has what is compared.
        let stands_here = is_contract(evidence.account.as_ref());
        for home in self.homes(chosen) {
            evidence.account_at_home = self.account(&home, address).await;
            evidence.maker_at_home = self.account(&home, &maker).await;
            let compared = if stands_here {
                &evidence.account_at_home
            } else {
                &evidence.maker_at_home
            };
            if is_contract(compared.as_ref()) {
                break;
            }
        }
        evidence
    }

    /// The networks that the address serves, with a source to ask.
    fn homes(&self, chosen: &Chosen) -> Vec<NetworkId> {
        if let Some(network) = &chosen.home {
            let has_source = self.sources.contains_key(network);
            return has_source.then(|| network.clone()).into_iter().collect();
        }
        self.chains
            .networks
            .values()
            .filter(|other| {
                other.family == self.network.family && other.deposits != DepositState::Closed
            })
            .map(|other| &other.id)
            .filter(|id| self.sources.contains_key(*id))
            .cloned()
            .collect()
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
    /// Whether the book names several users.
    is_contested: bool,
    control: ControlRecord,
    home: Option<NetworkId>,
    /// The address as the book writes it.
    known_as: String,
}

/// Chooses among the rows of one payload: rows that serve this network first, then deposit addresses before shared ones
/// before our own before retired ones. A row retired before the credit counts as retired, and one created after it comes
/// after those that were there. Two users for one address leave the owner open: nobody is paid by a coin toss.
fn choose(
    records: &[AddressRecord],
    network: &NetworkConfig,
    at: Option<Timestamp>,
    is_written_here: impl Fn(&str) -> bool,
) -> Option<Chosen> {
    let mut ours: Vec<((bool, bool, AddressRole), &AddressRecord)> = records
        .iter()
        .filter(|record| record.family == network.family && record.role.is_ours())
        .map(|record| {
            let retired =
                matches!((record.retired, at), (Some(retired), Some(at)) if retired <= at);
            let role = if retired && record.role == AddressRole::Deposit {
                AddressRole::Retired
            } else {
                record.role
            };
            let is_later =
                matches!((record.created, at), (Some(created), Some(at)) if at < created);
            // Without a network in its row an address serves those that write it so.
            let serves = record.serves(&network.id, network.deposits)
                && (record.network.is_some() || is_written_here(&record.value));
            ((serves, is_later, role), record)
        })
        .collect();
    let rank = |role: AddressRole| match role {
        AddressRole::Deposit => 0,
        AddressRole::Omnibus => 1,
        AddressRole::Hot => 2,
        AddressRole::Retired | AddressRole::AssignedMemo | AddressRole::PastSender => 3,
    };
    ours.sort_by_key(|((serves, is_later, role), _)| (!serves, *is_later, rank(*role)));
    let (standing, first) = *ours.first()?;
    let (serves, _, role) = standing;
    let rivals = ours.iter().filter(|(other, _)| *other == standing);
    let users: BTreeSet<&str> = rivals
        .clone()
        .filter_map(|(_, record)| record.user_id.as_deref())
        .collect();
    let control = rivals
        .map(|(_, record)| &record.control)
        .find(|control| **control != ControlRecord::Unknown)
        .unwrap_or(&first.control);
    Some(Chosen {
        role,
        serves,
        is_contested: users.len() > 1,
        user: match users.len() {
            1 => users.first().map(|user| (*user).to_owned()),
            _ => None,
        },
        control: control.clone(),
        home: first.network.clone(),
        known_as: first.value.clone(),
    })
}

/// Flags that come from comparing a log with the balance.
const BALANCE_FLAGS: [Flag; 3] = [
    Flag::FeeOnTransfer,
    Flag::BalanceUnchanged,
    Flag::BalanceAmbiguous,
];

/// Keeps what an earlier reading of the same block knew and this one could not tell: another source without balances must
/// not turn the smaller of log and balance back into what the log says.
fn keep_known(observation: &mut Observation, known: &Observation) {
    let block = |of: &Observation| of.block.as_ref().map(|block| block.hash.clone());
    if block(observation) != block(known) || observation.amount_stated != known.amount_stated {
        return;
    }
    if observation.outcome == Outcome::Unknown {
        observation.outcome = known.outcome;
    }
    if observation.balance_delta.is_none() && known.balance_delta.is_some() {
        observation.balance_delta = known.balance_delta;
        observation.amount = known.amount;
        observation.flags.extend(
            known
                .flags
                .iter()
                .filter(|flag| BALANCE_FLAGS.contains(flag)),
        );
        observation.flags.sort();
        observation.flags.dedup();
    }
}

/// A credit of a contract that we list, read with its balance: such a contract is trusted to log what it moves, in a look-up
/// as in a scan.
pub(crate) fn trust_log(observation: &mut Observation, trusted: &BTreeSet<String>) {
    let is_trusted = observation
        .asset
        .contract_text()
        .is_some_and(|contract| trusted.contains(contract));
    if is_trusted {
        observation.balance_delta = None;
        observation.amount = observation.amount_stated;
        observation
            .flags
            .retain(|flag| !BALANCE_FLAGS.contains(flag));
    }
}

fn is_contract(state: Option<&AccountState>) -> bool {
    state.is_some_and(|state| matches!(state.code, Code::Contract(_)))
}

/// Whether a verdict rests on a proof for an address that is controlled in this way.
fn is_proof_for(control: &ControlRecord, verdict: &Verdict) -> bool {
    let is_about_a_key = matches!(
        verdict,
        Verdict::Controllable(How::SameKey | How::SameScript)
            | Verdict::Conditional(Missing::ControlContradicted)
    );
    verdict.is_proof_of_control()
        && is_about_a_key == matches!(control, ControlRecord::Key | ControlRecord::Descriptor(_))
}
