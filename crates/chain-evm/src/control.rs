//! Who can sign for an address on a network: a key, a CREATE2 forwarder (EIP-1014) or a contract made with CREATE.

use crate::address;
use ethers::types::H160;
use recover_core::address::Address;
use recover_core::book::ControlRecord;
use recover_core::verdict::{
    AccountState, Code, Control, ControlEvidence, DeployLeg, DeployLegKind, How, Missing, Reason,
    Verdict,
};

/// The proof of control for a network of this family.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EvmControl {
    derivation: Derivation,
}

/// How a network derives the address of a new contract.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Derivation {
    /// Ethereum's rules: CREATE hashes the RLP of deployer and nonce, CREATE2 hashes factory, salt and code hash.
    #[default]
    Ethereum,
    /// Rules of its own (the zkSync family): a contract never gets the address it has elsewhere.
    Other,
}

impl EvmControl {
    /// The proof for a network that derives contract addresses in the given way.
    #[must_use]
    pub const fn new(derivation: Derivation) -> Self {
        Self { derivation }
    }

    fn prove_create2(
        &self,
        address: [u8; 20],
        factory: [u8; 20],
        salt: [u8; 32],
        init_code_hash: [u8; 32],
        evidence: &ControlEvidence,
    ) -> Verdict {
        if create2_address(factory, salt, init_code_hash) != address {
            return Verdict::NotRecoverable(Reason::AddressNotDerived);
        }
        let Some(account) = &evidence.account else {
            return Verdict::Conditional(Missing::CodeUnknown);
        };
        if let Code::Contract(hash) = account.code {
            return contract_in_place(hash, evidence.account_at_home.as_ref());
        }
        if self.derivation == Derivation::Other {
            return Verdict::NotRecoverable(Reason::OtherDerivation);
        }
        let Some(maker) = &evidence.maker else {
            return Verdict::Conditional(Missing::CodeUnknown);
        };
        match maker.code {
            Code::Absent | Code::Delegated => Verdict::Conditional(Missing::FactoryAbsent),
            Code::Contract(hash) => match evidence.maker_at_home.as_ref().map(|home| &home.code) {
                Some(Code::Contract(home)) if *home != hash => {
                    Verdict::NotRecoverable(Reason::OtherFactoryCode)
                }
                _ => Verdict::NeedsDeploy(vec![
                    DeployLeg {
                        kind: DeployLegKind::DeployForwarder,
                        signer: address::text(factory),
                        detail: format!(
                            "call the factory {} with salt 0x{}; the forwarder lands at {}",
                            address::text(factory),
                            hex::encode(salt),
                            address::text(address)
                        ),
                    },
                    flush(address),
                ]),
            },
        }
    }

    fn prove_create(
        &self,
        address: [u8; 20],
        deployer: [u8; 20],
        nonce: u64,
        evidence: &ControlEvidence,
    ) -> Verdict {
        if create_address(deployer, nonce) != address {
            return Verdict::NotRecoverable(Reason::AddressNotDerived);
        }
        let Some(account) = &evidence.account else {
            return Verdict::Conditional(Missing::CodeUnknown);
        };
        if let Code::Contract(hash) = account.code {
            return contract_in_place(hash, evidence.account_at_home.as_ref());
        }
        if self.derivation == Derivation::Other {
            return Verdict::NotRecoverable(Reason::OtherDerivation);
        }
        let Some(maker) = &evidence.maker else {
            return Verdict::Conditional(Missing::DeployerNonceUnknown);
        };
        if maker.nonce > nonce {
            return Verdict::NotRecoverable(Reason::DeployerNonceUsed);
        }
        let burn = match nonce.saturating_sub(maker.nonce) {
            0 => String::new(),
            missing => format!(
                "send {missing} empty transactions first (nonces {} to {}), and nothing else until then; ",
                maker.nonce,
                nonce.saturating_sub(1)
            ),
        };
        Verdict::NeedsDeploy(vec![
            DeployLeg {
                kind: DeployLegKind::DeployAtNonce,
                signer: address::text(deployer),
                detail: format!(
                    "{burn}deploy the forwarder's creation code from {} at nonce {nonce}; it lands at {}",
                    address::text(deployer),
                    address::text(address)
                ),
            },
            flush(address),
        ])
    }
}

