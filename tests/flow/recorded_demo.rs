//! The demo reads a real recorded transaction of each network that routes by memo.

use crate::desk::Desk;

#[test]
fn a_real_transaction_of_each_memo_network_gets_its_verdict() {
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
    for line in [
        "proposed: user U-7002",
        "owner: user U-7004",
        "proposed: user U-7005",
    ] {
        assert!(text.contains(line), "{line}");
    }
}
