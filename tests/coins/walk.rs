//! One deposit on the wrong network, from a customer's mistake to settled money, each step looked at.

use bitcoin::consensus::encode;
use recover_testkit::coin_node::Payment;
use serde_json::{Value, json};

use crate::house::{House, treasury_on, tx_id};
use crate::keys::Held;
use crate::settle::walk::Package;
use crate::signer::{Fork, read};

/// What happened, and who may undo it.
pub struct Mistake {
    pub house: House,
    /// Where the address was issued for.
    pub meant: &'static str,
    /// Where the money arrived.
    pub found: &'static str,
    pub held: Held,
    pub user: &'static str,
    pub payment: Payment,
    pub value: u64,
}

const APPEALS: &str = "appeal_id,user_id,created_at,claimed_txid,claimed_network,claimed_asset,claimed_amount,claimed_to_address";

impl Mistake {
    /// A customer pays an address that was issued for one network on another; final, and scanned.
    #[track_caller]
    pub fn happened(meant: &'static str, found: &'static str, held: Held, value: u64) -> Mistake {
        Mistake::in_a_house(House::new(&[meant, found]), meant, found, held, value)
    }

    /// As [`happened`](Mistake::happened), in a house that stands.
    #[track_caller]
    pub fn in_a_house(
        house: House,
        meant: &'static str,
        found: &'static str,
        held: Held,
        value: u64,
    ) -> Mistake {
        let mistake = Mistake::unseen(house, meant, found, held, value);
        mistake.house.scan();
        mistake
    }

    /// As [`happened`](Mistake::happened), with the payment waiting and nothing scanned.
    #[track_caller]
    pub fn unseen(
        house: House,
        meant: &'static str,
        found: &'static str,
        held: Held,
        value: u64,
    ) -> Mistake {
        let user = "U-201";
        house.issue(user, meant, &held);
        let payment = house.pay(found, &held, value);
        house.furnish();
        Mistake {
            house,
            meant,
            found,
            held,
            user,
            payment,
            value,
        }
    }

    fn tx(&self) -> &str {
        &self.payment.txid
    }

    /// Its deposit is what it should be: kind, verdict, amount, address; and `diagnose` says the same of the bare transaction.
    #[track_caller]
    pub fn is_found(&self) -> Value {
        let row = self.house.found(self.tx());
        assert_eq!(row["kind"], "utxo_wrong_chain", "{row}");
        assert_eq!(row["verdict"], "controllable", "{row}");
        assert_eq!(row["network"], self.found, "{row}");
        assert_eq!(row["position"], "vout:0", "{row}");
        assert_eq!(row["amount"], self.value.to_string(), "{row}");
        assert_eq!(row["to"], self.held.address(self.found), "{row}");
        let diagnosis = self.house.desk.json(&["diagnose", self.tx()]);
        assert_eq!(diagnosis["kind"], "utxo_wrong_chain", "{diagnosis}");
        assert_eq!(diagnosis["verdict"]["code"], "controllable", "{diagnosis}");
        assert_eq!(diagnosis["verdict"]["detail"], self.way(), "{diagnosis}");
        // Where the networks write it differently, the address that the customer was given is named too.
        let given = self.held.address(self.meant);
        let other =
            (given != self.held.address(self.found)).then(|| format!("{given} on {}", self.meant));
        assert_eq!(diagnosis["issued_as"].as_str(), other.as_deref());
        row
    }

