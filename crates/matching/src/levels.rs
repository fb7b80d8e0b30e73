//! How one deposit compares with one appeal: a small number per field, higher where the field fits better.
//!
//! Only what is there is compared. The numbers are what the model weighs and what the explanation names; what is rare among the
//! deposits at hand is kept beside them as a logarithmic count.

use recover_core::decimal::Decimal;

/// The fields in their fixed order; each names the place of its level in [`Levels`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Part {
    /// The transaction id ([`transaction`]).
    Transaction,
    /// How many deposits the transaction brought: 1, 2, 3, 4 or more, less one.
    Outputs,
    /// The receiving address ([`id`]).
    To,
    /// How common the receiving address is ([`common`]).
    ToCommon,
    /// The sending address ([`id`]).
    From,
    /// How common the sending address is ([`common`]).
    FromCommon,
    /// The coin ([`coin`]).
    Coin,
    /// The amount ([`amount`]).
    Amount,
    /// Deposits of this coin and amount within a day and a half ([`twins`]).
    TwinsOfDay,
    /// Deposits of this coin and amount at this address within half an hour ([`twins`]).
    TwinsNear,
    /// The time ([`time`]).
    Time,
    /// The stated memo against the deposit's ([`memo`]).
    Memo,
    /// The network ([`network`]).
    Network,
    /// The view of the deposit page ([`view`]).
    View,
    /// What support verified ([`proof`]).
    Proof,
    /// To whom the receiving address was issued ([`issued`]).
    Issued,
    /// To whom the deposit's memo was assigned ([`assigned`]).
    Assigned,
    /// Whether the claimant, and nobody else, has sent from the sending address before: 0 or 1.
    Sender,
}

/// How many parts there are.
pub const PARTS: usize = 18;

impl Part {
    /// Every part in order.
    pub const ALL: [Self; PARTS] = [
        Self::Transaction,
        Self::Outputs,
        Self::To,
        Self::ToCommon,
        Self::From,
        Self::FromCommon,
        Self::Coin,
        Self::Amount,
        Self::TwinsOfDay,
        Self::TwinsNear,
        Self::Time,
        Self::Memo,
        Self::Network,
        Self::View,
        Self::Proof,
        Self::Issued,
        Self::Assigned,
        Self::Sender,
    ];

    /// How many levels it has.
    #[must_use]
    pub const fn levels(self) -> usize {
        match self {
            Self::Transaction => 12,
            Self::Outputs => 4,
            Self::To | Self::From => 7,
            Self::ToCommon | Self::FromCommon | Self::TwinsOfDay | Self::TwinsNear => 6,
            Self::Coin => 5,
            Self::Amount => 11,
            Self::Time => 13,
            Self::Memo => 6,
            Self::Network => 6,
            Self::View => 6,
            Self::Proof => 5,
            Self::Issued => 3,
            Self::Assigned => 6,
            Self::Sender => 2,
        }
    }

    /// Its name in the model file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Transaction => "transaction",
            Self::Outputs => "outputs",
            Self::To => "to",
            Self::ToCommon => "to_common",
            Self::From => "from",
            Self::FromCommon => "from_common",
            Self::Coin => "coin",
            Self::Amount => "amount",
            Self::TwinsOfDay => "twins_of_day",
            Self::TwinsNear => "twins_near",
            Self::Time => "time",
            Self::Memo => "memo",
            Self::Network => "network",
            Self::View => "view",
            Self::Proof => "proof",
            Self::Issued => "issued",
            Self::Assigned => "assigned",
            Self::Sender => "sender",
        }
    }
}

/// The deposits up to which a known sender may be a user's own wallet: from a busier one anybody's money comes.
pub const SENDER_DEPOSITS_MAX: usize = 15;

/// The class of that many.
const SENDER_COMMON_MAX: u8 = common(SENDER_DEPOSITS_MAX);

/// The levels of one pair, by [`Part`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Levels(pub [u8; PARTS]);

impl Levels {
    /// The level of a part.
    #[must_use]
    pub const fn of(&self, part: Part) -> u8 {
        self.0[part as usize]
    }

    pub(crate) const fn set(&mut self, part: Part, level: u8) {
        self.0[part as usize] = level;
    }

