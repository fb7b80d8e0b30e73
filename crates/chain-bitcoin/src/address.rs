//! Addresses and transaction ids: every written form to a script, and back.
//!
//! Sources: base58check (<https://en.bitcoin.it/wiki/Base58Check_encoding>), BIP-173 and BIP-350 for SegWit, BIP-21 for the scheme
//! before an address, and [`crate::network`].

use crate::cashaddr;
use crate::network::{FORMS, Form, form};
use crate::script::Script;
use crate::typo::wrong_letter;
use bech32::primitives::checksum::{Checksum as _, Engine};
use bech32::{Bech32, Bech32m, Fe32, Hrp, segwit};
use recover_core::address::{Address, AddressError};
use recover_core::block::TxId;
use recover_core::network::Family;
use sha2::{Digest as _, Sha256};

const EXPECTED: &str = "base58 (1…, 3…, L…, M…, D…, A…, X…, 7…), bc1… or ltc1…, or cashaddr (q… or p…, with or without bitcoincash:)";
const EXPECTED_LATER: &str = "its SegWit version is not known yet";
const EXPECTED_MAIN: &str = "it is one of a test network";
const EXPECTED_MWEB: &str =
    "what goes into the extension blocks of Litecoin stands in no public transaction";
const EXPECTED_CASH: &str =
    "it is for tokens of another protocol, or its script has a hash of another width";

/// The letters of bech32 and of cashaddr.
const LETTERS: &str = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// An address that was read: the script that it stands for, and who writes it so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// What it stands for on every network.
    pub script: Script,
    /// The networks that read this text as their own, the usual one first; never empty.
    pub forms: Vec<&'static Form>,
}

fn shape(text: &str, expected: &'static str) -> AddressError {
    AddressError::Shape {
        text: text.to_owned(),
        family: Family::Bitcoin,
        expected,
    }
}

fn typo(text: &str, position: Option<usize>) -> AddressError {
    let text = text.to_owned();
    match position {
        Some(position) => AddressError::Character { text, position },
        None => AddressError::Checksum { text },
    }
}

/// Reads an address of any of the networks, in any form that its owner meets; white space around it is dropped, and so is the
/// scheme of a payment link with what follows a question mark.
///
/// # Errors
/// [`AddressError::Character`] where one wrong character explains a bad checksum, [`AddressError::Checksum`] for other typos,
/// [`AddressError::Shape`] for all else.
pub fn parse(text: &str) -> Result<Parsed, AddressError> {
    let trimmed = text.trim();
    let Some((scheme, rest)) = trimmed.split_once(':') else {
        return bare(text, trimmed);
    };
    let scheme = scheme.to_ascii_lowercase();
    let rest = rest.split('?').next().unwrap_or_default();
    if let Some(meant) = FORMS.iter().find(|form| form.network == scheme) {
        let mut parsed = bare(text, rest)?;
        parsed.forms.retain(|form| *form == meant);
        if parsed.forms.is_empty() {
            return Err(shape(text, EXPECTED));
        }
        return Ok(parsed);
    }
    cash(text, &scheme, rest)
}

/// An address without a scheme; `whole` is the text for messages.
fn bare(whole: &str, text: &str) -> Result<Parsed, AddressError> {
    let lower = text.to_ascii_lowercase();
    for test in ["tb1", "bcrt1", "tltc1", "rltc1"] {
        if lower.starts_with(test) {
            return Err(shape(whole, EXPECTED_MAIN));
        }
    }
    if lower.starts_with("ltcmweb1") {
        return Err(shape(whole, EXPECTED_MWEB));
    }
    for form in FORMS {
        let prefix = form.segwit.filter(|prefix| {
            lower
                .strip_prefix(prefix)
                .is_some_and(|data| data.starts_with('1'))
        });
        if let Some(prefix) = prefix {
            return witness(whole, text, prefix).map(|script| Parsed {
                script,
                forms: vec![form],
            });
        }
    }
    // Twenty bytes and a checksum are 42 letters; one more or less is a slip of the hand.
    let is_cash = (41..=43).contains(&text.len()) && lower.starts_with(['q', 'p']);
    if is_cash {
        return cash(whole, cashaddr::PREFIX, text);
    }
    base58check(whole, text)
}

