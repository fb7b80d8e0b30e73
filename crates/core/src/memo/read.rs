//! Every value that routing fields may mean, and how each had to be read.

use super::digits::decimal_digit;
use super::{Memo, MemoKind, MemoRules, MemoShape, MemoSign, place};
use std::collections::{BTreeMap, BTreeSet};
use unicode_normalization::UnicodeNormalization as _;

/// A longer text is compared as it stands only: it is prose, not a value that somebody mistyped.
const TEXT_BYTES_MAX: usize = 512;

/// A longer value has no neighbours that anybody would mistype.
const NEAR_CHARACTERS_MAX: usize = 32;

/// A single group of digits in prose counts as a value from this length on; after a known label any length does.
const DIGITS_IN_PROSE_MIN: usize = 5;

/// Zeros in front are added up to this many digits: the length of the largest destination tag.
const PADDED_DIGITS_MAX: usize = 10;

/// How much of a field is quoted in evidence.
const QUOTED_CHARACTERS_MAX: usize = 256;

/// What people write before the value, lower case.
const LABELS: &[&str] = &[
    "tag",
    "destination tag",
    "destinationtag",
    "dest tag",
    "dt",
    "memo",
    "memo id",
    "memo text",
    "memoid",
    "comment",
    "message",
    "note",
    "id",
    "uid",
    "user id",
    "userid",
    "user",
    "account",
    "no",
    "number",
    "#",
    "nr",
    "code",
    "payment id",
    "тег",
    "тэг",
    "мемо",
    "комментарий",
    "id пользователя",
    "etiqueta",
    "nota",
    "étiquette",
    "etiket",
    "标签",
    "標籤",
    "备注",
    "備註",
    "留言",
    "メモ",
    "タグ",
    "宛先タグ",
    "메모",
    "태그",
    "데스티네이션 태그",
    "मेमो",
    "وسم",
    "مذكرة",
];

/// Which type a value has where a network tells types apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// A destination tag.
    Tag,
    /// A 64-bit number.
    Id,
    /// Text.
    Text,
    /// 32 bytes.
    Hash,
    /// 32 bytes that name a returned transaction.
    Return,
}

/// One value that a routing field may mean.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reading {
    /// The field, as in [`Memo::place`].
    pub place: String,
    /// The field's content as read, cut after 256 characters.
    pub text: String,
    /// The value; hashes as 64 lower-case hexadecimal digits.
    pub value: String,
    /// How it had to be read, sorted; empty for the value exactly as the network carries it.
    pub signs: Vec<MemoSign>,
    pub(super) class: Class,
}

/// What one routing field is, before anybody is asked whom it names.
pub(super) struct Field<'a> {
    pub(super) memo: &'a Memo,
    /// The content as text.
    pub(super) text: String,
    /// The value without what only decorates it; empty where there is none.
    pub(super) plain: String,
    /// What the field itself is: absent, empty, blank, zero, too long, encrypted or unreadable.
    pub(super) sign: Option<MemoSign>,
}

impl Field<'_> {
    /// Whether nothing that could name anybody stands in it.
    pub(super) const fn is_missing(&self) -> bool {
        matches!(
            self.sign,
            Some(MemoSign::Absent | MemoSign::Empty | MemoSign::Blank)
        )
    }
}

/// Whether a field routes: one of the family's places, and not the relayer's memo beside a packet's.
fn is_routing(memo: &Memo, memos: &[Memo], rules: &MemoRules) -> bool {
    let is_place = rules.routing.contains(&memo.place.as_str());
    let is_relayed =
        memo.place == place::MEMO && memos.iter().any(|other| other.place == place::PACKET_MEMO);
    is_place && !is_relayed
}

/// The routing fields of a credit in order; the usual one as absent where the source named none.
pub(super) fn fields<'a>(memos: &'a [Memo], rules: &MemoRules, absent: &'a Memo) -> Vec<Field<'a>> {
    let routing = memos.iter().filter(|memo| is_routing(memo, memos, rules));
    let mut fields: Vec<Field<'a>> = routing.map(|memo| field(memo, rules)).collect();
    if fields.is_empty() {
        fields.push(field(absent, rules));
    }
    fields
}

