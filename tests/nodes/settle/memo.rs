//! Networks that route by memo: money that already stands in our account is booked by instruction, and what goes back is signed
//! outside. The sources are made-up accounts behind the real APIs; the keys that sign belong to the tests.

use ed25519_dalek::{Signer as _, SigningKey};
use recover_core::address::Payload;
use recover_testkit::Omnibus;
use recover_testkit::omnibus::{Api, Faults, Options};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

use crate::desk::rows;
use crate::settle::office::{Accounts, Office};
use crate::settle::walk::Package;

/// The key of our own account in the tests that send something back.
fn key() -> SigningKey {
    SigningKey::from_bytes(&[9; 32])
}

/// An exchange with one omnibus account.
pub struct Desk {
    pub office: Office,
    omnibus: Omnibus,
    network: &'static str,
    /// How many digits a deposit's coins have that is worth hundreds to thousands of dollars.
    digits: std::ops::RangeInclusive<usize>,
}

/// Family, CAIP-2, symbol, digits, path of the API, further lines.
fn table(
    api: Api,
) -> (
    &'static str,
    &'static str,
    &'static str,
    u32,
    &'static str,
    &'static str,
) {
    match api {
        Api::Rippled => ("xrpl", "xrpl:0", "XRP", 6, "", ""),
        Api::Horizon => ("stellar", "stellar:pubnet", "XLM", 7, "", ""),
        Api::CometRpc | Api::CosmosRest => (
            "cosmos",
            "cosmos:cosmoshub-4",
            "ATOM",
            6,
            "",
            "address_prefix = \"cosmos\"\n",
        ),
        Api::Toncenter => ("ton", "tvm:-239", "TON", 9, "/api/v3", ""),
    }
}

/// `chains.toml` of one network behind one server.
pub fn chains(api: Api, url: &str) -> String {
    let (family, caip2, symbol, decimals, path, more) = table(api);
    format!(
        "[network.{family}]\nfamily = \"{family}\"\ncaip2 = \"{caip2}\"\ndisplay = \"{family}\"\naliases = []\n\
             deposits = \"open\"\nrecovery = \"direct\"\nmemo = \"required\"\nsibling_group = \"{family}\"\n{more}\
             explorer = \"https://{family}.example\"\nexplorer_aliases = []\nfinality = {{ rule = \"closed\" }}\n\
             native = {{ symbol = \"{symbol}\", name = \"{symbol}\", decimals = {decimals} }}\n\
             source = [{{ kind = \"{api}\", url = \"{}{path}\", requests_per_second = 1000 }}]\n",
        url
    )
}

impl Desk {
    /// An account with a few hundred deposits, scanned; nothing was booked yet.
    pub fn new(api: Api, account: Option<&[u8]>) -> Desk {
        let mut options = Options::new(20_260).deposits(300).faults(Faults::none());
        if let Some(account) = account {
            options = options.account(account);
        }
        let omnibus = Omnibus::start(api, &options);
        let (network, ..) = table(api);
        // The made-up amounts of one network are small, those of another are not.
        let (price, digits) = match api {
            Api::Horizon => ("0.001", 6..=7),
            _ => ("2.00", 3..=4),
        };
        let office = Office::new();
        office.price(&format!("{network}/native"), price);
        let desk = Desk {
            office,
            omnibus,
            network,
            digits,
        };
        desk.furnish(api);
        desk
    }

    fn furnish(&self, api: Api) {
        let (family, ..) = table(api);
        let chains = chains(api, &self.omnibus.url());
        self.office.configure(&chains, &[self.accounts(api)]);
        let (network, account) = (self.network, self.omnibus.account());
        let mut addresses = "user_id,role,family,value,network,control\n".to_owned();
        writeln!(addresses, ",omnibus,{family},{account},{network},key").unwrap();
        for (user, memo) in self.omnibus.members().into_iter().enumerate() {
            writeln!(
                addresses,
                "U{user},assigned_memo,{family},{memo},{network},"
            )
            .unwrap();
        }
        let ledger = format!(
            "id,kind,time,time_to,user_id,network,tx_id,asset,amount_base\n\
             C-0,coverage,2015-01-01T00:00:00Z,2100-01-01T00:00:00Z,,{network},,,\n"
        );
        self.office.import_book(&addresses, &ledger);
        self.office.import_prices();
        let from = self.omnibus.first_height().to_string();
        let to = self.omnibus.last_height().to_string();
        let scan = ["--format", "json", "scan", "--from", &from, "--to", &to];
        // Some histories say that they could not be read whole; what was read is in the store all the same.
        let run = self.office.desk.run(&scan);
        assert!(matches!(run.code, Some(0 | 1)), "{}{}", run.out, run.err);
    }

