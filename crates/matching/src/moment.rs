//! Times as people type them: windows in which the payment may have happened.

use crate::clue::Window;
use recover_core::time::Timestamp;

/// No place on earth is further from UTC.
const ZONE_SECONDS_MAX: i64 = 14 * 3600;

/// A clock that names its zone is believed to ten minutes.
const EXACT_SECONDS: i64 = 600;

const DAY_SECONDS: i64 = 24 * 3600;

/// A civil date with its time of day where one was given.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Civil {
    year: i64,
    month: i64,
    day: i64,
    second: Option<i64>,
}

/// Every plausible reading of a time text. The text is expected clean. `asked_at` is when the appeal came in: "yesterday"
/// counts from it.
#[must_use]
pub fn read(text: &str, asked_at: Timestamp) -> Vec<Window> {
    let text = text.trim().to_lowercase();
    if let Ok(time) = Timestamp::parse(&text.to_uppercase()) {
        return exact(time).into_iter().collect();
    }
    if let Some(time) = epoch(&text) {
        return exact(time).into_iter().collect();
    }
    if let Some(window) = relative(&text, asked_at) {
        return vec![window];
    }
    let (text, zone) = zone(&text);
    let mut windows: Vec<Window> = Vec::new();
    for civil in civil(&text) {
        if let Some(window) = window(civil, zone)
            && !windows.contains(&window)
        {
            windows.push(window);
        }
    }
    windows
}

fn exact(time: Timestamp) -> Option<Window> {
    Some(Window {
        from: time.plus_seconds(-EXACT_SECONDS)?,
        to: time.plus_seconds(EXACT_SECONDS)?,
        stated: Some(time),
        is_zone_known: true,
    })
}

/// Seconds or milliseconds since 1970, of a time since 2009: no coin is older.
fn epoch(text: &str) -> Option<Timestamp> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: u64 = text.parse().ok()?;
    let seconds = match text.len() {
        10 => number,
        13 => number / 1000,
        _ => return None,
    };
    (seconds > 1_230_000_000)
        .then(|| Timestamp::from_seconds(seconds))
        .flatten()
}

/// "3 days ago", "yesterday", "today", "2 hours ago".
fn relative(text: &str, asked_at: Timestamp) -> Option<Window> {
    let day = |count: i64| {
        Some(Window {
            from: asked_at.plus_seconds(-(count + 1) * DAY_SECONDS - ZONE_SECONDS_MAX)?,
            to: asked_at
                .plus_seconds((1 - count) * DAY_SECONDS)?
                .min(asked_at),
            stated: None,
            is_zone_known: false,
        })
    };
    match text {
        "today" | "just now" | "now" => return day(0),
        "yesterday" => return day(1),
        _ => {}
    }
    let mut words = text.strip_suffix("ago")?.split_whitespace();
    let count: i64 = match words.next()? {
        "a" | "an" | "one" => 1,
        number => number
            .parse()
            .ok()
            .filter(|count| (0..=400).contains(count))?,
    };
    let unit = words.next()?;
    if words.next().is_some() {
        return None;
    }
    match unit.trim_end_matches('s') {
        "minute" | "min" | "hour" | "hr" => day(count / 24),
        "day" => day(count),
        "week" => {
            let window = day(count * 7)?;
            Some(Window {
                from: window.from.plus_seconds(-3 * DAY_SECONDS)?,
                to: window.to.plus_seconds(3 * DAY_SECONDS)?.min(asked_at),
                ..window
            })
        }
        _ => None,
    }
}

/// Takes a zone from the end: `utc`, `gmt+8`, `+03:00`, `z`. The rest, and the offset in seconds east of UTC.
fn zone(text: &str) -> (String, Option<i64>) {
    let trimmed = text.trim_end_matches(')').trim();
    for name in ["utc", "gmt"] {
        if let Some(place) = trimmed.rfind(name) {
            let before = trimmed.get(..place).unwrap_or_default();
            let after = trimmed.get(place + name.len()..).unwrap_or_default().trim();
            let before = before.trim_end_matches(['(', ' ']).to_owned();
            if after.is_empty() {
                return (before, Some(0));
            }
            if let Some(offset) = offset(after) {
                return (before, Some(offset));
            }
        }
    }
    // A bare offset needs a time before it, or the end of 2025-01-02 would be one.
    if let Some(place) = trimmed.rfind(['+', '-'])
        && trimmed
            .get(..place)
            .is_some_and(|before| before.contains(':'))
        && let Some(offset) = offset(trimmed.get(place..).unwrap_or_default())
    {
        return (
            trimmed.get(..place).unwrap_or_default().trim().to_owned(),
            Some(offset),
        );
    }
    match trimmed.strip_suffix('z') {
        Some(before) if before.ends_with(|last: char| last.is_ascii_digit()) => {
            (before.to_owned(), Some(0))
        }
        _ => (text.to_owned(), None),
    }
}

