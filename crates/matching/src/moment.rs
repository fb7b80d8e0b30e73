//! Times as people type them: windows in which the payment may have happened.

mod calendar;
mod parse;
mod words;
mod zone;

use crate::clue::Window;
use crate::rule::Rule;
use calendar::{DAY_SECONDS, Day};
use parse::Parsed;
use recover_core::time::Timestamp;

/// No place on earth is further from UTC.
const ZONE_SECONDS_MAX: i64 = 14 * 3600;

/// A clock that names its zone is believed to ten minutes.
const EXACT_SECONDS: i64 = 600;

/// A reading so long after the appeal came in is none: what has not happened is not asked for. A day for zones and slow clocks.
const AHEAD_SECONDS_MAX: i64 = 36 * 3600;

/// The most windows that one text gives.
const WINDOWS_MAX: usize = 8;

/// One span of time that a text may mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeReading {
    /// The span.
    pub window: Window,
    /// How it was read.
    pub rule: Rule,
}

/// What is known of the appeal that a time stands in.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// When the appeal came in: "yesterday" counts from it, and nothing later is meant.
    pub at: Timestamp,
    /// The customer's own time zone by its IANA name; `None` when unknown.
    pub zone: Option<&'a str>,
}

/// Every plausible reading of a time text, the likeliest first. The text is expected clean ([`crate::text::clean`]).
#[must_use]
pub fn read(text: &str, asked: Asked<'_>) -> Vec<TimeReading> {
    let mut found: Vec<TimeReading> = Vec::new();
    let text = text.trim();
    if text.is_empty() || text.len() > 200 {
        return found;
    }
    // Most are `2025-01-02 03:04`, with or without seconds and zone.
    let parsed = match parse::plain(text) {
        Some(parsed) => vec![parsed],
        None => parse::read(text, asked.at),
    };
    for parsed in parsed {
        windows(parsed, asked, &mut found);
    }
    // Of several orders of day and month, those that would be yet to come are none; a lone one is kept: clocks err.
    let limit = asked.at.plus_seconds(AHEAD_SECONDS_MAX);
    let is_past = |reading: &TimeReading| limit.is_none_or(|limit| reading.window.from <= limit);
    if found.iter().any(is_past) {
        found.retain(is_past);
    }
    found
}

/// Whether a word of a sentence may begin or end a day counted back from the appeal.
pub(crate) fn is_relative_word(word: &str) -> bool {
    words::days_back(word).is_some() || words::is_ago(word)
}

fn windows(parsed: Parsed, asked: Asked<'_>, found: &mut Vec<TimeReading>) {
    let mut add = |window: Option<Window>, rule: Rule| {
        if let Some(window) = window
            && found.len() < WINDOWS_MAX
            && !found.iter().any(|known| known.window == window)
        {
            found.push(TimeReading { window, rule });
        }
    };
    match parsed {
        Parsed::Instant { seconds, rule } => add(exact(seconds), rule),
        Parsed::Span { from, to } => add(
            window_of(from, to.min(asked.at.as_seconds()), None, false),
            Rule::Relative,
        ),
        Parsed::Local {
            day,
            second: Some(second),
            zone,
            rule,
        } => {
            let local = day.seconds() + second;
            if zone.is_empty() {
                add(
                    window_of(
                        local - ZONE_SECONDS_MAX,
                        local + ZONE_SECONDS_MAX,
                        Some(local),
                        false,
                    ),
                    rule.unwrap_or(Rule::ZoneUnknown),
                );
                // The customer's own clock is the likeliest that was read.
                let own = asked.zone.and_then(zone::by_name);
                if let Some(offset) = own.and_then(|own| zone::offset_at(&own, local)) {
                    add(exact(local - offset), Rule::ZoneAccount);
                }
            }
            let is_one = zone.offsets().len() == 1;
            for offset in zone.offsets() {
                let zone_rule = if is_one {
                    Rule::ZoneStated
                } else {
                    Rule::ZoneAbbreviation
                };
                add(exact(local - offset * 60), rule.unwrap_or(zone_rule));
            }
        }
        Parsed::Local {
            day,
            second: None,
            rule,
            ..
        } => {
            let midnight = day.seconds();
            add(
                window_of(
                    midnight - ZONE_SECONDS_MAX,
                    midnight + DAY_SECONDS + ZONE_SECONDS_MAX,
                    None,
                    false,
                ),
                rule.unwrap_or(Rule::DateOnly),
            );
        }
    }
}

fn exact(seconds: i64) -> Option<Window> {
    window_of(
        seconds - EXACT_SECONDS,
        seconds + EXACT_SECONDS,
        Some(seconds),
        true,
    )
}

fn window_of(from: i64, to: i64, stated: Option<i64>, is_zone_known: bool) -> Option<Window> {
    let time = |seconds: i64| Timestamp::from_seconds(u64::try_from(seconds).ok()?);
    if from > to {
        return None;
    }
    Some(Window {
        from: time(from)?,
        to: time(to)?,
        stated: match stated {
            Some(stated) => Some(time(stated)?),
            None => None,
        },
        is_zone_known,
    })
}

