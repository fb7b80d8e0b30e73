//! What CoinGecko's API really answered, status and body, as another client's tests kept it. None of those answers was asked for a time, so
//! that none is a price to us; what each lacks is told.

use crate::own_prices::{ask, coin};
use recover_source::error::SourceError;
use recover_testkit::Response;
use std::path::Path;

/// The answers of a cassette in the order of their recording: status and body.
fn answers(file: &str) -> Vec<(u16, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/prices");
    let text = std::fs::read_to_string(path.join(file)).unwrap();
    let answers = text.split("\n  response:\n").skip(1).map(|answer| {
        let between = |from: &str, to: &str| {
            let (_, rest) = answer.split_once(from).expect(from);
            rest.split_once(to).expect(to).0
        };
        let status = between("      code: ", "\n").parse().unwrap();
        // One line in single quotes; none of these bodies has a quote inside.
        (status, between("      string: '", "'\n").to_owned())
    });
    answers.collect()
}

fn given(status: u16, body: &str) -> Response {
    Response::status(status).with_body("application/json; charset=utf-8", body)
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_answers_without_a_price_or_its_time_are_none() {
    for (file, index, body, why) in [
        (
            "vcr_price_for_one_coin.yml",
            0,
            r#"{"bitcoin":{"usd":49253}}"#,
            "no time",
        ),
        (
            "vcr_price_in_a_different_currency.yml",
            0,
            r#"{"bitcoin":{"myr":203620}}"#,
            "no price of it in usd",
        ),
        // Asked for a currency that the API does not know.
        (
            "vcr_btc_to_eth_exchange_rate.yml",
            0,
            r#"{"bitcoin":{}}"#,
            "no price of it in usd",
        ),
        (
            "vcr_btc_to_eth_exchange_rate.yml",
            2,
            r#"{"bitcoin":{"eth":14.394342}}"#,
            "no price of it in usd",
        ),
    ] {
        let recorded = answers(file).swap_remove(index);
        assert_eq!(recorded, (200, body.to_owned()), "{file}");
        let update = ask(
            given(recorded.0, &recorded.1),
            &[coin("bitcoin", "bitcoin")],
        )
        .await;
        assert!(update.failure.is_none(), "{update:?}");
        assert!(update.found.is_empty(), "{update:?}");
        assert!(update.missing[0].1.contains(why), "{file}: {update:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_a_question_that_the_api_refuses_is_a_failure_with_its_words() {
    for file in [
        "vcr_price_for_one_coin.yml",
        "vcr_price_in_a_different_currency.yml",
        "vcr_btc_to_eth_exchange_rate.yml",
    ] {
        let (status, body) = answers(file).swap_remove(1);
        assert_eq!(status, 422, "{file}");
        let update = ask(given(status, &body), &[coin("bitcoin", "bitcoin")]).await;
        assert!(update.found.is_empty(), "{update:?}");
        let failure = update.failure.expect("nothing was answered");
        assert!(
            matches!(failure, SourceError::Refused { .. }),
            "{failure:?}"
        );
        assert!(
            failure.to_string().contains("Missing parameter ids"),
            "{failure}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_numbers_are_read_exactly_once_they_have_a_time() {
    // The cassette's own date, which the test adds: 2021-05-15T14:10:16Z.
    let (status, body) = answers("vcr_price_for_one_coin.yml").swap_remove(0);
    let timed = body.replace("}}", r#","last_updated_at":1621087816}}"#);
    let update = ask(given(status, &timed), &[coin("bitcoin", "bitcoin")]).await;
    let found = &update.found[0];
    assert_eq!(found.price.to_string(), "49253");
    assert_eq!(found.at.to_string(), "2021-05-15T14:10:16Z");
}
