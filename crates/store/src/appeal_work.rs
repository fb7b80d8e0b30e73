//! What people do with appeals. Each act is decided by core's table under the appeal's lock and leaves, in one transaction, the
//! appeal as it stands then, a row that tells of the act, an entry of the log and the appeal's row of the queue.

mod acts;

pub use acts::{ActAnswer, ActContext, AppealAct, Taken, Truth, TruthDecision, Work};

use crate::appeals::{self, MATCHING, OUTCOME};
use crate::error::{StoreError, is_duplicate};
use crate::log::append_said;
use crate::queue::{self, Assigned, most_urgent};
use crate::sql::{Reader, Row, Tx, detached, json, values};
use crate::store::Store;
use recover_core::appeal::{AppealId, AppealStatus, MatchDecision, MatchOutcome};
use recover_core::appeal_work::{Act, WorkRefusal, after, after_correcting, after_resuming};
use recover_core::claim::{ClaimId, ClaimStatus};
use recover_core::deposit::DepositStatus;
use recover_core::digest::Encoder;
use recover_core::observation::DepositId;
use recover_core::question::AppealField;
use recover_core::queue::ServiceLevels;
use recover_core::time::Timestamp;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The appeals about whose deposit a person decided: matching leaves them alone.
pub(crate) async fn decided(reader: &mut Reader<'_>) -> Result<BTreeSet<AppealId>, StoreError> {
    let rows = reader
        .rows("SELECT appeal_id FROM appeal_truth", vec![])
        .await?;
    rows.iter()
        .map(|row| {
            let row = row.of("appeal_truth", "appeal_id");
            Ok(AppealId::verbatim(&row.text("appeal_id")?))
        })
        .collect()
}

/// What the log keeps of an act. Its body may be erased, the digest of it stays.
#[derive(Serialize)]
struct SaidJson<'a> {
    command: &'a str,
    appeal: &'a str,
    status: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    assigned_to: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deposit: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    other: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    /// In the place of words that must be erasable in one place: the customer's answers, and notes that may quote them.
    #[serde(skip_serializing_if = "Option::is_none")]
    text_digest: Option<String>,
}

/// The appeal as an act finds it, locked.
struct Found {
    status: AppealStatus,
    user_id: String,
    assigned_to: Option<String>,
    assigned_until: Option<Timestamp>,
    status_reason: Option<String>,
}

async fn found(tx: &mut Tx, id: &AppealId) -> Result<Option<Found>, StoreError> {
    let sql = format!(
        "SELECT id, status, user_id, assigned_to, assigned_until, status_reason FROM appeal WHERE id = $1{}",
        tx.lock_rows()
    );
    let Some(row) = tx.row(&sql, values![id.as_str()]).await? else {
        return Ok(None);
    };
    let row = row.of("appeal", "id");
    Ok(Some(Found {
        status: row.parsed("status", AppealStatus::from_code)?,
        user_id: row.text("user_id")?,
        assigned_to: row.text_or_null("assigned_to")?,
        assigned_until: row.time_or_null("assigned_until")?,
        status_reason: row.text_or_null("status_reason")?,
    }))
}