/// The day of a time, by UTC.
fn day_of(time: Timestamp) -> Option<Day> {
    Day::of_number(time.as_seconds().div_euclid(DAY_SECONDS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        readings(text)
            .iter()
            .map(|reading| format!("{}..{}", reading.window.from, reading.window.to))
            .collect()
    }

    fn readings(text: &str) -> Vec<TimeReading> {
        let at = Timestamp::parse("2025-01-10T12:00:00Z").unwrap();
        read(&crate::text::clean(text), Asked { at, zone: None })
    }

    fn rules(text: &str) -> Vec<Rule> {
        readings(text).iter().map(|reading| reading.rule).collect()
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
            "2025-01-02 06:04 MSK",
            "02.01.2025 06:04 мск",
            "2025-01-02 11:04 北京时间",
            "2025-01-02 04:04 Europe/Berlin",
            "2025-01-02 08:34 +05:30",
            "2025-01-02 08:34 GMT+5:30",
            "2025-01-02 12:04 JST",
            "Thu, 02 Jan 2025 03:04:00 +0000",
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
            "2025年1月2日 3时04分",
            "2025년 1월 2일 오전 3시 04분",
            "2025年1月2日 午前3時04分",
            "2 января 2025 03:04",
            "2 de enero de 2025, 03:04",
            "2 de janeiro de 2025 às 03:04",
            "le 2 janvier 2025 à 03h04",
            "2. Januar 2025 03:04 Uhr",
            "am 2. Januar 2025 um 3.04 Uhr",
            "2 Ocak 2025 03:04",
            "2 tháng 1 2025 03:04",
            "ngày 2 tháng 1 năm 2025 03:04",
            "2 Januari 2025 03:04",
            "202501020304",
            "45659.1277778",
            "1403/10/13 03:04",
            "2 มกราคม 2568 03:04",
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
            "01-Jan-2025",
            "1 jan",
            "1 января",
            "1月1日",
            "2025/1/1",
            "20250101",
            "Wednesday, January 1, 2025",
            "1er janvier 2025",
            "01/01",
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
        assert_eq!(
            rules("05/01/2025 10:00"),
            [Rule::DayFirst],
            "the first of May has not come yet"
        );
        assert_eq!(
            rules("02/03/2024"),
            [Rule::DayFirst, Rule::MonthFirst],
            "both have"
        );
        assert_eq!(rules("25/03/2024"), [Rule::DateOnly]);
        assert_eq!(rules("2024-03-25"), [Rule::DateOnly]);
        assert_eq!(rules("25 march"), [Rule::YearGuessed]);
        assert_eq!(rules("2025-01-02 03:04 IST").len(), 3);
        assert_eq!(rules("02.01.2025 03:04"), [Rule::DayFirst]);
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
        for text in [
            "вчера",
            "gestern",
            "hier",
            "ayer",
            "ontem",
            "昨天",
            "昨日",
            "어제",
            "dün",
            "hôm qua",
            "kemarin",
            "last night",
            "أمس",
            "Вчера!",
        ] {
            assert_eq!(shown(text), shown("yesterday"), "{text}");
        }
        for text in [
            "vor 3 Tagen",
            "il y a 3 jours",
            "hace 3 días",
            "há 3 dias",
            "3 дня назад",
            "3 gün önce",
            "3 ngày trước",
            "3 hari lalu",
            "3天前",
            "3日前",
            "3일 전",
            "three days ago",
            "about 3 days ago",
            "منذ 3 أيام",
        ] {
            assert_eq!(shown(text), shown("3 days ago"), "{text}");
        }
        assert_eq!(shown("a week ago"), shown("1 week ago"));
        assert_eq!(
            shown("yesterday 14:30"),
            ["2025-01-09T00:30:00Z..2025-01-10T04:30:00Z"]
        );
    }

    #[test]
    fn own_the_accounts_zone_gives_one_more_reading() {
        let at = Timestamp::parse("2025-07-10T12:00:00Z").unwrap();
        let zone = Some("America/New_York");
        let found = read("2025-07-02 10:00", Asked { at, zone });
        let rules: Vec<Rule> = found.iter().map(|reading| reading.rule).collect();
        assert_eq!(rules, [Rule::ZoneUnknown, Rule::ZoneAccount]);
        let exact = found[1].window;
        assert_eq!(
            exact.stated,
            Some(Timestamp::parse("2025-07-02T14:00:00Z").unwrap())
        );
        assert!(exact.is_zone_known);
        let named = read("2025-07-02 10:00 UTC", Asked { at, zone });
        assert_eq!(named.len(), 1, "a named zone needs no guess");
    }

    #[test]
    fn own_what_is_no_time_reads_as_none() {
        for text in [
            "",
            "soon",
            "2025",
            "2025-13-13",
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
            for reading in read(&text, Asked { at: Timestamp::UNIX_EPOCH, zone: None }) {
                proptest::prop_assert!(reading.window.from <= reading.window.to);
            }
        }
    }
}