/// What a contract at the address means: the code we know from home can be used as there, other code cannot, and without
/// a look at home nobody knows which of the two it is.
fn contract_in_place(hash: [u8; 32], home: Option<&AccountState>) -> Verdict {
    match home.map(|state| &state.code) {
        Some(Code::Contract(expected)) if *expected == hash => {
            Verdict::Controllable(How::ContractInPlace)
        }
        Some(Code::Contract(_)) => Verdict::NotRecoverable(Reason::OtherCodeAtAddress),
        // At home nothing was deployed yet: there is nothing to compare with.
        Some(Code::Absent | Code::Delegated) | None => Verdict::Conditional(Missing::CodeUnknown),
    }
}

fn flush(address: [u8; 20]) -> DeployLeg {
    DeployLeg {
        kind: DeployLegKind::Flush,
        signer: address::text(address),
        detail: format!(
            "let the contract at {} send what it holds to its parent",
            address::text(address)
        ),
    }
}

impl Control for EvmControl {
    fn prove(
        &self,
        address: &Address,
        control: &ControlRecord,
        evidence: &ControlEvidence,
    ) -> Verdict {
        let Some(bytes) = address::bytes(address) else {
            return Verdict::Conditional(Missing::ControlUnknown);
        };
        match control {
            ControlRecord::Key => match evidence.account.as_ref().map(|account| &account.code) {
                None => Verdict::Conditional(Missing::CodeUnknown),
                Some(Code::Absent | Code::Delegated) => Verdict::Controllable(How::SameKey),
                Some(Code::Contract(_)) => Verdict::Conditional(Missing::ControlContradicted),
            },
            ControlRecord::KeyLost => Verdict::NotRecoverable(Reason::KeyLost),
            ControlRecord::Create2 {
                factory,
                salt,
                init_code_hash,
            } => self.prove_create2(bytes, *factory, *salt, *init_code_hash, evidence),
            ControlRecord::Create { deployer, nonce } => {
                self.prove_create(bytes, *deployer, *nonce, evidence)
            }
            _ => Verdict::Conditional(Missing::ControlUnknown),
        }
    }

    fn maker(&self, control: &ControlRecord) -> Option<Address> {
        match control {
            ControlRecord::Create2 { factory, .. } => Some(address::format(*factory)),
            ControlRecord::Create { deployer, .. } => Some(address::format(*deployer)),
            _ => None,
        }
    }
}

/// The address of a CREATE2 deployment (<https://eips.ethereum.org/EIPS/eip-1014>).
#[must_use]
pub fn create2_address(factory: [u8; 20], salt: [u8; 32], init_code_hash: [u8; 32]) -> [u8; 20] {
    ethers::utils::get_create2_address_from_hash(H160(factory), salt, init_code_hash).0
}

/// The address of a CREATE deployment: the last 20 bytes of keccak256 over the RLP list of deployer and nonce.
#[must_use]
pub fn create_address(deployer: [u8; 20], nonce: u64) -> [u8; 20] {
    ethers::utils::get_contract_address(H160(deployer), nonce).0
}

