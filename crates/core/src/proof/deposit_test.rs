//! The verification deposit: a payment of a unique amount, from the sender of the lost one, made after it was asked for.
//!
//! It is an ordinary deposit of the user and is credited as such. What it proves is that whoever asks can send from that address
//! now: somebody who only read the deposit on an explorer cannot.

use super::challenge::{ChallengeId, Destination};
use super::refusal::ProofRefusal;
use crate::amount::Amount;
use crate::appeal::AppealId;
use crate::asset::AssetId;
use crate::network::NetworkId;
use crate::observation::DepositId;
use crate::time::Timestamp;

/// How many digits at the end of a test's amount are random.
pub const RANDOM_DIGITS: u8 = 5;

/// How many decimals wallets let people type at most.
const TYPED_DECIMALS: u8 = 8;

/// A payment that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DepositTest {
    /// Its id.
    pub id: ChallengeId,
    /// The appeal.
    pub appeal: AppealId,
    /// The account that appeals.
    pub account: String,
    /// The deposit whose sender must pay again.
    pub deposit: DepositId,
    /// Where the claim's money will go.
    pub destination: Destination,
    /// The network.
    pub network: NetworkId,
    /// What must be sent.
    pub asset: AssetId,
    /// Exactly so much, in base units.
    pub amount: Amount,
    /// From where, in canonical text.
    pub sender: String,
    /// Where to, in canonical text.
    pub to: String,
    /// With this memo; `None` where the address is the user's own.
    pub memo: Option<String>,
    /// From when a payment counts.
    pub issued_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
}

/// What a test's amount is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TestSetting {
    /// The asset's decimals.
    pub decimals: u8,
    /// The least that the exchange credits; zero where it credits everything.
    pub minimum: Amount,
    /// The least that the network moves; zero where it moves everything.
    pub dust: Amount,
}

/// Why no amount can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TestAmountError {
    /// Five random digits of it would cost more than a test may.
    #[error(
        "the asset has {decimals} decimals: an amount with {RANDOM_DIGITS} random digits would be too much to ask for; name another one with --asset"
    )]
    TooCoarse {
        /// Its decimals.
        decimals: u8,
    },
    /// The amount leaves the range.
    #[error("the minimum of the asset is out of range: check it in chains.toml")]
    OutOfRange,
}

/// An amount for a test: at least the minimum and above the dust, with five random digits in the last places that wallets let
/// people type. `random` is any number; equal numbers give equal amounts, so that the store refuses an amount twice and another
/// one is drawn.
///
/// # Errors
/// When the asset is too coarse, or the minimum out of range.
pub fn test_amount(setting: &TestSetting, random: u64) -> Result<Amount, TestAmountError> {
    let TestSetting {
        decimals,
        minimum,
        dust,
    } = *setting;
    if decimals < RANDOM_DIGITS {
        return Err(TestAmountError::TooCoarse { decimals });
    }
    let shown = decimals.min(TYPED_DECIMALS);
    let power = |exponent| Amount::power_of_ten(exponent).ok_or(TestAmountError::OutOfRange);
    let quantum = power(decimals.saturating_sub(shown))?;
    let span = power(RANDOM_DIGITS)?;
    // The base ends in five zeros at least, so that the random digits are the last ones. Rounded up: never below the minimum.
    let one = Amount::from_u128(1);
    let whole = |units: Amount, times: Amount| units.mul_ratio_floor(times, one);
    let step = whole(quantum, span).ok_or(TestAmountError::OutOfRange)?;
    let least = minimum.max(dust);
    let steps = least.mul_ratio_ceil(one, step);
    // Neither zero nor a number with zeros in front: all five places are typed.
    let digits = 10_000_u64.saturating_add(random.checked_rem(90_000).unwrap_or_default());
    steps
        .and_then(|steps| whole(steps, step))
        .zip(whole(quantum, Amount::from_u128(u128::from(digits))))
        .and_then(|(base, random)| base.checked_add(random))
        .ok_or(TestAmountError::OutOfRange)
}

