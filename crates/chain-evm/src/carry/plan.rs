//! Laying out the transactions that move a deposit, each with its exact bounds.

use super::account::{self, is_reserved};
use super::build::Parties;
use super::price::{Market, plus};
use super::{EvmCarry, refused};
use crate::address;
use crate::call;
use crate::check::token_call;
use crate::control::create2_address;
use crate::cost::{NATIVE_GAS, STEP_GAS, TOKEN_GAS};
use recover_core::amount::Amount;
use recover_core::asset::{AssetId, AssetReference};
use recover_core::book::ControlRecord;
use recover_core::plan::{Leg, LegKind};
use recover_core::verdict::{Code, How, Verdict};
use recover_source::carry::{CarryError, Factory, Order};
use recover_source::error::SourceError;

/// Bytes of a step that could not be tried yet, rounded up: a flush is a selector and a word.
const STEP_BYTES: usize = 250;

/// What a plan is laid out with.
struct Layout<'a> {
    order: &'a Order<'a>,
    market: Market,
    recipient: [u8; 20],
}

fn by_hand(what: impl Into<String>) -> CarryError {
    CarryError::ByHand { what: what.into() }
}

fn fill(template: &str, values: &[(&str, [u8; 32])]) -> Result<Vec<u8>, CarryError> {
    call::fill(template, values)
        .map_err(|error| refused("factory_call_unusable", error.to_string()))
}

impl EvmCarry {
    pub(super) async fn lay_out(&self, order: &Order<'_>) -> Result<Vec<Leg>, CarryError> {
        let recipient = self.preflight(order).await?;
        let layout = Layout {
            order,
            market: self.market().await?,
            recipient,
        };
        let holder = account::parse("deposit address", order.credit.to.text())?;
        match order.verdict {
            Verdict::Controllable(How::SameKey | How::OwnAccount) => {
                if let Code::Contract(_) = self.code(holder).await? {
                    return Err(refused(
                        "control_changed",
                        format!(
                            "a contract stands at {}, and it was taken to be held by a key: diagnose again",
                            order.credit.to
                        ),
                    ));
                }
                self.moved_by_key(&layout, holder, Amount::ZERO, true).await
            }
            Verdict::Controllable(How::ContractInPlace) | Verdict::NeedsDeploy(_) => {
                self.moved_by_forwarder(&layout, holder).await
            }
            Verdict::Controllable(How::SameScript)
            | Verdict::Conditional(_)
            | Verdict::NotRecoverable(_) => Err(refused(
                "not_controllable",
                format!(
                    "the verdict is {}: nothing can be built for it",
                    order.verdict
                ),
            )),
        }
    }

    /// What must hold of the order and of whom it pays, before anything is laid out.
    async fn preflight(&self, order: &Order<'_>) -> Result<[u8; 20], CarryError> {
        if !matches!(order.purpose, LegKind::Transfer | LegKind::Return) {
            return Err(by_hand(format!("a plan to {}", order.purpose)));
        }
        if order.memo.is_some() {
            return Err(refused(
                "memo_not_carried",
                "transactions of EVM networks carry no memo: leave it out",
            ));
        }
        if order.asset.network != self.config().network
            || order.credit.network != self.config().network
        {
            return Err(refused(
                "asset_of_another_network",
                format!("{} is not on {}", order.asset, self.config().network),
            ));
        }
        if order.amount.is_zero() {
            return Err(refused("amount_zero", "nothing is to be moved"));
        }
        let recipient = account::parse("recipient", order.recipient)?;
        if is_reserved(recipient) {
            return Err(refused(
                "recipient_is_nobody",
                format!("nobody holds {}: the money would be lost", order.recipient),
            ));
        }
        if address::text(recipient) == order.credit.to.text() {
            return Err(refused(
                "recipient_is_sender",
                "the money lies at the recipient's address already",
            ));
        }
        match &order.asset.reference {
            AssetReference::Native => {}
            AssetReference::Contract(contract) => {
                let token = account::parse("token", contract)?;
                if token == recipient {
                    return Err(refused(
                        "recipient_is_token",
                        "tokens sent to their own contract are lost",
                    ));
                }
                if self.code(token).await? == Code::Absent {
                    return Err(refused(
                        "token_absent",
                        format!("no contract stands at {contract} on this network"),
                    ));
                }
            }
            _ => return Err(by_hand(format!("moving {}", order.asset))),
        }
        if order.purpose == LegKind::Return {
            self.preflight_return(recipient).await?;
        }
        Ok(recipient)
    }

    /// A leg of this network without its fee.
    fn leg(
        &self,
        kind: LegKind,
        signer: [u8; 20],
        target: [u8; 20],
        recipient: [u8; 20],
        asset: AssetId,
        amount: Amount,
    ) -> Leg {
        Leg {
            kind,
            network: self.config().network.clone(),
            chain: self.chain(),
            signer: address::text(signer),
            signer_key: None,
            target: address::text(target),
            recipient: address::text(recipient),
            memo: None,
            asset,
            amount,
            call: None,
            route: None,
            spend: None,
            fee_max: Amount::ZERO,
        }
    }

