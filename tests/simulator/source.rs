//! The nodes of the made-up chains, as the engine asks them: reading, building, sending, following.

use crate::chain::{COIN_GAS, Chain, Executed, Place, TOKEN_GAS};
use crate::keys::Account;
use crate::world::{State, World};
use async_trait::async_trait;
use recover_chain_evm::check::{EvmCheck, chain_text};
use recover_chain_evm::transaction::{Price, Transaction};
use recover_chain_evm::{address, call};
use recover_core::address::Address;
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::{BlockRef, Height, HeightRange, TxId};
use recover_core::check::{Check, Deviation, Signed, Slot};
use recover_core::network::NetworkId;
use recover_core::observation::Outcome;
use recover_core::plan::{Leg, LegKind};
use recover_core::time::Timestamp;
use recover_core::verdict::{AccountState, Code};
use recover_source::carry::{
    Carry, CarryError, Inclusion, Order, Sending, Sequence, Standing, Tracked, Unsigned,
};
use recover_source::chain::{
    Capabilities, ChainRead, Head, Header, HistoryUpdate, Lookup, NetworkCost, Part, ScanRequest,
    ScanUpdate, TransactionView,
};
use recover_source::error::SourceError;
use std::collections::BTreeSet;

/// A node of one chain.
#[derive(Clone)]
pub struct Node {
    world: World,
    id: NetworkId,
}

impl Node {
    pub fn new(world: &World, name: &str) -> Node {
        Node {
            world: world.clone(),
            id: NetworkId::new(name),
        }
    }

    async fn ask<T: Send>(
        &self,
        what: &str,
        act: impl FnOnce(&Chain) -> T + Send,
    ) -> Result<T, SourceError> {
        let id = self.id.clone();
        let act = move |state: &mut State| act(state.chain(id.as_str()));
        self.world.call(self.id.as_str(), what, act).await
    }

    fn lags(&self) -> bool {
        let mut state = self.world.state();
        let faults = state.faults;
        state.dice.chance(faults.lag)
    }
}

/// The account of a canonical text.
pub fn bytes(text: &str) -> Account {
    let parsed = address::parse(text).expect("canonical texts come from us");
    address::bytes(&parsed).expect("of this family")
}

/// The token of an asset; `None` for the native coin.
pub fn token(asset: &AssetId) -> Option<Account> {
    asset.contract_text().map(bytes)
}

fn small(amount: Amount) -> u128 {
    amount
        .to_u128()
        .expect("the simulation's amounts are small")
}

/// What a unit of gas may cost in a transaction that is built now.
fn ceiling(chain: &Chain) -> u128 {
    chain.base_fee * 2 + TIP
}

const TIP: u128 = 1_000_000_000;

#[async_trait]
impl ChainRead for Node {
    fn network(&self) -> &NetworkId {
        &self.id
    }

    fn name(&self) -> &str {
        "node of the simulator"
    }

    async fn capabilities(&self) -> Result<Capabilities, SourceError> {
        Ok(Capabilities {
            scan: Part::ALL.iter().copied().collect(),
            history: BTreeSet::new(),
            accounts: false,
            state_at_height: true,
            proves_absence: true,
        })
    }

    async fn head(&self) -> Result<Head, SourceError> {
        self.ask("head", |chain| Head {
            latest: chain.header(chain.tip()).expect("the tip").clone(),
            finalized: Some(Height(chain.final_height())),
        })
        .await
    }

    async fn header(&self, height: Height) -> Result<Option<Header>, SourceError> {
        self.ask("header", |chain| chain.header(height.0).cloned())
            .await
    }

    async fn scan(&self, request: &ScanRequest) -> Result<ScanUpdate, SourceError> {
        let heights = request.range.from().0..=request.range.to().0;
        let watch = request.watch.clone();
        let range = request.range;
        let update = self
            .ask("scan", move |chain| {
                let end = chain.header(range.to().0)?.clone();
                Some(ScanUpdate {
                    observations: heights
                        .clone()
                        .flat_map(|height| chain.credits(height))
                        .filter(|credit| watch.contains(&credit.to.payload()))
                        .collect(),
                    gaps: Vec::new(),
                    end,
                    headers: heights
                        .filter_map(|height| chain.header(height).cloned())
                        .collect(),
                })
            })
            .await?;
        update.ok_or_else(|| SourceError::Unreachable {
            origin: self.id.to_string(),
            detail: "above the tip".to_owned(),
        })
    }

