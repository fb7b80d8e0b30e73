//! Messages of a Cosmos SDK chain in their three forms: protobuf, JSON and the events they leave behind.
//!
//! Field numbers are those of cosmos-sdk and ibc-go; events are those of SDK 0.50 with CometBFT 0.38, in plain text.

use super::encode::{base64, quoted, sha256};
use std::fmt::Write;

/// A coin: amount and denomination.
#[derive(Clone, Debug)]
pub(crate) struct Coin {
    pub(crate) amount: u64,
    pub(crate) denom: String,
}

/// A movement of coins from one account to another.
#[derive(Clone, Debug)]
pub(crate) struct Send {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) coins: Vec<Coin>,
}

/// A packet of the transfer application.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    pub(crate) sequence: u64,
    pub(crate) source_channel: String,
    pub(crate) destination_channel: String,
    pub(crate) denom: String,
    pub(crate) amount: u64,
    pub(crate) sender: String,
    pub(crate) receiver: String,
    /// `None` where the data has no such field.
    pub(crate) memo: Option<String>,
}

/// What became of a packet that arrived.
#[derive(Clone, Debug)]
pub(crate) enum Arrival {
    /// The coin moved to the receiver, out of this account.
    Paid { payer: String, coin: Coin },
    /// The transfer application refused it.
    Refused,
    /// Another relayer was faster.
    Redundant,
}

/// One message.
#[derive(Clone, Debug)]
pub(crate) enum Message {
    Send(Send),
    MultiSend {
        from: String,
        outputs: Vec<(String, Coin)>,
    },
    Exec {
        grantee: String,
        inner: Vec<Send>,
    },
    UpdateClient {
        signer: String,
    },
    Receive {
        packet: Packet,
        arrival: Arrival,
        signer: String,
    },
    /// The packet of ours timed out (`None`) or was refused over there (the acknowledgement), and the coin came back.
    GivenBack {
        packet: Packet,
        coin: Coin,
        escrow: String,
        refusal: Option<String>,
        signer: String,
    },
    Withdraw {
        delegator: String,
        validator: String,
        payer: String,
        coin: Coin,
    },
}

