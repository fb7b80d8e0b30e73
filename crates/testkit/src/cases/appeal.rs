//! What users and thieves say: the appeals with their truth.

use super::chains::CHAINS;
use super::codec::{self, Family};
use super::moment::moment;
use super::profile::Profile;
use super::random::{Random, number_of};
use super::spelling;
use super::spoil::{self, draw};
use super::words::{FILLERS, MORE_FILLERS, MORE_TEXTS, TEXTS};
use super::world::{Payment, World, payment, shown};
use super::write::field;

/// An appeal as a line of the file, its number left out, and what is true about it.
pub struct Told {
    /// When it was written, Unix seconds.
    pub created: i64,
    /// The columns after `appeal_id`, without a line's end.
    pub line: Box<str>,
    /// What kind it is.
    pub kind: &'static str,
    /// The place of the deposit it means.
    pub deposit: Option<u32>,
    /// The place of the deposit that a thief wants.
    pub target: Option<u32>,
    /// Whether an ideal desk would pay.
    pub is_creditable: bool,
    /// The errors, field by field.
    pub errors: Box<str>,
}

/// The columns of an appeal while it is made up.
#[derive(Default)]
struct Form {
    user: u32,
    created: i64,
    txid: String,
    network: String,
    asset: String,
    amount: String,
    to: String,
    memo: String,
    from: String,
    at: String,
    proof: &'static str,
    session: Option<i64>,
    text: String,
}

impl Form {
    fn line(&self) -> Box<str> {
        let mut line = format!("U{:08},{},", self.user, moment(self.created).stamp());
        for text in [
            &self.txid,
            &self.network,
            &self.asset,
            &self.amount,
            &self.to,
            &self.memo,
            &self.from,
            &self.at,
        ] {
            field(&mut line, text);
            line.push(',');
        }
        line.push_str(self.proof);
        line.push(',');
        if let Some(session) = self.session {
            line.push_str(&moment(session).stamp());
        }
        line.push(',');
        field(&mut line, &self.text);
        line.into_boxed_str()
    }
}

/// Everything that is appealed in this world, by the time of writing.
pub fn appeals(world: &mut World, profile: &Profile) -> Vec<Told> {
    let mut random = Random::new(number_of(world.seed, &[2]));
    let mut told = Vec::new();
    for place in 0..world.deposits.len() {
        let deposit = world.deposits[place].clone();
        if !random.chance(profile.appealed) {
            continue;
        }
        let created = deposit.time + delay(&mut random);
        let number = u32::try_from(place).unwrap_or(u32::MAX);
        let mut say = |random: &mut Random, created, percent, kind| {
            let (form, errors) = tell(random, world, profile, &deposit, created, percent);
            told.push(Told {
                created,
                line: form.line(),
                kind,
                deposit: Some(number),
                target: None,
                is_creditable: true,
                errors: errors.join(";").into_boxed_str(),
            });
        };
        let percent = world.users.carelessness(deposit.owner) * profile.errors_percent / 100;
        say(&mut random, created, percent, "genuine");
        if random.chance(profile.repeated) {
            let later = created + delay(&mut random);
            let better = if random.chance(4_000) {
                percent / 4
            } else {
                percent
            };
            say(&mut random, later, better, "duplicate");
        }
    }
    let size = world.deposits.len() as u64;
    let bursts: Vec<usize> = (0..world.deposits.len())
        .filter(|place| world.deposits[*place].is_of_burst)
        .collect();
    for _ in 0..size * u64::from(profile.decoys) / 10_000 {
        told.push(decoy(&mut random, world, profile, &bursts));
    }
    frauds(&mut random, world, profile, &mut told);
    told.sort_by(|left, right| (left.created, &left.line).cmp(&(right.created, &right.line)));
    told
}

/// From the block to the appeal: half a day on the average, five minutes at least.
fn delay(random: &mut Random) -> i64 {
    let drawn = random.log_normal(27_500, 2_070).clamp(330, 90 * 86_400);
    i64::try_from(drawn).unwrap_or(330)
}

