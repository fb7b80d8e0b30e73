//! Carrying returns: one leg laid out, its bytes built, given to the network and followed.
//!
//! The account's sequence in committed state is the proof of everything negative: while it has not passed a transaction's own, the
//! transaction is in no block, and beyond its last height it never will be. No index is believed for that.
//!
//! What is followed over IBC ends with its packet leaving this network. One that does not arrive comes back to the account and is
//! found there as a deposit (`ibc_refund`).

use crate::address;
use crate::check::{CosmosCheck, NAMESPACE, deviations_on_chain};
use crate::decode::{DenomOrContract, Transaction, fee_of, raw_of};
use crate::key::PublicKey;
use crate::networks::{self, CosmosNetwork};
use crate::returns::{self, Destination, Fee, ReturnRefusal, ReturnRequest, SignMode};
use crate::source::cost::{GAS_CONTRACT, GAS_PAYMENT};
use crate::source::desk::{Desk, Receipt, Seen, unsigned_transaction};
use crate::source::preflight::Preflight;
use crate::source::refusal::Refusal;
use async_trait::async_trait;
use recover_core::address::Address;
use recover_core::amount::Amount;
use recover_core::asset::{AssetId, AssetReference};
use recover_core::block::{BlockRef, Height, TxId};
use recover_core::check::{Check, Deviation, Signed, Slot};
use recover_core::memo::{Memo, MemoKind, place};
use recover_core::network::NetworkId;
use recover_core::observation::Outcome;
use recover_core::plan::{Leg, LegKind};
use recover_core::time::Timestamp;
use recover_core::verdict::Verdict;
use recover_source::carry::{
    Carry, CarryError, Inclusion, Order, Sending, Sequence, Standing, Tracked, Unsigned,
};
use recover_source::chain::{Header, NetworkCost};
use recover_source::error::SourceError;
use serde_json::Value;

/// How many blocks the time between blocks is measured over, the longest first: nodes that prune keep the last hundred.
const SPANS: [u64; 3] = [1_000, 100, 10];
/// How old a source's newest block may be, in seconds: an older one tells an account's sequence of yesterday.
const HEAD_AGE_SECONDS_MAX: i64 = 15 * 60;
/// How much longer than its transaction a packet stays valid: a relayer brings it after the block.
const PACKET_SECONDS: i64 = 3_600;
/// How many blocks past its last height a transaction is called expired: behind one address of a gateway stand nodes that are a
/// few blocks apart, and the account may come from the last of them.
const EXPIRY_BLOCKS: u64 = 20;
/// Gas above what a trial run used, in percent: the state moves on before the real one.
const GAS_PERCENT: u64 = 130;

/// Carries over one source.
#[derive(Debug)]
pub(super) struct Carrier<D>(pub D);

fn refused(code: &'static str, detail: impl Into<String>) -> CarryError {
    CarryError::Refused {
        code,
        detail: detail.into(),
    }
}

fn not_built(refusal: &ReturnRefusal) -> CarryError {
    refused(refusal.code(), refusal.to_string())
}

/// What is free in a leg: where it stands in its account's order, and how long it is valid.
struct Slotted {
    account_number: u64,
    sequence: u64,
    gas_limit: u64,
    timeout_height: Height,
    packet_timeout: u64,
}

