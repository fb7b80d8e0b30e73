//! The one text that claimants sign, whatever the network.
//!
//! It is printable ASCII and line feeds, so that every wallet shows it as it is and nothing in it can be mistaken for a transaction,
//! for typed data or for another party's text. What is signed names account, appeal, deposit, sender and destination: a signature
//! cannot be carried to another of these, nor to another exchange.

use crate::appeal::AppealId;
use crate::code::coded;
use crate::digest::Encoder;
use crate::network::NetworkId;
use crate::observation::DepositId;
use crate::time::Timestamp;

/// The longest value of a field, in characters: wallets of paper and steel show few lines.
const VALUE_MAX: usize = 160;

const TITLE: &str = "Proof of ownership for a deposit recovery claim";
const NOTICE: &str = "This is not a transaction. Signing it moves no money and costs nothing.";
const PURPOSE: &str = "recovery claim";
const CREDIT: &str = "credit to account ";
const PAY: &str = "pay to address ";

coded! {
    /// A field of a challenge.
    pub enum Field {
        /// Who asks.
        Exchange => "exchange",
        /// What for.
        Purpose => "purpose",
        /// The appeal.
        Appeal => "appeal",
        /// The account that appeals.
        Account => "account",
        /// The deposit.
        Deposit => "deposit",
        /// The network of the sending address.
        Network => "network",
        /// The sending address.
        Sender => "sender",
        /// Where the money goes.
        Destination => "destination",
        /// What makes the text unlike any other.
        Nonce => "nonce",
        /// From when it is valid.
        Issued => "issued",
        /// Until when.
        Expires => "expires",
    }
}

/// A challenge's id: `chg_` and 80 bits over its text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChallengeId(String);

impl ChallengeId {
    /// An id taken verbatim.
    #[must_use]
    pub fn verbatim(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The id of a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let digest = Encoder::new("recover/challenge-id/1").field(text).finish();
        Self(format!(
            "chg_{}",
            hex::encode(digest.bytes().get(..10).unwrap_or_default())
        ))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for ChallengeId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
    }
}

/// 128 random bits; printed as 32 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nonce(pub [u8; 16]);

impl std::fmt::Display for Nonce {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&hex::encode(self.0))
    }
}

/// Where the money goes when the claim succeeds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Destination {
    /// Booked to an account of the exchange.
    Account(String),
    /// Paid to an address on the deposit's network, in canonical text.
    Address(String),
}

/// As the signed text has it: `credit to account U-1`, `pay to address 0x…`.
impl std::fmt::Display for Destination {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Account(user) => write!(f, "{CREDIT}{user}"),
            Self::Address(address) => write!(f, "{PAY}{address}"),
        }
    }
}

impl Destination {
    /// Reads what [`Display`](std::fmt::Display) prints; `None` for other texts.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let account = |text: &str| Self::Account(text.to_owned());
        let address = |text: &str| Self::Address(text.to_owned());
        let found = text
            .strip_prefix(CREDIT)
            .map(account)
            .or_else(|| text.strip_prefix(PAY).map(address))?;
        let (Self::Account(value) | Self::Address(value)) = &found;
        (!value.is_empty()).then_some(found)
    }
}

/// What a claimant is asked to sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// The exchange's domain or name.
    pub exchange: String,
    /// The appeal.
    pub appeal: AppealId,
    /// The account that appeals.
    pub account: String,
    /// The deposit that is claimed.
    pub deposit: DepositId,
    /// The deposit's network.
    pub network: NetworkId,
    /// The sending address, in canonical text.
    pub sender: String,
    /// Where the money goes.
    pub destination: Destination,
    /// What makes it unlike any other.
    pub nonce: Nonce,
    /// From when it is valid; whole seconds.
    pub issued_at: Timestamp,
    /// From when it is valid no more; whole seconds.
    pub expires_at: Timestamp,
}

/// Why a text is no challenge, or a challenge has no text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChallengeError {
    /// A value that wallets do not all show alike.
    #[error(
        "the {field} cannot stand in a text to sign: 1 to {VALUE_MAX} letters, digits and signs of ASCII; ask for a verification deposit instead"
    )]
    Unprintable {
        /// Which.
        field: Field,
    },
    /// It ends before it begins, or is not at a whole second.
    #[error("a challenge is valid from one whole second to a later one")]
    Period,
    /// The text is not byte for byte one that this program writes.
    #[error(
        "this is not the text of a challenge: sign it exactly as it was given, with every line break"
    )]
    NotAChallenge,
}

