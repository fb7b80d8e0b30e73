//! Blocks of our own making, read back; and cut, changed and prolonged.

use bitcoin::absolute::LockTime;
use bitcoin::block::{Header, Version as BlockVersion};
use bitcoin::consensus::encode::serialize;
use bitcoin::hashes::Hash as _;
use bitcoin::transaction::Version;
use bitcoin::{
    Amount, Block, BlockHash, CompactTarget, OutPoint, ScriptBuf, Sequence, Transaction, TxIn,
    TxMerkleNode, TxOut, Txid, Witness,
};
use proptest::prelude::*;
use recover_chain_bitcoin::block::{BlockReader, Dialect, Entry, Role, read_transaction};
use recover_chain_bitcoin::credit::{Decoder, Facts, Payer, is_inscribed, outputs_to};
use recover_chain_bitcoin::script::Script;
use recover_core::block::TxId;
use recover_core::network::NetworkId;
use recover_core::observation::Flag;

fn input(id: u8, witness: &[&[u8]]) -> TxIn {
    TxIn {
        previous_output: OutPoint::new(Txid::from_byte_array([id; 32]), u32::from(id)),
        script_sig: ScriptBuf::new(),
        sequence: Sequence::MAX,
        witness: Witness::from_slice(witness),
    }
}

fn output(script: &[u8], value: u64) -> TxOut {
    TxOut {
        value: Amount::from_sat(value),
        script_pubkey: ScriptBuf::from_bytes(script.to_vec()),
    }
}

fn transaction(input: Vec<TxIn>, output: Vec<TxOut>) -> Transaction {
    Transaction {
        version: Version::TWO,
        lock_time: LockTime::ZERO,
        input,
        output,
    }
}

fn header(version: i32) -> Header {
    Header {
        version: BlockVersion::from_consensus(version),
        prev_blockhash: BlockHash::all_zeros(),
        merkle_root: TxMerkleNode::all_zeros(),
        time: 1_700_000_000,
        bits: CompactTarget::from_consensus(0x207f_ffff),
        nonce: 0,
    }
}

fn read(bytes: &[u8], dialect: Dialect) -> Result<Vec<Entry>, String> {
    let mut reader = BlockReader::new(bytes, dialect).map_err(|error| error.to_string())?;
    let mut entries = Vec::new();
    while let Some(entry) = reader.next_entry().map_err(|error| error.to_string())? {
        entries.push(entry);
    }
    Ok(entries)
}

/// The same block once more, with every payment wanted: what is stepped over and what is taken apart must be one.
fn paying(
    bytes: &[u8],
    dialect: Dialect,
    is_wanted: impl Fn(&Script) -> bool,
) -> Result<Vec<Entry>, String> {
    let mut reader = BlockReader::new(bytes, dialect).map_err(|error| error.to_string())?;
    let mut entries = Vec::new();
    while let Some(entry) = reader
        .next_paying(&is_wanted)
        .map_err(|error| error.to_string())?
    {
        entries.push(entry);
    }
    Ok(entries)
}

fn block(transactions: Vec<Transaction>) -> Vec<u8> {
    serialize(&Block {
        header: header(2),
        txdata: transactions,
    })
}

const POOL: [u8; 2] = [0x58, 0x20];

/// Litecoin's last transaction of a block by its parts: the flag 08, no witness, and an empty part of the extension block.
fn hogex(outputs: &[TxOut], part: u8) -> Vec<u8> {
    let mut bytes = serialize(&Version::TWO);
    bytes.extend([0x00, 0x08]);
    bytes.extend(serialize(&vec![input(7, &[])]));
    bytes.extend(serialize(&outputs.to_vec()));
    bytes.push(part);
    bytes.extend([0; 4]);
    bytes
}

fn litecoin_block(last: &[u8], behind: &[u8]) -> Vec<u8> {
    let first = transaction(
        vec![input(1, &[b"signature"])],
        vec![output(&Script::PubkeyHash([1; 20]).bytes(), 5)],
    );
    let mut bytes = serialize(&header(0x2000_0000));
    bytes.push(2);
    bytes.extend(serialize(&first));
    bytes.extend(last);
    bytes.extend(behind);
    bytes
}

