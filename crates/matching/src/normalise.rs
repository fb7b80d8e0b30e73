//! From what a customer wrote to clues. Fields lie: an address stands in the transaction field, a hash in the free text, a
//! memo where the hash should be. So each field is read for what it holds, and every clue says where it stood.

use crate::clue::{AppealClues, Field, Found, Id, NetworkClue, Proof};
use crate::hosts::Vocabulary;
use crate::ids::{self, Word};
use crate::{amount, moment, text};
use recover_core::appeal::Appeal;
use std::collections::BTreeSet;

/// The most clues of one kind that are kept from an appeal: what has more is no description of one payment.
const CLUES_MAX: usize = 16;

/// What people write where they have nothing to say.
const FILLERS: [&str; 22] = [
    "none",
    "no",
    "n/a",
    "na",
    "-",
    "--",
    "0",
    "null",
    "nil",
    "unknown",
    "forgot",
    "forgotten",
    "empty",
    "?",
    "x",
    "no memo",
    "without memo",
    "not needed",
    "none needed",
    "i forgot",
    "missing",
    "не помню",
];

/// Words before a value that only say what it is.
const LABELS: [&str; 24] = [
    "txid",
    "tx",
    "txhash",
    "hash",
    "transaction",
    "transactionid",
    "id",
    "txn",
    "address",
    "addr",
    "memo",
    "tag",
    "memoid",
    "destinationtag",
    "dt",
    "comment",
    "amount",
    "network",
    "chain",
    "date",
    "time",
    "from",
    "to",
    "мемо",
];

/// Reads an appeal.
#[must_use]
pub fn normalise(appeal: &Appeal, words: &Vocabulary) -> AppealClues {
    let mut reader = Reader {
        words,
        clues: AppealClues {
            appeal: appeal.id.clone(),
            user_id: appeal.user_id.clone(),
            created_at: appeal.created_at,
            transactions: Vec::new(),
            addresses: Vec::new(),
            networks: Vec::new(),
            assets: Vec::new(),
            amounts: Vec::new(),
            memos: Vec::new(),
            times: Vec::new(),
            proof: proof(&appeal.ownership_proof),
            session_view_at: appeal.session_view_at,
            unread: Vec::new(),
            taken_back: BTreeSet::new(),
            proven: BTreeSet::new(),
        },
    };
    reader.ids(Field::TxId, &appeal.claimed_txid);
    reader.ids(Field::To, &appeal.claimed_to_address);
    reader.ids(Field::From, &appeal.claimed_from_address);
    reader.memo(&appeal.claimed_memo);
    reader.network(&appeal.claimed_network);
    reader.asset(Field::Asset, &appeal.claimed_asset);
    reader.amount(&appeal.claimed_amount);
    reader.time(appeal);
    reader.free_text(&appeal.free_text);
    reader.clues
}

fn proof(text: &str) -> Proof {
    match text.trim().to_lowercase().as_str() {
        "signature_ok" | "micro_tx_ok" => Proof::Sender,
        "cex_withdrawal_record" => Proof::Record,
        "signature_bad" => Proof::Refuted,
        _ => Proof::None,
    }
}

struct Reader<'a> {
    words: &'a Vocabulary,
    clues: AppealClues,
}

fn push<T: PartialEq>(list: &mut Vec<Found<T>>, value: T, field: Field) {
    if list.len() < CLUES_MAX && !list.iter().any(|known| known.value == value) {
        list.push(Found { value, field });
    }
}