fn field<'a>(memo: &'a Memo, rules: &MemoRules) -> Field<'a> {
    let text = content(memo);
    let shown = text.clone().unwrap_or_else(|| hex::encode(&memo.raw));
    let plain = text.as_deref().map(plain).unwrap_or_default();
    let is_zero = !plain.is_empty() && plain.chars().all(|character| character == '0');
    let sign = match memo.kind {
        MemoKind::Absent => Some(MemoSign::Absent),
        MemoKind::Empty => Some(MemoSign::Empty),
        MemoKind::Encrypted => Some(MemoSign::Encrypted),
        _ if memo.raw.is_empty() => Some(MemoSign::Empty),
        _ if text.is_none() => Some(MemoSign::Unreadable),
        _ if plain.is_empty() => Some(MemoSign::Blank),
        _ if is_zero => Some(MemoSign::Zero),
        _ if is_too_long(memo, &plain, rules.shape) => Some(MemoSign::TooLong),
        _ => None,
    };
    Field {
        memo,
        text: quoted(&shown),
        plain,
        sign,
    }
}

/// A field's content as text; `None` for bytes that are none.
fn content(memo: &Memo) -> Option<String> {
    match memo.kind {
        MemoKind::Absent | MemoKind::Empty | MemoKind::Encrypted => Some(String::new()),
        MemoKind::Hash | MemoKind::Return => Some(hex::encode(&memo.raw)),
        MemoKind::Text | MemoKind::Tag | MemoKind::Id | MemoKind::Bytes => {
            String::from_utf8(memo.raw.clone()).ok()
        }
    }
}

fn is_too_long(memo: &Memo, plain: &str, shape: MemoShape) -> bool {
    let is_number = plain.bytes().all(|byte| byte.is_ascii_digit());
    match shape {
        MemoShape::Tag => is_number && plain.parse::<u32>().is_err(),
        MemoShape::TextIdOrHash { text_bytes_max } => match memo.kind {
            MemoKind::Text | MemoKind::Bytes => memo.raw.len() > text_bytes_max,
            _ => false,
        },
        MemoShape::Text { characters_max } => characters_max
            .is_some_and(|limit| String::from_utf8_lossy(&memo.raw).chars().count() > limit),
    }
}

fn quoted(text: &str) -> String {
    text.chars().take(QUOTED_CHARACTERS_MAX).collect()
}

/// Every value that the fields of a credit may mean, each with the least that had to be done to read it so: first what the
/// routing fields say as they stand, then what a person who typed it may have meant, then what stands in other fields.
/// Sorted, each once. The same fields give the same readings.
#[must_use]
pub fn readings(memos: &[Memo], rules: &MemoRules) -> Vec<Reading> {
    let mut found: BTreeMap<(String, String, Class), Reading> = BTreeMap::new();
    for memo in memos {
        for reading in readings_of(memo, is_routing(memo, memos, rules), rules) {
            // The database takes no NUL, and no file can have assigned one.
            if reading.value.is_empty() || reading.value.contains('\0') {
                continue;
            }
            let key = (reading.place.clone(), reading.value.clone(), reading.class);
            match found.get_mut(&key) {
                Some(known) if known.signs.len() <= reading.signs.len() => {}
                Some(known) => *known = reading,
                None => {
                    found.insert(key, reading);
                }
            }
        }
    }
    found.into_values().collect()
}