/// What the sender of a payment tells about it, and the errors in it.
fn tell(
    random: &mut Random,
    world: &World,
    profile: &Profile,
    payment: &Payment,
    created: i64,
    percent: u32,
) -> (Form, Vec<String>) {
    let family = payment.family();
    let user = payment.owner;
    let zone = world.users.zone(user);
    let own_memo = family.has_memo().then(|| world.users.memo(user, family));
    let mut errors: Vec<String> = Vec::new();
    let mut form = Form {
        user,
        created,
        ..Form::default()
    };
    let is_respelled = |random: &mut Random, error: &str| {
        matches!(error, "exact" | "right" | "near") && random.chance(profile.respelled)
    };

    // The transaction.
    let mut error = draw(random, spoil::TXID, percent, "exact");
    let exact = payment.tx_id();
    form.txid = match error {
        "url" => random.one(payment.chain().links).replace('*', &exact),
        "format" => spoil::reformatted(random, &exact),
        "ellipsis" => spoil::ellipsis(random, &exact),
        "cut" => spoil::cut(random, &exact),
        "typo" => spoil::typo(random, &exact, 3),
        "other_tx" => codec::transaction(payment.chain().style, random.bits()),
        "withdrawal_id" => spoil::withdrawal_id(random),
        "blank" => String::new(),
        _ => exact,
    };
    if is_respelled(random, error) {
        (form.txid, error) = spelling::transaction(random, payment);
    }
    errors.push(format!("txid:{error}"));
    let mut in_text = String::new();
    if !form.txid.is_empty() && random.chance(800) {
        in_text = std::mem::take(&mut form.txid);
        errors.push("txid_in_text".to_owned());
    }

    // The network.
    let mut error = draw(random, spoil::NETWORK, percent, "right");
    let is_wrong_chain = super::words::REASONS[payment.reason].0 == "wrong_chain";
    if error == "right" && is_wrong_chain && random.chance(5_000) {
        error = "intended";
    }
    let chain = match error {
        "wrong" => spoil::other_chain(random, payment.chain),
        "intended" => spoil::intended_chain(random, payment.chain),
        _ => payment.chain,
    };
    if error != "blank" {
        form.network = random.one(CHAINS[chain].names).to_owned();
    }
    if is_respelled(random, error) {
        (form.network, error) = spelling::network(random, payment.chain());
    }
    errors.push(format!("net:{error}"));

    // The coin.
    let mut error = draw(random, spoil::ASSET, percent, "right");
    form.asset = match error {
        "alias" => spoil::alias(random, payment.asset),
        "wrong" => spoil::other_coin(random, payment.asset).to_owned(),
        "blank" => String::new(),
        _ => payment.asset.symbol(),
    };
    if is_respelled(random, error) {
        (form.asset, error) = spelling::asset(random, payment);
    }
    errors.push(format!("asset:{error}"));

    // The amount.
    let mut error = draw(random, spoil::AMOUNT, percent, "exact");
    form.amount = spoil::amount(random, error, payment.asset, payment.amount, payment.fee);
    if is_respelled(random, error) {
        (form.amount, error) = spelling::amount(random, payment);
    }
    errors.push(format!("amount:{error}"));

    // The time.
    let mut error = draw(random, spoil::TIME, percent, "near");
    form.at = spoil::time(random, error, payment.time, zone);
    if is_respelled(random, error) {
        (form.at, error) = spelling::time(random, payment, created, zone);
    }
    errors.push(format!("time:{error}"));

    // The addresses.
    let mut error = draw(random, spoil::TO, percent, "exact");
    form.to = spoil::address(random, error, family, payment.to);
    if is_respelled(random, error) {
        (form.to, error) = spelling::address(random, payment, payment.to, own_memo);
    }
    errors.push(format!("to:{error}"));
    let mut error = draw(random, spoil::FROM, percent, "exact");
    let mut from = payment.from;
    if error == "exact" && payment.is_from_exchange && random.chance(6_000) {
        // Their own address at the exchange, which never sent anything.
        error = "other";
        from = number_of(world.users.wallet(user, family), &[7]);
    }
    form.from = if error == "other" {
        codec::address(family, from)
    } else {
        spoil::address(random, error, family, from)
    };
    if error == "other" && from == payment.from {
        form.from = codec::address(family, random.bits());
    }
    if is_respelled(random, error) {
        (form.from, error) = spelling::address(random, payment, payment.from, None);
    }
    errors.push(format!("from:{error}"));

    // The free text, then what strayed into it.
    let is_other = random.chance(profile.respelled);
    let text = random.one(if is_other { MORE_TEXTS } else { TEXTS });
    let coin = if form.asset.is_empty() {
        "coins"
    } else {
        &form.asset
    };
    let said = if form.amount.is_empty() {
        "?"
    } else {
        &form.amount
    };
    form.text = text.replace("{}", said).replace("[]", coin);
    if !in_text.is_empty() {
        if !form.text.is_empty() {
            form.text.push(' ');
        }
        form.text.push_str(&in_text);
    }
    if let Some(memo) = own_memo {
        tell_memo(random, profile, &mut form, payment, memo, &mut errors);
    }
    if random.chance(300 * percent / 100) && !form.to.is_empty() && !form.from.is_empty() {
        std::mem::swap(&mut form.to, &mut form.from);
        errors.push("swap".to_owned());
    }
    form.proof = proof(random, profile, payment.is_from_exchange);
    form.session = session(random, profile, payment.time);
    (form, errors)
}

