//! One made-up account chain: blocks, a pool of waiting transactions, finality, reorganisations. Transactions are real bytes with
//! real signatures; their effects are those of plain coin transfers and of `transfer(address,uint256)` of made-up tokens.
//!
//! It is the truth of the simulation: nothing here knows the engine.

use crate::dice::Dice;
use crate::keys::Account;
use recover_chain_evm::transaction::{self, Opened, Price};
use recover_chain_evm::{address, call};
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::{BlockHash, BlockRef, Height, TxId};
use recover_core::network::NetworkId;
use recover_core::observation::{Mechanism, Observation, Outcome, Position};
use recover_core::time::Timestamp;
use recover_source::chain::Header;
use std::collections::{BTreeMap, BTreeSet};

/// Gas of a plain transfer.
pub const COIN_GAS: u64 = 21_000;
/// Gas of a token's transfer.
pub const TOKEN_GAS: u64 = 60_000;
/// Blocks on top of a final one.
pub const DEPTH: u64 = 6;

/// What an account moves: the native coin, or a token.
pub type Kind = Option<Account>;

/// What waits for a block.
#[derive(Clone, Debug)]
pub enum Item {
    /// A customer pays: somebody else's transaction, of which only the effect matters.
    Gift(Gift),
    /// A transaction signed by a key of the exchange.
    Signed(Box<Opened>),
}

/// A customer's payment.
#[derive(Clone, Debug)]
pub struct Gift {
    pub id: TxId,
    pub from: Account,
    pub to: Account,
    pub kind: Kind,
    pub amount: u128,
}

/// A movement of money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    pub kind: Kind,
    pub from: Account,
    pub to: Account,
    pub amount: u128,
}

/// A transaction in a block.
#[derive(Clone, Debug)]
pub struct Executed {
    pub id: TxId,
    /// The transaction; `None` for a customer's payment.
    pub opened: Option<Box<Opened>>,
    pub succeeded: bool,
    pub fee: u128,
    pub movement: Option<Movement>,
}

#[derive(Clone, Debug, Default)]
struct Accounts {
    money: BTreeMap<(Kind, Account), u128>,
    counts: BTreeMap<Account, u64>,
}

#[derive(Clone, Debug)]
struct Block {
    header: Header,
    executed: Vec<Executed>,
    after: Accounts,
}

/// Where a transaction is.
pub enum Place<'a> {
    /// In a block.
    Block(&'a Executed, &'a BlockRef),
    /// It waits.
    Pool,
    /// Nowhere.
    Nowhere,
}

/// A chain.
pub struct Chain {
    pub id: NetworkId,
    pub chain_id: u64,
    /// What a unit of gas costs in the next block.
    pub base_fee: u128,
    /// Tokens whose transfers fail now.
    pub paused: BTreeSet<Account>,
    blocks: Vec<Block>,
    pool: Vec<(Item, Vec<u8>)>,
    final_height: u64,
    branch: u64,
}

impl Chain {
    /// A chain with some empty blocks.
    pub fn new(name: &str, chain_id: u64, now: Timestamp) -> Chain {
        let mut chain = Chain {
            id: NetworkId::new(name),
            chain_id,
            base_fee: 10_000_000_000,
            paused: BTreeSet::new(),
            blocks: Vec::new(),
            pool: Vec::new(),
            final_height: 0,
            branch: 0,
        };
        for _ in 0..DEPTH + 2 {
            chain.append(now, |_| true);
        }
        chain
    }

    pub fn tip(&self) -> u64 {
        u64::try_from(self.blocks.len()).expect("short") - 1
    }

    pub fn final_height(&self) -> u64 {
        self.final_height
    }

    pub fn header(&self, height: u64) -> Option<&Header> {
        self.block(height).map(|block| &block.header)
    }

    fn block(&self, height: u64) -> Option<&Block> {
        self.blocks.get(usize::try_from(height).ok()?)
    }

    fn at(&self, height: u64) -> Option<&Accounts> {
        self.block(height).map(|block| &block.after)
    }

