//! Questions about accounts and tokens, answered from memory in the gateway's and the node's shapes.

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use recover_chain_cosmos::open_with;
use recover_chain_cosmos::source::open_preflights;
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::Height;
use recover_core::network::NetworkId;
use recover_core::verdict::Code;
use recover_source::error::{Advice, SourceError};
use recover_source::retry::RetryPolicy;
use recover_source::settings::SourceSettings;
use recover_source::transport::Transport;
use serde_json::{Value, json};
use std::sync::Arc;

use crate::world::{account, contract, field, ours};

const KEY: &str = "A0YNfJrZmRV+PgjWPwPARRMG3QH33rrzxXAE5DHnyl0H";

/// Answers by the beginning of the path and, for a node, of the query.
struct Canned(Vec<(String, Value)>);

#[async_trait]
impl Transport for Canned {
    fn origin(&self) -> &str {
        "own answers"
    }

    async fn post(&self, _body: Bytes) -> Result<Bytes, SourceError> {
        panic!("both APIs are asked by GET")
    }

    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Bytes, SourceError> {
        let asked = match query.first() {
            Some(("path", question)) => format!("{path}{question}"),
            _ => path.to_owned(),
        };
        let answer = self.0.iter().find(|(known, _)| *known == asked);
        let nothing = json!({"code": 12, "message": "Not Implemented", "details": []});
        Ok(answer
            .map_or(nothing, |(_, answer)| answer.clone())
            .to_string()
            .into())
    }
}

fn settings(kind: &str) -> SourceSettings {
    let mut settings = SourceSettings::new(
        NetworkId::new("osmosis"),
        "osmosis-1",
        kind,
        "http://own.example",
    );
    settings.retry = RetryPolicy::once();
    settings
}

fn header() -> Value {
    json!({"block_id": {"hash": "AB".repeat(32)}, "block": {"header": {"chain_id": "osmosis-1", "height": "400",
        "time": "2026-01-01T00:00:00Z", "last_block_id": {"hash": "CD".repeat(32)}}}})
}

fn gateway(more: Vec<(String, Value)>) -> Arc<Canned> {
    let mut answers = vec![
        (
            "/cosmos/base/tendermint/v1beta1/node_info".to_owned(),
            json!({"default_node_info": {"network": "osmosis-1", "other": {"tx_index": "on"}}}),
        ),
        (
            "/cosmos/base/tendermint/v1beta1/blocks/latest".to_owned(),
            header(),
        ),
    ];
    answers.extend(more);
    Arc::new(Canned(answers))
}

fn node(more: Vec<(&str, Vec<u8>)>) -> Arc<Canned> {
    let mut answers = vec![(
        "/status".to_owned(),
        json!({"result": {"node_info": {"network": "osmosis-1"}, "sync_info": {"latest_block_height": "400", "earliest_block_height": "1"}}}),
    )];
    answers.extend(more.into_iter().map(|(question, value)| {
        (
            format!("/abci_query\"{question}\""),
            json!({"result": {"response": {"code": 0, "value": STANDARD.encode(value), "height": "399"}}}),
        )
    }));
    Arc::new(Canned(answers))
}

fn base_account(key: Option<&str>) -> Value {
    json!({"@type": "/cosmos.auth.v1beta1.BaseAccount", "address": ours().text(),
        "pub_key": key.map(|key| json!({"@type": "/cosmos.crypto.secp256k1.PubKey", "key": key})),
        "account_number": "12", "sequence": "3"})
}

fn native() -> AssetId {
    AssetId::native(NetworkId::new("osmosis"))
}

#[tokio::test]
async fn own_a_preflight_tells_number_sequence_key_and_what_can_be_spent() {
    let address = ours();
    let accounts = format!("/cosmos/auth/v1beta1/accounts/{address}");
    let list = format!("/cosmos/bank/v1beta1/spendable_balances/{address}");
    for (key, by_denom) in [(Some(KEY), true), (None, true), (Some(KEY), false)] {
        let spendable = if by_denom {
            (
                format!("{list}/by_denom"),
                json!({"balance": {"denom": "uosmo", "amount": "700"}}),
            )
        } else {
            // Before SDK 0.47 only the whole list can be asked for.
            (
                list.clone(),
                json!({"balances": [{"denom": "ibc/X", "amount": "1"}, {"denom": "uosmo", "amount": "700"}], "pagination": {"next_key": null}}),
            )
        };
        let transport = gateway(vec![
            (accounts.clone(), json!({"account": base_account(key)})),
            spendable,
        ]);
        let preflights = open_preflights(settings("cosmos_rest"), transport);
        let found = preflights
            .preflight(&address, &native())
            .await
            .unwrap()
            .unwrap();
        assert_eq!((found.account_number, found.sequence), (12, 3));
        assert_eq!(found.public_key.is_some(), key.is_some());
        assert_eq!(found.spendable, Amount::from_u128(700));
        assert_eq!(found.at, Height(400));
    }
    let absent = gateway(vec![(
        accounts,
        json!({"code": 5, "message": "account not found: key not found", "details": []}),
    )]);
    let preflights = open_preflights(settings("cosmos_rest"), absent);
    assert_eq!(
        preflights.preflight(&address, &native()).await.unwrap(),
        None
    );
}

