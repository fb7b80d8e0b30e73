//! What happens to an omnibus account of the Cosmos Hub.

use super::cosmos_message::{
    Arrival, Coin, Event, Message, Packet, Send, any, bytes, coin_proto, coins_text, escrow,
    module, movement, number, text,
};
use super::dice::Dice;
use super::encode::{base64, bech32, quoted, rfc3339, sha256, upper};
use super::timeline::Timeline;
use super::{Expected, Meant, Outcome, Sense};

const KINDS: u64 = 30;
const DETAILS: u64 = 31;
const PEOPLE: u64 = 32;
const OURS: u64 = 33;
const BLOCKS: u64 = 34;

const MEMBERS: u64 = 500;
const FIRST_MEMO: u64 = 4_000_000;
const SENDERS: u64 = 300;
const START: u64 = 1_735_689_600;
/// What the chain calls itself.
pub(crate) const CHAIN: &str = "cosmoshub-4";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// One MsgSend.
    Plain,
    /// One MsgSend with two coins: two credits of one message.
    TwoCoins,
    /// Several MsgSend under one memo, to us and to others.
    Several,
    /// A MsgMultiSend.
    Multi,
    /// A MsgSend inside a MsgExec.
    Exec,
    /// Packets that bring vouchers, with one that was refused or redundant among them.
    Receive,
    /// A packet that brings a coin of this chain home.
    Returning,
    /// A packet of ours that timed out.
    TimedOut,
    /// A packet of ours that was refused over there.
    GivenBack,
    /// A staking reward that we collected.
    Withdraw,
    /// A MsgSend that failed.
    Failed,
    /// Our own payment.
    Outgoing,
}

const TABLE: &[(Kind, u32)] = &[
    (Kind::Plain, 610),
    (Kind::TwoCoins, 30),
    (Kind::Several, 50),
    (Kind::Multi, 40),
    (Kind::Exec, 40),
    (Kind::Receive, 80),
    (Kind::Returning, 20),
    (Kind::TimedOut, 10),
    (Kind::GivenBack, 10),
    (Kind::Withdraw, 10),
    (Kind::Failed, 40),
    (Kind::Outgoing, 60),
];

/// A transaction as the server tells it.
pub(crate) struct Told {
    pub(crate) messages: Vec<Message>,
    pub(crate) memo: String,
    pub(crate) code: u32,
    pub(crate) events: Vec<Event>,
    /// The raw transaction.
    pub(crate) bytes: Vec<u8>,
    fee: Coin,
    key: [u8; 33],
    credits: Vec<Credit>,
}

impl Told {
    pub(crate) fn id(&self) -> String {
        upper(&sha256(&self.bytes))
    }
}

struct Credit {
    coin: Coin,
    memo: Meant,
    from: Option<String>,
    mechanism: Option<&'static str>,
}

pub(crate) struct Cosmos {
    seed: u64,
    pub(crate) timeline: Timeline,
    pub(crate) account: String,
    module: String,
}

fn address(bytes: &[u8]) -> String {
    bech32("cosmos", bytes)
}

impl Cosmos {
    pub(crate) fn new(seed: u64, deposits: u32, tail: u32) -> Cosmos {
        let timeline = Timeline::new(seed, 20_000_000, deposits, tail, |number| {
            count(seed, number)
        });
        Cosmos {
            seed,
            timeline,
            account: address(&Dice::new(seed, OURS, 0).bytes::<20>()),
            module: address(&module("transfer")),
        }
    }

    pub(crate) fn members() -> Vec<String> {
        (FIRST_MEMO..FIRST_MEMO + MEMBERS)
            .map(|memo| memo.to_string())
            .collect()
    }

    /// Time of a block.
    pub(crate) fn time(&self, height: u64) -> String {
        rfc3339(START + 6 * height.saturating_sub(self.timeline.first_height()))
    }

    /// Whether a transaction is found by its recipient.
    pub(crate) fn is_credit(&self, number: u32) -> bool {
        count(self.seed, number) > 0
    }

    /// The coin that a block itself pays us; `None` for most blocks.
    pub(crate) fn block_credit(&self, height: u64) -> Option<Coin> {
        let mut dice = Dice::new(self.seed, BLOCKS, height);
        dice.chance(60).then(|| Coin {
            amount: dice.between(1, 9_000_000_000),
            denom: "uatom".to_owned(),
        })
    }