/// The return that a leg and a slot are.
fn request(
    leg: &Leg,
    network: &CosmosNetwork,
    denom: &str,
    slotted: &Slotted,
) -> Result<ReturnRequest, CarryError> {
    let account = |text: &str| {
        address::parse(text).map_err(|error| refused("address_unreadable", error.to_string()))
    };
    let to = match &leg.route {
        None => Destination::Account(account(&leg.recipient)?),
        Some(route) => {
            let (port, channel) = route
                .split_once('/')
                .ok_or_else(|| refused("route_unknown", format!("'{route}' is no channel")))?;
            Destination::OverIbc {
                port: port.to_owned(),
                channel: channel.to_owned(),
                receiver: leg.recipient.clone(),
                timeout_nanoseconds: slotted.packet_timeout,
            }
        }
    };
    let memo = match &leg.memo {
        None => String::new(),
        Some(memo) => String::from_utf8(memo.raw.clone())
            .map_err(|_| refused("memo_letter", "the memo is no text; ask for it again"))?,
    };
    let key = leg.signer_key.as_deref().and_then(|text| {
        let bytes = hex::decode(text).ok()?;
        PublicKey::from_bytes(&bytes)
    });
    Ok(ReturnRequest {
        network: leg.network.clone(),
        chain: leg
            .chain
            .strip_prefix(NAMESPACE)
            .unwrap_or_default()
            .to_owned(),
        from: account(&leg.signer)?,
        to,
        denom: denom.to_owned(),
        amount: leg.amount,
        memo,
        fee: Fee {
            denom: network.native_denom.to_owned(),
            amount: leg.fee_max,
            gas_limit: slotted.gas_limit,
        },
        timeout_height: slotted.timeout_height,
        account_number: slotted.account_number,
        sequence: slotted.sequence,
        public_key: key,
        mode: SignMode::Direct,
    })
}

/// The gas that a leg may use before anybody tried it.
fn usual_gas(route: Option<&str>) -> u64 {
    if route.is_some() {
        GAS_CONTRACT
    } else {
        GAS_PAYMENT
    }
}

/// What gas costs at least, by the price that the source asks.
fn price_of(gas: u64, cost: &NetworkCost) -> Option<Amount> {
    cost.native_transfer.mul_ratio_ceil(
        Amount::from_u128(u128::from(gas)),
        Amount::from_u128(u128::from(GAS_PAYMENT)),
    )
}

/// What a failed trial run means.
fn failed_trial(refusal: &Refusal) -> CarryError {
    let words = refusal.words.to_lowercase();
    let says = |marks: &[&str]| marks.iter().any(|mark| words.contains(mark));
    let (code, advice) = if says(&["not allowed to receive funds"]) {
        (
            "recipient_blocked",
            "the network lets nobody pay this account; ask the customer for another address",
        )
    } else if says(&["transfers are currently disabled", "disabled"]) {
        (
            "transfers_disabled",
            "the network has switched transfers of this coin off; wait until it switches them on",
        )
    } else if says(&["insufficient funds", "insufficient spendable"]) {
        (
            "balance_too_low",
            "the account cannot pay the amount and the fee; check what it holds",
        )
    } else if says(&[
        "channel not found",
        "channel state",
        "client state",
        "client is not active",
    ]) {
        (
            "channel_closed",
            "the channel home does not work now; look at it in an explorer, or return it by hand",
        )
    } else {
        ("simulation_failed", "the network would refuse it")
    };
    refused(code, format!("{advice} ({})", refusal.words))
}