/// One case throughout, in small letters.
fn small(text: &str) -> Option<String> {
    let is_mixed = text.bytes().any(|byte| byte.is_ascii_lowercase())
        && text.bytes().any(|byte| byte.is_ascii_uppercase());
    (!is_mixed).then(|| text.to_ascii_lowercase())
}

fn cash(whole: &str, prefix: &str, data: &str) -> Result<Parsed, AddressError> {
    let data = small(data).ok_or_else(|| shape(whole, EXPECTED))?;
    let forms = FORMS.iter().filter(|form| form.cashaddr == Some(prefix));
    match cashaddr::decode(prefix, &data) {
        Ok(script) => Ok(Parsed {
            script,
            forms: forms.collect(),
        }),
        Err(cashaddr::Fault::Shape) => Err(shape(whole, EXPECTED)),
        Err(cashaddr::Fault::Unsupported) => Err(shape(whole, EXPECTED_CASH)),
        Err(cashaddr::Fault::Checksum(place)) => {
            Err(typo(whole, place.and_then(|place| at(whole, &data, place))))
        }
    }
}

fn witness(whole: &str, text: &str, prefix: &str) -> Result<Script, AddressError> {
    let text = small(text).ok_or_else(|| shape(whole, EXPECTED))?;
    let data = text.get(prefix.len() + 1..).unwrap_or_default();
    if let Some(strange) = data.find(|letter| !LETTERS.contains(letter)) {
        return Err(typo(whole, at(whole, data, strange)));
    }
    if let Some(place) = wrong_sum(prefix, data) {
        return Err(typo(whole, place.and_then(|place| at(whole, data, place))));
    }
    let (_, version, program) = segwit::decode(&text).map_err(|_| shape(whole, EXPECTED_LATER))?;
    let program = &program[..];
    let short = || program.try_into().ok();
    let wide = || program.try_into().ok();
    let script = match (version.to_u8(), program.len()) {
        (0, 20) => short().map(Script::WitnessPubkeyHash),
        (0, 32) => wide().map(Script::WitnessScriptHash),
        (1, 32) => wide().map(Script::Taproot),
        _ => None,
    };
    script.ok_or_else(|| shape(whole, EXPECTED_LATER))
}

/// What is wrong with the checksum of the letters behind a prefix; `None` where it is right by BIP-173 or by BIP-350. Which of the two
/// it must be, the version says.
fn wrong_sum(prefix: &str, data: &str) -> Option<Option<usize>> {
    let prefix = Hrp::parse(prefix).ok()?;
    let letters: Vec<Fe32> = data
        .chars()
        .filter_map(|letter| Fe32::from_char(letter).ok())
        .collect();
    // Both have one code; only what must remain differs.
    let mut engine = Engine::<Bech32>::new();
    engine.input_hrp(prefix);
    letters.iter().for_each(|letter| engine.input_fe(*letter));
    let residue = *engine.residue();
    if [Bech32::TARGET_RESIDUE, Bech32m::TARGET_RESIDUE].contains(&residue) {
        return None;
    }
    let places = (
        wrong_letter::<Bech32>(residue, letters.len()),
        wrong_letter::<Bech32m>(residue, letters.len()),
    );
    Some(match places {
        (Some(one), Some(other)) if one != other => None,
        (one, other) => one.or(other),
    })
}

/// The place of a byte of the data in the text as it was given, counted in characters from 1.
fn at(whole: &str, data: &str, place: usize) -> Option<usize> {
    let begins = whole.to_ascii_lowercase().find(data)?;
    let before = whole.get(..begins.checked_add(place)?)?;
    Some(before.chars().count() + 1)
}