    /// The events of a block outside its transactions.
    pub(crate) fn block_events(&self, height: u64) -> Vec<Event> {
        let mint = address(&module("mint"));
        let collector = address(&module("fee_collector"));
        let bonded = address(&module("not_bonded_tokens_pool"));
        let mut events = Vec::new();
        let inflation = Coin {
            amount: 6_000_000 + height % 1000,
            denom: "uatom".to_owned(),
        };
        movement(&mut events, &mint, &collector, &[inflation], None);
        if let Some(coin) = self.block_credit(height) {
            let amount = coins_text(std::slice::from_ref(&coin));
            movement(&mut events, &bonded, &self.account, &[coin], None);
            events.push(Event {
                kind: "complete_unbonding",
                attributes: vec![
                    ("amount", amount),
                    ("validator", validator()),
                    ("delegator", self.account.clone()),
                ],
                message: None,
            });
        }
        for event in &mut events {
            event.attributes.push(("mode", "EndBlock".to_owned()));
        }
        events
    }

    /// The credit of a block as a row of the truth table.
    pub(crate) fn expected_of_block(&self, height: u64) -> Option<Expected> {
        let coin = self.block_credit(height)?;
        Some(Expected {
            tx_id: format!("block:{height}"),
            height,
            asset: None,
            amount: coin.amount.to_string(),
            memo: Meant::not_routed(),
            outcome: Outcome::Moved,
            from: None,
            mechanism: Some("block_event"),
        })
    }

    /// The credits of a transaction as rows of the truth table.
    pub(crate) fn expected(&self, number: u32) -> Vec<Expected> {
        if !self.is_credit(number) {
            return Vec::new();
        }
        let told = self.tell(number);
        let tx_id = told.id();
        let height = self.timeline.height_of(number);
        told.credits
            .into_iter()
            .map(|credit| Expected {
                tx_id: tx_id.clone(),
                height,
                asset: (credit.coin.denom != "uatom").then_some(credit.coin.denom),
                amount: credit.coin.amount.to_string(),
                memo: credit.memo,
                outcome: Outcome::Moved,
                from: credit.from,
                mechanism: credit.mechanism,
            })
            .collect()
    }

    /// The transaction in full.
    pub(crate) fn tell(&self, number: u32) -> Told {
        let kind = kind(self.seed, number);
        let mut dice = details(self.seed, number);
        let several = usize::try_from(dice.between(1, 4)).expect("small");
        let sender = self.person(&mut dice);
        let (sense, mut memo) = memo(&mut dice);
        if matches!(
            kind,
            Kind::Receive | Kind::Returning | Kind::TimedOut | Kind::GivenBack
        ) {
            memo = "relayed with care | hermes 1.13.1".to_owned();
        }
        let mut story = Story {
            life: self,
            dice,
            sender,
            meant: meant(sense, Some(&memo), "memo"),
            messages: Vec::new(),
            credits: Vec::new(),
        };
        story.of(kind, several);
        let Story {
            mut dice,
            messages,
            credits,
            ..
        } = story;
        let code = if kind == Kind::Failed { 5 } else { 0 };
        let signer = messages[0].signer().to_owned();
        let fee = Coin {
            amount: dice.between(1000, 9000),
            denom: "uatom".to_owned(),
        };
        let mut events = ante(&signer, &fee);
        if code == 0 {
            for (index, message) in messages.iter().enumerate() {
                message.events(index, &self.module, &mut events);
            }
        }
        let key = dice.bytes();
        let bytes = raw(&messages, &memo, &fee, &key, &dice.bytes());
        Told {
            messages,
            memo,
            code,
            events,
            bytes,
            fee,
            key,
            credits,
        }
    }

    fn person(&self, dice: &mut Dice) -> String {
        address(&Dice::new(self.seed, PEOPLE, dice.below(SENDERS)).bytes::<20>())
    }
}

/// The events before the messages: fee and signature.
fn ante(signer: &str, fee: &Coin) -> Vec<Event> {
    let mut events = Vec::new();
    let collector = address(&module("fee_collector"));
    movement(
        &mut events,
        signer,
        &collector,
        std::slice::from_ref(fee),
        None,
    );
    events.push(Event {
        kind: "tx",
        attributes: vec![
            ("fee", coins_text(std::slice::from_ref(fee))),
            ("fee_payer", signer.to_owned()),
        ],
        message: None,
    });
    events.push(Event {
        kind: "tx",
        attributes: vec![("acc_seq", format!("{signer}/7"))],
        message: None,
    });
    events
}