#[tokio::test]
async fn own_a_node_answers_the_same_in_its_own_encoding() {
    let key = field(1, &STANDARD.decode(KEY).unwrap());
    let any = [field(1, b"/cosmos.crypto.secp256k1.PubKey"), field(2, &key)].concat();
    // Account number 12 and sequence 3 as varints.
    let base = [
        field(1, ours().text().as_bytes()),
        field(2, &any),
        vec![0x18, 12, 0x20, 3],
    ]
    .concat();
    let wrapped = field(
        1,
        &[
            field(1, b"/cosmos.auth.v1beta1.BaseAccount"),
            field(2, &base),
        ]
        .concat(),
    );
    let coin = field(1, &[field(1, b"uosmo"), field(2, b"700")].concat());
    let transport = node(vec![
        ("/cosmos.auth.v1beta1.Query/Account", wrapped),
        (
            "/cosmos.bank.v1beta1.Query/SpendableBalanceByDenom",
            coin.clone(),
        ),
        ("/cosmos.bank.v1beta1.Query/Balance", coin),
        (
            "/cosmos.base.node.v1beta1.Service/Config",
            field(1, b"0.0025uosmo"),
        ),
    ]);
    let preflights = open_preflights(
        settings("comet_rpc"),
        Arc::clone(&transport) as Arc<dyn Transport>,
    );
    let found = preflights
        .preflight(&ours(), &native())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (found.account_number, found.sequence, found.at),
        (12, 3, Height(399))
    );
    assert!(found.public_key.is_some());
    assert_eq!(found.spendable, Amount::from_u128(700));
    let source = open_with(settings("comet_rpc"), transport);
    let state = source.account(&ours()).await.unwrap();
    assert_eq!(
        (state.code, state.nonce, state.at),
        (Code::Absent, 3, Height(399))
    );
    assert_eq!(
        source.balance(&ours(), &native()).await.unwrap(),
        Amount::from_u128(700)
    );
    let cost = source.network_cost().await.unwrap();
    assert_eq!(cost.native_transfer, Amount::from_u128(500));
    assert!(
        source.account(&contract()).await.is_err(),
        "a contract's code is not read"
    );
}

#[tokio::test]
async fn own_tokens_say_what_they_are() {
    let atom = "ibc/27394FB092D2ECCD56123C74F36E4C1F926001CEADA9CA97EA622B25F41E5EB2";
    let question = STANDARD.encode(r#"{"token_info":{}}"#);
    let balance = STANDARD.encode(json!({"balance": {"address": account(1).text()}}).to_string());
    let smart = format!("/cosmwasm/wasm/v1/contract/{}/smart", contract());
    let transport = gateway(vec![
        (
            format!("/ibc/apps/transfer/v1/denoms/{}", &atom[4..]),
            json!({"denom": {"base": "uatom", "trace": [{"port_id": "transfer", "channel_id": "channel-0"}]}}),
        ),
        (
            format!("{smart}/{question}"),
            json!({"data": {"name": "A \u{1b}[31mToken", "symbol": "TOK", "decimals": 6}}),
        ),
        (
            format!("{smart}/{balance}"),
            json!({"data": {"balance": "77"}}),
        ),
    ]);
    let source = open_with(settings("cosmos_rest"), transport);
    let voucher = source.token_claims(atom).await.unwrap();
    assert_eq!(
        voucher.name.as_deref(),
        Some("uatom over transfer/channel-0")
    );
    let token = source.token_claims(contract().text()).await.unwrap();
    assert_eq!(
        (token.symbol.as_deref(), token.decimals),
        (Some("TOK"), Some(6))
    );
    assert_eq!(token.name.as_deref(), Some("A [31mToken"));
    let asset = AssetId::contract(NetworkId::new("osmosis"), contract().text());
    assert_eq!(
        source.balance(&account(1), &asset).await.unwrap(),
        Amount::from_u128(77)
    );
    assert_eq!(
        source.token_claims("factory/osmo1x/y").await.unwrap().name,
        None
    );
}

#[tokio::test]
async fn own_a_voucher_whose_trace_is_another_ones_is_not_believed() {
    let osmo = "ibc/14F9BC3E44B8A9C1BE1FB08980FAB87034C9905EF17CF2F5008FC085218811CC";
    let transport = gateway(vec![(
        format!("/ibc/apps/transfer/v1/denom_traces/{}", &osmo[4..]),
        json!({"denom_trace": {"path": "transfer/channel-0", "base_denom": "uatom"}}),
    )]);
    let error = open_with(settings("cosmos_rest"), transport)
        .token_claims(osmo)
        .await
        .unwrap_err();
    assert_eq!(error.advice(), Advice::Disbelieve, "{error}");
}
