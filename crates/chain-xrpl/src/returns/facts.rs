//! What must be known of the ledger and its accounts before a return is planned.

use crate::address;
use crate::number::Number;
use crate::signature::account_of_key;
use serde_json::{Map, Value};

/// `lsfRequireDestTag`: payments without a destination tag fail.
const REQUIRE_TAG: u32 = 0x0002_0000;
/// `lsfRequireAuth`: the issuer lets only authorised accounts hold its currencies.
const REQUIRE_AUTHORISATION: u32 = 0x0004_0000;
/// `lsfDisallowXRP`: the account asks not to be sent XRP; the ledger does not enforce it.
const DISALLOW_XRP: u32 = 0x0008_0000;
/// `lsfGlobalFreeze`: the issuer froze all its currencies.
const GLOBAL_FREEZE: u32 = 0x0040_0000;
/// `lsfDepositAuth`: only authorised accounts may send to it.
const DEPOSIT_AUTHORISATION: u32 = 0x0100_0000;
/// `lsfDisableMaster`: the account's own key signs no more.
const MASTER_DISABLED: u32 = 0x0010_0000;

/// What the ledger asks of everyone. Always read from a server: these have changed before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LedgerFacts {
    /// The newest validated ledger.
    pub validated: u32,
    /// The fee of a plain transaction, in drops.
    pub base_fee_drops: u64,
    /// What an account must hold, in drops.
    pub reserve_base_drops: u64,
    /// What it must hold for each thing that it owns in the ledger, in drops.
    pub reserve_increment_drops: u64,
}

impl LedgerFacts {
    /// What an account with so many things must hold, in drops.
    #[must_use]
    pub fn reserve_drops(&self, owner_count: u32) -> u64 {
        let owned = self
            .reserve_increment_drops
            .saturating_mul(owner_count.into());
        self.reserve_base_drops.saturating_add(owned)
    }
}

/// One account's root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AccountFacts {
    /// Its XRP, in drops.
    pub balance_drops: u64,
    /// How many things it owns in the ledger: trust lines, offers, tickets.
    pub owner_count: u32,
    /// Its next sequence number.
    pub sequence: u32,
    /// Its flags, bit by bit.
    pub flags: u32,
    /// What it asks for transfers of its currencies, in billionths; 0 for nothing, else from 1,000,000,000.
    pub transfer_rate: u32,
    /// The account whose key may sign for it (`RegularKey`); `None` where it set none.
    pub regular_key: Option<[u8; 20]>,
}

impl AccountFacts {
    /// Reads the `AccountRoot` of an answer; `None` when a field that must be there is not.
    #[must_use]
    pub fn read(root: &Map<String, Value>) -> Option<Self> {
        let number = |name: &str| root.get(name).and_then(crate::wire::whole);
        let small = |name: &str| Some(u32::try_from(number(name).unwrap_or_default()).ok());
        Some(Self {
            balance_drops: number("Balance")?,
            owner_count: u32::try_from(number("OwnerCount")?).ok()?,
            sequence: u32::try_from(number("Sequence")?).ok()?,
            flags: u32::try_from(number("Flags")?).ok()?,
            transfer_rate: small("TransferRate")??,
            regular_key: match root.get("RegularKey") {
                None | Some(Value::Null) => None,
                Some(value) => Some(address::account(value.as_str()?)?),
            },
        })
    }

    /// Whether a key may sign alone for it, where it is the account `account`: its own key while that is not disabled, or its
    /// regular key.
    #[must_use]
    pub fn may_sign(&self, account: [u8; 20], key: [u8; 33]) -> bool {
        let signer = account_of_key(key);
        let by_master = signer == account && self.flags & MASTER_DISABLED == 0;
        by_master || self.regular_key == Some(signer)
    }

    /// Whether payments to it need a destination tag.
    #[must_use]
    pub const fn requires_tag(&self) -> bool {
        self.flags & REQUIRE_TAG != 0
    }

    /// Whether it takes payments only from accounts that it named.
    #[must_use]
    pub const fn requires_deposit_authorisation(&self) -> bool {
        self.flags & DEPOSIT_AUTHORISATION != 0
    }

    /// Whether it asks not to be sent XRP. Advice: the ledger lets such a payment pass, and who sent XRP may get it back.
    #[must_use]
    pub const fn disallows_xrp(&self) -> bool {
        self.flags & DISALLOW_XRP != 0
    }

    /// Whether, as an issuer, it lets only authorised accounts hold its currencies.
    #[must_use]
    pub const fn requires_authorisation(&self) -> bool {
        self.flags & REQUIRE_AUTHORISATION != 0
    }

    /// Whether, as an issuer, it froze all its currencies.
    #[must_use]
    pub const fn is_frozen(&self) -> bool {
        self.flags & GLOBAL_FREEZE != 0
    }
}

/// One trust line, from the view of the account that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineFacts {
    /// What it holds; below zero when it is the one that issued.
    pub balance: Number,
    /// The most that it is willing to hold.
    pub limit: Number,
    /// Whether the issuer froze this line.
    pub frozen: bool,
    /// Whether the issuer authorised this line.
    pub authorised: bool,
}

impl LineFacts {
    /// Reads a line of `account_lines`; `None` when it cannot be read.
    #[must_use]
    pub fn read(line: &Map<String, Value>) -> Option<Self> {
        let number = |name: &str| Number::parse(line.get(name)?.as_str()?);
        let flag = |name: &str| line.get(name).and_then(Value::as_bool) == Some(true);
        Some(Self {
            balance: number("balance")?,
            limit: number("limit")?,
            frozen: flag("freeze_peer"),
            authorised: flag("peer_authorized"),
        })
    }
}

/// Everything that a plan looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnFacts {
    /// The ledger.
    pub ledger: LedgerFacts,
    /// Our account; `None` when it does not exist.
    pub own: Option<AccountFacts>,
    /// Our trust line in the returned currency; `None` for XRP and where there is none.
    pub own_line: Option<LineFacts>,
    /// The account that gets the money back; `None` only when a server proved that it does not exist.
    pub destination: Option<AccountFacts>,
    /// Its trust line in the returned currency; `None` for XRP and where there is none.
    pub destination_line: Option<LineFacts>,
    /// The currency's issuer; `None` for XRP.
    pub issuer: Option<AccountFacts>,
}