    /// What is pinned of an account whose key the tests hold; nothing where nothing is ever sent.
    fn accounts(&self, api: Api) -> Accounts {
        let account = self.omnibus.account();
        let public = hex::encode(key().verifying_key().as_bytes());
        let (caip2, fee_max, units, signer) = match api {
            Api::Rippled => ("xrpl:0", "0.01", "10000", Some(format!("ed{public}"))),
            Api::Horizon => ("stellar:pubnet", "0.1", "1000000", None),
            _ => {
                return Accounts {
                    wallet: String::new(),
                    pinned: String::new(),
                };
            }
        };
        let network = self.network;
        let mut wallet = format!(
            "[[wallet]]\nnetwork = \"{network}\"\ntreasury = \"{account}\"\nfee_max = \"{fee_max}\"\n"
        );
        let mut pinned = format!(
            "[[network]]\nname = \"{network}\"\nchain = \"{caip2}\"\ntreasury = \"{account}\"\nfee_max = \"{units}\"\n\
             top_up_max = \"1\"\n"
        );
        if let Some(key) = signer {
            writeln!(
                wallet,
                "keys = [{{ account = \"{account}\", key = \"{key}\" }}]"
            )
            .unwrap();
            writeln!(
                pinned,
                "\n[[network.signer]]\naccount = \"{account}\"\nkey = \"{key}\""
            )
            .unwrap();
        }
        wallet.push('\n');
        pinned.push('\n');
        Accounts { wallet, pinned }
    }

    /// A plain deposit of the native coin without a memo, worth hundreds to thousands of dollars.
    fn without_memo(&self) -> Value {
        self.plain_without_memo().swap_remove(0)
    }

    /// All of them, at least one.
    pub fn plain_without_memo(&self) -> Vec<Value> {
        let list = [
            "deposits",
            "list",
            "--kind",
            "memo_missing",
            "--limit",
            "1000",
        ];
        let found = rows(self.office.desk.json(&list));
        let native = format!("{}/native", self.network);
        let plain = |row: &&Value| {
            row["asset"] == native.as_str()
                && row["verdict"] == "controllable"
                && row["status"] == "open"
                && row["flags"].as_array().is_some_and(Vec::is_empty)
                && row["from"].is_string()
                && row["amount_decimal"].as_str().is_some_and(|text| {
                    text.split('.')
                        .next()
                        .is_some_and(|coins| self.digits.contains(&coins.len()))
                })
        };
        let plain: Vec<Value> = found.iter().filter(plain).cloned().collect();
        assert!(
            !plain.is_empty(),
            "none of {} is plain: {:?}",
            found.len(),
            found.first()
        );
        plain
    }
}

/// A deposit without its memo, from the scan to the booking; nobody signs anything.
fn is_booked(api: Api) {
    let desk = Desk::new(api, None);
    let office = &desk.office;
    let row = desk.without_memo();
    let deposit = row["id"].as_str().unwrap();
    // Whose it is, a person found out: the memo does not say.
    office.refused("ana", &["claims", "open", deposit], "beneficiary_missing");
    let named = ["claims", "open", deposit, "--beneficiary", "U3"];
    office.refused("ana", &named, "ownership_missing");
    let appeal = office.desk.vouched("bruno", "U3", deposit, None);
    let opened = office.claim("ana", &["claims", "open", deposit, "--appeal", &appeal]);
    assert_eq!(opened["resolution"], "ledger_credit", "{opened}");
    let id = opened["id"].as_str().unwrap();
    office.put_up(id);
    office.vote(id);
    // The document turns out to be forged after everybody agreed: nothing leaves the house.
    let void = ["proofs", "void", "1", "--reason", "another user's account"];
    office.desk.run_as("bruno", &void).ok();
    office.refused("tariq", &["claims", "export", id], "ownership_missing");
    office.desk.vouched("bruno", "U3", deposit, None);
    let booked = office.book(id);
    let [[_, kind, user, asset, amount]] = &booked[..] else {
        panic!("free of charge, one credit: {booked:?}")
    };
    assert_eq!((kind.as_str(), user.as_str()), ("credit", "U3"));
    assert_eq!(asset, &format!("{}/native", desk.network));
    assert_eq!(Some(amount.as_str()), row["amount"].as_str());
    office.is_settled(id);
}

