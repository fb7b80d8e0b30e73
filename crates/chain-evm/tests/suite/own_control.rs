//! Contract addresses that no plan can reach: they end in a verdict.

use recover_chain_evm::address;
use recover_chain_evm::control::{Derivation, EvmControl, create_address, create2_address};
use recover_core::block::Height;
use recover_core::book::ControlRecord;
use recover_core::verdict::{AccountState, Code, Control, ControlEvidence};

fn state(code: Code, nonce: u64) -> Option<AccountState> {
    Some(AccountState {
        code,
        nonce,
        at: Height(10),
    })
}

fn evidence(maker: Option<AccountState>) -> ControlEvidence {
    ControlEvidence {
        account: state(Code::Absent, 0),
        maker,
        ..ControlEvidence::default()
    }
}

#[test]
fn pitfall_047_a_network_that_derives_addresses_otherwise_is_not_controllable() {
    let (factory, salt, init_code_hash) = ([1; 20], [2; 32], [3; 32]);
    let address = address::format(create2_address(factory, salt, init_code_hash));
    let record = ControlRecord::Create2 {
        factory,
        salt,
        init_code_hash,
    };
    let prove = |derivation| {
        EvmControl::new(derivation)
            .prove(
                &address,
                &record,
                &evidence(state(Code::Contract([8; 32]), 1)),
            )
            .to_string()
    };
    assert_eq!(prove(Derivation::Other), "not_recoverable:other_derivation");
    assert_eq!(prove(Derivation::Ethereum), "needs_deploy:deploy_forwarder");
}

#[test]
fn pitfall_048_a_nonce_that_the_deployer_used_makes_no_second_contract() {
    let deployer = [1; 20];
    let address = address::format(create_address(deployer, 5));
    let record = ControlRecord::Create { deployer, nonce: 5 };
    let prove = |nonce| {
        EvmControl::default()
            .prove(&address, &record, &evidence(state(Code::Absent, nonce)))
            .to_string()
    };
    assert_eq!(prove(5), "needs_deploy:deploy_at_nonce");
    assert_eq!(prove(6), "not_recoverable:deployer_nonce_used");
}