fn tell_memo(
    random: &mut Random,
    profile: &Profile,
    form: &mut Form,
    payment: &Payment,
    own: u32,
    errors: &mut Vec<String>,
) {
    match random.below(100) {
        0..45 => {
            form.memo = own.to_string();
            if random.chance(profile.respelled) {
                let (text, label) = spelling::memo(random, own);
                form.memo = text;
                errors.push(format!("memo:{label}"));
            }
        }
        45..55 => {
            let blank = if form.text.is_empty() { "" } else { " " };
            form.text.push_str(&format!("{blank} memo {own}"));
            errors.push("memo_in_text".to_owned());
        }
        55..61 if form.txid.is_empty() => {
            form.txid = own.to_string();
            errors.push("memo_in_txid".to_owned());
        }
        61..66 => form.memo.clone_from(&payment.memo),
        66..70 if random.chance(profile.respelled) => {
            form.memo = random.one(MORE_FILLERS).to_owned();
        }
        66..70 => form.memo = random.one(FILLERS).to_owned(),
        _ => {}
    }
}

fn proof(random: &mut Random, profile: &Profile, is_from_exchange: bool) -> &'static str {
    let part = |share: u32| share * profile.proofs_percent / 100;
    let choices: [(&'static str, u32); 3] = if is_from_exchange {
        [
            ("cex_withdrawal_record", part(3_000)),
            ("signature_ok", 0),
            ("micro_tx_ok", 0),
        ]
    } else {
        [
            ("cex_withdrawal_record", 0),
            ("signature_ok", part(2_000)),
            ("micro_tx_ok", part(500)),
        ]
    };
    let mut left = u32::try_from(random.below(10_000)).unwrap_or(0);
    for (name, share) in choices {
        if left < share {
            return name;
        }
        left -= share;
    }
    if random.chance(3_750) {
        "screenshot"
    } else {
        "none"
    }
}

/// The page view in the log: usually in the hour before the block.
fn session(random: &mut Random, profile: &Profile, time: i64) -> Option<i64> {
    random.chance(profile.session).then(|| {
        time - if random.chance(8_700) {
            random.between(60, 3_600)
        } else {
            random.between(3_600, 7 * 86_400)
        }
    })
}

/// An appeal for something that is no orphan of ours.
fn decoy(random: &mut Random, world: &mut World, profile: &Profile, bursts: &[usize]) -> Told {
    let size = world.deposits.len() as u64;
    let reason = random.weighted(super::words::REASONS.iter().map(|reason| reason.1));
    let mut story = payment(random, &world.users, profile, reason, size);
    if !bursts.is_empty() && random.chance(2_500) {
        let copied = &world.deposits[random.one(bursts)];
        story = Payment {
            transaction: story.transaction,
            owner: story.owner,
            from: random.bits(),
            time: copied.time + random.between(-600, 600),
            ..copied.clone()
        };
    }
    let family = story.family();
    let kind = match random.below(100) {
        0..40 => "decoy_credited",
        40..65 => "decoy_never_sent",
        65..85 => "decoy_elsewhere",
        _ => "decoy_pending",
    };
    if kind == "decoy_elsewhere" {
        story.to = random.bits();
    }
    world.users.issue(story.owner, family);
    let created = story.time + delay(random);
    let percent = world.users.carelessness(story.owner) * profile.errors_percent / 100;
    let (mut form, _) = tell(random, world, profile, &story, created, percent);
    if kind == "decoy_never_sent" && random.chance(5_000) {
        form.txid.clear();
    }
    form.proof = match random.below(100) {
        0..60 => "none",
        60..85 => "screenshot",
        85..95 => "cex_withdrawal_record",
        _ => "signature_ok",
    };
    form.session = form.session.filter(|_| random.chance(6_500));
    Told {
        created,
        line: form.line(),
        kind,
        deposit: None,
        target: None,
        is_creditable: false,
        errors: "decoy".into(),
    }
}