    /// Whether the exchange itself knows, or a person verified, that this deposit is the claimant's: an address issued to them
    /// alone, their own memo, a sender of theirs, or a proof of the sender. Public data never counts. A memo that is theirs but
    /// for a slip is near many users' memos where there are many: it counts with a view of the page before the deposit came.
    #[must_use]
    pub const fn is_hard(&self) -> bool {
        !self.is_anothers()
            && self.of(Part::Proof) != proof::REFUTED
            && (self.of(Part::Issued) == issued::MINE
                || self.of(Part::Assigned) >= assigned::MINE
                || (self.of(Part::Assigned) == assigned::MINE_NEAR
                    && self.of(Part::View) >= view::HOURS)
                || (self.of(Part::Sender) == 1 && self.of(Part::FromCommon) <= SENDER_COMMON_MAX)
                || self.of(Part::Proof) >= proof::RECORD)
    }

    /// Whether the deposit is bound to the claimant's account: an address issued to them alone, or their own memo. What else they
    /// do, and what others say, does not touch that.
    #[must_use]
    pub const fn is_account(&self) -> bool {
        self.is_hard()
            && (self.of(Part::Issued) == issued::MINE || self.of(Part::Assigned) >= assigned::MINE)
    }

    /// Whether it is bound to the account, if only by a memo with a slip, or a proof of the sender was verified. A known sender
    /// alone does not settle it: who sent money is not always whom it was for.
    #[must_use]
    pub const fn is_settled(&self) -> bool {
        self.is_hard()
            && (self.is_account()
                || self.of(Part::Assigned) == assigned::MINE_NEAR
                || self.of(Part::Proof) >= proof::RECORD)
    }

    /// Whether the evidence itself says which deposit it is about. A proof of a sender or a record does so where the appeal names
    /// that sender, or the deposit's transaction, and there is no other deposit that it could mean.
    #[must_use]
    pub const fn is_bound(&self) -> bool {
        let own_sender = self.of(Part::FromCommon) <= SENDER_COMMON_MAX
            && (self.of(Part::From) >= id::SHOWN || self.of(Part::Sender) == 1);
        self.is_account()
            || self.of(Part::Assigned) == assigned::MINE_NEAR
            || self.of(Part::Proof) == proof::DEPOSIT
            || own_sender
            || (self.of(Part::Transaction) >= transaction::SHOWN && self.of(Part::Outputs) == 0)
    }

    /// Whether what is stated leaves a doubt which the evidence does not end, because it would fit another deposit as well: another
    /// coin than arrived; another amount, where a known sender is all there is; or one of several deposits of a transaction.
    #[must_use]
    pub const fn is_doubtful(&self) -> bool {
        let ends_doubts = self.is_account()
            || self.of(Part::Assigned) == assigned::MINE_NEAR
            || self.of(Part::Proof) == proof::DEPOSIT;
        if ends_doubts {
            return false;
        }
        let is_other_coin = self.of(Part::Coin) == coin::DIFFERS;
        if self.of(Part::Outputs) > 0 {
            return is_other_coin || self.of(Part::Amount) < amount::EXACT || !self.is_bound();
        }
        let is_other_amount = self.of(Part::Amount) == amount::DIFFERS && !self.is_settled();
        (is_other_coin || is_other_amount) && !self.names_transaction()
    }

    /// Whether the book gives it to somebody else.
    #[must_use]
    pub const fn is_anothers(&self) -> bool {
        self.of(Part::Issued) == issued::OTHERS || self.of(Part::Assigned) == assigned::OTHERS
    }

    /// The class by which scores are calibrated: the kind of address, and the strength of the evidence that is not public.
    #[must_use]
    pub const fn stratum(&self) -> &'static str {
        let is_issued = self.of(Part::Issued) != issued::UNKNOWN;
        let has_memo = !matches!(self.of(Part::Memo), memo::NEITHER | memo::ONLY_STATED);
        let strength = if self.is_hard() {
            2
        } else if self.of(Part::View) >= view::HOURS {
            1
        } else {
            0
        };
        match (is_issued, has_memo, strength) {
            (true, _, 2) => "issued_hard",
            (true, _, 1) => "issued_view",
            (true, _, _) => "issued_none",
            (false, true, 2) => "memo_hard",
            (false, true, 1) => "memo_view",
            (false, true, _) => "memo_none",
            (false, false, 2) => "shared_hard",
            (false, false, 1) => "shared_view",
            (false, false, _) => "shared_none",
        }
    }

    /// Whether the transaction is named as it is.
    #[must_use]
    pub const fn names_transaction(&self) -> bool {
        self.of(Part::Transaction) >= transaction::MISPLACED
    }

    /// Whether coin, amount and time all fit closely, and the address is not another.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.of(Part::To) >= id::SHOWN
            && self.of(Part::Coin) >= coin::ALIAS
            && self.of(Part::Amount) >= amount::EXACT
            && self.of(Part::Time) >= time::INSIDE
    }
}