/// A payment that was seen, as far as a test looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// The network.
    pub network: NetworkId,
    /// What was sent.
    pub asset: AssetId,
    /// How much arrived, in base units.
    pub amount: Amount,
    /// Every sender that is known, in canonical text; empty when none is.
    pub senders: Vec<String>,
    /// Whether `senders` is all of them.
    pub is_every_sender: bool,
    /// The recipient, in canonical text.
    pub to: String,
    /// The memos that it carries.
    pub memos: Vec<String>,
    /// The time of its block; `None` before it is in one.
    pub at: Option<Timestamp>,
    /// Whether it was executed and cannot vanish any more.
    pub is_final: bool,
}

/// Whether a payment meets a test: every condition, exactly.
///
/// # Errors
/// The first condition that it does not meet, in the order of [`ProofRefusal`].
pub fn judge(test: &DepositTest, payment: &Payment) -> Result<(), ProofRefusal> {
    let require = |holds: bool, refusal| if holds { Ok(()) } else { Err(refusal) };
    require(
        payment.network == test.network && payment.asset == test.asset,
        ProofRefusal::AssetDiffers,
    )?;
    require(payment.amount == test.amount, ProofRefusal::AmountDiffers)?;
    let has_memo = |memo: &String| payment.memos.iter().any(|seen| seen == memo);
    require(
        payment.to == test.to && test.memo.as_ref().is_none_or(has_memo),
        ProofRefusal::RecipientDiffers,
    )?;
    require(
        payment.senders.contains(&test.sender),
        ProofRefusal::SenderDiffers,
    )?;
    // One input of a stranger beside the claimed one is no proof: both may be somebody else's joint payment.
    require(
        payment.is_every_sender && payment.senders.iter().all(|sender| *sender == test.sender),
        ProofRefusal::SendersMixed,
    )?;
    let Some(at) = payment.at else {
        return Err(ProofRefusal::NotFinal);
    };
    // A block's time may be behind ours by seconds; a payment of the same second was made after the amount was drawn all the same.
    require(
        at.as_seconds() >= test.issued_at.as_seconds(),
        ProofRefusal::TestEarly,
    )?;
    require(at < test.expires_at, ProofRefusal::TestLate)?;
    require(payment.is_final, ProofRefusal::NotFinal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn test() -> DepositTest {
        DepositTest {
            id: ChallengeId::verbatim("chg_1"),
            appeal: AppealId::verbatim("A-1"),
            account: "U-1".to_owned(),
            deposit: DepositId::verbatim("dep_1"),
            destination: Destination::Account("U-1".to_owned()),
            network: NetworkId::new("bsc"),
            asset: AssetId::native(NetworkId::new("bsc")),
            amount: Amount::from_u128(1_012_345),
            sender: "0xaa".to_owned(),
            to: "0xbb".to_owned(),
            memo: None,
            issued_at: time("2026-11-22T08:00:00Z"),
            expires_at: time("2026-11-24T08:00:00Z"),
        }
    }

    fn payment() -> Payment {
        Payment {
            network: NetworkId::new("bsc"),
            asset: AssetId::native(NetworkId::new("bsc")),
            amount: Amount::from_u128(1_012_345),
            senders: vec!["0xaa".to_owned()],
            is_every_sender: true,
            to: "0xbb".to_owned(),
            memos: Vec::new(),
            at: Some(time("2026-11-22T09:00:00Z")),
            is_final: true,
        }
    }

    #[test]
    fn only_the_exact_payment_meets_the_test() {
        assert_eq!(judge(&test(), &payment()), Ok(()));
        type Change = fn(&mut Payment);
        let cases: [(ProofRefusal, Change); 14] = [
            (ProofRefusal::AssetDiffers, |payment| {
                payment.network = NetworkId::new("ethereum");
            }),
            (ProofRefusal::AssetDiffers, |payment| {
                payment.asset = AssetId::contract(NetworkId::new("bsc"), "0xcc");
            }),
            (ProofRefusal::AmountDiffers, |payment| {
                payment.amount = Amount::from_u128(1_012_346);
            }),
            (ProofRefusal::AmountDiffers, |payment| {
                payment.amount = Amount::from_u128(1_012_344);
            }),
            (ProofRefusal::RecipientDiffers, |payment| {
                payment.to = "0xbc".to_owned();
            }),
            (ProofRefusal::SenderDiffers, |payment| {
                payment.senders = vec!["0xab".to_owned()];
            }),
            (ProofRefusal::SenderDiffers, |payment| {
                payment.senders.clear()
            }),
            (ProofRefusal::SendersMixed, |payment| {
                payment.senders.push("0xab".to_owned());
            }),
            (ProofRefusal::SendersMixed, |payment| {
                payment.is_every_sender = false;
            }),
            (ProofRefusal::TestEarly, |payment| {
                payment.at = Some(time("2026-11-22T07:59:59Z"));
            }),
            (ProofRefusal::TestLate, |payment| {
                payment.at = Some(time("2026-11-24T08:00:00Z"));
            }),
            (ProofRefusal::NotFinal, |payment| payment.at = None),
            (ProofRefusal::NotFinal, |payment| payment.is_final = false),
            // What is told first is what comes first.
            (ProofRefusal::AmountDiffers, |payment| {
                payment.amount = Amount::ZERO;
                payment.senders.clear();
                payment.is_final = false;
            }),
        ];
        for (refusal, change) in cases {
            let mut other = payment();
            change(&mut other);
            assert_eq!(judge(&test(), &other), Err(refusal), "{other:?}");
        }
    }

    #[test]
    fn at_a_shared_address_the_memo_counts() {
        let with_memo = DepositTest {
            memo: Some("898620041".to_owned()),
            ..test()
        };
        let refused = Err(ProofRefusal::RecipientDiffers);
        assert_eq!(judge(&with_memo, &payment()), refused);
        let mut other = payment();
        other.memos = vec!["898620042".to_owned()];
        assert_eq!(judge(&with_memo, &other), refused);
        other.memos.push("898620041".to_owned());
        assert_eq!(judge(&with_memo, &other), Ok(()));
    }

    #[test]
    fn an_amount_has_five_random_digits_above_the_minimum_and_the_dust() {
        let units = |decimals, minimum, dust, random| {
            let setting = TestSetting {
                decimals,
                minimum: Amount::from_u128(minimum),
                dust: Amount::from_u128(dust),
            };
            test_amount(&setting, random).map(|amount| amount.to_base_units())
        };
        // A dollar of six decimals with a minimum of ten: 10.02345.
        assert_eq!(units(6, 10_000_000, 0, 2_345).as_deref(), Ok("10012345"));
        // Bitcoin: above its dust.
        assert_eq!(units(8, 0, 546, 89_999).as_deref(), Ok("199999"));
        // Eighteen decimals: the eight that people can type.
        assert_eq!(
            units(18, 1_000_000_000_000_001, 0, 0).as_deref(),
            Ok("2100000000000000")
        );
        assert_eq!(units(5, 0, 0, 0).as_deref(), Ok("10000"));
        for decimals in 0..5 {
            assert_eq!(
                units(decimals, 0, 0, 0),
                Err(TestAmountError::TooCoarse { decimals })
            );
        }
        let all: std::collections::BTreeSet<String> = (0..90_000)
            .map(|random| units(6, 0, 0, random).unwrap())
            .collect();
        assert_eq!(all.len(), 90_000);
        let largest = TestSetting {
            decimals: 18,
            minimum: Amount::from_be_bytes([0xff; 32]),
            dust: Amount::ZERO,
        };
        assert_eq!(test_amount(&largest, 0), Err(TestAmountError::OutOfRange));
    }
}
