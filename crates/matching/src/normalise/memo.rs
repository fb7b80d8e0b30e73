//! The memo's field: the memo, and whatever else people put there.

use super::{Reader, push};
use crate::clue::Field;
use crate::ids::{self, Word};
use crate::lexicon::{self, Label};
use crate::rule::{Flag, Rule};
use crate::text;

/// The longest text that is a memo to route by; networks take more, exchanges assign less.
const MEMO_BYTES_MAX: usize = 128;

impl Reader<'_> {
    pub(super) fn memo(&mut self, raw: &str) {
        let cleaned = text::clean(raw);
        let trimmed = cleaned.trim();
        if trimmed.is_empty() || lexicon::is_filler(trimmed) {
            return;
        }
        // Most are a number.
        if trimmed.len() <= 20 && trimmed.bytes().all(|byte| byte.is_ascii_digit()) {
            push(
                &mut self.clues.memos,
                trimmed.to_owned(),
                Field::Memo,
                Rule::Plain,
            );
            return;
        }
        let before = self.found();
        let mut rest = String::new();
        let mut is_other = false;
        for chunk in trimmed.split_whitespace() {
            if self.link(Field::Memo, chunk) {
                is_other = true;
                continue;
            }
            // A hash or an address is what it is wherever it stands; `address:memo` holds both.
            if self.whole_id(chunk) {
                is_other = true;
                continue;
            }
            for part in chunk
                .split([':', '?', '=', ',', ';', '|'])
                .filter(|part| !part.is_empty())
            {
                if self.whole_id(part) {
                    is_other = true;
                } else {
                    rest.push(' ');
                    rest.push_str(part);
                }
            }
        }
        let rest = rest.trim();
        let (bare, is_labelled) = without_labels(rest);
        if bare.contains('@') && matches!(ids::word(bare), Word::EMail) {
            self.flag(Flag::EMail, Field::Memo);
        } else if !bare.is_empty() && !lexicon::is_filler(bare) && bare.len() <= MEMO_BYTES_MAX {
            let is_verbatim = !is_labelled && !is_other;
            self.memo_value(if is_verbatim { trimmed } else { bare }, is_labelled);
        }
        if self.found() == before {
            self.unread(Field::Memo, trimmed);
        }
    }

    fn whole_id(&mut self, part: &str) -> bool {
        let bare = super::pieces::bare(part);
        if bare.len() < 25 {
            return false;
        }
        let word = ids::word(bare);
        let is_id = matches!(
            word,
            Word::Transaction(..) | Word::Address(..) | Word::Packed { .. }
        ) || matches!(word, Word::Piece(_, Rule::Ellipsis));
        if is_id {
            self.word(Field::Memo, bare, word, None);
        }
        is_id
    }

    /// A memo as it stands in small letters, and without its signs where it has some.
    fn memo_value(&mut self, text: &str, is_labelled: bool) {
        let rule = if is_labelled {
            Rule::Labelled
        } else {
            Rule::Plain
        };
        let text = text.trim_matches(|letter: char| {
            matches!(
                letter,
                '"' | '\''
                    | '`'
                    | '#'
                    | '('
                    | ')'
                    | '['
                    | ']'
                    | '<'
                    | '>'
                    | '.'
                    | ','
                    | ';'
                    | '!'
                    | ':'
            )
        });
        let text = text.trim();
        // A spreadsheet's `290102443.0`.
        let text = text
            .strip_suffix(".0")
            .or_else(|| text.strip_suffix(".00"))
            .filter(|whole| whole.bytes().all(|byte| byte.is_ascii_digit()))
            .unwrap_or(text);
        let lower = text.to_lowercase();
        let stripped: String = lower
            .chars()
            .filter(|letter| letter.is_alphanumeric())
            .collect();
        if stripped.is_empty() {
            return;
        }
        let is_number = stripped.bytes().all(|byte| byte.is_ascii_digit());
        if is_number && stripped.len() <= 20 {
            let rule = if stripped == lower {
                rule
            } else {
                Rule::Stripped
            };
            push(&mut self.clues.memos, stripped, Field::Memo, rule);
            return;
        }
        // Blanks between words count, between digits they do not.
        let stripped = if stripped.bytes().any(|byte| byte.is_ascii_digit()) {
            stripped
        } else {
            lower
                .chars()
                .filter(|letter| letter.is_alphanumeric() || *letter == ' ')
                .collect()
        };
        let is_changed = stripped != lower;
        // Letters of another script that look Latin, and the letter O among digits.
        if let Some(latin) = text::latin(&lower) {
            self.flag(Flag::LookAlikes, Field::Memo);
            push(&mut self.clues.memos, latin, Field::Memo, Rule::LookAlike);
        }
        push(&mut self.clues.memos, lower, Field::Memo, rule);
        if is_changed {
            push(
                &mut self.clues.memos,
                stripped.clone(),
                Field::Memo,
                Rule::Stripped,
            );
        }
        let digits = stripped.bytes().filter(u8::is_ascii_digit).count();
        if stripped.is_ascii()
            && digits >= 4
            && stripped.len() - digits <= 2
            && stripped.len() <= 20
        {
            let repaired: String = stripped
                .chars()
                .map(|letter| match letter {
                    'o' => '0',
                    'l' | 'i' => '1',
                    other => other,
                })
                .collect();
            if repaired.bytes().all(|byte| byte.is_ascii_digit()) {
                push(&mut self.clues.memos, repaired, Field::Memo, Rule::Repaired);
            }
        } else if !is_number {
            // A number among words: `my memo is 12345 thanks`.
            let mut words = text.split(|letter: char| !letter.is_alphanumeric());
            let long = |word: &&str| {
                word.len() >= 5
                    && word.len() <= 20
                    && word.bytes().all(|byte| byte.is_ascii_digit())
            };
            if text.contains(' ')
                && let Some(number) = words.find(long)
            {
                push(
                    &mut self.clues.memos,
                    number.to_owned(),
                    Field::Memo,
                    Rule::Number,
                );
            }
        }
    }
}

/// A memo without the words that say it is one (`tag 12345`, `memo id: 12345`), and whether there were any.
fn without_labels(text: &str) -> (&str, bool) {
    let mut rest = text;
    let mut is_labelled = false;
    loop {
        let trimmed = rest.trim_start_matches([' ', '-', '#', '.', ':', '/']);
        let word = trimmed.split([' ', '/', '-']).next().unwrap_or_default();
        // `memo12345`
        let glued = ["memo", "tag"].iter().find_map(|label| {
            let start = trimmed.get(..label.len())?;
            let tail = trimmed.get(label.len()..)?;
            (start.eq_ignore_ascii_case(label)
                && tail.len() >= 4
                && tail.bytes().all(|byte| byte.is_ascii_digit()))
            .then_some(tail)
        });
        if let Some(tail) = glued {
            return (tail, true);
        }
        let is_label = matches!(
            lexicon::label(word),
            Some(Label::Memo | Label::Address | Label::Transaction | Label::Account)
        ) || word.eq_ignore_ascii_case("id")
            || word.eq_ignore_ascii_case("is")
            || word.eq_ignore_ascii_case("no");
        if word.is_empty() || !is_label || word.len() == trimmed.len() && is_labelled {
            return (trimmed.trim(), is_labelled);
        }
        rest = trimmed.get(word.len()..).unwrap_or_default();
        is_labelled = true;
    }
}
