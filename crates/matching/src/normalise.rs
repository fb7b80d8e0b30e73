//! From what a customer wrote to clues. Fields lie: an address stands in the transaction field, a hash in the free text, a
//! memo where the hash should be. So each field is read for what it holds, and every clue says where it stood and how it
//! was read ([`crate::rule::Rule`]). Nothing is corrected in silence, and no text makes it fail.

mod free_text;
mod memo;
mod pieces;

use crate::clue::{AppealClues, Field, Found, Id, NetworkClue, Proof};
use crate::hosts::{NamedNetwork, Strength, Vocabulary};
use crate::ids::{self, Word};
use crate::lexicon;
use crate::moment::{self, Asked};
use crate::rule::{Flag, Rule};
use crate::{amount, asset, text};
use recover_core::appeal::Appeal;
use std::collections::BTreeSet;

/// The most clues of one kind that are kept from an appeal: what has more is no description of one payment.
const CLUES_MAX: usize = 16;

/// Reads an appeal.
#[must_use]
pub fn normalise(appeal: &Appeal, words: &Vocabulary) -> AppealClues {
    let mut reader = Reader {
        words,
        asked: Asked {
            at: appeal.created_at,
            zone: appeal.time_zone.as_deref(),
        },
        clues: AppealClues {
            appeal: appeal.id.clone(),
            user_id: appeal.user_id.clone(),
            created_at: appeal.created_at,
            transactions: Vec::new(),
            addresses: Vec::new(),
            networks: Vec::new(),
            assets: Vec::new(),
            amounts: Vec::new(),
            fiat: Vec::new(),
            memos: Vec::new(),
            times: Vec::new(),
            proof: proof(&appeal.ownership_proof),
            session_view_at: appeal.session_view_at,
            unread: Vec::new(),
            flags: Vec::new(),
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
    reader.amount(Field::Amount, &appeal.claimed_amount);
    reader.time(&appeal.claimed_at);
    reader.free_text(&appeal.free_text);
    reader.dollars();
    reader.settle_addresses();
    reader.clues
}

fn proof(text: &str) -> Proof {
    match text.trim() {
        "signature_ok" | "micro_tx_ok" => Proof::Sender,
        "cex_withdrawal_record" => Proof::Record,
        "signature_bad" => Proof::Refuted,
        "" | "none" => Proof::None,
        other if other.bytes().any(|byte| byte.is_ascii_uppercase()) => {
            proof(&other.to_ascii_lowercase())
        }
        _ => Proof::None,
    }
}

struct Reader<'a> {
    words: &'a Vocabulary,
    asked: Asked<'a>,
    clues: AppealClues,
}

fn push<T: PartialEq>(list: &mut Vec<Found<T>>, value: T, field: Field, rule: Rule) {
    if list.len() < CLUES_MAX && !list.iter().any(|known| known.value == value) {
        list.push(Found { value, field, rule });
    }
}

impl Reader<'_> {
    /// An address counts once in each field: who sent and who received are two questions.
    fn address(&mut self, id: Id, field: Field, rule: Rule) {
        let list = &mut self.clues.addresses;
        let is_known = |known: &Found<Id>| known.value == id && known.field == field;
        if list.len() < CLUES_MAX && !list.iter().any(is_known) {
            list.push(Found {
                value: id,
                field,
                rule,
            });
        }
    }

    fn flag(&mut self, flag: Flag, field: Field) {
        let is_known = self
            .clues
            .flags
            .iter()
            .any(|known| known.value == flag && known.field == field);
        if !is_known && self.clues.flags.len() < CLUES_MAX {
            self.clues.flags.push(Found {
                value: flag,
                field,
                rule: Rule::Plain,
            });
        }
    }

    fn unread(&mut self, field: Field, text: &str) {
        let text = text.trim();
        if text.is_empty() || lexicon::is_filler(text) {
            return;
        }
        if text.contains("[removed: ") {
            self.flag(Flag::Secret, field);
        } else if lexicon::is_picture(text) {
            self.flag(Flag::Picture, field);
        }
        push(&mut self.clues.unread, text.to_owned(), field, Rule::Plain);
    }

    /// A field that should hold an id.
    fn ids(&mut self, field: Field, raw: &str) {
        let cleaned = text::clean(raw);
        let trimmed = cleaned.trim();
        if trimmed.is_empty() {
            return;
        }
        // Most hold one id and nothing else.
        let word = ids::word(trimmed);
        if matches!(word, Word::Transaction(..) | Word::Address(..)) {
            self.word(field, trimmed, word, None);
            return;
        }
        if lexicon::is_filler(trimmed) {
            return;
        }
        let before = self.found();
        match pieces::whole_when_joined(trimmed) {
            Some(joined) => {
                let count = (self.clues.transactions.len(), self.clues.addresses.len());
                self.pieces(field, &joined);
                let joined_of = |list: &mut Vec<Found<Id>>, from: usize| {
                    for clue in list.iter_mut().skip(from) {
                        if clue.rule == Rule::Plain {
                            clue.rule = Rule::Joined;
                        }
                    }
                };
                joined_of(&mut self.clues.transactions, count.0);
                joined_of(&mut self.clues.addresses, count.1);
            }
            None => self.pieces(field, trimmed),
        }
        if self.found() == before {
            self.unread(field, trimmed);
        }
    }

    /// How much was found that a field for ids may hold, or recognised and set aside.
    fn found(&self) -> usize {
        self.clues.transactions.len()
            + self.clues.addresses.len()
            + self.clues.memos.len()
            + self.clues.networks.len()
            + self.clues.flags.len()
    }

    fn network(&mut self, raw: &str) {
        let cleaned = text::clean(raw);
        let trimmed = cleaned.trim();
        if trimmed.is_empty() {
            return;
        }
        if let Some(named) = self.words.named(trimmed) {
            self.named(named, Field::Network);
            return;
        }
        if lexicon::is_filler(trimmed) {
            return;
        }
        let mut named = self.words.named_inside(trimmed);
        // `ETH on Arbitrum`: a coin's ticker beside a network's own name is the coin.
        let strongest = named.iter().map(|named| named.strength).max();
        if strongest > Some(Strength::Weak) {
            named.retain(|named| named.strength > Strength::Weak);
        }
        if named.is_empty() {
            named.extend(self.words.misspelt(trimmed));
        }
        if named.is_empty() {
            named.extend(
                trimmed
                    .split_whitespace()
                    .find_map(|word| self.words.misspelt(word)),
            );
        }
        let is_known = !named.is_empty();
        for named in named {
            self.named(named, Field::Network);
        }
        if is_known {
            return;
        }
        // The coin in the network's field.
        if asset::is_known(trimmed) {
            self.asset(Field::Network, trimmed);
            return;
        }
        self.ids(Field::Network, trimmed);
    }

    fn named(&mut self, named: NamedNetwork, field: Field) {
        if named.rule == Rule::LookAlike {
            self.flag(Flag::LookAlikes, field);
        }
        let clue = NetworkClue {
            network: named.network,
            is_from_link: false,
        };
        push(&mut self.clues.networks, clue, field, named.rule);
    }

    fn asset(&mut self, field: Field, raw: &str) {
        let cleaned = text::clean(raw);
        let trimmed = cleaned.trim();
        if trimmed.is_empty() {
            return;
        }
        let latin = text::latin(trimmed).or_else(|| {
            let latin = text::all_latin(trimmed)?;
            asset::is_known(&latin).then_some(latin)
        });
        let rule = if latin.is_some() && !asset::is_known(trimmed) {
            self.flag(Flag::LookAlikes, field);
            Rule::LookAlike
        } else {
            Rule::Plain
        };
        let name = match &latin {
            Some(latin) if rule == Rule::LookAlike => latin.as_str(),
            _ => trimmed,
        };
        let is_one_word = name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if name.len() >= 25
            && let Word::Address(id, rule) = ids::word(name)
        {
            // A contract, or an address that slipped into this field.
            if let Id::Whole(contract) = &id {
                push(
                    &mut self.clues.assets,
                    contract.clone(),
                    field,
                    Rule::Contract,
                );
            }
            self.address(id, field, rule);
            return;
        }
        if lexicon::is_filler(name) {
            return;
        }
        if is_one_word {
            push(
                &mut self.clues.assets,
                name.to_ascii_lowercase(),
                field,
                rule,
            );
            if let Some(named) = self.words.named(name)
                && named.rule == Rule::Standard
            {
                // The network in the coin's field: it says nothing of the coin.
                self.clues.assets.pop();
                self.named(named, field);
            }
            return;
        }
        self.asset_of_parts(field, name, rule);
    }

    /// `USDT-TRC20`, `USDT (TRC20)`, `Tether on Tron`, `500 USDT`, `USDT 0xdac1…`: the coin, and what else stands there.
    fn asset_of_parts(&mut self, field: Field, name: &str, rule: Rule) {
        let folded = asset::folded(name);
        let is_whole_known = asset::is_known(&folded);
        // `500 USDT` in the coin's field is the amount too.
        let stated = amount::read(name);
        if !stated.unit.is_empty() && !stated.readings.is_empty() && !is_whole_known {
            push(
                &mut self.clues.assets,
                asset::folded(&stated.unit),
                field,
                rule,
            );
            for reading in stated.readings {
                push(&mut self.clues.amounts, reading.value, field, reading.rule);
            }
            return;
        }
        if !folded.is_empty() && folded.len() <= 64 {
            push(&mut self.clues.assets, folded, field, rule);
        }
        let parts: Vec<&str> = name
            .split([' ', '-', '(', ')', '/', '_', ',', ':', '[', ']', '\n'])
            .filter(|part| !part.is_empty())
            .take(12)
            .collect();
        for (number, part) in parts.iter().enumerate() {
            if part.len() >= 25
                && let Word::Address(Id::Whole(contract), _) = ids::word(part)
            {
                push(&mut self.clues.assets, contract, field, Rule::Contract);
            } else if number == 0 || asset::is_known(part) && parts.len() > 1 {
                let part = asset::folded(part);
                if !part.is_empty() {
                    push(&mut self.clues.assets, part, field, Rule::NamePart);
                }
            }
        }
        let rest = parts.get(1..).unwrap_or_default().join(" ");
        for named in self.words.named_inside(&rest) {
            // `USD Coin`, `Tether USD`: a coin's own name names no network.
            if !is_whole_known || named.rule == Rule::Standard {
                let named = NamedNetwork {
                    rule: Rule::CoinSuffix,
                    ..named
                };
                self.named(named, field);
            }
        }
    }

    fn amount(&mut self, field: Field, raw: &str) {
        let cleaned = text::clean(raw);
        let trimmed = cleaned.trim();
        if trimmed.is_empty() {
            return;
        }
        let stated = amount::read(trimmed);
        if !stated.unit.is_empty() && !stated.readings.is_empty() {
            self.asset(field, &stated.unit);
        }
        let is_read = !stated.readings.is_empty() || !stated.fiat.is_empty();
        self.stated(field, stated);
        if !is_read {
            self.unread(field, trimmed);
        }
    }

    /// Takes the readings of an amount.
    fn stated(&mut self, field: Field, stated: amount::AmountText) {
        for reading in stated.readings {
            push(&mut self.clues.amounts, reading.value, field, reading.rule);
        }
        for fiat in stated.fiat {
            push(&mut self.clues.fiat, fiat, field, Rule::Plain);
        }
    }

    /// Dollars are coins only where the coin is worth one, or where none is named anywhere.
    fn dollars(&mut self) {
        let may_be_coins = self.clues.assets.is_empty()
            || self
                .clues
                .assets
                .iter()
                .any(|clue| asset::is_dollar_coin(&clue.value));
        for fiat in &self.clues.fiat {
            if may_be_coins && fiat.value.currency == "USD" {
                push(
                    &mut self.clues.amounts,
                    fiat.value.value,
                    fiat.field,
                    Rule::DollarCoin,
                );
            }
        }
    }

    /// An address in the transaction's field may be a hash cut short; not when the same address stands in a field of its own.
    fn settle_addresses(&mut self) {
        let Self { clues, .. } = self;
        let (transactions, addresses) = (&mut clues.transactions, &clues.addresses);
        transactions.retain(|clue| match &clue.value {
            Id::Ends { head, tail } if clue.rule == Rule::Head && tail.is_empty() => {
                !addresses.iter().any(|address| {
                    let is_own = matches!(address.field, Field::To | Field::From);
                    match &address.value {
                        Id::Whole(text) => {
                            is_own && text.strip_prefix("0x").unwrap_or(text) == head
                        }
                        Id::Ends { .. } => false,
                    }
                })
            }
            _ => true,
        });
    }

    fn time(&mut self, raw: &str) {
        let cleaned = text::clean(raw);
        let trimmed = cleaned.trim();
        if trimmed.is_empty() {
            return;
        }
        let readings = moment::read(trimmed, self.asked);
        if readings.is_empty() {
            // A hash or a memo may stand here too.
            if trimmed.len() > 30 {
                self.ids(Field::Time, trimmed);
            } else {
                self.unread(Field::Time, trimmed);
            }
        }
        for reading in readings {
            push(
                &mut self.clues.times,
                reading.window,
                Field::Time,
                reading.rule,
            );
        }
    }
}
