//! Texts in one block of memory, each with its folded form.

use crate::keys;

/// Recently added texts that are shared when they come again: shared wallets make up half of all addresses.
const RECENT: usize = 1 << 13;

/// A length that does not fit sixteen bits stands in front of its text instead.
const LONG: u16 = u16::MAX;

/// In [`Span::folded`]: the folded form is the text without so many first bytes, and not stored again.
const SKIPPED: u16 = 0x8000;

/// Where a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    length: u16,
    folded: u16,
}

impl Span {
    /// No text.
    pub(crate) const NONE: Self = Self {
        start: u32::MAX,
        length: 0,
        folded: SKIPPED,
    };

    pub(crate) const fn is_none(self) -> bool {
        self.start == u32::MAX
    }
}

/// A block of texts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Texts {
    block: String,
    recent: Vec<(u64, Span)>,
}

impl Texts {
    /// Adds a text and its folded form.
    ///
    /// # Panics
    /// When the block would reach 4 GiB.
    pub(crate) fn add(&mut self, text: &str, folded: &str) -> Span {
        let start = u32::try_from(self.block.len())
            .ok()
            .filter(|start| *start < u32::MAX)
            .expect("the texts of one index take less than 4 GiB");
        let skipped = text.strip_suffix(folded).map(str::len);
        let short = |length: usize| u16::try_from(length).ok().filter(|short| *short < SKIPPED);
        let span = match (
            short(text.len()),
            skipped.and_then(short),
            short(folded.len()),
        ) {
            (Some(length), Some(skipped), _) => Span {
                start,
                length,
                folded: skipped | SKIPPED,
            },
            (Some(length), None, Some(folded)) => Span {
                start,
                length,
                folded,
            },
            _ => {
                // Both lengths in hexadecimal, so that the block stays text.
                self.block
                    .push_str(&format!("{:016x}{:016x}", text.len(), folded.len()));
                Span {
                    start,
                    length: LONG,
                    folded: 0,
                }
            }
        };
        self.block.push_str(text);
        if span.length == LONG || span.folded & SKIPPED == 0 {
            self.block.push_str(folded);
        }
        span
    }

    /// Adds a text that may have come before.
    pub(crate) fn share(&mut self, text: &str, fold: impl FnOnce(&str) -> String) -> Span {
        if self.recent.is_empty() {
            self.recent = vec![(0, Span::NONE); RECENT];
        }
        let key = keys::text(text);
        let place = usize::try_from(key >> 51).unwrap_or(0) % RECENT;
        if let Some((known, span)) = self.recent.get(place)
            && *known == key
            && !span.is_none()
            && self.text(*span) == text
        {
            return *span;
        }
        let span = self.add(text, &fold(text));
        if let Some(cell) = self.recent.get_mut(place) {
            *cell = (key, span);
        }
        span
    }

    fn long(&self, start: usize) -> (usize, usize) {
        let read = |from: usize| {
            let digits = self.block.get(from..from + 16).unwrap_or_default();
            usize::from_str_radix(digits, 16).unwrap_or(0)
        };
        (read(start), read(start + 16))
    }

    /// The text; empty for [`Span::NONE`].
    pub(crate) fn text(&self, span: Span) -> &str {
        let start = span.start as usize;
        let (from, length) = match span.length {
            LONG => (start + 32, self.long(start).0),
            length => (start, usize::from(length)),
        };
        self.block.get(from..from + length).unwrap_or_default()
    }

    /// The folded form of the text; empty for [`Span::NONE`].
    pub(crate) fn folded(&self, span: Span) -> &str {
        let start = span.start as usize;
        let (from, to) = if span.length == LONG {
            let (length, folded) = self.long(start);
            (start + 32 + length, start + 32 + length + folded)
        } else if span.folded & SKIPPED != 0 {
            let end = start + usize::from(span.length);
            (start + usize::from(span.folded & !SKIPPED), end)
        } else {
            let from = start + usize::from(span.length);
            (from, from + usize::from(span.folded))
        };
        self.block.get(from..to).unwrap_or_default()
    }

    /// How long the folded form is; known without reading the text.
    pub(crate) fn folded_len(&self, span: Span) -> usize {
        if span.length == LONG {
            self.folded(span).len()
        } else if span.folded & SKIPPED != 0 {
            usize::from(span.length).saturating_sub(usize::from(span.folded & !SKIPPED))
        } else {
            usize::from(span.folded)
        }
    }

    /// Takes over another block; spans of that block move by what this returns.
    ///
    /// # Panics
    /// When the block would reach 4 GiB.
    pub(crate) fn append(&mut self, other: &Self) -> u32 {
        let by =
            u32::try_from(self.block.len()).expect("the texts of one index take less than 4 GiB");
        self.block.push_str(&other.block);
        by
    }

    /// The same text after its block was appended to another.
    pub(crate) const fn moved(span: Span, by: u32) -> Span {
        if span.is_none() {
            return span;
        }
        Span {
            start: span
                .start
                .checked_add(by)
                .expect("the texts of one index take less than 4 GiB"),
            ..span
        }
    }

    /// Gives back what growing left over.
    pub(crate) fn finish(&mut self) {
        self.recent = Vec::new();
        self.block.shrink_to_fit();
    }

    /// The bytes that it occupies.
    pub(crate) const fn bytes(&self) -> usize {
        self.block.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_texts_come_back_as_they_were_added() {
        let mut texts = Texts::default();
        let long = "x".repeat(70_000);
        let cases = [
            ("", ""),
            ("0xab", "ab"),
            ("AB", "ab"),
            ("ab", "ab"),
            ("Ünder", "ünder"),
            (&long, "short"),
            ("short", &long),
            ("after", "after"),
        ];
        let spans: Vec<Span> = cases
            .iter()
            .map(|(text, folded)| texts.add(text, folded))
            .collect();
        let mut other = Texts::default();
        other.add("first", "FIRST");
        let by = other.append(&texts);
        for (span, (text, folded)) in spans.into_iter().zip(cases) {
            assert_eq!((texts.text(span), texts.folded(span)), (text, folded));
            let moved = Texts::moved(span, by);
            assert_eq!((other.text(moved), other.folded(moved)), (text, folded));
            assert_eq!(other.folded_len(moved), folded.len());
        }
        assert_eq!(texts.text(Span::NONE), "");
        assert_eq!(texts.folded(Span::NONE), "");
        assert_eq!(texts.folded_len(Span::NONE), 0);
        let first = other.share("Same", str::to_lowercase);
        assert_eq!(first, other.share("Same", str::to_lowercase));
    }
}