    /// What an account holds at the tip.
    pub fn held(&self, kind: Kind, account: Account) -> u128 {
        let accounts = self.at(self.tip()).expect("the tip is there");
        accounts.money.get(&(kind, account)).copied().unwrap_or(0)
    }

    /// How many transactions an account sent: at the tip and in final state.
    pub fn counts(&self, account: Account) -> (u64, u64) {
        let at = |height| {
            let accounts = self.at(height).expect("not above the tip");
            accounts.counts.get(&account).copied().unwrap_or(0)
        };
        (at(self.tip()), at(self.final_height))
    }

    /// The next slot with what waits counted, as a node's pool does.
    pub fn next_slot(&self, account: Account) -> u64 {
        let (mut next, _) = self.counts(account);
        while self.pool.iter().any(|(item, _)| {
            matches!(item, Item::Signed(opened)
                if opened.signer == account && opened.transaction.nonce == next)
        }) {
            next += 1;
        }
        next
    }

    /// Money from nowhere, for the exchange's own accounts at the start.
    pub fn endow(&mut self, kind: Kind, account: Account, amount: u128) {
        let tip = self.blocks.last_mut().expect("the tip is there");
        *tip.after.money.entry((kind, account)).or_default() += amount;
    }

    /// A customer's payment is on its way.
    pub fn give(&mut self, gift: Gift) {
        self.pool.push((Item::Gift(gift), Vec::new()));
    }

    /// Signed bytes arrive at a node. What can never be executed is refused; the same bytes again are known.
    pub fn submit(&mut self, bytes: &[u8]) -> Result<TxId, String> {
        let opened = transaction::open(bytes).map_err(|error| error.to_string())?;
        let id = address::tx_id(&opened.hash);
        if opened.transaction.chain_id != self.chain_id {
            return Err("another chain".to_owned());
        }
        match self.place(&id) {
            Place::Block(..) | Place::Pool => return Ok(id),
            Place::Nowhere => {}
        }
        if opened.transaction.nonce < self.counts(opened.signer).0 {
            return Err("nonce too low".to_owned());
        }
        self.pool
            .push((Item::Signed(Box::new(opened)), bytes.to_vec()));
        Ok(id)
    }