fn base58check(whole: &str, text: &str) -> Result<Parsed, AddressError> {
    if !(25..=36).contains(&text.len()) {
        return Err(shape(whole, EXPECTED));
    }
    let decoded = bs58::decode(text)
        .into_vec()
        .map_err(|_| shape(whole, EXPECTED))?;
    let (payload, sum) = decoded
        .split_last_chunk::<4>()
        .ok_or_else(|| shape(whole, EXPECTED))?;
    let (&version, hash) = payload
        .split_first()
        .ok_or_else(|| shape(whole, EXPECTED))?;
    let begins_like_one = FORMS
        .iter()
        .any(|form| form.pubkey_hash == version || form.script_hash.contains(&version));
    if checksum(payload) != *sum {
        // Of a text that is another network's, or no address at all, nothing can be said.
        return Err(if begins_like_one || (24..=26).contains(&decoded.len()) {
            typo(whole, None)
        } else {
            shape(whole, EXPECTED)
        });
    }
    let hash: [u8; 20] = hash.try_into().map_err(|_| shape(whole, EXPECTED))?;
    let keys = FORMS.iter().filter(|form| form.pubkey_hash == version);
    let keys: Vec<&Form> = keys.collect();
    let scripts = FORMS
        .iter()
        .filter(|form| form.script_hash.contains(&version));
    let scripts: Vec<&Form> = scripts.collect();
    match (keys.is_empty(), scripts.is_empty()) {
        (false, _) => Ok(Parsed {
            script: Script::PubkeyHash(hash),
            forms: keys,
        }),
        (true, false) => Ok(Parsed {
            script: Script::ScriptHash(hash),
            forms: scripts,
        }),
        (true, true) => Err(shape(whole, EXPECTED)),
    }
}

fn checksum(payload: &[u8]) -> [u8; 4] {
    let [a, b, c, d, ..]: [u8; 32] = Sha256::digest(Sha256::digest(payload)).into();
    [a, b, c, d]
}

fn base58(version: u8, hash: &[u8; 20]) -> String {
    let mut bytes = vec![version];
    bytes.extend(hash);
    bytes.extend(checksum(&bytes));
    bs58::encode(bytes).into_string()
}

/// The address of a script as a network writes it today; `None` where the network has none for it.
#[must_use]
pub fn format(script: &Script, form: &Form) -> Option<Address> {
    let segwit_text = |version, program: &[u8]| {
        let prefix = Hrp::parse(form.segwit?).ok()?;
        segwit::encode(prefix, version, program).ok()
    };
    let text = match (script, form.cashaddr) {
        (Script::PubkeyHash(_) | Script::ScriptHash(_), Some(prefix)) => {
            cashaddr::encode(prefix, script)
        }
        (Script::PubkeyHash(hash), None) => Some(base58(form.pubkey_hash, hash)),
        (Script::ScriptHash(hash), None) => form
            .script_hash
            .first()
            .map(|version| base58(*version, hash)),
        (Script::WitnessPubkeyHash(hash), _) => segwit_text(segwit::VERSION_0, hash),
        (Script::WitnessScriptHash(hash), _) => segwit_text(segwit::VERSION_0, hash),
        (Script::Taproot(key), _) => segwit_text(segwit::VERSION_1, key),
    };
    text.map(|text| Address::from_parts((*script).into(), text))
}

/// The address under which an output of a network is known: as the network writes its script, and as Bitcoin does where the network
/// has no address for it (a script that needs SegWit, on a network without it).
#[must_use]
pub fn of_output(script: &Script, form: &Form) -> Option<Address> {
    format(script, form).or_else(|| format(script, FORMS.first()?))
}

/// The canonical address of what was read: as the first network that reads it so writes it.
#[must_use]
pub fn canonical(parsed: &Parsed) -> Option<Address> {
    let form = parsed.forms.first()?;
    format(&parsed.script, form)
}

/// The networks whose address a canonical text may be.
#[must_use]
pub fn homes(address: &Address) -> Vec<&'static Form> {
    parse(address.text()).map_or_else(|_| Vec::new(), |parsed| parsed.forms)
}

/// The address of a sibling network that stands for the same script; `None` where that network has none.
#[must_use]
pub fn sibling(address: &Address, network: &recover_core::network::NetworkId) -> Option<Address> {
    format(&Script::of_payload(&address.payload())?, form(network)?)
}

/// Parses a transaction id: 64 hexadecimal digits of any case; canonical is lower case, in the order in which nodes and explorers
/// print it. `None` for another shape.
#[must_use]
pub fn parse_tx_id(text: &str) -> Option<TxId> {
    let trimmed = text.trim();
    let is_id = trimmed.len() == 64 && trimmed.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| TxId::new(&trimmed.to_ascii_lowercase()))
}
