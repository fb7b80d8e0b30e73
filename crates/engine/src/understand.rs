//! What a pasted text is: a transaction id, an address, a link that holds one.
//!
//! The same 64 digits are an id on most networks, so a text is read by every family and each keeps its own canonical form.

use crate::engine::Engine;
use crate::error::EngineError;
use recover_core::address::AddressError;
use recover_core::block::TxId;
use recover_core::detect::Routed;
use recover_core::network::{Family, NetworkId};
use recover_matching::secret;
use std::collections::BTreeMap;

/// The shortest word that is tried as an id or an address: an XRP Ledger id of the short form (CTID).
const WORD_MIN: usize = 16;

/// What a text turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A transaction: its id in the canonical text of each family whose ids look so.
    Transaction(BTreeMap<Family, TxId>),
    /// An address of one family, with the routing value that its text carries.
    Address(Routed, Family),
}

impl Subject {
    /// Whether networks of a family can be asked about it.
    #[must_use]
    pub fn fits(&self, family: Family) -> bool {
        match self {
            Self::Transaction(ids) => ids.contains_key(&family),
            Self::Address(_, own) => *own == family,
        }
    }
}

impl Engine {
    /// Says what a text is. An explorer link also names its network, which goes before what people call it.
    ///
    /// # Errors
    /// When it is neither a transaction id, a link nor an address of a built-in family; a bad checksum says so, and a secret is
    /// not repeated.
    pub fn understand(&self, text: &str) -> Result<(Subject, Option<NetworkId>), EngineError> {
        let redacted = secret::redact(text);
        let text = redacted.text.as_ref();
        let cleaned = recover_matching::text::clean(text);
        let link = self.chains.by_link(&cleaned);
        if link.is_none() && is_of_a_test_network(&cleaned) {
            return Err(EngineError::NotUnderstood {
                text: text.chars().take(80).collect(),
                hint: "the link is to a test network, whose coins are worth nothing; ask for the transaction on the main \
                       network"
                    .to_owned(),
            });
        }
        let linked = link.map(|network| network.id.clone());
        let (readable, has_denomination) = without_denominations(&cleaned);
        let mut complaint = Complaint::None;
        for word in words(&readable) {
            let mut ids: BTreeMap<Family, TxId> = BTreeMap::new();
            let mut addresses: BTreeMap<Family, Routed> = BTreeMap::new();
            for detect in self.adapters.iter().map(|adapter| adapter.detect()) {
                let family = detect.family();
                if let Some(id) = detect.tx_id(word) {
                    ids.insert(family, id);
                    continue;
                }
                match detect.routed(word) {
                    Ok(routed) => {
                        addresses.insert(family, routed);
                    }
                    // Asked for on a network, it would be told to whoever answers.
                    Err(AddressError::Secret) => return Err(EngineError::SecretPasted),
                    Err(error) => {
                        let usual = detect.address("?").err();
                        complaint = complaint.or(error, usual);
                    }
                }
            }
            if !ids.is_empty() {
                return Ok((Subject::Transaction(ids), linked));
            }
            let of_link = link.and_then(|network| addresses.remove_entry(&network.family));
            if let Some((family, routed)) = of_link.or_else(|| addresses.pop_first()) {
                return Ok((Subject::Address(routed, family), linked));
            }
        }
        if !redacted.is_clean() {
            return Err(EngineError::SecretPasted);
        }
        Err(EngineError::NotUnderstood {
            text: text.chars().take(80).collect(),
            hint: if has_denomination {
                "ibc/… names a coin and not a transaction; give the transaction in which it arrived"
                    .to_owned()
            } else {
                complaint.hint()
            },
        })
    }
}

/// The most telling thing that a family said about a word that it could not read.
enum Complaint {
    None,
    /// It is nearly one of theirs, of a kind that cannot be paid.
    Kind(String),
    /// It is one of theirs with a typo.
    Typo(String),
}

impl Complaint {
    /// The more telling of both; `usual` is what the family says about anything.
    fn or(self, error: AddressError, usual: Option<AddressError>) -> Self {
        let expected = |error: &AddressError| match error {
            AddressError::Shape { expected, .. } => Some(*expected),
            _ => None,
        };
        match (self, &error) {
            (known @ Self::Typo(_), _) => known,
            (_, AddressError::Checksum { .. }) => Self::Typo(error.to_string()),
            (known @ Self::Kind(_), _) => known,
            (Self::None, _) if expected(&error) == usual.as_ref().and_then(expected) => Self::None,
            (Self::None, _) => Self::Kind(error.to_string()),
        }
    }

    fn hint(self) -> String {
        match self {
            Self::Typo(said) | Self::Kind(said) => said,
            Self::None => "a transaction id is 64 hexadecimal digits, with 0x before them on EVM networks and in base64 too on \
                           TON, or some 88 letters of base58 on Solana; an address begins with 0x (EVM), 1, 3, L, M, D, X, \
                           bc1, ltc1 or bitcoincash: (Bitcoin and its relatives), r or X (XRP \
                           Ledger), G or M (Stellar), a prefix and 1 (Cosmos SDK), EQ, UQ or 0: (TON), T (Tron), or is \
                           some 44 letters of base58 (Solana)"
                .to_owned(),
        }
    }
}

/// Whether a link leads to a test network.
fn is_of_a_test_network(text: &str) -> bool {
    const NAMES: [&str; 6] = ["testnet", "devnet", "sepolia", "holesky", "hoodi", "amoy"];
    text.split_whitespace()
        .filter(|piece| piece.contains('.') && piece.contains('/'))
        .flat_map(|link| link.split(|character: char| !character.is_ascii_alphanumeric()))
        .any(|label| NAMES.iter().any(|name| label.eq_ignore_ascii_case(name)))
}

