//! The demo's recorded mainnet transactions hash to the ids they carry.

use recover_testkit::Anvil;
use serde_json::Value;

use crate::desk::workspace;
use crate::transaction_hash::recomputed;

#[test]
fn recorded_transactions_of_the_demo_hash_to_their_ids() {
    let anvil = Anvil::start(1);
    let mut checked = 0;
    for entry in std::fs::read_dir(workspace("fixtures/demo/mainnet")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let value: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let result = match &value {
            Value::Array(pairs) => &pairs[0]["response"]["result"],
            answer => &answer["result"],
        };
        if result["input"].is_string() && result["hash"].is_string() {
            assert_eq!(
                recomputed(&anvil, result),
                result["hash"],
                "{}",
                path.display()
            );
            checked += 1;
        }
    }
    assert_eq!(checked, 5);
}

#[test]
fn a_changed_field_changes_the_hash() {
    let anvil = Anvil::start(1);
    let payer = anvil.accounts()[0].clone();
    let hash = anvil.send(&payer, "0x00000000000000000000000000000000000000aa", 1, &[]);
    let mut transaction = anvil.call("eth_getTransactionByHash", serde_json::json!([hash]));
    transaction["value"] = serde_json::json!("0x2");
    let before = recomputed(&anvil, &transaction);
    transaction["value"] = serde_json::json!("0x3");
    assert_ne!(recomputed(&anvil, &transaction), before);
}
