//! The movements inside one executed transaction.

use super::{DecodeError, Decoded, Note, PARTIAL_PAYMENT, flags};
use crate::address;
use crate::asset::{Asset, Money};
use crate::effects::{Effects, Entry, Fate, effects, entries};
use crate::wire::whole;
use recover_core::amount::Amount;
use recover_core::memo::{Memo, MemoKind, place};
use recover_core::network::NetworkId;
use recover_core::observation::{Flag, Mechanism, Observation, Outcome, Position};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The place of a sender's own tag: where money that goes back must be sent.
pub const SOURCE_TAG: &str = "source_tag";
/// The place of a payment's invoice id.
pub const INVOICE_ID: &str = "invoice_id";

type Account = [u8; 20];

/// One movement before it becomes an observation.
struct Movement {
    position: String,
    from: Option<Account>,
    to: Account,
    asset: Asset,
    amount: Amount,
    stated: Amount,
    memos: Vec<Memo>,
    mechanism: Mechanism,
    flags: Vec<Flag>,
}

struct Reading<'a> {
    fields: &'a Map<String, Value>,
    meta: &'a Map<String, Value>,
    effects: Effects,
    movements: Vec<Movement>,
    /// How much of a gain the movements explain.
    explained: BTreeMap<(Account, Asset), Amount>,
    notes: Vec<Note>,
}

/// Every credit of a transaction, and what is odd about it. `executed` is the result code's word, whether validated or not.
pub(super) fn read(
    fields: &Map<String, Value>,
    meta: &Map<String, Value>,
    decoded: &Decoded,
    network: &NetworkId,
    executed: Outcome,
) -> Result<(Vec<Observation>, Vec<Note>), DecodeError> {
    let payer = ["Delegate", "Account"]
        .iter()
        .find_map(|name| address::account(fields.get(*name)?.as_str()?));
    let fee = fields.get("Fee").and_then(whole).unwrap_or_default();
    let mut reading = Reading {
        fields,
        meta,
        effects: effects(meta, payer, fee),
        movements: Vec::new(),
        explained: BTreeMap::new(),
        notes: Vec::new(),
    };
    let kind = decoded.kind.as_str();
    if executed == Outcome::Failed {
        if kind == "Payment" {
            reading.failed_payment()?;
        }
    } else {
        match kind {
            "Payment" => reading.payment()?,
            "CheckCash" => reading.check_cash()?,
            "AccountDelete" => reading.account_delete()?,
            _ => {}
        }
        for entry in entries(meta) {
            match (entry.kind, entry.fate) {
                ("Escrow", Fate::Deleted) => reading.escrow(&entry, kind)?,
                ("PayChannel", Fate::Modified | Fate::Deleted) => reading.channel(&entry)?,
                _ => {}
            }
        }
        reading.rest()?;
    }
    let credits = reading.movements.into_iter().map(|movement| Observation {
        network: network.clone(),
        tx_id: decoded.id.clone(),
        position: Position::new(&movement.position),
        block: None,
        from: movement.from.map(address::format),
        to: address::format(movement.to),
        asset: movement.asset.id(network),
        amount: movement.amount,
        amount_stated: movement.stated,
        balance_delta: None,
        memos: movement.memos,
        mechanism: movement.mechanism,
        outcome: decoded.outcome,
        flags: movement.flags,
    });
    Ok((credits.collect(), reading.notes))
}

/// Whether two amounts differ by less than a thousandth: the last digits of a far greater balance, never another payment.
fn is_rounding(one: Amount, other: Amount) -> bool {
    let difference = one
        .checked_sub(other)
        .or_else(|| other.checked_sub(one))
        .and_then(|difference| {
            difference.mul_ratio_ceil(Amount::from_u128(1_000), Amount::from_u128(1))
        });
    difference.is_some_and(|difference| difference < one)
}

fn bad(field: &'static str) -> DecodeError {
    DecodeError::BadField { field }
}

fn contradiction(detail: String) -> DecodeError {
    DecodeError::Contradiction { detail }
}

/// A tag in a field; `None` when the field is not there.
fn tag(fields: &Map<String, Value>, field: &'static str) -> Result<Option<u32>, DecodeError> {
    match fields.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => whole(value)
            .and_then(|tag| u32::try_from(tag).ok())
            .map(Some)
            .ok_or_else(|| bad(field)),
    }
}