impl Reader<'_> {
    fn unread(&mut self, field: Field, text: &str) {
        let text = text.trim();
        let folded = text.to_lowercase();
        if !text.is_empty() && !FILLERS.contains(&folded.as_str()) {
            push(&mut self.clues.unread, text.to_owned(), field);
        }
    }

    /// A field that should hold an id.
    fn ids(&mut self, field: Field, raw: &str) {
        let cleaned = text::clean(raw);
        let before = self.found();
        match whole_when_joined(&cleaned) {
            Some(joined) => self.pieces(field, &joined),
            None => self.pieces(field, &cleaned),
        }
        if self.found() == before {
            self.unread(field, &cleaned);
        }
    }

    fn found(&self) -> usize {
        self.clues.transactions.len()
            + self.clues.addresses.len()
            + self.clues.memos.len()
            + self.clues.networks.len()
    }

    fn pieces(&mut self, field: Field, cleaned: &str) {
        for chunk in cleaned.split_whitespace() {
            let chunk = chunk.trim_matches(|character: char| "\"'<>()[]{},;!`".contains(character));
            if self.link(field, chunk) {
                continue;
            }
            for piece in split_labels(chunk) {
                self.piece(field, piece);
            }
        }
    }

    fn piece(&mut self, field: Field, piece: &str) {
        let piece = text::latin(piece);
        match ids::word(&piece) {
            Word::Transaction(id) => push(&mut self.clues.transactions, id, field),
            Word::Address(id) => push(&mut self.clues.addresses, id, field),
            Word::Piece(id) => self.cut(field, id),
            Word::Digits(digits) => {
                // A memo is a number too; in the transaction field it may also be the sending platform's own id.
                let least = if field == Field::FreeText { 5 } else { 1 };
                if (least..=20).contains(&digits.len()) {
                    push(&mut self.clues.memos, digits, field);
                }
            }
            Word::Other => {}
        }
    }

    fn cut(&mut self, field: Field, id: Id) {
        let both = std::iter::once(id.clone()).chain(ids::ends_of_cut(&id));
        for id in both {
            // A hash of a network without 0x is shown without it too.
            let bare = match &id {
                Id::Ends { head, tail } if head.starts_with("0x") => Some(Id::Ends {
                    head: head.trim_start_matches("0x").to_owned(),
                    tail: tail.clone(),
                }),
                _ => None,
            };
            let hash = bare.unwrap_or_else(|| id.clone());
            if matches!(field, Field::TxId | Field::FreeText) {
                push(&mut self.clues.transactions, hash, field);
            }
            if matches!(field, Field::To | Field::From | Field::FreeText) {
                push(&mut self.clues.addresses, id, field);
            }
        }
    }

    /// Reads a link; `false` when the word is none.
    fn link(&mut self, field: Field, chunk: &str) -> bool {
        let (is_link, rest) = match chunk.split_once("://") {
            Some((scheme, rest)) => {
                let scheme = scheme.to_lowercase();
                (scheme.ends_with("http") || scheme.ends_with("https"), rest)
            }
            None => (false, chunk),
        };
        let (host, path) = rest.split_once(['/', '?', '#']).unwrap_or((rest, ""));
        let is_explorer = self.words.is_host(host) && !path.is_empty();
        if !is_link && !is_explorer {
            return false;
        }
        let parts: Vec<&str> = path
            .split(['/', '?', '#', '&', '='])
            .filter(|part| !part.is_empty())
            .collect();
        if let Some(network) = self.words.network_of_link(host, &parts) {
            let clue = NetworkClue {
                network,
                is_from_link: true,
            };
            push(&mut self.clues.networks, clue, field);
        }
        for part in parts {
            match ids::word(part) {
                Word::Transaction(id) => push(&mut self.clues.transactions, id, field),
                Word::Address(id) => push(&mut self.clues.addresses, id, field),
                Word::Piece(id) => self.cut(field, id),
                Word::Digits(_) | Word::Other => {}
            }
        }
        true
    }

    fn memo(&mut self, raw: &str) {
        let cleaned = text::clean(raw);
        let trimmed = cleaned.trim();
        if trimmed.is_empty() || FILLERS.contains(&trimmed.to_lowercase().as_str()) {
            return;
        }
        let before = self.found();
        for chunk in trimmed.split_whitespace() {
            if self.link(Field::Memo, chunk) {
                return;
            }
            // `address:memo` and labels; a hash or an address is what it is wherever it stands.
            for piece in split_labels(chunk) {
                match ids::word(piece) {
                    Word::Transaction(id) => push(&mut self.clues.transactions, id, Field::Memo),
                    Word::Address(id) => push(&mut self.clues.addresses, id, Field::Memo),
                    Word::Digits(_) | Word::Piece(_) | Word::Other => {}
                }
            }
        }
        if self.found() != before && !trimmed.contains(':') {
            return;
        }
        for part in trimmed.split(':') {
            if matches!(
                ids::word(part.trim()),
                Word::Address(_) | Word::Transaction(_)
            ) {
                continue;
            }
            let plain: String = part
                .trim()
                .chars()
                .filter(|character| character.is_alphanumeric() || *character == ' ')
                .collect();
            let plain = plain.trim().to_lowercase();
            let bare = strip_label(&plain);
            if !bare.is_empty() && !LABELS.contains(&bare) && bare.len() <= 64 {
                let digits: String = bare.split(' ').collect();
                let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
                let value = if is_number { digits } else { bare.to_owned() };
                push(&mut self.clues.memos, value, Field::Memo);
            }
        }
        if self.found() == before {
            self.unread(Field::Memo, &cleaned);
        }
    }

    fn network(&mut self, raw: &str) {
        let cleaned = text::latin(text::clean(raw).trim());
        if cleaned.is_empty() {
            return;
        }
        if let Some(network) = self.network_in(&cleaned) {
            let clue = NetworkClue {
                network,
                is_from_link: false,
            };
            push(&mut self.clues.networks, clue, Field::Network);
        } else {
            self.ids(Field::Network, &cleaned);
        }
    }

    /// The whole text, what stands in brackets, or a single word of it.
    fn network_in(&self, cleaned: &str) -> Option<recover_core::network::NetworkId> {
        self.words.network(cleaned).or_else(|| {
            cleaned
                .split(|character: char| !character.is_alphanumeric() && character != '-')
                .filter(|part| part.len() >= 3)
                .map(text::latin)
                .find_map(|part| self.words.network(&part))
        })
    }

    fn asset(&mut self, field: Field, raw: &str) {
        let cleaned = text::latin(text::clean(raw).trim());
        if cleaned.is_empty() {
            return;
        }
        if let Word::Address(id) = ids::word(&cleaned) {
            // A contract, or an address that slipped into this field.
            if let Id::Whole(contract) = &id {
                push(&mut self.clues.assets, contract.clone(), field);
            }
            push(&mut self.clues.addresses, id, field);
            return;
        }
        push(
            &mut self.clues.assets,
            crate::asset::folded(&cleaned),
            field,
        );
        // `USDT-TRC20`, `USDT (TRC20)`: the coin first, then its network.
        let mut parts = cleaned
            .split([' ', '-', '(', ')', '/', '_'])
            .filter(|part| !part.is_empty());
        if let Some(first) = parts.next() {
            push(&mut self.clues.assets, crate::asset::folded(first), field);
        }
        let rest: Vec<&str> = parts.collect();
        if let Some(network) = rest.iter().find_map(|part| self.words.network(part)) {
            let clue = NetworkClue {
                network,
                is_from_link: false,
            };
            push(&mut self.clues.networks, clue, field);
        }
    }

    fn amount(&mut self, raw: &str) {
        let cleaned = text::clean(raw);
        let amount = amount::read(&cleaned);
        if amount.readings.is_empty() {
            // A value in state money is kept as unread: it names no number of coins.
            self.unread(Field::Amount, &cleaned);
            return;
        }
        for reading in amount.readings {
            push(&mut self.clues.amounts, reading, Field::Amount);
        }
        if !amount.unit.is_empty() {
            self.asset(Field::Amount, &amount.unit);
        }
    }

    fn time(&mut self, appeal: &Appeal) {
        let cleaned = text::clean(&appeal.claimed_at);
        let windows = moment::read(&cleaned, appeal.created_at);
        if windows.is_empty() {
            self.unread(Field::Time, &cleaned);
        }
        for window in windows {
            push(&mut self.clues.times, window, Field::Time);
        }
    }

    fn free_text(&mut self, raw: &str) {
        let cleaned = text::clean(raw);
        self.pieces(Field::FreeText, &cleaned);
        // A number beside a coin is the amount, when the amount field gave none.
        if self.clues.amounts.is_empty() {
            let words: Vec<&str> = cleaned.split_whitespace().collect();
            for pair in words.windows(2) {
                let [number, unit] = pair else { continue };
                let unit = unit.trim_matches(|character: char| !character.is_alphanumeric());
                let is_coin = (2..=8).contains(&unit.len())
                    && unit.bytes().all(|byte| byte.is_ascii_alphanumeric())
                    && (unit.to_uppercase() == unit
                        || self
                            .clues
                            .assets
                            .iter()
                            .any(|known| known.value == crate::asset::folded(unit)));
                let readings = amount::read(number).readings;
                // A word in capitals is a coin only beside a number: "I chose BSC" names none.
                if is_coin
                    && unit.bytes().any(|byte| byte.is_ascii_alphabetic())
                    && !readings.is_empty()
                {
                    for reading in readings {
                        push(&mut self.clues.amounts, reading, Field::FreeText);
                    }
                    if self.clues.assets.is_empty() {
                        self.asset(Field::FreeText, unit);
                    }
                }
            }
        }
    }
}

