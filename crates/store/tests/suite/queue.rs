//! The queue: what to do first stands first, on every page and under every filter.

use super::appeals::{appeal, outcome};
use super::world::{found, founded, later};
use super::{Backend, now};
use recover_core::appeal::{Appeal, AppealId, AppealStatus, MatchDecision};
use recover_core::appeal_work::RefusalCode;
use recover_core::network::NetworkId;
use recover_core::observation::DepositId;
use recover_core::question::QuestionCode;
use recover_core::queue::{NextAction, ServiceLevels, Stage};
use recover_core::time::Timestamp;
use recover_store::{ActContext, Assigned, QueueCursor, QueueFilter, QueuedAppeal, Store, Work};
use std::collections::BTreeSet;

const LEVELS: ServiceLevels = ServiceLevels {
    first_answer_hours: 24,
    decision_hours: 72,
    wait_hours: 336,
    lease_minutes: 30,
};

fn hours_ago(id: &str, user: &str, hours: i64) -> Appeal {
    Appeal {
        created_at: now().plus_seconds(-hours * 3_600).unwrap(),
        claimed_network: "polygon".into(),
        ..appeal(id, user)
    }
}

async fn worth(store: &Store, tx: &str, cents: Option<i64>) -> DepositId {
    let deposit = found(store, tx).await.id();
    if let Some(cents) = cents {
        let value = Some((cents, "price-1".to_owned()));
        store
            .update_values(vec![(deposit.clone(), value)])
            .await
            .unwrap();
    }
    deposit
}

async fn act(store: &Store, appeal: &str, work: Work, at: Timestamp) {
    let context = ActContext {
        person: "sue".into(),
        now: at,
        dry_run: false,
    };
    store
        .work_on_appeal(&AppealId::verbatim(appeal), work, context)
        .await
        .unwrap();
}

fn ask() -> Work {
    Work::Ask {
        code: QuestionCode::Network,
        text: "which?".into(),
    }
}

async fn list(store: &Store, filter: &QueueFilter) -> Vec<QueuedAppeal> {
    store.refresh_queue(&|_| {}).await.unwrap();
    store
        .list_queue(filter, &LEVELS, now(), None, 1_000)
        .await
        .unwrap()
        .appeals
}

fn ids(appeals: &[QueuedAppeal]) -> Vec<&str> {
    appeals
        .iter()
        .map(|queued| queued.stored.appeal.id.as_str())
        .collect()
}

/// Seven appeals in seven situations; the ids tell the order in which they are to be worked.
async fn prepared(backend: &Backend) -> Store {
    let store = founded(backend).await;
    let dear = worth(&store, "0x1", Some(900_000)).await;
    let cheap = worth(&store, "0x2", Some(1_000)).await;
    let unknown = worth(&store, "0x3", None).await;
    let rows = vec![
        hours_ago("1-late-wait", "u1", 800),
        hours_ago("2-late", "u2", 100),
        hours_ago("3-unknown", "u3", 10),
        hours_ago("4-dear", "u4", 10),
        hours_ago("5-cheap", "u5", 10),
        hours_ago("6-answered", "u6", 10),
        hours_ago("7-wait", "u7", 10),
        hours_ago("8-refused", "u8", 10),
    ];
    store.import_appeals(rows, now()).await.unwrap();
    let review =
        |id: &str, deposit: &DepositId| outcome(id, Some(deposit.clone()), MatchDecision::Review);
    let none = |id: &str| outcome(id, None, MatchDecision::None);
    let outcomes = vec![
        none("1-late-wait"),
        none("2-late"),
        review("3-unknown", &unknown),
        review("4-dear", &dear),
        review("5-cheap", &cheap),
        none("6-answered"),
        none("7-wait"),
        none("8-refused"),
    ];
    store.put_match_outcomes(outcomes, now()).await.unwrap();
    act(&store, "1-late-wait", ask(), later(-700 * 3_600)).await;
    act(&store, "7-wait", ask(), now()).await;
    act(&store, "6-answered", ask(), later(-9 * 3_600)).await;
    let said = Work::Answer {
        fields: [(
            recover_core::question::AppealField::Network,
            "bsc".to_owned(),
        )]
        .into(),
        unasked: false,
    };
    act(&store, "6-answered", said, later(-8 * 3_600)).await;
    store
        .put_match_outcomes(vec![none("6-answered")], now())
        .await
        .unwrap();
    let refuse = Work::Refuse {
        code: RefusalCode::NotFound,
        reason: "no".into(),
    };
    act(&store, "8-refused", refuse, now()).await;
    store
}

const IN_ORDER: [&str; 7] = [
    "1-late-wait",
    "2-late",
    "3-unknown",
    "4-dear",
    "5-cheap",
    "6-answered",
    "7-wait",
];

