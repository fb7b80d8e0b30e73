//! KuCoin's public matrix as one policy: each row with its fee, its days and what the customer gets.

use crate::desk::{Desk, cents};
use recover_core::claim::Resolution;
use recover_core::fee::{QuoteRefusal, words};
use recover_core::kind::Kind;
use recover_core::network::NetworkId;

/// The ten rows: title, kinds, what else the row is for, the fee, what the customer gets, the days.
const KUCOIN: &str = r#"
Memo with spaces or special characters | memo_in_wrong_field | | 0 | credit | 2, 3
Deposit by a contract that is supported | internal_transfer | | 0 | credit | 2, 3
Missing or wrong memo | memo_missing, memo_unknown | resolutions = ["return_to_sender", "sweep_to_address"] | 40 | refund | 2, 3
Withdrawal that failed elsewhere and came back | returned_withdrawal | | 40 | credit | 2, 3
Missing or wrong memo that cannot go back to the sender | memo_missing, memo_unknown | | 80 | credit | 2, 3
Token that is not listed, on a supported network | unlisted_token | networks = ["ethereum", "bsc"] | 80 | refund | 2, 3
Old or delisted token | retired_contract | | 80 | refund | 2, 3
Sent to a hot wallet | hot_wallet | | 80 | refund | 2, 3
Closed account | account_closed | | 80 | refund | 14, 14
Token that is not listed, on an EVM network that is not supported | unlisted_token | | 200 to 500 | refund | 14, 14
"#;

/// A row of the table as a rule of the policy.
fn rule(row: &str) -> String {
    let cells: Vec<&str> = row.split('|').map(str::trim).collect();
    let [title, kinds, only, fee, outcome, days] = cells[..] else {
        panic!("six cells: {row}")
    };
    let kinds: Vec<&str> = kinds.split(", ").collect();
    let fee = match fee.split_once(" to ") {
        Some((from, to)) => format!("form = \"range\"\nfrom = \"{from}\"\nto = \"{to}\""),
        None => format!("form = \"flat\"\namount = \"{fee}\""),
    };
    format!(
        "[[fee]]\ntitle = \"{title}\"\nkinds = {kinds:?}\n{only}\n{fee}\noutcome = \"{outcome}\"\ndays = [{days}]\n\n"
    )
}

fn kucoin() -> Desk {
    let rules: String = KUCOIN.trim().lines().map(rule).collect();
    Desk::new(&rules)
}

#[test]
fn kucoin_each_of_the_ten_rows_costs_what_the_page_says() {
    use Resolution::{LedgerCredit, ReturnToSender, SweepToAddress};
    let desk = kucoin();
    let rows = [
        (Kind::MemoInWrongField, "ethereum", LedgerCredit, 1, "0.00"),
        (Kind::InternalTransfer, "ethereum", LedgerCredit, 2, "0.00"),
        (Kind::MemoMissing, "xrpl", ReturnToSender, 3, "40.00"),
        (
            Kind::ReturnedWithdrawal,
            "ethereum",
            LedgerCredit,
            4,
            "40.00",
        ),
        (Kind::MemoUnknown, "xrpl", LedgerCredit, 5, "80.00"),
        (Kind::UnlistedToken, "bsc", SweepToAddress, 6, "80.00"),
        (
            Kind::RetiredContract,
            "ethereum",
            SweepToAddress,
            7,
            "80.00",
        ),
        (Kind::HotWallet, "ethereum", SweepToAddress, 8, "80.00"),
        (Kind::AccountClosed, "ethereum", SweepToAddress, 9, "80.00"),
    ];
    let asked = |kind, network: &str, resolution| {
        desk.with(|desk| {
            desk.case.kind = kind;
            desk.case.network = NetworkId::new(network);
            desk.case.resolution = resolution;
        })
    };
    for (kind, network, resolution, rule, fee) in rows {
        let quote = asked(kind, network, resolution).quote("1000").unwrap();
        assert_eq!(
            (quote.rule, quote.service_fee.to_string().as_str()),
            (rule, fee),
            "{kind}"
        );
    }
    let tenth = asked(Kind::UnlistedToken, "linea", SweepToAddress);
    assert_eq!(tenth.fee("1000"), Err(QuoteRefusal::FeeByPerson));
    let quoted = tenth.with(|desk| desk.named = Some(cents("350")));
    assert_eq!(quoted.quote("1000").unwrap().rule, 10);
    assert_eq!(quoted.fee("1000"), Ok("350.00".to_owned()));
}

#[test]
fn kucoin_the_public_matrix_comes_out_as_it_went_in() {
    let desk = kucoin();
    let names = words::Names {
        currency: "USDT",
        asset: &ToString::to_string,
        network: &ToString::to_string,
    };
    let rows = words::table(&desk.policy.fees, &names);
    assert_eq!(rows.len(), 10);
    let text = words::markdown(&rows);
    let table: Vec<&str> = text.lines().take(12).collect();
    assert_eq!(
        table,
        [
            "| Case | Fee | Days | You get |",
            "| --- | --- | --- | --- |",
            "| Memo with spaces or special characters | 0 USDT | 2 to 3 | credit |",
            "| Deposit by a contract that is supported | 0 USDT | 2 to 3 | credit |",
            "| Missing or wrong memo | 40.00 USDT | 2 to 3 | refund |",
            "| Withdrawal that failed elsewhere and came back | 40.00 USDT | 2 to 3 | credit |",
            "| Missing or wrong memo that cannot go back to the sender | 80.00 USDT | 2 to 3 | credit |",
            "| Token that is not listed, on a supported network, on ethereum or bsc | 80.00 USDT | 2 to 3 | refund |",
            "| Old or delisted token | 80.00 USDT | 2 to 3 | refund |",
            "| Sent to a hot wallet | 80.00 USDT | 2 to 3 | refund |",
            "| Closed account | 80.00 USDT | 14 | refund |",
            "| Token that is not listed, on an EVM network that is not supported | 200.00 to 500.00 USDT, as a person quotes it | 14 | refund |",
        ]
    );
}