/// The text without its blanks, when only so it holds a whole id: one broken over lines or grouped for reading.
fn whole_when_joined(cleaned: &str) -> Option<String> {
    cleaned.split_whitespace().nth(1)?;
    let has_whole = |text: &str| {
        split_labels(text).into_iter().any(|piece| {
            matches!(
                ids::word(piece),
                Word::Transaction(Id::Whole(_)) | Word::Address(Id::Whole(_))
            )
        })
    };
    let joined: String = cleaned.split_whitespace().collect();
    let is_broken = has_whole(&joined) && !cleaned.split_whitespace().any(has_whole);
    (is_broken && !cleaned.contains("://")).then_some(joined)
}

/// A word cut at `:` and `=`, without the labels; TON's raw addresses keep their colon.
fn split_labels(chunk: &str) -> Vec<&str> {
    if matches!(ids::word(chunk), Word::Address(_) | Word::Transaction(_)) {
        return vec![chunk];
    }
    chunk
        .split([':', '=', '|', ','])
        .map(|part| part.trim_matches(|character: char| "\"'<>()[]{};!#`".contains(character)))
        .map(|part| {
            part.strip_suffix('.')
                .filter(|bare| !bare.ends_with('.'))
                .unwrap_or(part)
        })
        .filter(|part| !part.is_empty() && !LABELS.contains(&part.to_lowercase().as_str()))
        .collect()
}

/// A memo without the word that says it is one: `tag 12345`.
fn strip_label(text: &str) -> &str {
    match text.split_once(' ') {
        Some((first, rest)) if LABELS.contains(&first) => strip_label(rest.trim()),
        _ => text,
    }
}