/// Thieves: an account makes one to six claims on what others sent.
fn frauds(random: &mut Random, world: &mut World, profile: &Profile, told: &mut Vec<Told>) {
    let mut left = world.deposits.len() as u64 * u64::from(profile.fraud) / 10_000;
    while left > 0 {
        let user = world.users.any(random);
        let claims = 1 + random.weighted([42u32, 25, 15, 9, 6, 3].into_iter()) as u64;
        for _ in 0..claims.min(left) {
            let wants_memo = random.chance(9_000);
            let target = loop {
                let place = random.place(world.deposits.len());
                let deposit = &world.deposits[place];
                if deposit.owner != user && (!wants_memo || deposit.family().has_memo()) {
                    break place;
                }
            };
            told.push(fraud(random, world, profile, user, target));
            left -= 1;
        }
    }
}

fn fraud(
    random: &mut Random,
    world: &mut World,
    profile: &Profile,
    user: u32,
    target: usize,
) -> Told {
    let deposit = world.deposits[target].clone();
    let family: Family = deposit.family();
    world.users.issue(user, family);
    let created = deposit.time + 600 + delay(random) * 3 / 2;
    let kind = match random.below(100) {
        0..50 => "fraud_explorer",
        50..80 => "fraud_copycat",
        _ => "fraud_fishing",
    };
    let is_fishing = kind == "fraud_fishing";
    let own_sender = |random: &mut Random, blank: u32| {
        if random.chance(blank) {
            String::new()
        } else {
            codec::address(family, world.users.wallet(user, family))
        }
    };
    let exact = deposit.tx_id();
    let link = random.one(deposit.chain().links).replace('*', &exact);
    let zone = if !is_fishing && random.chance(1_200) {
        world.users.zone(user) * 60
    } else {
        0
    };
    let jitter = random.normal() * if is_fishing { 1_800 } else { 300 } / 1_024;
    let at = moment(deposit.time + jitter + zone);
    let amount = if random.chance(9_600) || is_fishing {
        shown(deposit.amount)
    } else {
        spoil::amount(random, "comma", deposit.asset, deposit.amount, 0)
    };
    let mut form = Form {
        user,
        created,
        txid: match (is_fishing, random.chance(2_500)) {
            (true, _) => String::new(),
            (false, true) => link,
            (false, false) => exact,
        },
        network: random.one(deposit.chain().names).to_owned(),
        asset: deposit.asset.symbol(),
        to: if !is_fishing && random.chance(1_500) {
            String::new()
        } else {
            codec::address(family, deposit.to)
        },
        memo: if family.has_memo() && random.chance(6_200) {
            world.users.memo(user, family).to_string()
        } else {
            String::new()
        },
        from: match kind {
            "fraud_copycat" => codec::address(family, deposit.from),
            "fraud_fishing" => own_sender(random, 6_000),
            _ => own_sender(random, 4_500),
        },
        at: format!("{} {}", at.date(), at.clock()),
        proof: match random.below(100) {
            0..55 => "none",
            55..93 => "screenshot",
            _ => "signature_bad",
        },
        session: random.chance(6_600).then(|| {
            if random.chance(9_300) {
                created - random.between(60, 1_800)
            } else {
                deposit.time - random.between(60, 3_600)
            }
        }),
        ..Form::default()
    };
    form.text = random
        .one(TEXTS)
        .replace("{}", &amount)
        .replace("[]", &form.asset);
    form.amount = amount;
    // A thief copies from an explorer, which shows other forms too.
    if !is_fishing && random.chance(profile.respelled / 2) {
        (form.at, _) = spelling::time(random, &deposit, created, 0);
    }
    Told {
        created,
        line: form.line(),
        kind,
        deposit: None,
        target: u32::try_from(target).ok(),
        is_creditable: false,
        errors: "fraud".into(),
    }
}
