//! Laying out payments, building them unsigned, giving signed ones to the server.

use super::XrplNode;
use crate::address;
use crate::asset::Asset;
use crate::check::{XrplCheck, money_of, tag_of};
use crate::returns::{
    FEE_DROPS_MAX, LAST_LEDGER_AHEAD_MAX, PaymentOrder, ReturnFacts, ReturnRefusal, Signing,
    Validity, pay, source_tag,
};
use crate::rpc::Reply;
use crate::signature;
use crate::wire::whole;
use async_trait::async_trait;
use recover_core::address::Address;
use recover_core::amount::Amount;
use recover_core::block::Height;
use recover_core::check::{Check, Signed, Slot};
use recover_core::memo::{Memo, place};
use recover_core::network::NetworkId;
use recover_core::observation::{Flag, Outcome};
use recover_core::plan::{Leg, LegKind};
use recover_core::time::Timestamp;
use recover_core::verdict::Verdict;
use recover_source::carry::{
    Carry, CarryError, Order, Sending, Sequence, Standing, Tracked, Unsigned, refused,
};
use recover_source::error::SourceError;
use serde_json::{Map, Value, json};

/// A ledger closes every three to five seconds: so much of a life in seconds makes one.
const LEDGER_SECONDS: u32 = 4;
/// The shortest life in ledgers: less could be over before anybody signed.
const LEDGERS_MIN: u32 = 20;
/// How far the fee that is offered may lie above what the open ledger takes now, where the leg allows it: the price moves while
/// people sign, and what is offered is burnt.
const FEE_TIMES_MAX: u64 = 10;

/// Carries payments to one server of the XRP Ledger.
pub struct XrplCarry {
    pub(super) node: XrplNode,
}

impl XrplCarry {
    /// What carries payments to this server.
    #[must_use]
    pub const fn new(node: XrplNode) -> Self {
        Self { node }
    }

    /// The CAIP-2 id of its network.
    fn chain(&self) -> String {
        format!("xrpl:{}", self.node.settings.chain)
    }

    /// Everything that a payment between two accounts looks at, read now.
    async fn facts(
        &self,
        from: [u8; 20],
        to: [u8; 20],
        asset: Asset,
    ) -> Result<ReturnFacts, SourceError> {
        let of =
            |account| async move { self.node.preflight(&address::format(account), asset).await };
        let own = of(from).await?;
        let destination = of(to).await?;
        let issuer = match asset {
            Asset::Issued { issuer, .. } => of(issuer).await?.account,
            Asset::Xrp | Asset::Mpt(_) => None,
        };
        Ok(ReturnFacts {
            ledger: own.ledger,
            own: own.account,
            own_line: own.line,
            destination: destination.account,
            destination_line: destination.line,
            issuer,
        })
    }

    async fn current(&self, account: &str) -> Result<Option<u64>, SourceError> {
        let question = json!({"account": account, "ledger_index": "current", "queue": true});
        let result = match self.node.rpc.ask("account_info", question).await? {
            Reply::Found(result) => result,
            Reply::NotFound { code, .. } if code == "actNotFound" => return Ok(None),
            Reply::NotFound { code, .. } => {
                return Err(self
                    .node
                    .client
                    .not_protocol(format!("{code} to account_info")));
            }
        };
        let data = result.get("account_data");
        let next = data
            .and_then(|data| whole(data.get("Sequence")?))
            .ok_or_else(|| {
                self.node
                    .client
                    .not_protocol("an account without a sequence number")
            })?;
        let queue = result.get("queue_data");
        let queued = queue
            .and_then(|queue| whole(queue.get("highest_sequence")?))
            .map(|highest| highest.saturating_add(1));
        Ok(Some(next.max(queued.unwrap_or_default())))
    }
}

fn of_refusal(refusal: &ReturnRefusal) -> CarryError {
    refused(refusal.code(), refusal.to_string())
}

