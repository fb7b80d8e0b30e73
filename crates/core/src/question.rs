//! The one question to ask a customer: the one whose answer tells the candidates apart, or shows whose the payment is.
//!
//! A question never says what a candidate holds. A stranger who is told three amounts has only to choose one; somebody who
//! sent the payment can tell the amount.

use crate::code::coded;
use crate::time::Timestamp;
use std::collections::BTreeSet;

coded! {
    /// What a customer is asked.
    pub enum QuestionCode {
        /// The transaction's id.
        TransactionId => "transaction_id",
        /// The network that was used.
        Network => "network",
        /// The exact amount.
        ExactAmount => "exact_amount",
        /// Day and time.
        ExactTime => "exact_time",
        /// The address it was sent to.
        ReceivingAddress => "receiving_address",
        /// The address or service it was sent from.
        SendingAddress => "sending_address",
        /// The memo or tag that was typed.
        Memo => "memo",
        /// Which coin, by its contract.
        Asset => "asset",
        /// Proof that the sending address is the customer's.
        SendingAddressProof => "sending_address_proof",
        /// The sending service's record of the withdrawal.
        WithdrawalRecord => "withdrawal_record",
        /// Words of the person's own.
        Other => "other",
    }
}

impl QuestionCode {
    /// The question as the customer reads it; empty for words of the person's own.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::TransactionId => {
                "Which transaction is it? Please send its id (the hash), copied as text from the wallet or service you sent from. A picture is not enough."
            }
            Self::Network => {
                "Which network did you choose when you sent the coins? Please copy its name from the wallet or service you sent from."
            }
            Self::ExactAmount => {
                "Which exact amount arrived or was sent, with all its decimals? Please copy it from the wallet or service you sent from."
            }
            Self::ExactTime => {
                "On which day and at what time did you send it? Please name your time zone."
            }
            Self::ReceivingAddress => {
                "To which address did you send it? Please copy the whole address from the wallet or service you sent from."
            }
            Self::SendingAddress => {
                "From which address, or from which service, did you send it? Please copy the whole address if you have it."
            }
            Self::Memo => {
                "Which memo, tag or comment did you type when you sent it? Write it exactly as it was, or say that you left it empty."
            }
            Self::Asset => {
                "Which coin is it? Please send the address of its contract as your wallet shows it."
            }
            Self::SendingAddressProof => {
                "Please show that the sending address is yours: sign the text that we send you with it, or send the small amount that we name from it."
            }
            Self::WithdrawalRecord => {
                "Please send the withdrawal's record from the service you sent from: its id there, the transaction id, the amount and the time."
            }
            Self::Other => "",
        }
    }

    /// The field of the appeal that the answer fills; `None` where it is no field.
    #[must_use]
    pub const fn field(self) -> Option<AppealField> {
        match self {
            Self::TransactionId => Some(AppealField::TxId),
            Self::Network => Some(AppealField::Network),
            Self::ExactAmount => Some(AppealField::Amount),
            Self::ExactTime => Some(AppealField::Time),
            Self::ReceivingAddress => Some(AppealField::To),
            Self::SendingAddress => Some(AppealField::From),
            Self::Memo => Some(AppealField::Memo),
            Self::Asset => Some(AppealField::Asset),
            Self::SendingAddressProof | Self::WithdrawalRecord | Self::Other => None,
        }
    }
}

coded! {
    /// A field of an appeal that a customer may fill later.
    pub enum AppealField {
        /// The transaction.
        TxId => "txid",
        /// The network.
        Network => "network",
        /// The coin.
        Asset => "asset",
        /// The amount.
        Amount => "amount",
        /// The address it was sent to.
        To => "to_address",
        /// The memo.
        Memo => "memo",
        /// The address it came from.
        From => "from_address",
        /// When.
        Time => "time",
        /// Whatever else was said; it is added to the text, where the others take a field's place.
        Text => "text",
    }
}

