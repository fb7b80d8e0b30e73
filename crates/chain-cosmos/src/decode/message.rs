//! Messages: what a transaction asked for, from JSON of every age and from its bytes.

use crate::decode::DecodeError;
use crate::proto;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use prost::Message as _;
use recover_core::amount::Amount;
use serde_json::Value;

/// A message as far as it moves money. Addresses are as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Message {
    /// Coins from one account to another.
    Send {
        from: String,
        to: String,
        coins: Vec<Coin>,
    },
    /// Coins from some accounts to others.
    MultiSend {
        inputs: Vec<String>,
        outputs: Vec<(String, Vec<Coin>)>,
    },
    /// Coins into an account that cannot spend them yet.
    Vesting {
        from: String,
        to: String,
        coins: Vec<Coin>,
    },
    /// Messages of others, executed by someone who was allowed to.
    Exec {
        grantee: String,
        messages: Vec<Self>,
    },
    /// A packet that arrives.
    Receive(Packet),
    /// A packet of this network that did not arrive in time.
    Timeout(Packet),
    /// The answer to a packet of this network.
    Acknowledge(Packet, Vec<u8>),
    /// A transaction of Ethereum's kind.
    Ethereum,
    /// Anything else, with who signs it where the usual fields tell.
    Other {
        kind: String,
        signer: Option<String>,
    },
}

/// A coin as a message writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Coin {
    pub denom: String,
    pub amount: Amount,
}

/// An IBC packet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Packet {
    pub source_port: String,
    pub source_channel: String,
    pub destination_port: String,
    pub destination_channel: String,
    pub data: Vec<u8>,
}

/// Which message a type is: of its Protobuf name or its amino name the part that both share.
fn last_word(kind: &str) -> &str {
    kind.rsplit(['.', '/']).next().unwrap_or(kind)
}

/// Whether a type belongs to the modules of the SDK and IBC whose messages we read, and not to one with an equal last word.
fn is_module(kind: &str, words: &[&str]) -> bool {
    words.iter().any(|word| kind.contains(word))
}

const AMINO: &str = "cosmos-sdk/";

impl Message {
    /// Reads a message of an answer's JSON: Protobuf JSON (`@type`), amino JSON (`type`, `value`) and the nested form of
    /// explorers.
    pub(crate) fn read(value: &Value) -> Result<Self, DecodeError> {
        Self::read_nested(value, 0)
    }

