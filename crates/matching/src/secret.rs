//! Secrets that people paste where they should not: taken out before anything is stored, logged or printed.
//!
//! What carries its own checksum is certain (Stellar `S…`, XRP Ledger seeds and secret numbers, WIF), and so is a run of words
//! of a BIP-39 list, whatever its language, and a row of 64 bytes as Solana's tools write a key. A bare private key looks like a transaction id: it is one only beside words that call it so.
//!
//! The text is read as a person means it: line breaks, blanks, numbering, full-width letters and invisible characters inside
//! a secret do not hide it. What is a typo away from a secret is nearly the secret, and is taken out where its shape allows
//! no other meaning. A false alarm costs a few words of a note; a miss costs a customer's money.
//!
//! Known limits: secrets of networks not named in [`SecretKind`], and pictures.

mod encoded;
mod fold;
mod label;
mod phrase;
mod wordlists;

use std::borrow::Cow;
use std::ops::Range;

/// What kind of secret a text held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SecretKind {
    /// A Stellar secret key, `S…` (SEP-23).
    StellarSecret,
    /// An XRP Ledger seed, `s…` or `sEd…`.
    XrplSeed,
    /// The eight groups of six digits that some XRP Ledger wallets show instead of a seed.
    XrplSecretNumbers,
    /// Words of a BIP-39 list in a row, as wallets of every network write them down.
    RecoveryPhrase,
    /// A private key in wallet import format (Bitcoin and its relatives).
    Wif,
    /// An extended private key, `xprv…` (BIP-32).
    ExtendedKey,
    /// A private key in plain hexadecimal or base58, beside words that call it one, or byte by byte.
    PrivateKey,
}

impl SecretKind {
    /// Every kind, in the order of declaration.
    pub const ALL: &[Self] = &[
        Self::StellarSecret,
        Self::XrplSeed,
        Self::XrplSecretNumbers,
        Self::RecoveryPhrase,
        Self::Wif,
        Self::ExtendedKey,
        Self::PrivateKey,
    ];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::StellarSecret => "stellar_secret",
            Self::XrplSeed => "xrpl_seed",
            Self::XrplSecretNumbers => "xrpl_secret_numbers",
            Self::RecoveryPhrase => "recovery_phrase",
            Self::Wif => "wif",
            Self::ExtendedKey => "extended_key",
            Self::PrivateKey => "private_key",
        }
    }

    /// What a person calls it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::StellarSecret => "a Stellar secret key",
            Self::XrplSeed => "an XRP Ledger seed",
            Self::XrplSecretNumbers => "XRP Ledger secret numbers",
            Self::RecoveryPhrase => "a recovery phrase",
            Self::Wif => "a private key (WIF)",
            Self::ExtendedKey => "an extended private key",
            Self::PrivateKey => "a private key",
        }
    }

    /// What stands in a text where the secret was.
    #[must_use]
    pub const fn placeholder(self) -> &'static str {
        match self {
            Self::StellarSecret => "[removed: a Stellar secret key]",
            Self::XrplSeed => "[removed: an XRP Ledger seed]",
            Self::XrplSecretNumbers => "[removed: XRP Ledger secret numbers]",
            Self::RecoveryPhrase => "[removed: a recovery phrase]",
            Self::Wif => "[removed: a private key (WIF)]",
            Self::ExtendedKey => "[removed: an extended private key]",
            Self::PrivateKey => "[removed: a private key]",
        }
    }
}

impl std::fmt::Display for SecretKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.words())
    }
}

/// What whoever receives a secret has to do, as one sentence to follow the name of what was found.
pub const ADVICE: &str = "it was removed and is kept nowhere here; whoever holds it must move their money to a new key now, and \
     the message or file it came in must be deleted";

/// A text without its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redacted<'a> {
    /// The text with [`SecretKind::placeholder`] where secrets stood; borrowed when there was none.
    pub text: Cow<'a, str>,
    /// What was found, in the order of the text.
    pub found: Vec<SecretKind>,
}

impl Redacted<'_> {
    /// Whether the text held no secret.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.found.is_empty()
    }
}

/// Takes every secret out of a text. Total and idempotent; a text without one comes back as it is.
#[must_use]
pub fn redact(text: &str) -> Redacted<'_> {
    let mut redacted = Redacted {
        text: Cow::Borrowed(text),
        found: Vec::new(),
    };
    // What is found ends where it is taken out: with it gone, its neighbours may stand closer to a word that names them. The
    // text outside placeholders gets shorter each time.
    loop {
        let spans = spans(&redacted.text);
        if spans.is_empty() {
            return redacted;
        }
        let mut clean = String::with_capacity(redacted.text.len());
        let mut from = 0;
        for Span { place, kind } in &spans {
            clean.push_str(redacted.text.get(from..place.start).unwrap_or_default());
            clean.push_str(kind.placeholder());
            from = place.end;
            redacted.found.push(*kind);
        }
        clean.push_str(redacted.text.get(from..).unwrap_or_default());
        redacted.text = Cow::Owned(clean);
    }
}

/// Where a secret stands in a text, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Span {
    place: Range<usize>,
    kind: SecretKind,
}

/// The secrets of a text in its order, none touching another.
fn spans(text: &str) -> Vec<Span> {
    // Shorter than the shortest: eight ideograms behind the word that names them.
    const SHORTEST: usize = 25;
    let mut found = Vec::new();
    for part in outside_placeholders(text) {
        if part.len() < SHORTEST {
            continue;
        }
        let Some(part_text) = text.get(part.clone()) else {
            continue;
        };
        let folded = fold::fold(part_text);
        let mut inside = encoded::secrets(&folded);
        inside.extend(phrase::phrases(&folded));
        found.extend(inside.into_iter().map(|(place, kind)| {
            let place = folded.bytes(&place);
            Span {
                place: part.start + place.start..part.start + place.end,
                kind,
            }
        }));
    }
    merged(found)
}

/// What overlaps is one: the kind of the longer stays.
fn merged(mut found: Vec<Span>) -> Vec<Span> {
    found.sort_by_key(|span| (span.place.start, std::cmp::Reverse(span.place.end)));
    let mut apart: Vec<Span> = Vec::with_capacity(found.len());
    for span in found {
        match apart.last_mut() {
            Some(last) if span.place.start < last.place.end => {
                if span.place.len() > last.place.len() {
                    last.kind = span.kind;
                }
                last.place.end = last.place.end.max(span.place.end);
            }
            _ => apart.push(span),
        }
    }
    apart
}

/// The parts of a text between placeholders of ours, which name secrets and are none.
fn outside_placeholders(text: &str) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut from = 0;
    let mut search = 0;
    while let Some(place) = text.get(search..).and_then(|rest| rest.find("[removed: ")) {
        let place = search + place;
        let rest = text.get(place..).unwrap_or_default();
        match SecretKind::ALL
            .iter()
            .find(|kind| rest.starts_with(kind.placeholder()))
        {
            Some(kind) => {
                parts.push(from..place);
                from = place + kind.placeholder().len();
                search = from;
            }
            None => search = place + 1,
        }
    }
    parts.push(from..text.len());
    parts
}

#[cfg(test)]
mod tests;