/// The transaction's bytes, whose hash is its id.
fn raw(
    messages: &[Message],
    memo: &str,
    fee: &Coin,
    public_key: &[u8; 33],
    signature: &[u8; 64],
) -> Vec<u8> {
    let mut body = Vec::new();
    for message in messages {
        bytes(&mut body, 1, &message.proto());
    }
    text(&mut body, 2, memo);
    let mut key = Vec::new();
    bytes(&mut key, 1, public_key);
    let mut signer = Vec::new();
    bytes(
        &mut signer,
        1,
        &any("/cosmos.crypto.secp256k1.PubKey", &key),
    );
    bytes(&mut signer, 2, &[10, 2, 8, 1]);
    number(&mut signer, 3, 7);
    let mut fees = Vec::new();
    bytes(&mut fees, 1, &coin_proto(fee));
    number(&mut fees, 2, 200_000);
    let mut info = Vec::new();
    bytes(&mut info, 1, &signer);
    bytes(&mut info, 2, &fees);
    let mut raw = Vec::new();
    bytes(&mut raw, 1, &body);
    bytes(&mut raw, 2, &info);
    bytes(&mut raw, 3, signature);
    raw
}

fn kind(seed: u64, number: u32) -> Kind {
    Dice::new(seed, KINDS, u64::from(number)).weighted(TABLE)
}

fn details(seed: u64, number: u32) -> Dice {
    Dice::new(seed, DETAILS, u64::from(number))
}

fn count(seed: u64, number: u32) -> u32 {
    match kind(seed, number) {
        Kind::Failed | Kind::Outgoing => 0,
        Kind::TwoCoins => 2,
        Kind::Several | Kind::Multi | Kind::Receive => details(seed, number)
            .between(1, 4)
            .try_into()
            .expect("small"),
        _ => 1,
    }
}

fn validator() -> String {
    bech32("cosmosvaloper", b"one of the others...")
}

/// The denomination of a coin that came over a channel.
fn voucher(channel: &str, denom: &str) -> String {
    format!(
        "ibc/{}",
        upper(&sha256(format!("transfer/{channel}/{denom}").as_bytes()))
    )
}

fn meant(sense: Sense, memo: Option<&str>, place: &'static str) -> Meant {
    let kind = match memo {
        None => "absent",
        Some("") => "empty",
        Some(_) => "text",
    };
    Meant::new(sense, kind, memo.unwrap_or_default().as_bytes(), place)
}

/// What the sender wrote.
fn memo(dice: &mut Dice) -> (Sense, String) {
    let member = FIRST_MEMO + dice.below(MEMBERS);
    let sense = dice.weighted(&[
        (Sense::Good, 660),
        (Sense::Missing, 180),
        (Sense::Zero, 20),
        (Sense::Blank, 20),
        (Sense::Nobody, 50),
        (Sense::Misspelt, 30),
        (Sense::Odd, 40),
    ]);
    let memo = match sense {
        Sense::Good => member.to_string(),
        Sense::Zero => "0".to_owned(),
        Sense::Blank => "  ".to_owned(),
        Sense::Nobody => dice.between(1 << 60, u64::MAX).to_string(),
        Sense::Misspelt => format!(" 00{member}\n"),
        Sense::Odd => "=:r:thor1abc \"danke schön\" \\ 🌍".to_owned(),
        _ => String::new(),
    };
    (sense, memo)
}

struct Story<'a> {
    life: &'a Cosmos,
    dice: Dice,
    sender: String,
    meant: Meant,
    messages: Vec<Message>,
    credits: Vec<Credit>,
}

