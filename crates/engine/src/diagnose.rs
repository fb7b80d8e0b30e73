//! Diagnosis: one verdict with evidence over every network where a text fits. Silent networks are named; what was seen at
//! our addresses is stored, so that the answer to the next person is the same.

use crate::config::NetworkConfig;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::facts::{Judged, trust_log};
pub use crate::understand::Subject;
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::BlockRef;
use recover_core::book::{AddressRecord, AddressRole};
use recover_core::deposit::Deposit;
use recover_core::detect::Routed;
use recover_core::network::{Family, NetworkId};
use recover_core::observation::Outcome;
use recover_core::time::Timestamp;
use recover_core::verdict::{Code, Verdict};
use recover_matching::secret;
use recover_source::chain::{Lookup, Part, TransactionView};
use recover_source::error::SourceError;
use recover_store::DiagnosisRecord;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long one network may take before it counts as silent.
const PATIENCE: Duration = Duration::from_millis(4_500);

/// What one network said.
#[derive(Debug, Clone)]
pub enum Answer {
    /// The transaction is there.
    Found(Box<FoundTransaction>),
    /// The address has a past or money there.
    Account(Box<FoundAccount>),
    /// It is not there, and the source would know.
    Absent,
    /// It was not found, which proves nothing.
    NotProved(String),
    /// The network did not answer.
    Silent(String),
    /// Nothing in this build reads the network: its deposits come from files. Those of the asked transaction, if any.
    ByImport(Vec<Deposit>),
}

/// A transaction as one network has it.
#[derive(Debug, Clone)]
pub struct FoundTransaction {
    /// Its block; `None` while it waits for one.
    pub block: Option<BlockRef>,
    /// Whether it was executed.
    pub outcome: Outcome,
    /// Who signed it.
    pub signer: Option<String>,
    /// What it is addressed to.
    pub to: Option<String>,
    /// Whether its block is final.
    pub is_final: Option<bool>,
    /// Every movement in it as a deposit with its verdict, ours first.
    pub movements: Vec<Deposit>,
    /// How many of the movements, from the front, are at addresses of ours.
    pub ours: usize,
    /// Parts that the source could not read for it.
    pub unread: BTreeSet<Part>,
}

/// An address as one network has it.
#[derive(Debug, Clone)]
pub struct FoundAccount {
    /// What stands there.
    pub code: Code,
    /// How many transactions it sent.
    pub nonce: u64,
    /// What it holds now: asset and amount as text, only what is not nothing.
    pub holds: Vec<(AssetId, String)>,
}

/// The answer to a question.
#[derive(Debug, Clone)]
pub struct Diagnosis {
    /// The text as given.
    pub query: String,
    /// What it is.
    pub subject: Subject,
    /// What each asked network said, by name.
    pub answers: BTreeMap<NetworkId, Answer>,
    /// The rows of the address book about the subject's address; empty for transactions.
    pub book: Vec<AddressRecord>,
    /// The row of the address book that the deciding deposit's address stands in, where the book writes it otherwise: an address of
    /// another network with the same script, or the other form of the same key.
    pub issued_as: Option<AddressRecord>,
    /// The rows that assign the routing value which the subject's address carries; empty when it carries none.
    pub assigned: Vec<AddressRecord>,
    /// The deposits that the verdict is about, the deciding one first: those of ours, else those seen.
    pub deposits: Vec<Deposit>,
    /// The network that named the deciding deposit.
    pub network: Option<NetworkId>,
    /// When it was asked.
    pub asked_at: Timestamp,
}

impl Diagnosis {
    /// The deposit that decides; `None` when nothing was found.
    #[must_use]
    pub fn deciding(&self) -> Option<&Deposit> {
        self.deposits.first()
    }

