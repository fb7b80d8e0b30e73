//! The deposits and their owners.

use super::chains::{CHAINS, Chain, chain};
use super::codec::{self, Family};
use super::profile::Profile;
use super::random::{Random, number_of};
use super::words::{COINS, Coin, HOURS, REASONS, SENT_WORDS, coin};

/// Deposits of one day, at every size.
const A_DAY: u64 = 1_370;
/// The first second: 2025-01-01T00:00:00Z.
pub const START: i64 = 1_735_689_600;
/// Exchange wallets that many users withdraw from.
const EXCHANGES: u32 = 40;

/// A coin: its place in [`COINS`] and, for an unlisted token, its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asset {
    /// Place in [`COINS`].
    pub coin: usize,
    /// Number of the token; 0 for the others.
    pub token: u32,
}

impl Asset {
    /// The coin's rates and names.
    #[must_use]
    pub const fn coin(self) -> &'static Coin {
        &COINS[self.coin]
    }

    /// Its symbol in the file.
    #[must_use]
    pub fn symbol(self) -> String {
        if self.coin().symbol == "TK" {
            format!("TK{:04}", self.token)
        } else {
            self.coin().symbol.to_owned()
        }
    }
}

/// What was sent where by whom: an orphan deposit, or one that a decoy tells of.
#[derive(Debug, Clone)]
pub struct Payment {
    /// Place in [`CHAINS`].
    pub chain: usize,
    /// Number of the transaction.
    pub transaction: u64,
    /// Place in the transaction.
    pub output: u32,
    /// Unix seconds of the block.
    pub time: i64,
    /// Number of the sender.
    pub from: u64,
    /// Number of the receiver.
    pub to: u64,
    /// The coin.
    pub asset: Asset,
    /// What arrived, in 10^-8.
    pub amount: u64,
    /// What the sending exchange kept of what the user typed, in 10^-8.
    pub fee: u64,
    /// The memo that was sent; empty when none.
    pub memo: String,
    /// Place in [`REASONS`].
    pub reason: usize,
    /// Who sent it.
    pub owner: u32,
    /// Whether it came from a shared exchange wallet.
    pub is_from_exchange: bool,
    /// Whether it is one of a burst of equal ones.
    pub is_of_burst: bool,
}

impl Payment {
    /// Its chain.
    #[must_use]
    pub const fn chain(&self) -> &'static Chain {
        &CHAINS[self.chain]
    }

    /// Its family.
    #[must_use]
    pub const fn family(&self) -> Family {
        self.chain().family
    }

    /// Its transaction id.
    #[must_use]
    pub fn tx_id(&self) -> String {
        codec::transaction(self.chain().style, self.transaction)
    }

    /// The height of its block.
    #[must_use]
    pub const fn height(&self) -> u64 {
        let ms = (self.time - START).unsigned_abs() * 1_000;
        self.chain().height + ms / self.chain().block_ms
    }
}

/// The users: what is theirs follows from their numbers.
pub struct Users {
    seed: u64,
    /// How many there are.
    pub count: u32,
    shared: u32,
    has: Vec<u8>,
}

/// How much a user errs, in percent of a normal one.
const CAREFUL: u32 = 35;
const NORMAL: u32 = 100;
const CARELESS: u32 = 190;

impl Users {
    fn new(seed: u64, size: u64, shared: u32) -> Self {
        let count = u32::try_from(size * 7 / 10 + 8).unwrap_or(u32::MAX);
        Self {
            seed,
            count,
            shared,
            has: vec![0; count as usize],
        }
    }

    /// One of them.
    pub fn any(&self, random: &mut Random) -> u32 {
        u32::try_from(random.below(u64::from(self.count))).unwrap_or(0)
    }

    fn number(&self, of: u64, user: u32, family: Family) -> u64 {
        number_of(self.seed, &[of, u64::from(user), family as u64])
    }

    /// The user whose address and wallet this one uses: usually itself.
    fn household(&self, user: u32, family: Family) -> u32 {
        let is_shared = self.number(9, user, family) % 10_000 < u64::from(self.shared);
        if is_shared {
            user.saturating_sub(1)
        } else {
            user
        }
    }

    /// How much this user errs, in percent.
    #[must_use]
    pub fn carelessness(&self, user: u32) -> u32 {
        match number_of(self.seed, &[10, u64::from(user)]) % 100 {
            0..45 => CAREFUL,
            45..65 => CARELESS,
            _ => NORMAL,
        }
    }

    /// Minutes east of UTC of the user's clock.
    #[must_use]
    pub fn zone(&self, user: u32) -> i64 {
        let zones = super::words::ZONES;
        let place = number_of(self.seed, &[11, u64::from(user)]) % zones.len() as u64;
        zones[usize::try_from(place).unwrap_or(0)]
    }

    /// Notes that the exchange issued an address or a memo of this family to the user.
    pub fn issue(&mut self, user: u32, family: Family) {
        if let Some(has) = self.has.get_mut(user as usize) {
            *has |= 1 << family as u32;
        }
    }

