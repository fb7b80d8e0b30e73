//! What happens to an omnibus account of TON.

use super::cell::Cell;
use super::dice::{Dice, index_of, name32};
use super::encode::{ton_friendly, ton_raw};
use super::timeline::Timeline;
use super::{Expected, Meant, Outcome, Sense};

const KINDS: u64 = 40;
const DETAILS: u64 = 41;
const PEOPLE: u64 = 42;
const OURS: u64 = 43;
const MASTERS: u64 = 44;
const WALLETS: u64 = 45;
const HASHES: u64 = 46;

const MEMBERS: u64 = 500;
const FIRST_MEMO: u64 = 20_000_000;
const SENDERS: u64 = 300;
/// Time of [`OLD_HEIGHT`], in seconds since 1970.
const START: u64 = 1_729_689_600;
/// A height before everything that is asked for.
const OLD_HEIGHT: u64 = 41_000_000;
/// Logical time of that height, and what each height has of it.
const FIRST_LT: u64 = 50_000_000_000_000;
const LT_PER_HEIGHT: u64 = 1_000_000;
/// Logical time between two of our transactions of one height.
const LT_PER_PLACE: u64 = 1000;
/// How many jettons our account holds.
pub(crate) const JETTONS: u64 = 3;

const TRANSFER_NOTIFICATION: u128 = 0x7362_d09c;
const INTERNAL_TRANSFER: u128 = 0x178d_4519;
const EXCESSES: u128 = 0xd532_76db;
const OWNERSHIP_ASSIGNED: u128 = 0x0513_8d91;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// TON with or without a comment.
    Plain,
    /// TON with a body that is no comment.
    Operation,
    /// TON that our account refused and sent back.
    Refused,
    /// TON that stays though the computing failed.
    Aborted,
    /// A message of ours that came back.
    GivenBack,
    /// Jettons whose notification reached us: jettons and a little TON.
    Jetton,
    /// Jettons without a notification.
    SilentJetton,
    /// Jettons whose notification ran out of gas: jettons and a little TON.
    FaintJetton,
    /// A stranger's contract that pretends to be a jetton wallet: a little TON, and a lie.
    FakeJetton,
    /// An NFT: the token and a little TON.
    Nft,
    /// What was left of TON that we attached.
    Excesses,
    /// Our own payment: a message from outside.
    Outgoing,
}

const TABLE: &[(Kind, u32)] = &[
    (Kind::Plain, 640),
    (Kind::Operation, 20),
    (Kind::Refused, 30),
    (Kind::Aborted, 15),
    (Kind::GivenBack, 15),
    (Kind::Jetton, 80),
    (Kind::SilentJetton, 50),
    (Kind::FaintJetton, 20),
    (Kind::FakeJetton, 10),
    (Kind::Nft, 10),
    (Kind::Excesses, 30),
    (Kind::Outgoing, 80),
];

/// Which of the transactions that one event makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    /// The one at the jetton wallet.
    Wallet = 0,
    /// The one at the account itself.
    Owner = 1,
}

/// A message.
pub(crate) struct Message {
    pub(crate) hash: [u8; 32],
    /// `None` for a message from outside.
    pub(crate) source: Option<[u8; 32]>,
    pub(crate) destination: [u8; 32],
    pub(crate) value: u64,
    pub(crate) bounce: bool,
    pub(crate) bounced: bool,
    pub(crate) body: Cell,
    /// The operation that the body begins with.
    pub(crate) operation: Option<u32>,
    /// The text, where the body is a comment.
    pub(crate) comment: Option<String>,
}

/// How the transaction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Done,
    /// The computing failed and the value went back.
    Bounced,
    /// The computing was skipped for want of gas, or failed, and the value stayed.
    Kept,
}

/// A transaction as the server tells it.
pub(crate) struct Told {
    pub(crate) account: [u8; 32],
    pub(crate) hash: [u8; 32],
    pub(crate) lt: u64,
    pub(crate) message: Message,
    pub(crate) out: Vec<Message>,
    pub(crate) ending: Ending,
    /// The number that a jetton's sender gave the transfer.
    pub(crate) query: u64,
    credits: Vec<Credit>,
}

enum Thing {
    Coin,
    /// The jetton of one of our wallets.
    Jetton(u64),
    /// What a stranger's contract stands for.
    Stranger([u8; 32]),
}