pub async fn the_top_row_is_what_to_do_next(backend: Backend) {
    let store = prepared(&backend).await;
    let all = list(&store, &QueueFilter::default()).await;
    assert_eq!(ids(&all), IN_ORDER);
    let of = |id: &str| {
        all.iter()
            .find(|queued| queued.stored.appeal.id.as_str() == id)
            .unwrap()
    };
    assert_eq!(of("1-late-wait").step.action, NextAction::WaitForAnswer);
    assert!(of("1-late-wait").deadline.unwrap() < now());
    assert_eq!(of("2-late").step.action, NextAction::AskOneQuestion);
    // The address book gives the deposits to somebody else.
    assert_eq!(of("4-dear").step.action, NextAction::ReviewFraud);
    assert_eq!(of("4-dear").value_cents, Some(900_000));
    assert_eq!(of("3-unknown").value_cents, None);
    let answered = of("6-answered");
    assert_eq!(
        (answered.step.stage, answered.step.since),
        (Stage::Decision, later(-8 * 3_600))
    );
    assert_eq!(answered.deadline, Some(later(64 * 3_600)));
    let counts = store.count_queue().await.unwrap();
    let sum: u64 = counts.iter().map(|(_, count)| count).sum();
    assert_eq!(sum, 7, "{counts:?}");
}

pub async fn pages_join_without_repeats_or_gaps(backend: Backend) {
    let store = prepared(&backend).await;
    let more: Vec<_> = (0..50)
        .map(|number| hours_ago(&format!("9-{number:02}"), "u9", number))
        .collect();
    store.import_appeals(more, now()).await.unwrap();
    let every = QueueFilter {
        statuses: AppealStatus::ALL.to_vec(),
        ..QueueFilter::default()
    };
    for filter in [QueueFilter::default(), every] {
        let whole = list(&store, &filter).await;
        for size in [1, 2, 7, 1_000] {
            let mut joined: Vec<String> = Vec::new();
            let mut after: Option<QueueCursor> = None;
            loop {
                // Time goes on between pages.
                let at = later(i64::try_from(joined.len()).unwrap() * 3_600 * 24);
                let page = store
                    .list_queue(&filter, &LEVELS, at, after.as_ref(), size)
                    .await
                    .unwrap();
                joined.extend(ids(&page.appeals).into_iter().map(str::to_owned));
                match page.next {
                    None => break,
                    Some(next) => {
                        let printed = next.to_string();
                        after = QueueCursor::parse(&printed);
                        assert_eq!(after, Some(next), "{printed}");
                    }
                }
            }
            assert_eq!(joined, ids(&whole), "{size} a page");
        }
    }
    for text in ["", "1", "1.w.2.3", "1.z.2.3.A", "+1.w.2.3.A", "1.w.2.3"] {
        assert_eq!(QueueCursor::parse(text), None, "{text}");
    }
}

pub async fn filters_narrow(backend: Backend) {
    let store = prepared(&backend).await;
    let given = Work::Assign {
        to: Some("ann".into()),
        take_over: false,
    };
    act(&store, "5-cheap", given, now()).await;
    let of = |filter: QueueFilter| {
        let store = store.clone();
        async move {
            list(&store, &filter)
                .await
                .iter()
                .map(|one| one.stored.appeal.id.to_string())
                .collect::<Vec<_>>()
        }
    };
    let none = QueueFilter::default;
    assert_eq!(
        of(QueueFilter {
            statuses: vec![AppealStatus::Refused],
            ..none()
        })
        .await,
        ["8-refused"]
    );
    assert_eq!(
        of(QueueFilter {
            statuses: vec![AppealStatus::NeedsInfo],
            ..none()
        })
        .await,
        ["1-late-wait", "7-wait"]
    );
    assert_eq!(
        of(QueueFilter {
            decision: Some(MatchDecision::Review),
            ..none()
        })
        .await,
        ["3-unknown", "4-dear", "5-cheap"]
    );
    assert_eq!(
        of(QueueFilter {
            assigned: Some(Assigned::To("ann".into())),
            ..none()
        })
        .await,
        ["5-cheap"]
    );
    assert_eq!(
        of(QueueFilter {
            assigned: Some(Assigned::Nobody),
            ..none()
        })
        .await
        .len(),
        6
    );
    // A matched one is on its deposit's network, the others where the customer says.
    let network = |name: &str| QueueFilter {
        network: Some(NetworkId::new(name)),
        ..none()
    };
    assert_eq!(
        of(network("ethereum")).await,
        ["3-unknown", "4-dear", "5-cheap"]
    );
    assert_eq!(of(network("polygon")).await.len(), 4);
    assert_eq!(of(network("nowhere")).await.len(), 0);
    assert_eq!(
        of(QueueFilter {
            user_id: Some("u4".into()),
            ..none()
        })
        .await,
        ["4-dear"]
    );
    assert_eq!(
        of(QueueFilter {
            value_cents_min: Some(2_000),
            decision: Some(MatchDecision::Review),
            ..none()
        })
        .await,
        ["3-unknown", "4-dear"],
        "what nobody knows may be worth it"
    );
    assert_eq!(
        of(QueueFilter {
            since_max: Some(later(-50 * 3_600)),
            ..none()
        })
        .await,
        ["1-late-wait", "2-late"]
    );
    assert_eq!(
        of(QueueFilter {
            next: Some(NextAction::ReviewFraud),
            user_id: Some("u4".into()),
            ..none()
        })
        .await,
        ["4-dear"]
    );
    assert_eq!(
        of(QueueFilter {
            next: Some(NextAction::Nothing),
            ..none()
        })
        .await,
        ["8-refused"]
    );
}

