//! Why: each field's comparison and weight, the rivals, the gates, and what would change the outcome. Sentences that a
//! specialist can read aloud.

use crate::clue::Field;
use crate::decide::{Candidate, Gate, Matcher, Ruling};
use crate::levels::{
    Levels, Part, amount, assigned, coin, id, issued, memo, network, proof, time, transaction, view,
};
use crate::model::BIT;
use crate::quotes::{Quotes, Stated};
use crate::rows::RowRef;
use recover_core::appeal::{MatchAsk, MatchReason, MatchTier};

/// A verdict and what was seen.
type Said = (&'static str, String);

fn said(verdict: &'static str, detail: impl Into<String>) -> Said {
    (verdict, detail.into())
}

fn reason(field: &str, (verdict, detail): Said, weight: i32) -> MatchReason {
    MatchReason {
        field: field.to_owned(),
        verdict: verdict.to_owned(),
        weight,
        detail,
    }
}

/// The reasons of a ruling in their fixed order: owner, txid, to, from, asset, amount, time, memo, network, session, proof;
/// then rivals, gates that failed, what to ask for, what was taken back, what could not be read.
pub(crate) fn reasons(
    matcher: &Matcher<'_>,
    user: &str,
    quotes: &Quotes,
    ruling: &Ruling,
) -> Vec<MatchReason> {
    let found = ruling
        .candidate
        .and_then(|candidate| Some((candidate, matcher.index.row(candidate.row)?)));
    let Some((candidate, row)) = found else {
        return nothing(quotes);
    };
    let mut reasons = fields(matcher, user, quotes, &candidate, row);
    rivals(ruling, &mut reasons);
    gates(matcher, &candidate, ruling, &mut reasons);
    if let Some(ask) = ruling.ask {
        reasons.push(reason("ask", said("absent", asked(ask)), 0));
    }
    add_taken_back(&mut reasons, quotes);
    add_unread(&mut reasons, quotes);
    reasons
}

fn fields(
    matcher: &Matcher<'_>,
    user: &str,
    quotes: &Quotes,
    candidate: &Candidate,
    row: RowRef<'_>,
) -> Vec<MatchReason> {
    let levels = &candidate.levels;
    let weight = |parts: &[Part]| -> i32 {
        let (which, whose) = (&matcher.model.identify, &matcher.model.entitle);
        let of = |part: &Part| {
            let column = *part as usize;
            which.weight(column, &levels.0) + whose.weight(column, &levels.0)
        };
        parts.iter().map(of).sum()
    };
    // Most transactions have one deposit, which the levels say.
    let outputs = match levels.of(Part::Outputs) {
        0 => 1,
        _ => matcher.index.outputs(row),
    };
    let mut named = transaction_said(levels, row.tx_id());
    if outputs > 1 && levels.of(Part::Transaction) > transaction::ABSENT {
        named.1 = format!("{}; {outputs} deposits are in it", named.1);
    }
    let to = id_said(levels.of(Part::To), "address", row.to_text());
    let from = id_said(
        levels.of(Part::From),
        "sender",
        row.from_text().unwrap_or("unknown"),
    );
    vec![
        reason(
            "owner",
            owner_said(levels, user, row),
            weight(&[Part::Issued, Part::Assigned, Part::Sender]),
        ),
        reason("txid", named, weight(&[Part::Transaction])),
        reason("to", to, weight(&[Part::To])),
        reason("from", from, weight(&[Part::From])),
        reason("asset", coin_said(levels, row), weight(&[Part::Coin])),
        reason(
            "amount",
            amount_said(matcher, candidate, quotes, row),
            weight(&[Part::Amount, Part::TwinsNear]),
        ),
        reason("time", time_said(levels, row), weight(&[Part::Time])),
        reason("memo", memo_said(levels), weight(&[Part::Memo])),
        reason(
            "network",
            network_said(levels, row),
            weight(&[Part::Network]),
        ),
        reason("session", view_said(levels), weight(&[Part::View])),
        reason("proof", proof_said(levels), weight(&[Part::Proof])),
    ]
}

fn owner_said(levels: &Levels, user: &str, row: RowRef<'_>) -> Said {
    let to = row.to_text();
    match (levels.of(Part::Issued), levels.of(Part::Assigned)) {
        (issued::OTHERS, _) => said("differs", format!("{to} belongs to another user")),
        (issued::MINE, _) => said("exact", format!("{to} was issued to this user")),
        (_, assigned::OTHERS) => said("differs", "its memo is assigned to another user"),
        (_, assigned::OTHERS_NEAR) => said("differs", "its memo is another user's but for a slip"),
        (_, assigned::DISPUTED) => said(
            "near",
            "owner_disputed: its memo names one user and another fact names another",
        ),
        (_, assigned::MINE_NEAR) => said("near", near_memo(user, row)),
        (_, assigned::MINE) => said("exact", "it carries the memo assigned to this user"),
        _ if levels.of(Part::Sender) == 1 => {
            said("near", "this user has sent from the same address before")
        }
        _ => said(
            "absent",
            "whose this deposit is, the address book does not say",
        ),
    }
}

/// How the deposit's memo comes to be this user's.
fn near_memo(user: &str, row: RowRef<'_>) -> String {
    let evidence = row.memo_finding().into_iter().flat_map(|of| &of.evidence);
    let signs: Vec<&str> = evidence
        .filter(|evidence| evidence.user.as_deref() == Some(user))
        .map(|evidence| evidence.sign.code())
        .collect();
    if signs.is_empty() {
        "its memo is this user's own but for a slip".to_owned()
    } else {
        format!(
            "its memo is this user's own, read otherwise: {}",
            signs.join(", ")
        )
    }
}

fn transaction_said(levels: &Levels, actual: &str) -> Said {
    match levels.of(Part::Transaction) {
        transaction::ABSENT => said("absent", "no transaction was stated"),
        transaction::OF_ANOTHER => said(
            "differs",
            format!("the stated transaction is another deposit's; this one's is {actual}"),
        ),
        transaction::OF_NONE => said(
            "differs",
            format!("no deposit has the stated transaction; this one's is {actual}"),
        ),
        transaction::DIFFERS => said("differs", format!("the deposit's transaction is {actual}")),
        transaction::SHOWN => said(
            "near",
            format!("up to 8 characters of {actual} are shown and fit"),
        ),
        transaction::SHOWN_MORE => said(
            "near",
            format!("9 to 15 characters of {actual} are shown and fit"),
        ),
        transaction::SHOWN_MOST => said(
            "near",
            format!("16 characters or more of {actual} are shown and fit"),
        ),
        transaction::THREE_OFF => said("near", format!("3 characters off {actual}")),
        transaction::TWO_OFF => said("near", format!("2 characters off {actual}")),
        transaction::ONE_OFF => said("near", format!("1 character off {actual}")),
        transaction::MISPLACED => said("exact", format!("{actual}, stated in another field")),
        _ => said("exact", actual),
    }
}

fn id_said(level: u8, noun: &str, actual: &str) -> Said {
    match level {
        id::DIFFERS => said("differs", format!("the deposit's {noun} is {actual}")),
        id::ABSENT => said("absent", format!("no {noun} was stated")),
        id::SHOWN => said("near", format!("what is shown of {actual} fits")),
        id::TWO_OFF => said("near", format!("2 characters off {actual}")),
        id::ONE_OFF => said("near", format!("1 character off {actual}")),
        id::MISPLACED => said("exact", format!("{actual}, stated in another field")),
        _ => said("exact", actual),
    }
}

fn coin_said(levels: &Levels, row: RowRef<'_>) -> Said {
    let symbol = row
        .symbol_text()
        .map_or_else(|| row.asset().to_string(), str::to_owned);
    let detail = format!("the deposit is in {symbol}");
    match levels.of(Part::Coin) {
        coin::DIFFERS => said("differs", detail),
        coin::ABSENT => said("absent", "no coin was stated"),
        coin::ALIAS => said("near", detail),
        _ => said("exact", detail),
    }
}

fn amount_said(
    matcher: &Matcher<'_>,
    candidate: &Candidate,
    quotes: &Quotes,
    row: RowRef<'_>,
) -> Said {
    let Some(arrived) = row.amount() else {
        return said("absent", "how much arrived cannot be told in coins");
    };
    let both = || format!("{} stated, {arrived} arrived", quotes.amounts);
    match candidate.levels.of(Part::Amount) {
        amount::ABSENT => said("absent", "no amount in coins was stated"),
        amount::EXACT => {
            let twins = matcher.standing.alike(candidate.row);
            said(
                "exact",
                format!("{arrived} arrived; {twins} deposits of this coin and amount"),
            )
        }
        amount::CUT | amount::CLOSE | amount::NEAR | amount::ROUNDED => {
            said("near", both() + ": rounded")
        }
        amount::FEE | amount::GROSS => said("near", both() + ": as after a fee"),
        amount::SHIFTED => said("differs", both() + ": the point is elsewhere"),
        amount::DIGIT => said("differs", both() + ": one digit is another"),
        _ => said("differs", both()),
    }
}

fn time_said(levels: &Levels, row: RowRef<'_>) -> Said {
    let Some(at) = row.time() else {
        return said("absent", "when it arrived is not known");
    };
    match levels.of(Part::Time) {
        time::FUTURE => said("differs", format!("arrived {at}, after the appeal")),
        time::FAR => said("differs", format!("arrived {at}, three days off or more")),
        time::DAYS => said("differs", format!("arrived {at}, days off")),
        time::OUTSIDE => said("differs", format!("arrived {at}, less than a day off")),
        time::DAY_SLIP => said(
            "differs",
            format!("arrived {at}, a whole day off to the minute"),
        ),
        time::ABSENT => said("absent", "no time was stated"),
        time::ZONED_BADLY | time::INSIDE => {
            said("near", format!("arrived {at}, inside the stated period"))
        }
        time::ZONE => said("near", format!("arrived {at}: fits in another time zone")),
        time::HOUR => said("near", format!("arrived {at}, within the hour")),
        _ => said("exact", format!("arrived {at}, within minutes")),
    }
}

fn memo_said(levels: &Levels) -> Said {
    match levels.of(Part::Memo) {
        memo::DIFFERS => said("differs", "the stated memo is not the deposit's"),
        memo::ONLY_STATED => said("absent", "the deposit carries no memo, one was stated"),
        memo::ONLY_SENT => said("absent", "no memo was stated"),
        memo::NEITHER => said("absent", "the deposit carries no memo"),
        memo::NEAR => said("near", "the stated memo is the deposit's but for a slip"),
        _ => said("exact", "the stated memo is the deposit's"),
    }
}

fn network_said(levels: &Levels, row: RowRef<'_>) -> Said {
    let network = row.network();
    match levels.of(Part::Network) {
        network::LINK_DIFFERS | network::DIFFERS => {
            said("differs", format!("the deposit is on {network}"))
        }
        network::FAMILY => said(
            "near",
            format!("the deposit is on {network}, of the same family"),
        ),
        network::ABSENT => said("absent", "no network was stated"),
        _ => said("exact", format!("on {network}")),
    }
}

fn view_said(levels: &Levels) -> Said {
    match levels.of(Part::View) {
        view::AFTER => said(
            "differs",
            "the deposit page was viewed only after it arrived",
        ),
        view::ABSENT => said("absent", "no view of the deposit page is on record"),
        view::FAR => said(
            "absent",
            "the deposit page was viewed more than a day before",
        ),
        view::DAY => said("near", "the deposit page was viewed in the day before"),
        view::HOURS => said(
            "near",
            "the deposit page was viewed in the two hours before",
        ),
        _ => said("near", "the deposit page was viewed in the hour before"),
    }
}

fn proof_said(levels: &Levels) -> Said {
    match levels.of(Part::Proof) {
        proof::REFUTED => said("differs", "the signature that was given does not fit"),
        proof::NONE => said("absent", "nothing was verified about the claimant"),
        proof::RECORD => said("near", "support saw the sending platform's record"),
        proof::DEPOSIT => said("exact", "the sender of this very deposit was verified"),
        _ => said("exact", "the sending address was verified"),
    }
}

fn rivals(ruling: &Ruling, reasons: &mut Vec<MatchReason>) {
    if ruling.rival_users > 0 {
        let detail = format!(
            "rival_appeal: {} other users ask for this deposit ({})",
            ruling.rival_users,
            ruling.rivals.join(", ")
        );
        reasons.push(reason("rival", said("differs", detail), 0));
    }
    if ruling.close > 0 {
        let detail = format!(
            "ambiguous: {} other deposits fit nearly as well",
            ruling.close
        );
        reasons.push(reason("rival", said("near", detail), 0));
    }
    if !ruling.holds(Gate::Whole) {
        let detail = "ambiguous: more deposits share these values than were compared";
        reasons.push(reason("rival", said("near", detail), 0));
    }
    if ruling.foreign > 0 {
        let detail = format!(
            "alert: this user asks for {} deposits to which others are entitled",
            ruling.foreign
        );
        reasons.push(reason("rival", said("differs", detail), 0));
    }
}

fn gates(
    matcher: &Matcher<'_>,
    candidate: &Candidate,
    ruling: &Ruling,
    reasons: &mut Vec<MatchReason>,
) {
    if ruling.tier == MatchTier::Automatic {
        let detail = "every condition for passing without a person holds";
        reasons.push(reason("gate", said("exact", detail), 0));
        return;
    }
    let thresholds = &matcher.model.thresholds;
    let failed: Vec<String> = Gate::ALL
        .into_iter()
        .filter(|gate| !ruling.holds(*gate))
        .map(|gate| match gate {
            Gate::Identified if candidate.levels.is_doubtful() => {
                "another coin or amount is stated, or one of several deposits is meant".to_owned()
            }
            Gate::Identified => format!(
                "which deposit: {} bits of {}",
                candidate.identify / BIT,
                thresholds.identify / BIT
            ),
            Gate::Alone => "another deposit is close".to_owned(),
            Gate::Entitled => "nothing that is not public makes it this user's".to_owned(),
            Gate::Unrivalled => "another user asks for it".to_owned(),
            Gate::Unrefuted => "a proof was refuted".to_owned(),
            Gate::Unsuspected => "the user asks for deposits of others".to_owned(),
            Gate::Whole => "not everything was compared".to_owned(),
            Gate::Untouched => "a person took a match of this appeal back".to_owned(),
            Gate::Certain => format!(
                "score {} of {} in a thousand million",
                ruling.score_ppb, thresholds.auto
            ),
            Gate::WithinLimit => "its value is above the limit or not known".to_owned(),
        })
        .collect();
    reasons.push(reason(
        "gate",
        said(
            "differs",
            format!("not without a person: {}", failed.join("; ")),
        ),
        0,
    ));
}

fn asked(ask: MatchAsk) -> &'static str {
    match ask {
        MatchAsk::VerificationDeposit => {
            "would change this: a small deposit of a sum that we name, from the same sender"
        }
        MatchAsk::SenderSignature => "would change this: a signature of the sending address",
        MatchAsk::WithdrawalRecord => {
            "would change this: the sending platform's record of the withdrawal"
        }
        MatchAsk::TransactionId => "would change this: the transaction id",
    }
}