/// An event: its type, attributes, and the message it belongs to.
pub(crate) struct Event {
    pub(crate) kind: &'static str,
    pub(crate) attributes: Vec<(&'static str, String)>,
    pub(crate) message: Option<usize>,
}

impl Event {
    pub(crate) fn json(&self) -> String {
        let mut text = format!(r#"{{"type":"{}","attributes":["#, self.kind);
        let index = self.message.map(|index| ("msg_index", index.to_string()));
        for (place, (key, value)) in self.attributes.iter().chain(&index).enumerate() {
            let comma = if place == 0 { "" } else { "," };
            write!(
                text,
                r#"{comma}{{"key":"{key}","value":{},"index":true}}"#,
                quoted(value)
            )
            .expect("writing to a string");
        }
        text.push_str("]}");
        text
    }
}

/// Events as a JSON list.
pub(crate) fn events_json(events: &[Event]) -> String {
    let rows: Vec<String> = events.iter().map(Event::json).collect();
    format!("[{}]", rows.join(","))
}

/// Coins as events write them: joined by commas.
pub(crate) fn coins_text(coins: &[Coin]) -> String {
    let texts: Vec<String> = coins
        .iter()
        .map(|coin| format!("{}{}", coin.amount, coin.denom))
        .collect();
    texts.join(",")
}

fn coins_json(coins: &[Coin]) -> String {
    let rows: Vec<String> = coins
        .iter()
        .map(|coin| {
            format!(
                r#"{{"denom":{},"amount":"{}"}}"#,
                quoted(&coin.denom),
                coin.amount
            )
        })
        .collect();
    format!("[{}]", rows.join(","))
}

/// The three events of a movement: spent, received, transfer.
pub(crate) fn movement(
    events: &mut Vec<Event>,
    from: &str,
    to: &str,
    coins: &[Coin],
    message: Option<usize>,
) {
    let amount = coins_text(coins);
    let mut push = |kind, attributes| {
        events.push(Event {
            kind,
            attributes,
            message,
        })
    };
    push(
        "coin_spent",
        vec![("spender", from.to_owned()), ("amount", amount.clone())],
    );
    push(
        "coin_received",
        vec![("receiver", to.to_owned()), ("amount", amount.clone())],
    );
    push(
        "transfer",
        vec![
            ("recipient", to.to_owned()),
            ("sender", from.to_owned()),
            ("amount", amount),
        ],
    );
    push("message", vec![("sender", from.to_owned())]);
}

/// The account of a module.
pub(crate) fn module(name: &str) -> [u8; 20] {
    first20(sha256(name.as_bytes()))
}

/// The account in which a channel keeps what went out over it.
pub(crate) fn escrow(channel: &str) -> [u8; 20] {
    first20(sha256(format!("ics20-1\0transfer/{channel}").as_bytes()))
}

fn first20(hash: [u8; 32]) -> [u8; 20] {
    let mut bytes = [0; 20];
    bytes.copy_from_slice(&hash[..20]);
    bytes
}

impl Packet {
    /// The application's data as its JSON text.
    pub(crate) fn data(&self) -> String {
        let memo = self
            .memo
            .as_ref()
            .map_or(String::new(), |memo| format!(r#","memo":{}"#, quoted(memo)));
        format!(
            r#"{{"amount":"{}","denom":{}{memo},"receiver":"{}","sender":"{}"}}"#,
            self.amount,
            quoted(&self.denom),
            self.receiver,
            self.sender
        )
    }

    fn json(&self) -> String {
        format!(
            r#"{{"sequence":"{}","source_port":"transfer","source_channel":"{}","destination_port":"transfer","destination_channel":"{}","data":"{}","timeout_height":{{"revision_number":"0","revision_height":"0"}},"timeout_timestamp":"1999999999000000000"}}"#,
            self.sequence,
            self.source_channel,
            self.destination_channel,
            base64(self.data().as_bytes())
        )
    }

    fn proto(&self) -> Vec<u8> {
        let mut out = Vec::new();
        number(&mut out, 1, self.sequence);
        text(&mut out, 2, "transfer");
        text(&mut out, 3, &self.source_channel);
        text(&mut out, 4, "transfer");
        text(&mut out, 5, &self.destination_channel);
        text(&mut out, 6, &self.data());
        bytes(&mut out, 7, &[]);
        number(&mut out, 8, 1_999_999_999_000_000_000);
        out
    }

    fn attributes(&self) -> Vec<(&'static str, String)> {
        vec![
            ("packet_data", self.data()),
            ("packet_data_hex", hex::encode(self.data())),
            ("packet_timeout_height", "0-0".to_owned()),
            ("packet_timeout_timestamp", "1999999999000000000".to_owned()),
            ("packet_sequence", self.sequence.to_string()),
            ("packet_src_port", "transfer".to_owned()),
            ("packet_src_channel", self.source_channel.clone()),
            ("packet_dst_port", "transfer".to_owned()),
            ("packet_dst_channel", self.destination_channel.clone()),
            ("packet_channel_ordering", "ORDER_UNORDERED".to_owned()),
            ("packet_connection", "connection-0".to_owned()),
            ("connection_id", "connection-0".to_owned()),
        ]
    }
}

impl Message {
    fn url(&self) -> &'static str {
        match self {
            Message::Send(_) => "/cosmos.bank.v1beta1.MsgSend",
            Message::MultiSend { .. } => "/cosmos.bank.v1beta1.MsgMultiSend",
            Message::Exec { .. } => "/cosmos.authz.v1beta1.MsgExec",
            Message::UpdateClient { .. } => "/ibc.core.client.v1.MsgUpdateClient",
            Message::Receive { .. } => "/ibc.core.channel.v1.MsgRecvPacket",
            Message::GivenBack { refusal: None, .. } => "/ibc.core.channel.v1.MsgTimeout",
            Message::GivenBack { .. } => "/ibc.core.channel.v1.MsgAcknowledgement",
            Message::Withdraw { .. } => "/cosmos.distribution.v1beta1.MsgWithdrawDelegatorReward",
        }
    }

    /// Who signs it.
    pub(crate) fn signer(&self) -> &str {
        match self {
            Message::Send(send) => &send.from,
            Message::MultiSend { from, .. } => from,
            Message::Exec { grantee, .. } => grantee,
            Message::UpdateClient { signer }
            | Message::Receive { signer, .. }
            | Message::GivenBack { signer, .. } => signer,
            Message::Withdraw { delegator, .. } => delegator,
        }
    }

    /// As the REST gateway prints it.
    pub(crate) fn json(&self) -> String {
        let head = format!(r#"{{"@type":"{}""#, self.url());
        match self {
            Message::Send(send) => send_json(send),
            Message::MultiSend { from, outputs } => {
                let total: Vec<Coin> = total(outputs);
                let rows: Vec<String> = outputs
                    .iter()
                    .map(|(to, coin)| {
                        format!(
                            r#"{{"address":"{to}","coins":{}}}"#,
                            coins_json(std::slice::from_ref(coin))
                        )
                    })
                    .collect();
                format!(
                    r#"{head},"inputs":[{{"address":"{from}","coins":{}}}],"outputs":[{}]}}"#,
                    coins_json(&total),
                    rows.join(",")
                )
            }
            Message::Exec { grantee, inner } => {
                let rows: Vec<String> = inner.iter().map(send_json).collect();
                format!(
                    r#"{head},"grantee":"{grantee}","msgs":[{}]}}"#,
                    rows.join(",")
                )
            }
            Message::UpdateClient { signer } => format!(
                r#"{head},"client_id":"07-tendermint-12","client_message":{{"@type":"/ibc.lightclients.tendermint.v1.Header"}},"signer":"{signer}"}}"#
            ),
            Message::Receive { packet, signer, .. } => format!(
                r#"{head},"packet":{},"proof_commitment":"CgA=","proof_height":{{"revision_number":"1","revision_height":"77"}},"signer":"{signer}"}}"#,
                packet.json()
            ),
            Message::GivenBack {
                packet,
                refusal,
                signer,
                ..
            } => {
                let reason = match refusal {
                    None => r#""proof_unreceived":"CgA=","next_sequence_recv":"1""#.to_owned(),
                    Some(refusal) => format!(
                        r#""acknowledgement":"{}","proof_acked":"CgA=""#,
                        base64(refusal.as_bytes())
                    ),
                };
                format!(
                    r#"{head},"packet":{},{reason},"proof_height":{{"revision_number":"1","revision_height":"77"}},"signer":"{signer}"}}"#,
                    packet.json()
                )
            }
            Message::Withdraw {
                delegator,
                validator,
                ..
            } => format!(
                r#"{head},"delegator_address":"{delegator}","validator_address":"{validator}"}}"#
            ),
        }
    }

    /// As a protobuf `Any`.
    pub(crate) fn proto(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let height = [8, 1, 16, 77];
        match self {
            Message::Send(send) => out = send_proto(send),
            Message::MultiSend { from, outputs } => {
                let mut input = Vec::new();
                text(&mut input, 1, from);
                for coin in total(outputs) {
                    bytes(&mut input, 2, &coin_proto(&coin));
                }
                bytes(&mut out, 1, &input);
                for (to, coin) in outputs {
                    let mut output = Vec::new();
                    text(&mut output, 1, to);
                    bytes(&mut output, 2, &coin_proto(coin));
                    bytes(&mut out, 2, &output);
                }
            }
            Message::Exec { grantee, inner } => {
                text(&mut out, 1, grantee);
                for send in inner {
                    bytes(
                        &mut out,
                        2,
                        &any("/cosmos.bank.v1beta1.MsgSend", &send_proto(send)),
                    );
                }
            }
            Message::UpdateClient { signer } => {
                text(&mut out, 1, "07-tendermint-12");
                bytes(
                    &mut out,
                    2,
                    &any("/ibc.lightclients.tendermint.v1.Header", &[]),
                );
                text(&mut out, 3, signer);
            }
            Message::Receive { packet, signer, .. } => {
                bytes(&mut out, 1, &packet.proto());
                bytes(&mut out, 2, &[10, 0]);
                bytes(&mut out, 3, &height);
                text(&mut out, 4, signer);
            }
            Message::GivenBack {
                packet,
                refusal,
                signer,
                ..
            } => {
                bytes(&mut out, 1, &packet.proto());
                bytes(
                    &mut out,
                    2,
                    refusal.as_deref().map_or(&[10, 0], str::as_bytes),
                );
                match refusal {
                    None => {
                        bytes(&mut out, 3, &height);
                        number(&mut out, 4, 1);
                    }
                    Some(_) => {
                        bytes(&mut out, 3, &[10, 0]);
                        bytes(&mut out, 4, &height);
                    }
                }
                text(&mut out, 5, signer);
            }
            Message::Withdraw {
                delegator,
                validator,
                ..
            } => {
                text(&mut out, 1, delegator);
                text(&mut out, 2, validator);
            }
        }
        any(self.url(), &out)
    }

    /// The events it leaves behind when its transaction succeeds.
    pub(crate) fn events(&self, index: usize, module: &str, events: &mut Vec<Event>) {
        let message = Some(index);
        let mut action = vec![
            ("action", self.url().to_owned()),
            ("sender", self.signer().to_owned()),
        ];
        if let Message::Send(_) | Message::MultiSend { .. } = self {
            action.push(("module", "bank".to_owned()));
        }
        events.push(Event {
            kind: "message",
            attributes: action,
            message,
        });
        match self {
            Message::Send(send) => movement(events, &send.from, &send.to, &send.coins, message),
            Message::MultiSend { from, outputs } => {
                events.push(Event {
                    kind: "coin_spent",
                    attributes: vec![
                        ("spender", from.clone()),
                        ("amount", coins_text(&total(outputs))),
                    ],
                    message,
                });
                for (to, coin) in outputs {
                    let amount = coins_text(std::slice::from_ref(coin));
                    events.push(Event {
                        kind: "coin_received",
                        attributes: vec![("receiver", to.clone()), ("amount", amount.clone())],
                        message,
                    });
                    events.push(Event {
                        kind: "transfer",
                        attributes: vec![("recipient", to.clone()), ("amount", amount)],
                        message,
                    });
                }
            }
            Message::Exec { inner, .. } => {
                for (place, send) in inner.iter().enumerate() {
                    let start = events.len();
                    movement(events, &send.from, &send.to, &send.coins, message);
                    for event in &mut events[start..] {
                        event
                            .attributes
                            .push(("authz_msg_index", place.to_string()));
                    }
                }
            }
            Message::UpdateClient { .. } => events.push(Event {
                kind: "update_client",
                attributes: vec![
                    ("client_id", "07-tendermint-12".to_owned()),
                    ("client_type", "07-tendermint".to_owned()),
                ],
                message,
            }),
            Message::Receive {
                packet, arrival, ..
            } => receive(packet, arrival, module, message, events),
            Message::GivenBack {
                packet,
                coin,
                escrow,
                refusal,
                ..
            } => {
                let kind = if refusal.is_some() {
                    "acknowledge_packet"
                } else {
                    "timeout_packet"
                };
                let mut attributes = packet.attributes();
                attributes.drain(..2);
                events.push(Event {
                    kind,
                    attributes,
                    message,
                });
                movement(
                    events,
                    escrow,
                    &packet.sender,
                    std::slice::from_ref(coin),
                    message,
                );
                let attributes = match refusal {
                    None => vec![
                        ("module", "transfer".to_owned()),
                        ("refund_receiver", packet.sender.clone()),
                        ("refund_denom", packet.denom.clone()),
                        ("refund_amount", packet.amount.to_string()),
                    ],
                    Some(refusal) => vec![
                        ("module", "transfer".to_owned()),
                        ("sender", packet.sender.clone()),
                        ("receiver", packet.receiver.clone()),
                        ("denom", packet.denom.clone()),
                        ("amount", packet.amount.to_string()),
                        ("memo", packet.memo.clone().unwrap_or_default()),
                        ("acknowledgement", refusal.clone()),
                    ],
                };
                let kind = if refusal.is_some() {
                    "fungible_token_packet"
                } else {
                    "timeout"
                };
                events.push(Event {
                    kind,
                    attributes,
                    message,
                });
            }
            Message::Withdraw {
                delegator,
                validator,
                payer,
                coin,
            } => {
                movement(
                    events,
                    payer,
                    delegator,
                    std::slice::from_ref(coin),
                    message,
                );
                events.push(Event {
                    kind: "withdraw_rewards",
                    attributes: vec![
                        ("amount", coins_text(std::slice::from_ref(coin))),
                        ("validator", validator.clone()),
                        ("delegator", delegator.clone()),
                    ],
                    message,
                });
            }
        }
    }
}

fn receive(
    packet: &Packet,
    arrival: &Arrival,
    module: &str,
    message: Option<usize>,
    events: &mut Vec<Event>,
) {
    events.push(Event {
        kind: "recv_packet",
        attributes: packet.attributes(),
        message,
    });
    events.push(Event {
        kind: "message",
        attributes: vec![("module", "ibc_channel".to_owned())],
        message,
    });
    let acknowledgement = match arrival {
        Arrival::Redundant => return,
        Arrival::Refused => {
            r#"{"error":"ABCI code: 5: error handling packet: see events for details"}"#
        }
        Arrival::Paid { payer, coin } => {
            if payer == module {
                // A voucher is minted before it is handed on.
                let amount = coins_text(std::slice::from_ref(coin));
                events.push(Event {
                    kind: "coin_received",
                    attributes: vec![("receiver", module.to_owned()), ("amount", amount.clone())],
                    message,
                });
                events.push(Event {
                    kind: "coinbase",
                    attributes: vec![("minter", module.to_owned()), ("amount", amount)],
                    message,
                });
            }
            movement(
                events,
                payer,
                &packet.receiver,
                std::slice::from_ref(coin),
                message,
            );
            r#"{"result":"AQ=="}"#
        }
    };
    let success = matches!(arrival, Arrival::Paid { .. });
    events.push(Event {
        kind: "fungible_token_packet",
        attributes: vec![
            ("module", "transfer".to_owned()),
            ("sender", packet.sender.clone()),
            ("receiver", packet.receiver.clone()),
            ("denom", packet.denom.clone()),
            ("amount", packet.amount.to_string()),
            ("memo", packet.memo.clone().unwrap_or_default()),
            ("success", success.to_string()),
        ],
        message,
    });
    let mut attributes = packet.attributes();
    attributes.push(("packet_ack", acknowledgement.to_owned()));
    attributes.push(("packet_ack_hex", hex::encode(acknowledgement)));
    events.push(Event {
        kind: "write_acknowledgement",
        attributes,
        message,
    });
}

fn total(outputs: &[(String, Coin)]) -> Vec<Coin> {
    let denom = outputs.first().map(|(_, coin)| coin.denom.clone());
    denom
        .map(|denom| Coin {
            amount: outputs.iter().map(|(_, coin)| coin.amount).sum(),
            denom,
        })
        .into_iter()
        .collect()
}

fn send_json(send: &Send) -> String {
    format!(
        r#"{{"@type":"/cosmos.bank.v1beta1.MsgSend","from_address":"{}","to_address":"{}","amount":{}}}"#,
        send.from,
        send.to,
        coins_json(&send.coins)
    )
}

fn send_proto(send: &Send) -> Vec<u8> {
    let mut out = Vec::new();
    text(&mut out, 1, &send.from);
    text(&mut out, 2, &send.to);
    for coin in &send.coins {
        bytes(&mut out, 3, &coin_proto(coin));
    }
    out
}

pub(crate) fn coin_proto(coin: &Coin) -> Vec<u8> {
    let mut out = Vec::new();
    text(&mut out, 1, &coin.denom);
    text(&mut out, 2, &coin.amount.to_string());
    out
}

pub(crate) fn any(url: &str, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    text(&mut out, 1, url);
    if !value.is_empty() {
        bytes(&mut out, 2, value);
    }
    out
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(u8::try_from(value & 0x7f | 0x80).expect("eight bits"));
        value >>= 7;
    }
    out.push(u8::try_from(value).expect("seven bits"));
}

/// A number field.
pub(crate) fn number(out: &mut Vec<u8>, field: u64, value: u64) {
    varint(out, field << 3);
    varint(out, value);
}

/// A field of bytes or of another message.
pub(crate) fn bytes(out: &mut Vec<u8>, field: u64, value: &[u8]) {
    varint(out, field << 3 | 2);
    varint(out, value.len() as u64);
    out.extend_from_slice(value);
}

/// A text field; an empty text is left out, as proto3 does.
pub(crate) fn text(out: &mut Vec<u8>, field: u64, value: &str) {
    if !value.is_empty() {
        bytes(out, field, value.as_bytes());
    }
}