impl<D: Desk> Carrier<D> {
    fn known(&self) -> Result<&'static CosmosNetwork, CarryError> {
        let network = &self.0.api().settings.network;
        networks::by_name(network).ok_or_else(|| CarryError::ByHand {
            what: format!("a return on {network}, whose keys and fees are not known,"),
        })
    }

    fn chain(&self) -> String {
        format!("{NAMESPACE}{}", self.0.api().settings.chain)
    }

    fn denom(&self, asset: &AssetId) -> Result<String, CarryError> {
        if matches!(asset.reference, AssetReference::Unlisted(_)) {
            return Err(refused(
                "asset_unlisted",
                format!("{asset} is only a symbol of a file; name it by its denomination"),
            ));
        }
        match self.0.api().decoder.denom_or_contract(asset) {
            Some(DenomOrContract::Denom(denom)) => Ok(denom),
            Some(DenomOrContract::Contract(contract)) => Err(CarryError::ByHand {
                what: format!("a transfer of the token of contract {contract}"),
            }),
            None => Err(refused(
                "asset_of_another_network",
                format!("{asset} is none of {}", self.0.api().settings.network),
            )),
        }
    }

    /// An account of this network, in its own writing.
    fn account(&self, text: &str) -> Result<Address, CarryError> {
        let address = address::parse(text)
            .map_err(|error| refused("address_unreadable", error.to_string()))?;
        Ok(self.0.api().written(&address)?)
    }

    async fn preflight(&self, address: &Address, asset: &AssetId) -> Result<Preflight, CarryError> {
        self.0
            .preflight(address, asset)
            .await?
            .ok_or_else(|| absent(address.text()))
    }

    /// The way to a recipient: none on this network, else the channel by which the deposit came.
    async fn route(
        &self,
        order: &Order<'_>,
        network: &CosmosNetwork,
        from: &Address,
        denom: &str,
    ) -> Result<Option<String>, CarryError> {
        if address::parse(order.recipient).is_ok_and(|to| address::prefix(&to) == network.prefix) {
            return Ok(None);
        }
        if order.purpose != LegKind::Return {
            return Err(refused(
                "recipient_of_another_network",
                format!(
                    "{} is no account of {} ({}1…); take the treasury's account there",
                    order.recipient, order.credit.network, network.prefix
                ),
            ));
        }
        let api = self.0.api();
        let Seen::Row(answer) = self.0.seen(&order.credit.tx_id).await? else {
            return Err(CarryError::Source(api.client.not_kept(format!(
                "the deposit's transaction {}, which names the channel that it came by",
                order.credit.tx_id
            ))));
        };
        let arrivals = api
            .decoder
            .arrivals(&answer)
            .map_err(|error| api.undecodable(error))?;
        let mut routes: Vec<String> = arrivals
            .into_iter()
            .filter(|arrival| {
                arrival.sender == order.recipient
                    && arrival.denom == denom
                    && address::parse(&arrival.receiver)
                        .is_ok_and(|receiver| receiver.payload() == from.payload())
            })
            .map(|arrival| arrival.route)
            .collect();
        routes.sort();
        routes.dedup();
        match (routes.pop(), routes.is_empty()) {
            (Some(only), true) => Ok(Some(only)),
            _ => Err(refused(
                "route_unknown",
                format!(
                    "{} did not send this deposit over one channel; ask for an account of {} or return it by hand",
                    order.recipient, order.credit.network
                ),
            )),
        }
    }

    /// Tries a transaction without its signature; `None` where the source cannot.
    async fn trial(&self, request: &ReturnRequest) -> Result<Option<u64>, CarryError> {
        let built = returns::build(request).map_err(|refusal| not_built(&refusal))?;
        let raw = unsigned_transaction(&built.body, &built.auth_info);
        match self.0.simulate(&raw).await? {
            Ok(gas) => Ok(Some(gas)),
            Err(refusal) if refusal.is_unknown_method() => Ok(None),
            Err(refusal) => Err(failed_trial(&refusal)),
        }
    }

    /// The newest block, and the height that the network will have reached after so many seconds, rounded up.
    async fn height_after(&self, seconds: u32) -> Result<(Header, Height), CarryError> {
        let api = self.0.api();
        let head = self.0.head().await?.latest;
        let now = head.block.height.0;
        for span in SPANS.into_iter().filter(|span| *span < now) {
            let before = match self.0.header(Height(now.saturating_sub(span))).await {
                Ok(Some(header)) => header,
                Ok(None) | Err(SourceError::NotKept { .. }) => continue,
                Err(error) => return Err(error.into()),
            };
            let micros = head.block.time.micros_since(before.block.time);
            let micros = u128::try_from(micros)
                .ok()
                .filter(|micros| *micros > 0)
                .ok_or_else(|| api.client.inconsistent("blocks whose time does not go on"))?;
            let blocks = u128::from(seconds)
                .saturating_mul(1_000_000)
                .saturating_mul(u128::from(span))
                .div_ceil(micros)
                .max(1);
            let last = u64::try_from(blocks)
                .ok()
                .and_then(|blocks| now.checked_add(blocks))
                .ok_or_else(|| api.client.inconsistent("blocks too fast to count"))?;
            return Ok((head, Height(last)));
        }
        Err(CarryError::Source(api.client.not_kept(
            "any older block, by which the time between blocks is measured",
        )))
    }

    fn packet_timeout(&self, head: &Header, seconds: u32) -> Result<u64, CarryError> {
        let until = head
            .block
            .time
            .plus_seconds(i64::from(seconds).saturating_add(PACKET_SECONDS))
            .and_then(|until| u64::try_from(until.as_micros()).ok())
            .and_then(|micros| micros.checked_mul(1_000));
        until.ok_or_else(|| {
            CarryError::Source(
                self.0
                    .api()
                    .client
                    .inconsistent(format!("a block of {}", head.block.time)),
            )
        })
    }

    fn is_ours(&self, leg: &Leg) -> Result<(), CarryError> {
        if leg.network == self.0.api().settings.network && leg.chain == self.chain() {
            return Ok(());
        }
        Err(refused(
            "wrong_network",
            format!(
                "the leg is for {} ({}) and this source carries {}",
                leg.network,
                leg.chain,
                self.chain()
            ),
        ))
    }

    async fn block_at(&self, height: Height) -> Result<BlockRef, CarryError> {
        let header = self.0.header(height).await?;
        let api = self.0.api();
        header.map(|header| header.block).ok_or_else(|| {
            CarryError::Source(
                api.client
                    .inconsistent(format!("a transaction in block {height}, above its tip")),
            )
        })
    }

    /// A row as a transaction in a block; `None` where it stands in none.
    async fn included(
        &self,
        leg: &Leg,
        row: &Value,
        id: Option<&TxId>,
    ) -> Result<Option<(Inclusion, Transaction)>, CarryError> {
        let api = self.0.api();
        let mut transactions = api
            .decoder
            .transactions(row)
            .map_err(|error| api.undecodable(error))?;
        let transaction = match (transactions.pop(), transactions.is_empty()) {
            (Some(only), true) if id.is_none_or(|id| only.id == *id) => only,
            _ => {
                return Err(CarryError::Source(
                    api.client
                        .inconsistent("another transaction than asked for"),
                ));
            }
        };
        let Some(height) = transaction.height else {
            return Ok(None);
        };
        let raw = raw_of(row, &transaction.id);
        let mut deviations = match &raw {
            Some(raw) => deviations_on_chain(leg, &api.settings.chain, raw),
            None => vec![Deviation {
                field: "bytes",
                found: "a transaction of another form".to_owned(),
                approved: "one payment of one coin".to_owned(),
            }],
        };
        if transaction.outcome == Outcome::Success
            && leg.route.is_none()
            && transaction.has_events
            && !paid(leg, &transaction)
        {
            deviations.push(Deviation {
                field: "movement",
                found: "the network tells of no such payment".to_owned(),
                approved: format!(
                    "{} of {} to {}",
                    leg.amount.to_base_units(),
                    leg.asset,
                    leg.recipient
                ),
            });
        }
        let inclusion = Inclusion {
            tx_id: transaction.id.clone(),
            block: self.block_at(height).await?,
            // A block of CometBFT is final when it is there.
            is_final: true,
            fee: self.fee(row, raw.as_deref())?,
            deviations,
            signer: transaction
                .signer
                .as_ref()
                .map_or_else(|| "unknown".to_owned(), |signer| signer.text().to_owned()),
        };
        Ok(Some((inclusion, transaction)))
    }

    /// The fee that a transaction states, which the network takes whole, in its own coin: other coins are none of it.
    fn fee(&self, row: &Value, raw: Option<&[u8]>) -> Result<Amount, CarryError> {
        let api = self.0.api();
        let native = self.known()?.native_denom;
        let coins = fee_of(row, raw)
            .ok_or_else(|| api.client.not_protocol("a transaction without its fee"))?;
        let mut sum = Amount::ZERO;
        for (_, amount) in coins.iter().filter(|(denom, _)| denom == native) {
            sum = sum
                .checked_add(api.amount(amount)?)
                .ok_or_else(|| api.client.inconsistent("a fee above all amounts"))?;
        }
        Ok(sum)
    }

    /// What used a slot, by the events that the signature check writes; the inner text says why nobody can tell.
    async fn user_of(&self, slot: &Slot) -> Result<Result<Value, String>, CarryError> {
        let term = format!("tx.acc_seq='{}/{}'", slot.account, slot.sequence);
        let rows = match self.0.by_event(&term).await? {
            Ok(rows) => rows,
            Err(refusal) => return Ok(Err(refusal.words)),
        };
        let api = self.0.api();
        // One that failed in the signature check has the event and did not use the slot; the one that used it is the other.
        let mut used = Vec::new();
        for row in rows {
            let transactions = api
                .decoder
                .transactions(&row)
                .map_err(|error| api.undecodable(error))?;
            let succeeded = transactions
                .iter()
                .any(|transaction| transaction.outcome == Outcome::Success);
            used.push((succeeded, row));
        }
        used.sort_by_key(|(succeeded, _)| !succeeded);
        let only = used.len() == 1 || used.iter().filter(|(succeeded, _)| *succeeded).count() == 1;
        Ok(match used.into_iter().next() {
            Some((_, row)) if only => Ok(row),
            Some(_) => Err("several transactions stand under the slot".to_owned()),
            None => Err("its index has no transaction under the slot".to_owned()),
        })
    }

    /// Where a transaction stands whose slot is used in the state of a block.
    async fn of_used_slot(
        &self,
        tracked: &Tracked<'_>,
        at: Height,
    ) -> Result<Standing, CarryError> {
        let mut is_absent = false;
        if let Some(id) = tracked.tx_id {
            // Once more: it may have come into a block since.
            match self.0.seen(id).await? {
                Seen::Row(row) => {
                    if let Some((inclusion, transaction)) =
                        self.included(tracked.leg, &row, Some(id)).await?
                    {
                        return Ok(settled(inclusion, &transaction));
                    }
                }
                // A node writes its index after its state: only what is long over is believed to be missing there.
                Seen::Absent => is_absent = is_over(tracked.valid_through, at),
                Seen::NotHere => {}
            }
        }
        let row = match self.user_of(tracked.slot).await? {
            Ok(row) => row,
            Err(_) if is_absent => return Ok(Standing::Replaced { by: None }),
            Err(reason) => return Ok(self.untold(tracked.slot, &reason)),
        };
        if let Some(id) = tracked.tx_id {
            let by = self.id_of(&row)?;
            if by.as_ref() != Some(id) {
                return Ok(Standing::Replaced { by });
            }
        }
        // The index has it, though the look-up had not: it has only just come.
        match self.included(tracked.leg, &row, tracked.tx_id).await? {
            Some((inclusion, transaction)) => Ok(settled(inclusion, &transaction)),
            None => Ok(self.untold(tracked.slot, "it stands in no block")),
        }
    }

    fn untold(&self, slot: &Slot, reason: &str) -> Standing {
        Standing::Unknown {
            reason: format!(
                "the slot {}/{} is used, and {} cannot tell by which transaction: {reason}",
                slot.account,
                slot.sequence,
                self.0.name()
            ),
        }
    }

    fn id_of(&self, row: &Value) -> Result<Option<TxId>, CarryError> {
        let api = self.0.api();
        let transactions = api
            .decoder
            .transactions(row)
            .map_err(|error| api.undecodable(error))?;
        Ok(transactions
            .into_iter()
            .next()
            .map(|transaction| transaction.id))
    }
}

