//! Points in time as UTC microseconds. The core never reads a clock: the time of asking is passed in.

/// A point in time: microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

/// A text that is no RFC 3339 time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is not a time: write it like 2026-11-21T08:30:00Z")]
pub struct TimestampError {
    /// The text as given.
    pub text: String,
}

impl Timestamp {
    /// The instant from which microseconds are counted.
    pub const UNIX_EPOCH: Self = Self(0);

    /// A time from UTC microseconds.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// A time from UTC seconds, as block headers carry it; `None` when it does not fit.
    #[must_use]
    pub fn from_seconds(seconds: u64) -> Option<Self> {
        i64::try_from(seconds)
            .ok()?
            .checked_mul(1_000_000)
            .map(Self)
    }

    /// UTC microseconds, the form in which the store keeps it.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole UTC seconds, rounded towards the past.
    #[must_use]
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// This time plus whole seconds (negative: earlier); `None` when it does not fit.
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Option<Self> {
        self.0
            .checked_add(seconds.checked_mul(1_000_000)?)
            .map(Self)
    }

    /// Microseconds from `earlier` to this time; negative when `earlier` is later.
    #[must_use]
    pub fn micros_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Parses an RFC 3339 time with a zone (`2026-11-21T08:30:00Z`); a time without a zone is refused, never guessed.
    ///
    /// # Errors
    /// When the text is no RFC 3339 time.
    pub fn parse(text: &str) -> Result<Self, TimestampError> {
        text.parse::<jiff::Timestamp>()
            .map(|time| Self(time.as_microsecond()))
            .map_err(|_| TimestampError {
                text: text.to_owned(),
            })
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(time) => f.pad(&time.to_string()),
            Err(_) => write!(f, "{} us", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_print_as_utc() {
        let time = Timestamp::from_seconds(1_735_689_663).unwrap();
        assert_eq!(time.to_string(), "2025-01-01T00:01:03Z");
        assert_eq!(Timestamp::parse("2025-01-01T02:01:03+02:00"), Ok(time));
        assert!(Timestamp::parse("2025-01-01 00:01").is_err());
    }
}