    fn read_nested(value: &Value, depth: usize) -> Result<Self, DecodeError> {
        let kind = ["@type", "type", "typeUrl"]
            .iter()
            .find_map(|key| value.get(key).and_then(Value::as_str))
            .ok_or_else(|| DecodeError::missing("a message's type"))?;
        let fields = fields_of(value);
        let word = last_word(kind);
        let text = |key: &str| text_of(fields.get(key));
        let need = |key: &'static str| {
            let text = text_of(fields.get(key));
            if text.is_empty() {
                Err(DecodeError::missing(key))
            } else {
                Ok(text)
            }
        };
        let bank = is_module(kind, &["cosmos.bank.", AMINO, "types.Msg"]);
        Ok(match word {
            "MsgSend" if bank => Self::Send {
                from: need("from_address")?,
                to: need("to_address")?,
                coins: coins(fields.get("amount"))?,
            },
            "MsgMultiSend" if bank => Self::MultiSend {
                inputs: list(fields.get("inputs"))
                    .map(|input| text_of(input.get("address")))
                    .collect(),
                outputs: list(fields.get("outputs"))
                    .map(|output| Ok((text_of(output.get("address")), coins(output.get("coins"))?)))
                    .collect::<Result<_, DecodeError>>()?,
            },
            "MsgCreateVestingAccount"
            | "MsgCreatePermanentLockedAccount"
            | "MsgCreatePermLockedAccount" => Self::Vesting {
                from: need("from_address")?,
                to: need("to_address")?,
                coins: coins(fields.get("amount"))?,
            },
            "MsgCreatePeriodicVestingAccount" | "MsgCreatePeriodVestAccount" => {
                let mut sums = Vec::new();
                for period in list(fields.get("vesting_periods")) {
                    add_coins(&mut sums, coins(period.get("amount"))?)?;
                }
                Self::Vesting {
                    from: need("from_address")?,
                    to: need("to_address")?,
                    coins: sums,
                }
            }
            "MsgExec" if is_module(kind, &["cosmos.authz.", AMINO]) && depth < NESTED_MAX => {
                Self::Exec {
                    grantee: text("grantee"),
                    messages: list(fields.get("msgs"))
                        .map(|inner| Self::read_nested(inner, depth.saturating_add(1)))
                        .collect::<Result<_, _>>()?,
                }
            }
            "MsgRecvPacket" => Self::Receive(packet(fields)),
            "MsgTimeout" | "MsgTimeoutOnClose" => Self::Timeout(packet(fields)),
            "MsgAcknowledgement" => Self::Acknowledge(
                packet(fields),
                STANDARD.decode(text("acknowledgement")).unwrap_or_default(),
            ),
            "MsgEthereumTx" => Self::Ethereum,
            _ => Self::Other {
                kind: kind.to_owned(),
                signer: SIGNER_FIELDS
                    .iter()
                    .map(|key| text(key))
                    .find(|text| !text.is_empty()),
            },
        })
    }

    /// Reads a message of a transaction's bytes.
    pub(crate) fn from_any(any: &proto::Any) -> Result<Self, DecodeError> {
        Self::from_any_nested(any, 0)
    }

    fn from_any_nested(any: &proto::Any, depth: usize) -> Result<Self, DecodeError> {
        let kind = any.type_url.as_str();
        let bytes = any.value.as_slice();
        let broken = |error: prost::DecodeError| DecodeError::Bytes {
            what: kind.to_owned(),
            detail: error.to_string(),
        };
        let bank = is_module(kind, &["cosmos.bank."]);
        Ok(match last_word(kind) {
            "MsgSend" if bank => {
                let message = proto::MsgSend::decode(bytes).map_err(broken)?;
                Self::Send {
                    from: message.from_address,
                    to: message.to_address,
                    coins: proto_coins(&message.amount)?,
                }
            }
            "MsgMultiSend" if bank => {
                let message = proto::MsgMultiSend::decode(bytes).map_err(broken)?;
                Self::MultiSend {
                    inputs: message
                        .inputs
                        .into_iter()
                        .map(|side| side.address)
                        .collect(),
                    outputs: message
                        .outputs
                        .into_iter()
                        .map(|side| Ok((side.address, proto_coins(&side.coins)?)))
                        .collect::<Result<_, DecodeError>>()?,
                }
            }
            "MsgCreateVestingAccount" | "MsgCreatePermanentLockedAccount" => {
                let message = proto::MsgSend::decode(bytes).map_err(broken)?;
                Self::Vesting {
                    from: message.from_address,
                    to: message.to_address,
                    coins: proto_coins(&message.amount)?,
                }
            }
            "MsgCreatePeriodicVestingAccount" => {
                let message =
                    proto::MsgCreatePeriodicVestingAccount::decode(bytes).map_err(broken)?;
                let mut sums = Vec::new();
                for period in &message.vesting_periods {
                    add_coins(&mut sums, proto_coins(&period.amount)?)?;
                }
                Self::Vesting {
                    from: message.from_address,
                    to: message.to_address,
                    coins: sums,
                }
            }
            "MsgExec" if is_module(kind, &["cosmos.authz."]) && depth < NESTED_MAX => {
                let message = proto::MsgExec::decode(bytes).map_err(broken)?;
                Self::Exec {
                    grantee: message.grantee,
                    messages: message
                        .msgs
                        .iter()
                        .map(|inner| Self::from_any_nested(inner, depth.saturating_add(1)))
                        .collect::<Result<_, _>>()?,
                }
            }
            word @ ("MsgRecvPacket" | "MsgTimeout" | "MsgTimeoutOnClose")
                if is_channel_v1(kind) =>
            {
                let message = proto::MsgWithPacket::decode(bytes).map_err(broken)?;
                let packet = message.packet.map(Packet::from).unwrap_or_default();
                if word == "MsgRecvPacket" {
                    Self::Receive(packet)
                } else {
                    Self::Timeout(packet)
                }
            }
            "MsgAcknowledgement" if is_channel_v1(kind) => {
                let message = proto::MsgAcknowledgement::decode(bytes).map_err(broken)?;
                Self::Acknowledge(
                    message.packet.map(Packet::from).unwrap_or_default(),
                    message.acknowledgement,
                )
            }
            // The second version of IBC has other packets: what moved is read from the events, its memo is not.
            "MsgRecvPacket" => Self::Receive(Packet::default()),
            "MsgTimeout" => Self::Timeout(Packet::default()),
            "MsgAcknowledgement" => Self::Acknowledge(Packet::default(), Vec::new()),
            "MsgEthereumTx" => Self::Ethereum,
            _ => Self::Other {
                kind: kind.to_owned(),
                // Most messages name their signer first; what is no address there is dropped by the reader.
                signer: proto::FirstText::decode(bytes)
                    .ok()
                    .map(|first| first.text)
                    .filter(|text| !text.is_empty()),
            },
        })
    }

    /// Who signs it, as written: never a relayer, who signs what is not theirs.
    pub(crate) fn signer(&self) -> Option<&str> {
        match self {
            Self::Send { from, .. } | Self::Vesting { from, .. } => Some(from),
            Self::MultiSend { inputs, .. } => inputs.first().map(String::as_str),
            Self::Exec { grantee, .. } => Some(grantee),
            Self::Other { signer, .. } => signer.as_deref(),
            Self::Receive(_) | Self::Timeout(_) | Self::Acknowledge(..) | Self::Ethereum => None,
        }
    }

    /// The message and every one inside it.
    pub(crate) fn flat(&self) -> Vec<&Self> {
        match self {
            Self::Exec { messages, .. } => messages.iter().flat_map(Self::flat).collect(),
            other => vec![other],
        }
    }

    /// What it asks to move, when it says so itself: recipient and coins, in its order.
    pub(crate) fn stated(&self) -> Vec<Stated<'_>> {
        self.flat()
            .into_iter()
            .flat_map(|message| match message {
                Self::Send { from, to, coins } => vec![Stated {
                    from: Some(from),
                    to,
                    coins,
                    locked: false,
                    several: false,
                }],
                Self::Vesting { from, to, coins } => vec![Stated {
                    from: Some(from),
                    to,
                    coins,
                    locked: true,
                    several: false,
                }],
                Self::MultiSend { inputs, outputs } => outputs
                    .iter()
                    .map(|(to, coins)| Stated {
                        from: match inputs.as_slice() {
                            [only] => Some(only.as_str()),
                            _ => None,
                        },
                        to,
                        coins,
                        locked: false,
                        several: inputs.len() > 1,
                    })
                    .collect(),
                _ => Vec::new(),
            })
            .collect()
    }
}

