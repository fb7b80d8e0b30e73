//! Esplora beside a real node, in shapes framed by hand: it says of a claim's transaction what the node says, and passes transactions on.

use crate::carried::{CUSTOMER, Desk, ON_TOP, code, now};
use crate::node_carry::rival;
use crate::spends::kind;
use recover_core::block::TxId;
use recover_source::carriers::Carriers;
use recover_source::carry::{Carry, CarryError, Sending, Standing};
use recover_testkit::coin_frame::{FrameOptions, esplora};
use recover_testkit::coin_node::Daemon;
use std::sync::Arc;

const VALUE: u64 = 10_000_000;

#[tokio::test]
async fn esplora_follows_a_payment_as_the_node_does() {
    let desk = Desk::of(Daemon::Bitcoin);
    let server = esplora(&desk.node, FrameOptions::default());
    let explorer = desk.carry_over("esplora", &server.url());
    for (round, name) in ["wpkh", "p2tr", "sh-multi"].into_iter().enumerate() {
        let own = kind(name);
        let credit = desk.deposit(&own, VALUE);
        let leg = desk.pay_out(&credit, &own, 6_000_000).await;
        let built = desk.build(&leg).await;
        let signed = desk.signed(&leg, &built.bytes, &own);
        let by_both = async |id: Option<&TxId>| {
            let by_node = desk.standing(&leg, id).await;
            assert_eq!(
                desk.standing_by(&explorer, &leg, id).await,
                by_node,
                "{name}"
            );
            by_node
        };
        assert_eq!(by_both(Some(&signed.tx_id)).await, Standing::NotSeen);
        assert_eq!(by_both(None).await, Standing::NotSeen);
        // Through the explorer alone, then through both, of which the other has it already.
        if round == 0 {
            let sent = explorer.send(&signed).await;
            assert!(matches!(sent, Sending::Accepted { .. }), "{sent:?}");
        }
        let all: Arc<dyn Carry> = Arc::new(Carriers::new(
            desk.network.clone(),
            vec![explorer.clone(), desk.carry.clone()],
        ));
        let Sending::Accepted { by } = all.send(&signed).await else {
            panic!("both take it");
        };
        assert_eq!(by.len(), 2, "{by:?}");
        assert!(matches!(
            by_both(Some(&signed.tx_id)).await,
            Standing::Pending { .. }
        ));
        desk.node.mine(1);
        assert!(
            matches!(by_both(Some(&signed.tx_id)).await, Standing::Included(found) if !found.is_final)
        );
        desk.node.mine(ON_TOP);
        for id in [None, Some(&signed.tx_id)] {
            let standing = by_both(id).await;
            assert!(
                matches!(standing, Standing::Included(found) if found.is_final && found.deviations.is_empty())
            );
        }
    }
}

#[tokio::test]
async fn esplora_tells_who_else_took_the_output() {
    let desk = Desk::of(Daemon::Bitcoin);
    let server = esplora(&desk.node, FrameOptions::default());
    let explorer = desk.carry_over("esplora", &server.url());
    let own = kind("p2wpkh");
    let credit = desk.deposit(&own, VALUE);
    let leg = desk.pay_out(&credit, &own, 6_000_000).await;
    let built = desk.build(&leg).await;
    let signed = desk.signed(&leg, &built.bytes, &own);
    let taken = rival(&built.bytes, &own, &CUSTOMER, VALUE - 50_000);
    let taker = TxId::new(&desk.node.send_raw(&taken).unwrap());
    // Waiting, then in a young block: nothing is known.
    for blocks in [0, 1] {
        desk.node.mine(blocks);
        let standing = desk.standing_by(&explorer, &leg, Some(&signed.tx_id)).await;
        assert!(matches!(standing, Standing::Unknown { .. }), "{standing:?}");
        assert!(matches!(
            explorer.send(&signed).await,
            Sending::Unknown { .. }
        ));
    }
    desk.node.mine(ON_TOP);
    let replaced = Standing::Replaced {
        by: Some(taker.clone()),
    };
    assert_eq!(
        desk.standing_by(&explorer, &leg, Some(&signed.tx_id)).await,
        replaced
    );
    let by_node = desk.standing(&leg, None).await;
    assert_eq!(desk.standing_by(&explorer, &leg, None).await, by_node);
    // Over both, the other payment is compared with the leg.
    let all: Arc<dyn Carry> = Arc::new(Carriers::new(
        desk.network.clone(),
        vec![
            explorer.clone(),
            desk.carry_over("bitcoin_rpc", &desk.node.rpc_url_with_credentials()),
        ],
    ));
    let standing = desk.standing_by(&all, &leg, Some(&signed.tx_id)).await;
    assert!(
        matches!(standing, Standing::Included(found) if found.tx_id == taker && !found.deviations.is_empty())
    );
}

/// What spends money is laid out and built over a node alone.
#[tokio::test]
async fn esplora_lays_nothing_out() {
    let desk = Desk::of(Daemon::Bitcoin);
    let server = esplora(&desk.node, FrameOptions::default());
    let explorer = desk.carry_over("esplora", &server.url());
    let own = kind("p2pkh");
    let credit = desk.deposit(&own, VALUE);
    let leg = desk.sweep(&credit, &own).await;
    let refused = explorer.build(&leg, 0, now(), 60).await.unwrap_err();
    assert!(matches!(refused, CarryError::Source(_)) && code(&refused) == "another");
    assert!(explorer.sequence(&leg.slot_account()).await.is_err());
    // The node behind it answers.
    let all: Arc<dyn Carry> = Arc::new(Carriers::new(
        desk.network.clone(),
        vec![explorer, desk.carry.clone()],
    ));
    assert!(all.build(&leg, 0, now(), 60).await.is_ok());
    assert_eq!(all.sequence(&leg.slot_account()).await.unwrap().next, 0);
}