    /// The networks that did not answer, with what each said.
    pub fn silent(&self) -> impl Iterator<Item = (&NetworkId, &str)> {
        self.answers
            .iter()
            .filter_map(|(network, answer)| match answer {
                Answer::Silent(reason) => Some((network, reason.as_str())),
                Answer::Found(_)
                | Answer::Account(_)
                | Answer::Absent
                | Answer::NotProved(_)
                | Answer::ByImport(_) => None,
            })
    }

    /// The networks that nothing here reads, whose deposits come from files.
    pub fn by_import(&self) -> impl Iterator<Item = &NetworkId> {
        self.answers
            .iter()
            .filter(|(_, answer)| matches!(answer, Answer::ByImport(_)))
            .map(|(network, _)| network)
    }

    /// Whether every asked network that could hold it proved that it does not.
    #[must_use]
    pub fn is_proved_absent(&self) -> bool {
        self.answers
            .values()
            .all(|answer| matches!(answer, Answer::Absent))
    }
}

impl Engine {
    /// Diagnoses a text over the named networks, or over every network where it fits.
    ///
    /// # Errors
    /// When the text is not understood, a network name is unknown, or the store fails. Sources that fail are named in the
    /// answer.
    pub async fn diagnose(
        &self,
        text: &str,
        networks: &[String],
    ) -> Result<Diagnosis, EngineError> {
        let (subject, linked) = self.understand(text)?;
        // Nobody can be asked about these, and without them the answer would seem complete.
        let by_import = self.chains.networks.values().filter(|network| {
            networks.is_empty()
                && network.is_by_import()
                && linked.as_ref().is_none_or(|linked| *linked == network.id)
        });
        let asked: Vec<&NetworkConfig> = self
            .networks(networks)?
            .into_iter()
            .chain(by_import)
            .filter(|network| subject.fits(network.family))
            .collect();
        let mut pending: FuturesUnordered<_> = asked
            .iter()
            .map(|network| {
                let subject = &subject;
                async move {
                    let answer = match tokio::time::timeout(PATIENCE, self.ask(network, subject))
                        .await
                    {
                        Ok(answer) => answer?,
                        Err(_) => {
                            Answer::Silent(format!("no answer within {} ms", PATIENCE.as_millis()))
                        }
                    };
                    Ok::<_, EngineError>((network.id.clone(), answer))
                }
            })
            .collect();
        let mut answers = BTreeMap::new();
        while let Some(answered) = pending.next().await {
            let (network, answer) = answered?;
            answers.insert(network, answer);
        }
        drop(pending);
        let (book, assigned) = match &subject {
            Subject::Address(routed, family) => self.records_about(routed, *family).await?,
            Subject::Transaction(_) => (Vec::new(), Vec::new()),
        };
        let (deposits, network) = self.weigh(&subject, linked.as_ref(), &answers).await?;
        let mut diagnosis = Diagnosis {
            query: secret::redact(text).text.into_owned(),
            subject,
            answers,
            book,
            issued_as: None,
            assigned,
            deposits,
            network,
            asked_at: self.now(),
        };
        if let Some(deposit) = diagnosis.deciding() {
            diagnosis.issued_as = self.issued_as(deposit).await?;
        }
        self.store.add_diagnosis(record(&diagnosis)).await?;
        Ok(diagnosis)
    }

