//! Verification deposits: setting one, and finding the payment that meets it among what was scanned.

use super::{ASKERS, ProofError, ProofOptions, family_of, gone};
use crate::engine::Engine;
use crate::error::EngineError;
use recover_core::amount::Amount;
use recover_core::appeal::AppealId;
use recover_core::asset::{AssetId, AssetStanding, AssetTerms, TokenReview};
use recover_core::book::{AddressRecord, AddressRole};
use recover_core::deposit::{DepositStatus, Origin};
use recover_core::memo::MemoKind;
use recover_core::network::{DepositState, Family, NetworkId};
use recover_core::observation::{Flag, Outcome};
use recover_core::proof::{
    ChallengeId, DepositTest, Payment, ProofMethod, ProofRefusal, TestSetting, judge, test_amount,
};
use recover_core::time::Timestamp;
use recover_store::{
    AddressFilter, Asked, ChallengeState, DepositFilter, DepositOrder, IssueAnswer, NewProof,
    OriginFilter, ProofAnswer, StoredChallenge, StoredDeposit,
};

/// How often another amount is drawn when one is taken.
const DRAWS_MAX: u32 = 32;

/// How long after its end a test is looked at still: a payment may be read late, and be final later.
const GRACE_SECONDS: i64 = 48 * 3_600;

const PAGE: u32 = 500;

/// What a person may say when setting a test.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TestOptions {
    /// The deposit and the destination.
    pub proof: ProofOptions,
    /// A symbol or a contract; `None` takes the deposit's own asset, else the network's coin.
    pub asset: Option<String>,
}

/// What looking at the open tests found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TestReport {
    /// Tests that a payment met.
    pub met: u64,
    /// Payments that came near and do not count.
    pub refused: u64,
    /// Tests that ended without one.
    pub expired: u64,
    /// Tests that wait still.
    pub waiting: u64,
}

impl Engine {
    /// Asks the claimant for a payment of a unique amount, from the sender of the deposit to the claimant's own address.
    ///
    /// # Errors
    /// When the appeal has no deposit, nobody knows its sender or the sender is shared, deposits are not open on its network, the
    /// account has no address there, the person may not, or the store fails.
    pub async fn set_test(
        &self,
        appeal: &AppealId,
        options: &TestOptions,
        name: Option<&str>,
    ) -> Result<StoredChallenge, EngineError> {
        let what = "ask for a proof: a specialist or an agent may";
        let person = self.asker(name, ASKERS, what).await?;
        let wanted = self.wanted(appeal, &options.proof).await?;
        let sender = self.sender_of(&wanted.deposit).await?;
        let network = wanted.deposit.network().clone();
        let (asset, terms) = self.test_asset(wanted.deposit.asset(), options.asset.as_deref())?;
        let (to, memo) = self.test_address(&wanted.appeal.user_id, &network).await?;
        let policy = self.policy_in_force().await?.policy.proofs.clone();
        let issued_at = self.now();
        let expires_at = issued_at
            .plus_seconds(policy.test_valid_seconds)
            .unwrap_or(issued_at);
        let setting = TestSetting {
            decimals: terms.decimals,
            minimum: terms.minimum.unwrap_or(Amount::ZERO),
            dust: dust(family_of(self, &network)),
        };
        for _ in 0..DRAWS_MAX {
            let bits = self.random.bits().map_err(ProofError::from)?;
            let (low, _) = bits.split_at(8);
            let random = low
                .iter()
                .fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
            let amount = test_amount(&setting, random).map_err(ProofError::from)?;
            let stored = StoredChallenge {
                id: ChallengeId::of(&format!(
                    "{appeal} {network} {asset} {amount:?} {}",
                    hex::encode(bits)
                )),
                appeal: appeal.clone(),
                deposit: wanted.deposit.id(),
                account: wanted.appeal.user_id.clone(),
                destination: wanted.destination.clone(),
                network: network.clone(),
                sender: sender.clone(),
                asked: Asked::Payment {
                    asset: asset.clone(),
                    amount,
                    to: to.clone(),
                    memo: memo.clone(),
                },
                issued_by: person.name.clone(),
                issued_at,
                expires_at,
                state: ChallengeState::Open,
                ended_at: None,
            };
            match self.store.issue_challenge(stored.clone()).await? {
                IssueAnswer::Done { .. } => return Ok(stored),
                IssueAnswer::AmountTaken => {}
                IssueAnswer::NotFound(what) => return Err(gone(what, appeal)),
            }
        }
        Err(ProofError::NoAmountLeft.into())
    }

