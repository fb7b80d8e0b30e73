//! Ids in a text: words, labels before them, links, and what the user's field makes of a piece.

use super::{Reader, push};
use crate::clue::{Field, Id, NetworkClue};
use crate::hosts;
use crate::ids::{self, Word};
use crate::lexicon::{self, Label};
use crate::rule::{Flag, Rule};
use crate::text;
use std::borrow::Cow;

/// Signs that stand around a word and are none of it.
pub(super) fn is_wrapping(letter: char) -> bool {
    matches!(
        letter,
        '"' | '\''
            | '<'
            | '>'
            | '('
            | ')'
            | '['
            | ']'
            | '{'
            | '}'
            | ','
            | ';'
            | '!'
            | '`'
            | '?'
            | '|'
            | '\\'
            | '^'
            | '„'
            | '‹'
            | '›'
    )
}

/// A word without the signs around it and without the point that ends a sentence.
pub(super) fn bare(chunk: &str) -> &str {
    let chunk = chunk.trim_matches(is_wrapping);
    let chunk = chunk.trim_end_matches(':');
    match chunk.strip_suffix('.') {
        // Three points are an ellipsis.
        Some(rest) if !rest.ends_with('.') => rest.trim_end_matches(is_wrapping),
        _ => chunk,
    }
}

/// The text without its blanks, when only so it holds a whole id: one broken over lines or grouped for reading; or an
/// ellipsis with blanks around it.
pub(super) fn whole_when_joined(cleaned: &str) -> Option<String> {
    cleaned.split_whitespace().nth(1)?;
    if cleaned.len() > 400 || cleaned.contains("://") {
        return None;
    }
    let is_whole = |text: &str| {
        matches!(
            ids::word(text),
            Word::Transaction(Id::Whole(_), _) | Word::Address(Id::Whole(_), _)
        )
    };
    let has_whole = |text: &str| {
        text.split([':', '=', '|', ',', '#'])
            .any(|piece| is_whole(bare(piece)))
    };
    if cleaned.split_whitespace().any(has_whole) {
        return None;
    }
    // `0x12ab ... 9f3c`
    if cleaned.contains("..") || cleaned.contains("**") || cleaned.contains("--") {
        let joined: String = cleaned.split_whitespace().collect();
        let is_ellipsis = matches!(ids::word(bare(&joined)), Word::Piece(_, Rule::Ellipsis));
        return is_ellipsis.then_some(joined);
    }
    // The longest run of neighbours that makes one id; labels stand outside it.
    let words: Vec<&str> = cleaned.split_whitespace().take(40).collect();
    let skipped = words
        .iter()
        .take_while(|word| {
            lexicon::label(word).is_some()
                || word.bytes().all(|byte| byte.is_ascii_alphabetic())
                    && word.len() < 16
                    && !ids::is_hex(word)
        })
        .count();
    for skip in [0, skipped] {
        let joined: String = words.iter().skip(skip).copied().collect();
        if has_whole(&joined) {
            return Some(joined);
        }
    }
    None
}

