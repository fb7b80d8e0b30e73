//! From a text to days, clocks and zones.

use super::calendar::{DAY_SECONDS, Day};
use super::{ZONE_SECONDS_MAX, day_of, words, zone};
use crate::rule::Rule;
use recover_core::time::Timestamp;

/// What a time text says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parsed {
    /// A moment.
    Instant { seconds: i64, rule: Rule },
    /// From one time to another, in seconds since 1970.
    Span { from: i64, to: i64 },
    /// What a calendar and a clock showed somewhere.
    Local {
        day: Day,
        /// Since midnight; `None` for a day alone.
        second: Option<i64>,
        zone: Zone,
        /// How the day was read, where that is more than reading it.
        rule: Option<Rule>,
    },
}

/// The zone of a clock, in minutes east of UTC: none named, one, or what an abbreviation may mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Zone {
    offsets: [i64; 3],
    count: usize,
}

impl Zone {
    const NONE: Self = Self {
        offsets: [0; 3],
        count: 0,
    };

    fn of(offsets: &[i64]) -> Self {
        let mut zone = Self::NONE;
        for offset in offsets.iter().take(3) {
            if let Some(place) = zone.offsets.get_mut(zone.count) {
                *place = *offset;
                zone.count += 1;
            }
        }
        zone
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(super) fn offsets(&self) -> &[i64] {
        self.offsets.get(..self.count).unwrap_or_default()
    }
}

/// `2025-01-02 03:04`, `2025-01-02T03:04:05Z`, `2025-01-02`: read without further ado.
pub(super) fn plain(text: &str) -> Option<Parsed> {
    let bytes = text.as_bytes();
    let number = |from: usize, count: usize| {
        bytes
            .get(from..from + count)?
            .iter()
            .try_fold(0i64, |value, byte| {
                byte.is_ascii_digit()
                    .then(|| value * 10 + i64::from(byte - b'0'))
            })
    };
    let is =
        |place: usize, wanted: &[u8]| bytes.get(place).is_some_and(|byte| wanted.contains(byte));
    if !is(4, b"-") || !is(7, b"-") {
        return None;
    }
    let day = Day::new(number(0, 4)?, number(5, 2)?, number(8, 2)?)?;
    if bytes.len() == 10 {
        return Some(Parsed::Local {
            day,
            second: None,
            zone: Zone::NONE,
            rule: None,
        });
    }
    if !is(10, b" T") || !is(13, b":") {
        return None;
    }
    let (hour, minute) = (number(11, 2)?, number(14, 2)?);
    let mut end = 16;
    let mut second = 0;
    if is(16, b":") {
        second = number(17, 2)?;
        end = 19;
    }
    let zone = match bytes.get(end..)? {
        b"" => Zone::NONE,
        b"Z" => Zone::of(&[0]),
        _ => return None,
    };
    let second = clock_seconds(hour, minute, second, None)?;
    Some(Parsed::Local {
        day,
        second: Some(second),
        zone,
        rule: None,
    })
}

fn clock_seconds(hour: i64, minute: i64, second: i64, is_afternoon: Option<bool>) -> Option<i64> {
    if !(0..60).contains(&minute) || !(0..=60).contains(&second) {
        return None;
    }
    let hour = match is_afternoon {
        // `15:00 pm` is said too.
        Some(true) if hour < 12 => hour + 12,
        Some(false) if hour == 12 => 0,
        _ => hour,
    };
    (0..24)
        .contains(&hour)
        .then_some(hour * 3600 + minute * 60 + second.min(59))
}

/// A piece of a time text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    Number { value: i64, digits: usize },
    Word(&'a str),
    Sign(char),
    Blank,
}

/// The most pieces that are looked at: a longer text is no time.
const TOKENS_MAX: usize = 40;

/// Every reading of a text that is not plain.
pub(super) fn read(text: &str, asked_at: Timestamp) -> Vec<Parsed> {
    let lower = text.to_lowercase();
    let prepared = if lower.is_ascii() {
        lower
    } else {
        without_far_eastern_signs(&lower)
    };
    if let Some(parsed) = number_alone(prepared.trim()) {
        return vec![parsed];
    }
    if let Some(days) = words::days_back(&prepared) {
        return relative_days(days, asked_at);
    }
    let mut tokens = tokens(&prepared);
    if tokens.is_empty() || tokens.len() >= TOKENS_MAX {
        return Vec::new();
    }
    let zone = take_zone(&mut tokens, &prepared);
    let clocks = take_clocks(&mut tokens);
    if let Some(span) = ago(&tokens, asked_at) {
        return vec![span];
    }
    let days = dates(&tokens, asked_at);
    let mut parsed = Vec::new();
    for (day, rule) in days {
        if clocks.is_empty() {
            parsed.push(Parsed::Local {
                day,
                second: None,
                zone,
                rule,
            });
        }
        for second in &clocks {
            parsed.push(Parsed::Local {
                day,
                second: Some(*second),
                zone,
                rule,
            });
        }
    }
    parsed
}

/// The marks behind numbers in Chinese, Japanese and Korean as the signs that others write.
fn without_far_eastern_signs(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let follows_digit = plain.ends_with(|last: char| last.is_ascii_digit());
        match letter {
            '年' | '月' | '년' | '월' if follows_digit => {
                plain.push('-');
                while letters.next_if(|next| *next == ' ').is_some() {}
            }
            // `3日前` is a span.
            '日' | '号' | '號' | '일' if follows_digit => {
                let next = letters.clone().find(|next| *next != ' ');
                let is_span = next
                    .is_some_and(|next| matches!(next, '前' | '전' | '间' | '間' | '以' | '之'));
                plain.push(if is_span { letter } else { ' ' });
            }
            '时' | '時' | '点' | '點' | '시' if follows_digit => {
                // Not the spans of 時間, 시간.
                if letters
                    .peek()
                    .is_some_and(|next| matches!(next, '間' | '간'))
                {
                    plain.push(letter);
                    continue;
                }
                while letters.next_if(|next| *next == ' ').is_some() {}
                if letters.peek().is_some_and(char::is_ascii_digit) {
                    plain.push(':');
                } else if letters.next_if(|next| *next == '半').is_some() {
                    plain.push_str(":30 ");
                } else {
                    plain.push_str(":00 ");
                }
            }
            '分' | '秒' | '분' | '초' if follows_digit => {
                // `5 分前` is a span, `30分15秒` a clock.
                if letters
                    .peek()
                    .is_some_and(|next| matches!(next, '前' | '전' | '钟' | '鐘'))
                {
                    plain.push(letter);
                } else if letter != '秒'
                    && letter != '초'
                    && letters.peek().is_some_and(char::is_ascii_digit)
                {
                    plain.push(':');
                } else {
                    plain.push(' ');
                }
            }
            _ => plain.push(letter),
        }
    }
    plain
}