impl Reading<'_> {
    fn account(&self, field: &'static str) -> Result<Account, DecodeError> {
        self.fields
            .get(field)
            .and_then(Value::as_str)
            .and_then(address::account)
            .ok_or_else(|| bad(field))
    }

    /// What a payment asks for. Newer servers call it `DeliverMax`, some write both.
    fn asked(&self) -> Result<Money, DecodeError> {
        ["Amount", "DeliverMax"]
            .iter()
            .find_map(|name| self.fields.get(*name))
            .and_then(Money::read)
            .ok_or_else(|| bad("Amount"))
    }

    /// What the server says was delivered; `None` when it does not say.
    fn delivered(&self) -> Result<Option<Money>, DecodeError> {
        for name in ["delivered_amount", "DeliveredAmount"] {
            match self.meta.get(name) {
                None | Some(Value::Null) => {}
                Some(Value::String(text)) if text == "unavailable" => {}
                Some(value) => {
                    return Money::read(value)
                        .map(Some)
                        .ok_or_else(|| bad("delivered_amount"));
                }
            }
        }
        Ok(None)
    }

    /// The routing place first, then everything else that people write values into.
    fn memos(
        &self,
        destination: Option<u32>,
        source: Option<u32>,
    ) -> Result<Vec<Memo>, DecodeError> {
        let mut memos = vec![match destination {
            Some(tag) => Memo::tag(tag, place::DESTINATION_TAG),
            None => Memo::absent(place::DESTINATION_TAG),
        }];
        memos.extend(source.map(|tag| Memo::tag(tag, SOURCE_TAG)));
        if let Some(id) = self.fields.get("InvoiceID").and_then(Value::as_str) {
            memos.push(Memo {
                kind: MemoKind::Hash,
                raw: hex::decode(id).map_err(|_| bad("InvoiceID"))?,
                place: INVOICE_ID.to_owned(),
            });
        }
        let list = self.fields.get("Memos").and_then(Value::as_array);
        for (index, memo) in list.into_iter().flatten().enumerate() {
            for (name, word) in [
                ("MemoData", "data"),
                ("MemoType", "type"),
                ("MemoFormat", "format"),
            ] {
                let content = memo.get("Memo").and_then(|memo| memo.get(name));
                let Some(text) = content.and_then(Value::as_str) else {
                    continue;
                };
                let raw = hex::decode(text).map_err(|_| bad("Memos"))?;
                let place = format!("memos[{index}].{word}");
                memos.push(if std::str::from_utf8(&raw).is_ok() {
                    Memo::text(&raw, &place)
                } else {
                    Memo {
                        kind: MemoKind::Bytes,
                        raw,
                        place,
                    }
                });
            }
        }
        Ok(memos)
    }

    fn memos_of_transaction(&self) -> Result<Vec<Memo>, DecodeError> {
        self.memos(
            tag(self.fields, "DestinationTag")?,
            tag(self.fields, "SourceTag")?,
        )
    }

    /// The amount in base units; a note and `None` for what is nothing or cannot be counted.
    fn units(&mut self, to: Account, money: &Money, flags: &mut Vec<Flag>) -> Option<Amount> {
        let Some(units) = money.units() else {
            self.notes.push(Note::NotCountable {
                account: address::format(to),
                asset: money.asset.to_string(),
            });
            return None;
        };
        if units.rounded {
            flags.push(Flag::OddShape);
        }
        if units.negative || units.amount.is_zero() {
            self.notes.push(Note::NothingDelivered {
                account: address::format(to),
                delivered: money.value.to_string(),
            });
            return None;
        }
        Some(units.amount)
    }

    fn push(&mut self, movement: Movement) {
        let key = (movement.to, movement.asset);
        let explained = self.explained.entry(key).or_default();
        *explained = explained
            .checked_add(movement.amount)
            .unwrap_or(Amount::MAX);
        self.movements.push(movement);
    }

    /// A payment that took only its fee: seen, so that who asks for it hears that it failed.
    fn failed_payment(&mut self) -> Result<(), DecodeError> {
        let (from, to) = (self.account("Account")?, self.account("Destination")?);
        let asked = self.asked()?;
        let mut flags = Vec::new();
        if let Some(amount) = self.units(to, &asked, &mut flags) {
            let memos = self.memos_of_transaction()?;
            self.push(Movement {
                position: Position::value().as_str().to_owned(),
                from: Some(from),
                to,
                asset: asked.asset,
                amount,
                stated: amount,
                memos,
                mechanism: Mechanism::TopLevel,
                flags,
            });
        }
        Ok(())
    }

    fn payment(&mut self) -> Result<(), DecodeError> {
        let (from, to) = (self.account("Account")?, self.account("Destination")?);
        let asked = self.asked()?;
        let partial = flags(self.fields) & PARTIAL_PAYMENT != 0;
        let delivered = match self.delivered()? {
            Some(delivered) => {
                self.check_delivered(&asked, &delivered, partial, from == to)?;
                delivered
            }
            // Before 2014 servers did not know. Without the flag the amount is exact.
            None if !partial => asked.clone(),
            None => match self.gained(to, asked.asset) {
                Some(delivered) => delivered,
                None => return Ok(()),
            },
        };
        self.check_direct(&delivered, from, to)?;
        // The destination as the issuer means whichever issuer it trusts: the balances tell which.
        if let Asset::Issued { currency, issuer } = delivered.asset
            && issuer == to
            && self.effects.gains_of(to, currency).next().is_some()
        {
            return self.by_issuer(from, to, &asked, &delivered, currency);
        }
        let mut flags = Vec::new();
        let Some(mut amount) = self.units(to, &delivered, &mut flags) else {
            return Ok(());
        };
        if from == to {
            // A payment to oneself converts; what it brought is what the balance gained, never what went round.
            let gain = self.effects.gain(to, delivered.asset);
            if gain.is_zero() {
                self.notes.push(Note::NothingDelivered {
                    account: address::format(to),
                    delivered: delivered.value.to_string(),
                });
                return Ok(());
            }
            amount = amount.min(gain);
        }
        let stated = asked
            .units()
            .map_or(amount, |units| units.amount)
            .max(amount);
        if partial && amount < stated {
            flags.push(Flag::PartialDelivery);
        }
        if delivered.asset.issuer() == Some(to) {
            flags.push(Flag::BalanceUnchanged);
        }
        let memos = self.memos_of_transaction()?;
        self.push(Movement {
            position: Position::value().as_str().to_owned(),
            from: Some(from),
            to,
            asset: delivered.asset,
            amount,
            stated,
            memos,
            mechanism: Mechanism::TopLevel,
            flags: sorted(flags),
        });
        Ok(())
    }

    /// The metadata is not signed, the payment is: what is delivered must fit what was signed.
    fn check_delivered(
        &self,
        asked: &Money,
        delivered: &Money,
        partial: bool,
        to_self: bool,
    ) -> Result<(), DecodeError> {
        let same = match (asked.asset, delivered.asset) {
            (Asset::Issued { currency: a, .. }, Asset::Issued { currency: b, .. }) => a == b,
            (a, b) => a == b,
        };
        if !same {
            return Err(contradiction(format!(
                "{} was sent and {} delivered",
                asked.asset, delivered.asset
            )));
        }
        let (Some(asked), Some(given)) = (asked.units(), delivered.units()) else {
            return Ok(());
        };
        // Payments to oneself report oddities (-1); nothing is credited by them beyond the balance.
        if !to_self && !partial && asked != given {
            return Err(contradiction(
                "another amount was delivered than sent, and the payment is not a partial one"
                    .to_owned(),
            ));
        }
        // Issued currencies round in their last digit.
        if delivered.asset == Asset::Xrp && !given.negative && given.amount > asked.amount {
            return Err(contradiction("more was delivered than sent".to_owned()));
        }
        Ok(())
    }

    /// XRP that goes from one account to the other directly: the balance must show exactly that.
    fn check_direct(
        &self,
        delivered: &Money,
        from: Account,
        to: Account,
    ) -> Result<(), DecodeError> {
        let direct = delivered.asset == Asset::Xrp
            && from != to
            && !self.fields.contains_key("SendMax")
            && !self.fields.contains_key("Paths");
        // An excerpt leaves accounts out; then the signed amount stands alone.
        if direct && self.effects.shown.contains(&to) {
            let gain = self.effects.gain(to, Asset::Xrp);
            let given = delivered.units().map(|units| units.amount);
            if given != Some(gain) {
                return Err(contradiction(format!(
                    "{} drops were delivered and the balance grew by {}",
                    delivered.value,
                    gain.to_base_units()
                )));
            }
        }
        Ok(())
    }

    /// What a partial payment without `delivered_amount` brought, from the balances.
    fn gained(&mut self, to: Account, asset: Asset) -> Option<Money> {
        let gain = match asset {
            Asset::Issued { currency, issuer } if issuer == to => {
                // Several issuers: told apart later, here it only matters that something came.
                let mut gains = self.effects.gains_of(to, currency);
                gains.next().map(|(_, gain)| gain)
            }
            _ => Some(self.effects.gain(to, asset)),
        };
        let gain = gain.filter(|gain| !gain.is_zero());
        if gain.is_none() {
            self.notes.push(Note::DeliveredUnknown {
                account: address::format(to),
            });
        }
        let scale = match asset {
            Asset::Issued { .. } => crate::number::ISSUED_DECIMALS,
            Asset::Xrp | Asset::Mpt(_) => 0,
        };
        gain.map(|gain| Money {
            asset,
            value: crate::number::Number::of_units(gain, scale),
        })
    }

    /// A payment in any issuer's currency: one credit for each trust line that grew.
    fn by_issuer(
        &mut self,
        from: Account,
        to: Account,
        asked: &Money,
        delivered: &Money,
        currency: crate::asset::Currency,
    ) -> Result<(), DecodeError> {
        let gains: Vec<(Asset, Amount)> = self.effects.gains_of(to, currency).collect();
        let stated = asked.units().map(|units| units.amount).unwrap_or_default();
        let partial = flags(self.fields) & PARTIAL_PAYMENT != 0;
        let delivered = delivered.units().map(|units| units.amount);
        let single = gains.len() == 1;
        for (asset, grown) in gains {
            // A balance has 16 digits and swallows the last ones of what it received: delivered is what was delivered.
            let gain = delivered
                .filter(|delivered| single && from != to && is_rounding(*delivered, grown))
                .unwrap_or(grown);
            let stated = if single { stated.max(gain) } else { gain };
            let memos = self.memos_of_transaction()?;
            self.push(Movement {
                position: balance_position(to, asset),
                from: Some(from),
                to,
                asset,
                amount: gain,
                stated,
                memos,
                mechanism: Mechanism::TopLevel,
                flags: if partial && gain < stated {
                    vec![Flag::PartialDelivery]
                } else {
                    Vec::new()
                },
            });
        }
        Ok(())
    }

    /// A check: its sender and tags stand only in the entry that was removed.
    fn check_cash(&mut self) -> Result<(), DecodeError> {
        let to = self.account("Account")?;
        let meta = self.meta;
        let check =
            entries(meta).find(|entry| entry.kind == "Check" && entry.fate == Fate::Deleted);
        let Some(check) = check else {
            return Ok(());
        };
        let exact = self.fields.get("Amount").and_then(Money::read);
        let asset = check.money("SendMax").map(|money| money.asset);
        let delivered = match self.delivered()?.or(exact) {
            Some(delivered) => Some(delivered),
            None => asset.and_then(|asset| self.gained(to, asset)),
        };
        let Some(delivered) = delivered else {
            return Ok(());
        };
        let memos = self.memos(check.tag("DestinationTag"), check.tag("SourceTag"))?;
        let stated = check
            .money("SendMax")
            .filter(|money| money.asset == delivered.asset);
        self.arrive(
            "check",
            Mechanism::Check,
            check.account("Account"),
            to,
            &delivered,
            stated.as_ref(),
            memos,
        );
        Ok(())
    }

    /// A closed account leaves its XRP to another one.
    fn account_delete(&mut self) -> Result<(), DecodeError> {
        let (from, to) = (self.account("Account")?, self.account("Destination")?);
        let delivered = match self.delivered()? {
            Some(delivered) => Some(delivered),
            None => self.gained(to, Asset::Xrp),
        };
        let Some(delivered) = delivered else {
            return Ok(());
        };
        self.check_direct(&delivered, from, to)?;
        let memos = self.memos_of_transaction()?;
        self.arrive(
            "account_delete",
            Mechanism::AccountMerge,
            Some(from),
            to,
            &delivered,
            None,
            memos,
        );
        Ok(())
    }

    /// An escrow that was released or cancelled: anyone may submit it, so all facts stand in the entry that was removed.
    fn escrow(&mut self, entry: &Entry<'_>, kind: &str) -> Result<(), DecodeError> {
        let owner = entry.account("Account").ok_or_else(|| bad("Account"))?;
        let to = match kind {
            "EscrowFinish" => entry
                .account("Destination")
                .ok_or_else(|| bad("Destination"))?,
            "EscrowCancel" => owner,
            // Another way to end an escrow that we do not know: the balances tell.
            _ => return Ok(()),
        };
        let held = entry.money("Amount").ok_or_else(|| bad("Amount"))?;
        let gain = self.effects.gain(to, held.asset);
        let mut amount = held.clone();
        match held.asset {
            Asset::Xrp => {
                if self.effects.shown.contains(&to)
                    && held.units().map(|units| units.amount) != Some(gain)
                {
                    return Err(contradiction(format!(
                        "an escrow of {} drops ended and the balance grew by {}",
                        held.value,
                        gain.to_base_units()
                    )));
                }
            }
            // An issuer's fee may have been taken from it.
            Asset::Issued { .. } | Asset::Mpt(_) if !gain.is_zero() => {
                let scale = if matches!(held.asset, Asset::Mpt(_)) {
                    0
                } else {
                    crate::number::ISSUED_DECIMALS
                };
                amount.value = crate::number::Number::of_units(gain, scale);
            }
            Asset::Issued { .. } | Asset::Mpt(_) => {}
        }
        let memos = if kind == "EscrowFinish" {
            self.memos(entry.tag("DestinationTag"), entry.tag("SourceTag"))?
        } else {
            Vec::new()
        };
        self.arrive(
            "escrow",
            Mechanism::Escrow,
            Some(owner),
            to,
            &amount,
            Some(&held),
            memos,
        );
        Ok(())
    }

    /// A payment channel: what it paid out since the claim before, and what goes back when it closes.
    fn channel(&mut self, entry: &Entry<'_>) -> Result<(), DecodeError> {
        let drops = |value: Option<&Value>| value.and_then(whole);
        let owner = entry.account("Account").ok_or_else(|| bad("Account"))?;
        let to = entry
            .account("Destination")
            .ok_or_else(|| bad("Destination"))?;
        let paid_in_all = drops(entry.get("Balance")).unwrap_or_default();
        let paid = drops(entry.before("Balance"))
            .and_then(|before| paid_in_all.checked_sub(before))
            .unwrap_or_default();
        if paid > 0 {
            let memos = self.memos(entry.tag("DestinationTag"), entry.tag("SourceTag"))?;
            self.arrive(
                "channel",
                Mechanism::PaymentChannel,
                Some(owner),
                to,
                &Money::drops(paid),
                None,
                memos,
            );
        }
        let left = drops(entry.get("Amount")).and_then(|all| all.checked_sub(paid_in_all));
        if entry.fate == Fate::Deleted
            && let Some(left) = left.filter(|left| *left > 0)
        {
            self.arrive(
                "channel:refund",
                Mechanism::PaymentChannel,
                Some(owner),
                owner,
                &Money::drops(left),
                None,
                Vec::new(),
            );
        }
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one movement")]
    fn arrive(
        &mut self,
        position: &str,
        mechanism: Mechanism,
        from: Option<Account>,
        to: Account,
        delivered: &Money,
        stated: Option<&Money>,
        memos: Vec<Memo>,
    ) {
        let mut flags = Vec::new();
        let Some(amount) = self.units(to, delivered, &mut flags) else {
            return;
        };
        let stated = stated
            .and_then(Money::units)
            .map_or(amount, |units| units.amount)
            .max(amount);
        if delivered.asset.issuer() == Some(to) {
            flags.push(Flag::BalanceUnchanged);
        }
        self.push(Movement {
            position: position.to_owned(),
            from,
            to,
            asset: delivered.asset,
            amount,
            stated,
            memos,
            mechanism,
            flags: sorted(flags),
        });
    }

    /// Whatever else grew: consumed offers, withdrawals from pools, sales of tokens, kinds of transaction that did not exist
    /// when this was written.
    fn rest(&mut self) -> Result<(), DecodeError> {
        let named = self.account("Destination").ok();
        let signer = self.account("Account").ok();
        let gains = std::mem::take(&mut self.effects.gains);
        for ((to, asset), gain) in gains {
            let explained = self.explained.get(&(to, asset)).copied();
            let left = match (explained, asset) {
                (None, _) => gain,
                // The last digit of an issued currency is rounded with each change of a balance.
                (Some(_), Asset::Issued { .. }) => continue,
                (Some(explained), _) => match gain.checked_sub(explained) {
                    Some(left) if !left.is_zero() => left,
                    _ => continue,
                },
            };
            let addressed = named == Some(to) && explained.is_none();
            let memos = if addressed {
                self.memos_of_transaction()?
            } else {
                Vec::new()
            };
            self.movements.push(Movement {
                position: balance_position(to, asset),
                from: signer.filter(|from| addressed && *from != to),
                to,
                asset,
                amount: left,
                stated: left,
                memos,
                mechanism: Mechanism::BalanceChange,
                flags: Vec::new(),
            });
        }
        for (account, asset) in std::mem::take(&mut self.effects.uncounted) {
            let named = self
                .movements
                .iter()
                .any(|movement| movement.to == account && movement.asset == asset);
            if !named {
                self.notes.push(Note::NotCountable {
                    account: address::format(account),
                    asset: asset.to_string(),
                });
            }
        }
        Ok(())
    }
}

fn balance_position(to: Account, asset: Asset) -> String {
    format!("balance:{}:{asset}", address::text(to))
}

fn sorted(mut flags: Vec<Flag>) -> Vec<Flag> {
    flags.sort();
    flags.dedup();
    flags
}
