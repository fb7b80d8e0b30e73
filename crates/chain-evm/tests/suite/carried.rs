//! A real node with a carrier over it, accounts whose keys the tests hold, and the walk of one step from its building to its end.

use crate::signer::Key;
use crate::world::provide_tls;
use recover_chain_evm::check::EvmCheck;
use recover_chain_evm::config::{EvmSourceConfig, SourceKind};
use recover_chain_evm::transaction::Transaction;
use recover_chain_evm::{address, open_carry};
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::TxId;
use recover_core::book::ControlRecord;
use recover_core::check::{Check, Signed};
use recover_core::network::NetworkId;
use recover_core::observation::{Mechanism, Observation, Outcome, Position};
use recover_core::plan::{Leg, LegKind};
use recover_core::time::Timestamp;
use recover_core::verdict::{How, Verdict};
use recover_source::carry::{
    Carry, CarryError, Inclusion, Order, Sending, Standing, Tracked, Unsigned, Wallet,
};
use recover_testkit::{Anvil, AnvilOptions, Arg, Contracts};
use std::sync::Arc;

pub const COIN: u128 = 1_000_000_000_000_000_000;

pub fn network() -> NetworkId {
    NetworkId::new("ethereum")
}

pub fn amount(units: u128) -> Amount {
    Amount::from_u128(units)
}

pub fn native() -> AssetId {
    AssetId::native(network())
}

/// Canonical text of an address that the node wrote.
pub fn canonical(text: &str) -> String {
    address::parse(text).unwrap().text().to_owned()
}

pub struct World {
    pub anvil: Anvil,
    pub carry: Arc<dyn Carry>,
    pub deposit: Key,
    pub gas: Key,
    pub treasury: Key,
    pub wallet: Wallet,
}

pub fn carrier(anvil: &Anvil, change: impl FnOnce(&mut EvmSourceConfig)) -> Arc<dyn Carry> {
    provide_tls();
    let mut config = EvmSourceConfig::new(
        network(),
        anvil.chain_id(),
        SourceKind::JsonRpc,
        anvil.rpc_url(),
    );
    config.proves_absence = true;
    change(&mut config);
    open_carry(config).unwrap()
}

impl World {
    /// Blocks are final two blocks later; the gas account holds ten coins, the deposit's address nothing.
    pub fn new() -> Self {
        Self::with(Anvil::options(1).slots_in_an_epoch(1))
    }

    pub fn with(options: AnvilOptions) -> Self {
        let anvil = options.start();
        let gas = Key::new(0x22);
        let treasury = Key::new(0x33);
        anvil.set_balance(&gas.address(), 10 * COIN);
        let wallet = Wallet {
            treasury: treasury.address(),
            gas: Some(gas.address()),
            keys: vec![],
            factories: vec![],
        };
        Self {
            carry: carrier(&anvil, |_| {}),
            anvil,
            deposit: Key::new(0x11),
            gas,
            treasury,
            wallet,
        }
    }

    /// A token of a kind, with so many units for an address.
    pub fn token(&self, name: &str, holder: &str, units: u128) -> AssetId {
        let artifact = Contracts::load().get(name);
        let args = [Arg::text("Test"), Arg::text("TST"), Arg::Uint(6)];
        let token = self.anvil.deploy(artifact, &args).address;
        let sender = self.anvil.accounts()[0].clone();
        self.anvil.send_call(
            &sender,
            &token,
            0,
            artifact,
            "mint(address,uint256)",
            &[Arg::address(holder), Arg::Uint(units)],
        );
        AssetId::contract(network(), &canonical(&token))
    }

    /// Calls a function of a token as its issuer.
    pub fn issuer(&self, token: &AssetId, name: &str, signature: &str, args: &[Arg]) {
        let sender = self.anvil.accounts()[0].clone();
        let contract = token.contract_text().unwrap();
        let artifact = Contracts::load().get(name);
        self.anvil
            .send_call(&sender, contract, 0, artifact, signature, args);
    }

    pub fn token_balance(&self, token: &AssetId, holder: &str) -> u128 {
        self.anvil.token_balance(
            token.contract_text().unwrap(),
            Contracts::load().get("TokenGood"),
            holder,
        )
    }

    pub async fn plan(
        &self,
        holder: &str,
        asset: &AssetId,
        units: u128,
    ) -> Result<Vec<Leg>, CarryError> {
        self.plan_to(
            LegKind::Transfer,
            holder,
            asset,
            units,
            &self.treasury.address(),
            &Verdict::Controllable(How::SameKey),
            &ControlRecord::Key,
        )
        .await
    }

