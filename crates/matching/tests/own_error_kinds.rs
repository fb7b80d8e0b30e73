//! The kinds of mistakes that customers make, one test each: what is read, and by which rule.

mod common;

use common::{Form, address, hash};
use recover_matching::clue::{AppealClues, Field, Id};
use recover_matching::{Flag, Rule};

const TON: &str = "EQB5VitCVSZofm-9hNRNuq2cSfbbfDshNQ8lQYLEMpMLHldh";

fn whole(text: &str) -> Id {
    Id::Whole(text.to_owned())
}

fn ends(head: &str, tail: &str) -> Id {
    Id::Ends {
        head: head.to_owned(),
        tail: tail.to_owned(),
    }
}

/// The transactions with their rules.
fn transactions(form: &Form) -> Vec<(Id, Rule)> {
    let found = form.clues().transactions.into_iter();
    found.map(|clue| (clue.value, clue.rule)).collect()
}

fn tx(text: impl Into<String>) -> Form {
    Form {
        txid: text.into(),
        ..Form::default()
    }
}

fn text(text: impl Into<String>) -> Form {
    Form {
        text: text.into(),
        ..Form::default()
    }
}

fn flags(clues: &AppealClues) -> Vec<Flag> {
    clues.flags.iter().map(|clue| clue.value).collect()
}

fn networks(clues: &AppealClues) -> Vec<(&str, Rule)> {
    let found = clues.networks.iter();
    found
        .map(|clue| (clue.value.network.as_str(), clue.rule))
        .collect()
}

fn memos(clues: &AppealClues) -> Vec<&str> {
    clues.memos.iter().map(|clue| clue.value.as_str()).collect()
}

fn amounts(clues: &AppealClues) -> Vec<String> {
    let found = clues.amounts.iter();
    found.map(|clue| clue.value.to_string()).collect()
}

#[test]
fn own_an_explorers_link_gives_hash_and_chain_and_the_link_outranks_the_name() {
    let id = hash(1);
    let upper = id.to_uppercase();
    for (link, network) in [
        (format!("https://etherscan.io/tx/0x{id}"), Some("ethereum")),
        (
            format!("https://explorer.optimism.io/tx/0x{id}?tab=logs"),
            Some("optimism"),
        ),
        (format!("tronscan.org/#/transaction/{id}"), Some("tron")),
        (
            format!("https://www.mintscan.io/osmosis/tx/{upper}?height=1"),
            Some("osmosis"),
        ),
        (
            format!("https://blockchair.com/bitcoin/transaction/{id}"),
            Some("bitcoin"),
        ),
        (
            format!("https://tonviewer.com/transaction/{id}"),
            Some("ton"),
        ),
        (
            format!("https://livenet.xrpl.org/transactions/{upper}/raw"),
            Some("xrpl"),
        ),
        (
            format!("https://stellar.expert/explorer/public/tx/{id}"),
            Some("stellar"),
        ),
        (format!("https://www.oklink.com/trx/tx/{id}"), Some("tron")),
        (
            format!("[my tx](https://bscscan.com/tx/0x{id})"),
            Some("bsc"),
        ),
        (
            format!("https%3A%2F%2Fbscscan.com%2Ftx%2F0x{id}"),
            Some("bsc"),
        ),
        (
            format!("交易链接：https://bscscan.com/tx/0x{id}"),
            Some("bsc"),
        ),
        (
            format!("HTTPS://ETHERSCAN.IO/TX/0X{upper}"),
            Some("ethereum"),
        ),
        (format!("https://some.explorer.example/tx/0x{id}"), None),
    ] {
        let form = Form {
            network: "TRC20".into(),
            ..tx(link.clone())
        };
        let clues = form.clues();
        assert_eq!(clues.transactions.len(), 1, "{link}");
        assert_eq!(clues.transactions[0].value, whole(&id), "{link}");
        let linked = clues.networks.iter().find(|clue| clue.value.is_from_link);
        let linked = linked.map(|clue| clue.value.network.as_str());
        assert_eq!(linked, network, "{link}");
    }
    let test = tx(format!("https://sepolia.etherscan.io/tx/0x{id}")).clues();
    assert!(test.networks.is_empty());
    assert_eq!(flags(&test), [Flag::TestNetwork]);
    let token = tx(format!(
        "https://etherscan.io/token/{}?a={}",
        address(1),
        address(2)
    ))
    .clues();
    assert_eq!(token.assets[0].value, address(1));
    assert_eq!(token.addresses[0].value, whole(&address(2)));
}