    /// How the verdict says that we can: the same key, or the same script behind a hash.
    fn way(&self) -> &'static str {
        if self.held.secrets.len() == 1 {
            "same_key"
        } else {
            "same_script"
        }
    }

    /// The customer writes; matching finds the deposit; a claim is opened for the appeal and voted through. Answers its id.
    #[track_caller]
    pub fn approved(&self) -> String {
        let house = &self.house;
        // The customer names the network that they meant and the address as they copied it.
        let row = format!(
            "A-1,{},{},{},{},,,{}",
            self.user,
            crate::desk::now(),
            self.tx(),
            self.found,
            self.held.address(self.meant)
        );
        house
            .desk
            .write("appeals.csv", format!("{APPEALS}\n{row}\n"));
        house.desk.run(&["appeals", "import", "appeals.csv"]).ok();
        let matched = house
            .desk
            .run(&["--format", "json", "match"])
            .ok()
            .json_lines();
        let [line] = &matched[..] else {
            panic!("one appeal, one line: {matched:?}")
        };
        assert_eq!(line["decision"], "auto", "{line}");
        let deposit = house.found(self.tx())["id"].clone();
        assert_eq!(line["deposit_id"], deposit, "{line}");
        let id = house.open(self.tx(), &["--appeal", "A-1"]);
        house.put_up(&id);
        house.vote(&id);
        id
    }

    /// Releases the package and looks at it: its one input, its outputs, what the node reads in it.
    #[track_caller]
    pub fn exported(&self, id: &str) -> Package {
        let package = self.house.export(id);
        self.is_as_agreed(&package);
        package
    }

    #[track_caller]
    fn is_as_agreed(&self, package: &Package) {
        let leg = package.leg();
        assert_eq!(leg["network"], self.found, "{leg}");
        assert_eq!(
            leg["recipient"],
            treasury_on(self.found).address(self.found),
            "{leg}"
        );
        let amount: u64 = leg["amount"].as_str().unwrap().parse().unwrap();
        let psbt = read(&package.unsigned());
        let [input] = &psbt.unsigned_tx.input[..] else {
            panic!("only the claimed output: {psbt:?}")
        };
        let outpoint = input.previous_output;
        assert_eq!(
            (outpoint.txid.to_string().as_str(), outpoint.vout),
            (self.tx(), 0)
        );
        let [output] = &psbt.unsigned_tx.output[..] else {
            panic!("no change: {psbt:?}")
        };
        assert_eq!(output.script_pubkey, treasury_on(self.found).script());
        assert_eq!(output.value.to_sat(), amount);
        let fee = self.value - amount;
        assert!(
            (100..100_000).contains(&fee),
            "{fee} for the network: {leg}"
        );
        let previous = psbt.inputs[0].non_witness_utxo.as_ref();
        let previous = previous.expect("the transaction that is spent is in the package");
        assert_eq!(previous.compute_txid(), outpoint.txid);
        if self.house.fork(self.found) == Fork::None {
            let node = self.house.node(self.found);
            let decoded = node.decode_psbt(&package.unsigned());
            let decoded = decoded.unwrap_or_else(|error| panic!("decodepsbt: {error}"));
            assert_eq!(decoded["tx"]["vin"][0]["txid"], self.tx(), "{decoded}");
            assert_eq!(decoded["tx"]["vin"].as_array().map(Vec::len), Some(1));
            assert!(decoded["fee"].is_number(), "{decoded}");
        }
    }

    /// The signers' program refuses a package in which one byte is another.
    #[track_caller]
    pub fn refuses_flipped_packages(&self, package: &Package) {
        let text = std::fs::read(&package.file).unwrap();
        let name = "flipped.package.json";
        let mut count = 0;
        // Inside words, where the file stays a file.
        for place in (0..text.len()).step_by(text.len() / 14) {
            let Some(place) = (place..text.len()).find(|at| text[*at].is_ascii_alphanumeric())
            else {
                continue;
            };
            let mut other = text.clone();
            other[place] ^= 1;
            let file = self.house.desk.write(name, &other);
            let run = self.house.verify(&file, &[]);
            assert_ne!(
                run.code,
                Some(0),
                "byte {place} of {}: {}",
                text.len(),
                String::from_utf8_lossy(&other)
            );
            count += 1;
        }
        assert!(count >= 12, "{count}");
    }

    /// The node takes the signed bytes, and nothing in which one byte of what was signed is another.
    #[track_caller]
    pub fn refuses_flipped_transactions(&self, signed: &[u8]) {
        let node = self.house.node(self.found);
        if self.house.fork(self.found) == Fork::Id {
            return;
        }
        node.accepts(signed).unwrap_or_else(|reason| {
            panic!("{reason}: {}\n{}", hex::encode(signed), node.log_tail())
        });
        let transaction: bitcoin::Transaction = encode::deserialize(signed).unwrap();
        // In the value that is paid, in the outpoint, and in each part of the unlocking data but the script's own words.
        let mut flipped = Vec::new();
        let mut other = transaction.clone();
        other.output[0].value += bitcoin::Amount::from_sat(1);
        flipped.push(("a larger output", other));
        let mut other = transaction.clone();
        other.lock_time = bitcoin::absolute::LockTime::from_consensus(1);
        flipped.push(("another lock time", other));
        let mut other = transaction.clone();
        other.input[0].previous_output.vout ^= 1;
        flipped.push(("another output", other));
        let parts = transaction.input[0].witness.to_vec();
        for (part, bytes) in parts
            .iter()
            .enumerate()
            .filter(|(_, bytes)| bytes.len() > 20)
        {
            for place in [10, bytes.len() / 2, bytes.len() - 5] {
                let mut parts = parts.clone();
                parts[part][place] ^= 1;
                let mut other = transaction.clone();
                other.input[0].witness = bitcoin::Witness::from_slice(&parts);
                flipped.push(("a witness", other));
            }
        }
        let script = transaction.input[0].script_sig.to_bytes();
        for place in [
            script.len() / 4,
            script.len() / 2,
            script.len().saturating_sub(3),
        ] {
            if script.is_empty() {
                break;
            }
            let mut bytes = script.clone();
            bytes[place] ^= 1;
            let mut other = transaction.clone();
            other.input[0].script_sig = bitcoin::ScriptBuf::from_bytes(bytes);
            flipped.push(("a script", other));
        }
        for (what, other) in flipped {
            let bytes = encode::serialize(&other);
            let answer = node.accepts(&bytes);
            assert!(answer.is_err(), "{what}: {}", hex::encode(&bytes));
        }
    }

    /// Everything from the release to the books; answers the transaction that moved the money.
    #[track_caller]
    pub fn settles(&self, id: &str) -> String {
        let house = &self.house;
        let package = self.exported(id);
        self.refuses_flipped_packages(&package);
        let signed = self.signed(&package);
        self.refuses_flipped_transactions(&signed);
        let tx = house.send(id, &package, &signed);
        house.confirm(id, self.found);
        self.is_credited(id, &package, &tx);
        tx
    }

    /// Signed by nothing but the keys, and by a signer's software that believes the package: the same transaction. What the software
    /// leaves goes through the node's `finalizepsbt` where the node knows the kind.
    #[track_caller]
    pub fn signed(&self, package: &Package) -> Vec<u8> {
        let house = &self.house;
        let signed = house.signed(package);
        if house.fork(self.found) == Fork::None {
            let (psbt, count) = house.ring().sign_psbt_by_derivation(&package.unsigned());
            assert_eq!(
                count,
                1,
                "the package says where its keys are: {:?}",
                read(&package.unsigned())
            );
            let node = house.node(self.found);
            let is_known = self.found == "bitcoin" || !self.held.script().is_p2tr();
            if is_known {
                use base64::Engine as _;
                let text = base64::engine::general_purpose::STANDARD.encode(psbt);
                let finished = node.call("finalizepsbt", json!([text]));
                assert_eq!(finished["complete"], true, "{finished}");
                let bytes = hex::decode(finished["hex"].as_str().unwrap()).unwrap();
                node.accepts(&bytes).unwrap();
                assert_eq!(tx_id(&bytes), tx_id(&signed));
            }
        }
        signed
    }

    /// The money is in treasury, the books are even, and the customer is credited.
    #[track_caller]
    pub fn is_credited(&self, id: &str, package: &Package, tx: &str) {
        let house = &self.house;
        let node = house.node(self.found);
        assert!(
            node.unspent(self.tx(), 0).is_none(),
            "what was claimed is spent"
        );
        let arrived = node.unspent(tx, 0);
        let arrived = arrived.unwrap_or_else(|| panic!("{tx}:0 is not there\n{}", node.log_tail()));
        let script = arrived["scriptPubKey"]["hex"].as_str().unwrap().to_owned();
        assert_eq!(
            script,
            hex::encode(treasury_on(self.found).script().as_bytes())
        );
        assert_ne!(house.status(id), "settled", "nobody was credited yet");
        let booked = house.book(id);
        let asset = format!("{}/native", self.found);
        let credit = &booked[0];
        assert_eq!(
            credit[1..4],
            ["credit".to_owned(), self.user.to_owned(), asset.clone()]
        );
        let sum: u64 = booked
            .iter()
            .map(|row| row[4].parse::<u64>().unwrap())
            .sum();
        let amount: u64 = package.leg()["amount"].as_str().unwrap().parse().unwrap();
        assert!(
            sum == amount || sum == self.value,
            "{booked:?} of {amount} and {}",
            self.value
        );
        house.is_settled(id);
    }
}
