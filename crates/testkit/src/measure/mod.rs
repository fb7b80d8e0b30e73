//! How well a matcher did on cases whose truth is known.
//!
//! Link level: right when the appeal's own deposit is named; repeats count, decoys and thieves are always wrong. Credit level:
//! the best score of each user and deposit, then one user a deposit, exact ties unpaid; right when that user owns it. Recall
//! at a precision is the largest one there is, thresholds only between distinct scores; it is *certified* when the one-sided
//! 95 % bound of Clopper and Pearson on the rate of errors says so too.
//!
//! Counts are integers and shares parts per million; only the binomial bounds are floating point. No clock, none of our
//! crates: predictions are read from the output of `recover match --format json` or made by a caller.

pub mod bounds;
pub mod prediction;
pub mod report;
pub mod truth;

pub use prediction::{Decision, Prediction};
pub use report::Report;
pub use truth::Truth;

#[cfg(test)]
mod tests {
    use super::*;

    fn cases() -> (tempfile::TempDir, Truth) {
        let folder = crate::temp_dir();
        let write = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).expect("written");
        };
        write(
            "deposits.csv",
            "deposit_id,asset,amount,orphan_reason,to_address,block_time\n\
             D0,USDT,100,missing_memo,hot,2025-01-01T00:00:00Z\n\
             D1,USDT,100,missing_memo,hot,2025-01-01T00:05:00Z\n\
             D2,XRP,10,wrong_chain,own,2025-01-01T00:05:00Z\n",
        );
        write(
            "truth_deposits.csv",
            "deposit_id,owner_user_id\nD0,U0\nD1,U1\nD2,U0\n",
        );
        write(
            "appeals.csv",
            "appeal_id,user_id\nA0,U0\nA1,U1\nA2,U9\nA3,U0\nA4,U0\nA5,U5\n",
        );
        write(
            "truth.csv",
            "appeal_id,kind,deposit_id,target_deposit_id,should_credit,errors\n\
             A0,genuine,D0,,1,txid:exact;net:right\n\
             A1,genuine,D1,,1,txid:blank;net:right\n\
             A2,fraud_explorer,,D0,0,fraud\n\
             A3,duplicate,D0,,1,txid:exact\n\
             A4,genuine,D2,,1,txid:url\n\
             A5,decoy_credited,,,0,decoy\n",
        );
        let truth = Truth::read(folder.path()).expect("readable");
        (folder, truth)
    }

    const LINES: &str = r#"{"appeal_id":"A0","deposit_id":"D0","decision":"auto","score":0.9999,"tier":"automatic","candidates":["D0"]}
{"appeal_id":"A1","deposit_id":"D0","decision":"review","score":0.6,"candidates":[{"deposit_id":"D0"},{"deposit_id":"D1"}]}
{"appeal_id":"A2","deposit_id":"D0","decision":"auto","score":0.9,"tier":"waiting"}
{"appeal_id":"A3","deposit_id":"D0","decision":"auto","score":0.99,"tier":"waiting"}
{"appeal_id":"A4","deposit_id":"D2","decision":"review","score":0.95}
{"appeal_id":"A5","deposit_id":null,"decision":"none","score":0}
"#;

    #[test]
    fn own_a_small_case_is_measured_by_hand() {
        let (_folder, truth) = cases();
        assert_eq!(truth.deposits[0].twins, 1);
        assert_eq!(truth.deposits[2].twins, 0);
        let said = prediction::read(LINES.as_bytes(), &truth).expect("readable");
        let report = Report::new(&truth, &said);
        // Links, best first: A0, A3, A4 right, A2 and A1 wrong; four there are.
        let best = report.link.best();
        assert_eq!((best.right, best.wrong, best.all), (3, 0, 4));
        assert_eq!(best.threshold_ppb, 950_000_000);
        assert_eq!(report.link.at(800_000_000).wrong, 1);
        assert_eq!(report.link.at(1_000_000_000).right, 0);
        // Credits: D0 to U0 at .9999 and D2 to U0 at .95; D1 to nobody.
        let credit = report.credit.best();
        assert_eq!((credit.right, credit.wrong, credit.all), (2, 0, 3));
        assert_eq!(
            report.credit.observed(1_000).map(|point| point.right),
            Some(2)
        );
        assert_eq!(report.credit.certified(1_000), None);
        // Paid: D0 to U0 in T1 (its repeat counts once) and to the thief in T2.
        let all = &report.paid[&0];
        assert_eq!((all.right, all.wrong, all.fraud, all.twice), (1, 1, 1, 1));
        assert_eq!(all.wrong_cents, 10_000);
        assert_eq!((report.paid[&1].right, report.paid[&1].wrong), (1, 0));
        assert_eq!((report.paid[&2].right, report.paid[&2].fraud), (0, 1));
        assert_eq!(report.in_top, Some(4));
        let hard = &report.strata[&("missing memo, no transaction", "2-3".to_owned())];
        assert_eq!((hard.appeals, hard.linked, hard.in_top), (1, 0, 1));
        assert_eq!(report.decisions[&("decoy_credited".to_owned(), "none")], 1);
        let text = report.to_string();
        assert!(text.contains("wrong fraud_explorer: 1"), "{text}");
    }

    #[test]
    fn own_equal_scores_of_two_users_are_paid_to_neither() {
        let (_folder, truth) = cases();
        let lines = LINES.replace("0.9999", "0.9").replace("0.99,", "0.8,");
        let said = prediction::read(lines.as_bytes(), &truth).expect("readable");
        let report = Report::new(&truth, &said);
        assert_eq!(report.ties, 1);
        assert_eq!(report.credit.best().right, 1);
    }

    #[test]
    fn own_a_line_that_names_what_is_not_there_is_refused() {
        let (_folder, truth) = cases();
        let lines = LINES.replace("D2", "D7");
        let problem = prediction::read(lines.as_bytes(), &truth).expect_err("no such deposit");
        assert_eq!(problem, "line 5: no deposit D7");
    }
}
