//! What happens to an omnibus account of the XRP Ledger.

use super::dice::Dice;
use super::encode::{rfc3339, upper, xrpl_address};
use super::timeline::Timeline;
use super::xrpl_binary::{Fields, Issued, Money, millionths};
use super::{Expected, Meant, Outcome, Sense};
use std::fmt::Write;

const KINDS: u64 = 10;
const DETAILS: u64 = 11;
const PEOPLE: u64 = 12;
const OURS: u64 = 13;
const ISSUERS: u64 = 14;

/// Users with a tag of their own.
const MEMBERS: u32 = 500;
/// The first user's tag; the others follow.
const FIRST_TAG: u32 = 100_000;
/// People who pay in.
const SENDERS: u64 = 300;
/// Seconds between the epoch of the ledger (2000) and that of Unix.
const EPOCH: u64 = 946_684_800;
/// Close time of the first height, in seconds since 1970.
const START: u64 = 1_735_689_600;

/// `RLUSD` is longer than three characters and stands as hexadecimal.
const RLUSD: &str = "524C555344000000000000000000000000000000";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// XRP from account to account.
    Plain,
    /// An issued currency.
    Issued,
    /// XRP that the sender bought on the way.
    Path,
    /// A payment that names more than it delivers.
    Partial,
    /// A payment that cost its fee and delivered nothing.
    Failed,
    /// A check that we cashed.
    Check,
    /// An escrow that a stranger finished.
    Escrow,
    /// A claim from a payment channel to us.
    Channel,
    /// An account that was deleted and left its rest to us.
    Deleted,
    /// Liquidity that we took out of a pool: two credits.
    Pool,
    /// Our own payment to somebody.
    Outgoing,
    /// A trust line, settings or an offer of our own.
    Housekeeping,
}

const TABLE: &[(Kind, u32)] = &[
    (Kind::Plain, 590),
    (Kind::Issued, 130),
    (Kind::Path, 40),
    (Kind::Partial, 50),
    (Kind::Failed, 40),
    (Kind::Check, 10),
    (Kind::Escrow, 15),
    (Kind::Channel, 10),
    (Kind::Deleted, 10),
    (Kind::Pool, 10),
    (Kind::Outgoing, 70),
    (Kind::Housekeeping, 25),
];

/// A transaction as the server tells it.
pub(crate) struct Told {
    pub(crate) fields: Fields,
    /// The metadata as JSON.
    pub(crate) meta: String,
    pub(crate) credits: Vec<Credit>,
}

/// A credit before it has an id.
pub(crate) struct Credit {
    money: Money,
    memo: Meant,
    outcome: Outcome,
    from: Option<[u8; 20]>,
    mechanism: Option<&'static str>,
}

/// The account's life.
pub(crate) struct Xrpl {
    seed: u64,
    pub(crate) timeline: Timeline,
    pub(crate) account: [u8; 20],
}

impl Xrpl {
    pub(crate) fn new(seed: u64, deposits: u32, tail: u32, account: Option<&[u8]>) -> Xrpl {
        let timeline = Timeline::new(seed, 95_000_000, deposits, tail, |number| {
            match kind(seed, number) {
                Kind::Outgoing | Kind::Housekeeping => 0,
                Kind::Pool => 2,
                _ => 1,
            }
        });
        Xrpl {
            seed,
            timeline,
            account: account.map_or_else(
                || Dice::new(seed, OURS, 0).bytes(),
                |account| {
                    account
                        .try_into()
                        .expect("an account of the XRP Ledger has 20 bytes")
                },
            ),
        }
    }

    pub(crate) fn members() -> Vec<String> {
        (FIRST_TAG..FIRST_TAG + MEMBERS)
            .map(|tag| tag.to_string())
            .collect()
    }

    /// Close time of a ledger, in seconds since 1970.
    pub(crate) fn closed_at(&self, height: u64) -> u64 {
        START + 4 * height.saturating_sub(self.timeline.first_height())
    }