#[test]
fn own_litecoins_last_transaction_credits_who_leaves_the_pool_and_nobody_else() {
    let pool = [&POOL[..], &[9; 32]].concat();
    let into = [&[0x59, 0x20][..], &[8; 32]].concat();
    let left = Script::WitnessPubkeyHash([3; 20]);
    let outputs = [
        output(&pool, 1_000_000),
        output(&left.bytes(), 25_000),
        output(&into, 4),
    ];
    let bytes = litecoin_block(&hogex(&outputs, 0), b"\x01whatever the extension block is");
    let entries = read(&bytes, Dialect::Litecoin).unwrap();
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[1].role, Role::HogEx);
    let credits = outputs_to(&entries[1].transaction, |_| true);
    assert_eq!(credits.len(), 1);
    assert_eq!(
        (credits[0].index, credits[0].value, credits[0].script),
        (1, 25_000, left)
    );
    // The id is that of the parts that Bitcoin knows too.
    let same = transaction(vec![input(7, &[])], outputs.to_vec());
    assert_eq!(entries[1].id(), Some(same.compute_txid()));
    let stepped = paying(&bytes, Dialect::Litecoin, |script| *script == left).unwrap();
    assert_eq!(stepped, entries[1..]);
    // Nobody else reads it so.
    assert!(paying(&bytes, Dialect::Plain, |_| false).is_err());
    assert!(read(&bytes, Dialect::Plain).is_err());
    // A part of the extension block inside a block is something that no block has.
    let wrong = litecoin_block(&hogex(&outputs, 1), b"");
    assert!(
        read(&wrong, Dialect::Litecoin)
            .unwrap_err()
            .contains("transaction 1")
    );
}

#[test]
fn own_a_litecoin_transaction_that_waits_with_its_part_is_read_up_to_it() {
    let left = Script::WitnessPubkeyHash([3; 20]);
    let mut bytes = hogex(&[output(&left.bytes(), 25_000)], 1);
    let lock_time = bytes.split_off(bytes.len() - 4);
    bytes.extend([0xab; 90]);
    bytes.extend(lock_time);
    let entry = read_transaction(&bytes, Dialect::Litecoin).unwrap();
    assert_eq!((entry.role, entry.id()), (Role::Payment, None));
    assert_eq!(outputs_to(&entry.transaction, |_| true).len(), 1);
}

#[test]
fn own_a_block_cut_anywhere_is_no_block() {
    let two = vec![
        transaction(vec![input(1, &[b"a"])], vec![output(&[0x6a], 0)]),
        transaction(
            vec![input(2, &[])],
            vec![output(&Script::Taproot([4; 32]).bytes(), 9)],
        ),
    ];
    let bytes = block(two);
    assert_eq!(read(&bytes, Dialect::Plain).unwrap().len(), 2);
    for length in 0..bytes.len() {
        assert!(read(&bytes[..length], Dialect::Plain).is_err(), "{length}");
        let stepped = paying(&bytes[..length], Dialect::Plain, |_| false);
        assert!(stepped.is_err(), "{length}");
    }
    let longer = [&bytes[..], &[0]].concat();
    assert!(
        read(&longer, Dialect::Plain)
            .unwrap_err()
            .contains("bytes too many")
    );
    // A count that promises more than any block holds ends at the block's own end.
    let mut greedy = bytes[..80].to_vec();
    greedy.extend([0xff; 9]);
    assert!(read(&greedy, Dialect::Plain).is_err());
}

/// Several credits to one address, to several, and to scripts that are no address: one observation an output of ours.
#[test]
fn own_pitfall_002_two_outputs_to_one_address_are_two_credits() {
    let ours = Script::PubkeyHash([1; 20]);
    let bare_key = [&[0x21, 0x02][..], &[5; 32], &[0xac]].concat();
    let paid = transaction(
        vec![input(1, &[])],
        vec![
            output(&ours.bytes(), 10),
            output(&bare_key, 20),
            output(&ours.bytes(), 30),
            output(&ours.bytes(), 0),
        ],
    );
    let decoder = Decoder::new(&NetworkId::new("dogecoin")).unwrap();
    let id = TxId::new(&paid.compute_txid().to_string());
    let facts = Facts {
        id: &id,
        block: None,
        payer: Payer::Unknown,
        is_inscribed: false,
    };
    let outputs = outputs_to(&paid, |script| *script == ours);
    let credits: Vec<_> = outputs
        .iter()
        .filter_map(|output| decoder.credit(&facts, output))
        .collect();
    let places: Vec<_> = credits
        .iter()
        .map(|credit| credit.position.as_str())
        .collect();
    assert_eq!(
        places,
        ["vout:0", "vout:2"],
        "an output of nothing credits nobody"
    );
    assert!(
        credits
            .iter()
            .all(|credit| credit.flags == [Flag::MultiSource] && credit.from.is_none())
    );
}