    /// Where a transaction is.
    pub fn place(&self, id: &TxId) -> Place<'_> {
        for block in self.blocks.iter().rev() {
            if let Some(found) = block.executed.iter().find(|executed| executed.id == *id) {
                return Place::Block(found, &block.header.block);
            }
        }
        let waits = self.pool.iter().any(|(item, _)| item.id() == *id);
        if waits { Place::Pool } else { Place::Nowhere }
    }

    /// Who used a slot, and where.
    pub fn user_of(&self, account: Account, nonce: u64) -> Option<(&Executed, &BlockRef)> {
        self.blocks.iter().find_map(|block| {
            let found = block.executed.iter().find(|executed| {
                executed.opened.as_ref().is_some_and(|opened| {
                    opened.signer == account && opened.transaction.nonce == nonce
                })
            })?;
            Some((found, &block.header.block))
        })
    }

    /// Everything in blocks, oldest first, with whether its block is final.
    pub fn executed(&self) -> impl Iterator<Item = (&Executed, bool)> {
        self.blocks.iter().flat_map(|block| {
            let is_final = block.header.block.height.0 <= self.final_height;
            block
                .executed
                .iter()
                .map(move |executed| (executed, is_final))
        })
    }

    /// Blocks with what waits, in any order, and some of it later.
    pub fn mine(&mut self, count: u64, now: Timestamp, dice: &mut Dice) {
        for _ in 0..count {
            for place in (1..self.pool.len()).rev() {
                let other = dice.below(u64::try_from(place).expect("short") + 1);
                self.pool
                    .swap(place, usize::try_from(other).expect("short"));
            }
            self.append(now, |_| !dice.chance(150));
        }
    }

    /// Everything that can be included is.
    pub fn mine_all(&mut self, count: u64, now: Timestamp) {
        for _ in 0..count {
            self.append(now, |_| true);
        }
    }

    fn append(&mut self, now: Timestamp, mut wanted: impl FnMut(&Item) -> bool) {
        let parent = self.blocks.last().map(|block| block.header.block.clone());
        let height = parent.as_ref().map_or(0, |parent| parent.height.0 + 1);
        let after_parent = self.blocks.last().map(|block| block.after.clone());
        let mut after = after_parent.unwrap_or_default();
        let time = parent
            .as_ref()
            .and_then(|parent| parent.time.plus_seconds(1))
            .map_or(now, |least| least.max(now));
        let mut executed = Vec::new();
        let mut pool: Vec<(Item, Vec<u8>)> = std::mem::take(&mut self.pool);
        let mut skipped: BTreeSet<TxId> = BTreeSet::new();
        for (item, _) in &pool {
            if !wanted(item) {
                skipped.insert(item.id());
            }
        }
        // Until nothing more fits: the order in the pool is not the order of an account.
        loop {
            let next = pool
                .iter()
                .position(|(item, _)| !skipped.contains(&item.id()) && self.fits(item, &after));
            let Some(next) = next else { break };
            let (item, _) = pool.remove(next);
            executed.push(self.execute(item, &mut after));
        }
        // What lost its slot can never come.
        pool.retain(|(item, _)| match item {
            Item::Gift(_) => true,
            Item::Signed(opened) => {
                let used = after.counts.get(&opened.signer).copied().unwrap_or(0);
                opened.transaction.nonce >= used
            }
        });
        self.pool = pool;
        self.blocks.push(Block {
            header: Header {
                block: BlockRef {
                    height: Height(height),
                    hash: BlockHash::new(&format!("0x{:016x}{height:048x}", self.branch)),
                    time,
                },
                parent: parent.map_or_else(|| BlockHash::new("0x00"), |parent| parent.hash),
            },
            executed,
            after,
        });
        self.final_height = self.final_height.max(height.saturating_sub(DEPTH));
    }

    fn fits(&self, item: &Item, accounts: &Accounts) -> bool {
        let Item::Signed(opened) = item else {
            return true;
        };
        let transaction = &opened.transaction;
        let used = accounts.counts.get(&opened.signer).copied().unwrap_or(0);
        let held = accounts
            .money
            .get(&(None, opened.signer))
            .copied()
            .unwrap_or(0);
        let needed = transaction
            .fee_max()
            .and_then(|fee| fee.checked_add(transaction.value))
            .and_then(Amount::to_u128);
        transaction.nonce == used
            && transaction.price.ceiling() >= Amount::from_u128(self.base_fee)
            && needed.is_some_and(|needed| held >= needed)
    }

    fn execute(&self, item: Item, accounts: &mut Accounts) -> Executed {
        let opened = match item {
            Item::Gift(gift) => {
                let movement = Movement {
                    kind: gift.kind,
                    from: gift.from,
                    to: gift.to,
                    amount: gift.amount,
                };
                *accounts.money.entry((gift.kind, gift.to)).or_default() += gift.amount;
                return Executed {
                    id: gift.id,
                    opened: None,
                    succeeded: true,
                    fee: 0,
                    movement: Some(movement),
                };
            }
            Item::Signed(opened) => opened,
        };
        let transaction = &opened.transaction;
        let price = match transaction.price {
            Price::Legacy { gas_price } => gas_price.to_u128().expect("small"),
            Price::Dynamic { max_fee, max_tip } => {
                let with_tip = self.base_fee + max_tip.to_u128().expect("small");
                with_tip.min(max_fee.to_u128().expect("small"))
            }
        };
        let value = transaction.value.to_u128().expect("small");
        let moved = match call::read_transfer(&transaction.data) {
            Some((to, amount)) => amount.to_u128().map(|amount| Movement {
                kind: Some(transaction.to),
                from: opened.signer,
                to,
                amount,
            }),
            None => Some(Movement {
                kind: None,
                from: opened.signer,
                to: transaction.to,
                amount: value,
            }),
        };
        let (gas, is_paused) = match moved.as_ref().and_then(|moved| moved.kind) {
            Some(token) => (TOKEN_GAS, self.paused.contains(&token)),
            None => (COIN_GAS, false),
        };
        let gas = gas.min(transaction.gas_limit);
        let fee = u128::from(gas) * price;
        *accounts.counts.entry(opened.signer).or_default() += 1;
        let coins = accounts.money.entry((None, opened.signer)).or_default();
        *coins -= fee;
        let movement = moved.filter(|moved| {
            let held = accounts
                .money
                .get(&(moved.kind, moved.from))
                .copied()
                .unwrap_or(0);
            !is_paused && held >= moved.amount
        });
        if let Some(moved) = &movement {
            *accounts.money.entry((moved.kind, moved.from)).or_default() -= moved.amount;
            *accounts.money.entry((moved.kind, moved.to)).or_default() += moved.amount;
        }
        Executed {
            id: address::tx_id(&opened.hash),
            succeeded: movement.is_some(),
            opened: Some(opened),
            fee,
            movement,
        }
    }

    /// Drops blocks that are not final and grows another branch, one block longer. What was in them comes back, later or never.
    pub fn reorganise(&mut self, depth: u64, now: Timestamp, dice: &mut Dice) -> u64 {
        let depth = depth.min(self.tip() - self.final_height);
        if depth == 0 {
            return 0;
        }
        self.branch += 1;
        let keep = usize::try_from(self.tip() + 1 - depth).expect("short");
        for block in self.blocks.split_off(keep) {
            for executed in block.executed {
                let item = match (&executed.opened, &executed.movement) {
                    (Some(opened), _) => (Item::Signed(opened.clone()), Vec::new()),
                    (None, Some(moved)) => (
                        Item::Gift(Gift {
                            id: executed.id.clone(),
                            from: moved.from,
                            to: moved.to,
                            kind: moved.kind,
                            amount: moved.amount,
                        }),
                        Vec::new(),
                    ),
                    (None, None) => continue,
                };
                // A tenth is gone for good, unless somebody sends it again.
                if !dice.chance(100) {
                    self.pool.push(item);
                }
            }
        }
        for _ in 0..=depth {
            self.mine(1, now, dice);
        }
        depth
    }

    /// Nodes forget what waits: any of it, or nothing.
    pub fn forget(&mut self, dice: &mut Dice) -> usize {
        let before = self.pool.len();
        self.pool
            .retain(|(item, _)| matches!(item, Item::Gift(_)) || !dice.chance(500));
        before - self.pool.len()
    }

    /// The credits of a block, as a node states them.
    pub fn credits(&self, height: u64) -> Vec<Observation> {
        let Some(block) = self.block(height) else {
            return Vec::new();
        };
        let credits = block.executed.iter().filter_map(|executed| {
            let moved = executed.movement.as_ref()?;
            let amount = Amount::from_u128(moved.amount);
            let (asset, position, mechanism) = match moved.kind {
                None => (
                    AssetId::native(self.id.clone()),
                    Position::value(),
                    Mechanism::TopLevel,
                ),
                Some(token) => (
                    AssetId::contract(self.id.clone(), &address::text(token)),
                    Position::log(0),
                    Mechanism::TokenTransfer,
                ),
            };
            Some(Observation {
                network: self.id.clone(),
                tx_id: executed.id.clone(),
                position,
                block: Some(block.header.block.clone()),
                from: Some(address::format(moved.from)),
                to: address::format(moved.to),
                asset,
                amount,
                amount_stated: amount,
                balance_delta: Some(amount),
                memos: Vec::new(),
                mechanism,
                outcome: Outcome::Success,
                flags: Vec::new(),
            })
        });
        credits.collect()
    }
}

impl Item {
    fn id(&self) -> TxId {
        match self {
            Item::Gift(gift) => gift.id.clone(),
            Item::Signed(opened) => address::tx_id(&opened.hash),
        }
    }
}