async fn newest_claim(
    tx: &mut Tx,
    id: &AppealId,
) -> Result<Option<(ClaimId, ClaimStatus, DepositId)>, StoreError> {
    let row = tx
        .row(
            "SELECT id, status, deposit_id FROM claim WHERE appeal_id = $1 ORDER BY opened_at DESC, id DESC LIMIT 1",
            values![id.as_str()],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let row = row.of("claim", "id");
    Ok(Some((
        ClaimId::verbatim(&row.text("id")?),
        row.parsed("status", ClaimStatus::from_code)?,
        DepositId::verbatim(&row.text("deposit_id")?),
    )))
}

async fn proposal(tx: &mut Tx, id: &AppealId) -> Result<Option<MatchOutcome>, StoreError> {
    let sql = format!("{OUTCOME} WHERE appeal_id = $1");
    let row = tx.row(&sql, values![id.as_str()]).await?;
    row.as_ref().map(appeals::outcome).transpose()
}

/// What is written for an act beside the appeal's new status.
#[derive(Default)]
struct Effect {
    status_reason: Option<String>,
    code: Option<String>,
    deposit: Option<DepositId>,
    other: Option<AppealId>,
    text: Option<String>,
}

/// What stops an act, or what it does.
enum Decided {
    To(AppealStatus, Effect),
    Repeated,
    Refused(WorkRefusal, String),
    NotFound(&'static str),
}

/// Decides about an act: reads what it needs, writes nothing.
async fn decide(
    tx: &mut Tx,
    id: &AppealId,
    found: &Found,
    work: &Work,
) -> Result<Decided, StoreError> {
    use Decided::{NotFound, Refused, Repeated, To};
    let refused = |refusal| Ok(Refused(refusal, String::new()));
    let moves = !matches!(work, Work::Assign { .. } | Work::Note { .. });
    // What is there already is no new act, whatever else stands in the way.
    match work {
        Work::Assign { to, .. } if *to == found.assigned_to && found.assigned_until.is_none() => {
            return Ok(Repeated);
        }
        Work::Ask { code, text } if found.status == AppealStatus::NeedsInfo => {
            let last = last_question(tx, id).await?;
            if last == Some((code.code().to_owned(), text.clone())) {
                return Ok(Repeated);
            }
        }
        Work::Duplicate { of }
            if found.status == AppealStatus::Duplicate
                && last_other(tx, id).await?.as_ref() == Some(of) =>
        {
            return Ok(Repeated);
        }
        Work::Refuse { code, .. } if found.status == AppealStatus::Refused => {
            let told = found.status_reason.as_deref().unwrap_or_default();
            if told == code.code() || told.starts_with(&format!("{}: ", code.code())) {
                return Ok(Repeated);
            }
        }
        Work::Close { .. } if found.status == AppealStatus::Closed => return Ok(Repeated),
        _ => {}
    }
    let to = match work {
        Work::Correct { deposit, .. } => after_correcting(found.status, deposit.is_some()),
        Work::Resume { .. } => after_resuming(found.status, has_deposit(tx, id).await?),
        other => after(found.status, other.act()),
    };
    let to = match to {
        Ok(to) => to,
        Err(refusal) => {
            let by = found.status_reason.clone().unwrap_or_default();
            return Ok(Refused(refusal, by));
        }
    };
    if moves && let Some((claim, status, on)) = newest_claim(tx, id).await? {
        if status.is_open() {
            let is_its_deposit = matches!(work, Work::Confirm { deposit } if *deposit == on);
            if !is_its_deposit {
                return Ok(Refused(WorkRefusal::ClaimOpen, claim.to_string()));
            }
        } else if status == ClaimStatus::Settled && !matches!(work, Work::Close { .. }) {
            return Ok(Refused(WorkRefusal::ClaimSettled, claim.to_string()));
        }
    }
    let effect = match work {
        Work::Assign { to, take_over } => match &found.assigned_to {
            Some(holder) if !take_over && Some(holder) != to.as_ref() => {
                return Ok(Refused(WorkRefusal::HeldByOther, holder.clone()));
            }
            _ => Effect::default(),
        },
        Work::Note { text } => Effect {
            text: Some(text.clone()),
            ..Effect::default()
        },
        Work::Ask { code, text } => Effect {
            status_reason: Some(text.clone()),
            code: Some(code.code().to_owned()),
            text: Some(text.clone()),
            ..Effect::default()
        },
        Work::Answer { fields, unasked } => {
            if found.status != AppealStatus::NeedsInfo && !unasked {
                return refused(WorkRefusal::NothingAsked);
            }
            let by_code: BTreeMap<&str, &str> = fields
                .iter()
                .map(|(field, text)| (field.code(), text.as_str()))
                .collect();
            Effect {
                text: Some(json(&by_code)),
                ..Effect::default()
            }
        }
        Work::Confirm { deposit } => {
            let proposed = proposal(tx, id).await?.and_then(|outcome| outcome.deposit);
            match proposed {
                None => return refused(WorkRefusal::NothingProposed),
                Some(other) if other != *deposit => {
                    return Ok(Refused(WorkRefusal::OtherProposed, other.to_string()));
                }
                Some(_) => {}
            }
            if let Some(stopped) = deposit_stops(tx, id, deposit).await? {
                return Ok(stopped);
            }
            if stands_so(tx, id, Some(deposit)).await? && found.status == to {
                return Ok(Repeated);
            }
            Effect {
                deposit: Some(deposit.clone()),
                ..Effect::default()
            }
        }
        Work::Correct { deposit, reason } => {
            if let Some(deposit) = deposit
                && let Some(stopped) = deposit_stops(tx, id, deposit).await?
            {
                return Ok(stopped);
            }
            if stands_so(tx, id, deposit.as_ref()).await? && found.status == to {
                return Ok(Repeated);
            }
            Effect {
                status_reason: Some(reason.clone()),
                deposit: deposit.clone(),
                text: Some(reason.clone()),
                ..Effect::default()
            }
        }
        Work::Duplicate { of } => {
            if of == id {
                return refused(WorkRefusal::SameAppeal);
            }
            let sql = "SELECT id, user_id, status FROM appeal WHERE id = $1";
            let Some(row) = tx.row(sql, values![of.as_str()]).await? else {
                return Ok(NotFound("appeal"));
            };
            let row = row.of("appeal", "id");
            if row.text("user_id")? != found.user_id {
                return refused(WorkRefusal::OtherUser);
            }
            let other = row.parsed("status", AppealStatus::from_code)?;
            if other == AppealStatus::Duplicate && last_other(tx, of).await?.as_ref() == Some(id) {
                return refused(WorkRefusal::SameAppeal);
            }
            Effect {
                status_reason: Some(format!("duplicate of {of}")),
                other: Some(of.clone()),
                ..Effect::default()
            }
        }
        Work::Refuse { code, reason } => Effect {
            status_reason: Some(format!("{}: {reason}", code.code())),
            code: Some(code.code().to_owned()),
            text: Some(reason.clone()),
            ..Effect::default()
        },
        Work::Wait { reason }
        | Work::Close { reason }
        | Work::Reopen { reason }
        | Work::Resume { reason } => Effect {
            status_reason: Some(reason.clone()),
            text: Some(reason.clone()),
            ..Effect::default()
        },
    };
    Ok(To(to, effect))
}

/// Whether a person's decision about the deposit says this already.
async fn stands_so(
    tx: &mut Tx,
    id: &AppealId,
    deposit: Option<&DepositId>,
) -> Result<bool, StoreError> {
    let sql = "SELECT appeal_id, deposit_id FROM appeal_truth WHERE appeal_id = $1";
    let Some(row) = tx.row(sql, values![id.as_str()]).await? else {
        return Ok(false);
    };
    let stands = row
        .of("appeal_truth", "appeal_id")
        .text_or_null("deposit_id")?;
    Ok(stands.as_deref() == deposit.map(DepositId::as_str))
}

/// Whether the appeal is paired with a deposit that is still there: a person's decision goes before what matching proposes.
async fn has_deposit(tx: &mut Tx, id: &AppealId) -> Result<bool, StoreError> {
    let sql = "SELECT id FROM deposit WHERE status <> 'gone' AND id = COALESCE(
            (SELECT deposit_id FROM appeal_truth WHERE appeal_id = $1),
            (SELECT deposit_id FROM match_outcome WHERE appeal_id = $2))";
    let row = tx.row(sql, values![id.as_str(), id.as_str()]).await?;
    Ok(row.is_some())
}

/// Why a deposit cannot be the answer to an appeal; `None` when it can.
async fn deposit_stops(
    tx: &mut Tx,
    id: &AppealId,
    deposit: &DepositId,
) -> Result<Option<Decided>, StoreError> {
    let sql = "SELECT id, status, kind FROM deposit WHERE id = $1";
    let Some(row) = tx.row(sql, values![deposit]).await? else {
        return Ok(Some(Decided::NotFound("deposit")));
    };
    let row = row.of("deposit", "id");
    let status = row.parsed("status", DepositStatus::from_code)?;
    if status == DepositStatus::Gone || row.text("kind")? == "own_movement" {
        let refused = Decided::Refused(WorkRefusal::DepositUnfit, deposit.to_string());
        return Ok(Some(refused));
    }
    let sql = "SELECT appeal_id FROM appeal_truth WHERE deposit_id = $1 AND appeal_id <> $2";
    let Some(row) = tx.row(sql, values![deposit, id.as_str()]).await? else {
        return Ok(None);
    };
    let other = row.of("appeal_truth", "appeal_id").text("appeal_id")?;
    Ok(Some(Decided::Refused(
        WorkRefusal::DepositConfirmedElsewhere,
        other,
    )))
}

async fn last_question(tx: &mut Tx, id: &AppealId) -> Result<Option<(String, String)>, StoreError> {
    let row = tx
        .row(
            "SELECT appeal_id, code, text FROM appeal_act WHERE appeal_id = $1 AND act = 'ask'
             ORDER BY number DESC LIMIT 1",
            values![id.as_str()],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let row = row.of("appeal_act", "appeal_id");
    Ok(Some((row.text("code")?, row.text("text")?)))
}

async fn last_other(tx: &mut Tx, id: &AppealId) -> Result<Option<AppealId>, StoreError> {
    let row = tx
        .row(
            "SELECT appeal_id, other_appeal_id FROM appeal_act WHERE appeal_id = $1 AND act = 'duplicate'
             ORDER BY number DESC LIMIT 1",
            values![id.as_str()],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let other = row
        .of("appeal_act", "appeal_id")
        .text_or_null("other_appeal_id")?;
    Ok(other.map(|id| AppealId::verbatim(&id)))
}

/// Everything but the commit. After any answer but `Done` the transaction must be dropped.
pub(crate) async fn act(
    tx: &mut Tx,
    id: &AppealId,
    work: &Work,
    context: &ActContext,
) -> Result<ActAnswer, StoreError> {
    if matches!(
        work,
        Work::Confirm { .. } | Work::Correct { .. } | Work::Reopen { .. } | Work::Resume { .. }
    ) {
        // A run of matching that began before must not write over a person's decision.
        tx.serialize(MATCHING).await?;
    }
    let Some(found) = found(tx, id).await? else {
        return Ok(ActAnswer::NotFound("appeal"));
    };
    let (to, effect) = match decide(tx, id, &found, work).await? {
        Decided::To(to, effect) => (to, effect),
        Decided::Repeated => return Ok(ActAnswer::Repeated(found.status)),
        Decided::Refused(refusal, by) => {
            return Ok(ActAnswer::Refused {
                refusal,
                status: found.status,
                by,
            });
        }
        Decided::NotFound(what) => return Ok(ActAnswer::NotFound(what)),
    };
    let answer = carry_out(tx, id, work, context, to, &effect).await?;
    if let ActAnswer::Done(_) = &answer {
        record(tx, id, work, context, to, &effect).await?;
        queue::write_rows(tx, &[id.as_str().to_owned()]).await?;
    }
    Ok(answer)
}

/// The act's own rows.
async fn carry_out(
    tx: &mut Tx,
    id: &AppealId,
    work: &Work,
    context: &ActContext,
    to: AppealStatus,
    effect: &Effect,
) -> Result<ActAnswer, StoreError> {
    let (now, person) = (context.now, &context.person);
    match work {
        Work::Assign { to: assigned, .. } => {
            tx.run(
                "UPDATE appeal SET assigned_to = $1, assigned_until = NULL, updated_at = $2 WHERE id = $3",
                values![assigned.as_deref(), now, id.as_str()],
            )
            .await?;
        }
        Work::Note { text } => {
            tx.run(
                "INSERT INTO appeal_note (appeal_id, number, written_by, written_at, text)
                 SELECT $1, COALESCE(MAX(number), 0) + 1, $2, $3, $4 FROM appeal_note WHERE appeal_id = $5",
                values![id.as_str(), person, now, text, id.as_str()],
            )
            .await?;
        }
        Work::Confirm { .. } | Work::Correct { .. } => {
            let proposed = proposal(tx, id).await?;
            match put_truth(tx, id, work, effect, proposed.as_ref(), context).await {
                Ok(()) => {}
                // The database's own rule: one deposit, one owner.
                Err(error) if is_duplicate(&error) => {
                    return Ok(ActAnswer::Refused {
                        refusal: WorkRefusal::DepositConfirmedElsewhere,
                        status: to,
                        by: String::new(),
                    });
                }
                Err(error) => return Err(error),
            }
        }
        Work::Answer { fields, .. } => put_answer(tx, id, fields, now).await?,
        Work::Reopen { .. } => {
            tx.run(
                "DELETE FROM appeal_truth WHERE appeal_id = $1",
                values![id.as_str()],
            )
            .await?;
        }
        Work::Ask { .. }
        | Work::Duplicate { .. }
        | Work::Refuse { .. }
        | Work::Wait { .. }
        | Work::Close { .. }
        | Work::Resume { .. } => {}
    }
    if !matches!(work, Work::Assign { .. } | Work::Note { .. }) {
        tx.run(
            "UPDATE appeal SET status = $1, status_reason = $2, updated_at = $3 WHERE id = $4",
            values![to.code(), effect.status_reason.as_deref(), now, id.as_str()],
        )
        .await?;
    }
    Ok(ActAnswer::Done(to))
}

/// The person's decision, and the outcome that everybody reads from now on.
async fn put_truth(
    tx: &mut Tx,
    id: &AppealId,
    work: &Work,
    effect: &Effect,
    proposed: Option<&MatchOutcome>,
    context: &ActContext,
) -> Result<(), StoreError> {
    let deposit = effect.deposit.as_ref();
    let is_proposed =
        deposit.is_some() && proposed.is_some_and(|outcome| outcome.deposit.as_ref() == deposit);
    let decision = match (work, deposit) {
        (_, None) => TruthDecision::None,
        (Work::Confirm { .. }, Some(_)) => TruthDecision::Confirmed,
        // Who corrects to what was proposed confirms it.
        (_, Some(_)) if is_proposed => TruthDecision::Confirmed,
        (_, Some(_)) => TruthDecision::Corrected,
    };
    tx.run(
        "INSERT INTO appeal_truth (appeal_id, deposit_id, decision, person, decided_at, model_deposit_id, model_decision,
            model_score_ppm) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (appeal_id) DO UPDATE SET deposit_id = excluded.deposit_id, decision = excluded.decision,
            person = excluded.person, decided_at = excluded.decided_at",
        values![
            id.as_str(),
            deposit,
            decision.code(),
            &context.person,
            context.now,
            proposed.and_then(|outcome| outcome.deposit.as_ref()),
            proposed.map(|outcome| outcome.decision.code()),
            proposed.map(|outcome| outcome.score_ppb / 1_000)
        ],
    )
    .await?;
    if is_proposed {
        return Ok(());
    }
    let (decided, told) = match deposit {
        Some(_) => (MatchDecision::Review, "exact"),
        None => (MatchDecision::None, "differs"),
    };
    let reasons = json(&[BTreeMap::from([
        ("field", serde_json::Value::from("person")),
        ("verdict", told.into()),
        ("weight", 0.into()),
        ("detail", format!("{} decided so", context.person).into()),
    ])]);
    tx.run(
        "INSERT INTO match_outcome (appeal_id, deposit_id, decision, reasons, matched_at)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (appeal_id) DO UPDATE SET deposit_id = excluded.deposit_id, decision = excluded.decision,
            tier = excluded.tier, score_ppb = excluded.score_ppb, identify = excluded.identify, entitle = excluded.entitle,
            entitled_by = excluded.entitled_by, ask = excluded.ask, reasons = excluded.reasons, matched_at = excluded.matched_at",
        values![id.as_str(), deposit, decided.code(), reasons, context.now],
    )
    .await?;
    Ok(())
}

/// A later answer takes the place of an earlier one; words are added to words.
async fn put_answer(
    tx: &mut Tx,
    id: &AppealId,
    fields: &BTreeMap<AppealField, String>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let row = tx
        .row(
            "SELECT appeal_id, fields FROM appeal_said WHERE appeal_id = $1",
            values![id.as_str()],
        )
        .await?;
    let mut said: BTreeMap<String, String> = match &row {
        None => BTreeMap::new(),
        Some(row) => row.of("appeal_said", "appeal_id").json("fields")?,
    };
    for (field, text) in fields {
        match (field, said.get_mut(field.code())) {
            (AppealField::Text, Some(earlier)) => {
                earlier.push('\n');
                earlier.push_str(text);
            }
            _ => {
                said.insert(field.code().to_owned(), text.clone());
            }
        }
    }
    tx.run(
        "INSERT INTO appeal_said (appeal_id, fields, answered_at) VALUES ($1, $2, $3)
         ON CONFLICT (appeal_id) DO UPDATE SET fields = excluded.fields, answered_at = excluded.answered_at",
        values![id.as_str(), json(&said), now],
    )
    .await?;
    Ok(())
}

/// The row that tells of the act, and the log's entry.
async fn record(
    tx: &mut Tx,
    id: &AppealId,
    work: &Work,
    context: &ActContext,
    to: AppealStatus,
    effect: &Effect,
) -> Result<(), StoreError> {
    let assigned_to = match work {
        Work::Assign { to, .. } => to.as_deref(),
        _ => None,
    };
    if !matches!(work, Work::Note { .. }) {
        insert_act(tx, id, work.act(), context, to, assigned_to, effect).await?;
    }
    let command = format!("appeal_{}", work.act().code());
    let is_quote = matches!(work, Work::Answer { .. } | Work::Note { .. });
    let text = effect.text.as_deref();
    let text_digest = text.filter(|_| is_quote).map(|text| {
        let digest = Encoder::new("recover/appeal-text/1").field(text).finish();
        digest.to_string()
    });
    let said = json(&SaidJson {
        command: &command,
        appeal: id.as_str(),
        status: to.code(),
        assigned_to,
        code: effect.code.as_deref(),
        deposit: effect.deposit.as_ref().map(DepositId::as_str),
        other: effect.other.as_ref().map(AppealId::as_str),
        text: text.filter(|_| !is_quote),
        text_digest,
    });
    append_said(tx, (&context.person, &command, &said), context.now).await?;
    Ok(())
}

async fn insert_act(
    tx: &mut Tx,
    id: &AppealId,
    act: Act,
    context: &ActContext,
    to: AppealStatus,
    assigned_to: Option<&str>,
    effect: &Effect,
) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO appeal_act (appeal_id, number, act, person, acted_at, status, assigned_to, code, deposit_id,
            other_appeal_id, text)
         SELECT $1, COALESCE(MAX(number), 0) + 1, $2, $3, $4, $5, $6, $7, $8, $9, $10
         FROM appeal_act WHERE appeal_id = $11",
        values![
            id.as_str(),
            act.code(),
            &context.person,
            context.now,
            to.code(),
            assigned_to,
            effect.code.as_deref(),
            effect.deposit.as_ref(),
            effect.other.as_ref().map(AppealId::as_str),
            effect.text.as_deref(),
            id.as_str()
        ],
    )
    .await?;
    Ok(())
}