/// An appeal for which no deposit fits: what it says and that nothing has it.
fn nothing(quotes: &Quotes) -> Vec<MatchReason> {
    let stated = [
        ("txid", Stated::Transaction, "transaction"),
        ("to", Stated::Address, "address"),
        ("asset", Stated::Coin, "coin"),
        ("amount", Stated::Amount, "amount"),
        ("time", Stated::Time, "time"),
    ];
    let mut reasons: Vec<MatchReason> = stated
        .into_iter()
        .map(|(field, what, noun)| {
            let here = if quotes.has(what) {
                said(
                    "differs",
                    format!("no deposit has this {noun} with the rest of what is stated"),
                )
            } else {
                said(
                    "absent",
                    format!("no {noun} was stated, or it cannot be read"),
                )
            };
            reason(field, here, 0)
        })
        .collect();
    add_taken_back(&mut reasons, quotes);
    add_unread(&mut reasons, quotes);
    reasons
}

/// What is not proposed although it may fit.
fn add_taken_back(reasons: &mut Vec<MatchReason>, quotes: &Quotes) {
    reasons.extend(quotes.taken_back().map(|deposit| {
        let detail = format!("a person took {deposit} back from this appeal");
        reason("taken_back", said("differs", detail), 0)
    }));
}

/// What stood in a field and could not be read, for the person who looks.
fn add_unread(reasons: &mut Vec<MatchReason>, quotes: &Quotes) {
    for (from, shown) in quotes.unread() {
        let field = match from {
            Field::TxId => "txid",
            Field::Network => "network",
            Field::Asset => "asset",
            Field::Amount => "amount",
            Field::To => "to",
            Field::Memo => "memo",
            Field::From => "from",
            Field::Time => "time",
            Field::FreeText => continue,
        };
        let detail = format!("'{shown}' in the {} could not be read", from.name());
        reasons.push(reason(field, said("absent", detail), 0));
    }
}