/// The key that signs for an account, as the policy names it.
fn key_of(order: &Order<'_>, account: &str) -> Result<[u8; 33], CarryError> {
    let named = order.wallet.keys.iter().find(|(of, _)| of == account);
    let text = named.map(|(_, key)| key.as_str()).ok_or_else(|| {
        refused(
            "signer_key_unknown",
            format!(
                "the policy names no public key for {account}: add it, its address does not tell"
            ),
        )
    })?;
    let mut key = [0; 33];
    hex::decode_to_slice(text, &mut key)
        .ok()
        .filter(|()| signature::is_key(&key))
        .map(|()| key)
        .ok_or_else(|| {
            refused(
                "signer_key_unknown",
                format!(
                    "the policy's public key for {account} is none: 66 hexadecimal digits that begin with 02, 03 or ED"
                ),
            )
        })
}

/// The tag that a payment carries: what people gave, and to the sender their own and no other.
fn tag_for(order: &Order<'_>) -> Result<Option<u32>, CarryError> {
    let given = tag_of(order.memo).ok_or_else(|| {
        refused(
            "memo_not_a_tag",
            "a payment here carries a destination tag and no other memo: ask the recipient for theirs",
        )
    })?;
    if order.purpose != LegKind::Return {
        return Ok(given);
    }
    match (source_tag(order.credit), given) {
        (Some(own), Some(given)) if own != given => Err(refused(
            "tag_differs",
            format!(
                "the deposit came from tag {own} of its sender, and {given} was given: ask the sender which one is meant"
            ),
        )),
        (own, given) => Ok(given.or(own)),
    }
}

/// How an account of text is written in bytes.
fn account_of(text: &str, code: &'static str) -> Result<[u8; 20], CarryError> {
    address::account(text)
        .ok_or_else(|| refused(code, format!("'{text}' is no account of the XRP Ledger")))
}

/// An issuer's fee comes on top of what arrives, out of our own holdings: no leg allows that.
fn by_hand_with_transfer_fee(asset: Asset) -> CarryError {
    CarryError::ByHand {
        what: format!("a payment of {asset}, whose issuer takes a fee for transfers,"),
    }
}