impl Reader<'_> {
    /// Reads a text of several words for ids.
    pub(super) fn pieces(&mut self, field: Field, cleaned: &str) {
        let mut label = None;
        for chunk in cleaned.split_whitespace() {
            label = match self.chunk(field, chunk, label) {
                // A label holds over small words between: `memo is 123`, `order no. 123`.
                None if is_small(chunk) => label,
                other => other,
            };
        }
    }

    /// Reads one word; the label that holds for the next one comes back.
    pub(super) fn chunk(
        &mut self,
        field: Field,
        chunk: &str,
        label: Option<Label>,
    ) -> Option<Label> {
        // What ends a sentence ends what its words say of the next.
        let is_end = chunk.ends_with(['.', ',', '!', '?', ';']);
        let chunk = bare(chunk);
        if chunk.is_empty() {
            return label;
        }
        // Words of a sentence.
        if chunk.len() < 24
            && chunk.bytes().all(|byte| byte.is_ascii_alphabetic())
            && !ids::is_hex(chunk)
        {
            return lexicon::label(chunk).filter(|_| !is_end);
        }
        if self.link(field, chunk) {
            return None;
        }
        let mut word = ids::word(chunk);
        let mut shown = Cow::Borrowed(chunk);
        if word == Word::Other
            && let Some(latin) = text::latin(chunk)
        {
            let found = ids::word(&latin);
            if !matches!(found, Word::Other | Word::Digits) {
                self.flag(Flag::LookAlikes, field);
                word = look_alike(found);
                shown = Cow::Owned(latin);
            }
        }
        if word != Word::Other {
            self.word(field, &shown, word, label);
            return None;
        }
        self.parts(field, chunk, label).filter(|_| !is_end)
    }

    /// A word that is nothing as a whole: labels and values without blanks between, or writing without blanks.
    fn parts(&mut self, field: Field, chunk: &str, label: Option<Label>) -> Option<Label> {
        let mut label = label;
        let mut has_parts = false;
        for part in chunk.split([
            ':', '=', '|', ',', '#', ';', '/', '(', ')', '[', ']', '"', '>', '<',
        ]) {
            let part = bare(part);
            if part.is_empty() {
                continue;
            }
            has_parts |= part.len() != chunk.len();
            if let Some(named) = lexicon::label(part) {
                label = Some(named);
                continue;
            }
            let word = ids::word(part);
            if word != Word::Other {
                self.word(field, part, word, label.take());
                continue;
            }
            if !part.is_ascii() {
                label = self.runs(field, part, label);
            } else if part.len() >= 64
                && let Some(hash) = ids::hash_inside(part)
            {
                let id = Id::Whole(hash.to_ascii_lowercase());
                push(&mut self.clues.transactions, id, field, Rule::Glued);
            } else if let Some(place) = part.find("0x").filter(|place| *place > 0) {
                let rest = part.get(place..).unwrap_or_default();
                let word = ids::word(rest);
                if word != Word::Other {
                    self.word(field, rest, word, label.take());
                }
            }
        }
        if has_parts || !chunk.is_ascii() {
            label
        } else {
            lexicon::label(chunk)
        }
    }

    /// Writing without blanks: `交易哈希是85d7…aeeb`.
    fn runs(&mut self, field: Field, part: &str, label: Option<Label>) -> Option<Label> {
        let mut label = label;
        let mut rest = part;
        while let Some(first) = rest.chars().next() {
            let is_ascii = first.is_ascii();
            let length = rest
                .find(|letter: char| letter.is_ascii() != is_ascii)
                .unwrap_or(rest.len());
            let run = rest.get(..length).unwrap_or_default();
            if is_ascii {
                let run = bare(run);
                if let Some(named) = lexicon::label(run) {
                    label = Some(named);
                } else {
                    let word = ids::word(run);
                    if word != Word::Other {
                        self.word(field, run, word, label.take());
                    }
                }
            } else if run.contains(text::is_unspaced) {
                label = lexicon::label_at_end(run).or(label);
            } else {
                label = lexicon::label(run).or(label);
            }
            rest = rest.get(length..).unwrap_or_default();
        }
        label
    }

    /// Takes a word for what it is in this field, behind this label.
    pub(super) fn word(&mut self, field: Field, text: &str, word: Word, label: Option<Label>) {
        match word {
            Word::Transaction(id, rule) => {
                push(
                    &mut self.clues.transactions,
                    id,
                    field,
                    labelled(rule, label),
                );
            }
            Word::Address(id, rule) => {
                // A hash cut to about the length of an address looks like one.
                let is_odd = rule == Rule::Damaged || label == Some(Label::Transaction);
                if (field == Field::TxId || field == Field::FreeText && is_odd)
                    && rule != Rule::Padded
                    && let Some(cut) = cut_hash(text)
                {
                    if let Some(tail) = ids::tail_of(&cut).filter(|_| is_odd) {
                        push(&mut self.clues.transactions, tail, field, Rule::Tail);
                    }
                    push(&mut self.clues.transactions, cut, field, Rule::Head);
                }
                self.address(id, field, labelled(rule, label));
            }
            Word::Packed { address, memo } => {
                self.address(Id::Whole(address), field, Rule::Packed);
                // The packed form is compared too: books may hold it.
                self.address(Id::Whole(text.to_ascii_lowercase()), field, Rule::Plain);
                if let Some(memo) = memo {
                    push(&mut self.clues.memos, memo, field, Rule::Packed);
                }
            }
            Word::Piece(id, rule) => {
                let is_own_name = text.eq_ignore_ascii_case(&self.clues.user_id);
                let is_short = rule == Rule::Head && text.len() < 20;
                if is_own_name || is_short && label == Some(Label::Account) {
                    self.flag(Flag::Account, field);
                } else if is_short && label == Some(Label::OtherRecord) {
                    self.flag(Flag::OtherRecord, field);
                } else {
                    self.cut(field, id, rule);
                }
            }
            Word::Digits => self.digits(field, text, label),
            Word::Record => self.flag(Flag::OtherRecord, field),
            Word::EMail => self.flag(Flag::EMail, field),
            Word::Other => {}
        }
    }

    /// A number: a memo as a rule; in the transaction field it may also be the sending platform's own id.
    fn digits(&mut self, field: Field, digits: &str, label: Option<Label>) {
        match label {
            Some(Label::Account) => return self.flag(Flag::Account, field),
            Some(Label::OtherRecord) => return self.flag(Flag::OtherRecord, field),
            Some(Label::Amount | Label::Time | Label::Network) => return,
            _ => {}
        }
        if digits == self.clues.user_id {
            return self.flag(Flag::Account, field);
        }
        let is_named = label == Some(Label::Memo);
        let least = if field == Field::FreeText && !is_named {
            5
        } else {
            1
        };
        if (least..=20).contains(&digits.len()) {
            let rule = if is_named {
                Rule::Labelled
            } else {
                Rule::Number
            };
            push(&mut self.clues.memos, digits.to_owned(), field, rule);
        }
    }

    /// A piece of an id: its field says what it is a piece of.
    pub(super) fn cut(&mut self, field: Field, id: Id, rule: Rule) {
        let tail = match rule {
            Rule::Ellipsis | Rule::LookAlike => None,
            _ => ids::tail_of(&id),
        };
        let both = std::iter::once((id, rule)).chain(tail.map(|tail| (tail, Rule::Tail)));
        for (id, rule) in both {
            let (is_hex, has_prefix) = match &id {
                Id::Ends { head, tail } => {
                    let bare = head.strip_prefix("0x").unwrap_or(head);
                    let is_hex = (bare.is_empty() || ids::is_hex(bare))
                        && (tail.is_empty() || ids::is_hex(tail));
                    (is_hex, bare.len() != head.len())
                }
                Id::Whole(_) => (false, false),
            };
            let is_address_field = matches!(field, Field::To | Field::From);
            // A hash is compared without 0x, an address of that family with it.
            if !is_address_field || is_hex && !has_prefix {
                let hash = if has_prefix {
                    without_prefix(&id)
                } else {
                    id.clone()
                };
                push(&mut self.clues.transactions, hash, field, rule);
            }
            if is_address_field || field == Field::FreeText || !is_hex {
                if is_hex && !has_prefix && rule != Rule::Tail {
                    let prefixed = with_prefix(&id);
                    self.address(prefixed, field, Rule::Prefix);
                }
                self.address(id, field, rule);
            }
        }
    }

    /// Reads a link; `false` when the word is none.
    pub(super) fn link(&mut self, field: Field, chunk: &str) -> bool {
        if !chunk.contains('.') && !chunk.contains("://") && !chunk.contains("%2F") {
            return false;
        }
        let decoded = percent_decoded(chunk);
        let chunk = decoded.as_ref();
        let (is_link, rest) = match chunk.split_once("://") {
            Some((scheme, rest)) => (
                scheme.len() <= 40 && ends_with_http(scheme),
                rest.trim_start_matches('/'),
            ),
            None => (false, chunk),
        };
        // What stands glued before the link: a label, or the text of a link in Markdown.
        let rest = match rest.rfind("://") {
            Some(place) if is_link => rest.get(place + 3..).unwrap_or_default(),
            _ => rest,
        };
        let (host, path) = rest.split_once(['/', '?', '#']).unwrap_or((rest, ""));
        if !is_link {
            let host = host
                .rsplit([':', '(', '=', '"', '，'])
                .next()
                .unwrap_or_default();
            if path.is_empty() || !self.words.is_host(host) {
                return false;
            }
        }
        let host = match is_link {
            true => host,
            false => host.rsplit([':', '(', '=', '"']).next().unwrap_or_default(),
        };
        let parts: Vec<&str> = path
            .split(['/', '?', '#', '&', '='])
            .map(bare)
            .filter(|part| !part.is_empty())
            .take(24)
            .collect();
        if let Some(network) = self.words.network_of_link(host, &parts) {
            let clue = NetworkClue {
                network,
                is_from_link: true,
            };
            push(&mut self.clues.networks, clue, field, Rule::Link);
        } else if hosts::is_test_network(host, &parts) {
            self.flag(Flag::TestNetwork, field);
        }
        let mut before = "";
        for part in &parts {
            self.part_of_link(field, part, before);
            before = part;
        }
        true
    }

    fn part_of_link(&mut self, field: Field, part: &str, before: &str) {
        let is_before = |names: &[&str]| names.iter().any(|name| before.eq_ignore_ascii_case(name));
        if is_before(&["block", "blocks", "ledger", "ledgers", "blockhash"]) {
            return;
        }
        // Base64 hashes hold slashes, which cut them; decoded links keep theirs.
        match ids::word(part) {
            Word::Transaction(id, rule) => {
                let is_address =
                    is_before(&["address", "account", "accounts", "addresses", "object"]);
                let rule = if rule == Rule::Plain {
                    Rule::Link
                } else {
                    rule
                };
                if is_address {
                    self.address(id, field, rule);
                } else {
                    push(&mut self.clues.transactions, id, field, rule);
                }
            }
            Word::Address(id, _) => {
                if is_before(&["token", "contract", "asset", "jetton", "token20"]) {
                    if let Id::Whole(contract) = id {
                        push(&mut self.clues.assets, contract, field, Rule::Contract);
                    }
                } else {
                    self.address(id, field, Rule::Link);
                }
            }
            Word::Piece(id, rule) => {
                let is_id = is_before(&[
                    "tx",
                    "txs",
                    "transaction",
                    "transactions",
                    "hash",
                    "txid",
                    "extrinsic",
                    "operation",
                    "operations",
                    "address",
                    "account",
                ]);
                if is_id
                    || part.len() >= 24
                        && part.bytes().any(|byte| byte.is_ascii_digit())
                        && !part.contains(['-', '_'])
                {
                    self.cut(field, id, rule);
                }
            }
            Word::Digits if is_before(&["memo", "dt", "tag", "memoid", "memo_id", "text"]) => {
                push(&mut self.clues.memos, part.to_owned(), field, Rule::Link);
            }
            _ => {}
        }
    }
}