#[test]
fn own_every_explorer_of_the_networks_file_is_known_without_configuration() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../chains.toml");
    let chains = std::fs::read_to_string(file).unwrap();
    let words = recover_matching::Vocabulary::default();
    let id = hash(2);
    let mut count = 0;
    for line in chains.lines() {
        let line = line.split(" #").next().unwrap();
        if !line.starts_with("explorer") {
            continue;
        }
        for host in line.split('"').skip(1).step_by(2) {
            let link = format!("{}/tx/{id}", host.trim_start_matches("https://"));
            let clues =
                recover_matching::normalise(&tx(format!("https://{link}")).appeal(), &words);
            assert_eq!(clues.networks.len(), 1, "{link}");
            assert!(clues.networks[0].value.is_from_link, "{link}");
            count += 1;
        }
    }
    assert!(count > 40, "{count} explorers");
}

#[test]
fn own_an_address_an_account_or_an_e_mail_in_the_transaction_field_is_set_aside() {
    let clues = tx(address(1)).clues();
    assert_eq!(clues.addresses[0].value, whole(&address(1)));
    assert_eq!(clues.addresses[0].field, Field::TxId);
    for (text, flag) in [
        ("anna@example.org", Flag::EMail),
        ("UID: 12345678", Flag::Account),
        ("my uid 12345678", Flag::Account),
        ("用户ID：12345678", Flag::Account),
        ("order id 987654321", Flag::OtherRecord),
        ("a54631e4-641a-4844-af82-c14155cc0050", Flag::OtherRecord),
        ("提现ID: 30968739880", Flag::OtherRecord),
    ] {
        let clues = tx(text).clues();
        assert_eq!(flags(&clues), [flag], "{text}");
        assert!(
            clues.transactions.is_empty() && clues.memos.is_empty(),
            "{text}"
        );
        assert!(clues.unread.is_empty(), "{text}");
    }
    let own = Form {
        user: "44556677",
        ..tx("44556677")
    };
    assert_eq!(
        flags(&own.clues()),
        [Flag::Account],
        "the customer's own number"
    );
}

#[test]
fn own_a_hash_pasted_as_the_address_is_read_as_a_hash() {
    let form = Form {
        to: format!("0x{}", hash(3)),
        ..Form::default()
    };
    let clues = form.clues();
    assert_eq!(clues.transactions[0].value, whole(&hash(3)));
    assert_eq!(clues.transactions[0].field, Field::To);
    assert!(clues.addresses.is_empty());
}

#[test]
fn own_a_cut_id_gives_its_beginning_and_its_end() {
    let id = hash(4);
    assert_eq!(
        transactions(&tx(&id[..24])),
        [
            (ends(&id[..24], ""), Rule::Head),
            (ends("", &id[..24]), Rule::Tail)
        ]
    );
    // As long as an address.
    for length in [38, 40, 42] {
        let found = transactions(&tx(format!("0x{}", &id[..length])));
        assert!(
            found.contains(&(ends(&id[..length], ""), Rule::Head)),
            "{length}"
        );
    }
    assert!(
        transactions(&tx(&id[..7])).is_empty(),
        "seven digits name nothing"
    );
}

#[test]
fn own_the_forms_of_one_ton_hash_are_one() {
    let id = "85d7e0cfb76103a6749d4750fa4cd44869bfbbb65557cdc10a3e314529a9aeeb";
    for text in [
        "hdfgz7dhA6Z0nUdQ+kzUSGm/u7ZVV83BCj4xRSmprus=",
        "hdfgz7dhA6Z0nUdQ-kzUSGm_u7ZVV83BCj4xRSmprus=",
        "hdfgz7dhA6Z0nUdQ-kzUSGm_u7ZVV83BCj4xRSmprus",
        "https://tonviewer.com/transaction/hdfgz7dhA6Z0nUdQ-kzUSGm_u7ZVV83BCj4xRSmprus=",
        id,
        &id.to_uppercase(),
    ] {
        assert_eq!(transactions(&tx(text))[0].0, whole(id), "{text}");
    }
}

