//! What a transaction changed, from the ledger entries that its metadata lists.

use crate::address;
use crate::asset::{Asset, Currency, Money};
use crate::number::{ISSUED_DECIMALS, Number, Units};
use crate::wire::whole;
use recover_core::amount::Amount;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What happened to a ledger entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It was made.
    Created,
    /// It was changed.
    Modified,
    /// It was removed.
    Deleted,
}

/// One ledger entry before and after.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// Its type (`AccountRoot`, `RippleState`).
    pub kind: &'a str,
    /// What happened to it.
    pub fate: Fate,
    /// Its fields afterwards; as they were last for a removed one.
    pub after: &'a Map<String, Value>,
    /// Of the fields that changed, what they held before.
    before: Option<&'a Map<String, Value>>,
}

impl<'a> Entry<'a> {
    /// A field afterwards.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a Value> {
        self.after.get(name)
    }

    /// A field before, where it changed.
    #[must_use]
    pub fn before(&self, name: &str) -> Option<&'a Value> {
        self.before?.get(name)
    }

    /// An account named in a field.
    #[must_use]
    pub fn account(&self, name: &str) -> Option<[u8; 20]> {
        address::account(self.get(name)?.as_str()?)
    }

    /// An amount in a field.
    #[must_use]
    pub fn money(&self, name: &str) -> Option<Money> {
        Money::read(self.get(name)?)
    }

    /// A 32-bit number in a field; `None` when it is not there.
    #[must_use]
    pub fn tag(&self, name: &str) -> Option<u32> {
        whole(self.get(name)?)?.try_into().ok()
    }
}

/// The entries that a transaction touched, in the order listed. Entries without fields (only their thread moved) are left out.
pub fn entries(meta: &Map<String, Value>) -> impl Iterator<Item = Entry<'_>> {
    let nodes = meta.get("AffectedNodes").and_then(Value::as_array);
    nodes.into_iter().flatten().filter_map(|node| {
        let (name, fate, after) = [
            ("CreatedNode", Fate::Created, "NewFields"),
            ("ModifiedNode", Fate::Modified, "FinalFields"),
            ("DeletedNode", Fate::Deleted, "FinalFields"),
        ]
        .into_iter()
        .find(|(name, _, _)| node.get(*name).is_some())?;
        let node = node.get(name)?;
        Some(Entry {
            kind: node.get("LedgerEntryType")?.as_str()?,
            fate,
            after: node.get(after)?.as_object()?,
            before: node.get("PreviousFields").and_then(Value::as_object),
        })
    })
}

/// What accounts gained, by account and asset: only what they hold, never what they owe as an issuer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effects {
    /// Gains above zero. XRP before the fee was taken.
    pub gains: BTreeMap<([u8; 20], Asset), Amount>,
    /// Accounts whose XRP balance the metadata shows, whether it changed or not.
    pub shown: std::collections::BTreeSet<[u8; 20]>,
    /// Accounts and assets whose balance is past what we can count.
    pub uncounted: Vec<([u8; 20], Asset)>,
}

/// Reads the changes of balances. `payer` paid `fee` drops, which is not counted as a loss: what came in is asked.
#[must_use]
pub fn effects(meta: &Map<String, Value>, payer: Option<[u8; 20]>, fee: u64) -> Effects {
    let mut effects = Effects::default();
    for entry in entries(meta) {
        match entry.kind {
            "AccountRoot" => effects.account_root(&entry, payer, fee),
            "RippleState" => effects.trust_line(&entry),
            "MPToken" => effects.token(&entry),
            _ => {}
        }
    }
    effects
}

impl Effects {
    /// What an account gained of an asset; nothing when it lost or kept.
    #[must_use]
    pub fn gain(&self, account: [u8; 20], asset: Asset) -> Amount {
        self.gains
            .get(&(account, asset))
            .copied()
            .unwrap_or_default()
    }

    /// What an account gained of a currency, by issuer.
    pub fn gains_of(
        &self,
        account: [u8; 20],
        currency: Currency,
    ) -> impl Iterator<Item = (Asset, Amount)> {
        self.gains
            .iter()
            .filter_map(move |((holder, asset), gain)| {
                let same = matches!(asset, Asset::Issued { currency: of, .. } if *of == currency);
                (*holder == account && same).then_some((*asset, *gain))
            })
    }