fn printable(field: Field, value: &str) -> Result<(), ChallengeError> {
    let fits = (1..=VALUE_MAX).contains(&value.len())
        && value.bytes().all(|byte| (0x20..=0x7e).contains(&byte))
        && value.trim() == value;
    if fits {
        Ok(())
    } else {
        Err(ChallengeError::Unprintable { field })
    }
}

impl Challenge {
    /// The bytes to sign: lines separated by one line feed, none at the end.
    ///
    /// # Errors
    /// [`ChallengeError::Unprintable`] for a value that is not plain ASCII, [`ChallengeError::Period`].
    pub fn text(&self) -> Result<String, ChallengeError> {
        let is_whole = |time: Timestamp| time.as_micros().rem_euclid(1_000_000) == 0;
        if self.issued_at >= self.expires_at
            || !is_whole(self.issued_at)
            || !is_whole(self.expires_at)
        {
            return Err(ChallengeError::Period);
        }
        let mut lines = vec![TITLE.to_owned(), NOTICE.to_owned(), String::new()];
        for field in Field::ALL {
            let value = match field {
                Field::Exchange => self.exchange.clone(),
                Field::Purpose => PURPOSE.to_owned(),
                Field::Appeal => self.appeal.to_string(),
                Field::Account => self.account.clone(),
                Field::Deposit => self.deposit.to_string(),
                Field::Network => self.network.to_string(),
                Field::Sender => self.sender.clone(),
                Field::Destination => self.destination.to_string(),
                Field::Nonce => self.nonce.to_string(),
                Field::Issued => self.issued_at.to_string(),
                Field::Expires => self.expires_at.to_string(),
            };
            printable(*field, &value)?;
            lines.push(format!("{field}: {value}"));
        }
        Ok(lines.join("\n"))
    }

