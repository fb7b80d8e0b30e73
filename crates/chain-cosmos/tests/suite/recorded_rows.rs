//! What a right adapter says of recorded answers, case by case.

use crate::fixture::{decoder, json, line, transaction};
use recover_chain_cosmos::address::{escrow_account, format, voucher_denom};
use recover_chain_cosmos::decode::{DecodeError, Origin};
use recover_core::asset::AssetId;
use recover_core::block::TxId;
use recover_core::memo::MemoKind;
use recover_core::network::NetworkId;
use recover_core::observation::{Flag, Mechanism, Outcome};
use serde_json::Value;

fn block(name: &str) -> recover_chain_cosmos::decode::Block {
    decoder("cosmos")
        .block(
            &json(&format!("{name}_block")),
            &json(&format!("{name}_block_results")),
        )
        .unwrap()
}

#[test]
fn recorded_two_sends_in_one_transaction_are_two_credits_with_one_memo() {
    let both = transaction("cosmos", "cometbft_1tx2msgsend_lcd_tx");
    let [first, second] = both.credits.as_slice() else {
        panic!("{:?}", both.credits);
    };
    assert_eq!(
        (first.amount.to_base_units(), second.amount.to_base_units()),
        ("1000".to_owned(), "2000".to_owned())
    );
    assert_eq!(first.from.as_ref(), Some(&second.to));
    assert_eq!(second.from.as_ref(), Some(&first.to));
    assert_eq!(first.memos, second.memos);
    // The block tells the same, from the transaction's bytes.
    let block = block("cometbft_1tx2msgsend");
    let strip = |credits: &[recover_core::observation::Observation]| {
        credits.iter().map(line).collect::<Vec<_>>()
    };
    assert_eq!(strip(&block.transactions[0].credits), strip(&both.credits));
    assert_eq!(block.transactions[0].id, both.id);
}

#[test]
fn recorded_a_redundant_relay_credits_nothing() {
    let name = "cometbft_tx_msg_ibc_recv_packet_missing_fungible_token_packet";
    let relay = transaction("cosmos", &format!("{name}_lcd_tx"));
    assert_eq!(
        (relay.outcome, relay.credits.as_slice()),
        (Outcome::Success, &[][..])
    );
    assert_eq!(block(name).transactions[0].credits, []);
}

#[test]
fn recorded_a_refused_packet_credits_nothing_though_its_transaction_succeeded() {
    let name = "cometbft_tx_msg_ibc_recv_packet_error";
    let relay = transaction("cosmos", &format!("{name}_lcd_tx"));
    assert_eq!((relay.code, relay.credits.as_slice()), (0, &[][..]));
    assert_eq!(block(name).transactions[0].credits, []);
}

#[test]
fn recorded_an_accepted_packet_credits_whatever_its_success_flag_says() {
    let relay = transaction("cosmos", "cometbft_tx_msg_ibc_recv_packet_lcd_tx");
    let [credit] = relay.credits.as_slice() else {
        panic!("{:?}", relay.credits);
    };
    assert_eq!(credit.amount.to_base_units(), "1234");
    let denom = credit.asset.contract_text().unwrap();
    assert!(denom.starts_with("ibc/6411AE2A"), "{denom}");
    assert_eq!(
        (credit.mechanism, credit.outcome),
        (Mechanism::IbcTransfer, Outcome::Success)
    );
    assert_eq!(
        block("cometbft_tx_msg_ibc_recv_packet").transactions[0]
            .credits
            .iter()
            .map(line)
            .collect::<Vec<_>>(),
        [line(credit)]
    );
}

#[test]
fn recorded_a_coin_that_comes_home_over_ibc_is_its_senders_and_not_the_relayers() {
    let relay = transaction("celestia", "lcd_tx_celestia_MsgRecvPacket_DF199583");
    let [credit] = relay.credits.as_slice() else {
        panic!("{:?}", relay.credits);
    };
    assert_eq!(credit.amount.to_base_units(), "10715721");
    assert_eq!(credit.asset, AssetId::native(NetworkId::new("celestia")));
    assert_eq!(
        credit.from.as_ref().unwrap().text(),
        "osmo1ffmdfxzq5yyps9m8vfle526qg4a3nmfjqrxgqt"
    );
    assert_eq!(
        credit.to.text(),
        "celestia1ffmdfxzq5yyps9m8vfle526qg4a3nmfjejygv5"
    );
    // The packet has no memo, and the relayer's is nobody's business.
    assert_eq!(credit.memos.len(), 1);
    assert_eq!(
        (credit.memos[0].place.as_str(), credit.memos[0].kind),
        ("packet_memo", MemoKind::Absent)
    );
    assert!(credit.memos[0].raw.is_empty());
    assert!(relay.memo.unwrap().contains("hermes"));
    let escrow = format("celestia", &escrow_account("transfer", "channel-2")).unwrap();
    assert_eq!(
        escrow.text(),
        "celestia12k2pyuylm9t7ugdvz67h9pg4gmmvhn5vwv5zte"
    );
}