/// The beginning of a hash that was cut to about the length of an address.
fn cut_hash(text: &str) -> Option<Id> {
    let bare = text
        .strip_prefix("0x")
        .or_else(|| text.strip_prefix("0X"))
        .unwrap_or(text);
    let is_base58 = (25..=45).contains(&bare.len())
        && bare.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && !bare.contains(['0', 'O', 'I', 'l']);
    (ids::is_hex(bare) || is_base58).then(|| Id::Ends {
        head: bare.to_ascii_lowercase(),
        tail: String::new(),
    })
}

fn ends_with_http(scheme: &str) -> bool {
    let bytes = scheme.as_bytes();
    [&b"http"[..], b"https", b"hxxp", b"hxxps"]
        .iter()
        .any(|end| {
            bytes
                .len()
                .checked_sub(end.len())
                .and_then(|from| bytes.get(from..))
                .is_some_and(|found| found.eq_ignore_ascii_case(end))
        })
}

/// `%2F` and the like as the letters they stand for; only ASCII ones, others stay.
fn percent_decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        decoded.push_str(before);
        let byte = after
            .get(..2)
            .and_then(|digits| u8::from_str_radix(digits, 16).ok())
            .filter(u8::is_ascii_graphic);
        match byte {
            Some(byte) => {
                decoded.push(char::from(byte));
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                decoded.push('%');
                rest = after;
            }
        }
    }
    decoded.push_str(rest);
    Cow::Owned(decoded)
}

