use super::{Backend, address, at, block, deposit, ethereum, now};
use recover_core::asset::{AssetId, TokenReview};
use recover_core::deposit::{Deposit, Origin};
use recover_store::{StoreError, TokenDecision, TokenFilter, TokenSighting};

fn token(number: u32) -> AssetId {
    AssetId::contract(ethereum(), &format!("0xtoken{number}"))
}

fn sighting(number: u32) -> TokenSighting {
    TokenSighting {
        asset: token(number),
        symbol: Some("USDС".into()),
        name: None,
        decimals: Some(255),
        signals: vec!["lookalike:USDC".into(), "airdrop".into()],
    }
}

fn credit(tx: &str, height: u64, number: u32, to: u32) -> Deposit {
    let mut deposit = deposit(tx, height);
    if let Origin::Observed(seen) = &mut deposit.origin {
        seen.asset = token(number);
        seen.to = address(to);
    }
    deposit
}

pub async fn deposits_and_recipients_are_counted_once_a_contract(backend: Backend) {
    let store = backend.open().await;
    store
        .sight_tokens(vec![sighting(1), sighting(2)], now())
        .await
        .unwrap();
    let deposits = vec![
        credit("0x1", 5, 1, 1),
        credit("0x2", 9, 1, 1),
        credit("0x3", 7, 1, 2),
        credit("0x4", 7, 3, 2),
    ];
    store.upsert_observed(deposits, now()).await.unwrap();
    let one = store.token(&token(1)).await.unwrap().unwrap();
    assert_eq!(one.sighting, sighting(1));
    assert_eq!((one.deposits, one.recipients), (3, 2));
    assert_eq!(one.first_deposit, Some(block(5, "a").time));
    assert_eq!(one.last_deposit, Some(block(9, "a").time));
    assert_eq!(one.review(), TokenReview::Unreviewed);
    let two = store.token(&token(2)).await.unwrap().unwrap();
    assert_eq!(
        (two.deposits, two.recipients, two.first_deposit),
        (0, 0, None)
    );
    assert_eq!(store.token(&token(3)).await.unwrap(), None);
}

pub async fn a_review_is_made_once_and_survives_new_sightings(backend: Backend) {
    let store = backend.open().await;
    store
        .sight_tokens(vec![sighting(1), sighting(2)], now())
        .await
        .unwrap();
    let decision = TokenDecision {
        review: TokenReview::Fake,
        by: "ann".into(),
        at: at(1_800_000_001),
        reason: "imitates USDC".into(),
    };
    assert!(
        store
            .review_token(&token(1), decision.clone())
            .await
            .unwrap()
    );
    assert!(
        !store
            .review_token(&token(9), decision.clone())
            .await
            .unwrap()
    );
    for bad in [
        TokenDecision {
            review: TokenReview::Unreviewed,
            ..decision.clone()
        },
        TokenDecision {
            reason: " ".into(),
            ..decision.clone()
        },
    ] {
        let refused = store.review_token(&token(1), bad).await;
        assert!(matches!(refused, Err(StoreError::Unstorable { .. })));
    }
    let mut again = sighting(1);
    again.symbol = None;
    again.decimals = Some(6);
    store.sight_tokens(vec![again], now()).await.unwrap();
    let stored = store.token(&token(1)).await.unwrap().unwrap();
    assert_eq!(stored.sighting, sighting(1), "as it was reviewed");
    assert_eq!(stored.decision, Some(decision));
    assert_eq!(
        store.token_review(&token(1)).await.unwrap(),
        TokenReview::Fake
    );
    assert_eq!(
        store.token_review(&token(9)).await.unwrap(),
        TokenReview::Unreviewed
    );
    assert_eq!(
        store.count_tokens().await.unwrap(),
        [(TokenReview::Fake, 1), (TokenReview::Unreviewed, 1)]
    );
}

pub async fn the_list_pages_and_narrows(backend: Backend) {
    let store = backend.open().await;
    store
        .sight_tokens((1..=7).map(sighting).collect(), now())
        .await
        .unwrap();
    let mut found: Vec<AssetId> = Vec::new();
    loop {
        let page = store
            .list_tokens(&TokenFilter::default(), found.last(), 3)
            .await
            .unwrap();
        if page.is_empty() {
            break;
        }
        found.extend(page.into_iter().map(|token| token.sighting.asset));
    }
    assert_eq!(found, (1..=7).map(token).collect::<Vec<_>>());
    let elsewhere = TokenFilter {
        network: Some(recover_core::network::NetworkId::new("bsc")),
        review: Some(TokenReview::Unreviewed),
    };
    assert!(
        store
            .list_tokens(&elsewhere, None, 9)
            .await
            .unwrap()
            .is_empty()
    );
    let native = TokenSighting {
        asset: AssetId::native(ethereum()),
        ..sighting(1)
    };
    assert!(matches!(
        store.sight_tokens(vec![native], now()).await,
        Err(StoreError::Unstorable { .. })
    ));
}