    /// The row of the address book that a deposit's address stands in, where the book writes it otherwise.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn issued_as(&self, deposit: &Deposit) -> Result<Option<AddressRecord>, EngineError> {
        let Some(adapter) = self
            .chains
            .network(deposit.network())
            .and_then(|network| self.adapters.of(network.family))
        else {
            return Ok(None);
        };
        let detect = adapter.detect();
        let Ok(address) = detect.address(deposit.to()) else {
            return Ok(None);
        };
        let mut payloads = vec![address.payload()];
        payloads.extend(detect.same_key(&address.payload()));
        let mut records = self.store.records_of(&payloads).await?;
        records.retain(|record| {
            record.role.is_ours()
                && record.family == detect.family()
                && record.user_id == deposit.classification.owner
        });
        if records.iter().any(|record| record.value == deposit.to()) {
            return Ok(None);
        }
        Ok(records.into_iter().next())
    }

    /// What the address book says about an address, and about the routing value that its text carries.
    async fn records_about(
        &self,
        routed: &Routed,
        family: Family,
    ) -> Result<(Vec<AddressRecord>, Vec<AddressRecord>), EngineError> {
        // One key has the same bytes on two families.
        let of_family = |mut records: Vec<AddressRecord>| {
            records.retain(|record| record.family == family);
            records
        };
        let book = of_family(self.store.records_of(&[routed.address.payload()]).await?);
        let Some(memo) = &routed.memo else {
            return Ok((book, Vec::new()));
        };
        // The values that addresses carry are numbers; an address book may say so in front.
        let value = String::from_utf8_lossy(&memo.raw).into_owned();
        let values = [format!("id:{value}"), value];
        let mut assigned = of_family(self.store.records_with_values(&values).await?);
        assigned.retain(|record| record.role == AddressRole::AssignedMemo);
        Ok((book, assigned))
    }

    async fn ask(&self, network: &NetworkConfig, subject: &Subject) -> Result<Answer, EngineError> {
        let source = match self.source(network) {
            Ok(source) => source,
            Err(EngineError::ImportOnly { .. }) => {
                return Ok(Answer::ByImport(self.imported(network, subject).await?));
            }
            Err(error) => return Ok(Answer::Silent(error.to_string())),
        };
        let answer = match subject {
            Subject::Transaction(ids) => {
                let Some(id) = ids.get(&network.family) else {
                    return Ok(Answer::Absent);
                };
                match source.transaction(id).await {
                    Ok(Lookup::Found(view)) => return self.found(network, view).await,
                    Ok(Lookup::Absent) => Answer::Absent,
                    Ok(Lookup::Unknown { reason }) => Answer::NotProved(reason),
                    Err(error) => silent(&error),
                }
            }
            Subject::Address(routed, _) => {
                let payload = routed.address.payload();
                let Some(address) = self
                    .adapter(network)?
                    .detect()
                    .on_network(&payload, &network.id)
                else {
                    return Ok(Answer::NotProved(
                        "no address of this network stands for it".to_owned(),
                    ));
                };
                let address = &address;
                match source.account(address).await {
                    Ok(state) => {
                        let mut holds = Vec::new();
                        let native = AssetId::native(network.id.clone());
                        let assets = network
                            .assets
                            .iter()
                            .map(|asset| AssetId::contract(network.id.clone(), &asset.contract));
                        for asset in std::iter::once(native).chain(assets) {
                            match source.balance(address, &asset).await {
                                Ok(amount) if amount > Amount::ZERO => {
                                    let terms = self.chains.terms(&asset);
                                    let text = terms.map_or_else(
                                        || amount.to_base_units(),
                                        |terms| {
                                            format!(
                                                "{} {}",
                                                amount.to_coin_text(terms.decimals),
                                                terms.symbol
                                            )
                                        },
                                    );
                                    holds.push((asset, text));
                                }
                                Ok(_) => {}
                                Err(error) => {
                                    tracing::debug!(%asset, %error, "a balance could not be read")
                                }
                            }
                        }
                        Answer::Account(Box::new(FoundAccount {
                            code: state.code,
                            nonce: state.nonce,
                            holds,
                        }))
                    }
                    Err(error) => silent(&error),
                }
            }
        };
        Ok(answer)
    }

    /// What files said of a transaction; nothing of an address, whose deposits are listed whatever their network.
    async fn imported(
        &self,
        network: &NetworkConfig,
        subject: &Subject,
    ) -> Result<Vec<Deposit>, EngineError> {
        let id = match subject {
            Subject::Transaction(ids) => ids.get(&network.family),
            Subject::Address(..) => None,
        };
        let Some(id) = id else {
            return Ok(Vec::new());
        };
        let stored = self
            .store
            .deposits_of_transaction(Some(&network.id), id)
            .await?;
        Ok(stored.into_iter().map(|stored| stored.deposit).collect())
    }

    /// Judges the movements of a transaction, stores those at our addresses and puts them first.
    async fn found(
        &self,
        network: &NetworkConfig,
        view: TransactionView,
    ) -> Result<Answer, EngineError> {
        let source = self.source(network)?;
        // A source that cannot say today does not take back what was final yesterday.
        let finalized = source
            .head()
            .await
            .ok()
            .and_then(|head| head.finalized)
            .max(self.store.finalized_height(&network.id).await?);
        let trusted = network.trusted_contracts();
        let mut credits = view.credits;
        for credit in &mut credits {
            trust_log(credit, &trusted);
        }
        let gatherer = self.gatherer(network, finalized)?;
        let judged = gatherer.judge(credits).await?;
        let detect = self.adapter(network)?.detect();
        let forms = |credit: &Judged| {
            let payload = credit.observation.to.payload();
            std::iter::once(payload).chain(detect.same_key(&payload))
        };
        let payloads: Vec<_> = judged.iter().flat_map(forms).collect();
        let mine: BTreeSet<_> = self
            .store
            .records_of(&payloads)
            .await?
            .into_iter()
            .filter(|record| record.family == network.family && record.role.is_ours())
            .filter_map(|record| record.payload)
            .collect();
        let (ours, others): (Vec<_>, Vec<_>) = judged
            .into_iter()
            .partition(|credit| forms(credit).any(|payload| mine.contains(&payload)));
        let count = ours.len();
        let mut movements = self
            .deposits_of(network, Some(source.as_ref()), ours)
            .await?;
        // Where outputs are spent it can be told later whether a waiting transaction may still happen: it is kept until then.
        let is_followed = view.block.is_none() && !view.inputs.is_empty();
        if is_followed && count > 0 {
            self.store
                .note_waiting(&network.id, &view.id, &view.inputs, self.now())
                .await?;
        }
        let kept: Vec<Deposit> = movements
            .iter()
            .filter(|deposit| is_followed || deposit.block_height().is_some())
            .cloned()
            .collect();
        self.store.upsert_observed(kept, self.now()).await?;
        // As `deposits show` has them from now on: one under a claim is claimed here too.
        let ids: Vec<_> = movements.iter().map(Deposit::id).collect();
        for stored in self.store.deposits_by_ids(&ids).await? {
            let id = stored.deposit.id();
            if let Some(movement) = movements.iter_mut().find(|movement| movement.id() == id) {
                *movement = stored.deposit;
            }
        }
        movements.sort_by_key(rank);
        movements.extend(self.deposits_of(network, None, others).await?);
        let is_final = view
            .block
            .as_ref()
            .and_then(|block| finalized.map(|finalized| block.height <= finalized));
        Ok(Answer::Found(Box::new(FoundTransaction {
            block: view.block,
            outcome: view.outcome,
            signer: view.signer.map(|signer| signer.text().to_owned()),
            to: view.to.map(|to| to.text().to_owned()),
            is_final,
            movements,
            ours: count,
            unread: view.unread,
        })))
    }

    /// Chooses what the verdict is about: movements at our addresses before others, recoverable before not, on whatever
    /// network they were found.
    async fn weigh(
        &self,
        subject: &Subject,
        linked: Option<&NetworkId>,
        answers: &BTreeMap<NetworkId, Answer>,
    ) -> Result<(Vec<Deposit>, Option<NetworkId>), EngineError> {
        if let Subject::Address(routed, family) = subject {
            let mut deposits = Vec::new();
            for text in self.texts_of(routed, *family) {
                let filter = recover_store::DepositFilter {
                    to: Some(text),
                    ..recover_store::DepositFilter::default()
                };
                let page = self
                    .store
                    .list_deposits(&filter, recover_store::DepositOrder::Newest, None, 50)
                    .await?;
                deposits.extend(page.deposits.into_iter().map(|stored| stored.deposit));
            }
            deposits.sort_by_key(rank);
            let network = deposits.first().map(|deposit| deposit.network().clone());
            return Ok((deposits, network));
        }
        let mut found: Vec<(&NetworkId, &FoundTransaction)> = answers
            .iter()
            .filter_map(|(network, answer)| match answer {
                Answer::Found(found) => Some((network, found.as_ref())),
                Answer::Account(_)
                | Answer::Absent
                | Answer::NotProved(_)
                | Answer::Silent(_)
                | Answer::ByImport(_) => None,
            })
            .collect();
        found.sort_by_key(|(network, found)| {
            let is_linked = linked == Some(*network);
            (
                found.ours == 0,
                !is_linked,
                found.movements.first().map(rank),
            )
        });
        let Some((network, best)) = found.first() else {
            // What a network has goes before what a file says.
            let imported = answers.iter().find_map(|(network, answer)| match answer {
                Answer::ByImport(deposits) if !deposits.is_empty() => Some((network, deposits)),
                _ => None,
            });
            return Ok(imported.map_or_else(
                || (Vec::new(), None),
                |(network, deposits)| (deposits.clone(), Some(network.clone())),
            ));
        };
        let count = if best.ours > 0 {
            best.ours
        } else {
            best.movements.len()
        };
        Ok((
            best.movements.iter().take(count).cloned().collect(),
            Some((*network).clone()),
        ))
    }
}