fn offset(text: &str) -> Option<i64> {
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let rest = rest.trim();
    let (hours, minutes) = match rest.split_once(':') {
        Some(pair) => pair,
        None if rest.len() == 4 => rest.split_at_checked(2)?,
        None => (rest, "0"),
    };
    let hours: i64 = hours
        .parse()
        .ok()
        .filter(|hours| (0..=14).contains(hours))?;
    let minutes: i64 = minutes
        .parse()
        .ok()
        .filter(|minutes| (0..60).contains(minutes))?;
    Some(sign * (hours * 3600 + minutes * 60))
}

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

/// Every calendar reading: `2025-01-02 03:04`, `02/01/2025` (both orders), `2 Jan 2025`, `Jan 02 2025 3:04 pm`.
fn civil(text: &str) -> Vec<Civil> {
    let mut date: Vec<&str> = Vec::new();
    let mut clock: Option<&str> = None;
    let mut half: Option<&str> = None;
    let text = text
        .replace(['年', '月'], "-")
        .replace('日', " ")
        .replace(" - ", "-");
    // `2025-01-02t03:04`: the letter between date and time.
    let text = match text.find('t') {
        Some(place)
            if text
                .get(..place)
                .is_some_and(|before| before.ends_with(|last: char| last.is_ascii_digit()))
                && text.get(place + 1..).is_some_and(|after| {
                    after.starts_with(|first: char| first.is_ascii_digit())
                }) =>
        {
            text.replacen('t', " ", 1)
        }
        _ => text,
    };
    for word in text
        .split([' ', ',', '\n', '\t'])
        .filter(|word| !word.is_empty())
    {
        match word {
            "am" | "pm" | "a.m." | "p.m." => half = Some(word),
            "at" | "on" | "of" | "the" | "around" | "about" | "approx" => {}
            _ if word.contains(':') => {
                let digits = word.trim_end_matches(|last: char| last.is_ascii_alphabetic());
                match word.get(digits.len()..) {
                    Some(tail @ ("am" | "pm")) => half = Some(tail),
                    Some("" | "h") => {}
                    _ => return Vec::new(),
                }
                if clock.replace(digits).is_some() {
                    return Vec::new();
                }
            }
            _ => date.extend(word.split(['-', '/', '.']).filter(|part| !part.is_empty())),
        }
    }
    let second = match clock {
        None if half.is_some() => return Vec::new(),
        None => None,
        Some(clock) => match seconds_of(clock, half) {
            Some(second) => Some(second),
            None => return Vec::new(),
        },
    };
    dates(&date)
        .into_iter()
        .map(|(year, month, day)| Civil {
            year,
            month,
            day,
            second,
        })
        .collect()
}