    fn native(&self) -> AssetId {
        AssetId::native(self.config().network.clone())
    }

    /// Sets the most that a leg may cost, for so much gas.
    async fn bounded(
        &self,
        layout: &Layout<'_>,
        leg: Leg,
        gas: u64,
        bytes: usize,
    ) -> Result<Leg, SourceError> {
        let data_fee = self.data_fee(bytes, gas).await?;
        let fee_max = layout
            .market
            .fee_max(gas, data_fee, layout.order.fee_margin_percent);
        Ok(Leg { fee_max, ..leg })
    }

    /// The size of a leg's unsigned transaction, rounded up.
    fn size(leg: &Leg) -> usize {
        130_usize.saturating_add(leg.call.as_ref().map_or(0, Vec::len))
    }

    /// The legs that move an amount from an account that a key holds: gas first where it is short of it. `arriving` is native
    /// coin that an earlier step brings there; `is_there` says whether what is moved lies there already, so that it can be tried
    /// out now.
    async fn moved_by_key(
        &self,
        layout: &Layout<'_>,
        holder: [u8; 20],
        arriving: Amount,
        is_there: bool,
    ) -> Result<Vec<Leg>, CarryError> {
        let order = layout.order;
        let is_native = order.asset.reference == AssetReference::Native;
        let target = match order.asset.contract_text() {
            Some(contract) => account::parse("token", contract)?,
            None => layout.recipient,
        };
        let mut leg = self.leg(
            order.purpose,
            holder,
            target,
            layout.recipient,
            order.asset.clone(),
            order.amount,
        );
        leg.call = token_call(&leg);
        let parties = Parties::of(&leg)?;
        let native_there = self.native_balance(holder).await?;
        let gas = if is_there {
            let held = if is_native {
                native_there
            } else {
                self.balance_of(holder, order.asset).await?
            };
            if held < order.amount {
                return Err(refused(
                    "balance_too_low",
                    format!(
                        "{} holds {} of {} and {} are to be moved: something has spent it",
                        leg.signer,
                        held.to_base_units(),
                        order.asset,
                        order.amount.to_base_units()
                    ),
                ));
            }
            self.simulate(
                &leg,
                parties.signer,
                parties.target,
                parties.recipient,
                parties.value,
            )
            .await?;
            let gas = self.gas(&leg, &parties, parties.value, 6).await?;
            // A recipient with code may do more when it is paid than now.
            let floor = if is_native && gas == 21_000 {
                0
            } else {
                NATIVE_GAS
            };
            gas.max(u64::try_from(floor).unwrap_or(u64::MAX))
        } else {
            u64::try_from(if is_native { NATIVE_GAS } else { TOKEN_GAS }).unwrap_or(u64::MAX)
        };
        let bytes = Self::size(&leg);
        let leg = self.bounded(layout, leg, gas, bytes).await?;
        let needed = plus(leg.fee_max, parties.value);
        // The rest of the balance may be another deposit at the same address: its coins pay nobody's gas.
        let own = native_there
            .checked_sub(order.held_for_others)
            .unwrap_or(Amount::ZERO);
        let expected = plus(own, arriving);
        let Some(missing) = needed
            .checked_sub(expected)
            .filter(|missing| !missing.is_zero())
        else {
            return Ok(vec![leg]);
        };
        let top_up = self.top_up(layout, holder, missing).await?;
        Ok(vec![top_up, leg])
    }

    /// The leg that brings an account exactly the gas that it is short of.
    async fn top_up(
        &self,
        layout: &Layout<'_>,
        holder: [u8; 20],
        missing: Amount,
    ) -> Result<Leg, CarryError> {
        let payer = self.gas_account(layout)?;
        if payer == holder {
            return Err(refused(
                "gas_missing",
                format!(
                    "{} pays for gas itself and is short of {} wei: fill it",
                    address::text(holder),
                    missing.to_base_units()
                ),
            ));
        }
        let leg = self.leg(
            LegKind::GasTopUp,
            payer,
            holder,
            holder,
            self.native(),
            missing,
        );
        let parties = Parties::of(&leg)?;
        // Without the value: the gas account may be filled later, and what it takes does not depend on the amount.
        let gas = self.gas(&leg, &parties, Amount::ZERO, 6).await?;
        let bytes = Self::size(&leg);
        Ok(self.bounded(layout, leg, gas, bytes).await?)
    }

    fn gas_account(&self, layout: &Layout<'_>) -> Result<[u8; 20], CarryError> {
        match &layout.order.wallet.gas {
            Some(gas) => account::parse("gas account", gas),
            None => Err(refused(
                "gas_account_missing",
                format!(
                    "a step needs gas and policy.toml names no gas account on {}: name one",
                    self.config().network
                ),
            )),
        }
    }