impl Engine {
    /// The texts that an address has on the configured networks of its family, each once.
    fn texts_of(&self, routed: &Routed, family: Family) -> BTreeSet<String> {
        let payload = routed.address.payload();
        let adapter = self.adapters.of(family);
        self.chains
            .networks
            .values()
            .filter(|network| network.family == family)
            .filter_map(|network| adapter?.detect().on_network(&payload, &network.id))
            .chain([routed.address.clone()])
            .map(|address| address.text().to_owned())
            .collect()
    }
}

/// What a person wants to see first: what can be recovered, then what may be, then what cannot.
fn rank(deposit: &Deposit) -> u8 {
    match deposit.classification.verdict {
        Verdict::Controllable(_) => 0,
        Verdict::NeedsDeploy(_) => 1,
        Verdict::Conditional(_) => 2,
        Verdict::NotRecoverable(_) => 3,
    }
}

/// What is kept of a diagnosis, so that the next person can be told the same: what each network said and the verdict.
fn record(diagnosis: &Diagnosis) -> DiagnosisRecord {
    let answers: BTreeMap<&str, String> = diagnosis
        .answers
        .iter()
        .map(|(network, answer)| {
            let text = match answer {
                Answer::Found(found) => format!(
                    "found, {} movements, {} at our addresses",
                    found.movements.len(),
                    found.ours
                ),
                Answer::Account(account) => {
                    format!("account, holds {} assets we list", account.holds.len())
                }
                Answer::Absent => "absent".to_owned(),
                Answer::NotProved(reason) => format!("not proved: {reason}"),
                Answer::Silent(reason) => format!("silent: {reason}"),
                Answer::ByImport(deposits) => {
                    format!("by import only, {} imported deposits", deposits.len())
                }
            };
            (network.as_str(), text)
        })
        .collect();
    let deposits: Vec<_> = diagnosis
        .deposits
        .iter()
        .map(|deposit| {
            serde_json::json!({
                "deposit": deposit.id().as_str(),
                "kind": deposit.classification.kind.code(),
                "verdict": deposit.classification.verdict.to_string(),
            })
        })
        .collect();
    DiagnosisRecord {
        query: diagnosis.query.clone(),
        actor: None,
        made_at: diagnosis.asked_at,
        verdict: serde_json::json!({ "answers": answers, "deposits": deposits }).to_string(),
    }
}

fn silent(error: &SourceError) -> Answer {
    Answer::Silent(error.to_string())
}
