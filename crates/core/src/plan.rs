//! What a claim will do once it is approved: steps in order, each a transaction within exact bounds or a set of ledger
//! instructions.
//!
//! People approve this intent, never bytes that they cannot read. A transaction is built later, when its sequence and the
//! network's price are known, and [`crate::check::Check`] proves that its bytes stay within the [`Leg`]. A step begins only
//! when the one before it is final, so that at most one package of a deposit is live.

use crate::amount::Amount;
use crate::asset::AssetId;
use crate::block::TxId;
use crate::code::coded;
use crate::digest::Encoder;
use crate::memo::Memo;
use crate::network::NetworkId;

coded! {
    /// What a transaction is for.
    pub enum LegKind {
        /// Gives the deposit's address the native coin that the next leg needs.
        GasTopUp => "gas_top_up",
        /// Puts the contract at the deposit's address in place.
        Deploy => "deploy",
        /// Lets the contract at the deposit's address send what it holds to its parent.
        Flush => "flush",
        /// Moves the deposit to treasury or to an address that the user proved.
        Transfer => "transfer",
        /// Sends the deposit back to where it came from.
        Return => "return",
    }
}

impl LegKind {
    /// Whether the leg moves the deposit itself, and not only what it takes to move it.
    #[must_use]
    pub const fn moves_deposit(self) -> bool {
        matches!(self, Self::Flush | Self::Transfer | Self::Return)
    }
}

/// One transaction, within exact bounds. Addresses are canonical text of the network; amounts are base units.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Leg {
    /// What it is for.
    pub kind: LegKind,
    /// The network it happens on.
    pub network: NetworkId,
    /// The chain that its signature is bound to, as CAIP-2 (`eip155:1`, `xrpl:0`, `stellar:pubnet`, `cosmos:cosmoshub-4`).
    pub chain: String,
    /// The account that signs it and pays the network.
    pub signer: String,
    /// The public key that signs, in lower-case hexadecimal, where the address alone does not tell it (XRP Ledger, Cosmos);
    /// `None` where it does.
    pub signer_key: Option<String>,
    /// What the transaction is addressed to: a token's contract, a factory, a forwarder, else the recipient itself.
    pub target: String,
    /// Who receives `amount`: for [`LegKind::Flush`] the parent, for [`LegKind::Deploy`] the contract that comes to be.
    pub recipient: String,
    /// The memo that the recipient needs; `None` where the transaction carries none.
    pub memo: Option<Memo>,
    /// What is moved.
    pub asset: AssetId,
    /// How much: exactly, and for [`LegKind::Flush`] at least (a forwarder sends all that it holds to its own parent). Zero for
    /// [`LegKind::Deploy`].
    pub amount: Amount,
    /// The exact call data, where the target is a contract; `None` where nothing is called.
    pub call: Option<Vec<u8>>,
    /// The channel that it travels over (`transfer/channel-141`), for a token that goes home by IBC; else `None`.
    pub route: Option<String>,
    /// The output that it spends, where the network keeps outputs and not balances; else `None`.
    pub spend: Option<Box<Spend>>,
    /// The most that the network may take for it, in base units of the network's native asset, whatever the rest says.
    pub fee_max: Amount,
}

/// The one output that a transaction of a network like Bitcoin spends, and what becomes of all that is in it: the recipient gets
/// the leg's `amount`, whoever `rest` names gets the rest, and the network takes exactly what is left, which is `fee_max`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Spend {
    /// The transaction that made the output.
    pub tx_id: TxId,
    /// Its number among that transaction's outputs, from 0.
    pub index: u32,
    /// What it holds, in base units.
    pub amount: Amount,
    /// How it is unlocked: an output descriptor with public keys alone (BIP-380); `None` where the address book names a key and
    /// no more.
    pub descriptor: Option<String>,
    /// Whether the output may carry an inscription or another network's token, and a person said that it is spent like money all
    /// the same.
    pub inscription: bool,
    /// Who gets what neither the recipient nor the network gets; `None` where nothing is left.
    pub rest: Option<Rest>,
}

/// The second output of a transaction, to an address of the exchange.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Rest {
    /// Who gets it, canonical text.
    pub recipient: String,
    /// How much, in base units.
    pub amount: Amount,
}

impl Spend {
    /// The output as a text: `TXID:INDEX`.
    #[must_use]
    pub fn outpoint(&self) -> String {
        format!("{}:{}", self.tx_id, self.index)
    }

    fn encode(&self, encoder: Encoder) -> Encoder {
        let Self {
            tx_id,
            index,
            amount,
            descriptor,
            inscription,
            rest,
        } = self;
        let encoder = encoder
            .field(tx_id.as_str())
            .field(&index.to_string())
            .field(&amount.to_base_units())
            .optional(descriptor.as_deref())
            .optional(inscription.then_some("inscription"));
        match rest {
            None => encoder.optional(None),
            Some(Rest { recipient, amount }) => encoder
                .optional(Some(recipient))
                .field(&amount.to_base_units()),
        }
    }
}

coded! {
    /// What the exchange's ledger is told to do.
    pub enum InstructionKind {
        /// Book the amount to the user.
        Credit => "credit",
        /// Set the fee aside on the user's balance before money moves.
        HoldFee => "hold_fee",
        /// Book the fee as revenue: from what was set aside, or from what is not credited.
        CaptureFee => "capture_fee",
        /// Give back a fee that was set aside.
        ReleaseFee => "release_fee",
        /// Freeze the amount on the balance of a user who was credited what is another's, so that it cannot leave before it is
        /// taken back.
        FreezeCounterparty => "freeze_counterparty",
        /// Take back an entry that was booked, out of what was frozen; the rest of the step goes with it or not at all.
        Reverse => "reverse",
    }
}