#[test]
fn recorded_pitfall_022_a_failed_transaction_of_the_amino_age_is_no_deposit() {
    let failed = transaction("cosmos", "legacy_amino_transfer_failed");
    assert_eq!((failed.code, failed.outcome), (12, Outcome::Failed));
    assert!(
        failed
            .credits
            .iter()
            .all(|credit| credit.outcome == Outcome::Failed)
    );
    for name in [
        "cometbft_tx_failed_with_fee_lcd_tx",
        "cometbft_tx_failed_without_fee_lcd_tx",
        "cometbft_tx_msg_ibc_transfer_transfer_string_amount_lcd_tx",
        "crosschain_tx_L568",
    ] {
        let failed = transaction("cosmos", name);
        assert_eq!(failed.outcome, Outcome::Failed, "{name}");
        assert!(
            failed
                .credits
                .iter()
                .all(|credit| credit.outcome == Outcome::Failed),
            "{name}"
        );
    }
}

#[test]
fn recorded_what_was_only_broadcast_has_moved_nothing() {
    for (name, outcome) in [
        ("gem_transaction_broadcast_failed", Outcome::Failed),
        ("gem_transaction_broadcast_success", Outcome::Unknown),
    ] {
        let broadcast = transaction("cosmos", name);
        assert_eq!(
            (broadcast.height, broadcast.outcome),
            (None, outcome),
            "{name}"
        );
        assert_eq!(broadcast.credits, [], "{name}");
    }
}

#[test]
fn recorded_pitfall_080_memos_are_kept_as_they_are() {
    for (network, name, memo) in [
        ("sei", "txresponse_sei_MsgSend_7AF2329A", "0"),
        ("cosmos", "gem_transfer", "6439432658467882"),
        ("cosmos", "gem_transfer_thorchain", "thankyou"),
        ("injective", "txresponse_inj_MsgSend_1A824548", "101616414"),
        ("cosmos", "txresponse_cosmos_MsgSend_EAE05924", ""),
    ] {
        let sent = transaction(network, name);
        assert_eq!(sent.credits.len(), 1, "{name}");
        let [found] = sent.credits[0].memos.as_slice() else {
            panic!("{name}: {:?}", sent.credits[0].memos);
        };
        assert_eq!(
            (found.place.as_str(), found.raw.as_slice()),
            ("memo", memo.as_bytes()),
            "{name}"
        );
        let kind = if memo.is_empty() {
            MemoKind::Empty
        } else {
            MemoKind::Text
        };
        assert_eq!(found.kind, kind, "{name}");
    }
}