impl Story<'_> {
    fn of(&mut self, kind: Kind, several: usize) {
        match kind {
            Kind::Plain | Kind::Failed => {
                let coin = self.coin();
                self.send(vec![coin]);
            }
            Kind::TwoCoins => {
                let mut coins = vec![self.foreign_coin(), self.coin()];
                coins[1].denom = "uatom".to_owned();
                self.send(coins);
            }
            Kind::Several => {
                for _ in 0..several {
                    if self.dice.chance(300) {
                        let to = self.life.person(&mut self.dice);
                        let coins = vec![self.coin()];
                        self.messages.push(Message::Send(Send {
                            from: self.sender.clone(),
                            to,
                            coins,
                        }));
                    }
                    let coin = self.coin();
                    self.send(vec![coin]);
                }
            }
            Kind::Multi => self.multi(several),
            Kind::Exec => self.exec(),
            Kind::Receive => self.receive(several),
            Kind::Returning => self.returning(),
            Kind::TimedOut | Kind::GivenBack => self.given_back(kind == Kind::GivenBack),
            Kind::Withdraw => self.withdraw(),
            Kind::Outgoing => {
                let coins = vec![self.coin()];
                self.messages.push(Message::Send(Send {
                    from: self.life.account.clone(),
                    to: self.sender.clone(),
                    coins,
                }));
            }
        }
    }

    fn coin(&mut self) -> Coin {
        let denom = match self.dice.below(10) {
            0 => voucher("channel-141", "uosmo"),
            1 => "factory/cosmos1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqnrql8a/uDrop".to_owned(),
            _ => "uatom".to_owned(),
        };
        Coin {
            amount: self.dice.between(1, 9_000_000_000_000),
            denom,
        }
    }

    fn foreign_coin(&mut self) -> Coin {
        Coin {
            amount: self.dice.between(1, 9_000_000_000_000),
            denom: voucher("channel-141", "uosmo"),
        }
    }

    fn credit(
        &mut self,
        coin: Coin,
        memo: Meant,
        from: Option<String>,
        mechanism: Option<&'static str>,
    ) {
        self.credits.push(Credit {
            coin,
            memo,
            from,
            mechanism,
        });
    }

    fn send(&mut self, coins: Vec<Coin>) {
        for coin in &coins {
            self.credit(
                coin.clone(),
                self.meant.clone(),
                Some(self.sender.clone()),
                None,
            );
        }
        self.messages.push(Message::Send(Send {
            from: self.sender.clone(),
            to: self.life.account.clone(),
            coins,
        }));
    }

    fn multi(&mut self, several: usize) {
        let mut outputs = Vec::new();
        for _ in 0..several {
            let ours = Coin {
                amount: self.dice.between(1, 9_000_000_000),
                denom: "uatom".to_owned(),
            };
            let other = Coin {
                amount: self.dice.between(1, 9_000_000_000),
                denom: "uatom".to_owned(),
            };
            outputs.push((self.life.person(&mut self.dice), other));
            self.credit(ours.clone(), self.meant.clone(), None, None);
            outputs.push((self.life.account.clone(), ours));
        }
        self.messages.push(Message::MultiSend {
            from: self.sender.clone(),
            outputs,
        });
    }

    fn exec(&mut self) {
        let granter = self.life.person(&mut self.dice);
        let coin = self.coin();
        let other = self.coin();
        let inner = vec![
            Send {
                from: granter.clone(),
                to: self.life.person(&mut self.dice),
                coins: vec![other],
            },
            Send {
                from: granter.clone(),
                to: self.life.account.clone(),
                coins: vec![coin.clone()],
            },
        ];
        self.credit(coin, self.meant.clone(), Some(granter), None);
        self.messages.push(Message::Exec {
            grantee: self.sender.clone(),
            inner,
        });
    }

    fn packet(
        &mut self,
        denom: &str,
        sender: String,
        receiver: String,
        memo: Option<String>,
    ) -> Packet {
        Packet {
            sequence: self.dice.between(1, 10_000_000),
            source_channel: "channel-0".to_owned(),
            destination_channel: "channel-141".to_owned(),
            denom: denom.to_owned(),
            amount: self.dice.between(1, 9_000_000_000_000),
            sender,
            receiver,
            memo,
        }
    }

    /// What the sender wrote into a packet: older senders leave the field out, newer ones write it empty.
    fn packet_memo(&mut self) -> (Sense, Option<String>) {
        let (sense, text) = memo(&mut self.dice);
        let is_left_out = text.is_empty() && self.dice.chance(500);
        (sense, (!is_left_out).then_some(text))
    }

    fn stranger(&mut self) -> String {
        bech32("osmo", &self.dice.bytes::<20>())
    }

    fn receive(&mut self, several: usize) {
        let signer = self.sender.clone();
        self.messages.push(Message::UpdateClient {
            signer: signer.clone(),
        });
        for _ in 0..several {
            let (sense, text) = self.packet_memo();
            let stranger = self.stranger();
            let spoiled = self.dice.chance(300);
            let packet = self.packet(
                "uosmo",
                stranger.clone(),
                self.life.account.clone(),
                text.clone(),
            );
            if spoiled {
                let mut packet = packet.clone();
                packet.sequence += 1;
                let arrival = if self.dice.chance(500) {
                    Arrival::Refused
                } else {
                    Arrival::Redundant
                };
                self.messages.push(Message::Receive {
                    packet,
                    arrival,
                    signer: signer.clone(),
                });
            }
            let coin = Coin {
                amount: packet.amount,
                denom: voucher("channel-141", "uosmo"),
            };
            self.credit(
                coin.clone(),
                meant(sense, text.as_deref(), "packet_memo"),
                Some(stranger),
                Some("ibc_transfer"),
            );
            self.messages.push(Message::Receive {
                packet,
                arrival: Arrival::Paid {
                    payer: self.life.module.clone(),
                    coin,
                },
                signer: signer.clone(),
            });
        }
    }

    fn returning(&mut self) {
        let (sense, text) = self.packet_memo();
        let stranger = self.stranger();
        let packet = self.packet(
            "transfer/channel-0/uatom",
            stranger.clone(),
            self.life.account.clone(),
            text.clone(),
        );
        let coin = Coin {
            amount: packet.amount,
            denom: "uatom".to_owned(),
        };
        self.credit(
            coin.clone(),
            meant(sense, text.as_deref(), "packet_memo"),
            Some(stranger),
            Some("ibc_transfer"),
        );
        self.messages.push(Message::Receive {
            packet,
            arrival: Arrival::Paid {
                payer: address(&escrow("channel-141")),
                coin,
            },
            signer: self.sender.clone(),
        });
    }

    fn given_back(&mut self, refused: bool) {
        let stranger = self.stranger();
        let mut packet = self.packet(
            "uatom",
            self.life.account.clone(),
            stranger,
            Some("1234".to_owned()),
        );
        std::mem::swap(&mut packet.source_channel, &mut packet.destination_channel);
        let coin = Coin {
            amount: packet.amount,
            denom: "uatom".to_owned(),
        };
        self.credit(coin.clone(), Meant::not_routed(), None, Some("ibc_refund"));
        self.messages.push(Message::GivenBack {
            packet,
            coin,
            escrow: address(&escrow("channel-141")),
            refusal: refused.then(|| {
                r#"{"error":"ABCI code: 1: error handling packet: see events for details"}"#
                    .to_owned()
            }),
            signer: self.sender.clone(),
        });
    }

    fn withdraw(&mut self) {
        let coin = Coin {
            amount: self.dice.between(1, 9_000_000),
            denom: "uatom".to_owned(),
        };
        self.credit(coin.clone(), Meant::not_routed(), None, None);
        self.messages.push(Message::Withdraw {
            delegator: self.life.account.clone(),
            validator: validator(),
            payer: address(&module("distribution")),
            coin,
        });
    }
}