    /// The same in the ledger's own count.
    pub(crate) fn date(&self, height: u64) -> u64 {
        self.closed_at(height) - EPOCH
    }

    /// The close time as API version 2 prints it.
    pub(crate) fn close_time_iso(&self, height: u64) -> String {
        rfc3339(self.closed_at(height))
    }

    fn issuer(&self, number: u64) -> [u8; 20] {
        Dice::new(self.seed, ISSUERS, number).bytes()
    }

    fn person(&self, dice: &mut Dice) -> [u8; 20] {
        Dice::new(self.seed, PEOPLE, dice.below(SENDERS)).bytes()
    }

    fn issued(&self, dice: &mut Dice) -> Issued {
        let (code, issuer) = match dice.below(3) {
            0 => ("USD", 0),
            1 => ("EUR", 0),
            _ => (RLUSD, 1),
        };
        Issued {
            code,
            issuer: self.issuer(issuer),
            millionths: dice.between(1, 9_000_000_000),
        }
    }

    /// The credits of a transaction as rows of the truth table.
    pub(crate) fn expected(&self, number: u32) -> Vec<Expected> {
        let told = self.tell(number);
        if told.credits.is_empty() {
            return Vec::new();
        }
        let tx_id = upper(&told.fields.id());
        let height = self.timeline.height_of(number);
        told.credits
            .into_iter()
            .map(|credit| {
                let (asset, amount) = match credit.money {
                    Money::Drops(drops) => (None, drops.to_string()),
                    // Issued currencies are counted in 10^-30, and these values in 10^-6.
                    Money::Issued(issued) => (
                        Some(format!("{}.{}", issued.code, xrpl_address(&issued.issuer))),
                        format!("{}{}", issued.millionths, "0".repeat(24)),
                    ),
                };
                Expected {
                    tx_id: tx_id.clone(),
                    height,
                    asset,
                    amount,
                    memo: credit.memo,
                    outcome: credit.outcome,
                    from: credit.from.map(|from| xrpl_address(&from)),
                    mechanism: credit.mechanism,
                }
            })
            .collect()
    }

