//! The compiled contracts of `tests/contracts`.

use std::collections::BTreeMap;
use std::fs;
use std::sync::OnceLock;

use serde_json::Value;

use crate::abi::{self, Arg};
use crate::cache;

/// All artifacts that `tests/setup` compiled, by contract name.
#[derive(Debug)]
pub struct Contracts {
    artifacts: BTreeMap<String, Artifact>,
}

/// One compiled contract.
#[derive(Debug)]
pub struct Artifact {
    /// The contract's name in its source.
    pub name: String,
    /// The JSON ABI as the compiler wrote it.
    pub abi: Value,
    /// Selector (8 hex digits, no `0x`) by signature, as in `transfer(address,uint256)`.
    pub selectors: BTreeMap<String, String>,
    /// Creation code, without constructor arguments. For `Forwarder` this is the whole init code.
    pub bytecode: Vec<u8>,
    /// The code at the address afterwards, immutables still zero.
    pub runtime: Vec<u8>,
}

impl Contracts {
    /// The artifacts, read once per process.
    ///
    /// # Panics
    /// When they are not there for the sources as they stand now: run `tests/setup`.
    pub fn load() -> &'static Contracts {
        static LOADED: OnceLock<Contracts> = OnceLock::new();
        LOADED.get_or_init(|| {
            let folder = cache::contracts();
            let listing = fs::read_dir(&folder).expect("the folder was just found");
            let artifacts = listing
                .map(|entry| {
                    let path = entry.expect("the test cache can be listed").path();
                    let artifact = fs::read(&path)
                        .ok()
                        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
                        .and_then(|value| Artifact::read(&value))
                        .unwrap_or_else(|| {
                            panic!(
                                "{} is damaged: delete it and run tests/setup",
                                path.display()
                            )
                        });
                    (artifact.name.clone(), artifact)
                })
                .collect();
            Contracts { artifacts }
        })
    }

    /// The artifact of that name.
    ///
    /// # Panics
    /// When there is no such contract; the message lists those there are.
    pub fn get(&self, name: &str) -> &Artifact {
        self.artifacts.get(name).unwrap_or_else(|| {
            let names: Vec<&str> = self.artifacts.keys().map(String::as_str).collect();
            panic!("no contract {name}; there are {}", names.join(", "))
        })
    }

    /// All names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.artifacts.keys().map(String::as_str)
    }
}

impl Artifact {
    /// Creation code followed by the constructor's arguments.
    pub fn creation(&self, args: &[Arg]) -> Vec<u8> {
        [self.bytecode.clone(), abi::encode(args)].concat()
    }

    /// Call data for the function of that signature, as in `transfer(address,uint256)`.
    ///
    /// # Panics
    /// When the contract has no such function; the message lists those it has.
    pub fn call_data(&self, signature: &str, args: &[Arg]) -> Vec<u8> {
        let selector = self.selectors.get(signature).unwrap_or_else(|| {
            let known: Vec<&str> = self.selectors.keys().map(String::as_str).collect();
            panic!(
                "{} has no {signature}; it has {}",
                self.name,
                known.join(", ")
            )
        });
        let selector = hex::decode(selector).expect("the compiler writes selectors in hex");
        [selector, abi::encode(args)].concat()
    }

    fn read(value: &Value) -> Option<Artifact> {
        let code = |key: &str| hex::decode(value.get(key)?.as_str()?.trim_start_matches("0x")).ok();
        Some(Artifact {
            name: value.get("contract")?.as_str()?.to_owned(),
            abi: value.get("abi")?.clone(),
            selectors: value
                .get("selectors")?
                .as_object()?
                .iter()
                .map(|(signature, selector)| {
                    Some((signature.clone(), selector.as_str()?.to_owned()))
                })
                .collect::<Option<_>>()?,
            bytecode: code("bytecode")?,
            runtime: code("runtime")?,
        })
    }
}
