//! Days and seconds of the calendar, in whole numbers.

/// A day of the Gregorian calendar that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Day {
    pub(super) year: i64,
    pub(super) month: i64,
    pub(super) day: i64,
}

pub(super) const DAY_SECONDS: i64 = 24 * 3600;

impl Day {
    /// `None` when the calendar has no such day, or it is before coins or far off.
    pub(super) fn new(year: i64, month: i64, day: i64) -> Option<Self> {
        let is_there = (2009..2100).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_in(year, month)).contains(&day);
        is_there.then_some(Self { year, month, day })
    }

    /// Days since 1970-01-01.
    pub(super) fn number(self) -> i64 {
        // The year begins in March here, so that the odd day is its last.
        let year = self.year - i64::from(self.month <= 2);
        let era = year.div_euclid(400);
        let of_era = year.rem_euclid(400);
        let month = (self.month + 9) % 12;
        let of_year = (153 * month + 2) / 5 + self.day - 1;
        let of_era_days = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
        era * 146_097 + of_era_days - 719_468
    }

    /// The day with this number.
    pub(super) fn of_number(number: i64) -> Option<Self> {
        let shifted = number + 719_468;
        let era = shifted.div_euclid(146_097);
        let of_era = shifted.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Self::new(year, month, day)
    }

    /// Midnight in seconds since 1970.
    pub(super) fn seconds(self) -> i64 {
        self.number() * DAY_SECONDS
    }

    /// A day of the Persian calendar, by its 33-year cycle, which holds from 1178 to 1633.
    pub(super) fn of_persian(year: i64, month: i64, day: i64) -> Option<Self> {
        if !(1388..1480).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
            return None;
        }
        let before = if month <= 7 {
            (month - 1) * 31
        } else {
            (month - 1) * 30 + 6
        };
        // 1 Farvardin 1388 was 2009-03-21.
        let first = Self::new(2009, 3, 21)?.number();
        let leaps = (1388..year).filter(|year| is_persian_leap(*year)).count();
        let leaps = i64::try_from(leaps).ok()?;
        Self::of_number(first + (year - 1388) * 365 + leaps + before + day - 1)
    }
}

const fn is_persian_leap(year: i64) -> bool {
    matches!(year % 33, 1 | 5 | 9 | 13 | 17 | 22 | 26 | 30)
}

const fn days_in(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_days_are_numbered_as_the_calendar_has_them() {
        let number = |year, month, day| Day::new(year, month, day).map(Day::number);
        assert_eq!(number(2025, 1, 1), Some(20_089));
        assert_eq!(number(2024, 2, 29), Some(19_782));
        assert_eq!(number(2025, 2, 29), None);
        assert_eq!(number(2009, 1, 1), Some(14_245));
        for number in 14_245..40_000 {
            let day = Day::of_number(number).unwrap();
            assert_eq!(day.number(), number);
        }
    }

    #[test]
    fn own_persian_days_are_found() {
        for (persian, expected) in [
            ((1403, 10, 13), (2025, 1, 2)),
            ((1404, 1, 1), (2025, 3, 21)),
            ((1403, 12, 30), (2025, 3, 20)),
            ((1399, 12, 30), (2021, 3, 20)),
            ((1400, 1, 1), (2021, 3, 21)),
        ] {
            let day = Day::of_persian(persian.0, persian.1, persian.2).unwrap();
            assert_eq!((day.year, day.month, day.day), expected, "{persian:?}");
        }
    }
}