fn stored_act(row: &Row) -> Result<AppealAct, StoreError> {
    let row = row.of("appeal_act", "appeal_id");
    Ok(AppealAct {
        number: row.number("number")?,
        act: row.parsed("act", Act::from_code)?,
        person: row.text("person")?,
        at: row.time("acted_at")?,
        status: row.parsed("status", AppealStatus::from_code)?,
        assigned_to: row.text_or_null("assigned_to")?,
        code: row.text_or_null("code")?,
        deposit: row
            .text_or_null("deposit_id")?
            .map(|id| DepositId::verbatim(&id)),
        other: row
            .text_or_null("other_appeal_id")?
            .map(|id| AppealId::verbatim(&id)),
        text: row.text_or_null("text")?,
    })
}

fn stored_truth(row: &Row) -> Result<Truth, StoreError> {
    let row = row.of("appeal_truth", "appeal_id");
    let deposit = |id: String| DepositId::verbatim(&id);
    let decision = row.parsed_or_null("model_decision", MatchDecision::from_code)?;
    let model = match decision {
        None => None,
        Some(decision) => Some((
            row.text_or_null("model_deposit_id")?.map(deposit),
            decision,
            row.number("model_score_ppm")?,
        )),
    };
    Ok(Truth {
        appeal: AppealId::verbatim(&row.text("appeal_id")?),
        deposit: row.text_or_null("deposit_id")?.map(deposit),
        decision: row.parsed("decision", TruthDecision::from_code)?,
        person: row.text("person")?,
        at: row.time("decided_at")?,
        model,
    })
}