/// A payment that a message states.
pub(crate) struct Stated<'a> {
    /// The sender; `None` where several pay together.
    pub from: Option<&'a str>,
    pub to: &'a str,
    pub coins: &'a [Coin],
    /// Into an account that cannot spend it yet.
    pub locked: bool,
    /// From several senders.
    pub several: bool,
}

/// How deep messages inside messages are followed; the SDK itself refuses seven.
const NESTED_MAX: usize = 8;

/// Fields that name who signs, in messages that we do not read otherwise.
const SIGNER_FIELDS: &[&str] = &[
    "sender",
    "signer",
    "from_address",
    "delegator_address",
    "creator",
    "owner",
    "orchestrator",
    "granter",
    "depositor",
    "voter",
    "proposer",
];

fn is_channel_v1(kind: &str) -> bool {
    kind.contains("channel.v1.")
}

/// The fields of a message: beside its type, under `value` (amino), or under its own name (explorers).
fn fields_of(value: &Value) -> &Value {
    if let Some(inner) = value.get("value").filter(|inner| inner.is_object()) {
        return inner;
    }
    inside(value)
}

/// An explorer's object `{"@type": …, "/cosmos-bank-v1beta1-MsgSend": {…}}` stands for what is inside.
pub(crate) fn inside(value: &Value) -> &Value {
    let Some(object) = value.as_object() else {
        return value;
    };
    object
        .iter()
        .find(|(key, inner)| key.starts_with('/') && inner.is_object())
        .map_or(value, |(_, inner)| inner)
}

fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

/// Text, or a number's digits; empty for nothing.
pub(crate) fn text_of(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

fn coins(value: Option<&Value>) -> Result<Vec<Coin>, DecodeError> {
    let single = value.filter(|value| value.is_object());
    single
        .into_iter()
        .chain(list(value))
        .map(|coin| coin_of(&text_of(coin.get("denom")), &text_of(coin.get("amount"))))
        .collect()
}

fn proto_coins(coins: &[proto::Coin]) -> Result<Vec<Coin>, DecodeError> {
    coins
        .iter()
        .map(|coin| coin_of(&coin.denom, &coin.amount))
        .collect()
}

fn coin_of(denom: &str, amount: &str) -> Result<Coin, DecodeError> {
    let refuse = || DecodeError::Amount {
        text: format!("{amount}{denom}"),
    };
    Ok(Coin {
        denom: crate::address::parse_denom(denom).ok_or_else(refuse)?,
        amount: Amount::from_base_units(amount).map_err(|_| refuse())?,
    })
}

fn add_coins(sums: &mut Vec<Coin>, coins: Vec<Coin>) -> Result<(), DecodeError> {
    for coin in coins {
        match sums.iter_mut().find(|sum| sum.denom == coin.denom) {
            Some(sum) => {
                sum.amount =
                    sum.amount
                        .checked_add(coin.amount)
                        .ok_or_else(|| DecodeError::Amount {
                            text: format!("the sum of the periods in {}", coin.denom),
                        })?;
            }
            None => sums.push(coin),
        }
    }
    Ok(())
}

fn packet(fields: &Value) -> Packet {
    let Some(packet) = fields.get("packet") else {
        return Packet::default();
    };
    let packet = inside(packet);
    let text = |key: &str| text_of(packet.get(key));
    Packet {
        source_port: text("source_port"),
        source_channel: text("source_channel"),
        destination_port: text("destination_port"),
        destination_channel: text("destination_channel"),
        data: STANDARD.decode(text("data")).unwrap_or_default(),
    }
}

impl From<proto::Packet> for Packet {
    fn from(packet: proto::Packet) -> Self {
        Self {
            source_port: packet.source_port,
            source_channel: packet.source_channel,
            destination_port: packet.destination_port,
            destination_channel: packet.destination_channel,
            data: packet.data,
        }
    }
}