/// One number: seconds or milliseconds since 1970, a spreadsheet's day, a date without marks.
fn number_alone(text: &str) -> Option<Parsed> {
    let (whole, fraction) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 19 || !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let number: i64 = whole.parse().ok()?;
    let epoch = match whole.len() {
        10 => Some(number),
        13 => Some(number / 1_000),
        16 => Some(number / 1_000_000),
        19 => Some(number / 1_000_000_000),
        _ => None,
    };
    if let Some(seconds) = epoch {
        // No coin is older.
        return (seconds > 1_230_000_000).then_some(Parsed::Instant {
            seconds,
            rule: Rule::Epoch,
        });
    }
    let part =
        |from: usize, count: usize| -> Option<i64> { whole.get(from..from + count)?.parse().ok() };
    match whole.len() {
        // Days since 1899-12-30, with the time of day behind the point.
        5 if (40_000..73_000).contains(&number) => {
            let day = Day::of_number(number - 25_569)?;
            let digits = fraction.get(..fraction.len().min(9)).unwrap_or_default();
            let second = match digits.parse::<i64>() {
                Ok(value) => {
                    let scale = 10i64.checked_pow(u32::try_from(digits.len()).ok()?)?;
                    Some((value * DAY_SECONDS + scale / 2) / scale)
                }
                Err(_) => None,
            };
            Some(Parsed::Local {
                day,
                second: second.filter(|second| *second < DAY_SECONDS),
                zone: Zone::NONE,
                rule: Some(Rule::Serial),
            })
        }
        8 | 12 | 14 if fraction.is_empty() => {
            let day = Day::new(part(0, 4)?, part(4, 2)?, part(6, 2)?)?;
            let second = match whole.len() {
                8 => None,
                12 => Some(clock_seconds(part(8, 2)?, part(10, 2)?, 0, None)?),
                _ => Some(clock_seconds(
                    part(8, 2)?,
                    part(10, 2)?,
                    part(12, 2)?,
                    None,
                )?),
            };
            Some(Parsed::Local {
                day,
                second,
                zone: Zone::NONE,
                rule: None,
            })
        }
        _ => None,
    }
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::with_capacity(16);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if tokens.len() >= TOKENS_MAX {
            break;
        }
        let end = |is_part: fn(char) -> bool| {
            rest.find(|letter: char| !is_part(letter))
                .unwrap_or(rest.len())
        };
        let length = if first.is_ascii_digit() {
            let length = end(|letter| letter.is_ascii_digit());
            let digits = rest.get(..length).unwrap_or_default();
            tokens.push(match digits.parse() {
                Ok(value) => Token::Number {
                    value,
                    digits: length,
                },
                Err(_) => Token::Word(digits),
            });
            length
        } else if first.is_alphabetic() {
            let is_ideogram = is_far_eastern(first);
            // Scripts without blanks run into each other's words.
            let length = rest
                .find(|letter: char| {
                    !(letter.is_alphabetic() || is_mark_of_word(letter))
                        || is_far_eastern(letter) != is_ideogram
                })
                .unwrap_or(rest.len());
            tokens.push(Token::Word(rest.get(..length).unwrap_or_default()));
            length
        } else if first.is_whitespace() || matches!(first, '"' | '(' | ')' | '\'') {
            if tokens.last() != Some(&Token::Blank) {
                tokens.push(Token::Blank);
            }
            first.len_utf8()
        } else {
            tokens.push(Token::Sign(first));
            first.len_utf8()
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    tokens
}

fn is_far_eastern(letter: char) -> bool {
    matches!(letter, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}')
}

/// Vowel signs and the like, which are part of a word without being letters.
fn is_mark_of_word(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36f}' | '\u{900}'..='\u{dff}' | '\u{e31}'..='\u{e4e}')
}

