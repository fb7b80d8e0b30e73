//! Deposit addresses of the tests, and the keys behind them, which the engine never sees.

use bitcoin::hashes::Hash as _;
use bitcoin::key::{TapTweak as _, UntweakedPublicKey};
use bitcoin::opcodes::all::OP_CHECKMULTISIG;
use bitcoin::script::Builder;
use bitcoin::secp256k1::{PublicKey, Secp256k1, SecretKey};
use bitcoin::{ScriptBuf, WPubkeyHash};
use recover_chain_bitcoin::address;
use recover_chain_bitcoin::network::FORMS;
use recover_chain_bitcoin::script::Script;
use sha2::{Digest as _, Sha256};

/// How an output of ours is unlocked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lock {
    /// One key (P2PKH).
    Key,
    /// One key in a witness (P2WPKH).
    WitnessKey,
    /// One key in a witness behind a script hash (P2SH-P2WPKH).
    NestedKey,
    /// The key path of an output key (P2TR).
    Taproot,
    /// Two of three keys behind a script hash (P2SH), in the order of the descriptor.
    Multi,
    /// Two of three sorted keys behind a witness script hash (P2WSH).
    WitnessMulti,
    /// The same behind a script hash (P2SH-P2WSH).
    NestedMulti,
}

impl Lock {
    /// All of them.
    pub const ALL: [Lock; 7] = [
        Lock::Key,
        Lock::WitnessKey,
        Lock::NestedKey,
        Lock::Taproot,
        Lock::Multi,
        Lock::WitnessMulti,
        Lock::NestedMulti,
    ];

    /// As messages name it.
    pub fn name(self) -> &'static str {
        match self {
            Lock::Key => "p2pkh",
            Lock::WitnessKey => "p2wpkh",
            Lock::NestedKey => "p2sh-p2wpkh",
            Lock::Taproot => "p2tr",
            Lock::Multi => "p2sh-multi",
            Lock::WitnessMulti => "p2wsh-multi",
            Lock::NestedMulti => "p2sh-p2wsh-multi",
        }
    }

    fn keys(self) -> u32 {
        match self {
            Lock::Key | Lock::WitnessKey | Lock::NestedKey | Lock::Taproot => 1,
            Lock::Multi | Lock::WitnessMulti | Lock::NestedMulti => 3,
        }
    }
}

/// A deposit address with the keys behind it.
#[derive(Clone, Debug)]
pub struct Held {
    pub lock: Lock,
    /// In the order in which the descriptor names them.
    pub secrets: Vec<SecretKey>,
    /// Where in the wallet the keys stand: the last part of their path.
    pub number: u32,
    /// Whether keys are written in 33 bytes; in 65 otherwise.
    pub is_compressed: bool,
}

/// The wallet that all keys are said to come from.
pub const FINGERPRINT: &str = "d34db33f";

/// The key of a purpose and a number. Nobody else has the purpose.
pub fn secret(purpose: &str, number: u32) -> SecretKey {
    let digest = Sha256::digest(format!("recover test key {purpose} {number}"));
    SecretKey::from_slice(&digest).expect("a hash is a key")
}

impl Held {
    /// Address `number` of ours.
    pub fn new(lock: Lock, number: u32) -> Held {
        Self::of("ours", lock, number)
    }

    /// Address `number` of somebody.
    pub fn of(whose: &str, lock: Lock, number: u32) -> Held {
        let keys = (0..lock.keys())
            .map(|key| secret(&format!("{whose} {}", lock.name()), number * 8 + key));
        Held {
            lock,
            secrets: keys.collect(),
            number,
            is_compressed: true,
        }
    }

    /// The same with keys in 65 bytes. Not where a witness wants short ones.
    pub fn uncompressed(mut self) -> Held {
        self.is_compressed = false;
        self
    }

    /// The public keys, in the order of the descriptor.
    pub fn publics(&self) -> Vec<bitcoin::PublicKey> {
        let secp = Secp256k1::new();
        let public = |secret: &SecretKey| bitcoin::PublicKey {
            compressed: self.is_compressed,
            inner: PublicKey::from_secret_key(&secp, secret),
        };
        self.secrets.iter().map(public).collect()
    }

