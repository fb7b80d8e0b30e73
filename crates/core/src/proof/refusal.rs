//! Why a proof does not hold: the closed list, in its order, with what to do about each.

use crate::code::coded;

coded! {
    /// Why a proof does not hold, in order of precedence.
    pub enum ProofRefusal {
        /// The challenge belongs to another appeal.
        OtherAppeal => "other_appeal",
        /// A newer challenge took its place: the destination changed.
        ChallengeVoid => "challenge_void",
        /// It was used before: each is good for one proof.
        ChallengeUsed => "challenge_used",
        /// It is not valid any more.
        ChallengeExpired => "challenge_expired",
        /// It was issued after the time of asking: a clock is wrong.
        ChallengeNotYet => "challenge_not_yet",
        /// No family of this program verifies messages there.
        MethodUnsupported => "method_unsupported",
        /// The text is no address of the network.
        AddressInvalid => "address_invalid",
        /// The address is one of another network.
        NetworkWrong => "network_wrong",
        /// The address has no key that signs messages: a contract, a program, a script that is not understood.
        AddressCannotSign => "address_cannot_sign",
        /// It is not the address that sent the deposit.
        AddressNotSender => "address_not_sender",
        /// The sender is an address of ours, or of a service that many share: its signature would say nothing about a person.
        SenderShared => "sender_shared",
        /// What was given has not the form of a signature.
        SignatureMalformed => "signature_malformed",
        /// Anybody could change it into another one that is as valid, or it is written in a form that is not the canonical one.
        SignatureNotCanonical => "signature_not_canonical",
        /// What was signed could be a transaction.
        LooksLikeTransaction => "looks_like_transaction",
        /// It is another key's signature, or of another text.
        SignatureWrong => "signature_wrong",
        /// The signature is only valid later, or at an age: it proves nothing now.
        TimeLocked => "time_locked",
        /// It can neither be accepted nor refused: not proven.
        Inconclusive => "inconclusive",
        /// The payment is in another asset.
        AssetDiffers => "asset_differs",
        /// The payment is of another amount.
        AmountDiffers => "amount_differs",
        /// The payment went to another address, or without the memo.
        RecipientDiffers => "recipient_differs",
        /// The payment comes from another sender, or from one that nobody knows.
        SenderDiffers => "sender_differs",
        /// The payment has several senders, and not all of them are the claimed one.
        SendersMixed => "senders_mixed",
        /// The payment was made before the test was set.
        TestEarly => "test_early",
        /// The payment was made after the test ended.
        TestLate => "test_late",
        /// The payment failed, was undone, or is not final.
        NotFinal => "not_final",
        /// The test ended and nothing came.
        NothingCame => "nothing_came",
        /// Somebody took it back.
        TakenBack => "taken_back",
    }
}

impl ProofRefusal {
    /// What to do about it, in one line.
    #[must_use]
    pub const fn hint(self) -> &'static str {
        match self {
            Self::OtherAppeal => "`proofs list APPEAL` names the challenges of an appeal",
            Self::ChallengeVoid
            | Self::ChallengeUsed
            | Self::ChallengeExpired
            | Self::ChallengeNotYet => "issue a new one with `proofs challenge APPEAL`",
            Self::MethodUnsupported => {
                "ask for a verification deposit instead: `proofs deposit APPEAL`"
            }
            Self::AddressInvalid => "copy the sending address again",
            Self::NetworkWrong => "use the address as it is written on the deposit's own network",
            Self::AddressCannotSign => {
                "ask for a verification deposit: `proofs deposit APPEAL`, or record a document with `proofs record`"
            }
            Self::AddressNotSender => {
                "only the address that sent the deposit proves anything: `deposits show` names it"
            }
            Self::SenderShared => {
                "ask for the other exchange's record of the withdrawal and record it with `proofs record`"
            }
            Self::SignatureMalformed => {
                "paste the signature alone, as the wallet gave it, nothing cut off"
            }
            Self::SignatureNotCanonical => "sign again with an up-to-date wallet",
            Self::LooksLikeTransaction => "sign the text as a message, never as a transaction",
            Self::SignatureWrong => {
                "sign exactly the text of the challenge, every line of it, with the key of the sending address"
            }
            Self::TimeLocked => "sign without a lock time",
            Self::Inconclusive => {
                "nobody can say that it holds: ask for a verification deposit with `proofs deposit APPEAL`"
            }
            Self::AssetDiffers
            | Self::AmountDiffers
            | Self::RecipientDiffers
            | Self::SenderDiffers
            | Self::SendersMixed => {
                "the payment is credited as any other; the test waits for the exact amount from the same sender"
            }
            Self::TestEarly | Self::TestLate | Self::NothingCame => {
                "set a new test with `proofs deposit APPEAL`"
            }
            Self::NotFinal => "wait for finality; `reconcile` looks again",
            Self::TakenBack => "ask for another proof",
        }
    }
}