/// Levels of [`Part::Transaction`].
pub mod transaction {
    /// A whole id, and it is another deposit's.
    pub const OF_ANOTHER: u8 = 0;
    /// A whole id that no deposit has.
    pub const OF_NONE: u8 = 1;
    /// Something that does not fit and is no whole id.
    pub const DIFFERS: u8 = 2;
    /// None was stated.
    pub const ABSENT: u8 = 3;
    /// Up to eight characters are shown and fit.
    pub const SHOWN: u8 = 4;
    /// Nine to fifteen characters fit.
    pub const SHOWN_MORE: u8 = 5;
    /// Sixteen or more fit.
    pub const SHOWN_MOST: u8 = 6;
    /// It fits but for three changes.
    pub const THREE_OFF: u8 = 7;
    /// But for two.
    pub const TWO_OFF: u8 = 8;
    /// But for one.
    pub const ONE_OFF: u8 = 9;
    /// The same, in another field.
    pub const MISPLACED: u8 = 10;
    /// The same.
    pub const EXACT: u8 = 11;
}

/// Levels of [`Part::To`] and [`Part::From`].
pub mod id {
    /// Another one.
    pub const DIFFERS: u8 = 0;
    /// None was stated.
    pub const ABSENT: u8 = 1;
    /// What is shown fits.
    pub const SHOWN: u8 = 2;
    /// It fits but for two changes.
    pub const TWO_OFF: u8 = 3;
    /// But for one.
    pub const ONE_OFF: u8 = 4;
    /// The same, in another field.
    pub const MISPLACED: u8 = 5;
    /// The same.
    pub const EXACT: u8 = 6;
}

/// Levels of [`Part::Coin`].
pub mod coin {
    /// Another coin.
    pub const DIFFERS: u8 = 0;
    /// None was stated.
    pub const ABSENT: u8 = 1;
    /// Another name or form of it.
    pub const ALIAS: u8 = 2;
    /// The same word.
    pub const SAME: u8 = 3;
    /// Its contract.
    pub const CONTRACT: u8 = 4;
}

/// Levels of [`Part::Amount`].
pub mod amount {
    /// Another amount.
    pub const DIFFERS: u8 = 0;
    /// None was stated, or none arrived.
    pub const ABSENT: u8 = 1;
    /// The same digits, the point elsewhere.
    pub const SHIFTED: u8 = 2;
    /// One digit is another.
    pub const DIGIT: u8 = 3;
    /// More was stated than arrived, by at most a tenth.
    pub const GROSS: u8 = 4;
    /// What arrived rounded to one or two digits.
    pub const ROUNDED: u8 = 5;
    /// Within one part in a hundred.
    pub const NEAR: u8 = 6;
    /// More was stated than arrived, by a round sum that may be a fee.
    pub const FEE: u8 = 7;
    /// Within one part in a thousand.
    pub const CLOSE: u8 = 8;
    /// What arrived rounded or cut to three digits or more.
    pub const CUT: u8 = 9;
    /// The same number.
    pub const EXACT: u8 = 10;
}

/// Levels of [`Part::Time`].
pub mod time {
    /// The block is younger than the appeal.
    pub const FUTURE: u8 = 0;
    /// Three days off and more.
    pub const FAR: u8 = 1;
    /// Less than three days off.
    pub const DAYS: u8 = 2;
    /// Less than a day outside the stated window.
    pub const OUTSIDE: u8 = 3;
    /// Outside, and a whole day off to the minute.
    pub const DAY_SLIP: u8 = 4;
    /// No time was stated.
    pub const ABSENT: u8 = 5;
    /// Inside the zones' window, but no whole quarters of an hour away.
    pub const ZONED_BADLY: u8 = 6;
    /// On the stated day.
    pub const INSIDE: u8 = 7;
    /// Whole quarters of an hour away: the user's own zone.
    pub const ZONE: u8 = 8;
    /// Within an hour.
    pub const HOUR: u8 = 9;
    /// Within a quarter of an hour.
    pub const QUARTER: u8 = 10;
    /// Within five minutes.
    pub const MINUTES: u8 = 11;
    /// Within a minute and a half.
    pub const EXACT: u8 = 12;
}

/// Levels of [`Part::Memo`].
pub mod memo {
    /// Another one than the deposit's.
    pub const DIFFERS: u8 = 0;
    /// One was stated, the deposit has none.
    pub const ONLY_STATED: u8 = 1;
    /// The deposit has one, none was stated.
    pub const ONLY_SENT: u8 = 2;
    /// Neither.
    pub const NEITHER: u8 = 3;
    /// The same but for a slip.
    pub const NEAR: u8 = 4;
    /// The same.
    pub const EXACT: u8 = 5;
}

