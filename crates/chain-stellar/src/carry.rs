//! Laying out payments, building them unsigned, giving signed ones to Horizon.

use crate::address;
use crate::check::{Route, StellarCheck, route_of};
use crate::horizon::Horizon;
use crate::returns::{self, AccountFacts, FEE_MIN, ReturnPlan, ReturnRefusal, ReturnRequest, plan};
use crate::wire::{self, Body, Problem};
use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use recover_core::address::Address;
use recover_core::amount::Amount;
use recover_core::asset::{AssetId, AssetReference};
use recover_core::check::{Check, Signed, Slot};
use recover_core::network::NetworkId;
use recover_core::observation::Outcome;
use recover_core::plan::{Leg, LegKind};
use recover_core::time::Timestamp;
use recover_core::verdict::Verdict;
use recover_source::carry::{
    Carry, CarryError, Order, Sending, Sequence, Standing, Tracked, Unsigned, refused,
};
use recover_source::error::SourceError;

/// The most stroops that one payment may offer: one XLM. Above that nobody means to pay.
const FEE_MAX: u32 = 10_000_000;
/// The shortest life in seconds: less could be over before anybody signed.
const LIFE_SECONDS_MIN: u32 = 60;

/// Carries payments to one Horizon server.
pub struct StellarCarry {
    pub(crate) horizon: Horizon,
}

fn of_refusal(refusal: &ReturnRefusal) -> CarryError {
    refused(refusal.code(), refusal.to_string())
}

/// An account by its canonical text. An account with an id inside is another text: its id is a memo here.
pub(crate) fn account_of(text: &str, code: &'static str) -> Result<Address, CarryError> {
    address::parse(text)
        .ok()
        .filter(|address| address.text() == text && address::account_key(address).is_some())
        .ok_or_else(|| refused(code, format!("'{text}' is no account of Stellar (G…)")))
}

fn route(memo: Option<&recover_core::memo::Memo>) -> Result<Route, CarryError> {
    route_of(memo).ok_or_else(|| {
        refused(
            "memo_not_carried",
            "a payment here carries a memo of type text (28 bytes), id, hash or return, or the id inside the recipient: ask the recipient which one is theirs",
        )
    })
}

/// The canonical text of an asset; `None` for the native coin.
fn asset_text(asset: &AssetId) -> Result<Option<String>, CarryError> {
    match &asset.reference {
        AssetReference::Native => Ok(None),
        AssetReference::Contract(text) if address::split_asset(text).is_some() => {
            Ok(Some(text.clone()))
        }
        _ => Err(CarryError::ByHand {
            what: format!("a payment of {asset}, which is a contract's token,"),
        }),
    }
}

impl StellarCarry {
    /// What carries payments to this server.
    #[must_use]
    pub const fn new(horizon: Horizon) -> Self {
        Self { horizon }
    }

    /// The CAIP-2 id of its network.
    fn chain(&self) -> String {
        format!("stellar:{}", self.horizon.decoder.chain().reference())
    }

    /// Our account's facts and the recipient's, read now.
    async fn facts(
        &self,
        from: &Address,
        to: &Address,
        asset: &AssetId,
    ) -> Result<(AccountFacts, Option<AccountFacts>), CarryError> {
        let own = self.horizon.preflight(from, asset).await?.ok_or_else(|| {
            refused(
                "own_account_absent",
                format!("our account {from} does not exist on this network"),
            )
        })?;
        Ok((own, self.horizon.preflight(to, asset).await?))
    }

    /// What a payment costs now, in stroops.
    async fn price(&self) -> Result<u32, CarryError> {
        let (cost, _) = self.horizon.fee_now().await?;
        cost.to_u128()
            .and_then(|stroops| u32::try_from(stroops).ok())
            .filter(|stroops| *stroops <= FEE_MAX)
            .map(|stroops| stroops.max(FEE_MIN))
            .ok_or_else(|| {
                refused(
                    "fee_too_high",
                    format!(
                        "the network asks {} stroops now and {FEE_MAX} is the most that is offered: wait until it is calmer",
                        cost.to_base_units()
                    ),
                )
            })
    }