struct Credit {
    thing: Thing,
    amount: u128,
    memo: Meant,
    outcome: Outcome,
    from: Option<[u8; 32]>,
    mechanism: &'static str,
}

pub(crate) struct Ton {
    seed: u64,
    pub(crate) timeline: Timeline,
    pub(crate) account: [u8; 32],
}

fn kind(seed: u64, number: u32) -> Kind {
    Dice::new(seed, KINDS, u64::from(number)).weighted(TABLE)
}

impl Ton {
    pub(crate) fn new(seed: u64, deposits: u32, tail: u32) -> Ton {
        let timeline = Timeline::new(seed, 43_000_000, deposits, tail, |number| {
            match kind(seed, number) {
                Kind::Outgoing => 0,
                Kind::Jetton | Kind::FaintJetton | Kind::FakeJetton | Kind::Nft => 2,
                _ => 1,
            }
        });
        Ton {
            seed,
            timeline,
            account: Dice::new(seed, OURS, 0).bytes(),
        }
    }

    pub(crate) fn members() -> Vec<String> {
        (FIRST_MEMO..FIRST_MEMO + MEMBERS)
            .map(|memo| memo.to_string())
            .collect()
    }

    /// Time of a masterchain block, in seconds.
    pub(crate) fn time(&self, height: u64) -> u64 {
        START + 3 * height.saturating_sub(OLD_HEIGHT)
    }

    /// The logical time at which a masterchain block begins.
    pub(crate) fn lt_of(&self, height: u64) -> u64 {
        FIRST_LT + height.saturating_sub(OLD_HEIGHT) * LT_PER_HEIGHT
    }

    /// The logical time at which the events of a transaction's number begin: before the masterchain block that refers to
    /// their shard's.
    pub(crate) fn lt(&self, number: u32) -> u64 {
        let place = u64::from(self.timeline.place_of(number));
        let height = self.timeline.height_of(number);
        self.lt_of(height) - LT_PER_HEIGHT + place * LT_PER_PLACE + 7
    }

    /// The logical time of one of the transactions of an event.
    pub(crate) fn lt_at(&self, number: u32, slot: Slot) -> u64 {
        self.lt(number) + if slot == Slot::Owner { 4 } else { 0 }
    }

    /// The master of a jetton.
    pub(crate) fn master(&self, jetton: u64) -> [u8; 32] {
        Dice::new(self.seed, MASTERS, jetton).bytes()
    }

    /// Our wallet of a jetton.
    pub(crate) fn wallet(&self, jetton: u64) -> [u8; 32] {
        Dice::new(self.seed, WALLETS, jetton).bytes()
    }

    /// The jetton of an event, where it has one.
    fn jetton_of(&self, number: u32) -> Option<u64> {
        matches!(
            kind(self.seed, number),
            Kind::Jetton | Kind::SilentJetton | Kind::FaintJetton
        )
        .then(|| Dice::new(self.seed, DETAILS, u64::from(number)).below(JETTONS))
    }

    /// Whether the event makes a transaction at this account.
    pub(crate) fn touches(&self, number: u32, account: &[u8; 32]) -> Option<Slot> {
        if *account == self.account {
            return (kind(self.seed, number) != Kind::SilentJetton).then_some(Slot::Owner);
        }
        let jetton = self.jetton_of(number)?;
        (self.wallet(jetton) == *account).then_some(Slot::Wallet)
    }

    /// The transactions of an event, by logical time.
    pub(crate) fn slots(&self, number: u32) -> Vec<Slot> {
        let mut slots = Vec::new();
        if self.jetton_of(number).is_some() {
            slots.push(Slot::Wallet);
        }
        if kind(self.seed, number) != Kind::SilentJetton {
            slots.push(Slot::Owner);
        }
        slots
    }

    /// A name that belongs to an event: of its transactions (0, 1), their messages (2, 3), the trace (4), the sender's
    /// transaction (5).
    pub(crate) fn name(&self, number: u32, which: u64) -> [u8; 32] {
        name32(self.seed, HASHES, u64::from(number) * 8 + which)
    }

    /// The event to which a hash belongs, and which of its names it is.
    pub(crate) fn named(&self, hash: &[u8]) -> Option<(u32, u64)> {
        let count = u64::from(self.timeline.count()) * 8;
        let found = index_of(self.seed, HASHES, hash, count)?;
        Some((u32::try_from(found / 8).ok()?, found % 8))
    }