    #[allow(clippy::too_many_arguments)]
    pub async fn plan_to(
        &self,
        purpose: LegKind,
        holder: &str,
        asset: &AssetId,
        units: u128,
        recipient: &str,
        verdict: &Verdict,
        control: &ControlRecord,
    ) -> Result<Vec<Leg>, CarryError> {
        let credit = credit(holder, asset, units);
        let order = Order {
            credit: &credit,
            purpose,
            verdict,
            control,
            recipient,
            memo: None,
            asset,
            amount: amount(units),
            held_for_others: recover_core::amount::Amount::ZERO,
            wallet: &self.wallet,
            fee_margin_percent: 20,
        };
        let legs = self.carry.plan(&order).await?;
        for leg in &legs {
            assert_eq!(leg.network, network());
            assert_eq!(leg.chain, format!("eip155:{}", self.anvil.chain_id()));
        }
        Ok(legs)
    }

    pub fn key_of(&self, account: &str) -> &Key {
        [&self.deposit, &self.gas, &self.treasury]
            .into_iter()
            .find(|key| key.address() == account)
            .unwrap_or_else(|| panic!("nobody here signs for {account}"))
    }

    pub async fn build(&self, leg: &Leg) -> Result<Unsigned, CarryError> {
        let sequence = self.carry.sequence(&leg.signer).await?;
        self.carry
            .build(leg, sequence.next, Timestamp::from_seconds(1).unwrap(), 600)
            .await
    }

    /// Signs what was built, outside; what comes back opens to the same bytes.
    pub fn sign(&self, leg: &Leg, unsigned: &Unsigned) -> Signed {
        EvmCheck.verify(leg, &unsigned.bytes).unwrap();
        let transaction = Transaction::from_unsigned(&unsigned.bytes).unwrap();
        let bytes = self.key_of(&leg.signer).sign(&transaction);
        let signed = EvmCheck.open(&leg.chain, &unsigned.bytes, &bytes).unwrap();
        assert_eq!(signed.unsigned, unsigned.bytes);
        assert_eq!(signed.signer, leg.signer);
        signed
    }

    pub async fn standing(&self, leg: &Leg, unsigned: &Unsigned, tx_id: Option<&TxId>) -> Standing {
        self.carry
            .standing(&Tracked {
                leg,
                slot: &unsigned.slot,
                tx_id,
                valid_until: None,
                valid_through: None,
            })
            .await
            .unwrap()
    }

    pub async fn send(&self, signed: &Signed) {
        let sending = self.carry.send(signed).await;
        assert!(matches!(sending, Sending::Accepted { .. }), "{sending:?}");
        // The node answers when it is in its pool, and mines a moment later.
        for _ in 0..500 {
            if self.anvil.is_mined(signed.tx_id.as_str()) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(4)).await;
        }
        panic!("{} was not mined", signed.tx_id);
    }

    /// A step from its building to a final block; what the signer paid for it is exactly what is told.
    pub async fn carry_out(&self, leg: &Leg) -> Inclusion {
        let unsigned = self.build(leg).await.unwrap();
        assert!(unsigned.fee <= leg.fee_max);
        assert_eq!(self.standing(leg, &unsigned, None).await, Standing::NotSeen);
        let signed = self.sign(leg, &unsigned);
        let before = self.anvil.balance(&leg.signer);
        self.send(&signed).await;
        let Standing::Included(included) = self.standing(leg, &unsigned, Some(&signed.tx_id)).await
        else {
            panic!("it is in a block");
        };
        assert!(!included.is_final);
        self.anvil.mine(3);
        let standing = self.standing(leg, &unsigned, Some(&signed.tx_id)).await;
        let Standing::Included(included) = standing.clone() else {
            panic!("it is in a block");
        };
        assert!(included.is_final);
        assert_eq!(included.deviations, []);
        assert_eq!(included.signer, leg.signer);
        assert_eq!(included.tx_id, signed.tx_id);
        // Found again by its slot alone.
        assert_eq!(self.standing(leg, &unsigned, None).await, standing);
        let moved = match leg.call {
            None => leg.amount.to_u128().unwrap(),
            Some(_) => 0,
        };
        let paid = before - self.anvil.balance(&leg.signer) - moved;
        assert_eq!(included.fee, amount(paid));
        assert!(included.fee <= unsigned.fee);
        included
    }
}

pub fn credit(holder: &str, asset: &AssetId, units: u128) -> Observation {
    Observation {
        network: network(),
        tx_id: TxId::new(&format!("0x{}", "ab".repeat(32))),
        position: Position::log(0),
        block: None,
        from: None,
        to: address::parse(holder).unwrap(),
        asset: asset.clone(),
        amount: amount(units),
        amount_stated: amount(units),
        balance_delta: None,
        memos: vec![],
        mechanism: Mechanism::TokenTransfer,
        outcome: Outcome::Success,
        flags: vec![],
    }
}

/// The code of a refusal.
pub fn code<T: std::fmt::Debug>(result: Result<T, CarryError>) -> String {
    match result {
        Err(CarryError::Refused { code, .. }) => code.to_owned(),
        Err(CarryError::ByHand { .. }) => "by_hand".to_owned(),
        Err(CarryError::FeeAboveLimit { .. }) => "fee_above_limit".to_owned(),
        other => format!("{other:?}"),
    }
}

pub fn kinds(legs: &[Leg]) -> Vec<LegKind> {
    legs.iter().map(|leg| leg.kind).collect()
}
