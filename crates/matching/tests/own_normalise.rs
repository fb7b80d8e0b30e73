//! Appeals as people write them, field by field: what is read, and where it was found.

mod common;

use common::{Form, address, hash};
use recover_matching::clue::{Field, Id, Proof};

const TON: &str = "EQB5VitCVSZofm-9hNRNuq2cSfbbfDshNQ8lQYLEMpMLHldh";

fn transactions(form: &Form) -> Vec<(Field, Id)> {
    let clues = form.clues();
    let found = clues.transactions.into_iter();
    found.map(|clue| (clue.field, clue.value)).collect()
}

fn addresses(form: &Form) -> Vec<(Field, Id)> {
    let clues = form.clues();
    let found = clues.addresses.into_iter();
    found.map(|clue| (clue.field, clue.value)).collect()
}

fn networks(form: &Form) -> Vec<(String, bool)> {
    let clues = form.clues();
    let found = clues.networks.into_iter();
    found
        .map(|clue| (clue.value.network.to_string(), clue.value.is_from_link))
        .collect()
}

fn whole(text: &str) -> Id {
    Id::Whole(text.to_owned())
}

fn ends(head: &str, tail: &str) -> Id {
    Id::Ends {
        head: head.to_owned(),
        tail: tail.to_owned(),
    }
}

#[test]
fn own_a_transaction_is_found_however_it_was_pasted() {
    let id = hash(1);
    let upper = id.to_uppercase();
    let (first, second) = id.split_at(30);
    for text in [
        id.clone(),
        format!("0x{id}"),
        format!("0X{upper}"),
        format!("  {id} \n"),
        format!("txid: {id}"),
        format!("TxID:{id}"),
        format!("hash = 0x{id}."),
        format!("Transaction hash 0x{id}"),
        format!("\"0x{id}\","),
        format!("\u{200b}{first}\u{2060}{second}\u{feff}"),
        format!("{first}\n{second}"),
        format!("0x{first} {second}"),
        format!("https://etherscan.io/tx/0x{id}"),
        format!("http://www.bscscan.com/tx/0x{id}#eventlog"),
        format!("etherscan.io/tx/0x{id}?a=b"),
        format!("see:https://tronscan.org/#/transaction/{id}"),
        format!("https://unknown.example/path/{upper}"),
    ] {
        let form = Form {
            txid: text.clone(),
            ..Form::default()
        };
        assert_eq!(transactions(&form), [(Field::TxId, whole(&id))], "{text}");
        assert!(form.clues().unread.is_empty(), "{text}");
    }
}

#[test]
fn own_links_say_the_network_and_outrank_its_name() {
    let id = hash(2);
    for (link, network) in [
        (format!("https://bscscan.com/tx/0x{id}"), "bsc"),
        (format!("https://www.mintscan.io/cosmos/txs/{id}"), "cosmos"),
        (
            format!("https://blockchair.com/litecoin/transaction/{id}"),
            "litecoin",
        ),
        (format!("https://gnosis.blockscout.com/tx/0x{id}"), "gnosis"),
        (format!("tonviewer.com/transaction/{id}"), "ton"),
    ] {
        let form = Form {
            txid: link.clone(),
            network: "ERC20".into(),
            ..Form::default()
        };
        assert_eq!(
            networks(&form),
            [(network.to_owned(), true), ("ethereum".to_owned(), false)],
            "{link}"
        );
        assert_eq!(transactions(&form), [(Field::TxId, whole(&id))], "{link}");
    }
}

#[test]
fn own_damaged_ids_keep_the_part_that_is_there() {
    let id = hash(3);
    let cases = [
        (
            format!("{}…{}", &id[..6], &id[60..]),
            vec![ends(&id[..6], &id[60..])],
        ),
        (
            format!("0x{}...{}", &id[..4], &id[60..]),
            vec![ends(&id[..4], &id[60..])],
        ),
        (
            format!("{}***{}", &id[..6], &id[58..]),
            vec![ends(&id[..6], &id[58..])],
        ),
        (
            id[..24].to_owned(),
            vec![ends(&id[..24], ""), ends("", &id[..24])],
        ),
        (id[..62].to_owned(), vec![whole(&id[..62])]),
    ];
    for (text, expected) in cases {
        let form = Form {
            txid: text.clone(),
            ..Form::default()
        };
        let found: Vec<Id> = transactions(&form).into_iter().map(|(_, id)| id).collect();
        assert_eq!(found, expected, "{text}");
    }
    let short = Form {
        txid: format!("{}…{}", &id[..3], &id[61..]),
        ..Form::default()
    };
    assert!(
        transactions(&short).is_empty(),
        "fewer than eight digits name nothing"
    );
    assert_eq!(short.clues().unread.len(), 1);
}