/// Levels of [`Part::Network`].
pub mod network {
    /// A pasted link shows another.
    pub const LINK_DIFFERS: u8 = 0;
    /// Another is named.
    pub const DIFFERS: u8 = 1;
    /// Another of the same family is named.
    pub const FAMILY: u8 = 2;
    /// None is named.
    pub const ABSENT: u8 = 3;
    /// It is named.
    pub const SAME: u8 = 4;
    /// A pasted link shows it.
    pub const LINK: u8 = 5;
}

/// Levels of [`Part::View`]: the claimant's view of the deposit page before the block.
pub mod view {
    /// Only afterwards.
    pub const AFTER: u8 = 0;
    /// No view is on record.
    pub const ABSENT: u8 = 1;
    /// More than a day before.
    pub const FAR: u8 = 2;
    /// In the day before.
    pub const DAY: u8 = 3;
    /// In the two hours before.
    pub const HOURS: u8 = 4;
    /// In the hour before.
    pub const HOUR: u8 = 5;
}

/// Levels of [`Part::Proof`].
pub mod proof {
    /// A proof was given and does not hold.
    pub const REFUTED: u8 = 0;
    /// Nothing that counts.
    pub const NONE: u8 = 1;
    /// The sending platform's record.
    pub const RECORD: u8 = 2;
    /// The sending address was proven.
    pub const SENDER: u8 = 3;
    /// It was proven for this very deposit.
    pub const DEPOSIT: u8 = 4;
}

/// Levels of [`Part::Issued`].
pub mod issued {
    /// To somebody else.
    pub const OTHERS: u8 = 0;
    /// To nobody, or to several.
    pub const UNKNOWN: u8 = 1;
    /// To the claimant alone.
    pub const MINE: u8 = 2;
}

/// Levels of [`Part::Assigned`].
pub mod assigned {
    /// To somebody else.
    pub const OTHERS: u8 = 0;
    /// To somebody else but for a slip.
    pub const OTHERS_NEAR: u8 = 1;
    /// To nobody, or there is none.
    pub const UNKNOWN: u8 = 2;
    /// Its memo names one user and another fact names another, and the claimant is one of them.
    pub const DISPUTED: u8 = 3;
    /// To the claimant but for one slip.
    pub const MINE_NEAR: u8 = 4;
    /// To the claimant.
    pub const MINE: u8 = 5;
}

/// The logarithmic class of a count of deposits at one address: 1, up to 3, 15, 63, 255, more.
#[must_use]
pub const fn common(count: usize) -> u8 {
    match count {
        0 | 1 => 0,
        2..=3 => 1,
        4..=15 => 2,
        16..=63 => 3,
        64..=255 => 4,
        _ => 5,
    }
}

/// A count of twins beyond which more make no difference.
pub(crate) const TWINS_MAX: usize = 17;

/// The class of a count of deposits that look alike: 1, 2, up to 4, 8, 16, more.
#[must_use]
pub const fn twins(count: usize) -> u8 {
    match count {
        0 | 1 => 0,
        2 => 1,
        3..=4 => 2,
        5..=8 => 3,
        9..=16 => 4,
        _ => 5,
    }
}

/// How the seconds from a page view to the block compare.
#[must_use]
pub const fn view_level(view: i64, block: i64) -> u8 {
    match block.saturating_sub(view) {
        ..=-61 => view::AFTER,
        -60..=3600 => view::HOUR,
        3601..=7200 => view::HOURS,
        7201..=86_400 => view::DAY,
        _ => view::FAR,
    }
}

/// A stated amount against what arrived.
#[must_use]
pub fn amount_level(stated: Decimal, arrived: Decimal) -> u8 {
    let Some((stated, arrived)) = aligned(stated, arrived) else {
        return amount::DIFFERS;
    };
    if stated == arrived {
        return amount::EXACT;
    }
    let (larger, smaller) = if stated > arrived {
        (stated, arrived)
    } else {
        (arrived, stated)
    };
    let difference = larger - smaller;
    let digits = significant(stated);
    let is_cut = digits < significant(arrived) && {
        let unit = 10u128.pow(trailing_zeros(stated));
        // Rounded half up, or cut.
        difference <= unit / 2 || (arrived > stated && difference < unit)
    };
    if is_cut && digits >= 3 {
        return amount::CUT;
    }
    if difference <= larger / 1000 {
        return amount::CLOSE;
    }
    let is_gross = stated > arrived && difference <= stated / 10;
    if is_gross && significant(difference) <= 2 && significant(arrived) >= 3 {
        return amount::FEE;
    }
    if difference <= larger / 100 {
        return amount::NEAR;
    }
    if is_cut && difference <= larger / 5 {
        return amount::ROUNDED;
    }
    if is_gross {
        return amount::GROSS;
    }
    if is_shifted(larger, smaller) {
        return amount::SHIFTED;
    }
    if is_one_digit(stated, arrived) {
        return amount::DIGIT;
    }
    amount::DIFFERS
}

