//! A deposit on a real node, and what carries its claim.

use crate::spends::{Kind, REGTEST, signed};
use crate::world::{network_of, provide_tls, settings, settings_of};
use recover_chain_bitcoin::network::form;
use recover_chain_bitcoin::script::Script;
use recover_chain_bitcoin::{BitcoinCheck, address, open_carry};
use recover_core::address::Address;
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::TxId;
use recover_core::book::ControlRecord;
use recover_core::check::{Check as _, Signed, Slot};
use recover_core::network::NetworkId;
use recover_core::observation::{Flag, Mechanism, Observation, Outcome, Position};
use recover_core::plan::{Leg, LegKind};
use recover_core::time::Timestamp;
use recover_core::verdict::{How, Verdict};
use recover_source::carriers::Carriers;
use recover_source::carry::{Carry, CarryError, Order, Standing, Tracked, Unsigned, Wallet};
use recover_testkit::coin_node::{CoinNode, Daemon};
use std::sync::Arc;

/// Who is paid.
pub const CUSTOMER: Script = Script::PubkeyHash([0xc1; 20]);
/// Where the rest goes.
pub const OWN: Script = Script::PubkeyHash([0xd2; 20]);

pub fn now() -> Timestamp {
    Timestamp::from_seconds(1_800_000_000).unwrap()
}

/// Of the settings: blocks on top of a final one.
pub const ON_TOP: u64 = 5;

pub struct Desk {
    pub node: Arc<CoinNode>,
    pub carry: Arc<dyn Carry>,
    pub network: NetworkId,
    pub wallet: Wallet,
}

impl Desk {
    pub fn new(node: CoinNode) -> Self {
        provide_tls();
        let network = NetworkId::new(network_of(node.daemon()));
        let carry = Self::carry_of(&node);
        let mut desk = Self {
            node: Arc::new(node),
            carry,
            wallet: Wallet {
                treasury: String::new(),
                gas: None,
                keys: Vec::new(),
                factories: Vec::new(),
            },
            network,
        };
        desk.wallet.treasury = desk.text(&OWN);
        desk
    }

    /// One that has asked nothing yet: what a daemon can do is asked once.
    pub fn carry_of(node: &CoinNode) -> Arc<dyn Carry> {
        let one = open_carry(settings_of(node)).unwrap().unwrap();
        let network = NetworkId::new(network_of(node.daemon()));
        Arc::new(Carriers::new(network, vec![one]))
    }

    /// A source of another kind for the same chain.
    pub fn carry_over(&self, kind: &str, url: &str) -> Arc<dyn Carry> {
        let settings = settings(self.network.as_str(), &self.node.caip2(), kind, url);
        open_carry(settings).unwrap().unwrap()
    }

    pub fn of(daemon: Daemon) -> Self {
        Self::new(CoinNode::start(daemon))
    }

    pub fn address(&self, script: &Script) -> Address {
        address::format(script, form(&self.network).unwrap()).unwrap()
    }

    pub fn text(&self, script: &Script) -> String {
        self.address(script).text().to_owned()
    }

    /// What the source would have seen of an output.
    pub fn credit(&self, tx_id: &str, index: u32, script: &Script, value: u64) -> Observation {
        Observation {
            network: self.network.clone(),
            tx_id: TxId::new(tx_id),
            position: Position::output(index),
            block: None,
            from: Some(self.address(&CUSTOMER)),
            to: self.address(script),
            asset: AssetId::native(self.network.clone()),
            amount: Amount::from_u128(value.into()),
            amount_stated: Amount::from_u128(value.into()),
            balance_delta: None,
            memos: Vec::new(),
            mechanism: Mechanism::TopLevel,
            outcome: Outcome::Success,
            flags: Vec::<Flag>::new(),
        }
    }

    /// Pays an output of a kind, final; the credit is output 0.
    pub fn deposit(&self, kind: &Kind, value: u64) -> Observation {
        let paid = self.node.pay(&[(kind.script.bytes(), value)]);
        self.node.mine(1 + ON_TOP);
        self.credit(&paid.txid, 0, &kind.script, value)
    }

    pub async fn plan_with<'a>(
        &'a self,
        credit: &'a Observation,
        kind: &Kind,
        change: impl FnOnce(&mut Order<'a>),
    ) -> Result<Leg, CarryError> {
        // As long as whatever a test puts into the order.
        let verdict: &'static Verdict = &Verdict::Controllable(How::SameKey);
        let control: &'static ControlRecord = Box::leak(Box::new(match &kind.descriptor {
            Some(text) => ControlRecord::Descriptor(text.clone()),
            None => ControlRecord::Key,
        }));
        let mut order = Order {
            credit,
            purpose: LegKind::Transfer,
            verdict,
            control,
            recipient: &self.wallet.treasury,
            memo: None,
            asset: &credit.asset,
            amount: credit.amount,
            held_for_others: Amount::ZERO,
            wallet: &self.wallet,
            fee_margin_percent: 0,
        };
        change(&mut order);
        let mut legs = self.carry.plan(&order).await?;
        assert_eq!(legs.len(), 1);
        Ok(legs.pop().unwrap())
    }

    /// All of it to treasury.
    pub async fn sweep(&self, credit: &Observation, kind: &Kind) -> Leg {
        self.plan_with(credit, kind, |_| ()).await.unwrap()
    }

    /// So much to the customer, the rest to treasury.
    pub async fn pay_out(&self, credit: &Observation, kind: &Kind, amount: u64) -> Leg {
        let customer = self.text(&CUSTOMER);
        let amount = Amount::from_u128(amount.into());
        self.plan_with(credit, kind, |order| {
            order.purpose = LegKind::Return;
            order.recipient = &customer;
            order.amount = amount;
        })
        .await
        .unwrap()
    }

    pub async fn build(&self, leg: &Leg) -> Unsigned {
        self.carry.build(leg, 0, now(), 3_600).await.unwrap()
    }

    /// Signed by the kind's keys, and opened.
    pub fn signed(&self, leg: &Leg, unsigned: &[u8], kind: &Kind) -> Signed {
        let raw = signed(self.network.as_str(), kind, unsigned);
        BitcoinCheck.open(&leg.chain, unsigned, &raw).unwrap()
    }

    pub async fn standing(&self, leg: &Leg, id: Option<&TxId>) -> Standing {
        self.standing_by(&self.carry, leg, id).await
    }

    pub async fn standing_by(
        &self,
        carry: &Arc<dyn Carry>,
        leg: &Leg,
        id: Option<&TxId>,
    ) -> Standing {
        let slot = Slot {
            account: leg.slot_account(),
            sequence: 0,
            is_ticket: false,
        };
        let tracked = Tracked {
            leg,
            slot: &slot,
            tx_id: id,
            valid_until: None,
            valid_through: None,
        };
        carry.standing(&tracked).await.unwrap()
    }

    pub async fn sequence(&self, leg: &Leg) -> (u64, u64) {
        let found = self.carry.sequence(&leg.slot_account()).await.unwrap();
        (found.next, found.next_final)
    }
}

/// The chain of the two daemons that share a genesis on one's own machine.
pub fn is_regtest(leg: &Leg) -> bool {
    leg.chain == REGTEST
}

pub fn code(error: &CarryError) -> &'static str {
    match error {
        CarryError::Refused { code, .. } => code,
        _ => "another",
    }
}