    async fn lay_out(&self, order: &Order<'_>) -> Result<Leg, CarryError> {
        let credit = order.credit;
        if !matches!(order.purpose, LegKind::Transfer | LegKind::Return) {
            return Err(CarryError::ByHand {
                what: format!("a leg '{}' on Stellar", order.purpose.code()),
            });
        }
        if let Verdict::NotRecoverable(reason) = order.verdict {
            return Err(refused(
                "not_recoverable",
                format!("nobody can sign where the money lies ({})", reason.code()),
            ));
        }
        if credit.network != *self.network() || order.asset != &credit.asset {
            return Err(refused(
                "other_money",
                "what would be paid is not what came in: match the deposit again",
            ));
        }
        if credit.outcome != Outcome::Success || credit.amount.is_zero() {
            return Err(refused(
                "nothing_came_in",
                "nothing came in by this transaction: there is nothing to pay out",
            ));
        }
        if order.amount > credit.amount {
            return Err(refused(
                "more_than_came_in",
                "more would be paid out than came in",
            ));
        }
        let from = account_of(credit.to.text(), "not_an_account")?;
        let to = account_of(order.recipient, "not_an_account")?;
        if order.purpose == LegKind::Return {
            let sender = credit.from.as_ref().ok_or_else(|| {
                refused(
                    "no_sender",
                    "the credit names no sender: a person must find out whom it belongs to",
                )
            })?;
            if *sender != to {
                return Err(refused(
                    "not_the_sender",
                    format!(
                        "the deposit came from {sender}, and {to} is not its sender: a return goes back where it came from"
                    ),
                ));
            }
        }
        let route = route(order.memo)?;
        let asset = asset_text(order.asset)?;
        let (own, recipient) = self.facts(&from, &to, order.asset).await?;
        let price = u64::from(self.price().await?);
        let percent = 100_u64.saturating_add(order.fee_margin_percent.into());
        let fee = price.saturating_mul(percent).div_ceil(100);
        let fee = u32::try_from(fee).unwrap_or(FEE_MAX).min(FEE_MAX);
        let request = ReturnRequest {
            network: self.horizon.decoder.chain().clone(),
            from,
            to,
            to_muxed_id: route.muxed_id,
            asset,
            amount: order.amount,
            memo: route.memo,
            // Number and end are chosen when it is built; here they only have to be possible.
            sequence: own.sequence.saturating_add(1),
            fee,
            valid_from: 0,
            valid_until: 1,
        };
        plan(request, &own, recipient.as_ref()).map_err(|refusal| of_refusal(&refusal))?;
        Ok(Leg {
            kind: order.purpose,
            network: credit.network.clone(),
            chain: self.chain(),
            signer: credit.to.text().to_owned(),
            // The account is its key.
            signer_key: None,
            target: order.recipient.to_owned(),
            recipient: order.recipient.to_owned(),
            memo: order.memo.cloned(),
            asset: order.asset.clone(),
            amount: order.amount,
            call: None,
            route: None,
            spend: None,
            fee_max: Amount::from_u128(fee.into()),
        })
    }

    async fn write(
        &self,
        leg: &Leg,
        sequence: u64,
        now: Timestamp,
        life_seconds: u32,
    ) -> Result<Unsigned, CarryError> {
        if leg.network != *self.network() || leg.chain != self.chain() {
            return Err(refused(
                "other_network",
                format!(
                    "the leg is of {}, and this carries to {}",
                    leg.chain,
                    self.chain()
                ),
            ));
        }
        let from = account_of(&leg.signer, "not_an_account")?;
        let to = account_of(&leg.recipient, "not_an_account")?;
        let route = route(leg.memo.as_ref())?;
        let asset = asset_text(&leg.asset)?;
        let (own, recipient) = self.facts(&from, &to, &leg.asset).await?;
        let price = Amount::from_u128(self.price().await?.into());
        if price > leg.fee_max {
            return Err(CarryError::FeeAboveLimit {
                needed: price,
                approved: leg.fee_max,
            });
        }
        // All that was approved is offered: the network takes of it only what everybody in the ledger pays.
        let fee = leg
            .fee_max
            .to_u128()
            .and_then(|stroops| u32::try_from(stroops).ok())
            .unwrap_or(FEE_MAX)
            .min(FEE_MAX);
        let out_of_range = || {
            refused(
                "sequence_out_of_range",
                format!("{sequence} is no sequence number: they have 63 bits"),
            )
        };
        let number = i64::try_from(sequence).map_err(|_| out_of_range())?;
        let valid_until = u64::try_from(now.as_seconds())
            .ok()
            .and_then(|now| now.checked_add(life_seconds.max(LIFE_SECONDS_MIN).into()))
            .ok_or_else(|| of_refusal(&ReturnRefusal::TimeBounds))?;
        let planned: ReturnPlan = plan(
            ReturnRequest {
                network: self.horizon.decoder.chain().clone(),
                from,
                to,
                to_muxed_id: route.muxed_id,
                asset,
                amount: leg.amount,
                memo: route.memo,
                sequence: number,
                fee,
                valid_from: 0,
                valid_until,
            },
            &own,
            recipient.as_ref(),
        )
        .map_err(|refusal| of_refusal(&refusal))?;
        let built = returns::build(&planned).map_err(|refusal| of_refusal(&refusal))?;
        StellarCheck
            .verify(leg, &built.envelope)
            .map_err(|deviations| {
                let words: Vec<String> = deviations.iter().map(ToString::to_string).collect();
                refused("not_verified", words.join("; "))
            })?;
        Ok(Unsigned {
            bytes: built.envelope,
            slot: Slot {
                account: leg.signer.clone(),
                sequence,
                is_ticket: false,
            },
            valid_until: Timestamp::from_seconds(valid_until),
            valid_through: None,
            fee: Amount::from_u128(fee.into()),
        })
    }

