//! A real node: everything that pays us in one chain, scanned and looked up by the real client.

use crate::fixture::lines;
use crate::world::{Watch, hash, provide_tls};
use recover_chain_evm::address;
use recover_chain_evm::config::{EvmSourceConfig, FinalityRule, SourceKind};
use recover_core::block::{Height, HeightRange, TxId};
use recover_core::network::NetworkId;
use recover_core::observation::{Flag, Outcome};
use recover_core::verdict::Code;
use recover_source::chain::{ChainRead, Lookup, Part, ScanRequest};
use recover_source::conformance::{Case, check};
use recover_testkit::{Anvil, Arg, Contracts};

use std::collections::BTreeSet;
use std::sync::Arc;

const OURS: &str = "0x0a11ce0000000000000000000000000000000001";
const OURS_TOO: &str = "0x0a11ce0000000000000000000000000000000002";

struct World {
    anvil: Anvil,
    good: String,
    first: u64,
    last: u64,
    multi: String,
    failed: String,
    last_payment: String,
    internal: String,
}

fn populated() -> World {
    let anvil = Anvil::start(1);
    let contracts = Contracts::load();
    let sender = anvil.accounts()[1].clone();
    let token = |name: &str| {
        let artifact = contracts.get(name);
        let args = [Arg::text("Test"), Arg::text("TST"), Arg::Uint(6)];
        let token = anvil.deploy(artifact, &args).address;
        anvil.send_call(
            &sender,
            &token,
            0,
            artifact,
            "mint(address,uint256)",
            &[Arg::address(&sender), Arg::Uint(1_000_000)],
        );
        token
    };
    let (good, fee, unindexed) = (
        token("TokenGood"),
        token("TokenFee"),
        token("TokenUnindexed"),
    );
    let fake_artifact = contracts.get("TokenFake");
    let fake = anvil
        .deploy(
            fake_artifact,
            &[Arg::text("Tether"), Arg::text("USDT"), Arg::Uint(6)],
        )
        .address;
    let payer_artifact = contracts.get("InternalPayer");
    let payer = anvil.deploy(payer_artifact, &[]).address;
    let multi_artifact = contracts.get("MultiSend");
    let multi_send = anvil.deploy(multi_artifact, &[]).address;
    let good_artifact = contracts.get("TokenGood");
    let transfer = |token: &str, to: &str, amount: u128| {
        anvil.send_call(
            &sender,
            token,
            0,
            good_artifact,
            "transfer(address,uint256)",
            &[Arg::address(to), Arg::Uint(amount)],
        )
    };
    transfer(&good, &multi_send, 100);
    let bomb = anvil
        .deploy_from(&sender, 321, contracts.get("SelfDestructPayer"), &[])
        .address;

    let first = anvil.height() + 1;
    anvil.send(&sender, OURS, 1_000, &[]);
    transfer(&good, OURS, 50);
    transfer(&fee, OURS, 10_000);
    transfer(&unindexed, OURS, 70);
    anvil.send_call(
        &sender,
        &fake,
        0,
        fake_artifact,
        "emitFor(address,address,uint256)",
        &[Arg::address(&sender), Arg::address(OURS), Arg::Uint(5_000)],
    );
    let internal = anvil.send_call(
        &sender,
        &payer,
        600,
        payer_artifact,
        "payDeep(address,uint256)",
        &[Arg::address(OURS), Arg::Uint(2)],
    );
    anvil.send_call(
        &sender,
        &payer,
        601,
        payer_artifact,
        "paySwallowed(address)",
        &[Arg::address(OURS)],
    );
    let failed = anvil.send_call(
        &sender,
        &payer,
        602,
        payer_artifact,
        "payThenFail(address)",
        &[Arg::address(OURS)],
    );
    anvil.send_call(
        &sender,
        &bomb,
        0,
        contracts.get("SelfDestructPayer"),
        "destroy(address)",
        &[Arg::address(OURS)],
    );
    let multi = anvil.send_call(
        &sender,
        &multi_send,
        30,
        multi_artifact,
        "send(address[],uint256[],address[],address[],uint256[])",
        &[
            Arg::Addresses(vec![OURS.to_owned(), OURS_TOO.to_owned()]),
            Arg::Uints(vec![10, 20]),
            Arg::Addresses(vec![good.clone(), good.clone()]),
            Arg::Addresses(vec![OURS.to_owned(), OURS.to_owned()]),
            Arg::Uints(vec![7, 7]),
        ],
    );
    anvil.mine(3);
    let last_payment = transfer(&good, OURS_TOO, 9);
    let last = anvil.height();
    World {
        anvil,
        good,
        first,
        last,
        multi,
        failed,
        last_payment,
        internal,
    }
}

fn node(url: &str, own: bool) -> Arc<dyn ChainRead> {
    provide_tls();
    let mut config = EvmSourceConfig::new(NetworkId::new("ethereum"), 1, SourceKind::JsonRpc, url);
    config.finality = FinalityRule::FinalizedTag;
    config.proves_absence = own;
    recover_chain_evm::open(config).unwrap()
}