#[test]
fn recorded_one_transaction_reads_alike_from_every_api() {
    for (network, names) in [
        (
            "cosmos",
            &[
                "mintscan_ATOM_EAE05924",
                "txresponse_cosmos_MsgSend_EAE05924",
            ][..],
        ),
        (
            "injective",
            &["mintscan_INJ_1A824548", "txresponse_inj_MsgSend_1A824548"],
        ),
        (
            "sei",
            &["mintscan_SEI_0B77D11B", "txresponse_sei_MsgSend_0B77D11B"],
        ),
        (
            "celestia",
            &["mintscan_TIA_F28DA971", "lcd_tx_celestia_MsgSend_F28DA971"],
        ),
        (
            "osmosis",
            &[
                "mintscan_OSMO_5BFEADF2",
                "txresponse_osmo_MsgTransfer_5BFEADF2",
            ],
        ),
    ] {
        let all: Vec<_> = names
            .iter()
            .map(|name| transaction(network, name).credits)
            .collect();
        assert!(!all[0].is_empty(), "{names:?}");
        assert_eq!(all[0], all[1], "{names:?}");
    }
    for (stem, index, name) in [
        (
            "cometbft_tx_msg_ibc_timeout",
            0,
            "cometbft_tx_msg_ibc_timeout_lcd_tx",
        ),
        (
            "cometbft_tx_msg_ibc_timeout",
            1,
            "cometbft_tx_msg_ibc_timeout_lcd_tx_2",
        ),
        (
            "cometbft_tx_msg_ibc_timeout",
            2,
            "cometbft_tx_msg_ibc_timeout_lcd_tx_3",
        ),
        (
            "cometbft_tx_msg_multi_send",
            0,
            "cometbft_tx_msg_multi_send_lcd_tx",
        ),
        (
            "cometbft_tx_msg_exec_msg_send",
            0,
            "cometbft_tx_msg_exec_msg_send_lcd_tx",
        ),
        ("cometbft_tx_multisig", 0, "cometbft_tx_multisig_lcd_tx"),
        (
            "cometbft_tx_signer_empty_pubkey",
            1,
            "cometbft_tx_signer_empty_pubkey_lcd_tx",
        ),
        (
            "cometbft_tx_signer_empty_pubkey",
            2,
            "cometbft_tx_signer_empty_pubkey_lcd_tx_2",
        ),
        (
            "cometbft_tx_msg_ibc_acknowledgement_error",
            0,
            "cometbft_tx_msg_ibc_acknowledgement_error_lcd_tx",
        ),
        (
            "cometbft_tx_msg_create_vesting_account",
            0,
            "cometbft_tx_msg_create_vesting_account_lcd_tx",
        ),
    ] {
        let of_block = block(stem).transactions[index].clone();
        let alone = transaction("cosmos", name);
        assert_eq!(of_block.id, alone.id, "{name}");
        let without_block = |credits: &[recover_core::observation::Observation]| -> Vec<_> {
            credits
                .iter()
                .cloned()
                .map(|mut credit| {
                    credit.block = None;
                    credit
                })
                .collect()
        };
        assert!(!alone.credits.is_empty(), "{name}");
        assert_eq!(without_block(&of_block.credits), alone.credits, "{name}");
    }
}

#[test]
fn recorded_coins_that_come_back_are_refunds() {
    for (name, amount, denom) in [
        ("cometbft_tx_msg_ibc_timeout_lcd_tx_3", "1", "basecro"),
        (
            "cometbft_tx_msg_ibc_acknowledgement_error_lcd_tx",
            "100000000",
            "basetcro",
        ),
    ] {
        let relay = transaction("cosmos", name);
        let [credit] = relay.credits.as_slice() else {
            panic!("{name}: {:?}", relay.credits);
        };
        assert_eq!(credit.mechanism, Mechanism::IbcRefund, "{name}");
        assert_eq!(credit.amount.to_base_units(), amount);
        assert_eq!(credit.asset.contract_text(), Some(denom));
        // The coins leave the channel's own account; they are nobody else's payment.
        assert_ne!(credit.from.as_ref(), Some(&credit.to), "{name}");
    }
}

#[test]
fn recorded_the_granter_pays_and_locked_coins_say_so() {
    let exec = transaction("cosmos", "cometbft_tx_msg_exec_msg_send_lcd_tx");
    let [credit] = exec.credits.as_slice() else {
        panic!("{:?}", exec.credits);
    };
    assert_eq!(credit.mechanism, Mechanism::TopLevel);
    assert_ne!(
        credit.from, exec.signer,
        "the grantee signs, the granter pays"
    );
    let vesting = transaction("cosmos", "cometbft_tx_msg_create_vesting_account_lcd_tx");
    assert_eq!(vesting.credits[0].flags, [Flag::Locked]);
}

#[test]
fn recorded_an_ethereum_transaction_credits_its_recipient_from_its_sender() {
    let sent = transaction("cosmos", "lcd_tx_dym_MsgEthereumTx_98544CCA");
    let credit = sent
        .credits
        .iter()
        .find(|credit| credit.to.text() == "dym1gxe3ryxw8h957yghtp87as24pt66hpvee4lj52")
        .unwrap();
    assert_eq!(credit.amount.to_base_units(), "55800000000000000000");
    assert_eq!(credit.mechanism, Mechanism::TopLevel);
    assert_eq!(
        hex::encode(credit.from.as_ref().unwrap().payload().bytes()),
        "f4e10d711869936010a5dc795fbb05d684fe9056"
    );
    // The rest of the gas that came back is no credit.
    assert!(
        !sent
            .credits
            .iter()
            .any(|credit| credit.amount.to_base_units() == "2500000000000000")
    );
}

#[test]
fn recorded_contract_tokens_are_named_by_their_contract() {
    let sent = transaction("cosmos", "crosschain_tx_L471");
    assert_eq!(sent.credits.len(), 5);
    for (index, credit) in sent.credits.iter().enumerate() {
        assert_eq!(credit.position.as_str(), format!("msg:{index}.cw20.0"));
        assert_eq!(credit.mechanism, Mechanism::TokenTransfer);
        assert_eq!(
            credit.asset.contract_text(),
            Some("xpla1hz3svgdhmv67lsqlduu0tcnd3f75c0xr0mu48l6ywuwlz43zssjqc0z2h4")
        );
    }
}