/// One booking that the exchange's ledger is asked for. Its id makes it idempotent: the ledger books an id once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Instruction {
    /// What to do.
    pub kind: InstructionKind,
    /// Whose balance it is about; `None` for the exchange's own revenue.
    pub user: Option<String>,
    /// Which asset.
    pub asset: AssetId,
    /// How much, in the asset's base units.
    pub amount: Amount,
    /// The ledger's entry that it is about, for [`InstructionKind::Reverse`]; else `None`.
    pub entry: Option<String>,
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Step {
    /// A transaction: built, signed outside, sent, final.
    Send(Box<Leg>),
    /// Ledger instructions that go out together and are acknowledged together.
    Instruct(Vec<Instruction>),
}

/// What a claim will do, step by step. A plan without a step does nothing and is refused.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Plan {
    /// The steps, in order.
    pub steps: Vec<Step>,
}

impl Plan {
    /// The transactions among the steps, in order.
    pub fn legs(&self) -> impl Iterator<Item = &Leg> {
        self.steps.iter().filter_map(|step| match step {
            Step::Send(leg) => Some(leg.as_ref()),
            Step::Instruct(_) => None,
        })
    }

    /// The ledger instructions among the steps, in order.
    pub fn instructions(&self) -> impl Iterator<Item = &Instruction> {
        self.steps.iter().flat_map(|step| match step {
            Step::Send(_) => &[],
            Step::Instruct(instructions) => instructions.as_slice(),
        })
    }

    /// The step by which money begins to leave, from 0: the first that does more than set a customer's fee aside or end it. The
    /// limit of a day counts a claim when this step is released. `None` where there is none, as where a recovery is given up.
    #[must_use]
    pub fn first_payment(&self) -> Option<usize> {
        self.steps.iter().position(|step| match step {
            Step::Send(_) => true,
            Step::Instruct(list) => !list.iter().all(Instruction::is_of_charge),
        })
    }

    /// Adds every field to a digest. The structs are taken apart without `..`, so that a new field cannot be forgotten.
    #[must_use]
    pub fn encode(&self, encoder: Encoder) -> Encoder {
        let Self { steps } = self;
        steps.iter().fold(
            encoder.field("plan").field(&steps.len().to_string()),
            |encoder, step| match step {
                Step::Send(leg) => leg.encode(encoder.field("send")),
                Step::Instruct(instructions) => instructions.iter().fold(
                    encoder
                        .field("instruct")
                        .field(&instructions.len().to_string()),
                    |encoder, instruction| instruction.encode(encoder),
                ),
            },
        )
    }
}

impl Leg {
    /// What its transaction uses up, as the account of a [`crate::check::Slot`]: the output that it spends, else its signer.
    #[must_use]
    pub fn slot_account(&self) -> String {
        let outpoint = self.spend.as_deref().map(Spend::outpoint);
        outpoint.unwrap_or_else(|| self.signer.clone())
    }

    fn encode(&self, encoder: Encoder) -> Encoder {
        let Self {
            kind,
            network,
            chain,
            signer,
            signer_key,
            target,
            recipient,
            memo,
            asset,
            amount,
            call,
            route,
            spend,
            fee_max,
        } = self;
        let encoder = encoder
            .field(kind.code())
            .field(network.as_str())
            .field(chain)
            .field(signer)
            .optional(signer_key.as_deref())
            .field(target)
            .field(recipient);
        let encoder = match memo {
            None => encoder.optional(None),
            Some(Memo { kind, raw, place }) => encoder
                .optional(Some(kind.code()))
                .field(&hex::encode(raw))
                .field(place),
        };
        let encoder = encoder
            .field(&asset.to_string())
            .field(&amount.to_base_units())
            .optional(call.as_ref().map(hex::encode).as_deref())
            .optional(route.as_deref());
        let encoder = encoder.field(&fee_max.to_base_units());
        // A leg of before outputs were known keeps its digest: what may follow it begins with another word.
        match spend {
            None => encoder,
            Some(spend) => spend.encode(encoder.field("spend")),
        }
    }
}

impl Instruction {
    /// Whether it only sets a fee of a customer aside beside the deposit, or ends one: nothing leaves the exchange by it.
    fn is_of_charge(&self) -> bool {
        match self.kind {
            InstructionKind::HoldFee | InstructionKind::ReleaseFee => true,
            // What is captured from nobody in particular is taken out of the deposit.
            InstructionKind::CaptureFee => self.user.is_some(),
            InstructionKind::Credit
            | InstructionKind::FreezeCounterparty
            | InstructionKind::Reverse => false,
        }
    }

    /// Its idempotency id, in the claim and step that carry it: the ledger books an id once.
    #[must_use]
    pub fn id(&self, claim: &str, step: usize, ordinal: usize) -> String {
        let digest = self
            .encode(
                Encoder::new("recover/ledger-instruction/1")
                    .field(claim)
                    .field(&step.to_string())
                    .field(&ordinal.to_string()),
            )
            .finish();
        format!(
            "ins_{}",
            hex::encode(digest.bytes().get(..10).unwrap_or_default())
        )
    }

    fn encode(&self, encoder: Encoder) -> Encoder {
        let Self {
            kind,
            user,
            asset,
            amount,
            entry,
        } = self;
        encoder
            .field(kind.code())
            .optional(user.as_deref())
            .field(&asset.to_string())
            .field(&amount.to_base_units())
            .optional(entry.as_deref())
    }
}