    fn person(&self, dice: &mut Dice) -> [u8; 32] {
        Dice::new(self.seed, PEOPLE, dice.below(SENDERS)).bytes()
    }

    /// The credits of an event as rows of the truth table.
    pub(crate) fn expected(&self, number: u32) -> Vec<Expected> {
        let height = self.timeline.height_of(number);
        let mut rows = Vec::new();
        for slot in self.slots(number) {
            let told = self.tell(number, slot);
            for credit in told.credits {
                rows.push(Expected {
                    tx_id: hex::encode(told.hash),
                    height,
                    asset: match credit.thing {
                        Thing::Coin => None,
                        Thing::Jetton(jetton) => Some(ton_friendly(&self.master(jetton))),
                        Thing::Stranger(contract) => Some(ton_friendly(&contract)),
                    },
                    amount: credit.amount.to_string(),
                    memo: credit.memo,
                    outcome: credit.outcome,
                    from: credit.from.map(|from| ton_friendly(&from)),
                    mechanism: Some(credit.mechanism),
                });
            }
        }
        rows
    }

    /// One transaction of an event in full.
    pub(crate) fn tell(&self, number: u32, slot: Slot) -> Told {
        let kind = kind(self.seed, number);
        let mut dice = Dice::new(self.seed, DETAILS, u64::from(number));
        // The first draw is the jetton's number: see `jetton_of`.
        let jetton = dice.below(JETTONS);
        let sender = self.person(&mut dice);
        let mut story = Story {
            life: self,
            number,
            dice,
            sender,
            jetton,
        };
        let mut told = match kind {
            Kind::Plain | Kind::Aborted | Kind::Refused => story.plain(kind),
            Kind::Operation => story.operation(),
            Kind::GivenBack => story.given_back(),
            Kind::Jetton | Kind::SilentJetton | Kind::FaintJetton => story.jetton(kind, slot),
            Kind::FakeJetton => story.fake_jetton(),
            Kind::Nft => story.nft(),
            Kind::Excesses => story.excesses(),
            Kind::Outgoing => story.outgoing(),
        };
        told.hash = self.name(number, slot as u64);
        told.message.hash = self.name(number, 2 + slot as u64);
        told.lt = self.lt_at(number, slot);
        told
    }

    /// The account in the form that the API speaks.
    pub(crate) fn raw(&self) -> String {
        ton_raw(&self.account)
    }
}

/// What a text field of a message says: the cells, the memo, and the text where it is one.
struct Comment {
    cell: Cell,
    memo: Meant,
    text: Option<String>,
}

/// What the sender wrote.
fn comment(dice: &mut Dice, place: &'static str) -> Comment {
    let member = FIRST_MEMO + dice.below(MEMBERS);
    let sense = dice.weighted(&[
        (Sense::Good, 660),
        (Sense::Missing, 160),
        (Sense::Empty, 20),
        (Sense::Zero, 20),
        (Sense::Blank, 20),
        (Sense::Nobody, 50),
        (Sense::Misspelt, 30),
        (Sense::Odd, 40),
    ]);
    let text = match sense {
        Sense::Good => member.to_string(),
        Sense::Zero => "0".to_owned(),
        Sense::Blank => "  ".to_owned(),
        Sense::Nobody => dice.between(1 << 60, u64::MAX).to_string(),
        Sense::Misspelt => format!(" 00{member}"),
        // Longer than one cell.
        Sense::Odd => "Спасибо \"за\" всё 🌍 ".repeat(8),
        _ => String::new(),
    };
    let kind = match sense {
        Sense::Missing => "absent",
        Sense::Empty => "empty",
        _ => "text",
    };
    let memo = Meant::new(sense, kind, text.as_bytes(), place);
    if sense == Sense::Missing {
        return Comment {
            cell: Cell::new(),
            memo,
            text: None,
        };
    }
    Comment {
        cell: Cell::new().number(0, 32).text(text.as_bytes()),
        memo,
        text: Some(text),
    }
}

struct Story<'a> {
    life: &'a Ton,
    number: u32,
    dice: Dice,
    sender: [u8; 32],
    jetton: u64,
}