    async fn transaction(&self, id: &TxId) -> Result<Lookup<TransactionView>, SourceError> {
        let id = id.clone();
        self.ask("transaction", move |chain| {
            let Place::Block(executed, block) = chain.place(&id) else {
                return Lookup::Absent;
            };
            let mut credits = chain.credits(block.height.0);
            credits.retain(|credit| credit.tx_id == id);
            Lookup::Found(TransactionView {
                id,
                block: Some(block.clone()),
                outcome: if executed.succeeded {
                    Outcome::Success
                } else {
                    Outcome::Failed
                },
                signer: None,
                to: None,
                to_is_contract: None,
                credits,
                inputs: Vec::new(),
                unread: BTreeSet::new(),
            })
        })
        .await
    }

    async fn history(&self, _: &Address, _: HeightRange) -> Result<HistoryUpdate, SourceError> {
        Err(self.unsupported("history"))
    }

    async fn account(&self, account: &Address) -> Result<AccountState, SourceError> {
        let account = address::bytes(account).expect("of this family");
        self.ask("account", move |chain| AccountState {
            code: Code::Absent,
            nonce: chain.counts(account).0,
            at: Height(chain.tip()),
        })
        .await
    }

    async fn balance(&self, account: &Address, asset: &AssetId) -> Result<Amount, SourceError> {
        let account = address::bytes(account).expect("of this family");
        let kind = token(asset);
        self.ask("balance", move |chain| {
            Amount::from_u128(chain.held(kind, account))
        })
        .await
    }

    async fn network_cost(&self) -> Result<NetworkCost, SourceError> {
        self.ask("network_cost", |chain| {
            let cost = |gas: u64| Amount::from_u128(u128::from(gas) * ceiling(chain));
            NetworkCost {
                native_transfer: cost(COIN_GAS),
                token_transfer: cost(TOKEN_GAS),
                contract_step: cost(200_000),
                added_input: None,
                reserve: None,
                basis: "twice the base fee".to_owned(),
            }
        })
        .await
    }
}

fn refused(code: &'static str, detail: &str) -> CarryError {
    CarryError::Refused {
        code,
        detail: detail.to_owned(),
    }
}

fn gas_of(leg: &Leg) -> u64 {
    if leg.call.is_some() {
        TOKEN_GAS
    } else {
        COIN_GAS
    }
}

fn plan(chain: &Chain, order: &Order<'_>) -> Result<Vec<Leg>, CarryError> {
    let holder = bytes(order.credit.to.text());
    let recipient = bytes(order.recipient);
    let kind = token(order.asset);
    if holder == recipient {
        return Err(refused("recipient_is_sender", "it lies there already"));
    }
    if chain.held(kind, holder) < small(order.amount) {
        return Err(refused("balance_too_low", "something has spent it"));
    }
    if kind.is_some_and(|token| chain.paused.contains(&token)) {
        return Err(refused("token_paused", "its issuer paused it: wait"));
    }
    let fee_max = |gas: u64| {
        let margin = 100 + u128::from(order.fee_margin_percent);
        Amount::from_u128((u128::from(gas) * ceiling(chain) * margin).div_ceil(100))
    };
    let leg = |kind, signer: Account, asset: AssetId, to: Account, amount| Leg {
        kind,
        network: chain.id.clone(),
        chain: chain_text(chain.chain_id),
        signer: address::text(signer),
        signer_key: None,
        target: address::text(to),
        recipient: address::text(to),
        memo: None,
        asset,
        amount,
        call: None,
        route: None,
        spend: None,
        fee_max: Amount::ZERO,
    };
    let mut transfer = leg(
        order.purpose,
        holder,
        order.asset.clone(),
        recipient,
        order.amount,
    );
    if let Some(token) = kind {
        transfer.target = address::text(token);
        transfer.call = Some(call::transfer(recipient, order.amount));
    }
    transfer.fee_max = fee_max(gas_of(&transfer));
    let value = if kind.is_none() {
        small(order.amount)
    } else {
        0
    };
    let needed = small(transfer.fee_max) + value;
    let there = chain.held(None, holder);
    let Some(missing) = needed.checked_sub(there).filter(|missing| *missing > 0) else {
        return Ok(vec![transfer]);
    };
    let payer = order
        .wallet
        .gas
        .as_deref()
        .ok_or_else(|| refused("gas_account_missing", "name one"))?;
    let mut top_up = leg(
        LegKind::GasTopUp,
        bytes(payer),
        AssetId::native(chain.id.clone()),
        holder,
        Amount::from_u128(missing),
    );
    top_up.fee_max = fee_max(COIN_GAS);
    Ok(vec![top_up, transfer])
}