#[test]
fn own_xrp_without_its_tag_is_booked() {
    is_booked(Api::Rippled);
}

#[test]
fn own_lumens_without_their_memo_are_booked() {
    is_booked(Api::Horizon);
}

#[test]
fn own_atoms_without_their_memo_are_booked() {
    is_booked(Api::CometRpc);
}

#[test]
fn own_toncoin_without_its_comment_is_booked() {
    is_booked(Api::Toncenter);
}

/// A deposit that goes back to its sender, up to signed bytes that the engine verified; `sign` is the signers' own program.
fn goes_back(api: Api, account: &[u8], sign: impl Fn(&SigningKey, &[u8]) -> Vec<u8>) {
    let desk = Desk::new(api, Some(account));
    let office = &desk.office;
    let row = desk.without_memo();
    let deposit = row["id"].as_str().unwrap();
    let sender = row["from"].as_str().unwrap();
    let open = |to: &str| -> String {
        let more = [
            "claims",
            "open",
            deposit,
            "--beneficiary",
            "U3",
            "--resolution",
            "return_to_sender",
            "--destination",
            to,
        ];
        let opened = office.claim("ana", &more);
        opened["id"].as_str().unwrap().to_owned()
    };
    let id = open(sender);
    office.put_up(&id);
    office.vote(&id);
    let package = office.export(&id);
    assert_eq!(package.kind(), "return");
    assert_eq!(package.leg()["recipient"], sender);
    assert_eq!(package.signer(), desk.omnibus.account());
    let net = office.show(&id)["quote"]["net"].clone();
    assert_eq!(package.leg()["amount"], net);

    let signed = sign(&key(), &package.unsigned());
    is_refused(office, &id, &package, &sign);
    import(office, &id, &signed).ok();
    let shown = office.show(&id);
    assert_eq!(shown["status"], "awaiting_signature", "{shown}");
    assert_eq!(shown["package"]["signed"], hex::encode(&signed), "{shown}");
    assert!(shown["package"]["tx_id"].is_string(), "{shown}");
    // The signers' program says the same of them.
    office.desk.write("signed.hex", hex::encode(&signed));
    let run = office.verify(&package.file, &["--signed", "signed.hex"]);
    assert_eq!(run.code, Some(0), "{}{}", run.out, run.err);
    // Ready to be sent: the dry run takes the real path.
    office
        .desk
        .run_as("tariq", &["claims", "broadcast", &id])
        .ok();
    office.audited();
}

fn import(office: &Office, id: &str, signed: &[u8]) -> crate::desk::Run {
    office.desk.write("signed.hex", hex::encode(signed));
    let arguments = ["claims", "import", id, "--signed", "signed.hex"];
    office.desk.run_as("tariq", &arguments)
}

/// Every changed byte, every other key, every missing end.
fn is_refused(
    office: &Office,
    id: &str,
    package: &Package,
    sign: &impl Fn(&SigningKey, &[u8]) -> Vec<u8>,
) {
    let unsigned = package.unsigned();
    let signed = sign(&key(), &unsigned);
    let mut tampered = vec![
        ("unsigned", unsigned.clone()),
        (
            "by another key",
            sign(&SigningKey::from_bytes(&[8; 32]), &unsigned),
        ),
        ("cut off", signed[..signed.len() - 1].to_vec()),
        ("longer", [signed.clone(), vec![0]].concat()),
    ];
    // Changed before it was signed, and after.
    for place in (0..unsigned.len()).step_by(17) {
        let mut other = unsigned.clone();
        other[place] ^= 1;
        tampered.push(("changed and signed", sign(&key(), &other)));
    }
    for place in (0..signed.len()).step_by(23) {
        let mut other = signed.clone();
        other[place] ^= 1;
        tampered.push(("signed and changed", other));
    }
    for (what, bytes) in tampered {
        let run = import(office, id, &bytes);
        assert_ne!(run.code, Some(0), "{what}: {}{}", run.out, run.err);
    }
    assert!(office.show(id)["package"]["signed"].is_null());
}