impl XrplCarry {
    async fn lay_out(&self, order: &Order<'_>) -> Result<Leg, CarryError> {
        let credit = order.credit;
        if !matches!(order.purpose, LegKind::Transfer | LegKind::Return) {
            return Err(CarryError::ByHand {
                what: format!("a leg '{}' on the XRP Ledger", order.purpose.code()),
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
        if credit.outcome != Outcome::Success {
            return Err(of_refusal(&ReturnRefusal::NothingCameIn));
        }
        let signer = credit.to.text();
        let account = account_of(signer, "signer_not_an_account")?;
        let destination = account_of(order.recipient, "recipient_not_an_account")?;
        if order.purpose == LegKind::Return {
            let sender = credit
                .from
                .as_ref()
                .ok_or_else(|| of_refusal(&ReturnRefusal::NoSender))?;
            if sender.text() != order.recipient {
                return Err(refused(
                    "not_the_sender",
                    format!(
                        "the deposit came from {sender}, and {} is not its sender: a return goes back where it came from",
                        order.recipient
                    ),
                ));
            }
        }
        let tag = tag_for(order)?;
        let key = key_of(order, signer)?;
        let asset = Asset::of_id(order.asset).filter(|_| !credit.flags.contains(&Flag::Nft));
        let payable = asset
            .filter(|asset| !matches!(asset, Asset::Mpt(_)))
            .ok_or_else(|| of_refusal(&ReturnRefusal::AssetByHand))?;
        let facts = self.facts(account, destination, payable).await?;
        if let Some(own) = &facts.own
            && !own.may_sign(account, key)
        {
            return Err(refused(
                "signer_key_not_authorised",
                format!(
                    "the policy's key for {signer} may not sign for it: it is neither its own enabled key nor its regular key"
                ),
            ));
        }
        let price = self.node.fee_drops().await?;
        let percent = 100_u64.saturating_add(order.fee_margin_percent.into());
        let fee_drops = price
            .saturating_mul(percent)
            .div_ceil(100)
            .max(price)
            .min(FEE_DROPS_MAX.max(price));
        let planned = pay(
            &PaymentOrder {
                account,
                destination,
                destination_tag: tag,
                asset,
                deliver: order.amount,
                leave_max: credit.amount,
                fee_drops,
                validity: Validity::Sequence {
                    sequence: facts.own.as_ref().map_or(0, |own| own.sequence),
                    last_ledger: facts.ledger.validated.saturating_add(LEDGERS_MIN),
                },
                signing: Signing::Key(key),
            },
            &facts,
        )
        .map_err(|refusal| of_refusal(&refusal))?;
        if planned
            .send_max
            .as_ref()
            .is_some_and(|most| *most != planned.amount)
        {
            return Err(by_hand_with_transfer_fee(payable));
        }
        Ok(Leg {
            kind: order.purpose,
            network: credit.network.clone(),
            chain: self.chain(),
            signer: signer.to_owned(),
            signer_key: Some(hex::encode(key)),
            target: order.recipient.to_owned(),
            recipient: order.recipient.to_owned(),
            memo: tag.map(|tag| Memo::tag(tag, place::DESTINATION_TAG)),
            asset: order.asset.clone(),
            amount: order.amount,
            call: None,
            route: None,
            spend: None,
            fee_max: Amount::from_u128(fee_drops.into()),
        })
    }

    async fn write(
        &self,
        leg: &Leg,
        sequence: u64,
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
        let account = account_of(&leg.signer, "signer_not_an_account")?;
        let destination = account_of(&leg.recipient, "recipient_not_an_account")?;
        let tag = tag_of(leg.memo.as_ref())
            .ok_or_else(|| refused("memo_not_a_tag", "the leg's memo is no destination tag"))?;
        let mut key = [0; 33];
        leg.signer_key
            .as_ref()
            .and_then(|text| hex::decode_to_slice(text, &mut key).ok())
            .ok_or_else(|| refused("signer_key_unknown", "the leg names no public key"))?;
        let asset = money_of(leg)
            .map(|money| money.asset)
            .ok_or_else(|| of_refusal(&ReturnRefusal::AssetByHand))?;
        let facts = self.facts(account, destination, asset).await?;
        let price = self.node.fee_drops().await?;
        let approved = leg
            .fee_max
            .to_u128()
            .and_then(|drops| u64::try_from(drops).ok())
            .unwrap_or(u64::MAX);
        if price > approved {
            return Err(CarryError::FeeAboveLimit {
                needed: Amount::from_u128(price.into()),
                approved: leg.fee_max,
            });
        }
        let fee_drops = approved.min(price.saturating_mul(FEE_TIMES_MAX));
        let ledgers = (life_seconds / LEDGER_SECONDS).clamp(LEDGERS_MIN, LAST_LEDGER_AHEAD_MAX);
        let last_ledger = facts.ledger.validated.saturating_add(ledgers);
        let own_sequence = u32::try_from(sequence).map_err(|_| {
            refused(
                "sequence_out_of_range",
                format!("{sequence} is no sequence number: they have 32 bits"),
            )
        })?;
        let payment = pay(
            &PaymentOrder {
                account,
                destination,
                destination_tag: tag,
                asset: Some(asset),
                deliver: leg.amount,
                leave_max: leg.amount,
                fee_drops,
                validity: Validity::Sequence {
                    sequence: own_sequence,
                    last_ledger,
                },
                signing: Signing::Key(key),
            },
            &facts,
        )
        .map_err(|refusal| match refusal {
            ReturnRefusal::TransferFeeUncovered { .. } => by_hand_with_transfer_fee(asset),
            refusal => of_refusal(&refusal),
        })?;
        let bytes = payment
            .unsigned()
            .map_err(|error| refused("not_writable", error.to_string()))?;
        XrplCheck.verify(leg, &bytes).map_err(|deviations| {
            let words: Vec<String> = deviations.iter().map(ToString::to_string).collect();
            refused("not_verified", words.join("; "))
        })?;
        Ok(Unsigned {
            bytes,
            slot: Slot {
                account: leg.signer.clone(),
                sequence,
                is_ticket: false,
            },
            valid_until: None,
            valid_through: Some(Height(last_ledger.into())),
            fee: Amount::from_u128(fee_drops.into()),
        })
    }
}

/// What the server made of signed bytes that it was given.
///
/// Only what is wrong with the bytes themselves is refused for good: everything else may pass later, or passed already. A key
/// that may not sign (`tefBAD_AUTH`) may do so after the account's owner allows it, so nobody can say never.
fn sending(origin: &str, result: &Map<String, Value>) -> Sending {
    let text = |name: &str| result.get(name).and_then(Value::as_str).unwrap_or_default();
    let code = text("engine_result");
    let reason = format!("{origin}: {code}: {}", text("engine_result_message"));
    let accepted = || Sending::Accepted {
        by: vec![origin.to_owned()],
    };
    let says = |name: &str| result.get(name).and_then(Value::as_bool);
    let held: Vec<bool> = ["accepted", "applied", "broadcast", "queued", "kept"]
        .into_iter()
        .filter_map(says)
        .collect();
    match code {
        "tesSUCCESS" | "terQUEUED" | "tefALREADY" => accepted(),
        // In its ledger for now and passed on; only a validated ledger says whether it failed.
        _ if code.starts_with("tec") => accepted(),
        // Held to be tried again. Older servers do not say whether they keep it.
        _ if code.starts_with("ter") && (held.is_empty() || held.contains(&true)) => accepted(),
        // These depend on what the network has enabled, or are no verdict.
        "temDISABLED" | "temUNCERTAIN" | "temUNKNOWN" => Sending::Unknown { reason },
        "tefBAD_SIGNATURE" => Sending::Refused { reason },
        _ if code.starts_with("tem") => Sending::Refused { reason },
        _ => Sending::Unknown { reason },
    }
}

#[async_trait]
impl Carry for XrplCarry {
    fn network(&self) -> &NetworkId {
        &self.node.settings.network
    }

    async fn plan(&self, order: &Order<'_>) -> Result<Vec<Leg>, CarryError> {
        Ok(vec![self.lay_out(order).await?])
    }

    async fn sequence(&self, account: &str) -> Result<Sequence, CarryError> {
        let bytes = account_of(account, "signer_not_an_account")?;
        let address: Address = address::format(bytes);
        let (root, _) = self.node.account_root(&address).await?;
        let next_final = root
            .ok_or_else(|| of_refusal(&ReturnRefusal::OwnAccountAbsent))?
            .get("Sequence")
            .and_then(whole)
            .ok_or_else(|| {
                self.node
                    .client
                    .not_protocol("an account without a sequence number")
            })?;
        let next = self
            .current(account)
            .await?
            .ok_or_else(|| of_refusal(&ReturnRefusal::OwnAccountAbsent))?;
        Ok(Sequence {
            // A server whose open ledger lags behind its validated one has nothing that waits.
            next: next.max(next_final),
            next_final,
        })
    }

    async fn build(
        &self,
        leg: &Leg,
        sequence: u64,
        _now: Timestamp,
        life_seconds: u32,
    ) -> Result<Unsigned, CarryError> {
        self.write(leg, sequence, life_seconds).await
    }

    async fn send(&self, signed: &Signed) -> Sending {
        let origin = self.node.client.origin();
        let unknown = |reason: String| Sending::Unknown { reason };
        // Another network would take the same bytes: its accounts are the same.
        if let Err(error) = self.node.check().await {
            return unknown(error.to_string());
        }
        let question = json!({"tx_blob": hex::encode_upper(&signed.bytes)});
        match self.node.rpc.ask("submit", question).await {
            Ok(Reply::Found(result)) => sending(origin, &result),
            Ok(Reply::NotFound { code, .. }) => unknown(format!("{origin}: {code}")),
            Err(SourceError::Refused { origin, detail, .. })
                if detail.starts_with("invalidTransaction")
                    && detail.to_lowercase().contains("signature") =>
            {
                Sending::Refused {
                    reason: format!("{origin}: {detail}"),
                }
            }
            Err(error) => unknown(error.to_string()),
        }
    }

    async fn standing(&self, tracked: &Tracked<'_>) -> Result<Standing, CarryError> {
        self.look(tracked).await
    }
}