/// Takes the zone out of a text.
fn take_zone(tokens: &mut Vec<Token<'_>>, text: &str) -> Zone {
    // `Europe/Berlin` has a sign inside: it is taken from the text.
    if text.contains('/') && text.contains(|letter: char| letter.is_ascii_alphabetic()) {
        let name = text
            .split(|letter: char| letter.is_whitespace() || matches!(letter, '(' | ')' | ','))
            .find(|word| word.contains('/') && zone::by_name(word).is_some());
        if let Some(name) = name {
            return named_zone(tokens, name, text);
        }
    }
    for place in 0..tokens.len() {
        let Some(Token::Word(word)) = tokens.get(place).copied() else {
            continue;
        };
        let follows_number =
            place > 0 && matches!(tokens.get(place - 1), Some(Token::Number { .. }));
        // The T of a date and the Z behind its clock.
        if word == "z" && !follows_number {
            continue;
        }
        let two = match (tokens.get(place + 1), tokens.get(place + 2)) {
            (Some(Token::Blank), Some(Token::Word(next))) => {
                zone::abbreviation(&format!("{word} {next}")).map(|offsets| (offsets, 3))
            }
            _ => None,
        };
        let Some((offsets, mut length)) =
            two.or_else(|| zone::abbreviation(word).map(|offsets| (offsets, 1)))
        else {
            continue;
        };
        let mut zone = Zone::of(offsets);
        // `utc+8`, `gmt + 08:00`
        let mut next = place + length;
        if tokens.get(next) == Some(&Token::Blank) {
            next += 1;
        }
        if let Some((offset, used)) = offset(tokens.get(next..).unwrap_or_default()) {
            zone = Zone::of(&[offset]);
            length = next + used - place;
        }
        tokens.drain(place..place + length);
        return zone;
    }
    bare_offset(tokens).unwrap_or(Zone::NONE)
}

/// The zone of an IANA name: its offsets of winter and summer, as far as the day is not known yet.
fn named_zone(tokens: &mut Vec<Token<'_>>, name: &str, text: &str) -> Zone {
    let mut rest = text.replacen(name, " ", 1);
    rest.retain(|letter| letter != '(' && letter != ')');
    let Some(zone) = zone::by_name(name) else {
        return Zone::NONE;
    };
    // Drops the name's words.
    tokens.retain(|token| match token {
        Token::Word(word) => rest.contains(word),
        _ => true,
    });
    let first_date = {
        let mut copy = tokens.clone();
        let clocks = take_clocks(&mut copy);
        dates(&copy, Timestamp::UNIX_EPOCH)
            .first()
            .map(|(day, _)| day.seconds() + clocks.first().copied().unwrap_or_default())
    };
    match first_date.and_then(|local| zone::offset_at(&zone, local)) {
        Some(offset) => Zone::of(&[offset / 60]),
        None => Zone::NONE,
    }
}