/// The transaction as the REST gateway prints it: `tx` and `tx_response`.
pub(crate) fn rest(life: &Cosmos, number: u32) -> (String, String) {
    let told = life.tell(number);
    let height = life.timeline.height_of(number);
    let messages: Vec<String> = told.messages.iter().map(Message::json).collect();
    let tx = format!(
        r#""body":{{"messages":[{}],"memo":{},"timeout_height":"0","unordered":false,"timeout_timestamp":null,"extension_options":[],"non_critical_extension_options":[]}},"auth_info":{{"signer_infos":[{{"public_key":{{"@type":"/cosmos.crypto.secp256k1.PubKey","key":"{}"}},"mode_info":{{"single":{{"mode":"SIGN_MODE_DIRECT"}}}},"sequence":"7"}}],"fee":{{"amount":[{{"denom":"uatom","amount":"{}"}}],"gas_limit":"200000","payer":"","granter":""}},"tip":null}},"signatures":["{}"]"#,
        messages.join(","),
        quoted(&told.memo),
        base64(&told.key),
        told.fee.amount,
        base64(&told.bytes[told.bytes.len() - 64..]),
    );
    let response = format!(
        r#"{{"height":"{height}","txhash":"{}","codespace":"{}","code":{},"data":"","raw_log":"{}","logs":[],"info":"","gas_wanted":"200000","gas_used":"105321","tx":{{"@type":"/cosmos.tx.v1beta1.Tx",{tx}}},"timestamp":"{}","events":{}}}"#,
        told.id(),
        if told.code == 0 { "" } else { "sdk" },
        told.code,
        if told.code == 0 {
            ""
        } else {
            "insufficient funds"
        },
        life.time(height),
        super::cosmos_message::events_json(&told.events),
    );
    (format!("{{{tx}}}"), response)
}