fn absent(account: &str) -> CarryError {
    refused(
        "account_absent",
        format!("{account} was never used on this network; check the address"),
    )
}

/// Whether nothing that ends with a height can still come, or is only now being written down.
fn is_over(valid_through: Option<Height>, at: Height) -> bool {
    valid_through.is_some_and(|last| at.0 > last.0.saturating_add(EXPIRY_BLOCKS))
}

/// Whether the network's events tell of the leg's payment, once.
fn paid(leg: &Leg, transaction: &Transaction) -> bool {
    transaction
        .credits
        .iter()
        .filter(|credit| {
            credit.to.text() == leg.recipient
                && credit.asset == leg.asset
                && credit.amount == leg.amount
        })
        .count()
        == 1
}

fn settled(inclusion: Inclusion, transaction: &Transaction) -> Standing {
    if transaction.outcome == Outcome::Success {
        Standing::Included(inclusion)
    } else {
        Standing::Failed(inclusion)
    }
}

/// What a node's answer to signed bytes means. Codes of the SDK's own errors (`types/errors`).
fn judged(receipt: &Receipt, signed: &Signed, origin: &str) -> Sending {
    let words = || {
        format!(
            "{origin} answered {} {}: {}",
            receipt.codespace, receipt.code, receipt.words
        )
    };
    match (receipt.codespace.as_str(), receipt.code) {
        (_, 0) if receipt.tx_id.as_ref().is_some_and(|id| *id != signed.tx_id) => {
            Sending::Unknown {
                reason: format!("{origin} took another transaction than it was given"),
            }
        }
        // 19: it has it already.
        (_, 0) | ("sdk", 19) => Sending::Accepted {
            by: vec![origin.to_owned()],
        },
        // Bytes that nobody can read, a signature that is not the account's, a key of another form, a memo or a size above the
        // limits, options that nobody knows, a last height that has passed: none of these can change.
        ("sdk", 2 | 4 | 8 | 12 | 21 | 28 | 30) => Sending::Refused { reason: words() },
        // Sequences (3, 32), balances (5), prices (13), full queues (20) move.
        _ => Sending::Unknown { reason: words() },
    }
}

