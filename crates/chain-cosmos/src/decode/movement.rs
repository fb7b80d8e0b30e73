//! Credits: what the events of each message say that somebody got.

use crate::address::{self, escrow_account, module_account, parse_denom};
use crate::decode::event::{Event, coins};
use crate::decode::group::{Groups, group, is_bank_event};
use crate::decode::json::Row;
use crate::decode::message::{Message, Packet, Stated};
use crate::decode::packet::{Acknowledgement, TokenPacket, acknowledgement};
use crate::decode::{DecodeError, Decoder};
use recover_core::address::{Address, Payload};
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::memo::{Memo, place};
use recover_core::observation::{Flag, Mechanism, Observation, Outcome, Position};

/// A coin that somebody got, as events tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Received {
    /// As written.
    pub to: String,
    /// As written; `None` where nobody sent it (minted) or the network does not say.
    pub from: Option<String>,
    pub denom: String,
    pub amount: Amount,
    /// The message that states this payment, by its place among those it states.
    pub stated: Option<usize>,
}

/// Reads the coins that the events of one message brought, in their order.
pub(super) fn received(events: &[&Event]) -> Result<Vec<Received>, DecodeError> {
    let by_transfer = transfers(events)?;
    // Since SDK 0.43 every credit has a `coin_received`, a minted one has nothing else.
    if !events.iter().any(|event| event.kind == "coin_received") {
        return Ok(by_transfer);
    }
    let mut senders: Vec<Option<Received>> = by_transfer.into_iter().map(Some).collect();
    let mut received = Vec::new();
    for event in events.iter().filter(|event| event.kind == "coin_received") {
        for record in event.records() {
            let (Some(to), Some(amount)) = (record.get("receiver"), record.get("amount")) else {
                continue;
            };
            for (amount, denom) in coins(amount)? {
                let transfer = senders.iter_mut().find(|transfer| {
                    transfer.as_ref().is_some_and(|transfer| {
                        transfer.to == to && transfer.denom == denom && transfer.amount == amount
                    })
                });
                received.push(Received {
                    to: to.to_owned(),
                    from: transfer
                        .and_then(Option::take)
                        .and_then(|transfer| transfer.from),
                    denom,
                    amount,
                    stated: None,
                });
            }
        }
    }
    Ok(received)
}

fn transfers(events: &[&Event]) -> Result<Vec<Received>, DecodeError> {
    let mut found = Vec::new();
    for event in events.iter().filter(|event| event.kind == "transfer") {
        for record in event.records() {
            // Some contracts' events have this name and other fields.
            let (Some(to), Some(amount)) = (record.get("recipient"), record.get("amount")) else {
                continue;
            };
            for (amount, denom) in coins(amount)? {
                found.push(Received {
                    to: to.to_owned(),
                    from: record.get("sender").map(str::to_owned),
                    denom,
                    amount,
                    stated: None,
                });
            }
        }
    }
    Ok(found)
}