fn build(chain: &Chain, leg: &Leg, sequence: u64, is_legacy: bool) -> Result<Unsigned, CarryError> {
    let kind = token(&leg.asset);
    if kind.is_some_and(|token| chain.paused.contains(&token)) {
        return Err(refused("token_paused", "its issuer paused it: wait"));
    }
    let price = ceiling(chain);
    let gas_limit = gas_of(leg);
    let needed = Amount::from_u128(u128::from(gas_limit) * price);
    if needed > leg.fee_max {
        return Err(CarryError::FeeAboveLimit {
            needed,
            approved: leg.fee_max,
        });
    }
    let signer = bytes(&leg.signer);
    if sequence < chain.counts(signer).0 {
        return Err(refused("sequence_used", "reserve another"));
    }
    if chain.held(kind, signer) < small(leg.amount) {
        return Err(refused("balance_too_low", "the signer does not hold it"));
    }
    let value = if kind.is_none() { small(leg.amount) } else { 0 };
    if chain.held(None, signer) < value + small(needed) {
        return Err(refused("gas_missing", "something else has spent it"));
    }
    let price = if is_legacy {
        Price::Legacy {
            gas_price: Amount::from_u128(price),
        }
    } else {
        Price::Dynamic {
            max_fee: Amount::from_u128(price),
            max_tip: Amount::from_u128(TIP),
        }
    };
    let transaction = Transaction {
        chain_id: chain.chain_id,
        nonce: sequence,
        price,
        gas_limit,
        to: bytes(&leg.target),
        value: if kind.is_none() {
            leg.amount
        } else {
            Amount::ZERO
        },
        data: leg.call.clone().unwrap_or_default(),
    };
    Ok(Unsigned {
        fee: needed,
        bytes: transaction.unsigned_bytes(),
        slot: Slot {
            account: leg.signer.clone(),
            sequence,
            is_ticket: false,
        },
        valid_until: None,
        valid_through: None,
    })
}

/// How a transaction differs from the leg in the slot.
fn deviations(leg: &Leg, slot: &Slot, executed: &Executed) -> Vec<Deviation> {
    let opened = executed.opened.as_ref().expect("of an account of ours");
    let mut found = EvmCheck
        .verify(leg, &opened.unsigned)
        .err()
        .unwrap_or_default();
    let differ = |field, found: String, approved: &str| Deviation {
        field,
        found,
        approved: approved.to_owned(),
    };
    let signer = address::text(opened.signer);
    if signer != leg.signer {
        found.push(differ("signer", signer, &leg.signer));
    }
    if opened.transaction.nonce != slot.sequence {
        let nonce = opened.transaction.nonce.to_string();
        found.push(differ("sequence", nonce, &slot.sequence.to_string()));
    }
    found
}

fn included(
    chain: &Chain,
    tracked: &Tracked<'_>,
    executed: &Executed,
    block: &BlockRef,
) -> Standing {
    let opened = executed.opened.as_ref().expect("of an account of ours");
    let inclusion = Inclusion {
        tx_id: executed.id.clone(),
        block: block.clone(),
        is_final: block.height.0 <= chain.final_height(),
        fee: Amount::from_u128(executed.fee),
        deviations: deviations(tracked.leg, tracked.slot, executed),
        signer: address::text(opened.signer),
    };
    if executed.succeeded {
        Standing::Included(inclusion)
    } else {
        Standing::Failed(inclusion)
    }
}

fn unknown(reason: &str) -> Standing {
    Standing::Unknown {
        reason: reason.to_owned(),
    }
}