#[async_trait]
impl<D: Desk> Carry for Carrier<D> {
    fn network(&self) -> &NetworkId {
        &self.0.api().settings.network
    }

    async fn plan(&self, order: &Order<'_>) -> Result<Vec<Leg>, CarryError> {
        let network = self.known()?;
        if !matches!(order.verdict, Verdict::Controllable(_)) {
            return Err(refused(
                "not_controllable",
                format!(
                    "nobody can sign for {} ({})",
                    order.credit.to, order.verdict
                ),
            ));
        }
        if !matches!(order.purpose, LegKind::Transfer | LegKind::Return) {
            return Err(CarryError::ByHand {
                what: format!("a {} on {}", order.purpose, order.credit.network),
            });
        }
        let denom = self.denom(order.asset)?;
        let from = self.account(order.credit.to.text())?;
        let route = self.route(order, network, &from, &denom).await?;
        let account = self.preflight(&from, order.asset).await?;
        let key = order
            .wallet
            .keys
            .iter()
            .find(|(account, _)| account == from.text())
            .map(|(_, key)| key.to_lowercase())
            .or_else(|| account.public_key.map(|key| hex::encode(key.bytes())))
            .ok_or_else(|| {
                not_built(&ReturnRefusal::PublicKeyMissing {
                    address: from.text().to_owned(),
                })
            })?;
        let cost = self.0.network_cost().await?;
        let gas_limit = usual_gas(route.as_deref());
        let percent = Amount::from_u128(u128::from(order.fee_margin_percent).saturating_add(100));
        let too_much = || refused("fee_too_high", "the network's price is out of all bounds");
        let fee_max = price_of(gas_limit, &cost)
            .and_then(|fee| fee.mul_ratio_ceil(percent, Amount::from_u128(100)))
            .ok_or_else(too_much)?;
        let memo_place = if route.is_some() {
            place::PACKET_MEMO
        } else {
            place::MEMO
        };
        let memo = match order.memo {
            Some(memo) if !memo.raw.is_empty() => {
                if memo.kind != MemoKind::Text {
                    return Err(refused(
                        "memo_kind",
                        format!(
                            "a {} is no memo of this network; give it as text",
                            memo.kind
                        ),
                    ));
                }
                Some(Memo {
                    kind: MemoKind::Text,
                    raw: memo.raw.clone(),
                    place: memo_place.to_owned(),
                })
            }
            _ => None,
        };
        let recipient = match &route {
            None => self.account(order.recipient)?.text().to_owned(),
            Some(_) => order.recipient.to_owned(),
        };
        let leg = Leg {
            kind: order.purpose,
            network: order.credit.network.clone(),
            chain: self.chain(),
            signer: from.text().to_owned(),
            signer_key: Some(key),
            target: recipient.clone(),
            recipient,
            memo,
            asset: order.asset.clone(),
            amount: order.amount,
            call: None,
            route,
            fee_max,
        };
        self.is_ours(&leg)?;
        let (head, last) = self.height_after(600).await?;
        let request = request(
            &leg,
            network,
            &denom,
            &Slotted {
                account_number: account.account_number,
                sequence: account.sequence,
                gas_limit,
                timeout_height: last,
                packet_timeout: self.packet_timeout(&head, 600)?,
            },
        )?;
        // What can be refused without the network is, and first.
        returns::build(&request).map_err(|refusal| not_built(&refusal))?;
        for (coin, needed) in request.needs() {
            let spendable = if coin == denom {
                account.spendable
            } else {
                let native = AssetId::native(order.credit.network.clone());
                self.preflight(&from, &native).await?.spendable
            };
            if needed.is_none_or(|needed| spendable < needed) {
                return Err(refused(
                    if coin == denom {
                        "balance_too_low"
                    } else {
                        "fee_balance_too_low"
                    },
                    format!(
                        "{from} can spend {} {coin} and needs {}; send it what is missing",
                        spendable.to_base_units(),
                        needed.map_or_else(String::new, Amount::to_base_units)
                    ),
                ));
            }
        }
        self.trial(&request).await?;
        Ok(vec![leg])
    }

