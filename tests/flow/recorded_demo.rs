//! The demo reads real recorded transactions of networks that route by memo, and of Bitcoin and its relatives.

use crate::desk::Desk;

#[test]
fn real_transactions_of_memo_networks_and_of_outputs_get_their_verdicts() {
    let desk = Desk::new();
    let demo = desk.run(&["demo"]).ok();
    let text = &demo.out;
    assert!(
        text.contains("xrpl: 1 already_credited, 19 memo_missing, 1 memo_unknown, 1 missed_credit"),
        "{text}"
    );
    // Network, amount and kind of each row, as the recorded transaction has them.
    let rows: Vec<Vec<&str>> = text
        .lines()
        .filter(|line| line.starts_with('│'))
        .map(|line| line.trim_matches('│').split('┆').map(str::trim).collect())
        .collect();
    for (network, amount, kind) in [
        ("xrpl", "0.01 XRP", "memo_unknown"),
        ("xrpl", "1 XRP", "missed_credit"),
        ("xrpl", "0.01 XRP", "already_credited"),
        ("stellar", "500000 XLM", "memo_missing"),
        ("cosmos", "50 ATOM", "missed_credit"),
        ("ton", "243 TON", "memo_missing"),
        ("ton", "2 TON", "memo_unknown"),
    ] {
        assert!(
            rows.iter().any(|row| row.first() == Some(&network)
                && row.get(2) == Some(&amount)
                && row.get(3) == Some(&kind)),
            "{network} {amount} {kind}\n{text}"
        );
    }
    for (network, amount, why) in [
        ("dogecoin", "10 DOGE", "utxo_wrong_chain"),
        ("litecoin", "0.01788982 LTC", "utxo_wrong_chain"),
        ("dash", "1.44313387 DASH", "missed_credit, flag immature"),
        ("bitcoin", "0.00001 BTC", "below_minimum, flag inscription"),
    ] {
        assert!(
            rows.iter().any(|row| row.first() == Some(&network)
                && row.get(2) == Some(&amount)
                && row.get(4) == Some(&why)),
            "{network} {amount} {why}\n{text}"
        );
    }
    for line in [
        "proposed: user U-7002",
        "owner: user U-7004",
        "proposed: user U-7005",
    ] {
        assert!(text.contains(line), "{line}");
    }
}