/// As a full node of one's own tells it.
fn standing(chain: &Chain, tracked: &Tracked<'_>) -> Standing {
    let account = bytes(&tracked.slot.account);
    let (latest, last) = chain.counts(account);
    if let Some(id) = tracked.tx_id {
        match chain.place(id) {
            Place::Block(executed, _) if executed.opened.is_none() => {
                return unknown("it is nobody's of ours");
            }
            Place::Block(executed, block) => return included(chain, tracked, executed, block),
            Place::Pool if latest <= tracked.slot.sequence => {
                return Standing::Pending { tx_id: id.clone() };
            }
            Place::Pool | Place::Nowhere => {}
        }
    }
    if latest <= tracked.slot.sequence {
        return Standing::NotSeen;
    }
    let Some((executed, block)) = chain.user_of(account, tracked.slot.sequence) else {
        return unknown("nobody used the slot and it is used");
    };
    match tracked.tx_id {
        None => included(chain, tracked, executed, block),
        Some(_) if last > tracked.slot.sequence && block.height.0 <= chain.final_height() => {
            Standing::Replaced {
                by: Some(executed.id.clone()),
            }
        }
        Some(_) => unknown("another transaction uses the slot, and that is not final"),
    }
}

/// What a node that is some blocks behind says of the same.
fn behind(standing: Standing) -> Standing {
    match standing {
        Standing::Included(inclusion) if inclusion.is_final => Standing::Included(Inclusion {
            is_final: false,
            ..inclusion
        }),
        Standing::Included(_) | Standing::Failed(_) | Standing::Pending { .. } => Standing::NotSeen,
        Standing::NotSeen
        | Standing::Replaced { .. }
        | Standing::Expired { .. }
        | Standing::Unknown { .. } => unknown("the node is behind"),
    }
}

#[async_trait]
impl Carry for Node {
    fn network(&self) -> &NetworkId {
        &self.id
    }

    async fn plan(&self, order: &Order<'_>) -> Result<Vec<Leg>, CarryError> {
        self.ask("plan", |chain| plan(chain, order)).await?
    }

    async fn sequence(&self, account: &str) -> Result<Sequence, CarryError> {
        let account = bytes(account);
        let lags = self.lags();
        Ok(self
            .ask("sequence", move |chain| {
                let (latest, last) = chain.counts(account);
                Sequence {
                    next: if lags {
                        latest
                    } else {
                        chain.next_slot(account)
                    },
                    next_final: last,
                }
            })
            .await?)
    }

    async fn build(
        &self,
        leg: &Leg,
        sequence: u64,
        _: Timestamp,
        _: u32,
    ) -> Result<Unsigned, CarryError> {
        let id = self.id.clone();
        self.world
            .call(self.id.as_str(), "build", |state| {
                let is_legacy = state.dice.chance(300);
                // The mutation: whatever slot was reserved, the next one on the chain is taken.
                let sequence = if state.ignores_slots {
                    state.chain(id.as_str()).next_slot(bytes(&leg.signer))
                } else {
                    sequence
                };
                build(state.chain(id.as_str()), leg, sequence, is_legacy)
            })
            .await?
    }

    async fn send(&self, signed: &Signed) -> Sending {
        let id = self.id.clone();
        let signed_bytes = signed.bytes.clone();
        let answer = self
            .world
            .call(self.id.as_str(), "send", move |state| {
                let faults = state.faults;
                // A node that says yes and forgets.
                if state.dice.chance(faults.lag) {
                    return Ok(());
                }
                let chain = state.chains.iter_mut().find(|chain| chain.id == id);
                let chain = chain.expect("the world has two networks");
                chain.submit(&signed_bytes).map(|_| ())
            })
            .await;
        match answer {
            Ok(Ok(())) => Sending::Accepted {
                by: vec!["node".to_owned()],
            },
            // A nonce that is too low may become right again after a reorganisation.
            Ok(Err(reason)) => Sending::Unknown { reason },
            Err(error) => Sending::Unknown {
                reason: error.to_string(),
            },
        }
    }

    async fn standing(&self, tracked: &Tracked<'_>) -> Result<Standing, CarryError> {
        let lags = self.lags();
        let found = self
            .ask("standing", |chain| standing(chain, tracked))
            .await?;
        Ok(if lags { behind(found) } else { found })
    }
}