    async fn sequence(&self, account: &str) -> Result<Sequence, CarryError> {
        let written = self.account(account)?;
        let (found, _) = self.0.auth(written.text()).await?;
        let found = found.ok_or_else(|| absent(written.text()))?;
        // What waits is in no state: the network tells it to nobody.
        Ok(Sequence {
            next: found.sequence,
            next_final: found.sequence,
        })
    }

    async fn build(
        &self,
        leg: &Leg,
        sequence: u64,
        now: Timestamp,
        life_seconds: u32,
    ) -> Result<Unsigned, CarryError> {
        let network = self.known()?;
        self.is_ours(leg)?;
        let denom = self.denom(&leg.asset)?;
        let from = self.account(&leg.signer)?;
        let (head, last) = self.height_after(life_seconds).await?;
        let age = now.micros_since(head.block.time) / 1_000_000;
        if age > HEAD_AGE_SECONDS_MAX {
            return Err(CarryError::Source(self.0.api().client.unreachable(
                format!("its newest block is {age} seconds old: it or the network stands still"),
            )));
        }
        let (account, _) = self.0.auth(from.text()).await?;
        let account = account.ok_or_else(|| absent(from.text()))?;
        if sequence < account.sequence {
            return Err(refused(
                "sequence_used",
                format!(
                    "{from} has used sequence {sequence} and is at {}; reserve another",
                    account.sequence
                ),
            ));
        }
        let cost = self.0.network_cost().await?;
        let mut slotted = Slotted {
            account_number: account.account_number,
            sequence,
            gas_limit: usual_gas(leg.route.as_deref()),
            timeout_height: last,
            packet_timeout: self.packet_timeout(&head, life_seconds)?,
        };
        // The network tries only the account's very next transaction.
        if sequence == account.sequence
            && let Some(used) = self
                .trial(&request(leg, network, &denom, &slotted)?)
                .await?
        {
            let with_room = used.saturating_mul(GAS_PERCENT).div_ceil(100);
            slotted.gas_limit = slotted.gas_limit.max(with_room);
        }
        let too_much = || refused("fee_too_high", "the network's price is out of all bounds");
        let needed = price_of(slotted.gas_limit, &cost).ok_or_else(too_much)?;
        if needed > leg.fee_max {
            return Err(CarryError::FeeAboveLimit {
                needed,
                approved: leg.fee_max,
            });
        }
        // The bytes name the fee that is taken, whatever the price is then: all that was approved, so that they stay good while
        // the price moves.
        let request = request(leg, network, &denom, &slotted)?;
        let built = returns::build(&request).map_err(|refusal| not_built(&refusal))?;
        let decoded = CosmosCheck
            .verify(leg, &built.sign_bytes)
            .map_err(|deviations| {
                let words: Vec<String> = deviations.iter().map(ToString::to_string).collect();
                refused("deviates", words.join("; "))
            })?;
        Ok(Unsigned {
            bytes: built.sign_bytes,
            slot: decoded.slot,
            valid_until: decoded.valid_until,
            valid_through: decoded.valid_through,
            fee: decoded.fee_max,
        })
    }