    fn add(&mut self, account: [u8; 20], asset: Asset, before: Amount, after: Amount) {
        if let Some(gain) = after.checked_sub(before)
            && !gain.is_zero()
        {
            // An account has one entry for each asset, so nothing is added twice.
            self.gains.insert((account, asset), gain);
        }
    }

    fn account_root(&mut self, entry: &Entry<'_>, payer: Option<[u8; 20]>, fee: u64) {
        let Some(account) = entry.account("Account") else {
            return;
        };
        self.shown.insert(account);
        let drops = |value: Option<&Value>| -> Option<i128> {
            let units = Money::read(value?)
                .filter(|money| money.asset == Asset::Xrp)?
                .units()?;
            let amount = i128::try_from(units.amount.to_u128()?).ok()?;
            Some(if units.negative { -amount } else { amount })
        };
        let Some(after) = drops(entry.get("Balance")) else {
            return;
        };
        let before = match entry.fate {
            Fate::Created => Some(0),
            Fate::Modified | Fate::Deleted => drops(entry.before("Balance")).or(Some(after)),
        };
        let fee = if payer == Some(account) {
            i128::from(fee)
        } else {
            0
        };
        let gain = before
            .and_then(|before| after.checked_sub(before)?.checked_add(fee))
            .and_then(|gain| u128::try_from(gain).ok());
        self.add(
            account,
            Asset::Xrp,
            Amount::ZERO,
            Amount::from_u128(gain.unwrap_or_default()),
        );
    }

    /// A trust line counts for whoever holds: its balance is written from the view of the account with the lower number.
    fn trust_line(&mut self, entry: &Entry<'_>) {
        let side = |name: &str| address::account(entry.get(name)?.get("issuer")?.as_str()?);
        let balance = |value: &Value| Number::parse(value.get("value")?.as_str()?);
        let code = || Currency::parse(entry.get("Balance")?.get("currency")?.as_str()?);
        let (Some(low), Some(high), Some(currency), Some(after)) = (
            side("LowLimit"),
            side("HighLimit"),
            code(),
            entry.get("Balance").and_then(balance),
        ) else {
            return;
        };
        let before = match (entry.fate, entry.before("Balance").and_then(balance)) {
            (_, Some(before)) => Some(before),
            (Fate::Created, None) => Number::parse("0"),
            // The balance did not change.
            (Fate::Modified | Fate::Deleted, None) => return,
        };
        let units = |number: &Number| number.units(ISSUED_DECIMALS);
        let holder_of = |number: &Number| if number.is_negative() { high } else { low };
        let (before, after_units) = (before.as_ref().and_then(units), units(&after));
        for (holder, issuer) in [(low, high), (high, low)] {
            let asset = Asset::Issued { currency, issuer };
            let view = |units: Units| {
                if holder == low {
                    units
                } else {
                    units.negated()
                }
            };
            match (before, after_units) {
                (Some(before), Some(after)) => {
                    self.add(holder, asset, view(before).held(), view(after).held());
                }
                _ if holder == holder_of(&after) => self.uncounted.push((holder, asset)),
                _ => {}
            }
        }
    }

    fn token(&mut self, entry: &Entry<'_>) {
        let id = |value: &Value| {
            let mut bytes = [0; 24];
            hex::decode_to_slice(value.as_str()?, &mut bytes).ok()?;
            Some(bytes)
        };
        let amount = |value: Option<&Value>| Some(Amount::from_u128(whole(value?)?.into()));
        let (Some(account), Some(id)) = (
            entry.account("Account"),
            entry.get("MPTokenIssuanceID").and_then(id),
        ) else {
            return;
        };
        // A field that holds nothing is left out: before, after, and in what it was before.
        let after = amount(entry.get("MPTAmount")).unwrap_or_default();
        let unchanged = entry.before.is_none_or(|before| !before.is_empty());
        let before = match amount(entry.before("MPTAmount")) {
            Some(before) => before,
            None if entry.fate != Fate::Created && unchanged => after,
            None => Amount::ZERO,
        };
        self.add(account, Asset::Mpt(id), before, after);
    }
}