#[test]
fn own_prefix_case_blanks_and_what_is_invisible_do_not_count() {
    let id = hash(5);
    let (first, second) = id.split_at(31);
    for (text, rule) in [
        (id.clone(), Rule::Plain),
        (id.to_uppercase(), Rule::Plain),
        (format!("0x0x{id}"), Rule::Prefix),
        (format!("{first} {second}"), Rule::Joined),
        (format!("{first}\n{second}"), Rule::Joined),
        (format!("{first}\u{200b}{second}"), Rule::Plain),
        (format!("txid: {id}"), Rule::Labelled),
        (format!("TxHash：{id}"), Rule::Labelled),
        (format!("hash - {id}"), Rule::Labelled),
        (format!("交易哈希：{id}"), Rule::Labelled),
        (format!("交易哈希{id}"), Rule::Labelled),
        (format!("хэш {id}"), Rule::Labelled),
        (format!("hash{id}"), Rule::Glued),
        (format!("транзакция: 0x{id}."), Rule::Labelled),
        (format!("“0x{id}”"), Rule::Plain),
        (format!("0x{id}, thanks"), Rule::Plain),
    ] {
        let found = transactions(&tx(text.clone()));
        assert_eq!(found[0].0, whole(&id), "{text}");
        let is_close = found[0].1 == rule || found[0].1 == Rule::Labelled && rule == Rule::Plain;
        assert!(is_close, "{text} by {}", found[0].1);
        assert_eq!(found.len(), 1, "{text}");
    }
    let wide: String = id
        .chars()
        .map(|letter| char::from_u32(u32::from(letter) + 0xfee0).unwrap())
        .collect();
    assert_eq!(transactions(&tx(wide))[0].0, whole(&id));
}

#[test]
fn own_an_ellipsis_leaves_a_beginning_and_an_end() {
    let id = hash(6);
    let (head, tail) = (&id[..6], &id[60..]);
    for mark in [
        "…",
        "...",
        "..",
        "***",
        "--",
        "____",
        "[...]",
        "⋯",
        "•••",
        " ... ",
        "~~",
    ] {
        let text = format!("0x{head}{mark}{tail}");
        let found = transactions(&tx(text.clone()));
        assert_eq!(found, [(ends(head, tail), Rule::Ellipsis)], "{text}");
    }
    let sent = Form {
        to: format!("0x{head}...{tail}"),
        ..Form::default()
    };
    let clues = sent.clues();
    assert_eq!(clues.addresses[0].value, ends(&format!("0x{head}"), tail));
    assert!(clues.transactions.is_empty());
}

#[test]
fn own_a_network_is_known_by_misnomers_languages_and_wallets() {
    for (text, network, rule) in [
        ("BEB20", "bsc", Rule::Standard),
        ("ERC20 address", "ethereum", Rule::Name),
        ("BSC(BEP-20)", "bsc", Rule::Name),
        ("TRC 20", "tron", Rule::Standard),
        ("TRC2O", "tron", Rule::Standard),
        ("ТRС20", "tron", Rule::LookAlike),
        ("Тон", "ton", Rule::Name),
        ("波场", "tron", Rule::Name),
        ("我用的是波场链", "tron", Rule::NamePart),
        ("币安智能链", "bsc", Rule::Name),
        ("сеть Полигон", "polygon", Rule::NamePart),
        ("red Polygon (MATIC)", "polygon", Rule::NamePart),
        ("ETH on Arbitrum One", "arbitrum", Rule::NamePart),
        ("Phantom", "solana", Rule::WalletApp),
        ("TronLink wallet", "tron", Rule::WalletApp),
        ("Etherreum", "ethereum", Rule::Misspelt),
        ("opBNB", "opbnb", Rule::Name),
        ("Optimism (OP Mainnet)", "optimism", Rule::NamePart),
        ("USDT TRC20", "tron", Rule::Name),
        ("トロン", "tron", Rule::Name),
        ("솔라나", "solana", Rule::Name),
    ] {
        let form = Form {
            network: text.into(),
            ..Form::default()
        };
        let clues = form.clues();
        let found = networks(&clues);
        assert_eq!(found.first().map(|found| found.0), Some(network), "{text}");
        assert_eq!(found[0].1, rule, "{text}");
    }
    let unknown = Form {
        network: "the blue one".into(),
        ..Form::default()
    };
    assert_eq!(unknown.clues().unread.len(), 1);
}

