//! KuCoin's public matrix as one policy: each row with its fee, its days and what the customer gets.

use crate::desk::{Desk, cents};
use recover_core::claim::Resolution;
use recover_core::fee::{QuoteRefusal, words};
use recover_core::kind::Kind;
use recover_core::network::NetworkId;

/// The ten rows.
const KUCOIN: &str = r#"
[[fee]]
title = "Memo with spaces or special characters"
kinds = ["memo_in_wrong_field"]
form = "flat"
amount = "0"
outcome = "credit"
days = [2, 3]

[[fee]]
title = "Deposit by a contract that is supported"
kinds = ["internal_transfer"]
form = "flat"
amount = "0"
outcome = "credit"
days = [2, 3]

[[fee]]
title = "Missing or wrong memo"
kinds = ["memo_missing", "memo_unknown"]
resolutions = ["return_to_sender", "sweep_to_address"]
form = "flat"
amount = "40"
outcome = "refund"
days = [2, 3]

[[fee]]
title = "Withdrawal that failed elsewhere and came back"
kinds = ["returned_withdrawal"]
form = "flat"
amount = "40"
outcome = "credit"
days = [2, 3]

[[fee]]
title = "Missing or wrong memo that cannot go back to the sender"
kinds = ["memo_missing", "memo_unknown"]
form = "flat"
amount = "80"
outcome = "credit"
days = [2, 3]

[[fee]]
title = "Token that is not listed, on a supported network"
kinds = ["unlisted_token"]
networks = ["ethereum", "bsc"]
form = "flat"
amount = "80"
outcome = "refund"
days = [2, 3]

[[fee]]
title = "Old or delisted token"
kinds = ["retired_contract"]
form = "flat"
amount = "80"
outcome = "refund"
days = [2, 3]

[[fee]]
title = "Sent to a hot wallet"
kinds = ["hot_wallet"]
form = "flat"
amount = "80"
outcome = "refund"
days = [2, 3]

[[fee]]
title = "Closed account"
kinds = ["account_closed"]
form = "flat"
amount = "80"
outcome = "refund"
days = [14, 14]

[[fee]]
title = "Token that is not listed, on an EVM network that is not supported"
kinds = ["unlisted_token"]
form = "range"
from = "200"
to = "500"
outcome = "refund"
days = [14, 14]
"#;

#[test]
fn kucoin_each_of_the_ten_rows_costs_what_the_page_says() {
    use Resolution::{LedgerCredit, ReturnToSender, SweepToAddress};
    let desk = Desk::new(KUCOIN);
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
            desk.kind = kind;
            desk.network = NetworkId::new(network);
            desk.resolution = resolution;
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
    let desk = Desk::new(KUCOIN);
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