    async fn send(&self, signed: &Signed) -> Sending {
        let origin = self.0.name();
        match self.0.broadcast(&signed.bytes).await {
            Ok(Ok(receipt)) => judged(&receipt, signed, origin),
            Ok(Err(refusal)) if refusal.words.contains("already exists in cache") => {
                Sending::Accepted {
                    by: vec![origin.to_owned()],
                }
            }
            Ok(Err(refusal)) => Sending::Unknown {
                reason: format!("{origin}: {}", refusal.words),
            },
            Err(error) => Sending::Unknown {
                reason: error.to_string(),
            },
        }
    }

    async fn standing(&self, tracked: &Tracked<'_>) -> Result<Standing, CarryError> {
        let mut failed_in = None;
        if let Some(id) = tracked.tx_id
            && let Seen::Row(row) = self.0.seen(id).await?
        {
            match self.included(tracked.leg, &row, Some(id)).await? {
                Some((inclusion, transaction)) if transaction.outcome == Outcome::Success => {
                    return Ok(Standing::Included(inclusion));
                }
                Some((inclusion, transaction)) => failed_in = Some((inclusion, transaction)),
                None => return Ok(Standing::Pending { tx_id: id.clone() }),
            }
        }
        let (account, at) = self.0.auth(&tracked.slot.account).await?;
        let Some(account) = account else {
            return Ok(Standing::Unknown {
                reason: format!(
                    "{} does not know the account {}",
                    self.0.name(),
                    tracked.slot.account
                ),
            });
        };
        let is_used = account.sequence > tracked.slot.sequence;
        match failed_in {
            Some((inclusion, _)) if is_used => return Ok(Standing::Failed(inclusion)),
            None if is_used => return self.of_used_slot(tracked, at).await,
            _ => {}
        }
        // A transaction that the signature check refused stands in its block and took neither fee nor slot.
        let refused_in = failed_in.map_or_else(String::new, |(inclusion, transaction)| {
            format!(
                ", and block {} refused it with {} {} before it took its slot",
                inclusion.block.height, transaction.codespace, transaction.code
            )
        });
        match tracked.valid_through {
            Some(last) if is_over(Some(last), at) => Ok(Standing::Expired {
                proof: format!(
                    "at block {at} {} is at sequence {}, so {} was not used, and block {last} was the last that may contain it{refused_in}",
                    tracked.slot.account, account.sequence, tracked.slot.sequence
                ),
            }),
            _ if refused_in.is_empty() => Ok(Standing::NotSeen),
            _ => Ok(Standing::Unknown {
                reason: format!(
                    "its slot is free{refused_in}; it may still be put into another block"
                ),
            }),
        }
    }
}