/// Both numbers at the larger scale; `None` where they do not fit in 38 digits.
fn aligned(left: Decimal, right: Decimal) -> Option<(u128, u128)> {
    let ((left, left_scale), (right, right_scale)) = (trimmed(left)?, trimmed(right)?);
    let scale = left_scale.max(right_scale);
    let lift = |digits: u128, from: u32| digits.checked_mul(10u128.checked_pow(scale - from)?);
    lift(left, left_scale).zip(lift(right, right_scale))
}

/// The digits and the scale without needless zeros behind the point.
fn trimmed(value: Decimal) -> Option<(u128, u32)> {
    let (digits, scale) = (value.digits().to_u128()?, u32::from(value.scale()));
    let zeros = trailing_zeros(digits).min(scale);
    Some((digits / 10u128.pow(zeros), scale - zeros))
}

fn trailing_zeros(mut value: u128) -> u32 {
    let mut zeros = 0;
    // Divisions of 64 bits are several times as fast, and nearly all amounts fit.
    if let Ok(mut small) = u64::try_from(value) {
        while small != 0 && small.is_multiple_of(10) {
            small /= 10;
            zeros += 1;
        }
        return zeros;
    }
    while value != 0 && value.is_multiple_of(10) {
        value /= 10;
        zeros += 1;
    }
    zeros
}

/// How many significant digits a number has.
fn significant(value: u128) -> u32 {
    match value {
        0 => 0,
        value => value.ilog10() + 1 - trailing_zeros(value),
    }
}

fn is_shifted(larger: u128, smaller: u128) -> bool {
    let (left, right) = (trailing_zeros(larger), trailing_zeros(smaller));
    smaller != 0 && larger / 10u128.pow(left) == smaller / 10u128.pow(right)
}

/// Whether the numbers have as many digits and all but one agree.
fn is_one_digit(left: u128, right: u128) -> bool {
    if left == 0 || right == 0 || left.ilog10() != right.ilog10() {
        return false;
    }
    let (mut left, mut right, mut different) = (left, right, 0);
    while left > 0 {
        different += u32::from(left % 10 != right % 10);
        left /= 10;
        right /= 10;
    }
    different == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_parts_stand_in_their_order() {
        for (place, part) in Part::ALL.into_iter().enumerate() {
            assert_eq!(part as usize, place);
        }
    }

    #[test]
    fn own_amounts_compare_by_what_people_do_to_them() {
        for (stated, arrived, expected) in [
            ("100", "100.00", amount::EXACT),
            ("75.558933", "75.558933", amount::EXACT),
            ("75.56", "75.558933", amount::CUT),
            ("75.55", "75.558933", amount::CUT),
            ("75.6", "75.558933", amount::CUT),
            ("76", "75.558933", amount::NEAR),
            ("80", "75.558933", amount::ROUNDED),
            ("1000", "999.2", amount::CLOSE),
            ("100", "97.5", amount::FEE),
            ("79.9195", "77.4195", amount::FEE),
            ("79.9195", "77.41", amount::GROSS),
            ("1000", "100", amount::SHIFTED),
            ("12.5", "0.125", amount::SHIFTED),
            ("4402.21", "4702.21", amount::DIGIT),
            ("100", "250", amount::DIFFERS),
            ("97.5", "100", amount::DIFFERS),
            (
                "0.000000000000000001",
                "340282366920938463463374607431768211455",
                amount::DIFFERS,
            ),
        ] {
            let read = |text| Decimal::parse(text).unwrap();
            assert_eq!(
                amount_level(read(stated), read(arrived)),
                expected,
                "{stated} {arrived}"
            );
        }
    }

    #[test]
    fn own_a_view_counts_before_the_block() {
        for (view, block, expected) in [
            (0, 1800, view::HOUR),
            (0, 5000, view::HOURS),
            (0, 80_000, view::DAY),
            (0, 800_000, view::FAR),
            (30, 0, view::HOUR),
            (600, 0, view::AFTER),
        ] {
            assert_eq!(view_level(view, block), expected, "{view} {block}");
        }
    }
}