    /// The transaction in full.
    pub(crate) fn tell(&self, number: u32) -> Told {
        let mut dice = Dice::new(self.seed, DETAILS, u64::from(number));
        let sender = self.person(&mut dice);
        let sequence = u32::try_from(dice.between(1, 90_000_000)).expect("below 2^32");
        let kind = kind(self.seed, number);
        let mut story = Story {
            life: self,
            dice,
            nodes: String::new(),
            sender,
            sequence,
        };
        let (mut fields, result, delivered, credits) = story.of(kind);
        let dice = &mut story.dice;
        let height = self.timeline.height_of(number);
        fields.number(
            "LastLedgerSequence",
            27,
            u32::try_from(height + 20).expect("a ledger's number"),
        );
        let mut key = vec![0xed];
        key.extend_from_slice(&dice.bytes::<32>());
        fields.blob("SigningPubKey", 3, &key);
        fields.blob("TxnSignature", 4, &dice.bytes::<64>());
        let mut meta = format!(
            r#"{{"AffectedNodes":[{}],"TransactionIndex":{},"TransactionResult":"{result}""#,
            story.nodes,
            self.index_of(number)
        );
        if let Some(delivered) = delivered {
            if kind == Kind::Partial {
                write!(meta, r#","DeliveredAmount":{}"#, delivered.json()).expect("to a string");
            }
            write!(meta, r#","delivered_amount":{}"#, delivered.json()).expect("to a string");
        }
        meta.push('}');
        Told {
            fields,
            meta,
            credits,
        }
    }

    /// The place in its ledger: other people's transactions stand between ours.
    pub(crate) fn index_of(&self, number: u32) -> u32 {
        self.timeline.place_of(number) * 3 + 1
    }
}

fn kind(seed: u64, number: u32) -> Kind {
    Dice::new(seed, KINDS, u64::from(number)).weighted(TABLE)
}

/// What the sender did about the tag.
fn tag(dice: &mut Dice) -> (Option<u32>, Meant) {
    const PLACE: &str = "destination_tag";
    let sense = dice.weighted(&[
        (Sense::Good, 640),
        (Sense::Missing, 200),
        (Sense::OtherField, 50),
        (Sense::Zero, 30),
        (Sense::Nobody, 80),
    ]);
    let tag = match sense {
        Sense::Good => Some(member(dice)),
        Sense::Zero => Some(0),
        Sense::Nobody => {
            Some(u32::try_from(dice.between(1 << 31, u64::from(u32::MAX))).expect("32 bits"))
        }
        _ => None,
    };
    let memo = match tag {
        Some(tag) => Meant::new(sense, "tag", tag.to_string().as_bytes(), PLACE),
        None => Meant::new(sense, "absent", b"", PLACE),
    };
    (tag, memo)
}

/// The same where there is no other field to write it in.
fn lone_tag(dice: &mut Dice) -> (Option<u32>, Meant) {
    let (tag, mut memo) = tag(dice);
    if memo.sense == Sense::OtherField {
        memo.sense = Sense::Missing;
    }
    (tag, memo)
}

fn member(dice: &mut Dice) -> u32 {
    FIRST_TAG + u32::try_from(dice.below(u64::from(MEMBERS))).expect("a user's number")
}

type Chapter = (Fields, &'static str, Option<Money>, Vec<Credit>);

struct Story<'a> {
    life: &'a Xrpl,
    dice: Dice,
    nodes: String,
    sender: [u8; 20],
    sequence: u32,
}

impl Story<'_> {
    fn of(&mut self, kind: Kind) -> Chapter {
        match kind {
            Kind::Plain | Kind::Issued | Kind::Path | Kind::Partial | Kind::Failed => {
                self.payment(kind)
            }
            Kind::Check => self.check(),
            Kind::Escrow => self.escrow(),
            Kind::Channel => self.channel(),
            Kind::Deleted => self.deleted(),
            Kind::Pool => self.pool(),
            Kind::Outgoing => self.outgoing(),
            Kind::Housekeeping => self.housekeeping(),
        }
    }

    fn start(&self, name: &'static str, code: u16, account: &[u8; 20]) -> Fields {
        Fields::new((name, code), account, self.sequence, 12)
    }

    fn payment(&mut self, kind: Kind) -> Chapter {
        let ours = self.life.account;
        let mut fields = self.start("Payment", 0, &self.sender);
        fields.account("Destination", 3, &ours);
        let (tag, memo) = tag(&mut self.dice);
        if let Some(tag) = tag {
            fields.number("DestinationTag", 14, tag);
        }
        if memo.sense == Sense::OtherField {
            let tag = member(&mut self.dice).to_string();
            fields.memo(b"text/plain", tag.as_bytes());
        } else if self.dice.chance(20) {
            fields.memo(b"note", b"thank you for everything");
        }
        if self.dice.chance(150) {
            fields.number("SourceTag", 3, 7_000_000 + self.sequence % 1000);
        }
        let drops = self.dice.between(1, 50_000_000_000);
        let issued = self.life.issued(&mut self.dice);
        let spent = Money::Issued(self.life.issued(&mut self.dice));
        let (asked, delivered, flags) = match kind {
            Kind::Issued => (
                Money::Issued(issued.clone()),
                Money::Issued(issued),
                0x8000_0000,
            ),
            Kind::Path => (Money::Drops(drops), Money::Drops(drops), 0),
            Kind::Partial if self.dice.chance(500) => {
                let mut cap = issued.clone();
                cap.millionths = issued.millionths * 1000;
                (Money::Issued(cap), Money::Issued(issued), 0x0002_0000)
            }
            Kind::Partial => (
                Money::Drops(drops + 1_000_000_000_000),
                Money::Drops(drops),
                0x0002_0000,
            ),
            Kind::Failed => (Money::Issued(issued.clone()), Money::Issued(issued), 0),
            _ => (Money::Drops(drops), Money::Drops(drops), 0),
        };
        fields.number("Flags", 2, flags);
        fields.money("Amount", 1, &asked);
        if matches!(kind, Kind::Path | Kind::Partial | Kind::Failed) {
            fields.money("SendMax", 9, &spent);
        }
        self.fee_of(self.sender, 0);
        let failed = kind == Kind::Failed;
        if !failed {
            self.gain(&delivered, 0);
        }
        let credit = Credit {
            money: if failed { asked } else { delivered.clone() },
            memo,
            outcome: if failed {
                Outcome::Failed
            } else {
                Outcome::Moved
            },
            from: Some(self.sender),
            mechanism: None,
        };
        let result = if failed { "tecPATH_DRY" } else { "tesSUCCESS" };
        (fields, result, (!failed).then_some(delivered), vec![credit])
    }

    fn check(&mut self) -> Chapter {
        let mut fields = self.start("CheckCash", 17, &self.life.account);
        let id = self.dice.bytes();
        fields.hash("CheckID", 24, &id);
        let money = Money::Drops(self.dice.between(1_000_000, 9_000_000_000));
        fields.money("Amount", 1, &money);
        fields.number("Flags", 2, 0);
        let (tag, memo) = lone_tag(&mut self.dice);
        let more = format!(
            r#""Account":"{}","Destination":"{}",{}"DestinationNode":"0","OwnerNode":"0","SendMax":{},"Sequence":{}"#,
            xrpl_address(&self.sender),
            xrpl_address(&self.life.account),
            tag.map_or(String::new(), |tag| format!(r#""DestinationTag":{tag},"#)),
            money.json(),
            self.sequence % 1000
        );
        self.deleted_node("Check", &id, &more);
        self.gain(&money, 12);
        let credit = self.credit(money.clone(), memo, "check");
        (fields, "tesSUCCESS", Some(money), vec![credit])
    }

    fn escrow(&mut self) -> Chapter {
        let finisher = self.life.person(&mut self.dice);
        let mut fields = self.start("EscrowFinish", 2, &finisher);
        fields.account("Owner", 2, &self.sender);
        let sequence = u32::try_from(self.dice.between(1, 1_000_000)).expect("small");
        fields.number("OfferSequence", 25, sequence);
        fields.number("Flags", 2, 0);
        let money = Money::Drops(self.dice.between(1_000_000, 9_000_000_000));
        let (tag, memo) = lone_tag(&mut self.dice);
        let more = format!(
            r#""Account":"{}","Amount":{},"Destination":"{}",{}"FinishAfter":700000000,"OwnerNode":"0""#,
            xrpl_address(&self.sender),
            money.json(),
            xrpl_address(&self.life.account),
            tag.map_or(String::new(), |tag| format!(r#""DestinationTag":{tag},"#)),
        );
        let id = self.dice.bytes();
        self.deleted_node("Escrow", &id, &more);
        self.fee_of(finisher, 0);
        self.gain(&money, 0);
        let credit = self.credit(money, memo, "escrow");
        (fields, "tesSUCCESS", None, vec![credit])
    }

    fn channel(&mut self) -> Chapter {
        let mut fields = self.start("PaymentChannelClaim", 15, &self.sender);
        let id: [u8; 32] = self.dice.bytes();
        fields.hash("Channel", 22, &id);
        let before = self.dice.between(1, 1_000_000_000);
        let paid = self.dice.between(1, 1_000_000_000);
        fields.money("Balance", 2, &Money::Drops(before + paid));
        fields.number("Flags", 2, 0);
        let (tag, memo) = lone_tag(&mut self.dice);
        let node = format!(
            r#"{{"ModifiedNode":{{"FinalFields":{{"Account":"{}","Amount":"90000000000","Balance":"{}","Destination":"{}",{}"Flags":0,"OwnerNode":"0","PublicKey":"ED{}","SettleDelay":3600}},"LedgerEntryType":"PayChannel","LedgerIndex":"{}","PreviousFields":{{"Balance":"{before}"}}}}}}"#,
            xrpl_address(&self.sender),
            before + paid,
            xrpl_address(&self.life.account),
            tag.map_or(String::new(), |tag| format!(r#""DestinationTag":{tag},"#)),
            upper(&self.dice.bytes::<32>()),
            upper(&id),
        );
        self.node(&node);
        self.fee_of(self.sender, 0);
        let money = Money::Drops(paid);
        self.gain(&money, 0);
        let credit = self.credit(money, memo, "payment_channel");
        (fields, "tesSUCCESS", None, vec![credit])
    }

    fn deleted(&mut self) -> Chapter {
        let mut fields = self.start("AccountDelete", 21, &self.sender);
        fields.account("Destination", 3, &self.life.account);
        let (tag, memo) = lone_tag(&mut self.dice);
        if let Some(tag) = tag {
            fields.number("DestinationTag", 14, tag);
        }
        fields.number("Flags", 2, 0);
        let left = self.dice.between(1_000_000, 90_000_000);
        let node = format!(
            r#"{{"DeletedNode":{{"FinalFields":{{"Account":"{}","Balance":"0","Flags":0,"OwnerCount":0,"Sequence":{}}},"LedgerEntryType":"AccountRoot","LedgerIndex":"{}","PreviousFields":{{"Balance":"{}","Sequence":{}}}}}}}"#,
            xrpl_address(&self.sender),
            self.sequence + 1,
            upper(&self.dice.bytes::<32>()),
            left + 12,
            self.sequence
        );
        self.node(&node);
        let money = Money::Drops(left);
        self.gain(&money, 0);
        let credit = self.credit(money.clone(), memo, "account_merge");
        (fields, "tesSUCCESS", Some(money), vec![credit])
    }

    fn pool(&mut self) -> Chapter {
        let mut fields = self.start("AMMWithdraw", 37, &self.life.account);
        let mut issued = self.life.issued(&mut self.dice);
        issued.code = "USD";
        fields.asset("Asset", 3, "XRP", None);
        fields.asset("Asset2", 4, "USD", Some(&issued.issuer));
        fields.number("Flags", 2, 0x0002_0000);
        let drops = Money::Drops(self.dice.between(1_000_000, 9_000_000_000));
        let issued = Money::Issued(issued);
        self.gain(&drops, 12);
        self.gain(&issued, 0);
        let credits = [drops, issued]
            .map(|money| Credit {
                money,
                memo: Meant::not_routed(),
                outcome: Outcome::Moved,
                from: None,
                mechanism: None,
            })
            .into();
        (fields, "tesSUCCESS", None, credits)
    }

    fn outgoing(&mut self) -> Chapter {
        let mut fields = self.start("Payment", 0, &self.life.account);
        fields.account("Destination", 3, &self.sender);
        let drops = self.dice.between(1_000_000, 9_000_000_000);
        fields.money("Amount", 1, &Money::Drops(drops));
        fields.number("Flags", 2, 0);
        if self.dice.chance(300) {
            // A tag of ours on the way out routes at the other exchange.
            let tag = member(&mut self.dice);
            fields.number("DestinationTag", 14, tag);
        }
        self.fee_of(self.life.account, drops);
        let node = root(&self.sender, 20_000_000, 20_000_000 + drops, None);
        self.node(&node);
        (fields, "tesSUCCESS", Some(Money::Drops(drops)), Vec::new())
    }

    fn housekeeping(&mut self) -> Chapter {
        let ours = self.life.account;
        let fields = match self.dice.below(3) {
            0 => {
                let mut fields = self.start("TrustSet", 20, &ours);
                let limit = self.life.issued(&mut self.dice);
                fields.money("LimitAmount", 3, &Money::Issued(limit));
                fields
            }
            1 => {
                let mut fields = self.start("OfferCreate", 7, &ours);
                let wanted = self.life.issued(&mut self.dice);
                fields.money("TakerPays", 4, &Money::Issued(wanted));
                fields.money(
                    "TakerGets",
                    5,
                    &Money::Drops(self.dice.between(1, 1_000_000)),
                );
                fields
            }
            _ => {
                let mut fields = self.start("AccountSet", 3, &ours);
                fields.number("SetFlag", 33, 1);
                fields
            }
        };
        self.fee_of(ours, 0);
        (fields, "tesSUCCESS", None, Vec::new())
    }

    fn credit(&self, money: Money, memo: Meant, mechanism: &'static str) -> Credit {
        Credit {
            money,
            memo,
            outcome: Outcome::Moved,
            from: Some(self.sender),
            mechanism: Some(mechanism),
        }
    }

    fn node(&mut self, node: &str) {
        if !self.nodes.is_empty() {
            self.nodes.push(',');
        }
        self.nodes.push_str(node);
    }

    fn deleted_node(&mut self, kind: &str, index: &[u8; 32], fields: &str) {
        let node = format!(
            r#"{{"DeletedNode":{{"FinalFields":{{{fields},"Flags":0}},"LedgerEntryType":"{kind}","LedgerIndex":"{}"}}}}"#,
            upper(index)
        );
        self.node(&node);
    }

    /// The account that signed pays its fee, and `spent` drops beside it.
    fn fee_of(&mut self, account: [u8; 20], spent: u64) {
        let before = 90_000_000_000_000;
        let node = root(&account, before, before - 12 - spent, Some(self.sequence));
        self.node(&node);
    }

    /// Our balance grows by that, less the fee that we paid in the same transaction.
    fn gain(&mut self, money: &Money, fee: u64) {
        let ours = self.life.account;
        let node = match money {
            Money::Drops(drops) => {
                let before = 5_000_000_000_000;
                let signed = (fee > 0).then_some(self.sequence);
                root(&ours, before, before + drops - fee, signed)
            }
            Money::Issued(issued) => line(&ours, issued),
        };
        self.node(&node);
    }
}

fn root(account: &[u8; 20], before: u64, after: u64, signed: Option<u32>) -> String {
    let sequence = signed.map_or(4000, |sequence| sequence + 1);
    let old = signed.map_or(String::new(), |sequence| {
        format!(r#","Sequence":{sequence}"#)
    });
    format!(
        r#"{{"ModifiedNode":{{"FinalFields":{{"Account":"{}","Balance":"{after}","Flags":0,"OwnerCount":2,"Sequence":{sequence}}},"LedgerEntryType":"AccountRoot","LedgerIndex":"{}","PreviousFields":{{"Balance":"{before}"{old}}},"PreviousTxnLgrSeq":94000000}}}}"#,
        xrpl_address(account),
        upper(&super::encode::sha256(account)),
    )
}

/// The line between us and an issuer; its balance is seen from the lower of the two accounts.
fn line(ours: &[u8; 20], issued: &Issued) -> String {
    let ours_is_low = *ours < issued.issuer;
    let sign = if ours_is_low { 1 } else { -1 };
    let before = 1_000_000_000_i128;
    let after = before + i128::from(issued.millionths);
    let side = |account: &[u8; 20], limit: &str| {
        format!(
            r#"{{"currency":"{}","issuer":"{}","value":"{limit}"}}"#,
            issued.code,
            xrpl_address(account)
        )
    };
    let (low, high) = if ours_is_low {
        (side(ours, "1000000000"), side(&issued.issuer, "0"))
    } else {
        (side(&issued.issuer, "0"), side(ours, "1000000000"))
    };
    let balance = |value: i128| {
        format!(
            r#"{{"currency":"{}","issuer":"rrrrrrrrrrrrrrrrrrrrBZbvji","value":"{}"}}"#,
            issued.code,
            millionths(sign * value)
        )
    };
    format!(
        r#"{{"ModifiedNode":{{"FinalFields":{{"Balance":{},"Flags":65536,"HighLimit":{high},"HighNode":"0","LowLimit":{low},"LowNode":"0"}},"LedgerEntryType":"RippleState","LedgerIndex":"{}","PreviousFields":{{"Balance":{}}},"PreviousTxnLgrSeq":94000000}}}}"#,
        balance(after),
        upper(&issued.issuer.repeat(2)[..32]),
        balance(before),
    )
}
