//! An address book and the two questions that the judgement asks it, as the engine does.

use recover_core::ledger::AccountStanding;
use recover_core::memo::{
    AssignedMemo, Memo, MemoFinding, MemoKind, MemoQuestion, MemoRules, MemoShape, judge,
    near_values, place, readings, wanted_values, wants_near_values,
};
use recover_core::time::Timestamp;
use std::collections::BTreeSet;

/// The XRP Ledger: a destination tag.
pub const TAG: MemoRules = MemoRules {
    routing: &[place::DESTINATION_TAG],
    shape: MemoShape::Tag,
};

/// Stellar: a memo or the id in a muxed account.
pub const STELLAR: MemoRules = MemoRules {
    routing: &[place::MEMO, place::MUXED_ID],
    shape: MemoShape::TextIdOrHash { text_bytes_max: 28 },
};

/// The Cosmos SDK: the memo of the transaction, or of the packet.
pub const COSMOS: MemoRules = MemoRules {
    routing: &[place::MEMO, place::PACKET_MEMO],
    shape: MemoShape::Text {
        characters_max: Some(256),
    },
};

/// TON: the comment, or what a jetton transfer forwards.
pub const TON: MemoRules = MemoRules {
    routing: &[place::COMMENT, place::FORWARD_PAYLOAD],
    shape: MemoShape::Text {
        characters_max: None,
    },
};

/// When the credits of these tests happened.
pub fn at() -> Timestamp {
    Timestamp::from_seconds(1_700_000_000).expect("in range")
}

fn days(count: i64) -> Option<Timestamp> {
    at().plus_seconds(count * 86_400)
}

pub fn row(value: &str, user: &str) -> AssignedMemo {
    AssignedMemo {
        value: value.to_owned(),
        user: user.to_owned(),
        created: days(-100),
        retired: None,
        account: AccountStanding::Active,
    }
}

/// Retired the day before the credit.
pub fn retired(value: &str, user: &str) -> AssignedMemo {
    AssignedMemo {
        retired: days(-1),
        ..row(value, user)
    }
}

/// Assigned the day after the credit.
pub fn later(value: &str, user: &str) -> AssignedMemo {
    AssignedMemo {
        created: days(1),
        ..row(value, user)
    }
}

pub fn closed(row: AssignedMemo) -> AssignedMemo {
    AssignedMemo {
        account: AccountStanding::Closed,
        ..row
    }
}

pub fn of(kind: MemoKind, raw: &[u8], place: &str) -> Memo {
    Memo {
        kind,
        raw: raw.to_vec(),
        place: place.to_owned(),
    }
}

/// 32 bytes that end in these.
pub fn bytes32(tail: &[u8]) -> Vec<u8> {
    let mut all = vec![0; 32 - tail.len()];
    all.extend(tail);
    all
}

/// Asks as the engine does: the book is asked for the readings' values, and for their neighbours where nobody was found.
pub fn ask(
    rules: &MemoRules,
    memos: &[Memo],
    book: &[AssignedMemo],
    senders: &[&str],
) -> MemoFinding {
    let rows = |wanted: &BTreeSet<String>| -> Vec<AssignedMemo> {
        let found = book.iter().filter(|row| wanted.contains(&row.value));
        found.cloned().collect()
    };
    let senders: BTreeSet<String> = senders.iter().map(|user| (*user).to_owned()).collect();
    let assigned = rows(&wanted_values(&readings(memos, rules), rules));
    let question = MemoQuestion {
        memos,
        rules,
        at: Some(at()),
        assigned: &assigned,
        near: &[],
        senders: &senders,
    };
    let finding = judge(question);
    if !wants_near_values(&finding) {
        return finding;
    }
    let near = rows(&near_values(memos, rules));
    judge(MemoQuestion {
        near: &near,
        ..question
    })
}

/// `standing owner proposed [signs]`, with a dash for nobody.
pub fn told(finding: &MemoFinding) -> String {
    let signs: BTreeSet<_> = finding.evidence.iter().map(|one| one.sign).collect();
    let signs: Vec<&str> = signs.into_iter().map(|sign| sign.code()).collect();
    format!(
        "{} {} {} [{}]",
        finding.standing,
        finding.owner.as_deref().unwrap_or("-"),
        finding.proposed.as_deref().unwrap_or("-"),
        signs.join(" ")
    )
}