    /// Two of the keys, in the script's order.
    pub fn multi(&self) -> ScriptBuf {
        let mut keys: Vec<Vec<u8>> = self.publics().iter().map(|key| key.to_bytes()).collect();
        if self.lock != Lock::Multi {
            keys.sort();
        }
        let mut builder = Builder::new().push_int(2);
        for key in &keys {
            builder = match key.len() {
                33 => builder.push_slice(<[u8; 33]>::try_from(&key[..]).unwrap()),
                _ => builder.push_slice(<[u8; 65]>::try_from(&key[..]).unwrap()),
            };
        }
        let count = i64::try_from(keys.len()).unwrap();
        builder
            .push_int(count)
            .push_opcode(OP_CHECKMULTISIG)
            .into_script()
    }

    /// The script that its P2SH hash commits to.
    pub fn redeem(&self) -> Option<ScriptBuf> {
        match self.lock {
            Lock::NestedKey => Some(ScriptBuf::new_p2wpkh(&self.witness_hash())),
            Lock::Multi => Some(self.multi()),
            Lock::NestedMulti => Some(self.multi().to_p2wsh()),
            _ => None,
        }
    }

    /// The script that its P2WSH hash commits to.
    pub fn witness_script(&self) -> Option<ScriptBuf> {
        matches!(self.lock, Lock::WitnessMulti | Lock::NestedMulti).then(|| self.multi())
    }

    fn witness_hash(&self) -> WPubkeyHash {
        // Of the key as it is written, whatever a node says to a long one.
        WPubkeyHash::from_byte_array(self.publics()[0].pubkey_hash().to_byte_array())
    }

    /// What stands in an output that pays it.
    pub fn script(&self) -> ScriptBuf {
        let public = self.publics()[0];
        match self.lock {
            Lock::Key => ScriptBuf::new_p2pkh(&public.pubkey_hash()),
            Lock::WitnessKey => ScriptBuf::new_p2wpkh(&self.witness_hash()),
            Lock::Taproot => {
                let secp = Secp256k1::new();
                let inner = UntweakedPublicKey::from(public.inner);
                let (output, _) = inner.tap_tweak(&secp, None);
                ScriptBuf::new_p2tr_tweaked(output)
            }
            Lock::WitnessMulti => self.multi().to_p2wsh(),
            Lock::NestedKey | Lock::Multi | Lock::NestedMulti => {
                self.redeem().expect("these have one").to_p2sh()
            }
        }
    }

    /// Its address as a network writes it.
    pub fn address(&self, network: &str) -> String {
        written(&self.script(), network)
    }

    /// Its output descriptor (BIP-380) with public keys and where they come from, as an exchange's wallet would export it.
    pub fn descriptor(&self) -> String {
        let keys: Vec<String> = self
            .publics()
            .iter()
            .enumerate()
            .map(|(place, key)| {
                let purpose = match self.lock {
                    Lock::Key => "44h",
                    Lock::NestedKey => "49h",
                    Lock::WitnessKey => "84h",
                    Lock::Taproot => "86h",
                    _ => "48h",
                };
                format!(
                    "[{FINGERPRINT}/{purpose}/0h/{place}h/0/{}]{key}",
                    self.number
                )
            })
            .collect();
        let all = keys.join(",");
        match self.lock {
            Lock::Key => format!("pkh({all})"),
            Lock::WitnessKey => format!("wpkh({all})"),
            Lock::NestedKey => format!("sh(wpkh({all}))"),
            Lock::Taproot => format!("tr({all})"),
            Lock::Multi => format!("sh(multi(2,{all}))"),
            Lock::WitnessMulti => format!("wsh(sortedmulti(2,{all}))"),
            Lock::NestedMulti => format!("sh(wsh(sortedmulti(2,{all})))"),
        }
    }
}

/// The address of a script as a network writes it.
#[track_caller]
pub fn written(script: &bitcoin::Script, network: &str) -> String {
    let form = FORMS.iter().find(|form| form.network == network);
    let form = form.unwrap_or_else(|| panic!("no form of {network}"));
    let script = Script::of(script.as_bytes()).expect("an address stands for it");
    let address = address::format(&script, form).expect("the network writes it");
    address.text().to_owned()
}
