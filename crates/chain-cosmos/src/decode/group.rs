//! Which message caused which event.

use crate::decode::event::Event;
use crate::decode::json::Row;

/// The events of a transaction by message; what belongs to no message (fees, the signature check) is left out.
pub(super) struct Groups<'a> {
    /// One list a message.
    pub by_message: Vec<Vec<&'a Event>>,
    /// Whether the answer holds a bank module's event anywhere: without one its events are incomplete or were dropped.
    pub has_bank_events: bool,
    /// Whether the answer holds any event at all.
    pub has_events: bool,
}

/// Whether an event tells of coins of the bank module.
pub(super) fn is_bank_event(event: &Event) -> bool {
    matches!(event.kind.as_str(), "coin_received" | "transfer")
}

pub(super) fn group(row: &Row) -> Groups<'_> {
    let count = row.messages.len();
    let logged = || row.logs.iter().flat_map(|(_, events)| events);
    let has_bank_events = row.events.iter().chain(logged()).any(is_bank_event);
    let has_events = row.has_events();
    let by_message = if row.events.iter().any(has_index) {
        by_index(row.events.iter(), count)
    } else if logged().any(has_index) {
        by_index(logged(), count)
    } else if is_one_log_each(row) {
        let mut groups = vec![Vec::new(); count];
        for (index, events) in &row.logs {
            if let Some(group) = index.and_then(|index| groups.get_mut(index)) {
                let events: Vec<&Event> = events.iter().collect();
                group.extend(without_fees(events));
            }
        }
        groups
    } else if !row.logs.is_empty() {
        by_action(logged().collect(), row)
    } else {
        by_action(row.events.iter().collect(), row)
    };
    Groups {
        by_message,
        has_bank_events,
        has_events,
    }
}

fn has_index(event: &Event) -> bool {
    event.message_index().is_some()
}

/// SDK 0.50 and later: each event of a message names it.
fn by_index<'a>(events: impl Iterator<Item = &'a Event>, count: usize) -> Vec<Vec<&'a Event>> {
    let mut groups = vec![Vec::new(); count];
    for event in events {
        if let Some(group) = event
            .message_index()
            .and_then(|index| groups.get_mut(index))
        {
            group.push(event);
        }
    }
    groups
}

/// Whether the logs have one entry for each message. Some answers put all events of a transaction under one.
fn is_one_log_each(row: &Row) -> bool {
    let mut seen = vec![false; row.messages.len()];
    for (index, _) in &row.logs {
        match index {
            None => {}
            Some(index) => match seen.get_mut(*index) {
                Some(seen) if !*seen => *seen = true,
                _ => return false,
            },
        }
    }
    !seen.is_empty() && seen.into_iter().all(|seen| seen)
}

fn is_action(event: &Event) -> bool {
    event.kind == "message" && event.get("action").is_some()
}

/// A log in the order of execution begins with its message's action; what stands before it is the fee. A log whose events were
/// merged by type has no such order and no fee.
fn without_fees(events: Vec<&Event>) -> Vec<&Event> {
    let is_merged = events.iter().enumerate().all(|(index, event)| {
        events
            .iter()
            .take(index)
            .all(|other| other.kind != event.kind)
    });
    if is_merged {
        return events;
    }
    let first = events
        .iter()
        .position(|event| is_action(event))
        .unwrap_or(0);
    events.into_iter().skip(first).collect()
}

/// Before SDK 0.50 the events of all messages follow one another, and each message begins with its action.
fn by_action<'a>(events: Vec<&'a Event>, row: &Row) -> Vec<Vec<&'a Event>> {
    let count = row.messages.len();
    let mut groups = vec![Vec::new(); count];
    let actions = events.iter().filter(|event| is_action(event)).count();
    if actions == 0 {
        // One message whose module names no action: all but what comes with the signature check, which ends with `tx` events.
        if let [only] = groups.as_mut_slice() {
            let first = events
                .iter()
                .rposition(|event| event.kind == "tx")
                .map_or(0, |last| last.saturating_add(1));
            only.extend(events.into_iter().skip(first));
        } else if let Some(first) = groups.first_mut()
            && !row.logs.is_empty()
            && row
                .messages
                .iter()
                .all(|message| message.stated().is_empty())
        {
            // One log for several messages that state no payment (SDK 0.37): which of them moved it does not matter, a fee is
            // not among them.
            first.extend(events);
        }
        return groups;
    }
    let mut current: Option<usize> = None;
    for event in events {
        if is_action(event) {
            let next = current.map_or(0, |current| current.saturating_add(1));
            // A message may act through others, whose actions are its own: with more actions than messages, only the type
            // that the next message has begins it.
            let begins = actions <= count || current.is_none() || {
                let expected = row.messages.get(next).and_then(kind_of);
                expected
                    .is_some_and(|expected| event.all("action").any(|action| action == expected))
            };
            if begins && next < count {
                current = Some(next);
            }
        }
        if let Some(group) = current.and_then(|current| groups.get_mut(current)) {
            group.push(event);
        }
    }
    groups
}

/// The type of a message as its action names it; `None` where we did not keep it.
fn kind_of(message: &crate::decode::message::Message) -> Option<&str> {
    use crate::decode::message::Message;
    match message {
        Message::Send { .. } => Some("/cosmos.bank.v1beta1.MsgSend"),
        Message::MultiSend { .. } => Some("/cosmos.bank.v1beta1.MsgMultiSend"),
        Message::Exec { .. } => Some("/cosmos.authz.v1beta1.MsgExec"),
        Message::Receive(_) => Some("/ibc.core.channel.v1.MsgRecvPacket"),
        Message::Timeout(_) => Some("/ibc.core.channel.v1.MsgTimeout"),
        Message::Acknowledge(..) => Some("/ibc.core.channel.v1.MsgAcknowledgement"),
        Message::Ethereum => Some("/ethermint.evm.v1.MsgEthereumTx"),
        Message::Vesting { .. } => None,
        Message::Other { kind, .. } => Some(kind),
    }
}
