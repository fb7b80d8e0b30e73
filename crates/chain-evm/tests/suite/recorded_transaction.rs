//! Our bytes against transactions of the main network, and against the example of EIP-155.

use crate::fixture::result;
use recover_chain_evm::transaction::{self, Price, Transaction, TransactionError};
use recover_chain_evm::wire::StatedTransaction;
use recover_core::amount::Amount;

/// A block of the main network, November 2022: 91 transactions with their signatures. Each is put together from its fields; its
/// hash and its sender come out as the network has them, or it is of a kind that we never build.
#[test]
fn every_transaction_of_a_block_hashes_to_its_id() {
    let block = result("evm/erigon_eth_getBlockByNumber_05");
    let transactions: Vec<StatedTransaction> =
        serde_json::from_value(block["transactions"].clone()).unwrap();
    let (mut dynamic, mut legacy, mut other) = (0, 0, 0);
    for stated in &transactions {
        match stated.rebuild() {
            Ok(opened) => {
                assert_eq!(opened.hash, stated.hash.0);
                assert_eq!(Some(opened.signer), stated.from.map(|from| from.0));
                assert_eq!(
                    Transaction::from_unsigned(&opened.unsigned),
                    Ok(opened.transaction.clone())
                );
                match opened.transaction.price {
                    Price::Dynamic { .. } => dynamic += 1,
                    Price::Legacy { .. } => legacy += 1,
                }
            }
            Err(TransactionError::Kind(why)) => {
                assert_eq!(why, "it has an access list");
                other += 1;
            }
            Err(error) => panic!("{:?}: {error}", stated.hash),
        }
    }
    assert_eq!((dynamic, legacy, other), (64, 26, 1));
}

#[test]
fn a_statement_that_does_not_hold_together_is_refused() {
    let good: StatedTransaction =
        serde_json::from_value(result("evm/erigon_eth_getTransactionByHash_01")).unwrap();
    assert!(good.rebuild().is_ok());
    let mut tipped = good;
    tipped.max_priority_fee_per_gas = Some(Amount::from_u128(1));
    assert!(tipped.rebuild().is_err());
    let creation: StatedTransaction =
        serde_json::from_value(result("evm/erigon_eth_getTransactionByHash_05")).unwrap();
    assert!(matches!(creation.rebuild(), Err(TransactionError::Kind(_))));
    let block = result("evm/erigon_eth_getBlockByNumber_05");
    let transactions: Vec<StatedTransaction> =
        serde_json::from_value(block["transactions"].clone()).unwrap();
    let good = transactions
        .into_iter()
        .find(|stated| stated.kind == Some(0))
        .unwrap();
    let changed = |change: &dyn Fn(&mut StatedTransaction)| {
        let mut stated = good.clone();
        change(&mut stated);
        stated.rebuild().is_err()
    };
    assert!(!changed(&|_| {}));
    assert!(changed(&|stated| stated.value = Some(Amount::from_u128(1))));
    assert!(changed(
        &|stated| stated.nonce = stated.nonce.map(|nonce| nonce + 1)
    ));
    assert!(changed(&|stated| stated.from = Some([1; 20].into())));
    assert!(changed(&|stated| stated.hash = [1; 32].into()));
    assert!(changed(&|stated| stated.v = Some(27)));
    assert!(changed(&|stated| stated.to = None));
    assert!(changed(&|stated| stated.gas = None));
    assert!(changed(&|stated| stated.kind = Some(4)));
}

/// The example of <https://eips.ethereum.org/EIPS/eip-155>.
#[test]
fn pitfall_034_the_example_of_eip_155() {
    let transaction = Transaction {
        chain_id: 1,
        nonce: 9,
        price: Price::Legacy {
            gas_price: Amount::from_u128(20_000_000_000),
        },
        gas_limit: 21_000,
        to: [0x35; 20],
        value: Amount::from_u128(1_000_000_000_000_000_000),
        data: vec![],
    };
    assert_eq!(
        hex::encode(transaction.unsigned_bytes()),
        "ec098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080018080"
    );
    assert_eq!(
        hex::encode(transaction.signing_hash()),
        "daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53"
    );
    let signed = crate::signer::Key::new(0x46).sign(&transaction);
    assert_eq!(
        hex::encode(&signed),
        "f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025a0\
         28ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aecb703304b\
         3800ccf555c9f3dc64214b297fb1966a3b6d83"
            .replace(' ', "")
    );
    let opened = transaction::open(&signed).unwrap();
    assert_eq!(
        hex::encode(opened.signer),
        "9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f"
    );
    // Without a chain id the same content is good on every chain: refused.
    let mut unprotected = signed;
    let place = unprotected.iter().rposition(|byte| *byte == 0x25).unwrap();
    unprotected[place] = 27;
    assert!(matches!(
        transaction::open(&unprotected),
        Err(TransactionError::Signature(_))
    ));
}