/// Takes back what people took from the queue and did not come back to.
async fn release_lapsed(tx: &mut Tx, now: Timestamp) -> Result<(), StoreError> {
    tx.run(
        "UPDATE appeal SET assigned_to = NULL, assigned_until = NULL, updated_at = $1
         WHERE assigned_until IS NOT NULL AND assigned_until <= $2",
        values![now, now],
    )
    .await?;
    Ok(())
}

impl Store {
    /// Carries out an act on an appeal, or says why not. With `dry_run` everything is done and nothing kept. Whether the
    /// person's role allows it is for the caller to know.
    ///
    /// # Errors
    /// When the database cannot be written. A refusal is no error.
    pub async fn work_on_appeal(
        &self,
        id: &AppealId,
        work: Work,
        context: ActContext,
    ) -> Result<ActAnswer, StoreError> {
        let (db, id) = (self.db.clone(), id.clone());
        detached(async move {
            let mut tx = db.begin().await?;
            let answer = act(&mut tx, &id, &work, &context).await?;
            if matches!(answer, ActAnswer::Done(_)) && !context.dry_run {
                tx.commit().await?;
            }
            Ok(answer)
        })
        .await
    }

    /// Gives a person the most urgent appeal that nobody has and that somebody can do something about, for a while. Who holds
    /// one from an earlier time and has not finished it gets that one again. Two people never get the same.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn take_next_appeal(
        &self,
        levels: &ServiceLevels,
        context: ActContext,
    ) -> Result<Taken, StoreError> {
        let (db, levels) = (self.db.clone(), *levels);
        detached(async move {
            let mut tx = db.begin().await?;
            // One taker after the other: each must see what the one before took.
            tx.serialize("appeal_next").await?;
            tx.serialize("appeal_queue").await?;
            let (now, person) = (context.now, &context.person);
            release_lapsed(&mut tx, now).await?;
            // What changed since the last refresh must not be given out as it was; a long backlog is for the list to work off.
            queue::refresh_in(&mut tx, 10_000).await?;
            let until = now.plus_seconds(i64::from(levels.lease_minutes).saturating_mul(60));
            let held = held_by(&mut tx, person).await?;
            let (id, taken) = match held {
                Some(id) => (id.clone(), Taken::Still(id)),
                None => match most_urgent(&mut tx, &levels, now, Assigned::Nobody).await? {
                    Some(id) => (id.clone(), Taken::New(id)),
                    None => return Ok(Taken::Nothing),
                },
            };
            tx.run(
                "UPDATE appeal SET assigned_to = $1, assigned_until = $2, updated_at = $3 WHERE id = $4",
                values![person, until, now, id.as_str()],
            )
            .await?;
            if let Taken::New(_) = &taken {
                let Some(found) = found(&mut tx, &id).await? else {
                    return Ok(Taken::Nothing);
                };
                let work = Work::Assign {
                    to: Some(person.clone()),
                    take_over: false,
                };
                let effect = Effect {
                    code: Some("next".to_owned()),
                    ..Effect::default()
                };
                record(&mut tx, &id, &work, &context, found.status, &effect).await?;
            }
            queue::write_rows(&mut tx, &[id.as_str().to_owned()]).await?;
            if !context.dry_run {
                tx.commit().await?;
            }
            Ok(taken)
        })
        .await
    }

    /// What people did with an appeal, oldest first, without notes.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn appeal_acts(&self, id: &AppealId) -> Result<Vec<AppealAct>, StoreError> {
        let rows = self
            .db
            .rows(
                "SELECT appeal_id, number, act, person, acted_at, status, assigned_to, code, deposit_id, other_appeal_id, text
                 FROM appeal_act WHERE appeal_id = $1 ORDER BY number",
                values![id.as_str()],
            )
            .await?;
        rows.iter().map(stored_act).collect()
    }

    /// One page of what people decided about which deposits are meant, by appeal, after an id (empty for the first page); an
    /// empty page is the end.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn truth_page(&self, after: &str, limit: u32) -> Result<Vec<Truth>, StoreError> {
        let rows = self
            .db
            .rows(
                "SELECT appeal_id, deposit_id, decision, person, decided_at, model_deposit_id, model_decision,
                    model_score_ppm FROM appeal_truth WHERE appeal_id > $1 ORDER BY appeal_id LIMIT $2",
                values![after, limit],
            )
            .await?;
        rows.iter().map(stored_truth).collect()
    }
}

/// The appeal that a person took from the queue and that still needs them.
async fn held_by(tx: &mut Tx, person: &str) -> Result<Option<AppealId>, StoreError> {
    let row = tx
        .row(
            "SELECT appeal_id FROM appeal_queue WHERE assigned_to = $1 AND assigned_until IS NOT NULL
                AND stage IN ('first_answer', 'decision') ORDER BY assigned_until, appeal_id LIMIT 1",
            values![person],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let id = row.of("appeal_queue", "appeal_id").text("appeal_id")?;
    Ok(Some(AppealId::verbatim(&id)))
}