fn labelled(rule: Rule, label: Option<Label>) -> Rule {
    match (rule, label) {
        (Rule::Plain, Some(_)) => Rule::Labelled,
        (rule, _) => rule,
    }
}

fn look_alike(word: Word) -> Word {
    match word {
        Word::Transaction(id, _) => Word::Transaction(id, Rule::LookAlike),
        Word::Address(id, _) => Word::Address(id, Rule::LookAlike),
        Word::Piece(id, _) => Word::Piece(id, Rule::LookAlike),
        other => other,
    }
}

fn without_prefix(id: &Id) -> Id {
    match id {
        Id::Ends { head, tail } => Id::Ends {
            head: head.strip_prefix("0x").unwrap_or(head).to_owned(),
            tail: tail.clone(),
        },
        Id::Whole(text) => Id::Whole(text.clone()),
    }
}

fn with_prefix(id: &Id) -> Id {
    match id {
        Id::Ends { head, tail } => Id::Ends {
            head: format!("0x{head}"),
            tail: tail.clone(),
        },
        Id::Whole(text) => Id::Whole(text.clone()),
    }
}

/// A word that a label's value may stand behind.
pub(super) fn is_small(word: &str) -> bool {
    word.len() <= 8
        && (matches!(
            word,
            "is" | "id"
                | "was"
                | "number"
                | "no"
                | "no."
                | "nr"
                | "№"
                | ":"
                | "="
                | "-"
                | "#"
                | "ist"
                | "es"
                | "est"
                | "код"
                | "это"
                | "->"
        ) || !word.chars().any(char::is_alphanumeric))
}
