//! Our unsigned bytes signed by SDF's library, and what is opened of them.

use crate::legs::{key, leg, sign, usdc};
use crate::own_check::plan_of;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use recover_chain_stellar::StellarCheck;
use recover_chain_stellar::returns::build;
use recover_core::amount::Amount;
use recover_core::check::Check;
use recover_core::memo::{Memo, place};
use recover_testkit::oracle::Oracle;
use serde_json::{Value, json};

fn told(op: &str, args: Value) -> Value {
    Oracle::shared_blocking()
        .ask_blocking(op, args.clone())
        .unwrap_or_else(|error| panic!("{op} {args}: {error}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn what_the_library_signs_is_opened_with_its_hash(
        seed: [u8; 32], stroops in 1_u64..=i64::MAX.unsigned_abs(), issued: bool, memo: Option<u64>, muxed: bool, sequence in 1_i64..,
    ) {
        let pair = told("stellar.keypair", json!({"seed": hex::encode(seed)}));
        let mut leg = leg();
        leg.signer = pair["public_key"].as_str().unwrap().to_owned();
        leg.amount = Amount::from_u128(stroops.into());
        if issued {
            leg.asset = usdc();
        }
        leg.memo = memo.map(|id| Memo::id(id, if muxed { place::MUXED_ID } else { place::MEMO }));
        let mut plan = plan_of(&leg);
        plan.request.sequence = sequence;
        let built = build(&plan).unwrap();
        prop_assert!(StellarCheck.verify(&leg, &built.envelope).is_ok());
        let text = STANDARD.encode(&built.envelope);
        let theirs = told("stellar.sign", json!({"xdr": text, "seed": hex::encode(seed)}));
        let bytes = STANDARD.decode(theirs["xdr"].as_str().unwrap()).unwrap();
        let signed = StellarCheck.open("stellar:pubnet", &built.envelope, &bytes).unwrap();
        let hash = told("stellar.hash", json!({"xdr": theirs["xdr"]}));
        prop_assert_eq!(signed.tx_id.as_str(), hash["hash"].as_str().unwrap());
        prop_assert_eq!(&signed.unsigned, &built.envelope);
        prop_assert_eq!(&signed.signer, &leg.signer);
    }

    #[test]
    fn what_is_signed_here_is_valid_there(stroops in 1_u64..=i64::MAX.unsigned_abs()) {
        let mut leg = leg();
        leg.amount = Amount::from_u128(stroops.into());
        let built = build(&plan_of(&leg)).unwrap();
        let xdr = STANDARD.encode(sign(&key(), &built.envelope));
        let there = told("stellar.verify", json!({"xdr": xdr, "public_key": leg.signer}));
        prop_assert_eq!(&there["valid"], &json!(true));
    }
}