    /// What a test is paid in: something that the exchange credits there today.
    fn test_asset(
        &self,
        of_deposit: &AssetId,
        wanted: Option<&str>,
    ) -> Result<(AssetId, AssetTerms), EngineError> {
        let network = &of_deposit.network;
        let config = self
            .chains
            .network(network)
            .ok_or_else(|| EngineError::UnknownNetwork {
                name: network.to_string(),
            })?;
        if config.deposits != DepositState::Open {
            let network = network.clone();
            return Err(ProofError::NetworkClosed { network }.into());
        }
        let listed = |asset: &AssetId| match self.chains.standing(asset, TokenReview::Unreviewed) {
            Some(AssetStanding::Listed(terms)) => Some((asset.clone(), terms)),
            _ => None,
        };
        if let Some(wanted) = wanted {
            let named = config.asset_by_symbol(wanted).or_else(|| {
                let codec = self.adapters.of(config.family)?;
                let contract = codec.detect().asset(wanted).ok()?;
                Some(AssetId::contract(network.clone(), &contract))
            });
            return named.and_then(|asset| listed(&asset)).ok_or_else(|| {
                let (asset, network) = (wanted.to_owned(), network.clone());
                ProofError::AssetNotListed { asset, network }.into()
            });
        }
        // A coarse or unlisted asset makes no test: the network's own coin does.
        let fine = listed(of_deposit)
            .filter(|(_, terms)| terms.decimals >= recover_core::proof::RANDOM_DIGITS);
        fine.or_else(|| listed(&AssetId::native(network.clone())))
            .ok_or_else(|| {
                let asset = of_deposit.to_string();
                let network = network.clone();
                ProofError::AssetNotListed { asset, network }.into()
            })
    }

    /// Where the claimant pays to: the newest address issued to the account, else a shared one with the account's own memo.
    async fn test_address(
        &self,
        account: &str,
        network: &NetworkId,
    ) -> Result<(String, Option<String>), EngineError> {
        let family = family_of(self, network);
        let serves = |record: &AddressRecord, role: AddressRole| {
            record.role == role
                && Some(record.family) == family
                && record.retired.is_none()
                && record.serves(network, DepositState::Open)
        };
        let own = self.store.records_of_users(&[account.to_owned()]).await?;
        let newest = own
            .iter()
            .filter(|record| serves(record, AddressRole::Deposit))
            .max_by(|left, right| (left.created, &left.value).cmp(&(right.created, &right.value)));
        if let Some(record) = newest {
            return Ok((self.canonical(network, &record.value), None));
        }
        let memo = own
            .iter()
            .filter(|record| serves(record, AddressRole::AssignedMemo))
            .map(|record| plain_memo(&record.value).to_owned())
            .min();
        let filter = AddressFilter {
            family,
            role: Some(AddressRole::Omnibus),
            ..AddressFilter::default()
        };
        let shared = self.store.list_addresses(&filter, None, PAGE).await?;
        let shared = shared
            .records
            .iter()
            .find(|record| serves(record, AddressRole::Omnibus));
        match (memo, shared) {
            (Some(memo), Some(record)) => Ok((self.canonical(network, &record.value), Some(memo))),
            _ => Err(ProofError::AddressMissing {
                account: account.to_owned(),
                network: network.clone(),
            }
            .into()),
        }
    }