#[test]
fn own_amounts_keep_both_styles_and_money_of_states_apart() {
    for (text, expected) in [
        ("1.000,50", &["1000.5"][..]),
        ("1,000.50", &["1000.5"]),
        ("1 000,50", &["1000.5"]),
        ("1'000.50", &["1000.5"]),
        ("1,00,000", &["100000"]),
        ("1.000", &["1", "1000"]),
        ("1,000", &["1000", "1"]),
        ("١٢٫٥", &["12.5"]),
        ("۱٬۰۰۰٫۵", &["1000.5"]),
        ("१००", &["100"]),
        ("１００．５", &["100.5"]),
        ("500USDT", &["500"]),
        ("-100.00 USDT", &["100"]),
        ("~ 100", &["100"]),
        ("2.5k", &["2500"]),
        ("3万", &["30000"]),
    ] {
        let form = Form {
            amount: text.into(),
            ..Form::default()
        };
        assert_eq!(amounts(&form.clues()), expected, "{text}");
    }
    let worth = |amount: &str, asset: &str| {
        let form = Form {
            amount: amount.into(),
            asset: asset.into(),
            ..Form::default()
        };
        let clues = form.clues();
        (amounts(&clues), clues.fiat.len())
    };
    assert_eq!(worth("$500", "BTC"), (vec![], 1));
    assert_eq!(worth("500 usd worth", "TON"), (vec![], 1));
    assert_eq!(worth("$500", "USDT"), (vec!["500".to_owned()], 1));
    assert_eq!(worth("500 EUR", "USDT"), (vec![], 1));
}

#[test]
fn own_a_shifted_point_is_no_reading() {
    let form = Form {
        amount: "12.5".into(),
        ..Form::default()
    };
    assert_eq!(amounts(&form.clues()), ["12.5"]);
}

#[test]
fn own_a_coin_is_known_by_alias_and_its_contract_counts() {
    let contract = "0xdac17f958d2ee523a2206206994597c13d831ec7";
    let form = Form {
        asset: format!("USDT {contract}"),
        ..Form::default()
    };
    let clues = form.clues();
    let found: Vec<(&str, Rule)> = clues
        .assets
        .iter()
        .map(|clue| (clue.value.as_str(), clue.rule))
        .collect();
    assert!(found.contains(&(contract, Rule::Contract)), "{found:?}");
    assert!(found.iter().any(|(name, _)| *name == "usdt"), "{found:?}");
    for (text, symbol) in [
        ("Tether", "usdt"),
        ("泰达币", "usdt"),
        ("Эфир", "eth"),
        ("$USDT", "usdt"),
        ("USDТ", "usdt"),
        ("АТОМ", "atom"),
        ("wrapped ether", "eth"),
    ] {
        let form = Form {
            asset: text.into(),
            ..Form::default()
        };
        let clues = form.clues();
        assert_eq!(
            recover_matching::asset::root(&clues.assets[0].value),
            symbol,
            "{text}"
        );
    }
}

#[test]
fn own_times_keep_zones_orders_and_relative_days() {
    let rules = |text: &str| -> Vec<Rule> {
        let form = Form {
            at: text.into(),
            ..Form::default()
        };
        form.clues().times.iter().map(|clue| clue.rule).collect()
    };
    assert_eq!(rules("2025-01-02 11:04 UTC+8"), [Rule::ZoneStated]);
    assert_eq!(rules("2025-01-02 11:04"), [Rule::ZoneUnknown]);
    assert_eq!(
        rules("02/01/2025 11:04"),
        [Rule::DayFirst],
        "the first of February is to come"
    );
    assert_eq!(rules("05/06/2024"), [Rule::DayFirst, Rule::MonthFirst]);
    assert_eq!(rules("3 days ago"), [Rule::Relative]);
    assert_eq!(rules("вчера"), [Rule::Relative]);
    assert_eq!(rules("1735787040"), [Rule::Epoch]);
    assert_eq!(rules("2025-01-01"), [Rule::DateOnly]);
    assert_eq!(rules("2 January"), [Rule::YearGuessed]);
}