fn readings_of(memo: &Memo, is_routing: bool, rules: &MemoRules) -> Vec<Reading> {
    let Some(text) = content(memo).filter(|text| !text.is_empty()) else {
        return Vec::new();
    };
    let mut common = BTreeSet::new();
    if !is_routing {
        common.insert(MemoSign::InOtherField);
    }
    let class = match (rules.shape, memo.kind) {
        (MemoShape::Tag, MemoKind::Tag) => Class::Tag,
        (MemoShape::Tag, _) => {
            if is_routing {
                common.insert(MemoSign::WrongType);
            }
            Class::Tag
        }
        (MemoShape::TextIdOrHash { .. }, MemoKind::Id | MemoKind::Tag) => Class::Id,
        (MemoShape::TextIdOrHash { .. }, MemoKind::Hash) => Class::Hash,
        (MemoShape::TextIdOrHash { .. }, MemoKind::Return) => Class::Return,
        (_, MemoKind::Text) => Class::Text,
        _ => {
            common.insert(MemoSign::WrongType);
            Class::Text
        }
    };
    if is_too_long(memo, &plain(&text), rules.shape) {
        common.insert(MemoSign::TooLong);
    }
    let shown = quoted(&text);
    let is_bytes = matches!(memo.kind, MemoKind::Hash | MemoKind::Return);
    let values = if is_bytes {
        of_bytes(&memo.raw, &text)
    } else {
        variants(&text)
    };
    values
        .into_iter()
        .map(|(value, signs)| Reading {
            place: memo.place.clone(),
            text: shown.clone(),
            value,
            signs: signs.union(&common).copied().collect(),
            class,
        })
        .collect()
}

type Variant = (String, BTreeSet<MemoSign>);

/// What 32 bytes may mean: themselves, text filled up with zeros, or a number.
fn of_bytes(raw: &[u8], text: &str) -> Vec<Variant> {
    let mut found = vec![(text.to_owned(), BTreeSet::new())];
    let wrong = BTreeSet::from([MemoSign::WrongType]);
    let end = raw
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |last| last.saturating_add(1));
    let inner = raw.get(..end).unwrap_or_default();
    if let Ok(inner) = std::str::from_utf8(inner)
        && !inner.is_empty()
        && !inner.chars().any(char::is_control)
    {
        found.push((inner.to_owned(), wrong.clone()));
    }
    if let Some((head, tail)) = raw.split_last_chunk::<8>()
        && head.iter().all(|byte| *byte == 0)
    {
        found.push((u64::from_be_bytes(*tail).to_string(), wrong));
    }
    found
}

/// What a person who typed this may have meant.
fn variants(text: &str) -> Vec<Variant> {
    let mut found: Vec<Variant> = vec![(text.to_owned(), BTreeSet::new())];
    if text.len() > TEXT_BYTES_MAX {
        return found;
    }
    let mut signs = BTreeSet::new();
    let mut step = |before: &str, after: String, sign: MemoSign| {
        if after != before {
            signs.insert(sign);
        }
        after
    };
    let seen = step(text, visible(text), MemoSign::InvisibleCharacters);
    let folded = step(&seen, visible(&folded(&seen)), MemoSign::FoldedDigits);
    let plain = step(&folded, trimmed(&folded).to_owned(), MemoSign::Trimmed);
    found.push((plain.clone(), signs.clone()));
    let mut words = vec![(plain.clone(), signs.clone())];
    words.extend(unlabelled(&plain).into_iter().map(|value| {
        let mut signs = signs.clone();
        signs.insert(MemoSign::Labelled);
        (value, signs)
    }));
    for (word, signs) in words {
        let also = |sign: MemoSign| {
            let mut signs = signs.clone();
            signs.insert(sign);
            signs
        };
        found.push((word.clone(), signs.clone()));
        let mut numbers = vec![(word.clone(), signs.clone())];
        numbers.extend(ungrouped(&word).map(|number| (number, also(MemoSign::GroupedDigits))));
        for (number, mut signs) in numbers {
            found.push((number.clone(), signs.clone()));
            signs.insert(MemoSign::LeadingZeros);
            found.extend(
                other_zeros(&number)
                    .into_iter()
                    .map(|other| (other, signs.clone())),
            );
        }
        for other in [word.to_lowercase(), word.to_uppercase()] {
            if other != word {
                found.push((other, also(MemoSign::OtherCase)));
            }
        }
    }
    found
}

/// The value without what only decorates it: blanks, quotes, width and script of its digits.
fn plain(text: &str) -> String {
    trimmed(&visible(&folded(&visible(text)))).to_owned()
}