    /// The user's own deposit address.
    #[must_use]
    pub fn deposit_address(&self, user: u32, family: Family) -> u64 {
        self.number(1, self.household(user, family), family)
    }

    /// The wallet the user usually sends from.
    #[must_use]
    pub fn wallet(&self, user: u32, family: Family) -> u64 {
        self.number(2, self.household(user, family), family)
    }

    /// The memo that was assigned to the user.
    #[must_use]
    pub fn memo(&self, user: u32, family: Family) -> u32 {
        let number = self.number(3, user, family) % 899_999_999;
        100_000_000 + u32::try_from(number).unwrap_or(0)
    }

    /// Whether the exchange credited something from that wallet before.
    fn knows_wallet(&self, user: u32, family: Family) -> bool {
        let share = match family {
            Family::Evm => 40,
            Family::Tron | Family::Sol | Family::Btc => 31,
            Family::Xrp | Family::Ton | Family::Xlm | Family::Atom => 48,
        };
        self.number(4, user, family) % 100 < share
    }

    /// The rows of the address book, without the user: role, family, value.
    pub fn rows(&self, user: u32) -> Vec<(&'static str, &'static str, String)> {
        let has = self.has.get(user as usize).copied().unwrap_or(0);
        let mut rows = Vec::new();
        for family in Family::ALL {
            if has & (1 << family as u32) == 0 {
                continue;
            }
            if family.has_memo() {
                let memo = self.memo(user, family).to_string();
                rows.push(("assigned_memo", family.name(), memo));
            } else {
                let number = self.deposit_address(user, family);
                let address = codec::address(family, number);
                rows.push(("deposit_address", family.name(), address));
            }
            if self.knows_wallet(user, family) {
                let address = codec::address(family, self.wallet(user, family));
                rows.push(("past_sender", family.name(), address));
            }
        }
        rows.sort();
        rows
    }
}

/// The whole world: what happened.
pub struct World {
    /// The seed.
    pub seed: u64,
    /// The users.
    pub users: Users,
    /// The orphans, by time.
    pub deposits: Vec<Payment>,
    /// How many share a transaction with the one before.
    pub batched: usize,
}

impl World {
    /// A world with this many orphans.
    #[must_use]
    pub fn new(size: u64, seed: u64, profile: &Profile) -> Self {
        let mut random = Random::new(number_of(seed, &[1]));
        let mut users = Users::new(seed, size, profile.shared_addresses);
        let mut deposits: Vec<Payment> = Vec::new();
        let length = usize::try_from(size).unwrap_or(usize::MAX);
        // A burst has nine on the average: this many of the draws of a missing memo begin one, and so many fewer are drawn.
        let bursts = profile.bursts * 10_000 / (90_000 - 8 * profile.bursts);
        let missing = 100_000_000 / (10_000 + 8 * bursts);
        while deposits.len() < length {
            let reason = random.weighted(REASONS.iter().map(|(_, base, mixes, _)| {
                if profile.has_other_reasons {
                    *mixes
                } else {
                    *base
                }
            }));
            if reason == 0 && !random.chance(missing) {
                continue;
            }
            let first = payment(&mut random, &users, profile, reason, size);
            if reason == 0 && random.chance(bursts) {
                burst(&mut random, &users, &first, &mut deposits);
            } else {
                deposits.push(first);
            }
        }
        deposits.truncate(length);
        deposits.sort_by_key(|deposit| (deposit.time, deposit.transaction));
        let batched = batch(&mut random, &mut deposits);
        for deposit in &deposits {
            users.issue(deposit.owner, deposit.family());
        }
        Self {
            seed,
            users,
            deposits,
            batched,
        }
    }
}

fn time(random: &mut Random, size: u64) -> i64 {
    let days = (size / A_DAY).max(1);
    let day = i64::try_from(random.below(days)).unwrap_or(0);
    let hour = i64::try_from(random.weighted(HOURS.iter().copied())).unwrap_or(0);
    START + day * 86_400 + hour * 3_600 + random.between(0, 3_599)
}

/// The number of an exchange, most often the first.
fn exchange(random: &mut Random) -> u32 {
    let weights = (1..=EXCHANGES).map(|rank| 10_000 / rank);
    u32::try_from(random.weighted(weights)).unwrap_or(0)
}

/// The address of the exchange's own wallet that takes deposits with a memo: one of two.
fn hot_wallet(random: &mut Random, seed: u64, family: Family) -> u64 {
    let which = u64::from(random.chance(1_500));
    number_of(seed, &[5, family as u64, which])
}

fn amount(random: &mut Random, coin: &Coin, reason: &str) -> u64 {
    let is_small = reason == "below_minimum";
    let amount = if random.chance(5_000) {
        let place = random.weighted(coin.popular.iter().map(|(_, weight)| *weight));
        coin.popular[place].0
    } else {
        let drawn = random.log_normal(coin.median, 2_200);
        let place = random.weighted(coin.decimals.iter().map(|(_, weight)| *weight));
        let decimals = coin.decimals[place].0;
        let step = 10u64.pow(8 - decimals.min(8));
        (drawn / step * step).max(step)
    };
    if is_small {
        (amount / 100).max(1)
    } else {
        amount
    }
}