fn request(world: &World, parts: &[Part]) -> ScanRequest {
    let good = address::parse(&world.good).unwrap();
    ScanRequest {
        range: HeightRange::new(Height(world.first), Height(world.last)).unwrap(),
        parts: parts.iter().copied().collect(),
        watch: Arc::new(Watch(vec![OURS.to_owned(), OURS_TOO.to_owned()])),
        trusted_contracts: Arc::new(BTreeSet::from([good.text().to_owned()])),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn node_a_populated_chain_is_read_whole() {
    let world = populated();
    let node = node(world.anvil.rpc_url(), true);
    assert!(
        node.capabilities()
            .await
            .unwrap()
            .scan
            .contains(&Part::Internal)
    );
    let update = node.scan(&request(&world, Part::ALL)).await.unwrap();
    assert_eq!(update.gaps, []);
    let amounts: Vec<String> = lines(&update.observations)
        .iter()
        .map(|line| {
            let mut words = line.split(' ');
            let position = words.next().unwrap().to_owned();
            format!("{position} {}", words.next_back().unwrap())
        })
        .collect();
    assert_eq!(
        amounts,
        [
            "value 1000",
            "log:0 50",
            "log:0 9900",
            "log:0 70",
            "log:0 5000",
            // Two calls of itself, then the payment.
            "trace:0.0.0 600",
            "trace:0 321",
            "trace:0 10",
            "trace:1 20",
            "log:0 7",
            "log:1 7",
            "log:0 9",
        ]
    );
    let flags: Vec<_> = update
        .observations
        .iter()
        .map(|credit| credit.flags.as_slice())
        .collect();
    assert_eq!(flags[3], [Flag::OddShape]);
    // A fake: its log promises what no balance shows.
    assert_eq!(flags[4], [Flag::BalanceUnchanged]);
    assert!(update.observations[4].amount.is_zero());
    assert_eq!(
        update.observations[2]
            .balance_delta
            .unwrap()
            .to_base_units(),
        "9900"
    );
    assert!(
        update
            .observations
            .iter()
            .all(|credit| credit.outcome == Outcome::Success)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn node_the_conformance_suite_passes() {
    let world = populated();
    let case = Case {
        request: request(&world, Part::ALL),
        known: Some(TxId::new(&world.internal)),
        unknown: TxId::new(&hash("never sent")),
        two_credits: Some(TxId::new(&world.multi)),
        failed: Some(TxId::new(&world.failed)),
        last_block: Some(TxId::new(&world.last_payment)),
    };
    for own in [true, false] {
        let node = node(world.anvil.rpc_url(), own);
        assert_eq!(check(node.as_ref(), &case).await, Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn node_accounts_balances_claims_and_costs() {
    let world = populated();
    let node = node(world.anvil.rpc_url(), true);
    let ours = address::parse(OURS).unwrap();
    let good = address::parse(&world.good).unwrap();
    let state = node.account(&ours).await.unwrap();
    assert_eq!((state.code, state.at), (Code::Absent, Height(world.last)));
    assert!(matches!(
        node.account(&good).await.unwrap().code,
        Code::Contract(_)
    ));
    let native = recover_core::asset::AssetId::native(NetworkId::new("ethereum"));
    let balance = node.balance(&ours, &native).await.unwrap();
    assert_eq!(
        balance.to_base_units(),
        (1_000 + 600 + 321 + 10).to_string()
    );
    let token = recover_core::asset::AssetId::contract(NetworkId::new("ethereum"), good.text());
    assert_eq!(
        node.balance(&ours, &token).await.unwrap().to_base_units(),
        "64"
    );
    let claims = node.token_claims(good.text()).await.unwrap();
    assert_eq!(
        (claims.symbol.as_deref(), claims.decimals),
        (Some("TST"), Some(6))
    );
    // An account says nothing of itself.
    let nothing = node.token_claims(ours.text()).await.unwrap();
    assert_eq!(
        (nothing.symbol, nothing.name, nothing.decimals),
        (None, None, None)
    );
    let cost = node.network_cost().await.unwrap();
    assert!(cost.native_transfer < cost.token_transfer && !cost.native_transfer.is_zero());
}

#[tokio::test(flavor = "multi_thread")]
async fn node_a_reorganisation_moves_a_credit_to_another_block_under_the_same_key() {
    let world = populated();
    let node = node(world.anvil.rpc_url(), true);
    let mut request = request(&world, Part::ALL);
    let before = node.scan(&request).await.unwrap();
    let kept = before.observations.last().unwrap().clone();
    // The last block is replaced by one that holds the same payment, sent again.
    let snapshot_of =
        |credit: &recover_core::observation::Observation| credit.block.clone().unwrap();
    world.anvil.reorg(1, &[]);
    world.anvil.mine(1);
    request.range = HeightRange::new(Height(world.first), Height(world.anvil.height())).unwrap();
    let after = node.scan(&request).await.unwrap();
    assert_ne!(after.end.block.hash, before.end.block.hash);
    match after
        .observations
        .iter()
        .find(|credit| credit.id() == kept.id())
    {
        Some(again) => assert_ne!(snapshot_of(again).hash, snapshot_of(&kept).hash),
        None => {
            let found = node
                .transaction(&TxId::new(&world.last_payment))
                .await
                .unwrap();
            let gone = match found {
                Lookup::Absent => true,
                Lookup::Found(view) => view.block.is_none(),
                Lookup::Unknown { .. } => false,
            };
            assert!(gone, "it is in no block and was seen in one");
        }
    }
    let head = node.head().await.unwrap();
    assert!(head.finalized.is_some());
}