/// What the engine must not send back by itself: several scripts that paid, one that could not be looked up, none at all.
#[test]
fn own_who_paid_is_one_script_or_nobody() {
    let (one, two) = (
        Script::PubkeyHash([1; 20]),
        Script::WitnessPubkeyHash([1; 20]),
    );
    let (first, second) = (one.bytes(), two.bytes());
    let spent = |scripts: &[Option<&[u8]>]| Payer::of(scripts.iter().copied());
    let of = |first, several| Payer::Spent { first, several };
    assert_eq!(spent(&[Some(&first)]), of(Some(one), false));
    assert_eq!(spent(&[Some(&first), Some(&first)]), of(Some(one), false));
    assert_eq!(spent(&[Some(&first), Some(&second)]), of(Some(one), true));
    assert_eq!(spent(&[Some(&first), None]), of(Some(one), true));
    assert_eq!(spent(&[None, Some(&first)]), Payer::Unknown);
    assert_eq!(spent(&[]), Payer::Unknown);
    assert_eq!(spent(&[Some(&[0x51])]), of(None, false));
}

#[test]
fn own_pitfall_021_coins_that_a_block_made_are_immature() {
    let made = Transaction {
        input: vec![TxIn {
            previous_output: OutPoint::null(),
            ..input(0, &[])
        }],
        ..transaction(
            Vec::new(),
            vec![output(&Script::PubkeyHash([1; 20]).bytes(), 50)],
        )
    };
    let entries = read(&block(vec![made]), Dialect::Plain).unwrap();
    assert_eq!(entries[0].role, Role::Coinbase);
    let decoder = Decoder::new(&NetworkId::new("bitcoin-cash")).unwrap();
    let id = TxId::new(&"22".repeat(32));
    let facts = Facts {
        id: &id,
        block: None,
        payer: Payer::Block,
        is_inscribed: false,
    };
    let outputs = outputs_to(&entries[0].transaction, |_| true);
    let credit = decoder.credit(&facts, &outputs[0]).unwrap();
    assert_eq!(credit.flags, [Flag::Immature]);
    assert!(
        credit.to.text().starts_with("bitcoincash:q"),
        "{}",
        credit.to
    );
}

/// Above 2^53 base units, which a float rounds: 123,456,789.01234567 DOGE and one base unit more.
#[test]
fn own_pitfall_055_dogecoin_values_above_two_to_53_are_exact() {
    let ours = Script::PubkeyHash([1; 20]);
    let values = [12_345_678_901_234_567, 12_345_678_901_234_568];
    let outputs = values.map(|value| output(&ours.bytes(), value)).to_vec();
    let bytes = block(vec![transaction(vec![input(1, &[])], outputs)]);
    let entries = paying(&bytes, Dialect::Dogecoin, |script| *script == ours).unwrap();
    let found = outputs_to(&entries[0].transaction, |_| true);
    assert_eq!(
        found.iter().map(|output| output.value).collect::<Vec<_>>(),
        values
    );
    let decoder = Decoder::new(&NetworkId::new("dogecoin")).unwrap();
    let facts = Facts {
        id: &TxId::new(&"22".repeat(32)),
        block: None,
        payer: Payer::Unknown,
        is_inscribed: false,
    };
    let credits = found
        .iter()
        .filter_map(|output| decoder.credit(&facts, output));
    let printed: Vec<_> = credits
        .map(|credit| credit.amount.to_coin_text(8))
        .collect();
    assert_eq!(printed, ["123456789.01234567", "123456789.01234568"]);
}

/// No gap limit: the last of a thousand addresses, none of them used before, is found like the first.
#[test]
fn own_pitfall_064_the_last_of_many_unused_addresses_is_found() {
    let script = |place: u16| {
        let mut hash = [0x77; 20];
        hash[..2].copy_from_slice(&place.to_be_bytes());
        Script::WitnessPubkeyHash(hash)
    };
    let ours: std::collections::BTreeSet<Script> = (0..1_000).map(script).collect();
    let paid = transaction(
        vec![input(1, &[])],
        vec![
            output(&script(999).bytes(), 1),
            output(&script(1_000).bytes(), 2),
        ],
    );
    let entries = paying(&block(vec![paid]), Dialect::Plain, |script| {
        ours.contains(script)
    })
    .unwrap();
    let found = outputs_to(&entries[0].transaction, |script| ours.contains(script));
    assert_eq!(
        found.iter().map(|output| output.value).collect::<Vec<_>>(),
        [1]
    );
}