#[test]
fn recorded_blocks_pay_out_without_a_transaction() {
    let unbonded = block("cometbft_end_block_complete_unbonding");
    let credit = unbonded
        .credits
        .iter()
        .find(|credit| credit.position.as_str() == "unbonding:0")
        .unwrap();
    assert_eq!(
        credit.to.text(),
        "tcro1fmprm0sjy6lz9llv7rltn0v2azzwcwzvk2lsyn"
    );
    assert_eq!(credit.amount.to_base_units(), "5");
    assert_eq!(credit.tx_id, TxId::of_block(unbonded.block.height));
    assert_eq!(credit.mechanism, Mechanism::BlockEvent);
    assert_eq!(credit.block.as_ref(), Some(&unbonded.block));
    let bridged = decoder("cosmos")
        .block_credits(&json(
            "cometbft_end_block_ethereum_send_to_cosmos_handled_block_results",
        ))
        .unwrap();
    assert!(bridged.credits.iter().any(|credit| {
        credit.to.text() == "tcrc13yux6z8mh6w5t3v4uq7clewnh35znrgdgye0k2"
            && credit.asset.contract_text()
                == Some("gravity0x564A1c3AF089D02D0B6C311C650eA3768424cbfa")
    }));
}

#[test]
fn recorded_an_id_that_is_not_its_bytes_is_not_believed() {
    let mut answer = json("crosschain_tx_L378");
    answer["result"]["hash"] = Value::String("AB".repeat(32));
    let error = decoder("cosmos").transactions(&answer).unwrap_err();
    assert!(matches!(error, DecodeError::OtherId { .. }), "{error}");
}

#[test]
fn recorded_results_of_another_block_are_not_believed() {
    let error = decoder("cosmos")
        .block(
            &json("cometbft_1tx2msgsend_block"),
            &json("cometbft_tx_multisig_block_results"),
        )
        .unwrap_err();
    assert!(
        matches!(error, DecodeError::Contradiction { .. }),
        "{error}"
    );
    let mut results = json("cometbft_1tx2msgsend_block_results");
    results["result"]["txs_results"] = Value::Array(vec![]);
    let error = decoder("cosmos")
        .block(&json("cometbft_1tx2msgsend_block"), &results)
        .unwrap_err();
    assert!(
        matches!(error, DecodeError::Contradiction { .. }),
        "{error}"
    );
}

#[test]
fn recorded_the_origin_of_a_voucher_is_proven_by_its_digest() {
    let mut seen = 0;
    for name in crate::fixture::names() {
        let Some(end) = name.strip_prefix("ibc_denom_") else {
            continue;
        };
        let answer = json(&name);
        let text = |key: &str| answer["denom_trace"][key].as_str().unwrap().to_owned();
        let voucher = voucher_denom(&format!("{}/{}", text("path"), text("base_denom")));
        // The files are named by the end of the voucher that was asked for.
        assert!(voucher.ends_with(end), "{name}: {voucher}");
        let origin = Origin::read(&answer, &voucher).unwrap();
        assert_eq!(
            (origin.path, origin.denom),
            (text("path"), text("base_denom"))
        );
        let other = voucher_denom("transfer/channel-0/unknown");
        assert!(matches!(
            Origin::read(&answer, &other),
            Err(DecodeError::Contradiction { .. })
        ));
        seen += 1;
    }
    assert_eq!(seen, 6);
    let later = serde_json::json!({"denom": {"base": "uatom", "trace": [{"port_id": "transfer", "channel_id": "channel-0"}]}});
    let atom = "ibc/27394FB092D2ECCD56123C74F36E4C1F926001CEADA9CA97EA622B25F41E5EB2";
    assert_eq!(Origin::read(&later, atom).unwrap().denom, "uatom");
}

/// One log without actions for two messages: nobody says which of them brought the reward, and it is not lost.
#[test]
fn recorded_one_log_for_two_messages_loses_no_credit() {
    let read = transaction("cosmos", "legacy_amino_claim_2");
    let [credit] = read.credits.as_slice() else {
        panic!("{:?}", read.credits);
    };
    assert_eq!(credit.amount.to_base_units(), "2692701");
    assert_eq!(
        (credit.mechanism, credit.outcome),
        (Mechanism::Reward, Outcome::Success)
    );
    assert_eq!(credit.memos[0].raw, "复投".as_bytes());
}