    /// Looks for the payments that open tests wait for, among what sources of ours saw. Running it twice changes nothing the second
    /// time.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn check_tests(&self) -> Result<TestReport, EngineError> {
        let mut report = TestReport::default();
        for challenge in self.store.open_tests().await? {
            let Some(test) = challenge.test() else {
                continue;
            };
            if !self.check_test(&test, &mut report).await? {
                report.waiting = report.waiting.saturating_add(1);
            }
        }
        Ok(report)
    }

    /// Whether the test ended: it was met, or its time is over.
    async fn check_test(
        &self,
        test: &DepositTest,
        report: &mut TestReport,
    ) -> Result<bool, EngineError> {
        let earlier = self.store.proofs_of(&test.appeal).await?;
        let is_noted = |payment: &StoredDeposit, refusal: ProofRefusal| {
            earlier.iter().any(|attempt| {
                attempt.proof.challenge.as_ref() == Some(&test.id)
                    && attempt.proof.reference.as_deref() == Some(payment.deposit.id().as_str())
                    && attempt.proof.refusal == Some(refusal)
            })
        };
        let mut is_pending = false;
        for payment in self.payments_near(test).await? {
            let seen = self.payment(&payment);
            let judged = judge(test, &seen);
            // A stranger's other payment to the same address is no attempt.
            let is_near = seen.amount == test.amount || seen.senders.contains(&test.sender);
            match judged {
                Err(ProofRefusal::NotFinal) => is_pending = true,
                Err(refusal) if !is_near || is_noted(&payment, refusal) => {}
                judged => {
                    let ends =
                        (judged == Err(ProofRefusal::TestLate)).then_some(ChallengeState::Expired);
                    let proof = attempt(test, judged.err(), Some(&payment));
                    match self.store.add_proof(proof, ends, self.now()).await? {
                        ProofAnswer::Done(_) => {}
                        // The payment met another test, or somebody set a new one meanwhile.
                        ProofAnswer::NotOpen(_) | ProofAnswer::NotFound(_) => continue,
                    }
                    if judged.is_ok() {
                        report.met = report.met.saturating_add(1);
                        return Ok(true);
                    }
                    report.refused = report.refused.saturating_add(1);
                    if ends.is_some() {
                        report.expired = report.expired.saturating_add(1);
                        return Ok(true);
                    }
                }
            }
        }
        let is_over = test
            .expires_at
            .plus_seconds(GRACE_SECONDS)
            .is_some_and(|end| end <= self.now());
        if !is_over || is_pending {
            return Ok(false);
        }
        let proof = attempt(test, Some(ProofRefusal::NothingCame), None);
        let ends = Some(ChallengeState::Expired);
        self.store.add_proof(proof, ends, self.now()).await?;
        report.expired = report.expired.saturating_add(1);
        Ok(true)
    }

    /// Payments in the asset to the test's address since the test was set, seen by sources of ours, oldest first: what only a file
    /// tells proves nothing.
    async fn payments_near(&self, test: &DepositTest) -> Result<Vec<StoredDeposit>, EngineError> {
        let second = test.issued_at.as_micros().rem_euclid(1_000_000);
        let since = Timestamp::from_micros(test.issued_at.as_micros().saturating_sub(second));
        let filter = DepositFilter {
            network: Some(test.network.clone()),
            asset: Some(test.asset.clone()),
            to: Some(test.to.clone()),
            origin: Some(OriginFilter::Observed),
            block_time_min: Some(since),
            ..DepositFilter::default()
        };
        let mut found = Vec::new();
        let mut after = None;
        loop {
            let page = self
                .store
                .list_deposits(&filter, DepositOrder::Newest, after.as_ref(), PAGE)
                .await?;
            found.extend(page.deposits);
            after = page.next;
            if after.is_none() {
                found.reverse();
                return Ok(found);
            }
        }
    }

    fn payment(&self, stored: &StoredDeposit) -> Payment {
        let deposit = &stored.deposit;
        let network = deposit.network();
        let (outcome, memos) = match &deposit.origin {
            Origin::Observed(observation) => (
                observation.outcome,
                observation
                    .memos
                    .iter()
                    .filter(|memo| !matches!(memo.kind, MemoKind::Absent | MemoKind::Empty))
                    .filter_map(|memo| String::from_utf8(memo.raw.clone()).ok())
                    .collect(),
            ),
            Origin::Imported(_) => (Outcome::Unknown, Vec::new()),
        };
        let sender = deposit.from().map(|from| self.canonical(network, from));
        Payment {
            network: network.clone(),
            asset: deposit.asset().clone(),
            amount: deposit.amount(),
            senders: sender.into_iter().collect(),
            is_every_sender: !deposit.flags().contains(&Flag::MultiSource),
            to: self.canonical(network, deposit.to()),
            memos,
            at: deposit.block_time(),
            is_final: outcome == Outcome::Success
                && stored.suspect_at.is_none()
                && !matches!(
                    deposit.status,
                    DepositStatus::Unconfirmed | DepositStatus::Gone
                ),
        }
    }
}

fn attempt(
    test: &DepositTest,
    refusal: Option<ProofRefusal>,
    payment: Option<&StoredDeposit>,
) -> NewProof {
    NewProof {
        appeal: test.appeal.clone(),
        deposit: test.deposit.clone(),
        account: test.account.clone(),
        method: ProofMethod::VerificationDeposit,
        refusal,
        destination: test.destination.clone(),
        sender: Some(test.sender.clone()),
        challenge: Some(test.id.clone()),
        reference: payment.map(|payment| payment.deposit.id().to_string()),
        evidence: payment.map(|payment| payment.deposit.tx_id().as_str().to_owned()),
        person: crate::claims::ENGINE_ACTOR.to_owned(),
    }
}

/// A memo without the type that the book may write before it.
fn plain_memo(value: &str) -> &str {
    let value = value.trim();
    ["id:", "text:"]
        .iter()
        .find_map(|kind| value.strip_prefix(kind))
        .unwrap_or(value)
}

/// The least that nodes of a family relay, in base units of any asset; zero where they relay everything.
fn dust(family: Option<Family>) -> Amount {
    match family {
        // An output of the oldest form, at the usual price of its spending.
        Some(Family::Bitcoin) => Amount::from_u128(546),
        _ => Amount::ZERO,
    }
}