#[test]
fn own_xrp_goes_back_to_its_sender_with_verified_signed_bytes() {
    let public = {
        let mut bytes = [0xed; 33];
        bytes[1..].copy_from_slice(key().verifying_key().as_bytes());
        bytes
    };
    let account = recover_chain_xrpl::signature::account_of_key(public);
    goes_back(Api::Rippled, &account, |key, unsigned| {
        // What is signed begins with "STX" and a zero; the signature is field 4 of the blobs, right behind the key, which is field 3.
        let signature = key.sign(&[b"STX\0", unsigned].concat()).to_bytes();
        let head = [0x73, 0x21, 0xed];
        let place = unsigned.windows(3).position(|window| window == head);
        let Some(place) = place else {
            return unsigned.to_vec();
        };
        let (before, behind) = unsigned.split_at((place + 35).min(unsigned.len()));
        [before, &[0x74, 0x40], &signature, behind].concat()
    });
}

#[test]
fn own_lumens_go_back_to_their_sender_with_verified_signed_bytes() {
    goes_back(
        Api::Horizon,
        key().verifying_key().as_bytes(),
        |key, unsigned| {
            // An envelope is its kind, the transaction and a list of signatures, empty so far.
            let (content, none) = unsigned.split_at(unsigned.len() - 4);
            if none != [0; 4] {
                return unsigned.to_vec();
            }
            let network = Sha256::digest("Public Global Stellar Network ; September 2015");
            let hash = Sha256::digest([&network[..], content].concat());
            let public = key.verifying_key().to_bytes();
            let signature = key.sign(&hash).to_bytes();
            [
                content,
                &[0, 0, 0, 1],
                &public[28..],
                &[0, 0, 0, 64],
                &signature,
            ]
            .concat()
        },
    );
}

#[test]
fn own_a_return_never_goes_to_anybody_but_the_sender() {
    let desk = Desk::new(Api::Horizon, Some(key().verifying_key().as_bytes()));
    let office = &desk.office;
    let row = desk.without_memo();
    let deposit = row["id"].as_str().unwrap();
    // Our own account is not where it came from.
    let to = desk.omnibus.account();
    let more = [
        "claims",
        "open",
        deposit,
        "--beneficiary",
        "U3",
        "--resolution",
        "return_to_sender",
        "--destination",
        &to,
    ];
    let opened = office
        .desk
        .run_as("ana", &[&["--format", "json"], &more[..]].concat());
    if opened.code == Some(0) {
        let id = opened.json()["id"].as_str().unwrap().to_owned();
        let quoted = office.desk.run_as("ana", &["quote", &id]);
        assert!(
            quoted.code == Some(3) || office.show(&id)["plan"].is_null(),
            "{}{}",
            quoted.out,
            quoted.err
        );
    } else {
        assert_eq!(opened.code, Some(3), "{}", opened.err);
    }
}

#[test]
fn own_a_destination_on_another_network_is_refused_at_once() {
    let desk = Desk::new(Api::CometRpc, None);
    let row = desk.without_memo();
    let deposit = row["id"].as_str().unwrap();
    let payload = Payload::Hash160([7; 20]);
    let address = |prefix| {
        let address = recover_chain_cosmos::address::format(prefix, &payload).unwrap();
        address.text().to_owned()
    };
    let open = |to: &str| {
        let named = ["claims", "open", deposit, "--beneficiary", "U3"];
        let more = ["--resolution", "sweep_to_address", "--destination", to];
        let all = [&named[..], &more[..]].concat();
        desk.office.desk.run_as("ana", &all)
    };
    // The same key, written for another network.
    let elsewhere = open(&address("osmo"));
    assert_ne!(elsewhere.code, Some(0));
    assert!(
        elsewhere.err.contains("it is an address of osmosis"),
        "{}",
        elsewhere.err
    );
    let here = open(&address("cosmos"));
    assert!(!here.err.contains("an address of"), "{}", here.err);
}
