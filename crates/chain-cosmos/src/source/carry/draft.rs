//! Laying a return out and building its bytes.

use super::{Carrier, absent, not_built, refused};
use crate::address;
use crate::check::{CosmosCheck, NAMESPACE};
use crate::key::PublicKey;
use crate::networks::CosmosNetwork;
use crate::returns::{self, Destination, Fee, ReturnRefusal, ReturnRequest, SignMode};
use crate::source::cost::{GAS_CONTRACT, GAS_PAYMENT};
use crate::source::desk::{Desk, Seen, unsigned_transaction};
use crate::source::refusal::Refusal;
use recover_core::address::Address;
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::Height;
use recover_core::check::Check;
use recover_core::memo::{Memo, MemoKind, place};
use recover_core::plan::{Leg, LegKind};
use recover_core::time::Timestamp;
use recover_core::verdict::Verdict;
use recover_source::carry::{CarryError, Order, Unsigned};
use recover_source::chain::{Header, NetworkCost};
use recover_source::error::SourceError;

/// How many blocks the time between blocks is measured over, the longest first: nodes that prune keep the last hundred.
const SPANS: [u64; 3] = [1_000, 100, 10];
/// How old a source's newest block may be, in seconds: an older one tells an account's sequence of yesterday.
const HEAD_AGE_SECONDS_MAX: i64 = 15 * 60;
/// How much longer than its transaction a packet stays valid: a relayer brings it after the block.
const PACKET_SECONDS: i64 = 3_600;
/// Gas above what a trial run used, in percent: the state moves on before the real one.
const GAS_PERCENT: u64 = 130;

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
    /// The one leg of an order, after everything was asked that could refuse it.
    pub(super) async fn lay_out(&self, order: &Order<'_>) -> Result<Leg, CarryError> {
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
            spend: None,
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
        Ok(leg)
    }

    /// The bytes of a leg in a slot.
    pub(super) async fn draft(
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
}
