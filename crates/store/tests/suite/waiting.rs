use super::{Backend, deposit, ethereum, now};
use recover_core::block::TxId;
use recover_core::deposit::{Deposit, Origin};
use std::collections::BTreeMap;

/// A deposit of a transaction that waits for a block.
fn waiting(tx: &str) -> Deposit {
    let mut deposit = deposit(tx, 5);
    if let Origin::Observed(seen) = &mut deposit.origin {
        seen.block = None;
    }
    deposit
}

pub async fn a_waiting_transaction_is_followed_until_it_is_mined_or_replaced(backend: Backend) {
    let store = backend.open().await;
    let network = ethereum();
    let outpoints =
        |names: &[&str]| -> Vec<String> { names.iter().map(|name| (*name).to_owned()).collect() };
    store
        .upsert_observed(vec![waiting("a"), waiting("b"), waiting("c")], now())
        .await
        .unwrap();
    let inputs = [
        ("a", outpoints(&["x:0", "x:1"])),
        ("b", outpoints(&["y:0"])),
    ];
    // Seen twice is noted once; one that concerns no deposit of ours is nobody's to follow.
    for (tx, inputs) in inputs.iter().chain(&inputs) {
        let tx = TxId::new(tx);
        store
            .note_waiting(&network, &tx, inputs, now())
            .await
            .unwrap();
    }
    let stranger = TxId::new("stranger");
    store
        .note_waiting(&network, &stranger, &outpoints(&["z:0"]), now())
        .await
        .unwrap();
    let expected: BTreeMap<TxId, Vec<String>> = inputs
        .iter()
        .map(|(tx, inputs)| (TxId::new(tx), inputs.clone()))
        .collect();
    assert_eq!(store.waiting(&network).await.unwrap(), expected);

    let (one, by) = (TxId::new("a"), TxId::new("taker"));
    store
        .note_replaced(&network, &one, "x:1", &by)
        .await
        .unwrap();
    let all: Vec<TxId> = ["a", "b", "c"].map(TxId::new).into();
    assert_eq!(
        store.replaced(&network, &all).await.unwrap(),
        BTreeMap::from([(one, by)])
    );
    assert!(store.replaced(&network, &[]).await.unwrap().is_empty());
    // The other one was mined.
    store
        .upsert_observed(vec![deposit("b", 7)], now())
        .await
        .unwrap();
    assert_eq!(store.waiting(&network).await.unwrap(), BTreeMap::new());
}