/// What an appeal tells, as far as it could be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Told {
    /// A transaction id, whole or in part.
    pub transaction: bool,
    /// A network.
    pub network: bool,
    /// A coin.
    pub asset: bool,
    /// An amount.
    pub amount: bool,
    /// A time.
    pub time: bool,
    /// The address it was sent to.
    pub to: bool,
    /// The address it came from.
    pub from: bool,
    /// A memo.
    pub memo: bool,
}

/// A deposit that the appeal may mean, for comparison with the others only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CandidateFacts {
    /// Its transaction.
    pub transaction: String,
    /// Its network.
    pub network: String,
    /// Its asset.
    pub asset: String,
    /// Its amount in coin units.
    pub amount: String,
    /// Its block's time.
    pub time: Option<Timestamp>,
    /// Who was credited.
    pub to: String,
    /// Who sent it.
    pub from: Option<String>,
    /// Its memo.
    pub memo: Option<String>,
}

/// A question, and why this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proposal {
    /// Which.
    pub code: QuestionCode,
    /// Why, for the person who asks.
    pub reason: &'static str,
}

/// The one question to ask: `candidates` best first, at most a few; `is_wanted_by_others` where other users want the same.
#[must_use]
pub fn propose(told: Told, candidates: &[CandidateFacts], is_wanted_by_others: bool) -> Proposal {
    let of = |code, reason| Proposal { code, reason };
    let [first, others @ ..] = candidates else {
        return missing_most(told);
    };
    if is_wanted_by_others {
        return ownership(first, "several users want it: only proof decides");
    }
    if !others.is_empty() {
        let differ = |fact: fn(&CandidateFacts) -> String| {
            candidates.iter().map(fact).collect::<BTreeSet<_>>().len() > 1
        };
        let hour = |one: &CandidateFacts| {
            let hour = one.time.map(|at| at.as_seconds().div_euclid(3_600));
            hour.map_or_else(String::new, |hour| hour.to_string())
        };
        // Easiest to tell and hardest to mistake first; what was told already did not tell them apart.
        if !told.transaction && differ(|one| one.transaction.clone()) {
            return of(
                QuestionCode::TransactionId,
                "the candidates are different transactions",
            );
        }
        if !told.network && differ(|one| one.network.clone()) {
            return of(
                QuestionCode::Network,
                "the candidates are on different networks",
            );
        }
        if !told.amount && differ(|one| one.amount.clone()) {
            return of(
                QuestionCode::ExactAmount,
                "the candidates differ in the amount",
            );
        }
        if !told.time && differ(hour) {
            return of(QuestionCode::ExactTime, "the candidates differ in the hour");
        }
        if !told.from && differ(|one| one.from.clone().unwrap_or_default()) {
            return of(
                QuestionCode::SendingAddress,
                "the candidates differ in the sender",
            );
        }
        if !told.to && differ(|one| one.to.clone()) {
            return of(
                QuestionCode::ReceivingAddress,
                "the candidates differ in the address",
            );
        }
        if !told.memo && differ(|one| one.memo.clone().unwrap_or_default()) {
            return of(QuestionCode::Memo, "the candidates differ in the memo");
        }
        if !told.asset && differ(|one| one.asset.clone()) {
            return of(QuestionCode::Asset, "the candidates differ in the coin");
        }
        if !told.transaction {
            return of(
                QuestionCode::TransactionId,
                "nothing else tells the candidates apart",
            );
        }
    } else if !told.transaction {
        return of(
            QuestionCode::TransactionId,
            "it would settle whether the candidate is meant",
        );
    }
    ownership(
        first,
        "what was told is public: it does not show whose payment it is",
    )
}

fn missing_most(told: Told) -> Proposal {
    let (code, reason) = if !told.transaction {
        (
            QuestionCode::TransactionId,
            "no deposit fits, and no transaction was named",
        )
    } else if !told.network {
        (
            QuestionCode::Network,
            "the transaction is at no address of ours that was read, and no network was named",
        )
    } else if !told.to {
        (
            QuestionCode::ReceivingAddress,
            "the transaction is at no address of ours, and none was named",
        )
    } else if !told.from {
        (
            QuestionCode::SendingAddress,
            "nothing fits; the sender may lead to the payment",
        )
    } else {
        (
            QuestionCode::WithdrawalRecord,
            "nothing fits what was told: the sending service's record shows what really happened",
        )
    };
    Proposal { code, reason }
}