impl Story<'_> {
    fn nanotons(&mut self) -> u64 {
        self.dice.between(1, 900_000_000_000)
    }

    fn message(&self, source: [u8; 32], value: u64, body: Cell, operation: Option<u32>) -> Message {
        Message {
            hash: [0; 32],
            source: Some(source),
            destination: self.life.account,
            value,
            bounce: false,
            bounced: false,
            body,
            operation,
            comment: None,
        }
    }

    fn told(&self, message: Message, ending: Ending, credits: Vec<Credit>) -> Told {
        Told {
            account: self.life.account,
            hash: [0; 32],
            lt: 0,
            message,
            out: Vec::new(),
            ending,
            query: 0,
            credits,
        }
    }

    fn coin(&self, value: u64, memo: Meant, mechanism: &'static str) -> Credit {
        Credit {
            thing: Thing::Coin,
            amount: u128::from(value),
            memo,
            outcome: Outcome::Moved,
            from: Some(self.sender),
            mechanism,
        }
    }

    fn plain(&mut self, kind: Kind) -> Told {
        let value = self.nanotons();
        let Comment { cell, memo, text } = comment(&mut self.dice, "comment");
        let operation = text.is_some().then_some(0);
        let mut message = self.message(self.sender, value, cell, operation);
        message.comment = text;
        let mut credit = self.coin(value, memo, "top_level");
        if kind != Kind::Refused {
            let ending = if kind == Kind::Aborted {
                Ending::Kept
            } else {
                Ending::Done
            };
            return self.told(message, ending, vec![credit]);
        }
        credit.outcome = Outcome::Failed;
        message.bounce = true;
        let mut back = self.message(
            self.life.account,
            value - value / 50,
            Cell::new().number(0xffff_ffff, 32),
            Some(0xffff_ffff),
        );
        back.destination = self.sender;
        back.bounced = true;
        back.hash = self.dice.bytes();
        let mut told = self.told(message, Ending::Bounced, vec![credit]);
        told.out.push(back);
        told
    }

    fn operation(&mut self) -> Told {
        let value = self.nanotons();
        let operation = 0x1234_5678;
        let body = Cell::new()
            .number(u128::from(operation), 32)
            .number(u128::from(self.dice.next()), 64);
        let message = self.message(self.sender, value, body, Some(operation));
        let memo = Meant::new(Sense::Missing, "absent", b"", "comment");
        let credit = self.coin(value, memo, "top_level");
        self.told(message, Ending::Done, vec![credit])
    }

    fn given_back(&mut self) -> Told {
        let value = self.nanotons();
        let body = Cell::new()
            .number(0xffff_ffff, 32)
            .number(0, 32)
            .bytes(b"12345");
        let mut message = self.message(self.sender, value, body, Some(0xffff_ffff));
        message.bounced = true;
        let credit = self.coin(value, Meant::not_routed(), "bounce");
        self.told(message, Ending::Done, vec![credit])
    }

    /// Forwarded text as a notification carries it: inline, or in a cell below.
    fn forwarded(cell: Cell, forward: &Comment, below: bool) -> Cell {
        match &forward.text {
            None => cell.number(0, 1),
            Some(text) if !below && text.len() < 20 => {
                cell.number(0, 1).number(0, 32).text(text.as_bytes())
            }
            Some(_) => cell.number(1, 1).reference(forward.cell.clone()),
        }
    }

    fn jetton(&mut self, kind: Kind, slot: Slot) -> Told {
        let amount = u128::from(self.dice.between(1, 900_000_000_000));
        let number = self.dice.next();
        let query = u128::from(number);
        let forward = comment(&mut self.dice, "forward_payload");
        let below = self.dice.chance(700);
        let forwarded_tons = match kind {
            Kind::Jetton => self.dice.between(1, 50_000_000),
            Kind::FaintJetton => 1,
            _ => 0,
        };
        let attached = forwarded_tons + 50_000_000;
        let stranger_wallet = self.dice.bytes();
        let wallet = self.life.wallet(self.jetton);
        let notice = Cell::new()
            .number(TRANSFER_NOTIFICATION, 32)
            .number(query, 64)
            .coins(amount)
            .account(&self.sender);
        let mut notice = self.message(
            wallet,
            forwarded_tons,
            Story::forwarded(notice, &forward, below),
            Some(0x7362_d09c),
        );
        notice.hash = self.life.name(self.number, 3);
        if slot == Slot::Owner {
            let mut credit = self.coin(forwarded_tons, forward.memo, "carrier");
            credit.from = Some(wallet);
            let ending = if kind == Kind::FaintJetton {
                Ending::Kept
            } else {
                Ending::Done
            };
            return self.told(notice, ending, vec![credit]);
        }
        let body = Cell::new()
            .number(INTERNAL_TRANSFER, 32)
            .number(query, 64)
            .coins(amount)
            .account(&self.sender)
            .account(&self.sender)
            .coins(u128::from(forwarded_tons));
        let mut message = self.message(
            stranger_wallet,
            attached,
            Story::forwarded(body, &forward, below),
            Some(0x178d_4519),
        );
        message.destination = wallet;
        message.bounce = true;
        let credit = Credit {
            thing: Thing::Jetton(self.jetton),
            amount,
            memo: forward.memo,
            outcome: Outcome::Moved,
            from: Some(self.sender),
            mechanism: "token_transfer",
        };
        let mut told = self.told(message, Ending::Done, vec![credit]);
        told.account = wallet;
        told.query = number;
        if forwarded_tons > 0 {
            told.out.push(notice);
        }
        let mut rest = self.message(
            wallet,
            30_000_000,
            Cell::new().number(EXCESSES, 32).number(query, 64),
            Some(0xd532_76db),
        );
        rest.destination = self.sender;
        rest.hash = self.dice.bytes();
        told.out.push(rest);
        told
    }

    fn fake_jetton(&mut self) -> Told {
        let amount = u128::from(self.dice.between(1_000_000, 900_000_000_000));
        let value = self.dice.between(1, 50_000_000);
        let contract = self.dice.bytes();
        let forward = comment(&mut self.dice, "forward_payload");
        let body = Cell::new()
            .number(TRANSFER_NOTIFICATION, 32)
            .number(7, 64)
            .coins(amount)
            .account(&self.sender);
        let body = Story::forwarded(body, &forward, true);
        let message = self.message(contract, value, body, Some(0x7362_d09c));
        let mut coin = self.coin(value, forward.memo.clone(), "carrier");
        coin.from = Some(contract);
        let lie = Credit {
            thing: Thing::Stranger(contract),
            amount,
            memo: forward.memo,
            outcome: Outcome::Pretended,
            from: Some(self.sender),
            mechanism: "token_transfer",
        };
        self.told(message, Ending::Done, vec![lie, coin])
    }

    fn nft(&mut self) -> Told {
        let item = self.dice.bytes();
        let value = self.dice.between(1, 50_000_000);
        let forward = comment(&mut self.dice, "forward_payload");
        let body = Cell::new()
            .number(OWNERSHIP_ASSIGNED, 32)
            .number(9, 64)
            .account(&self.sender);
        let body = Story::forwarded(body, &forward, true);
        let message = self.message(item, value, body, Some(0x0513_8d91));
        let mut coin = self.coin(value, forward.memo.clone(), "carrier");
        coin.from = Some(item);
        let token = Credit {
            thing: Thing::Stranger(item),
            amount: 1,
            memo: forward.memo,
            outcome: Outcome::Moved,
            from: Some(self.sender),
            mechanism: "token_transfer",
        };
        self.told(message, Ending::Done, vec![token, coin])
    }

    fn excesses(&mut self) -> Told {
        let value = self.dice.between(1, 50_000_000);
        let body = Cell::new()
            .number(EXCESSES, 32)
            .number(u128::from(self.dice.next()), 64);
        let message = self.message(self.sender, value, body, Some(0xd532_76db));
        let credit = self.coin(value, Meant::not_routed(), "carrier");
        self.told(message, Ending::Done, vec![credit])
    }

    fn outgoing(&mut self) -> Told {
        let value = self.nanotons();
        let signature: [u8; 64] = self.dice.bytes();
        let mut order = self.message(
            self.life.account,
            0,
            Cell::new().bytes(&signature),
            Some(0x5f3a_9c11),
        );
        order.source = None;
        let mut payment = self.message(
            self.life.account,
            value,
            Cell::new().number(0, 32).text(b"77"),
            Some(0),
        );
        payment.destination = self.sender;
        payment.comment = Some("77".to_owned());
        payment.hash = self.dice.bytes();
        let mut told = self.told(order, Ending::Done, Vec::new());
        told.out.push(payment);
        told
    }
}
