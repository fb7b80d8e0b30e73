//! Addresses, cells and transactions against @ton/core.

use crate::fixture;
use proptest::prelude::*;
use recover_chain_ton::address::{RawAddress, parse};
use recover_chain_ton::boc;
use recover_chain_ton::body::{Body, Meaning};
use recover_chain_ton::wire;
use recover_core::address::AddressError;
use recover_core::memo::MemoKind;
use recover_testkit::oracle::Oracle;
use serde_json::{Value, json};

fn ask(op: &str, args: Value) -> Value {
    Oracle::shared_blocking().ask_blocking(op, args).unwrap()
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field]
        .as_str()
        .unwrap_or_else(|| panic!("{field} in {value}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn oracle_every_form_of_an_address(hash: [u8; 32], masterchain: bool) {
        let raw = RawAddress { workchain: if masterchain { -1 } else { 0 }, hash };
        let forms = ask("ton.address_encode", json!({"workchain": raw.workchain, "hash": hex::encode(hash)}));
        let address = raw.address();
        prop_assert_eq!(text(&forms, "raw"), raw.to_string());
        prop_assert_eq!(text(&forms, "bounceable"), address.text());
        prop_assert_eq!(text(&forms, "non_bounceable"), raw.non_bounceable());
        for form in ["raw", "bounceable", "non_bounceable", "bounceable_base64", "non_bounceable_base64"] {
            prop_assert_eq!(parse(text(&forms, form)), Ok(address.clone()), "{}", form);
        }
        for form in ["test_bounceable", "test_non_bounceable"] {
            prop_assert!(matches!(parse(text(&forms, form)), Err(AddressError::Shape { .. })), "{}", form);
        }
    }

    /// One character changed: what the library refuses we refuse.
    #[test]
    fn oracle_a_changed_character(hash: [u8; 32], at in 0_usize..48, letter in "[A-Za-z0-9_+/=-]", bounceable: bool) {
        let raw = RawAddress { workchain: 0, hash };
        let mut changed = if bounceable { raw.address().text().to_owned() } else { raw.non_bounceable() };
        changed.replace_range(at..=at, &letter);
        let said = ask("ton.address", json!({"text": changed}));
        let valid = said["valid"] == true && said["test_only"] != true;
        // The library takes texts that mix both alphabets; nobody writes one.
        let mixed = changed.contains(['-', '_']) && changed.contains(['+', '/']);
        prop_assert_eq!(parse(&changed).is_ok(), valid && !mixed, "{}: {}", changed, said);
    }

    #[test]
    fn oracle_comments_and_their_hashes(comment in "\\PC{0,300}") {
        let said = ask("ton.comment_boc", json!({"text": comment}));
        let cell = boc::read_text(text(&said, "boc")).unwrap();
        prop_assert_eq!(hex::encode(cell.hash()), text(&said, "hash"));
        let Meaning::Comment(memo) = Body::Cells(cell).meaning() else {
            return Err(TestCaseError::fail("no comment"));
        };
        prop_assert_eq!(memo.raw, comment.as_bytes());
        let kind = if comment.is_empty() { MemoKind::Empty } else { MemoKind::Text };
        prop_assert_eq!(memo.kind, kind);
    }
}

/// The bytes of recorded transactions, read by the library and by us.
#[test]
fn oracle_the_bytes_of_recorded_transactions() {
    let mut seen = 0;
    for name in [
        "tonapi_block-txs-1",
        "tonapi_block-txs-2",
        "tonapi_block-txs-3",
        "gem_ton_transfer",
        "gem_ton_transfer2",
        "gem_tx_with_memo",
        "tonapi_core_convert-tx-1",
    ] {
        let file = fixture::json(name);
        let rows = match file.get("transactions") {
            Some(rows) => rows.as_array().unwrap().clone(),
            None => vec![file],
        };
        for row in rows {
            let bytes = row.get("raw").or_else(|| row.get("Raw")).unwrap();
            let ours = wire::transaction(&row).unwrap();
            let bytes = bytes.as_str().unwrap();
            let base64 = match hex::decode(bytes) {
                Ok(bytes) => {
                    use base64::Engine;
                    base64::engine::general_purpose::STANDARD.encode(bytes)
                }
                Err(_) => bytes.to_owned(),
            };
            // The library's row leaves out the workchain; it refuses the ticks of system contracts.
            let args = json!({"boc": base64});
            let Ok(mut theirs) =
                Oracle::shared_blocking().ask_blocking("ton.decode_transaction", args)
            else {
                assert_eq!(ours.in_message, None, "{name}");
                continue;
            };
            theirs["account"] = ours.account.to_string().into();
            let theirs = wire::transaction(&theirs).unwrap();
            assert_eq!(theirs, ours, "{name}");
            seen += 1;
        }
    }
    assert_eq!(seen, 21);
}