/// One payment of a random user for this reason.
pub(super) fn payment(
    random: &mut Random,
    users: &Users,
    profile: &Profile,
    reason: usize,
    size: u64,
) -> Payment {
    let (name, _, _, places) = &REASONS[reason];
    let (chain_name, symbol, _) = places[random.weighted(places.iter().map(|place| place.2))];
    let place = chain(chain_name);
    let family = CHAINS[place].family;
    let asset = Asset {
        coin: coin(symbol),
        // The first tokens are common, the rest rare: the square of a uniform number, three thousand in all.
        token: if symbol == "TK" {
            let drawn = random.below(3_000) * random.below(3_000) / 3_000;
            u32::try_from(drawn.saturating_sub(45)).unwrap_or(0)
        } else {
            0
        },
    };
    let owner = users.any(random);
    let gross = amount(random, asset.coin(), name);
    let is_from_exchange = random.chance(profile.from_exchange);
    let number = exchange(random);
    let fees = asset.coin().fees;
    let fee = fees[number as usize % fees.len()];
    let is_net = is_from_exchange && fee < gross && random.chance(6_000);
    let from = if is_from_exchange {
        number_of(users.seed, &[6, family as u64, u64::from(number)])
    } else if random.chance(8_000) {
        users.wallet(owner, family)
    } else {
        random.bits()
    };
    let to = if family.has_memo() {
        hot_wallet(random, users.seed, family)
    } else {
        users.deposit_address(owner, family)
    };
    let memo = if *name == "unknown_memo" {
        unknown_memo(random, users.memo(owner, family))
    } else {
        String::new()
    };
    Payment {
        chain: place,
        transaction: random.bits(),
        output: 0,
        time: time(random, size),
        from,
        to,
        asset,
        amount: if is_net { gross - fee } else { gross },
        fee: if is_net { fee } else { 0 },
        memo,
        reason,
        owner,
        is_from_exchange,
        is_of_burst: false,
    }
}

/// A memo that was sent and belongs to nobody: a word, a slip in the own one, or any number.
fn unknown_memo(random: &mut Random, own: u32) -> String {
    let any = random.between(100_000_000, 999_999_999).to_string();
    match random.below(10) {
        0 | 1 => random.one(SENT_WORDS).to_owned(),
        2..6 => {
            let own = own.to_string();
            let slipped = super::spoil::slip(random, &own, "0123456789", false);
            if slipped == own { any } else { slipped }
        }
        _ => any,
    }
}

/// Equal payments of many users in ten minutes: an airdrop, a listing.
fn burst(random: &mut Random, users: &Users, first: &Payment, deposits: &mut Vec<Payment>) {
    let family = first.family();
    let coin = first.asset.coin();
    let popular = coin.popular[random.weighted(coin.popular.iter().map(|(_, weight)| *weight))].0;
    loop {
        let owner = users.any(random);
        let is_from_exchange = first.is_from_exchange;
        deposits.push(Payment {
            transaction: random.bits(),
            time: first.time + random.between(0, 599),
            from: if is_from_exchange {
                first.from
            } else {
                users.wallet(owner, family)
            },
            to: hot_wallet(random, users.seed, family),
            amount: popular,
            fee: 0,
            owner,
            is_of_burst: true,
            ..first.clone()
        });
        if random.chance(10_000 / 9) {
            return;
        }
    }
}

/// Lets deposits of the chains whose transactions have several outputs join the one before on their chain.
fn batch(random: &mut Random, deposits: &mut [Payment]) -> usize {
    let eligible: Vec<usize> = ["TON", "ATOM", "BTC", "ETH", "BSC"].map(chain).to_vec();
    let mut last: [Option<usize>; CHAINS.len()] = [None; CHAINS.len()];
    let mut count = 0;
    for place in 0..deposits.len() {
        let of = deposits[place].chain;
        if let Some(before) = last[of]
            && eligible.contains(&of)
            && random.chance(1_000)
        {
            let (begin, end) = deposits.split_at_mut(place);
            if let (Some(before), Some(here)) = (begin.get(before), end.first_mut()) {
                here.transaction = before.transaction;
                here.output = before.output + 1;
                here.time = before.time;
                here.from = before.from;
                here.is_from_exchange = before.is_from_exchange;
                count += 1;
            }
        }
        last[of] = Some(place);
    }
    count
}

/// An amount as text: no trailing zeros.
#[must_use]
pub fn shown(amount: u64) -> String {
    const ONE: u64 = 100_000_000;
    let part = format!("{:08}", amount % ONE);
    let part = part.trim_end_matches('0');
    if part.is_empty() {
        format!("{}", amount / ONE)
    } else {
        format!("{}.{part}", amount / ONE)
    }
}