#[test]
fn own_inscriptions_and_tokens_are_seen_where_they_are() {
    let envelope = [
        &[0x20][..],
        &[7; 32],
        &[0xac, 0x00, 0x63, 0x03],
        b"ord",
        &[0x51, 0x68],
    ]
    .concat();
    let plain = || vec![output(&Script::Taproot([1; 32]).bytes(), 10_000)];
    let with = |script: &[u8]| {
        transaction(
            vec![input(1, &[])],
            vec![plain().remove(0), output(script, 0)],
        )
    };
    for (what, inscribed, found) in [
        (
            "a payment",
            false,
            transaction(vec![input(1, &[b"signature", b"key"])], plain()),
        ),
        (
            "an envelope",
            true,
            transaction(
                vec![input(1, &[b"signature", &envelope, b"control"])],
                plain(),
            ),
        ),
        ("a runestone", true, with(&[0x6a, 0x5d, 0x02, 0x14, 0x01])),
        (
            "omni",
            true,
            with(&[&[0x6a, 0x14][..], b"omni", &[0; 16]].concat()),
        ),
        (
            "other data",
            false,
            with(&[&[0x6a, 0x14][..], b"hello world, hello w"].concat()),
        ),
    ] {
        assert_eq!(is_inscribed(&found), inscribed, "{what}");
    }
    let mut doginal = transaction(vec![input(1, &[])], plain());
    doginal.input[0].script_sig = ScriptBuf::from_bytes(b"\x03ord\x51\x0atext/plain".to_vec());
    assert!(is_inscribed(&doginal));
}

fn any_script() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        any::<[u8; 20]>().prop_map(|hash| Script::PubkeyHash(hash).bytes()),
        any::<[u8; 20]>().prop_map(|hash| Script::ScriptHash(hash).bytes()),
        any::<[u8; 32]>().prop_map(|key| Script::Taproot(key).bytes()),
        proptest::collection::vec(any::<u8>(), 0..90),
    ]
}

fn any_transaction() -> impl Strategy<Value = Transaction> {
    let witness = proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..80), 0..4);
    let input = (any::<[u8; 32]>(), any::<u32>(), witness).prop_map(|(id, index, witness)| TxIn {
        previous_output: OutPoint::new(Txid::from_byte_array(id), index),
        script_sig: ScriptBuf::new(),
        sequence: Sequence::MAX,
        witness: Witness::from_slice(&witness),
    });
    let output = (any_script(), 0_u64..2_100_000_000_000_000)
        .prop_map(|(script, value)| output(&script, value));
    (
        proptest::collection::vec(input, 1..4),
        proptest::collection::vec(output, 1..5),
    )
        .prop_map(|(input, output)| transaction(input, output))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn own_what_the_crate_writes_is_read_back(transactions in proptest::collection::vec(any_transaction(), 1..6)) {
        let bytes = block(transactions.clone());
        for dialect in [Dialect::Plain, Dialect::Litecoin, Dialect::Dogecoin] {
            let entries = read(&bytes, dialect).unwrap();
            prop_assert_eq!(entries.len(), transactions.len());
            for (entry, written) in entries.iter().zip(&transactions) {
                prop_assert_eq!(&entry.transaction, written);
                prop_assert_eq!(entry.id(), Some(written.compute_txid()));
                let alone = read_transaction(&serialize(written), dialect).unwrap();
                prop_assert_eq!(&alone, entry);
            }
            // Stepping over gives those with an address, whole, and without any wanted script comes to the same end.
            let with_address: Vec<_> = entries
                .iter()
                .filter(|entry| !outputs_to(&entry.transaction, |_| true).is_empty())
                .cloned()
                .collect();
            prop_assert_eq!(paying(&bytes, dialect, |_| true).unwrap(), with_address);
            prop_assert_eq!(paying(&bytes, dialect, |_| false).unwrap(), vec![]);
            let cut = &bytes[..bytes.len() - 1];
            prop_assert!(paying(cut, dialect, |_| false).is_err());
        }
    }

    #[test]
    fn own_no_bytes_are_too_odd_to_be_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        for dialect in [Dialect::Plain, Dialect::Litecoin, Dialect::Dogecoin, Dialect::Dash] {
            let _ = read(&bytes, dialect);
            let _ = read_transaction(&bytes, dialect);
            // Bytes behind a header: what one reading refuses the other does not take for more.
            let block = [&serialize(&header(2))[..], &bytes].concat();
            let (all, some) = (read(&block, dialect), paying(&block, dialect, |_| true));
            if let (Ok(all), Ok(some)) = (all, some) {
                let with_address = all.iter().filter(|entry| !outputs_to(&entry.transaction, |_| true).is_empty());
                prop_assert_eq!(with_address.count(), some.len());
            }
        }
    }
}