/// What stands at an address by its code: nothing, a delegation (EIP-7702, `0xef0100` and 20 bytes), or a contract.
#[must_use]
pub fn code_of(code: &[u8]) -> Code {
    if code.is_empty() {
        Code::Absent
    } else if code.len() == 23 && code.starts_with(&[0xef, 0x01, 0x00]) {
        Code::Delegated
    } else {
        Code::Contract(ethers::utils::keccak256(code))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use recover_core::block::Height;

    fn state(code: Code, nonce: u64) -> AccountState {
        AccountState {
            code,
            nonce,
            at: Height(10),
        }
    }

    fn contract(byte: u8) -> AccountState {
        state(Code::Contract([byte; 32]), 1)
    }

    fn array<const N: usize>(text: &str) -> [u8; N] {
        let mut bytes = [0; N];
        hex::decode_to_slice(text, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn create2_gives_the_examples_of_eip_1014() {
        let zero = [0; 20];
        let deadbeef: [u8; 20] = array("deadbeef00000000000000000000000000000000");
        let feed: [u8; 32] =
            array("000000000000000000000000feed000000000000000000000000000000000000");
        let cafebabe: [u8; 32] =
            array("00000000000000000000000000000000000000000000000000000000cafebabe");
        let long = hex::decode("deadbeef".repeat(11)).unwrap();
        for (factory, salt, code, expected) in [
            (
                zero,
                [0; 32],
                vec![0x00],
                "0x4D1A2e2bB4F88F0250f26Ffff098B0b30B26BF38",
            ),
            (
                deadbeef,
                [0; 32],
                vec![0x00],
                "0xB928f69Bb1D91Cd65274e3c79d8986362984fDA3",
            ),
            (
                deadbeef,
                feed,
                vec![0x00],
                "0xD04116cDd17beBE565EB2422F2497E06cC1C9833",
            ),
            (
                zero,
                [0; 32],
                vec![0xde, 0xad, 0xbe, 0xef],
                "0x70f2b2914A2a4b783FaEFb75f459A580616Fcb5e",
            ),
            (
                array("00000000000000000000000000000000deadbeef"),
                cafebabe,
                vec![0xde, 0xad, 0xbe, 0xef],
                "0x60f3f640a8508fC6a86d45DF051962668E1e8AC7",
            ),
            (
                array("00000000000000000000000000000000deadbeef"),
                cafebabe,
                long,
                "0x1d8bfDC5D46DC4f61D6b6115972536eBE6A8854C",
            ),
            (
                zero,
                [0; 32],
                vec![],
                "0xE33C0C7F7df4809055C3ebA6c09CFe4BaF1BD9e0",
            ),
        ] {
            let hash = ethers::utils::keccak256(&code);
            assert_eq!(
                address::text(create2_address(factory, salt, hash)),
                expected
            );
        }
    }

    #[test]
    fn create_gives_a_known_deployment() {
        // The vector of go-ethereum's crypto package (TestNewContractAddress).
        let deployer = array("970e8128ab834e8eac17ab8e3812f010678cf791");
        let made: Vec<String> = (0..3)
            .map(|nonce| hex::encode(create_address(deployer, nonce)))
            .collect();
        assert_eq!(
            made,
            [
                "333c3310824b7c685133f2bedb2ca4b8b4df633d",
                "8bda78331c916a08481428e4b07c96d3e916d165",
                "c9ddedf451bc62ce88bf9292afb13df35b670699",
            ]
        );
    }

    #[test]
    fn code_tells_contracts_from_delegations() {
        assert_eq!(code_of(&[]), Code::Absent);
        let delegation = hex::decode(format!("ef0100{}", "11".repeat(20))).unwrap();
        assert_eq!(code_of(&delegation), Code::Delegated);
        assert!(matches!(code_of(&delegation[..22]), Code::Contract(_)));
        assert!(matches!(code_of(&[0x60]), Code::Contract(_)));
    }

    #[test]
    fn a_key_controls_what_no_contract_holds() {
        let address = address::format([7; 20]);
        let prove = |account| {
            EvmControl::default().prove(
                &address,
                &ControlRecord::Key,
                &ControlEvidence {
                    account,
                    ..ControlEvidence::default()
                },
            )
        };
        assert_eq!(prove(None).to_string(), "conditional:code_unknown");
        assert_eq!(
            prove(Some(state(Code::Absent, 0))).to_string(),
            "controllable:same_key"
        );
        assert_eq!(
            prove(Some(state(Code::Delegated, 3))).to_string(),
            "controllable:same_key"
        );
        assert_eq!(
            prove(Some(contract(1))).to_string(),
            "conditional:control_contradicted"
        );
    }

    #[test]
    fn no_record_and_no_key() {
        let address = address::format([7; 20]);
        let evidence = ControlEvidence {
            account: Some(state(Code::Absent, 0)),
            ..ControlEvidence::default()
        };
        let prove =
            |record: &ControlRecord| EvmControl::default().prove(&address, record, &evidence);
        assert_eq!(
            prove(&ControlRecord::Unknown).to_string(),
            "conditional:control_unknown"
        );
        assert_eq!(
            prove(&ControlRecord::KeyLost).to_string(),
            "not_recoverable:key_lost"
        );
    }

    #[test]
    fn a_create2_forwarder_by_what_stands_where() {
        let (factory, salt, init) = ([1; 20], [2; 32], [3; 32]);
        let address = address::format(create2_address(factory, salt, init));
        let record = ControlRecord::Create2 {
            factory,
            salt,
            init_code_hash: init,
        };
        let control = EvmControl::default();
        let absent = || Some(state(Code::Absent, 0));
        for (name, evidence, expected) in [
            (
                "nothing known",
                ControlEvidence::default(),
                "conditional:code_unknown",
            ),
            (
                "deployed, same as at home",
                ControlEvidence {
                    account: Some(contract(5)),
                    account_at_home: Some(contract(5)),
                    ..ControlEvidence::default()
                },
                "controllable:contract_in_place",
            ),
            (
                "deployed, other than at home",
                ControlEvidence {
                    account: Some(contract(5)),
                    account_at_home: Some(contract(6)),
                    ..ControlEvidence::default()
                },
                "not_recoverable:other_code_at_address",
            ),
            (
                "deployed, home not asked",
                ControlEvidence {
                    account: Some(contract(5)),
                    ..ControlEvidence::default()
                },
                "conditional:code_unknown",
            ),
            (
                "absent, factory in place as at home",
                ControlEvidence {
                    account: absent(),
                    maker: Some(contract(8)),
                    maker_at_home: Some(contract(8)),
                    ..ControlEvidence::default()
                },
                "needs_deploy:deploy_forwarder",
            ),
            (
                "absent, factory in place, home not asked",
                ControlEvidence {
                    account: absent(),
                    maker: Some(contract(8)),
                    ..ControlEvidence::default()
                },
                "needs_deploy:deploy_forwarder",
            ),
            (
                "absent, factory absent",
                ControlEvidence {
                    account: absent(),
                    maker: absent(),
                    ..ControlEvidence::default()
                },
                "conditional:factory_absent",
            ),
            (
                "absent, another factory",
                ControlEvidence {
                    account: absent(),
                    maker: Some(contract(8)),
                    maker_at_home: Some(contract(9)),
                    ..ControlEvidence::default()
                },
                "not_recoverable:other_factory_code",
            ),
            (
                "absent, factory not read",
                ControlEvidence {
                    account: absent(),
                    ..ControlEvidence::default()
                },
                "conditional:code_unknown",
            ),
        ] {
            let verdict = control.prove(&address, &record, &evidence);
            assert_eq!(verdict.to_string(), expected, "{name}");
        }
        let elsewhere = control.prove(
            &address::format([9; 20]),
            &record,
            &ControlEvidence::default(),
        );
        assert_eq!(elsewhere.to_string(), "not_recoverable:address_not_derived");
        assert_eq!(control.maker(&record), Some(address::format(factory)));
    }

    #[test]
    fn a_create_forwarder_by_the_deployers_nonce() {
        let deployer = [4; 20];
        let address = address::format(create_address(deployer, 5));
        let record = ControlRecord::Create { deployer, nonce: 5 };
        let control = EvmControl::default();
        let prove = |nonce: Option<u64>| {
            control.prove(
                &address,
                &record,
                &ControlEvidence {
                    account: Some(state(Code::Absent, 0)),
                    maker: nonce.map(|nonce| state(Code::Absent, nonce)),
                    ..ControlEvidence::default()
                },
            )
        };
        assert_eq!(
            prove(None).to_string(),
            "conditional:deployer_nonce_unknown"
        );
        assert_eq!(
            prove(Some(6)).to_string(),
            "not_recoverable:deployer_nonce_used"
        );
        assert_eq!(prove(Some(5)).to_string(), "needs_deploy:deploy_at_nonce");
        let Verdict::NeedsDeploy(legs) = prove(Some(2)) else {
            panic!("nonces can be used up");
        };
        assert!(legs[0].detail.contains("3 empty transactions"), "{legs:?}");
        assert!(legs[0].detail.contains("nonces 2 to 4"), "{legs:?}");
        assert_eq!(legs[1].kind, DeployLegKind::Flush);
        let other = EvmControl::default().prove(
            &address::format([9; 20]),
            &record,
            &ControlEvidence::default(),
        );
        assert_eq!(other.to_string(), "not_recoverable:address_not_derived");
    }

    #[test]
    fn other_derivation_never_deploys_here() {
        let (factory, salt, init) = ([1; 20], [2; 32], [3; 32]);
        let address = address::format(create2_address(factory, salt, init));
        let verdict = EvmControl::new(Derivation::Other).prove(
            &address,
            &ControlRecord::Create2 {
                factory,
                salt,
                init_code_hash: init,
            },
            &ControlEvidence {
                account: Some(state(Code::Absent, 0)),
                maker: Some(contract(8)),
                ..ControlEvidence::default()
            },
        );
        assert_eq!(verdict.to_string(), "not_recoverable:other_derivation");
    }
}