const fn ownership(candidate: &CandidateFacts, reason: &'static str) -> Proposal {
    let code = if candidate.from.is_some() {
        QuestionCode::SendingAddressProof
    } else {
        QuestionCode::WithdrawalRecord
    };
    Proposal { code, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate() -> CandidateFacts {
        CandidateFacts {
            transaction: "0x1".into(),
            network: "bsc".into(),
            asset: "bsc/native".into(),
            amount: "1".into(),
            time: Timestamp::from_seconds(7_200),
            to: "0xa".into(),
            from: Some("0xb".into()),
            memo: None,
        }
    }

    const ALL: Told = Told {
        transaction: true,
        network: true,
        asset: true,
        amount: true,
        time: true,
        to: true,
        from: true,
        memo: true,
    };

    #[test]
    fn own_the_question_is_the_one_that_separates() {
        use QuestionCode::*;
        let one = candidate();
        let other = |change: fn(&mut CandidateFacts)| {
            let mut other = candidate();
            change(&mut other);
            other
        };
        let tx = other(|it| it.transaction = "0x2".into());
        let amount = other(|it| it.amount = "2".into());
        let later = other(|it| it.time = Timestamp::from_seconds(86_400));
        let same_hour = other(|it| it.time = Timestamp::from_seconds(7_300));
        let memo = other(|it| it.memo = Some("7".into()));
        let nobody = other(|it| it.from = None);
        let named = |transaction| Told {
            transaction,
            ..Told::default()
        };
        let rows: Vec<(&str, Told, Vec<CandidateFacts>, bool, QuestionCode)> = vec![
            ("nothing", Told::default(), vec![], false, TransactionId),
            ("only a transaction", named(true), vec![], false, Network),
            (
                "all told, nothing fits",
                ALL,
                vec![],
                false,
                WithdrawalRecord,
            ),
            (
                "one, no transaction",
                Told::default(),
                vec![one.clone()],
                false,
                TransactionId,
            ),
            (
                "one, transaction told",
                named(true),
                vec![one.clone()],
                false,
                SendingAddressProof,
            ),
            (
                "one without a sender",
                named(true),
                vec![nobody.clone()],
                false,
                WithdrawalRecord,
            ),
            (
                "rivals",
                Told::default(),
                vec![one.clone(), tx.clone()],
                true,
                SendingAddressProof,
            ),
            (
                "two transactions",
                Told::default(),
                vec![one.clone(), tx],
                false,
                TransactionId,
            ),
            (
                "two amounts",
                named(true),
                vec![one.clone(), amount.clone()],
                false,
                ExactAmount,
            ),
            (
                "two amounts, amount told",
                Told {
                    amount: true,
                    ..named(true)
                },
                vec![one.clone(), amount],
                false,
                SendingAddressProof,
            ),
            (
                "two days",
                named(true),
                vec![one.clone(), later],
                false,
                ExactTime,
            ),
            (
                "one hour",
                named(true),
                vec![one.clone(), same_hour],
                false,
                SendingAddressProof,
            ),
            (
                "two memos",
                named(true),
                vec![one.clone(), memo],
                false,
                Memo,
            ),
            (
                "twins",
                Told::default(),
                vec![one.clone(), one],
                false,
                TransactionId,
            ),
        ];
        for (name, told, candidates, is_wanted, expected) in rows {
            let found = propose(told, &candidates, is_wanted);
            assert_eq!(found.code, expected, "{name}");
            assert!(!found.reason.is_empty(), "{name}");
        }
    }

    #[test]
    fn own_no_question_tells_what_a_candidate_holds() {
        for code in QuestionCode::ALL {
            let text = code.text();
            assert_eq!(text.is_empty(), *code == QuestionCode::Other, "{code}");
            assert!(!text.bytes().any(|byte| byte.is_ascii_digit()), "{code}");
        }
    }
}
