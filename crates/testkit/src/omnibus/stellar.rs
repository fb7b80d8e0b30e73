//! What happens to an omnibus account of Stellar.

use super::dice::{Dice, index_of, name32};
use super::encode::{base64, fixed, quoted, rfc3339, strkey};
use super::timeline::Timeline;
use super::{Expected, Meant, Outcome, Sense};
use std::fmt::Write;

const KINDS: u64 = 20;
const DETAILS: u64 = 21;
const PEOPLE: u64 = 22;
const OURS: u64 = 23;
const ISSUERS: u64 = 24;
const HASHES: u64 = 25;
const INNER: u64 = 26;

const MEMBERS: u64 = 500;
const FIRST_MEMO: u64 = 700_000;
const SENDERS: u64 = 300;
const START: u64 = 1_735_689_600;
/// Version byte of an account's strkey.
const ACCOUNT: u8 = 0x30;
/// Version byte of a muxed account's strkey.
const MUXED: u8 = 0x60;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// One payment of the native coin.
    Plain,
    /// One payment of an issued asset.
    Issued,
    /// Several payments, to us and to others, under one memo.
    Several,
    /// A path payment, strict send or strict receive.
    Path,
    /// An account merged into ours: its amount stands in the effects only.
    Merge,
    /// A claimable balance that we claimed: likewise.
    Claim,
    /// A contract that moved an asset to us.
    Contract,
    /// A payment to a muxed form of our account.
    Muxed,
    /// A payment whose fee somebody else paid.
    FeeBump,
    /// Liquidity that we took out of a pool: two credits.
    Pool,
    /// An issuer took some of ours back.
    Clawback,
    /// A transaction in a ledger that failed.
    Failed,
    /// Our own payment to somebody.
    Outgoing,
    /// A trust line of ours.
    Trust,
}

const TABLE: &[(Kind, u32)] = &[
    (Kind::Plain, 540),
    (Kind::Issued, 110),
    (Kind::Several, 70),
    (Kind::Path, 50),
    (Kind::Merge, 15),
    (Kind::Claim, 15),
    (Kind::Contract, 20),
    (Kind::Muxed, 40),
    (Kind::FeeBump, 20),
    (Kind::Pool, 5),
    (Kind::Clawback, 5),
    (Kind::Failed, 30),
    (Kind::Outgoing, 70),
    (Kind::Trust, 10),
];