#[test]
fn own_values_in_the_wrong_field_are_read_for_what_they_are() {
    let id = hash(4);
    let form = Form {
        txid: address(1),
        to: format!("0x{id}"),
        memo: TON.into(),
        text: format!("my tx is {id}, sent to {}", address(2)),
        ..Form::default()
    };
    assert_eq!(
        transactions(&form),
        [
            // It may be a hash cut to the length of an address.
            (Field::TxId, ends(&address(1)[2..], "")),
            (Field::To, whole(&id)),
        ]
    );
    assert_eq!(
        addresses(&form),
        [
            (Field::TxId, whole(&address(1))),
            (Field::Memo, whole(&TON.to_lowercase())),
            (Field::FreeText, whole(&address(2))),
        ]
    );
    let named_twice = Form {
        from: address(1),
        ..form.clone()
    };
    let found: Vec<Id> = transactions(&named_twice)
        .into_iter()
        .map(|(_, id)| id)
        .collect();
    assert!(
        !found.contains(&ends(&address(1)[2..], "")),
        "the sender's own address is no hash"
    );
    let memo_there = Form {
        txid: "290102443".into(),
        ..Form::default()
    };
    let clues = memo_there.clues();
    assert_eq!(
        (clues.memos[0].field, clues.memos[0].value.as_str()),
        (Field::TxId, "290102443")
    );
}

#[test]
fn own_evm_addresses_fold_their_case_and_missing_prefix() {
    let plain = address(7);
    for text in [
        plain.clone(),
        plain.to_uppercase().replace("0X", "0x"),
        plain[2..].to_uppercase(),
        format!("address: {plain}"),
    ] {
        let form = Form {
            to: text.clone(),
            ..Form::default()
        };
        assert_eq!(addresses(&form), [(Field::To, whole(&plain))], "{text}");
    }
}

#[test]
fn own_memos_lose_labels_and_blanks_and_fillers_are_none() {
    for (text, expected) in [
        ("290102443", "290102443"),
        (" 290 102 443 ", "290102443"),
        ("memo: 290102443", "290102443"),
        ("Tag 290102443", "290102443"),
        ("٢٩٠١٠٢٤٤٣", "290102443"),
        ("#290102443", "290102443"),
        ("Hello World", "hello world"),
        (&format!("{TON}:290102443"), "290102443"),
    ] {
        let form = Form {
            memo: text.to_owned(),
            ..Form::default()
        };
        let memos: Vec<String> = form
            .clues()
            .memos
            .into_iter()
            .map(|clue| clue.value)
            .collect();
        assert_eq!(memos, [expected], "{text}");
    }
    for text in ["", "none", "forgot", "N/A", "-", "0", "no memo"] {
        let form = Form {
            memo: text.to_owned(),
            ..Form::default()
        };
        let clues = form.clues();
        assert!(clues.memos.is_empty() && clues.unread.is_empty(), "{text}");
    }
    let in_text = Form {
        text: "where is my money??? memo 391069420".into(),
        ..Form::default()
    };
    assert_eq!(in_text.clues().memos[0].value, "391069420");
}

#[test]
fn own_networks_are_understood_by_what_people_call_them() {
    for (text, expected) in [
        ("BEP20", "bsc"),
        ("BEB20", "bsc"),
        ("ТRС20", "tron"),
        ("Ethereum (ERC20)", "ethereum"),
        ("binance smart chain network", "bsc"),
        ("\u{ff22}\u{ff33}\u{ff23}", "bsc"),
    ] {
        let form = Form {
            network: text.to_owned(),
            ..Form::default()
        };
        if text.contains("network") {
            // Not a name in itself: a single word of it may be one, else it stays unread.
            let clues = form.clues();
            assert!(clues.networks.len() + clues.unread.len() == 1, "{text}");
            continue;
        }
        assert_eq!(networks(&form), [(expected.to_owned(), false)], "{text}");
    }
    let unknown = Form {
        network: "mars".into(),
        ..Form::default()
    };
    let clues = unknown.clues();
    assert!(clues.networks.is_empty());
    assert_eq!(
        (clues.unread[0].field, clues.unread[0].value.as_str()),
        (Field::Network, "mars")
    );
}