    /// Deploy, flush, and from the parent on where that is not who is paid.
    async fn moved_by_forwarder(
        &self,
        layout: &Layout<'_>,
        forwarder: [u8; 20],
    ) -> Result<Vec<Leg>, CarryError> {
        let order = layout.order;
        let ControlRecord::Create2 {
            factory,
            salt,
            init_code_hash,
        } = order.control
        else {
            return Err(by_hand(format!(
                "a contract that is controlled by '{}'",
                order.control
            )));
        };
        if create2_address(*factory, *salt, *init_code_hash) != forwarder {
            return Err(refused(
                "address_not_derived",
                format!(
                    "factory, salt and code hash do not lead to {}: correct the address book",
                    order.credit.to
                ),
            ));
        }
        let factory_text = address::text(*factory);
        let terms = order
            .wallet
            .factories
            .iter()
            .find(|terms| {
                account::parse("factory", &terms.address).is_ok_and(|known| known == *factory)
            })
            .ok_or_else(|| {
                refused(
                    "factory_unknown",
                    format!("policy.toml does not say how the factory {factory_text} is called"),
                )
            })?;
        let parent = account::parse("parent", &terms.parent)?;
        let signer = self.gas_account(layout)?;
        let is_deployed = match (self.code(forwarder).await?, order.verdict) {
            (Code::Contract(_), Verdict::Controllable(_)) => true,
            (Code::Absent, Verdict::NeedsDeploy(_)) => false,
            _ => {
                return Err(refused(
                    "control_changed",
                    format!(
                        "what stands at {} is not what the verdict {} rests on: diagnose again",
                        order.credit.to, order.verdict
                    ),
                ));
            }
        };
        let mut legs = Vec::new();
        if !is_deployed {
            let held = self.balance_of(forwarder, order.asset).await?;
            if held < order.amount {
                return Err(refused(
                    "balance_too_low",
                    format!(
                        "{} holds {} of {}, and {} are to be moved",
                        order.credit.to,
                        held.to_base_units(),
                        order.asset,
                        order.amount.to_base_units()
                    ),
                ));
            }
            legs.push(
                self.deployment(layout, terms, signer, *factory, *salt, forwarder)
                    .await?,
            );
        }
        legs.push(
            self.flush(layout, terms, signer, forwarder, parent, is_deployed)
                .await?,
        );
        if parent == layout.recipient {
            return Ok(legs);
        }
        match self.code(parent).await? {
            Code::Contract(_) => Err(by_hand(format!(
                "moving on from the parent {}, which is a contract of its own",
                terms.parent
            ))),
            Code::Absent | Code::Delegated => {
                let arriving = match order.asset.reference {
                    AssetReference::Native => order.amount,
                    _ => Amount::ZERO,
                };
                legs.extend(self.moved_by_key(layout, parent, arriving, false).await?);
                Ok(legs)
            }
        }
    }

    async fn deployment(
        &self,
        layout: &Layout<'_>,
        terms: &Factory,
        signer: [u8; 20],
        factory: [u8; 20],
        salt: [u8; 32],
        forwarder: [u8; 20],
    ) -> Result<Leg, CarryError> {
        if self.code(factory).await? == Code::Absent {
            return Err(refused(
                "factory_absent",
                format!(
                    "the factory {} does not stand on this network: deploy it first",
                    terms.address
                ),
            ));
        }
        let mut leg = self.leg(
            LegKind::Deploy,
            signer,
            factory,
            forwarder,
            self.native(),
            Amount::ZERO,
        );
        leg.call = Some(fill(&terms.deploy, &[("{salt}", salt)])?);
        self.tried_step(layout, leg).await
    }

    async fn flush(
        &self,
        layout: &Layout<'_>,
        terms: &Factory,
        signer: [u8; 20],
        forwarder: [u8; 20],
        parent: [u8; 20],
        is_deployed: bool,
    ) -> Result<Leg, CarryError> {
        let order = layout.order;
        let call = match order.asset.contract_text() {
            Some(contract) => {
                let word = call::word_of(account::parse("token", contract)?);
                fill(&terms.flush_token, &[("{token}", word)])?
            }
            None => match &terms.flush_native {
                Some(template) => fill(template, &[])?,
                None => {
                    return Err(by_hand(format!(
                        "the native coin in a forwarder of {}, which has no call that sends it on",
                        terms.address
                    )));
                }
            },
        };
        let mut leg = self.leg(
            LegKind::Flush,
            signer,
            forwarder,
            parent,
            order.asset.clone(),
            order.amount,
        );
        leg.call = Some(call);
        if is_deployed {
            return self.tried_step(layout, leg).await;
        }
        // Nothing stands there yet that could be tried.
        let gas = u64::try_from(STEP_GAS).unwrap_or(u64::MAX);
        Ok(self.bounded(layout, leg, gas, STEP_BYTES).await?)
    }

    /// A step of a contract of ours, tried out now.
    async fn tried_step(&self, layout: &Layout<'_>, leg: Leg) -> Result<Leg, CarryError> {
        let parties = Parties::of(&leg)?;
        self.simulate(
            &leg,
            parties.signer,
            parties.target,
            parties.recipient,
            parties.value,
        )
        .await?;
        let gas = self.gas(&leg, &parties, parties.value, 6).await?;
        let bytes = Self::size(&leg);
        Ok(self.bounded(layout, leg, gas, bytes).await?)
    }
}
