//! Who acts: nobody, somebody the policy does not know, somebody whose role does not allow it.

use crate::desk::Desk;

fn desk() -> Desk {
    let desk = Desk::new();
    desk.run(&["init"]).ok();
    desk
}

#[test]
fn an_actor_is_asked_for_and_must_be_in_the_policy() {
    let desk = desk();
    let run = desk.run(&["claims", "open", "dep_0"]).exits(2);
    run.says(&["--as", "RECOVER_ACTOR"]);
    let run = desk
        .run(&["--as", "mallory", "claims", "open", "dep_0"])
        .exits(2);
    assert_eq!(run.errors().len(), 1, "{}", run.err);
    run.says(&["mallory", "policy.toml"]);
}

#[test]
fn the_environment_may_say_who_acts_and_which_files() {
    let desk = desk();
    let mut command = desk.command(&["chains", "list"]);
    command.env("RECOVER_CONFIG", "other.toml");
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("other.toml"));
    let mut command = desk.command(&["claims", "open", "dep_0"]);
    let output = command.env("RECOVER_ACTOR", "mallory").output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("mallory"));
}

#[test]
fn without_a_policy_nothing_is_quoted_or_approved() {
    let desk = desk();
    std::fs::remove_file(desk.path("policy.toml")).unwrap();
    desk.write(
        "deposits.csv",
        "deposit_id,chain,tx_id,output_index,block_height,block_time,from_address,to_address,asset,amount,memo,orphan_reason\n\
         D-1,ETH,0x1111111111111111111111111111111111111111111111111111111111111111,0,1,2025-06-01T10:00:00Z,,0xde90510000000000000000000000000000000001,ETH,1,,x\n",
    );
    desk.run(&["deposits", "import", "deposits.csv"]).ok();
    for arguments in [
        &["quote", "D-1"][..],
        &["--as", "ana", "claims", "open", "D-1"],
    ] {
        let run = desk.run(arguments).exits(3);
        assert_eq!(run.errors().len(), 1, "{}", run.err);
        run.says(&["--policy"]);
    }
}

#[test]
fn a_policy_that_lets_one_person_pay_is_refused() {
    let desk = desk();
    let text = desk.read("policy.toml");
    for (from, to, word) in [
        (
            "signed_votes = false",
            "approvers_min = 2",
            "[[approval.tier]]",
        ),
        ("\nvotes = 1", "\nvotes = 0", "votes"),
        ("lead_votes = 2", "lead_votes = 3", "wallet_lead"),
        ("roles = [\"wallet\"]", "roles = [\"owner\"]", "owner"),
        (
            "currency = \"USD\"",
            "currency = \"USD\"\nsecret = 1",
            "secret",
        ),
        ("percent = \"5\"", "percent = \"5%\"", "percent"),
        ("name = \"bruno\"", "name = \"ana\"", "ana"),
    ] {
        assert!(text.contains(from), "{from}");
        desk.write("policy.toml", text.replacen(from, to, 1));
        let run = desk.run(&["policy", "check"]).exits(1);
        assert_eq!(run.errors().len(), 1, "{}", run.err);
        run.says(&["policy.toml", word]);
    }
}