/// An asset: code and number of its issuer, or the native coin.
type Asset = Option<(&'static str, u64)>;

/// A memo as the API prints it, and as it is meant.
struct Memo {
    json: String,
    meant: Meant,
}

/// A credit before it has an id.
struct Credit {
    asset: Asset,
    stroops: u64,
    from: Option<String>,
    mechanism: Option<&'static str>,
    meant: Option<Meant>,
}

/// One effect: whose, and its fields.
pub(crate) struct Effect {
    pub(crate) account: String,
    pub(crate) json: String,
}

/// One operation.
pub(crate) struct Operation {
    /// Fields of its own kind, type included, without braces.
    pub(crate) json: String,
    pub(crate) source: String,
    pub(crate) effects: Vec<Effect>,
    /// Whether `/payments` lists its kind.
    pub(crate) is_payment: bool,
    /// Whether our account has a part in it.
    pub(crate) is_ours: bool,
    credits: Vec<Credit>,
}

/// A transaction as the server tells it.
pub(crate) struct Told {
    pub(crate) hash: String,
    /// The hash inside a fee bump.
    pub(crate) inner: Option<String>,
    pub(crate) successful: bool,
    pub(crate) source: String,
    pub(crate) operations: Vec<Operation>,
    memo: Memo,
}

impl Told {
    /// The memo's fields as the API prints them, without braces.
    pub(crate) fn memo(&self) -> &str {
        &self.memo.json
    }
}

pub(crate) struct Stellar {
    seed: u64,
    pub(crate) timeline: Timeline,
    pub(crate) account: String,
    key: [u8; 32],
}

impl Stellar {
    pub(crate) fn new(seed: u64, deposits: u32, tail: u32, account: Option<&[u8]>) -> Stellar {
        let timeline = Timeline::new(seed, 55_000_000, deposits, tail, |number| {
            match kind(seed, number) {
                Kind::Clawback | Kind::Outgoing | Kind::Trust => 0,
                Kind::Pool => 2,
                Kind::Several => details(seed, number)
                    .between(2, 6)
                    .try_into()
                    .expect("small"),
                _ => 1,
            }
        });
        let key = account.map_or_else(
            || Dice::new(seed, OURS, 0).bytes(),
            |key| key.try_into().expect("a key of Stellar has 32 bytes"),
        );
        Stellar {
            seed,
            timeline,
            account: strkey(ACCOUNT, &key),
            key,
        }
    }

    pub(crate) fn members() -> Vec<String> {
        (FIRST_MEMO..FIRST_MEMO + MEMBERS)
            .map(|memo| memo.to_string())
            .collect()
    }

    /// Close time of a ledger.
    pub(crate) fn closed_at(&self, height: u64) -> String {
        rfc3339(START + 5 * height.saturating_sub(self.timeline.first_height()))
    }

    /// The ids of a transaction's operations begin behind this one.
    pub(crate) fn toid(&self, number: u32) -> u64 {
        let place = u64::from(self.timeline.place_of(number)) * 2 + 3;
        self.timeline.height_of(number) << 32 | place << 12
    }

    /// The transaction with this hash, be it the outer or the inner one.
    pub(crate) fn find(&self, hash: &str) -> Option<u32> {
        let bytes = hex::decode(hash).ok()?;
        let count = u64::from(self.timeline.count());
        let found = index_of(self.seed, HASHES, &bytes, count)
            .or_else(|| index_of(self.seed, INNER, &bytes, count))?;
        let number = u32::try_from(found).ok()?;
        let told = self.tell(number);
        (told.hash == hash || told.inner.as_deref() == Some(hash)).then_some(number)
    }

    fn issuer(&self, number: u64) -> String {
        strkey(
            ACCOUNT,
            &Dice::new(self.seed, ISSUERS, number).bytes::<32>(),
        )
    }

    fn person(&self, dice: &mut Dice) -> String {
        let number = dice.below(SENDERS);
        strkey(ACCOUNT, &Dice::new(self.seed, PEOPLE, number).bytes::<32>())
    }

    /// The credits of a transaction as rows of the truth table.
    pub(crate) fn expected(&self, number: u32) -> Vec<Expected> {
        let told = self.tell(number);
        let height = self.timeline.height_of(number);
        let mut rows = Vec::new();
        for operation in told.operations {
            for credit in operation.credits {
                rows.push(Expected {
                    tx_id: told.hash.clone(),
                    height,
                    asset: credit
                        .asset
                        .map(|(code, issuer)| format!("{code}.{}", self.issuer(issuer))),
                    amount: credit.stroops.to_string(),
                    memo: credit.meant.unwrap_or_else(|| told.memo.meant.clone()),
                    outcome: if told.successful {
                        Outcome::Moved
                    } else {
                        Outcome::Failed
                    },
                    from: credit.from,
                    mechanism: credit.mechanism,
                });
            }
        }
        rows
    }

    /// The transaction in full.
    pub(crate) fn tell(&self, number: u32) -> Told {
        let kind = kind(self.seed, number);
        let mut dice = details(self.seed, number);
        // The first draw counts the payments of a transaction with several.
        let several = dice.between(2, 6);
        let sender = self.person(&mut dice);
        let memo = if kind == Kind::Muxed {
            none()
        } else {
            memo(&mut dice)
        };
        let mut story = Story {
            life: self,
            dice,
            sender: sender.clone(),
        };
        let operations = story.of(kind, several);
        let ours = matches!(
            kind,
            Kind::Claim | Kind::Pool | Kind::Outgoing | Kind::Trust
        );
        Told {
            hash: hex::encode(name32(self.seed, HASHES, u64::from(number))),
            inner: (kind == Kind::FeeBump)
                .then(|| hex::encode(name32(self.seed, INNER, u64::from(number)))),
            successful: kind != Kind::Failed,
            source: if ours { self.account.clone() } else { sender },
            operations,
            memo,
        }
    }
}

fn kind(seed: u64, number: u32) -> Kind {
    Dice::new(seed, KINDS, u64::from(number)).weighted(TABLE)
}

fn details(seed: u64, number: u32) -> Dice {
    Dice::new(seed, DETAILS, u64::from(number))
}

fn none() -> Memo {
    Memo {
        json: r#""memo_type":"none""#.to_owned(),
        meant: Meant::new(Sense::Missing, "absent", b"", "memo"),
    }
}

fn text(sense: Sense, raw: &[u8]) -> Memo {
    let kind = if raw.is_empty() { "empty" } else { "text" };
    Memo {
        json: format!(
            r#""memo_type":"text","memo":{},"memo_bytes":"{}""#,
            quoted(&String::from_utf8_lossy(raw)),
            base64(raw)
        ),
        meant: Meant::new(sense, kind, raw, "memo"),
    }
}

fn id(sense: Sense, id: u64) -> Memo {
    Memo {
        json: format!(r#""memo_type":"id","memo":"{id}""#),
        meant: Meant::new(sense, "id", id.to_string().as_bytes(), "memo"),
    }
}

fn hash(kind: &'static str, raw: &[u8; 32]) -> Memo {
    Memo {
        json: format!(r#""memo_type":"{kind}","memo":"{}""#, base64(raw)),
        meant: Meant::new(Sense::Odd, kind, raw, "memo"),
    }
}

fn member(dice: &mut Dice) -> u64 {
    FIRST_MEMO + dice.below(MEMBERS)
}

/// What the sender wrote.
fn memo(dice: &mut Dice) -> Memo {
    let sense = dice.weighted(&[
        (Sense::Good, 600),
        (Sense::Missing, 180),
        (Sense::WrongType, 60),
        (Sense::Empty, 20),
        (Sense::Zero, 20),
        (Sense::Blank, 20),
        (Sense::Nobody, 50),
        (Sense::Misspelt, 20),
        (Sense::Odd, 40),
    ]);
    match sense {
        // A number is handed out to be written as an id; many wallets offer a text first.
        Sense::Good => id(sense, member(dice)),
        Sense::WrongType => text(sense, member(dice).to_string().as_bytes()),
        Sense::Empty => text(sense, b""),
        Sense::Zero if dice.chance(500) => id(sense, 0),
        Sense::Zero => text(sense, b"0"),
        Sense::Blank => text(sense, b"  "),
        Sense::Nobody => id(sense, dice.between(1 << 60, u64::MAX)),
        Sense::Misspelt => text(sense, format!(" 00{}", member(dice)).as_bytes()),
        Sense::Odd => match dice.below(4) {
            0 => hash("hash", &dice.bytes()),
            1 => hash("return", &dice.bytes()),
            2 => text(sense, "0,075% täglich für Halter".as_bytes()),
            _ => text(sense, &[0xd1, b'a', 0xff, b'b']),
        },
        _ => none(),
    }
}

struct Story<'a> {
    life: &'a Stellar,
    dice: Dice,
    sender: String,
}

impl Story<'_> {
    fn of(&mut self, kind: Kind, several: u64) -> Vec<Operation> {
        match kind {
            Kind::Plain | Kind::FeeBump => vec![self.payment(None, false)],
            Kind::Failed => {
                let mut operation = self.payment(None, false);
                operation.effects.clear();
                vec![operation]
            }
            Kind::Issued => {
                let asset = self.issued();
                vec![self.payment(asset, false)]
            }
            Kind::Muxed => vec![self.payment(None, true)],
            Kind::Several => {
                let mut operations = Vec::new();
                for _ in 0..several {
                    if self.dice.chance(300) {
                        operations.push(self.foreign());
                    }
                    let asset = if self.dice.chance(200) {
                        self.issued()
                    } else {
                        None
                    };
                    operations.push(self.payment(asset, false));
                }
                operations
            }
            Kind::Path => vec![self.path()],
            Kind::Merge => vec![self.merge()],
            Kind::Claim => vec![self.claim()],
            Kind::Contract => vec![self.contract()],
            Kind::Pool => vec![self.pool()],
            Kind::Clawback => vec![self.clawback()],
            Kind::Outgoing => vec![self.outgoing()],
            Kind::Trust => vec![self.trust()],
        }
    }

    fn issued(&mut self) -> Asset {
        Some(match self.dice.below(3) {
            0 => ("USDC", 0),
            1 => ("EURC", 0),
            _ => ("yBTCLONG", 1),
        })
    }

    fn stroops(&mut self) -> u64 {
        self.dice.between(1, 90_000_000_000_000)
    }

    fn asset(&self, asset: Asset, prefix: &str) -> String {
        match asset {
            None => format!(r#""{prefix}asset_type":"native""#),
            Some((code, issuer)) => format!(
                r#""{prefix}asset_type":"credit_alphanum{}","{prefix}asset_code":"{code}","{prefix}asset_issuer":"{}""#,
                if code.len() > 4 { 12 } else { 4 },
                self.life.issuer(issuer)
            ),
        }
    }

    /// `native` or `CODE:ISSUER`, as effects and pools write it.
    fn pair(&self, asset: Asset) -> String {
        asset.map_or("native".to_owned(), |(code, issuer)| {
            format!("{code}:{}", self.life.issuer(issuer))
        })
    }

    fn moved(&self, account: &str, credited: bool, asset: Asset, stroops: u64) -> Effect {
        let (kind, code) = if credited {
            ("account_credited", 2)
        } else {
            ("account_debited", 3)
        };
        Effect {
            account: account.to_owned(),
            json: format!(
                r#""type":"{kind}","type_i":{code},{},"amount":"{}""#,
                self.asset(asset, ""),
                fixed(stroops, 7)
            ),
        }
    }

    fn both(&self, from: &str, to: &str, asset: Asset, stroops: u64) -> Vec<Effect> {
        vec![
            self.moved(to, true, asset, stroops),
            self.moved(from, false, asset, stroops),
        ]
    }

    fn credit(&self, asset: Asset, stroops: u64) -> Credit {
        Credit {
            asset,
            stroops,
            from: Some(self.sender.clone()),
            mechanism: None,
            meant: None,
        }
    }

    fn operation(&self, source: &str, kind: (&str, u32), rest: &str) -> Operation {
        Operation {
            json: format!(r#""type":"{}","type_i":{},{rest}"#, kind.0, kind.1),
            source: source.to_owned(),
            effects: Vec::new(),
            is_payment: true,
            is_ours: true,
            credits: Vec::new(),
        }
    }

    fn payment(&mut self, asset: Asset, muxed: bool) -> Operation {
        let stroops = self.stroops();
        let ours = &self.life.account;
        let mut rest = format!(
            r#"{},"from":"{}","to":"{ours}","amount":"{}""#,
            self.asset(asset, ""),
            self.sender,
            fixed(stroops, 7)
        );
        let mut credit = self.credit(asset, stroops);
        if muxed {
            let (sense, id) = if self.dice.chance(800) {
                (Sense::Good, member(&mut self.dice))
            } else {
                (Sense::Nobody, self.dice.next())
            };
            let mut payload = self.life.key.to_vec();
            payload.extend_from_slice(&id.to_be_bytes());
            write!(
                rest,
                r#","to_muxed":"{}","to_muxed_id":"{id}""#,
                strkey(MUXED, &payload)
            )
            .expect("writing to a string");
            credit.meant = Some(Meant::new(
                sense,
                "id",
                id.to_string().as_bytes(),
                "muxed_id",
            ));
        }
        let mut operation = self.operation(&self.sender, ("payment", 1), &rest);
        operation.effects = self.both(&self.sender, ours, asset, stroops);
        operation.credits.push(credit);
        operation
    }

    /// A payment in the same transaction that is none of ours.
    fn foreign(&mut self) -> Operation {
        let other = self.life.person(&mut self.dice);
        let stroops = self.stroops();
        let rest = format!(
            r#"{},"from":"{}","to":"{other}","amount":"{}""#,
            self.asset(None, ""),
            self.sender,
            fixed(stroops, 7)
        );
        let mut operation = self.operation(&self.sender, ("payment", 1), &rest);
        operation.effects = self.both(&self.sender, &other, None, stroops);
        operation.is_ours = false;
        operation
    }

    fn path(&mut self) -> Operation {
        let stroops = self.stroops();
        let spent = self.stroops();
        let asset = if self.dice.chance(500) {
            self.issued()
        } else {
            None
        };
        let source_asset = if asset.is_some() { None } else { self.issued() };
        let strict_send = self.dice.chance(500);
        let (kind, bound) = if strict_send {
            (
                ("path_payment_strict_send", 13),
                ("destination_min", stroops / 2),
            )
        } else {
            (
                ("path_payment_strict_receive", 2),
                ("source_max", spent * 2),
            )
        };
        let rest = format!(
            r#"{},"from":"{}","to":"{}","amount":"{}","path":[],"source_amount":"{}","{}":"{}",{}"#,
            self.asset(asset, ""),
            self.sender,
            self.life.account,
            fixed(stroops, 7),
            fixed(spent, 7),
            bound.0,
            fixed(bound.1, 7),
            self.asset(source_asset, "source_")
        );
        let mut operation = self.operation(&self.sender, kind, &rest);
        operation.effects = vec![
            self.moved(&self.life.account, true, asset, stroops),
            self.moved(&self.sender, false, source_asset, spent),
        ];
        operation.credits.push(self.credit(asset, stroops));
        operation
    }

    fn merge(&mut self) -> Operation {
        let stroops = self.stroops();
        let rest = format!(
            r#""account":"{}","into":"{}""#,
            self.sender, self.life.account
        );
        let mut operation = self.operation(&self.sender, ("account_merge", 8), &rest);
        operation.effects = vec![
            self.moved(&self.sender, false, None, stroops),
            self.moved(&self.life.account, true, None, stroops),
            Effect {
                account: self.sender.clone(),
                json: r#""type":"account_removed","type_i":1"#.to_owned(),
            },
        ];
        let mut credit = self.credit(None, stroops);
        credit.mechanism = Some("account_merge");
        operation.credits.push(credit);
        operation
    }

    fn claim(&mut self) -> Operation {
        let stroops = self.stroops();
        let asset = if self.dice.chance(700) {
            self.issued()
        } else {
            None
        };
        let balance = format!("00000000{}", hex::encode(self.dice.bytes::<32>()));
        let ours = &self.life.account;
        let rest = format!(r#""balance_id":"{balance}","claimant":"{ours}""#);
        let mut operation = self.operation(ours, ("claim_claimable_balance", 15), &rest);
        operation.is_payment = false;
        operation.effects = vec![
            Effect {
                account: ours.clone(),
                json: format!(
                    r#""type":"claimable_balance_claimed","type_i":52,"asset":"{}","balance_id":"{balance}","amount":"{}""#,
                    self.pair(asset),
                    fixed(stroops, 7)
                ),
            },
            self.moved(ours, true, asset, stroops),
            Effect {
                account: self.sender.clone(),
                json: format!(
                    r#""type":"claimable_balance_sponsorship_removed","type_i":71,"balance_id":"{balance}","former_sponsor":"{}""#,
                    self.sender
                ),
            },
        ];
        let mut credit = self.credit(asset, stroops);
        credit.from = None;
        credit.mechanism = Some("claimable_balance");
        credit.meant = Some(Meant::not_routed());
        operation.credits.push(credit);
        operation
    }

    fn contract(&mut self) -> Operation {
        let stroops = self.stroops();
        let asset = if self.dice.chance(500) {
            self.issued()
        } else {
            None
        };
        let ours = &self.life.account;
        let rest = format!(
            r#""function":"HostFunctionTypeHostFunctionTypeInvokeContract","parameters":[],"address":"","salt":"","asset_balance_changes":[{{{},"type":"transfer","from":"{}","to":"{ours}","amount":"{}"}}]"#,
            self.asset(asset, ""),
            self.sender,
            fixed(stroops, 7)
        );
        let mut operation = self.operation(&self.sender, ("invoke_host_function", 24), &rest);
        operation.effects = self.both(&self.sender, ours, asset, stroops);
        let mut credit = self.credit(asset, stroops);
        credit.mechanism = Some(if asset.is_some() {
            "token_transfer"
        } else {
            "internal_call"
        });
        operation.credits.push(credit);
        operation
    }

    fn pool(&mut self) -> Operation {
        let (native, other) = (self.stroops(), self.stroops());
        let asset = self.issued();
        let ours = &self.life.account;
        let pool = hex::encode(self.dice.bytes::<32>());
        let received = format!(
            r#"[{{"asset":"native","amount":"{}"}},{{"asset":"{}","amount":"{}"}}]"#,
            fixed(native, 7),
            self.pair(asset),
            fixed(other, 7)
        );
        let rest = format!(
            r#""liquidity_pool_id":"{pool}","reserves_min":[{{"asset":"native","amount":"0.0000001"}},{{"asset":"{}","amount":"0.0000001"}}],"shares":"100.0000000","reserves_received":{received}"#,
            self.pair(asset)
        );
        let mut operation = self.operation(ours, ("liquidity_pool_withdraw", 23), &rest);
        operation.is_payment = false;
        operation.effects = vec![Effect {
            account: ours.clone(),
            json: format!(
                r#""type":"liquidity_pool_withdrew","type_i":91,"liquidity_pool":{{"id":"{pool}","fee_bp":30,"type":"constant_product","total_trustlines":"12","total_shares":"5000.0000000","reserves":[{{"asset":"native","amount":"9000.0000000"}},{{"asset":"{}","amount":"9000.0000000"}}]}},"reserves_received":{received},"shares_redeemed":"100.0000000""#,
                self.pair(asset)
            ),
        }];
        for (asset, stroops) in [(None, native), (asset, other)] {
            let mut credit = self.credit(asset, stroops);
            credit.from = None;
            credit.meant = Some(Meant::not_routed());
            operation.credits.push(credit);
        }
        operation
    }

    fn clawback(&mut self) -> Operation {
        let stroops = self.stroops();
        let asset = Some(("yBTCLONG", 1));
        let issuer = self.life.issuer(1);
        let ours = &self.life.account;
        let rest = format!(
            r#"{},"from":"{ours}","amount":"{}""#,
            self.asset(asset, ""),
            fixed(stroops, 7)
        );
        let mut operation = self.operation(&issuer, ("clawback", 19), &rest);
        operation.is_payment = false;
        operation.effects = vec![
            self.moved(&issuer, true, asset, stroops),
            self.moved(ours, false, asset, stroops),
        ];
        operation
    }

    fn outgoing(&mut self) -> Operation {
        let stroops = self.stroops();
        let ours = &self.life.account;
        let rest = format!(
            r#"{},"from":"{ours}","to":"{}","amount":"{}""#,
            self.asset(None, ""),
            self.sender,
            fixed(stroops, 7)
        );
        let mut operation = self.operation(ours, ("payment", 1), &rest);
        operation.effects = self.both(ours, &self.sender, None, stroops);
        operation
    }

    fn trust(&mut self) -> Operation {
        let asset = self.issued();
        let ours = &self.life.account;
        let rest = format!(
            r#"{},"limit":"922337203685.4775807","trustee":"{}","trustor":"{ours}""#,
            self.asset(asset, ""),
            self.life.issuer(0)
        );
        let mut operation = self.operation(ours, ("change_trust", 6), &rest);
        operation.is_payment = false;
        operation.effects = vec![Effect {
            account: ours.clone(),
            json: format!(
                r#""type":"trustline_created","type_i":20,{},"limit":"922337203685.4775807""#,
                self.asset(asset, "")
            ),
        }];
        operation
    }
}