/// A text without the denominations of IBC in it, whose digests look like transaction ids, and whether there were any.
fn without_denominations(text: &str) -> (String, bool) {
    const DIGITS: usize = 64;
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    let mut has_any = false;
    while let Some(at) = rest.find("ibc/") {
        let (before, from) = rest.split_at(at);
        let digest: String = from
            .chars()
            .skip("ibc/".len())
            .take_while(char::is_ascii_hexdigit)
            .collect();
        kept.push_str(before);
        if digest.len() == DIGITS {
            has_any = true;
            kept.push(' ');
            rest = &from["ibc/".len() + DIGITS..];
        } else {
            kept.push_str("ibc/");
            rest = &from["ibc/".len()..];
        }
    }
    kept.push_str(rest);
    (kept, has_any)
}

/// The words of a text that may be an id or an address, the longest readings first: with what base64 and raw addresses are
/// written in, then without, then letters and digits alone. Whatever stands around them in a link, a label or a sentence is
/// passed over.
fn words(text: &str) -> Vec<&str> {
    let is_link = |character: char| "/?#&,;\"'()<>[]{}|\\".contains(character);
    let levels: [&dyn Fn(char) -> bool; 4] = [
        &char::is_whitespace,
        &|character| character.is_whitespace() || is_link(character),
        &|character| {
            character.is_whitespace() || is_link(character) || matches!(character, '=' | ':' | '.')
        },
        &|character| !character.is_ascii_alphanumeric(),
    ];
    let mut words: Vec<&str> = Vec::new();
    for is_edge in levels {
        for piece in text.split(is_edge) {
            // `hash=VALUE`: the value may end in the padding of base64.
            let value = piece
                .split_once('=')
                .map(|(_, value)| value)
                .filter(|value| !value.trim_matches('=').is_empty());
            for word in [Some(piece), value].into_iter().flatten() {
                let word = word.trim_matches(|edge: char| ".,:;!\"'()<>[]{}".contains(edge));
                if word.len() >= WORD_MIN && word.is_ascii() && !words.contains(&word) {
                    words.push(word);
                }
            }
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_a_denomination_is_no_transaction_and_hides_none() {
        const DENOMINATION: &str =
            "ibc/27394FB092D2ECCD56123C74F36E4C1F926001CEADA9CA97EA622B25F41E5EB2";
        const ID: &str = "4D84AF2E1B1F1C9E0D6A5B4C3D2E1F00112233445566778899AABBCCDDEEFF00";
        let (kept, has_any) = without_denominations(DENOMINATION);
        assert!(has_any);
        assert_eq!(words(&kept), [""; 0]);
        let sentence = format!("100 {DENOMINATION} in {ID}");
        let (kept, has_any) = without_denominations(&sentence);
        assert!(has_any);
        assert_eq!(words(&kept), [ID]);
        // One digit short, it may be anything.
        let short = &DENOMINATION[..DENOMINATION.len() - 1];
        assert_eq!(without_denominations(short), (short.to_owned(), false));
    }

    #[test]
    fn own_links_to_test_networks_are_known_by_host_or_path() {
        for link in [
            "https://testnet.xrpl.org/transactions/4D84AF2E",
            "see https://stellar.expert/explorer/testnet/tx/3389e9f0, please",
            "sepolia.etherscan.io/tx/0x00",
        ] {
            assert!(is_of_a_test_network(link), "{link}");
        }
        for other in [
            "https://xrpscan.com/tx/4D84AF2E",
            "not on testnet, tx 4D84AF2E",
            "https://stellar.expert/explorer/public/tx/3389e9f0",
        ] {
            assert!(!is_of_a_test_network(other), "{other}");
        }
    }

    #[test]
    fn own_ids_and_addresses_are_found_whole_in_what_people_paste() {
        const HASH: &str = "Y1A9Q+Yb/Vt9H0GkY5mMPyyUkXM9p8NYQpQ4mBcZy1Y=";
        const RAW: &str = "0:83dfd552e63729b472fcbcc8c45ebcc6691702558b68ec7527e1ba403a0f31a8";
        const FRIENDLY: &str = "EQCD39VS5jcptHL8vMjEXrzGaRcCVYto7HUn4bpAOg8xqB2N";
        const CLASSIC: &str = "r3yhUPqBJKgd7hjD7d8VgUBsFkikzT71XE";
        for (text, wanted) in [
            (HASH.to_owned(), HASH),
            (format!("tx: {HASH}, please"), HASH),
            (format!("https://tonviewer.com/transaction/{RAW}"), RAW),
            (format!("see <{FRIENDLY}>."), FRIENDLY),
            (
                format!("https://tonscan.org/address/{FRIENDLY}#transactions"),
                FRIENDLY,
            ),
            (
                "https://toncenter.com/api/v3/transactions?hash=a-b_c0a-b_c0a-b_c0==&limit=1"
                    .to_owned(),
                "a-b_c0a-b_c0a-b_c0==",
            ),
            (format!("TxHash:{CLASSIC}"), CLASSIC),
            (format!("addr={CLASSIC}&dt=5"), CLASSIC),
        ] {
            assert!(words(&text).contains(&wanted), "{text}: {:?}", words(&text));
        }
        assert_eq!(words("I sent it yesterday, to the same address"), [""; 0]);
    }
}