    fn sending(&self, body: &[u8], signed: &Signed) -> Result<Sending, SourceError> {
        let origin = self.horizon.client.origin();
        let body = wire::body(body).map_err(|_| self.horizon.client.unreadable(body))?;
        match body {
            Body::Rows(_) => Err(self
                .horizon
                .client
                .not_protocol("a list where a transaction was given")),
            Body::Record(raw) => {
                let record: wire::Transaction = self.horizon.read(raw.get())?;
                let hash = record.hash.as_deref().and_then(address::parse_tx_id);
                if hash.as_ref() == Some(&signed.tx_id) {
                    return Ok(Sending::Accepted {
                        by: vec![origin.to_owned()],
                    });
                }
                Err(self
                    .horizon
                    .client
                    .inconsistent("another transaction than the one given"))
            }
            Body::Problem(problem) => {
                let words = self.horizon.client.words(problem.words().as_bytes());
                Ok(meaning(origin, &problem, format!("{origin}: {words}")))
            }
        }
    }
}

/// What a problem says of signed bytes. Only what is wrong with the bytes themselves is for good: a number that does not fit, a
/// fee that is too low or signers that are not enough may fit later, and a time-out or a failure may hide that it is in a ledger
/// already.
fn meaning(origin: &str, problem: &Problem, reason: String) -> Sending {
    let codes = problem
        .extras
        .as_ref()
        .and_then(|extras| extras.result_codes.as_ref());
    let code = codes.and_then(|codes| codes.transaction.as_deref());
    match (problem.word(), code) {
        (_, Some("tx_duplicate")) => Sending::Accepted {
            by: vec![origin.to_owned()],
        },
        ("transaction_malformed", _)
        | (
            "transaction_failed",
            Some("tx_malformed" | "tx_missing_operation" | "tx_not_supported"),
        ) => Sending::Refused { reason },
        _ => Sending::Unknown { reason },
    }
}

/// A form's field: base64 has three characters that mean something else in a form.
fn form(envelope: &[u8]) -> Bytes {
    let text = STANDARD
        .encode(envelope)
        .replace('+', "%2B")
        .replace('/', "%2F")
        .replace('=', "%3D");
    Bytes::from(format!("tx={text}"))
}

#[async_trait]
impl Carry for StellarCarry {
    fn network(&self) -> &NetworkId {
        self.horizon.decoder.network()
    }

    async fn plan(&self, order: &Order<'_>) -> Result<Vec<Leg>, CarryError> {
        Ok(vec![self.lay_out(order).await?])
    }

    async fn sequence(&self, account: &str) -> Result<Sequence, CarryError> {
        let address = account_of(account, "not_an_account")?;
        let used = self.used_sequence(&address).await?.ok_or_else(|| {
            refused(
                "own_account_absent",
                format!("our account {account} does not exist on this network"),
            )
        })?;
        // Horizon knows closed ledgers only, and those are final.
        let next = used.saturating_add(1);
        Ok(Sequence {
            next,
            next_final: next,
        })
    }

    async fn build(
        &self,
        leg: &Leg,
        sequence: u64,
        now: Timestamp,
        life_seconds: u32,
    ) -> Result<Unsigned, CarryError> {
        self.write(leg, sequence, now, life_seconds).await
    }

    async fn send(&self, signed: &Signed) -> Sending {
        // A server of another network refuses the signature, and for good as it seems.
        if let Err(error) = self.horizon.verify().await {
            return Sending::Unknown {
                reason: error.to_string(),
            };
        }
        let sent = self
            .horizon
            .client
            .post_to(
                "/transactions",
                "application/x-www-form-urlencoded",
                form(&signed.bytes),
                |body| self.sending(body, signed),
            )
            .await;
        sent.unwrap_or_else(|error| Sending::Unknown {
            reason: error.to_string(),
        })
    }

    async fn standing(&self, tracked: &Tracked<'_>) -> Result<Standing, CarryError> {
        self.look(tracked).await
    }
}