#[test]
fn own_coin_and_network_in_one_field_are_two_clues() {
    for text in ["USDT-TRC20", "USDT (TRC20)", "usdt trc20"] {
        let form = Form {
            asset: text.to_owned(),
            ..Form::default()
        };
        let clues = form.clues();
        assert!(
            clues.assets.iter().any(|clue| clue.value == "usdt"),
            "{text}"
        );
        assert_eq!(networks(&form), [("tron".to_owned(), false)], "{text}");
    }
    let contract = Form {
        asset: address(5).to_uppercase().replace("0X", "0x"),
        ..Form::default()
    };
    assert_eq!(contract.clues().assets[0].value, address(5));
}

#[test]
fn own_amounts_and_times_keep_every_reading_and_say_what_they_could_not_read() {
    let form = Form {
        amount: "1.000".into(),
        at: "02/03/2025 10:00".into(),
        ..Form::default()
    };
    let clues = form.clues();
    let amounts: Vec<String> = clues
        .amounts
        .iter()
        .map(|clue| clue.value.to_string())
        .collect();
    assert_eq!(amounts, ["1", "1000"]);
    assert_eq!(clues.times.len(), 2);
    let unreadable = Form {
        amount: "$86.60".into(),
        at: "last summer".into(),
        text: "I sent 86.6 TON".into(),
        ..Form::default()
    };
    let clues = unreadable.clues();
    let fields: Vec<Field> = clues.unread.iter().map(|clue| clue.field).collect();
    assert_eq!(fields, [Field::Time]);
    assert_eq!(
        (
            clues.fiat[0].value.value.to_string().as_str(),
            clues.fiat[0].value.currency
        ),
        ("86.6", "USD")
    );
    assert_eq!(
        (
            clues.amounts[0].field,
            clues.amounts[0].value.to_string().as_str(),
            clues.amounts[0].rule.code()
        ),
        (Field::FreeText, "86.6", "beside_coin")
    );
    assert_eq!(clues.assets[0].value, "ton");
}

#[test]
fn own_what_support_verified_is_told_apart() {
    for (text, expected) in [
        ("none", Proof::None),
        ("", Proof::None),
        ("screenshot", Proof::None),
        ("signature_ok", Proof::Sender),
        ("micro_tx_ok", Proof::Sender),
        ("cex_withdrawal_record", Proof::Record),
        ("signature_bad", Proof::Refuted),
    ] {
        let form = Form {
            proof: text.to_owned(),
            ..Form::default()
        };
        assert_eq!(form.clues().proof, expected, "{text}");
    }
}

#[test]
fn own_nothing_in_a_field_of_its_own_is_thrown_away_in_silence() {
    let form = Form {
        txid: "ask my friend".into(),
        to: "the address you gave me".into(),
        network: "the cheap one".into(),
        at: "long ago".into(),
        amount: "a lot".into(),
        ..Form::default()
    };
    let clues = form.clues();
    let mut fields: Vec<Field> = clues.unread.iter().map(|clue| clue.field).collect();
    fields.sort_unstable();
    assert_eq!(
        fields,
        [
            Field::TxId,
            Field::Network,
            Field::Amount,
            Field::To,
            Field::Time
        ]
    );
}

proptest::proptest! {
    #[test]
    fn own_any_appeal_is_read_without_a_panic_and_bounded(text in "\\PC{0,300}", other in "[0-9a-fx.:/ …*#-]{0,120}") {
        let form = Form {
            txid: text.clone(), network: text.clone(), asset: text.clone(), amount: text.clone(), to: other.clone(),
            memo: other.clone(), from: text.clone(), at: other.clone(), text: format!("{text} {other}"), ..Form::default()
        };
        let clues = form.clues();
        proptest::prop_assert!(clues.transactions.len() <= 16 && clues.addresses.len() <= 16 && clues.unread.len() <= 16);
    }
}

#[test]
fn own_a_word_in_capitals_is_a_coin_only_beside_a_number() {
    let clues = |text: &str| {
        Form {
            text: text.to_owned(),
            ..Form::default()
        }
        .clues()
    };
    let named = clues("I chose BSC in my wallet by mistake");
    assert!(named.assets.is_empty() && named.amounts.is_empty());
    let stated = clues("please, 20 ATOM did not arrive");
    assert_eq!(stated.assets.len(), 1);
    assert_eq!(stated.amounts.len(), 1);
}