    /// Reads a text that [`Challenge::text`] wrote, byte for byte.
    ///
    /// # Errors
    /// [`ChallengeError::NotAChallenge`] for every other text.
    pub fn parse(text: &str) -> Result<Self, ChallengeError> {
        let mut lines = text.split('\n').skip(3);
        let mut value = |field: Field| -> Result<String, ChallengeError> {
            lines
                .next()
                .and_then(|line| line.strip_prefix(field.code())?.strip_prefix(": "))
                .map(str::to_owned)
                .ok_or(ChallengeError::NotAChallenge)
        };
        let exchange = value(Field::Exchange)?;
        value(Field::Purpose)?;
        let appeal = AppealId::verbatim(&value(Field::Appeal)?);
        let account = value(Field::Account)?;
        let deposit = DepositId::verbatim(&value(Field::Deposit)?);
        let network = NetworkId::new(&value(Field::Network)?);
        let sender = value(Field::Sender)?;
        let destination =
            Destination::parse(&value(Field::Destination)?).ok_or(ChallengeError::NotAChallenge)?;
        let mut nonce = [0; 16];
        hex::decode_to_slice(value(Field::Nonce)?, &mut nonce)
            .map_err(|_| ChallengeError::NotAChallenge)?;
        let mut time =
            |field| Timestamp::parse(&value(field)?).map_err(|_| ChallengeError::NotAChallenge);
        let (issued_at, expires_at) = (time(Field::Issued)?, time(Field::Expires)?);
        let read = Self {
            exchange,
            appeal,
            account,
            deposit,
            network,
            sender,
            destination,
            nonce: Nonce(nonce),
            issued_at,
            expires_at,
        };
        // Whatever reads alike and is written otherwise is another text.
        match read.text() {
            Ok(own) if own == text => Ok(read),
            _ => Err(ChallengeError::NotAChallenge),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn challenge() -> Challenge {
        Challenge {
            exchange: "exchange.example".to_owned(),
            appeal: AppealId::verbatim("A-1"),
            account: "U-1".to_owned(),
            deposit: DepositId::verbatim("dep_1"),
            network: NetworkId::new("ethereum"),
            sender: "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed".to_owned(),
            destination: Destination::Account("U-1".to_owned()),
            nonce: Nonce([7; 16]),
            issued_at: Timestamp::parse("2026-11-22T08:00:00Z").unwrap(),
            expires_at: Timestamp::parse("2026-11-23T08:00:00Z").unwrap(),
        }
    }

    #[test]
    fn the_text_names_everything_and_reads_back() {
        let challenge = challenge();
        let text = challenge.text().unwrap();
        assert_eq!(
            text,
            "Proof of ownership for a deposit recovery claim\n\
             This is not a transaction. Signing it moves no money and costs nothing.\n\
             \n\
             exchange: exchange.example\n\
             purpose: recovery claim\n\
             appeal: A-1\n\
             account: U-1\n\
             deposit: dep_1\n\
             network: ethereum\n\
             sender: 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed\n\
             destination: credit to account U-1\n\
             nonce: 07070707070707070707070707070707\n\
             issued: 2026-11-22T08:00:00Z\n\
             expires: 2026-11-23T08:00:00Z"
        );
        assert_eq!(Challenge::parse(&text), Ok(challenge));
    }

    #[test]
    fn every_other_byte_is_another_text() {
        let text = challenge().text().unwrap();
        for place in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[place] ^= 0x01;
            let Ok(changed) = String::from_utf8(bytes) else {
                continue;
            };
            // A changed value may be a challenge of its own, and never this one.
            if let Ok(read) = Challenge::parse(&changed) {
                assert_ne!(read, challenge());
                assert_eq!(read.text().as_deref(), Ok(changed.as_str()));
            }
            let cut = &text[..place];
            assert_eq!(Challenge::parse(cut), Err(ChallengeError::NotAChallenge));
        }
        for changed in [
            format!("{text}\n"),
            format!(" {text}"),
            text.replace('\n', "\r\n"),
            text.replace("recovery claim\nappeal", "login\nappeal"),
            text.replace("nonce: 0707", "nonce: 0707 "),
            text.replace("08:00:00Z", "08:00:00.000Z"),
            text.replace("2026-11-22T08:00:00Z", "2026-11-22T10:00:00+02:00"),
            text.replace(
                "07070707070707070707070707070707",
                "0707070707070707070707070707070A",
            ),
            text.replace("credit to account U-1", "credit to account "),
            text.replace("credit to account U-1", "give to U-1"),
        ] {
            assert_ne!(changed, text);
            assert_eq!(
                Challenge::parse(&changed),
                Err(ChallengeError::NotAChallenge),
                "{changed}"
            );
        }
    }

    #[test]
    fn a_value_cannot_hold_another_line() {
        type Change = fn(&mut Challenge, String);
        let fields: [(Field, Change); 6] = [
            (Field::Exchange, |challenge, text| challenge.exchange = text),
            (Field::Appeal, |challenge, text| {
                challenge.appeal = AppealId::verbatim(&text);
            }),
            (Field::Account, |challenge, text| challenge.account = text),
            (Field::Deposit, |challenge, text| {
                challenge.deposit = DepositId::verbatim(&text);
            }),
            (Field::Sender, |challenge, text| challenge.sender = text),
            (Field::Destination, |challenge, text| {
                challenge.destination = Destination::Account(text);
            }),
        ];
        for (field, change) in fields {
            for bad in [
                "U-1\nsender: 0x0",
                "U-1\r",
                "\u{416}",
                "U\u{202e}1",
                "U-1 ",
                "\u{7f}",
                "\0",
            ] {
                let mut other = challenge();
                change(&mut other, bad.to_owned());
                assert_eq!(other.text(), Err(ChallengeError::Unprintable { field }));
            }
            let mut other = challenge();
            change(&mut other, "x".repeat(VALUE_MAX + 1));
            assert_eq!(other.text(), Err(ChallengeError::Unprintable { field }));
        }
    }

    #[test]
    fn another_destination_is_another_text() {
        let text = challenge().text().unwrap();
        let other = Challenge {
            destination: Destination::Address("0x00".to_owned()),
            ..challenge()
        };
        let paid = other.text().unwrap();
        assert!(paid.contains("\ndestination: pay to address 0x00\n"));
        assert_ne!(ChallengeId::of(&text), ChallengeId::of(&paid));
        // An account may be called as an address is: the words before it tell them apart.
        let account = Challenge {
            destination: Destination::Account("0x00".to_owned()),
            ..challenge()
        };
        assert_ne!(account.text().unwrap(), paid);
    }
}
