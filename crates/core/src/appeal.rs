//! Appeals: what customers say they sent. Untrusted text, kept as it came.

use crate::code::coded;
use crate::observation::DepositId;
use crate::time::Timestamp;

/// An appeal's id, verbatim from the file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AppealId(String);

impl AppealId {
    /// An id taken verbatim.
    #[must_use]
    pub fn verbatim(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for AppealId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
    }
}

coded! {
    /// Where an appeal stands.
    pub enum AppealStatus {
        /// It came in.
        Received => "received",
        /// The customer must tell more.
        NeedsInfo => "needs_info",
        /// No deposit fits.
        NoMatch => "no_match",
        /// A deposit fits.
        Matched => "matched",
        /// Several users want one deposit.
        Conflict => "conflict",
        /// It waits for something outside (a network's reopening, a listing).
        Waiting => "waiting",
        /// It was refused with a reason.
        Refused => "refused",
        /// The same user asked before.
        Duplicate => "duplicate",
        /// Nothing is left to do.
        Closed => "closed",
    }
}

impl AppealStatus {
    /// Whether matching still looks at it.
    #[must_use]
    pub const fn is_open(self) -> bool {
        !matches!(self, Self::Refused | Self::Duplicate | Self::Closed)
    }
}

/// An appeal: every claimed field is the customer's text, verbatim; empty means that it was left blank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appeal {
    /// The file's id.
    pub id: AppealId,
    /// Who appeals.
    pub user_id: String,
    /// When it came in.
    pub created_at: Timestamp,
    /// What stands in the transaction field.
    pub claimed_txid: String,
    /// The network as the customer calls it.
    pub claimed_network: String,
    /// The coin as the customer calls it.
    pub claimed_asset: String,
    /// The amount as typed.
    pub claimed_amount: String,
    /// The address it was sent to.
    pub claimed_to_address: String,
    /// The memo.
    pub claimed_memo: String,
    /// The address it came from.
    pub claimed_from_address: String,
    /// When, as typed.
    pub claimed_at: String,
    /// What support verified (`none`, `screenshot`, `signature_ok`, …).
    pub ownership_proof: String,
    /// The deposit-page view nearest to the claimed time, from the exchange's own log.
    pub session_view_at: Option<Timestamp>,
    /// Free text.
    pub free_text: String,
    /// The customer's language as BCP 47; `None` when unknown.
    pub language: Option<String>,
    /// The customer's time zone as an IANA name; `None` when unknown.
    pub time_zone: Option<String>,
}

coded! {
    /// What matching decided about one appeal.
    pub enum MatchDecision {
        /// The deposit is theirs by evidence that no stranger could have.
        Auto => "auto",
        /// A person must look.
        Review => "review",
        /// No deposit fits.
        None => "none",
        /// Several users want the same deposit.
        Conflict => "conflict",
    }
}

coded! {
    /// How far a match may go without a person, and what is missing.
    pub enum MatchTier {
        /// It may pass by itself: the deposit is certain, and evidence that no stranger could have makes it this user's.
        Automatic => "automatic",
        /// The exchange's own log agrees and nobody else asks: a person may let it pass after a waiting time.
        Waiting => "waiting",
        /// One proof would decide it: ask for it.
        Challenge => "challenge",
        /// Nothing fits, or it is somebody else's.
        Refused => "refused",
        /// A person must look: several want it, or something contradicts.
        Analyst => "analyst",
    }
}

coded! {
    /// What makes a deposit a user's, by knowledge that is not public.
    pub enum Entitlement {
        /// It arrived at an address issued to them alone.
        IssuedAddress => "issued_address",
        /// It carries their own memo.
        OwnMemo => "own_memo",
        /// It carries their own memo but for a slip.
        NearMemo => "near_memo",
        /// They have sent from its sender before.
        KnownSender => "known_sender",
        /// They proved to be its sender.
        SenderProof => "sender_proof",
        /// The sending platform's record names them.
        WithdrawalRecord => "withdrawal_record",
        /// They looked at the deposit page before it arrived: supports, never suffices.
        PageView => "page_view",
    }
}

coded! {
    /// The one proof that would change an outcome.
    pub enum MatchAsk {
        /// A payment of a sum that we name, from the same sender.
        VerificationDeposit => "verification_deposit",
        /// A signature of the sender.
        SenderSignature => "sender_signature",
        /// The sending platform's record of the withdrawal.
        WithdrawalRecord => "withdrawal_record",
        /// The transaction id.
        TransactionId => "transaction_id",
    }
}

/// A score that is certain, in parts per billion.
pub const SCORE_MAX: u32 = 1_000_000_000;

/// One reason of a match, for a person and for the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchReason {
    /// What was compared: `owner`, `txid`, `to`, `from`, `asset`, `amount`, `time`, `memo`, `network`, `session`, `proof`,
    /// then `rival`, `gate`, `ask`, `taken_back`.
    pub field: String,
    /// How it compares: `exact`, `near`, `differs`, `absent`.
    pub verdict: String,
    /// Its weight in 1/1024 bit; negative counts against.
    pub weight: i32,
    /// What was seen.
    pub detail: String,
}

/// The outcome of matching one appeal: exactly one an appeal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchOutcome {
    /// The appeal.
    pub appeal: AppealId,
    /// The best deposit, named also under review; `None` when none fits.
    pub deposit: Option<DepositId>,
    /// What was decided.
    pub decision: MatchDecision,
    /// How far it may go without a person.
    pub tier: MatchTier,
    /// How likely it is that this is the right deposit and this user's, in parts per billion ([`SCORE_MAX`]). Calibrated; finer
    /// than anybody can tell, so that no two claims with different evidence are equal.
    pub score_ppb: u32,
    /// Which deposit: the evidence of all fields, in 1/1024 bit.
    pub identify: i32,
    /// Whose: the evidence that is not public, in 1/1024 bit.
    pub entitle: i32,
    /// What makes it this user's; empty where nothing does.
    pub entitled_by: Vec<Entitlement>,
    /// The one proof to ask for; `None` where none would help or none is needed.
    pub ask: Option<MatchAsk>,
    /// Why, in a fixed order.
    pub reasons: Vec<MatchReason>,
}