fn dates(parts: &[&str]) -> Vec<(i64, i64, i64)> {
    let [first, second, third] = parts else {
        return Vec::new();
    };
    let number = |text: &str| {
        let plain = ["st", "nd", "rd", "th"]
            .iter()
            .find_map(|tail| text.strip_suffix(tail))
            .unwrap_or(text);
        plain
            .parse::<i64>()
            .ok()
            .filter(|_| plain.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let month_of = |text: &str| {
        let head = text
            .get(..3)
            .filter(|_| text.bytes().all(|byte| byte.is_ascii_alphabetic()))?;
        let place = MONTHS.iter().position(|month| *month == head)?;
        i64::try_from(place + 1).ok()
    };
    let year_of = |text: &str| {
        let year = number(text)?;
        match text.len() {
            2 => Some(2000 + year),
            4 => Some(year),
            _ => None,
        }
    };
    let mut found: Vec<(i64, i64, i64)> = Vec::new();
    let mut add = |year: Option<i64>, month: Option<i64>, day: Option<i64>| {
        if let (Some(year), Some(month), Some(day)) = (year, month, day)
            && (2009..2100).contains(&year)
            && (1..=12).contains(&month)
            && (1..=31).contains(&day)
            && !found.contains(&(year, month, day))
        {
            found.push((year, month, day));
        }
    };
    if let Some(month) = month_of(second) {
        add(year_of(third), Some(month), number(first));
    } else if let Some(month) = month_of(first) {
        add(year_of(third), Some(month), number(second));
    } else if first.len() == 4 {
        add(year_of(first), number(second), number(third));
    } else {
        // Day first in most of the world, month first in the United States: both.
        add(year_of(third), number(second), number(first));
        add(year_of(third), number(first), number(second));
    }
    found
}

fn seconds_of(clock: &str, half: Option<&str>) -> Option<i64> {
    let mut parts = clock.split(':');
    let hour: i64 = parts.next()?.parse().ok()?;
    let minute: i64 = parts.next()?.parse().ok()?;
    let second: i64 = match parts.next() {
        None => 0,
        Some(text) => text.split('.').next()?.parse().ok()?,
    };
    if parts.next().is_some() || !(0..60).contains(&minute) || !(0..=60).contains(&second) {
        return None;
    }
    let hour = match half {
        None => (0..24).contains(&hour).then_some(hour)?,
        Some(half) => {
            let base = (1..=12).contains(&hour).then_some(hour % 12)?;
            if half.starts_with('p') {
                base + 12
            } else {
                base
            }
        }
    };
    Some(hour * 3600 + minute * 60 + second)
}

fn window(civil: Civil, zone: Option<i64>) -> Option<Window> {
    let text = format!(
        "{:04}-{:02}-{:02}T00:00:00Z",
        civil.year, civil.month, civil.day
    );
    let midnight = Timestamp::parse(&text).ok()?;
    match (civil.second, zone) {
        (Some(second), Some(offset)) => exact(midnight.plus_seconds(second - offset)?),
        (Some(second), None) => {
            let stated = midnight.plus_seconds(second)?;
            Some(Window {
                from: stated.plus_seconds(-ZONE_SECONDS_MAX)?,
                to: stated.plus_seconds(ZONE_SECONDS_MAX)?,
                stated: Some(stated),
                is_zone_known: false,
            })
        }
        (None, _) => Some(Window {
            from: midnight.plus_seconds(-ZONE_SECONDS_MAX)?,
            to: midnight.plus_seconds(DAY_SECONDS + ZONE_SECONDS_MAX)?,
            stated: None,
            is_zone_known: false,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let asked = Timestamp::parse("2025-01-10T12:00:00Z").unwrap();
        read(text, asked)
            .iter()
            .map(|window| format!("{}..{}", window.from, window.to))
            .collect()
    }

    #[test]
    fn own_times_with_a_zone_are_exact() {
        let expected = ["2025-01-02T02:54:00Z..2025-01-02T03:14:00Z"];
        for text in [
            "2025-01-02T03:04:00Z",
            "2025-01-02T05:04:00+02:00",
            "2025-01-02 03:04 UTC",
            "2025-01-02 11:04 (UTC+8)",
            "2025-01-02 05:04:00 GMT+02:00",
            "Jan 2, 2025 3:04 am UTC",
            "1735787040",
            "1735787040000",
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn own_times_without_a_zone_leave_fourteen_hours_on_both_sides() {
        let expected = ["2025-01-01T13:04:00Z..2025-01-02T17:04:00Z"];
        for text in [
            "2025-01-02 03:04",
            "2025-01-02T03:04",
            "2025/01/02 03:04:00",
            "2 Jan 2025 03:04",
            "Jan 02 2025, 3:04 AM",
            "2025年01月02日 03:04",
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn own_dates_cover_their_day_everywhere() {
        let expected = ["2024-12-31T10:00:00Z..2025-01-02T14:00:00Z"];
        for text in [
            "2025-01-01",
            "Jan 01 2025",
            "1st January 2025",
            "01.01.2025",
            "1/1/25",
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
        assert_eq!(shown("02/03/2025").len(), 2, "day first and month first");
        assert_eq!(shown("25/03/2025").len(), 1);
    }

    #[test]
    fn own_relative_days_count_from_the_appeal() {
        assert_eq!(
            shown("yesterday"),
            ["2025-01-07T22:00:00Z..2025-01-10T12:00:00Z"]
        );
        assert_eq!(
            shown("3 days ago"),
            ["2025-01-05T22:00:00Z..2025-01-08T12:00:00Z"]
        );
        assert_eq!(
            shown("2 hours ago"),
            ["2025-01-08T22:00:00Z..2025-01-10T12:00:00Z"]
        );
    }

    #[test]
    fn own_what_is_no_time_reads_as_none() {
        for text in [
            "",
            "soon",
            "2025",
            "2025-13-01",
            "2025-02-30",
            "99:99",
            "12/34/56/78",
            "1.2.3",
        ] {
            assert_eq!(shown(text), Vec::<String>::new(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn own_any_text_reads_without_a_panic(text in "[0-9a-z:/. +-]{0,30}") {
            for window in read(&text, Timestamp::UNIX_EPOCH) {
                proptest::prop_assert!(window.from <= window.to);
            }
        }
    }
}