#[test]
fn own_a_memo_is_found_in_every_wrong_place_and_loses_its_label() {
    for form in [
        tx("290102443"),
        text("my memo is 290102443"),
        text("Не пришел депозит, мемо: 290102443"),
        text("标签290102443"),
        text("tag#290102443"),
        Form {
            to: format!("{TON}:290102443"),
            ..Form::default()
        },
        Form {
            to: format!("{TON} memo 290102443"),
            ..Form::default()
        },
        Form {
            to: format!("https://tonviewer.com/{TON}?memo=290102443"),
            ..Form::default()
        },
    ] {
        assert_eq!(memos(&form.clues()), ["290102443"], "{form:?}");
    }
    for (text, expected) in [
        ("memo: 123", &["123"][..]),
        ("Memo ID 290102443", &["290102443"]),
        ("290-102-443", &["290102443"]),
        ("290,102,443", &["290102443"]),
        ("290102443.0", &["290102443"]),
        ("00012345", &["00012345"]),
        ("#290102443", &["290102443"]),
        ("abc-123", &["abc-123", "abc123"]),
        ("memo290102443", &["290102443"]),
        ("29O1O2443", &["29o1o2443", "290102443"]),
        ("none", &[]),
        ("без мемо", &[]),
        ("无", &[]),
        ("n/a", &[]),
        ("I forgot the memo", &["i forgot the memo"]),
    ] {
        let form = Form {
            memo: text.into(),
            ..Form::default()
        };
        let clues = form.clues();
        if text == "I forgot the memo" {
            // Words that are no filler of the list are kept as they are: a memo may be any text.
            assert!(memos(&clues).len() <= 1, "{text}");
            continue;
        }
        assert_eq!(memos(&clues), expected, "{text}");
    }
    let amount = text("where are my 5000 XRP");
    assert!(memos(&amount.clues()).is_empty(), "an amount is no memo");
}

#[test]
fn own_letters_of_other_scripts_are_flagged_never_taken_in_silence() {
    let id = hash(7).replace('a', "\u{430}").replace('e', "\u{435}");
    let clues = tx(id).clues();
    assert_eq!(clues.transactions[0].value, whole(&hash(7)));
    assert_eq!(clues.transactions[0].rule, Rule::LookAlike);
    assert_eq!(flags(&clues), [Flag::LookAlikes]);
    let ticker = Form {
        asset: "US\u{0414}T \u{0410}TOM".into(),
        ..Form::default()
    };
    assert!(flags(&ticker.clues()).contains(&Flag::LookAlikes));
}

#[test]
fn own_typing_errors_in_ids_keep_the_id_whole() {
    let id = hash(8);
    let missing = format!("{}{}", &id[..20], &id[21..]);
    assert_eq!(
        transactions(&tx(missing.clone())),
        [(whole(&missing), Rule::Damaged)]
    );
    let letter = id.replacen(&id[10..11], "o", 1);
    let found = transactions(&tx(letter));
    assert_eq!(found[0].1, Rule::Repaired);
    let sent = Form {
        to: address(1)[..41].to_owned(),
        ..Form::default()
    };
    assert_eq!(sent.clues().addresses[0].rule, Rule::Damaged);
}

#[test]
fn own_a_picture_alone_is_flagged() {
    for text in [
        "see screenshot",
        "IMG_2041.jpg",
        "смотри скриншот",
        "截图",
        "adjunto",
    ] {
        assert_eq!(flags(&tx(text).clues()), [Flag::Picture], "{text}");
    }
}

#[test]
fn own_several_ids_in_one_text_are_all_kept() {
    let (first, second) = (hash(9), hash(10));
    let clues = text(format!(
        "two of them: {first}, 0x{second}; sent to {}",
        address(3)
    ))
    .clues();
    let ids: Vec<&Id> = clues.transactions.iter().map(|clue| &clue.value).collect();
    assert_eq!(ids, [&whole(&first), &whole(&second)]);
    assert_eq!(clues.addresses[0].value, whole(&address(3)));
}

#[test]
fn own_free_text_fills_what_the_fields_leave_out() {
    let clues =
        text("hola, envié 1 000,50 USDT por la red Polygon PoS el 02/01/2025 10:00 y no llegó")
            .clues();
    assert_eq!(amounts(&clues), ["1000.5"]);
    assert_eq!(clues.assets[0].value, "usdt");
    assert_eq!(networks(&clues)[0].0, "polygon");
    assert_eq!(clues.times.len(), 1);
    let plain = text("wrong network selected by mistake, please return").clues();
    assert_eq!(plain.lines_count(), 0, "{:?}", plain.lines());
}

#[test]
fn own_every_clue_can_be_told() {
    let form = Form {
        memo: "290102443".into(),
        network: "BEB20".into(),
        amount: "1,000".into(),
        ..tx(format!("txid: {}", hash(11)))
    };
    let clues = form.clues();
    let lines = clues.lines();
    assert_eq!(lines.len(), clues.lines_count());
    let told: Vec<(&str, &str)> = lines
        .iter()
        .map(|line| (line.kind, line.rule.code()))
        .collect();
    assert_eq!(
        told,
        [
            ("transaction", "labelled"),
            ("network", "standard"),
            ("amount", "group_mark"),
            ("amount", "decimal_mark"),
            ("memo", "plain"),
        ]
    );
}