/// Without characters that have no width, turn the direction of writing or control a terminal. Blanks stay.
fn visible(text: &str) -> String {
    text.chars()
        .filter(|character| {
            let is_control = character.is_control() && !character.is_whitespace();
            !is_control
                && !matches!(character,
                    '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
                    | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
                    | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
                    | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
        })
        .collect()
}

/// In compatibility form (NFKC), with the digits of every script as ASCII digits.
fn folded(text: &str) -> String {
    text.nfkc()
        .map(|character| decimal_digit(character).unwrap_or(character))
        .collect()
}

/// Without blanks, quotes, brackets and stops around it.
fn trimmed(text: &str) -> &str {
    text.trim_matches(|character: char| {
        character.is_whitespace()
            || matches!(
                character,
                '"' | '\'' | '`' | '(' | ')' | '[' | ']' | '{' | '}' | '<' | '>' | '.' | ',' | ';'
                    | ':' | '=' | '|' | '\u{00ab}' | '\u{00bb}' | '\u{2018}'..='\u{201f}'
                    | '\u{3001}' | '\u{3002}' | '\u{300c}'..='\u{300f}'
            )
    })
}

fn is_separator(character: char) -> bool {
    character.is_whitespace() || matches!(character, ':' | '=' | '#' | '-' | '.' | '_' | '№' | '/')
}

/// What is left without the words beside the value: what follows a known label, and the only group of digits in prose.
fn unlabelled(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let lower = text.to_lowercase();
    for label in LABELS {
        let Some(rest) = lower.strip_prefix(label) else {
            continue;
        };
        let is_word = rest.starts_with(is_separator)
            || rest.starts_with(|character: char| character.is_ascii_digit());
        // Lower case may have another length than the text, so the value is taken from its end.
        let count = rest.chars().count();
        let skipped = text.chars().count().checked_sub(count);
        let (true, Some(skipped)) = (is_word, skipped) else {
            continue;
        };
        let rest: String = text.chars().skip(skipped).collect();
        let value = trimmed(rest.trim_start_matches(is_separator));
        if !value.is_empty() {
            found.push(value.to_owned());
        }
    }
    let mut groups = text
        .split(|character: char| !character.is_ascii_digit())
        .filter(|group| !group.is_empty());
    if let (Some(group), None) = (groups.next(), groups.next())
        && group.len() >= DIGITS_IN_PROSE_MIN
        && group != text
    {
        found.push(group.to_owned());
    }
    found
}

/// The number whose digits are parted by blanks, points or strokes.
fn ungrouped(text: &str) -> Option<String> {
    let is_grouped = text.chars().all(|character| {
        character.is_ascii_digit()
            || character.is_whitespace()
            || matches!(
                character,
                '-' | '.' | ',' | '\'' | '_' | '/' | '#' | '\u{2019}'
            )
    });
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    (is_grouped && !digits.is_empty() && digits != text).then_some(digits)
}

/// The same number with fewer or more zeros in front.
fn other_zeros(text: &str) -> Vec<String> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Vec::new();
    }
    let bare = match text.trim_start_matches('0') {
        "" => "0",
        bare => bare,
    };
    if bare != text {
        return vec![bare.to_owned()];
    }
    // Padding nothing but a zero would only find other ways to write "nothing".
    if bare == "0" {
        return Vec::new();
    }
    (text.len().saturating_add(1)..=PADDED_DIGITS_MAX)
        .map(|width| format!("{text:0>width$}"))
        .collect()
}

/// The spellings under which the address book may hold the values of these readings.
#[must_use]
pub fn wanted_values(readings: &[Reading], rules: &MemoRules) -> BTreeSet<String> {
    readings
        .iter()
        .flat_map(|reading| spellings(&reading.value, rules.shape))
        .collect()
}

