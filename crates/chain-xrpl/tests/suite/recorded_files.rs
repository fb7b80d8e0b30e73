//! Every recorded file: what it credits, or why it is refused.

use crate::fixture::{decoded_of, folder, line, short};
use recover_chain_xrpl::decode::{DecodeError, Decoded, Note};
use serde_json::Value;

/// Files that hold no transaction of the ledger, and why a person would say so.
const OTHER_ANSWERS: [&str; 4] = [
    "server_info",
    "server_info_high_load",
    "server_info_jsonrpc",
    "server_info_network_id",
];

fn describe(result: &Result<Decoded, DecodeError>) -> Vec<String> {
    match result {
        Err(error) => vec![format!("  refused: {error}")],
        Ok(decoded) => {
            let place = decoded
                .height
                .map_or("no ledger".to_owned(), |height| height.to_string());
            let mut lines = vec![format!(
                "  {} {} {} in {place}",
                short(decoded.id.as_str()),
                decoded.kind,
                decoded.outcome
            )];
            lines.extend(
                decoded
                    .credits
                    .iter()
                    .map(|credit| format!("    {}", line(credit))),
            );
            lines.extend(
                decoded
                    .notes
                    .iter()
                    .map(|note: &Note| format!("    note: {note}")),
            );
            lines
        }
    }
}

#[test]
fn every_file_credits_what_it_says_or_is_refused_with_the_reason() {
    let mut names: Vec<String> = std::fs::read_dir(folder("xrp"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".json"))
        .collect();
    names.sort();
    assert_eq!(names.len(), 66);
    let mut lines = Vec::new();
    for name in &names {
        let text = std::fs::read(folder("xrp").join(name)).unwrap();
        let answer: Value = serde_json::from_slice(&text).unwrap();
        lines.push(name.clone());
        let stem = name.trim_end_matches(".json");
        match (&answer, stem) {
            // Three answers under their own names.
            (Value::Object(several), "tx_EscrowCancel") => {
                for (title, answer) in several {
                    lines.push(format!(" {title}"));
                    lines.extend(decoded_of(answer).iter().flat_map(describe));
                }
            }
            // Pairs of one payment in two writings.
            (_, "x_address_codec_vectors") => lines.push("  see recorded_addresses".to_owned()),
            _ => {
                let all = decoded_of(&answer);
                let refused = all.iter().all(Result::is_err);
                assert!(refused || !OTHER_ANSWERS.contains(&stem), "{name}");
                lines.extend(all.iter().flat_map(describe));
            }
        }
    }
    insta::assert_snapshot!(lines.join("\n"));
}