pub async fn whatever_changes_an_appeal_changes_its_row(backend: Backend) {
    let store = founded(&backend).await;
    let deposit = worth(&store, "0x1", None).await;
    store
        .import_appeals(vec![appeal("A-1", "u1")], now())
        .await
        .unwrap();
    let look = async || {
        let all = list(&store, &QueueFilter::default()).await;
        (all[0].step.action, all[0].value_cents)
    };
    let row = async || {
        list(&store, &QueueFilter::default()).await;
        let sql = "SELECT next_action || ' ' || COALESCE(value_cents, -1) FROM appeal_queue";
        backend.column(sql).await
    };
    assert_eq!(
        (look().await, row().await),
        (
            (NextAction::RunMatch, None),
            vec!["run_match -1".to_owned()]
        )
    );
    let auto = outcome("A-1", Some(deposit.clone()), MatchDecision::Auto);
    store.put_match_outcomes(vec![auto], now()).await.unwrap();
    assert_eq!(row().await, ["open_claim -1"]);
    store
        .update_values(vec![(deposit.clone(), Some((77, "p".into())))])
        .await
        .unwrap();
    assert_eq!(row().await, ["open_claim 77"]);
    let request = recover_core::claim::OpenRequest {
        appeal: Some(AppealId::verbatim("A-1")),
        ..super::world::request()
    };
    store
        .open_claim(&deposit, request, super::world::by("sam"))
        .await
        .unwrap();
    assert_eq!(row().await, ["follow_claim 77"]);
    store
        .undo_match(&AppealId::verbatim("A-1"), "no", super::world::by("sue"))
        .await
        .unwrap();
    assert_eq!(row().await, ["run_match -1"]);
    // Nothing is left to be worked off.
    assert_eq!(store.refresh_queue(&|_| {}).await.unwrap(), 0);
}

pub async fn no_page_walks_through_all_appeals(backend: Backend) {
    let store = prepared(&backend).await;
    list(&store, &QueueFilter::default()).await;
    let none = QueueFilter::default;
    let filters = [
        none(),
        QueueFilter {
            statuses: vec![AppealStatus::Matched],
            ..none()
        },
        QueueFilter {
            decision: Some(MatchDecision::Review),
            ..none()
        },
        QueueFilter {
            assigned: Some(Assigned::To("ann".into())),
            ..none()
        },
        QueueFilter {
            assigned: Some(Assigned::Nobody),
            ..none()
        },
        QueueFilter {
            network: Some(NetworkId::new("bsc")),
            ..none()
        },
        QueueFilter {
            user_id: Some("u1".into()),
            ..none()
        },
        QueueFilter {
            next: Some(NextAction::ConfirmMatch),
            ..none()
        },
        QueueFilter {
            since_max: Some(now()),
            ..none()
        },
        QueueFilter {
            value_cents_min: Some(5),
            ..none()
        },
        QueueFilter {
            network: Some(NetworkId::new("bsc")),
            next: Some(NextAction::OpenClaim),
            ..none()
        },
    ];
    if let Backend::Postgres(_) = &backend {
        // Its planner reads small tables whole: enough rows that it must choose.
        backend
            .raw(
                "INSERT INTO appeal SELECT 'X-' || n, 'u' || n, 1, '', '', '', '', '', '', '', '', '', NULL, '', NULL, NULL,
                    'no_match', NULL, NULL, 1, 1, NULL FROM generate_series(1, 20000) AS n;
                 DELETE FROM appeal_stale;
                 INSERT INTO appeal_queue SELECT 'X-' || n, 'u' || n, 'no_match', 'none', 'n' || n % 20, 'p' || n % 10, NULL,
                    'ask_one_question', 'first_answer', n, n / 100, -n, n FROM generate_series(1, 20000) AS n;
                 ANALYZE appeal_queue",
            )
            .await
            .unwrap();
    }
    for filter in filters {
        let plan = store.explain_queue(&filter, &LEVELS, now()).await.unwrap();
        let text = plan.join("\n");
        assert!(text.contains("appeal_queue_"), "{filter:?}: {text}");
        let walks: BTreeSet<&String> = plan
            .iter()
            .filter(|line| line.contains("Seq Scan") || line.starts_with("SCAN "))
            .collect();
        assert!(walks.is_empty(), "{filter:?}: {text}");
        // Only the few dear ones are sorted by the way.
        let sorts = text.contains("TEMP B-TREE") || text.contains("Sort");
        let may_sort = filter.value_cents_min.is_some() || matches!(&backend, Backend::Postgres(_));
        assert!(!sorts || may_sort, "{filter:?}: {text}");
    }
}
