//! What the README says of the networks is what `chains.toml` says.

use crate::{assert_none, read_text};

/// A network's row: its name and what its table says of it, all but the proof.
fn rows(readme: &str) -> Vec<(String, Vec<String>)> {
    readme
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let [_, network, chain_id, coin, assets, finality, _proof, _] = cells[..] else {
                return None;
            };
            let (display, name) = network.strip_suffix("`)")?.split_once(" (`")?;
            let said = [display, chain_id, coin, assets, finality];
            Some((name.to_owned(), said.map(str::to_owned).to_vec()))
        })
        .collect()
}

/// The same from a network's table in `chains.toml`; `None` when a key that every network has is missing.
fn expected(network: &toml::Value) -> Option<Vec<String>> {
    let text = |value: &toml::Value, key: &str| Some(value.get(key)?.as_str()?.to_owned());
    let finality = network.get("finality")?;
    if text(finality, "rule")? == "closed" {
        return read_by_account(network);
    }
    let confirmations = finality.get("confirmations")?.as_integer()?;
    if text(network, "family")? == "bitcoin" {
        return Some(vec![
            text(network, "display")?,
            format!("`{}`", text(network, "caip2")?),
            text(network.get("native")?, "symbol")?,
            format!("{confirmations} confirmations"),
            sources(network)?,
        ]);
    }
    let assets = network.get("asset").and_then(toml::Value::as_array);
    let caip2 = text(network, "caip2")?;
    Some(vec![
        text(network, "display")?,
        // The networks that nothing reads stand in a table of their own, with the whole id.
        match caip2.strip_prefix("eip155:") {
            Some(number) => number.to_owned(),
            None if network.get("source").is_none() => format!("`{caip2}`"),
            None => return None,
        },
        text(network.get("native")?, "symbol")?,
        assets.map_or(0, Vec::len).to_string(),
        match text(finality, "rule")?.as_str() {
            "finalized_tag" => "`finalized` tag".to_owned(),
            _ => format!("{confirmations} confirmations"),
        },
    ])
}

/// The same of a network that is read account by account: how it routes and who is asked.
fn read_by_account(network: &toml::Value) -> Option<Vec<String>> {
    let text = |value: &toml::Value, key: &str| Some(value.get(key)?.as_str()?.to_owned());
    let routed = match text(network, "family")?.as_str() {
        "xrpl" => "destination tag",
        "stellar" => "memo, muxed id",
        "cosmos" => "memo",
        "ton" => "comment",
        _ => return None,
    };
    Some(vec![
        text(network, "display")?,
        format!("`{}`", text(network, "caip2")?),
        text(network.get("native")?, "symbol")?,
        routed.to_owned(),
        sources(network)?,
    ])
}

/// Who is asked, each kind once.
fn sources(network: &toml::Value) -> Option<String> {
    let mut sources: Vec<&str> = Vec::new();
    for source in network.get("source")?.as_array()? {
        let words = match source.get("kind")?.as_str()? {
            "rippled" => "rippled or Clio JSON-RPC",
            "horizon" => "Horizon",
            "comet_rpc" => "CometBFT RPC",
            "cosmos_rest" => "REST",
            "toncenter_v3" => "toncenter v3",
            "bitcoin_rpc" => "node",
            "esplora" => "Esplora",
            "blockbook" => "Blockbook",
            _ => return None,
        };
        if !sources.contains(&words) {
            sources.push(words);
        }
    }
    Some(sources.join(", "))
}

/// Where the two differ.
fn violations(readme: &str, chains: &toml::Table) -> Vec<String> {
    let networks = chains.get("network").and_then(toml::Value::as_table);
    let networks = networks.expect("chains.toml has networks");
    let rows = rows(readme);
    let mut found = Vec::new();
    for (name, network) in networks {
        let expected = expected(network);
        match rows.iter().find(|(row, _)| row == name) {
            None => found.push(format!("README.md does not list {name}")),
            Some((_, said)) if Some(said) != expected.as_ref() => {
                found.push(format!(
                    "README.md says {said:?} of {name}, it is {expected:?}"
                ));
            }
            Some(_) => {}
        }
    }
    for (name, _) in rows.iter().filter(|(name, _)| !networks.contains_key(name)) {
        found.push(format!(
            "README.md lists {name}, which chains.toml does not have"
        ));
    }
    found
}

fn chains(text: &str) -> toml::Table {
    text.parse().expect("the networks are TOML")
}

#[test]
fn own_the_readme_lists_the_networks_as_they_are() {
    let readme = read_text("README.md").expect("the README is text");
    let networks = read_text("chains.toml").expect("the networks are text");
    assert_none(&violations(&readme, &chains(&networks)));
}

#[test]
fn own_a_network_told_wrongly_is_found() {
    let chains = chains(
        "[network.a]\nfamily = \"evm\"\ndisplay = \"A One\"\ncaip2 = \"eip155:1\"\nnative.symbol = \"A\"\n\
         finality = { rule = \"confirmations\", confirmations = 5 }\n",
    );
    let row = "| A One (`a`) | 1 | A | 0 | 5 confirmations | own |";
    assert_eq!(violations(row, &chains), Vec::<String>::new());
    for wrong in [
        "",
        "| A One (`a`) | 2 | A | 0 | 5 confirmations | own |",
        "| A One (`a`) | 1 | A | 3 | 5 confirmations | own |",
        "| A One (`a`) | 1 | A | 0 | `finalized` tag | own |",
    ] {
        assert_eq!(violations(wrong, &chains).len(), 1, "{wrong}");
    }
    let more = format!("{row}\n| B (`b`) | 2 | B | 0 | 5 confirmations | own |");
    assert_eq!(violations(&more, &chains).len(), 1);

    let chains = self::chains(
        "[network.c]\nfamily = \"cosmos\"\ndisplay = \"C\"\ncaip2 = \"cosmos:c-1\"\nnative.symbol = \"C\"\n\
         finality = { rule = \"closed\" }\nsource = [{ kind = \"comet_rpc\" }, { kind = \"cosmos_rest\" }]\n",
    );
    let row = "| C (`c`) | `cosmos:c-1` | C | memo | CometBFT RPC, REST | own |";
    assert_eq!(violations(row, &chains), Vec::<String>::new());
    assert_eq!(violations(&row.replace(", REST", ""), &chains).len(), 1);

    let chains = self::chains(
        "[network.d]\nfamily = \"tron\"\ndisplay = \"D\"\ncaip2 = \"tron:0x1\"\nnative.symbol = \"D\"\n\
         finality = { rule = \"confirmations\", confirmations = 19 }\n",
    );
    let row = "| D (`d`) | `tron:0x1` | D | 0 | 19 confirmations | codec |";
    assert_eq!(violations(row, &chains), Vec::<String>::new());
    assert_eq!(violations(&row.replace("19", "1"), &chains).len(), 1);
}