/// How the address book may write a value: plainly or, where the network tells types apart, with its type before it.
fn spellings(value: &str, shape: MemoShape) -> Vec<String> {
    let mut found = vec![value.to_owned()];
    if let MemoShape::TextIdOrHash { .. } = shape {
        found.push(format!("text:{value}"));
        if is_id(value) {
            found.push(format!("id:{value}"));
        }
        if is_hash(value) {
            found.push(value.to_uppercase());
            for value in [value.to_owned(), value.to_uppercase()] {
                found.push(format!("hash:{value}"));
                found.push(format!("return:{value}"));
            }
        }
    }
    found
}

/// What a value of the address book is on a network of this shape. Where the network tells types apart, the type may stand
/// before it (`id:7`, `text:7`, `hash:…`, `return:…`); otherwise digits of a 64-bit number are an id, 64 hexadecimal
/// digits a hash, and the rest is text.
pub(super) fn assigned(value: &str, shape: MemoShape) -> (Class, String) {
    match shape {
        MemoShape::Tag => (Class::Tag, value.to_owned()),
        MemoShape::Text { .. } => (Class::Text, value.to_owned()),
        MemoShape::TextIdOrHash { .. } => match value.split_once(':') {
            Some(("id", id)) if is_id(id) => (Class::Id, id.to_owned()),
            Some(("text", text)) => (Class::Text, text.to_owned()),
            Some(("hash", hash)) if is_hash(hash) => (Class::Hash, hash.to_lowercase()),
            Some(("return", hash)) if is_hash(hash) => (Class::Return, hash.to_lowercase()),
            _ if is_id(value) => (Class::Id, value.to_owned()),
            _ if is_hash(value) => (Class::Hash, value.to_lowercase()),
            _ => (Class::Text, value.to_owned()),
        },
    }
}

/// Digits of a 64-bit number as the network writes it: without a sign or zeros in front.
fn is_id(value: &str) -> bool {
    value
        .parse::<u64>()
        .is_ok_and(|number| number.to_string() == value)
}

fn is_hash(value: &str) -> bool {
    value.len() == 64 && value.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The values that the address book may hold one slip away from what the routing fields say; empty where a slip explains
/// nothing: no value, zero, a hash, a long text.
#[must_use]
pub fn near_values(memos: &[Memo], rules: &MemoRules) -> BTreeSet<String> {
    let absent = Memo::absent("");
    fields(memos, rules, &absent)
        .iter()
        .flat_map(|field| neighbours_of(field, rules.shape))
        .flat_map(|value| spellings(&value, rules.shape))
        .collect()
}

/// The values one slip away from a routing field's.
pub(super) fn neighbours_of(field: &Field<'_>, shape: MemoShape) -> BTreeSet<String> {
    let is_value = field.sign.is_none_or(|sign| sign == MemoSign::TooLong);
    let is_bytes = matches!(field.memo.kind, MemoKind::Hash | MemoKind::Return);
    if !is_value || is_bytes {
        return BTreeSet::new();
    }
    let mut found = neighbours(&field.plain);
    if shape == MemoShape::Tag {
        found.retain(|value| value.parse::<u32>().is_ok());
    }
    found
}

/// Every value one slip away: a digit for another, a character left out, a digit too many or two neighbours swapped.
fn neighbours(value: &str) -> BTreeSet<String> {
    let characters: Vec<char> = value.chars().collect();
    let has_digit = characters.iter().any(char::is_ascii_digit);
    if characters.is_empty() || characters.len() > NEAR_CHARACTERS_MAX || !has_digit {
        return BTreeSet::new();
    }
    let mut found = BTreeSet::new();
    let mut take = |head: &[char], middle: &[char], tail: &[char]| {
        found.insert(head.iter().chain(middle).chain(tail).collect::<String>());
    };
    for at in 0..=characters.len() {
        let Some((head, rest)) = characters.split_at_checked(at) else {
            continue;
        };
        for digit in '0'..='9' {
            take(head, &[digit], rest);
        }
        if let [first, tail @ ..] = rest {
            take(head, &[], tail);
            if first.is_ascii_digit() {
                for digit in '0'..='9' {
                    take(head, &[digit], tail);
                }
            }
            if let [second, tail @ ..] = tail {
                take(head, &[*second, *first], tail);
            }
        }
    }
    found.remove(value);
    found.remove("");
    found
}