/// Whether two texts are one address, whatever their case.
fn is_same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// Pairs what a message states with what its events say.
fn pair(stated: &[Stated<'_>], received: &mut [Received]) -> bool {
    let mut all = true;
    for (index, payment) in stated.iter().enumerate() {
        for coin in payment.coins.iter().filter(|coin| !coin.amount.is_zero()) {
            let found = received.iter_mut().find(|credit| {
                credit.stated.is_none()
                    && is_same(&credit.to, payment.to)
                    && credit.denom == coin.denom
                    && credit.amount == coin.amount
            });
            match found {
                Some(credit) => {
                    credit.stated = Some(index);
                    if credit.from.is_none() {
                        credit.from = payment.from.map(str::to_owned);
                    }
                }
                None => all = false,
            }
        }
    }
    all
}

/// What the payments of a message would bring, in the form of events.
fn of_stated(stated: &[Stated<'_>]) -> Vec<Received> {
    stated
        .iter()
        .enumerate()
        .flat_map(|(index, payment)| {
            payment.coins.iter().map(move |coin| Received {
                to: payment.to.to_owned(),
                from: payment.from.map(str::to_owned),
                denom: coin.denom.clone(),
                amount: coin.amount,
                stated: Some(index),
            })
        })
        .collect()
}

/// The credits of a transaction that failed: what its messages state, as failed.
pub(super) fn of_failed(decoder: &Decoder, row: &Row) -> Vec<Observation> {
    let mut credits = Vec::new();
    for (index, message) in row.messages.iter().enumerate() {
        let stated = message.stated();
        let mut writer = Writer::new(decoder, row, index);
        writer.outcome = Outcome::Failed;
        for received in of_stated(&stated) {
            writer.push(&received, |writer, to| writer.plain(&received, &stated, to));
        }
        credits.append(&mut writer.credits);
    }
    credits
}

/// The credits of a transaction that was executed.
pub(super) fn of_success(decoder: &Decoder, row: &Row) -> Result<Vec<Observation>, DecodeError> {
    let Groups {
        by_message,
        has_bank_events,
        has_events,
    } = group(row);
    let mut credits = Vec::new();
    for (index, (message, events)) in row.messages.iter().zip(&by_message).enumerate() {
        let mut writer = Writer::new(decoder, row, index);
        if has_events {
            writer.message(message, events, has_bank_events)?;
        } else {
            writer.without_events(message);
        }
        credits.append(&mut writer.credits);
    }
    Ok(credits)
}

/// How one credit is labelled.
struct Label {
    mechanism: Mechanism,
    from: Option<Address>,
    memos: Vec<Memo>,
    flags: Vec<Flag>,
    outcome: Outcome,
}

/// Writes the credits of one message.
struct Writer<'a> {
    decoder: &'a Decoder,
    row: &'a Row,
    index: usize,
    count: usize,
    outcome: Outcome,
    credits: Vec<Observation>,
}

impl<'a> Writer<'a> {
    fn new(decoder: &'a Decoder, row: &'a Row, index: usize) -> Self {
        Self {
            decoder,
            row,
            index,
            count: 0,
            outcome: Outcome::Success,
            credits: Vec::new(),
        }
    }

    /// Counts a coin and, when it is a credit of an account, writes it. Every coin is counted, so that a position never depends on
    /// what is written.
    fn push(&mut self, received: &Received, label: impl FnOnce(&Self, &Address) -> Option<Label>) {
        let position = Position::new(&format!("msg:{}.{}", self.index, self.count));
        self.count = self.count.saturating_add(1);
        if received.amount.is_zero() {
            return;
        }
        let Ok(to) = address::parse(&received.to) else {
            return;
        };
        let asset = self.decoder.asset(&received.denom);
        if let Some(label) = label(self, &to) {
            let credit = self.observation(position, to, asset, received.amount, label);
            self.credits.push(credit);
        }
    }

    fn observation(
        &self,
        position: Position,
        to: Address,
        asset: AssetId,
        amount: Amount,
        label: Label,
    ) -> Observation {
        Observation {
            network: self.decoder.network().clone(),
            tx_id: self.row.id.clone(),
            position,
            block: None,
            from: label.from,
            to,
            asset,
            amount,
            amount_stated: amount,
            balance_delta: None,
            memos: label.memos,
            mechanism: label.mechanism,
            outcome: label.outcome,
            flags: label.flags,
        }
    }

    /// The memo of the transaction: one for all its messages.
    fn memo(&self) -> Memo {
        match &self.row.memo {
            Some(memo) => Memo::text(memo, place::MEMO),
            None => Memo::absent(place::MEMO),
        }
    }

    /// A payment that a message states.
    fn plain(&self, received: &Received, stated: &[Stated<'_>], _to: &Address) -> Option<Label> {
        let payment = received.stated.and_then(|index| stated.get(index))?;
        let mut flags = Vec::new();
        if payment.several {
            flags.push(Flag::MultiSource);
        }
        if payment.locked {
            flags.push(Flag::Locked);
        }
        Some(Label {
            mechanism: Mechanism::TopLevel,
            from: if payment.several {
                None
            } else {
                received
                    .from
                    .as_deref()
                    .and_then(|from| address::parse(from).ok())
            },
            memos: vec![self.memo()],
            flags,
            outcome: self.outcome,
        })
    }

    /// A message of a source that keeps no events (or dropped them). Payments that a message states succeed with it as a whole;
    /// whether a packet was accepted, nobody knows.
    fn without_events(&mut self, message: &Message) {
        let stated = message.stated();
        for credit in of_stated(&stated) {
            self.push(&credit, |writer, to| writer.plain(&credit, &stated, to));
        }
        for inner in message.flat() {
            let Message::Receive(packet) = inner else {
                continue;
            };
            let Some(token) = TokenPacket::read(&packet.data) else {
                continue;
            };
            let Ok(amount) = Amount::from_base_units(&token.amount) else {
                continue;
            };
            self.outcome = Outcome::Unknown;
            let credit = Received {
                to: token.receiver.clone(),
                from: None,
                denom: token.denom_here(packet),
                amount,
                stated: None,
            };
            self.push(&credit, |writer, _| {
                Some(writer.main(&token, Way::In, &credit))
            });
        }
    }

    fn message(
        &mut self,
        message: &Message,
        events: &[&Event],
        has_bank_events: bool,
    ) -> Result<(), DecodeError> {
        let stated = message.stated();
        let mut received = received(events)?;
        let inner = message.flat();
        let packet = inner.iter().find_map(|message| match message {
            Message::Receive(packet) => Some((packet, Way::In)),
            Message::Timeout(packet) => Some((packet, Way::Back)),
            Message::Acknowledge(packet, _) => Some((packet, Way::Back)),
            _ => None,
        });
        if let Some((packet, way)) = packet {
            self.of_packet(packet, way, events, &received);
        } else {
            if !has_bank_events {
                // Networks before SDK 0.38 tell of no coins: the message itself is what moved, as a whole or not at all.
                received = of_stated(&stated);
            } else if !pair(&stated, &mut received) {
                // Events that lack what a message of a successful transaction states: one of the two is wrong.
                self.disputed(&stated, &received);
                return Ok(());
            }
            let ethereum = inner
                .iter()
                .any(|message| matches!(message, Message::Ethereum))
                .then(|| Ethereum::of(events));
            for credit in &received {
                self.push(credit, |writer, to| {
                    writer
                        .plain(credit, &stated, to)
                        .or_else(|| match &ethereum {
                            Some(ethereum) => writer.of_ethereum(ethereum, credit, to),
                            None => writer.inside(credit).map(|mut label| {
                                if label.from.is_none() && is_reward_of(message, &credit.to) {
                                    label.mechanism = Mechanism::Reward;
                                }
                                label
                            }),
                        })
                });
            }
        }
        self.contract_tokens(events);
        Ok(())
    }

    /// Credits of a message whose statement and events do not fit: both are kept, and nobody knows which is true.
    fn disputed(&mut self, stated: &[Stated<'_>], received: &[Received]) {
        self.outcome = Outcome::Unknown;
        let mut all = received.to_vec();
        for missing in of_stated(stated) {
            let is_told = all.iter().any(|credit| {
                is_same(&credit.to, &missing.to)
                    && credit.denom == missing.denom
                    && credit.amount == missing.amount
            });
            if !is_told {
                all.push(missing);
            }
        }
        for credit in &all {
            self.push(credit, |writer, to| {
                writer
                    .plain(credit, stated, to)
                    .or_else(|| writer.inside(credit))
            });
        }
    }

    /// A credit that no message states: rewards, and coins that contracts and modules move.
    fn inside(&self, credit: &Received) -> Option<Label> {
        let from = credit
            .from
            .as_deref()
            .and_then(|from| address::parse(from).ok());
        let sender = from.as_ref().map(Address::payload);
        // The rest of a fee that comes back is no credit, as the fee was no payment.
        if sender == Some(module_account("fee_collector")) {
            return None;
        }
        let mechanism = if sender == Some(module_account("distribution")) {
            Mechanism::Reward
        } else {
            Mechanism::InternalCall
        };
        Some(Label {
            mechanism,
            from,
            memos: vec![self.memo()],
            flags: Vec::new(),
            outcome: self.outcome,
        })
    }

    /// A credit of a transaction of Ethereum's kind: its coins pass through the module's account.
    fn of_ethereum(
        &self,
        ethereum: &Ethereum<'_>,
        credit: &Received,
        to: &Address,
    ) -> Option<Label> {
        let mut label = self.inside(credit)?;
        let module = module_account("evm");
        if label.from.as_ref().map(Address::payload) == Some(module) {
            label.from = None;
            let account = |text| ethereum_account(text, to);
            if ethereum
                .recipient
                .and_then(account)
                .as_ref()
                .map(Address::payload)
                == Some(to.payload())
            {
                label.mechanism = Mechanism::TopLevel;
                label.from = ethereum.sender.and_then(account);
            }
        }
        Some(label)
    }

    /// Credits of a message about a packet.
    fn of_packet(&mut self, packet: &Packet, way: Way, events: &[&Event], received: &[Received]) {
        let token = TokenPacket::read(&packet.data);
        let arrived = match way {
            Way::Back => Acknowledgement::Accepted,
            Way::In => acknowledgement(events),
        };
        match arrived {
            Acknowledgement::Refused => return,
            // Coins without an acknowledgement: it may come later and refuse.
            Acknowledgement::None => self.outcome = Outcome::Unknown,
            Acknowledgement::Accepted => {}
        }
        let amount = token
            .as_ref()
            .and_then(|token| Amount::from_base_units(&token.amount).ok());
        let denom = token.as_ref().map(|token| match way {
            Way::In => token.denom_here(packet),
            Way::Back => denom_back(&token.denom),
        });
        let mut main_seen = false;
        for credit in received {
            let is_amount =
                amount == Some(credit.amount) && denom.as_deref() == Some(credit.denom.as_str());
            let from_channel = credit
                .from
                .as_deref()
                .and_then(|from| address::parse(from).ok())
                .is_some_and(|from| is_channel_account(packet, way, &from.payload()));
            let is_main = is_amount && from_channel && !main_seen;
            main_seen |= is_main;
            self.push(credit, |writer, _| match (&token, is_main) {
                (Some(token), true) => Some(writer.main(token, way, credit)),
                _ => writer.inside(credit).map(|mut label| {
                    label.memos = writer.packet_memos(token.as_ref(), way);
                    label
                }),
            });
        }
    }

    /// The memos of a credit that a packet caused: never the transaction's, which is its relayer's.
    fn packet_memos(&self, token: Option<&TokenPacket>, way: Way) -> Vec<Memo> {
        match (token, way) {
            (Some(token), Way::In) => vec![token.memo()],
            // What we wrote for the other side routes nothing here.
            (Some(token), Way::Back) => {
                let mut memos = vec![Memo::absent(place::PACKET_MEMO)];
                if let Some(memo) = &token.memo {
                    memos.push(Memo::text(memo.as_bytes(), "returned_packet_memo"));
                }
                memos
            }
            (None, _) => vec![Memo::absent(place::PACKET_MEMO)],
        }
    }

    /// The packet's own coin.
    fn main(&self, token: &TokenPacket, way: Way, credit: &Received) -> Label {
        let mut memos = self.packet_memos(Some(token), way);
        let from = match way {
            Way::In => {
                let sender = address::parse(&token.sender).ok();
                if sender.is_none() && !token.sender.is_empty() {
                    // A sender of another family (0x…): kept as text, since no address of ours stands for it.
                    memos.push(Memo::text(token.sender.as_bytes(), "packet_sender"));
                }
                sender
            }
            // Our own coins come back out of the channel; their first sender is we ourselves.
            Way::Back => credit
                .from
                .as_deref()
                .and_then(|from| address::parse(from).ok()),
        };
        Label {
            mechanism: match way {
                Way::In => Mechanism::IbcTransfer,
                Way::Back => Mechanism::IbcRefund,
            },
            from,
            memos,
            flags: Vec::new(),
            outcome: self.outcome,
        }
    }

    /// Tokens of contracts (CW20). Whatever a contract's event says is the contract's word: it is the asset, and whether it is
    /// worth anything is decided by contract.
    fn contract_tokens(&mut self, events: &[&Event]) {
        let mut count = 0_usize;
        for event in events.iter().filter(|event| event.kind == "wasm") {
            for call in calls(event) {
                let Some(token) = TokenCall::read(&call) else {
                    continue;
                };
                let position = Position::new(&format!("msg:{}.cw20.{count}", self.index));
                count = count.saturating_add(1);
                let (Ok(contract), Ok(to)) =
                    (address::parse(token.contract), address::parse(token.to))
                else {
                    continue;
                };
                if token.amount.is_zero() {
                    continue;
                }
                let label = Label {
                    mechanism: Mechanism::TokenTransfer,
                    from: token.from.and_then(|from| address::parse(from).ok()),
                    memos: vec![self.memo()],
                    flags: Vec::new(),
                    outcome: self.outcome,
                };
                let asset = AssetId::contract(self.decoder.network().clone(), contract.text());
                let credit = self.observation(position, to, asset, token.amount, label);
                self.credits.push(credit);
            }
        }
    }
}

/// Whether a coin without a sender is what a delegator or a validator gets for staking: networks before SDK 0.38 do not say who
/// paid it. Only what is withdrawn goes elsewhere than to the signer, to an account that they chose.
fn is_reward_of(message: &Message, to: &str) -> bool {
    message.flat().iter().any(|message| match message {
        Message::Other { kind, .. }
            if kind.contains("WithdrawDelegat") || kind.contains("WithdrawValidatorCommission") =>
        {
            true
        }
        Message::Other { kind, signer } => {
            let is_staking = ["Delegat", "Undelegate", "Redelegate", "Withdraw"]
                .iter()
                .any(|word| kind.contains(word));
            is_staking && signer.as_deref().is_some_and(|signer| is_same(signer, to))
        }
        _ => false,
    })
}

/// Which way a packet's coins go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// They arrive.
    In,
    /// They come back to their sender.
    Back,
}

/// Whether an account is one of those from which the coins of a packet come: the channel's escrow, or the module that makes
/// vouchers.
fn is_channel_account(packet: &Packet, way: Way, account: &Payload) -> bool {
    let (port, channel) = match way {
        Way::In => (&packet.destination_port, &packet.destination_channel),
        Way::Back => (&packet.source_port, &packet.source_channel),
    };
    *account == module_account("transfer") || *account == escrow_account(port, channel)
}

/// The denomination in which coins come back to their sender: the packet names the trace on the sender's side.
fn denom_back(denom: &str) -> String {
    let is_trace = denom
        .split('/')
        .nth(1)
        .is_some_and(|channel| channel.starts_with("channel-"));
    if is_trace {
        address::voucher_denom(denom)
    } else {
        parse_denom(denom).unwrap_or_else(|| denom.to_owned())
    }
}

/// What the events of an Ethereum transaction say of it.
struct Ethereum<'a> {
    sender: Option<&'a str>,
    recipient: Option<&'a str>,
}

impl<'a> Ethereum<'a> {
    fn of(events: &[&'a Event]) -> Self {
        let find = |kind: &str, key: &'static str| {
            events
                .iter()
                .filter(|event| event.kind == kind)
                .flat_map(|event| event.all(key))
                .find(|text| text.starts_with("0x"))
        };
        Self {
            sender: find("message", "sender"),
            recipient: find("ethereum_tx", "recipient"),
        }
    }
}

/// The address of an Ethereum account, in the form of another address of its network.
fn ethereum_account(text: &str, beside: &Address) -> Option<Address> {
    let mut bytes = [0; 20];
    hex::decode_to_slice(text.strip_prefix("0x")?, &mut bytes).ok()?;
    address::format(address::prefix(beside), &Payload::Hash160(bytes))
}

/// The calls inside a contract event: logs of older networks merge them, and each begins with its contract.
fn calls(event: &Event) -> Vec<Vec<(&str, &str)>> {
    let mut calls: Vec<Vec<(&str, &str)>> = Vec::new();
    for (key, value) in &event.attributes {
        if key == "_contract_address" || calls.is_empty() {
            calls.push(Vec::new());
        }
        if let Some(call) = calls.last_mut() {
            call.push((key, value));
        }
    }
    calls
}

/// A movement of a CW20 token, as its specification writes the events.
struct TokenCall<'a> {
    contract: &'a str,
    from: Option<&'a str>,
    to: &'a str,
    amount: Amount,
}

impl<'a> TokenCall<'a> {
    fn read(call: &[(&'a str, &'a str)]) -> Option<Self> {
        let get = |wanted: &str| {
            call.iter()
                .find(|(key, _)| *key == wanted)
                .map(|(_, value)| *value)
        };
        let action = get("action")?;
        matches!(
            action,
            "transfer" | "transfer_from" | "send" | "send_from" | "mint"
        )
        .then_some(())?;
        Some(Self {
            contract: get("_contract_address")?,
            from: get("from"),
            to: get("to")?,
            amount: Amount::from_base_units(get("amount")?).ok()?,
        })
    }
}

/// Whether events hold any of the bank module.
pub(super) fn has_bank_events(events: &[Event]) -> bool {
    events.iter().any(is_bank_event)
}