/// An offset behind a clock without a name: `03:04+05:30`, `03:04:05 -0300`.
fn bare_offset(tokens: &mut Vec<Token<'_>>) -> Option<Zone> {
    let colon = tokens.iter().position(|token| *token == Token::Sign(':'))?;
    let place = (colon + 2..tokens.len())
        .find(|place| matches!(tokens.get(*place), Some(Token::Sign('+' | '-'))))?;
    let (offset, used) = offset(tokens.get(place..)?)?;
    // A lone `-5` is the end of a span of hours or of a date.
    let is_clear = used >= 4
        || matches!(tokens.get(place + 1), Some(Token::Number { digits: 4, .. }))
        || tokens.get(place) == Some(&Token::Sign('+'));
    if !is_clear {
        return None;
    }
    tokens.drain(place..place + used);
    Some(Zone::of(&[offset]))
}

/// `+8`, `+08:00`, `-0300`, `+5.5`: minutes, and how many tokens.
fn offset(tokens: &[Token<'_>]) -> Option<(i64, usize)> {
    let sign = match tokens.first()? {
        Token::Sign('+') => 1,
        Token::Sign('-') => -1,
        _ => return None,
    };
    let mut used = 1;
    if tokens.get(used) == Some(&Token::Blank) {
        used += 1;
    }
    let Token::Number { value, digits } = tokens.get(used)? else {
        return None;
    };
    used += 1;
    let (hours, minutes) = match digits {
        1 | 2 => {
            let minutes = match (tokens.get(used), tokens.get(used + 1)) {
                (
                    Some(Token::Sign(':')),
                    Some(Token::Number {
                        value: minutes,
                        digits: 2,
                    }),
                ) => {
                    used += 2;
                    *minutes
                }
                (
                    Some(Token::Sign('.')),
                    Some(Token::Number {
                        value: 5,
                        digits: 1,
                    }),
                ) => {
                    used += 2;
                    30
                }
                _ => 0,
            };
            (*value, minutes)
        }
        4 => (value / 100, value % 100),
        _ => return None,
    };
    ((0..=14).contains(&hours) && (0..60).contains(&minutes))
        .then_some((sign * (hours * 60 + minutes), used))
}

/// Takes the clocks out of a text, in seconds since midnight: `03:04:05`, `3pm`, `15h30`, `3.30 pm`.
fn take_clocks(tokens: &mut Vec<Token<'_>>) -> Vec<i64> {
    let mut clocks = Vec::new();
    let mut place = 0;
    while place < tokens.len() && clocks.len() < 2 {
        match clock(tokens, place) {
            Some((second, from, used)) => {
                clocks.push(second);
                tokens.splice(from..place + used, [Token::Blank]);
                place = from + 1;
            }
            None => place += 1,
        }
    }
    clocks
}

/// A clock at a place: the second, where it begins with its half of the day, how many tokens from the place on.
fn clock(tokens: &[Token<'_>], place: usize) -> Option<(i64, usize, usize)> {
    let Token::Number {
        value: hour,
        digits: 1 | 2,
    } = *tokens.get(place)?
    else {
        return None;
    };
    let two_digits = |place: usize| match tokens.get(place) {
        Some(Token::Number { value, digits: 2 }) => Some(*value),
        _ => None,
    };
    let is_sign = |place: usize, sign: char| tokens.get(place) == Some(&Token::Sign(sign));
    let (mut minute, mut second, mut used) = (0, 0, 1);
    let mut is_clock = false;
    if is_sign(place + 1, ':') {
        minute = two_digits(place + 2)?;
        used = 3;
        is_clock = true;
        if (is_sign(place + 3, ':') || is_sign(place + 3, '.'))
            && let Some(value) = two_digits(place + 4)
        {
            second = value;
            used = 5;
        }
        // Parts of a second.
        if is_sign(place + used, '.')
            && matches!(tokens.get(place + used + 1), Some(Token::Number { .. }))
        {
            used += 2;
        }
    }
    let word = |place: usize| match (tokens.get(place), tokens.get(place + 1)) {
        (Some(Token::Word(word)), _) => Some((*word, 1)),
        (Some(Token::Blank), Some(Token::Word(word))) => Some((*word, 2)),
        _ => None,
    };
    // `3.30 pm`, `03.04 Uhr`
    if !is_clock && is_sign(place + 1, '.') && two_digits(place + 2).is_some() {
        let names_clock = word(place + 3)
            .is_some_and(|(word, _)| words::half_of_day(word).is_some() || words::is_hour(word));
        if names_clock {
            minute = two_digits(place + 2)?;
            used = 3;
            is_clock = true;
        }
    }
    let mut is_afternoon = None;
    if let Some((found, length)) = word(place + used) {
        // `p.m.` is two letters with dots.
        let dotted = matches!(found, "a" | "p")
            && is_sign(place + used + length, '.')
            && tokens.get(place + used + length + 1) == Some(&Token::Word("m"));
        if dotted {
            is_afternoon = Some(found == "p");
            used += length + 2;
            is_clock = true;
        } else if let Some(half) = words::half_of_day(found)
            // In the Far East it stands before the hour.
            && !found.starts_with(is_far_eastern)
        {
            is_afternoon = Some(half);
            used += length;
            is_clock = true;
        } else if words::is_hour(found) {
            if !is_clock
                && length == 1
                && found == "h"
                && let Some(value) = two_digits(place + used + 1)
            {
                minute = value;
                used += 1;
            }
            used += length;
            is_clock = true;
        }
    }
    if !is_clock {
        return None;
    }
    // `下午 3:00`: the half stands before.
    let mut from = place;
    if is_afternoon.is_none() {
        for back in [1, 2] {
            if let Some(Token::Word(found)) = place.checked_sub(back).and_then(|at| tokens.get(at))
                && let Some(half) = words::half_of_day(found)
                // German "am 2. Januar".
                && *found != "am"
            {
                is_afternoon = Some(half);
                from = place - back;
                break;
            }
        }
    }
    Some((
        clock_seconds(hour, minute, second, is_afternoon)?,
        from,
        used,
    ))
}

fn relative_days(days: i64, asked_at: Timestamp) -> Vec<Parsed> {
    let at = asked_at.as_seconds();
    vec![Parsed::Span {
        from: at - (days + 1) * DAY_SECONDS - ZONE_SECONDS_MAX,
        to: at + (1 - days) * DAY_SECONDS,
    }]
}

/// "3 days ago" in many languages: a number, a unit and a word that counts back, in whatever order.
fn ago(tokens: &[Token<'_>], asked_at: Timestamp) -> Option<Parsed> {
    let mut number = None;
    let mut number_word = None;
    let mut hours = None;
    let mut is_back = false;
    for (place, token) in tokens.iter().enumerate() {
        match token {
            Token::Number { value, .. } if number.is_none() => number = Some(*value),
            Token::Number { .. } => return None,
            Token::Word(word) => {
                let pair = match (tokens.get(place + 1), tokens.get(place + 2)) {
                    (Some(Token::Blank), Some(Token::Word(next))) => Some(format!("{word}{next}")),
                    _ => None,
                };
                is_back |= words::is_ago(word)
                    || pair.as_deref().is_some_and(words::is_ago)
                    || *word == "y";
                // `3天前`: the unit runs into the word that counts back.
                for ending in ["前", "之前", "以前", "전"] {
                    if let Some(unit) = word.strip_suffix(ending)
                        && !unit.is_empty()
                    {
                        is_back = true;
                        hours = hours.or_else(|| words::unit_hours(unit));
                    }
                }
                if hours.is_none() {
                    hours = words::unit_hours(word);
                }
                if number_word.is_none() && hours.is_none() {
                    number_word = words::small_number(word);
                }
            }
            _ => {}
        }
    }
    // "a week ago": no number is one.
    let (hours, true) = (hours?, is_back) else {
        return None;
    };
    let count = number.or(number_word).unwrap_or(1);
    if !(0..=400).contains(&count) {
        return None;
    }
    let at = asked_at.as_seconds();
    let days = count * hours / 24;
    let slack = match hours {
        168 => 3,
        720 => 15,
        _ => 0,
    };
    Some(Parsed::Span {
        from: at - (days + 1 + slack) * DAY_SECONDS - ZONE_SECONDS_MAX,
        to: at + (1 + slack - days) * DAY_SECONDS,
    })
}

/// Every day that what is left of a text may mean, the likeliest first.
fn dates(tokens: &[Token<'_>], asked_at: Timestamp) -> Vec<(Day, Option<Rule>)> {
    let mut found: Vec<(Day, Option<Rule>)> = Vec::new();
    let mut numbers: Vec<(i64, usize)> = Vec::new();
    let mut month = None;
    let mut is_month_next = false;
    let mut marks = 0;
    let mut back = None;
    for (place, token) in tokens.iter().enumerate() {
        match token {
            Token::Number { value, digits } => {
                if is_month_next && (1..=12).contains(value) {
                    month = Some((*value, numbers.len()));
                } else {
                    numbers.push((*value, *digits));
                }
                is_month_next = false;
            }
            Token::Word(word) => {
                if month.is_none()
                    && let Some(named) = words::month(word)
                {
                    month = Some((named, numbers.len()));
                } else if words::is_month_label(word)
                    && !matches!(
                        place.checked_sub(1).and_then(|before| tokens.get(before)),
                        Some(Token::Number { .. })
                    )
                {
                    is_month_next = true;
                }
                let pair = match (tokens.get(place + 1), tokens.get(place + 2)) {
                    (Some(Token::Blank), Some(Token::Word(next))) => {
                        words::days_back(&format!("{word} {next}"))
                    }
                    _ => None,
                };
                back = back.or(pair).or_else(|| words::days_back(word));
            }
            Token::Sign('-' | '/' | '.') => marks += 1,
            Token::Sign(_) | Token::Blank => {}
        }
    }
    let mut add = |day: Option<Day>, rule: Option<Rule>| {
        if let Some(day) = day
            && !found.iter().any(|(known, _)| *known == day)
        {
            found.push((day, rule));
        }
    };
    if numbers.is_empty() && month.is_none() {
        // "yesterday 14:30"
        if let (Some(back), Some(today)) = (back, day_of(asked_at)) {
            add(Day::of_number(today.number() - back), Some(Rule::Relative));
        }
        return found;
    }
    let year = |(value, digits): (i64, usize)| match digits {
        2 => Some((2000 + value, false)),
        // Thai years count from the Buddha.
        4 if (2552..2643).contains(&value) => Some((value - 543, true)),
        4 => Some((value, false)),
        _ => None,
    };
    let make = |of: (i64, usize), month: i64, day: i64| {
        if of.1 == 4 && (1388..1480).contains(&of.0) {
            return Day::of_persian(of.0, month, day).map(|day| (day, true));
        }
        let (year, is_other) = year(of)?;
        Some((Day::new(year, month, day)?, is_other))
    };
    let mut add_made = |made: Option<(Day, bool)>, rule: Option<Rule>| {
        if let Some((day, is_other)) = made {
            add(
                Some(day),
                if is_other {
                    Some(Rule::OtherCalendar)
                } else {
                    rule
                },
            );
        }
    };
    match (month, numbers.as_slice()) {
        (Some((month, _)), [first, second]) => {
            if first.1 == 4 {
                add_made(make(*first, month, second.0), None);
            } else {
                add_made(make(*second, month, first.0), None);
            }
        }
        (Some((month, _)), [first]) if first.1 <= 2 => {
            add_made(
                last_such_day(month, first.0, asked_at),
                Some(Rule::YearGuessed),
            );
        }
        (None, [first, second, third]) => {
            if first.1 == 4 {
                let plain = make(*first, second.0, third.0);
                let is_none = plain.is_none();
                add_made(plain, None);
                if is_none {
                    add_made(make(*first, third.0, second.0), Some(Rule::DayFirst));
                }
            } else {
                // Day first in most of the world, month first in the United States: both.
                let is_same = first.0 == second.0;
                let rule = |rule| if is_same { None } else { Some(rule) };
                let can_swap = first.0 <= 12 && second.0 <= 12;
                add_made(
                    make(*third, second.0, first.0),
                    if can_swap { rule(Rule::DayFirst) } else { None },
                );
                add_made(make(*third, first.0, second.0), rule(Rule::MonthFirst));
                if first.1 == 2 && third.1 == 2 && first.0 >= 20 {
                    add_made(make(*first, second.0, third.0), Some(Rule::YearFirst));
                }
            }
        }
        (None, [first, second]) if marks > 0 && first.1 <= 2 && second.1 <= 2 => {
            add_made(
                last_such_day(second.0, first.0, asked_at),
                Some(Rule::YearGuessed),
            );
            add_made(
                last_such_day(first.0, second.0, asked_at),
                Some(Rule::YearGuessed),
            );
        }
        _ => {}
    }
    found
}

/// The last such day before the appeal came in; a day ahead of it is allowed for zones.
fn last_such_day(month: i64, day: i64, asked_at: Timestamp) -> Option<(Day, bool)> {
    let today = day_of(asked_at)?;
    (0..=4)
        .filter_map(|back| Day::new(today.year - back, month, day))
        .find(|found| found.number() <= today.number() + 1)
        .map(|day| (day, false))
}
