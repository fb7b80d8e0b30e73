//! The walk's part between release and block on the two anvils: signed outside, sent, mined.

use std::thread;
use std::time::Duration;

use crate::settle::house::House;
use crate::settle::signer;
use crate::settle::walk::Package;

impl House {
    /// Signs a package outside and answers the signed bytes.
    pub fn signed(&self, package: &Package) -> Vec<u8> {
        self.key(package.signer()).sign(&package.unsigned())
    }

    /// Signs, brings back and sends a package, and waits until it is in a block; answers the transaction.
    #[track_caller]
    pub fn send(&self, id: &str, package: &Package) -> String {
        let signed = self.signed(package);
        self.import(id, &signed).ok();
        self.broadcast(id).ok().says(&["accepted by"]);
        let tx = signer::tx_id(&signed);
        let chain = package.leg()["network"].as_str().unwrap();
        self.await_mined(chain, &tx);
        tx
    }

    /// Waits until a transaction is in a block.
    #[track_caller]
    pub fn await_mined(&self, chain: &str, tx: &str) {
        let anvil = match chain {
            "ethereum" => &self.ethereum,
            _ => self.bsc.as_ref().expect("the network of the leg"),
        };
        for _ in 0..1000 {
            if anvil.is_mined(tx) {
                return;
            }
            thread::sleep(Duration::from_millis(5));
        }
        panic!("{tx} was not mined on {chain}");
    }

    /// One transaction step from its release to a final block; answers its package and its transaction.
    #[track_caller]
    pub fn carry_out(&self, id: &str, kind: &str) -> (Package, String) {
        let package = self.export(id);
        assert_eq!(package.kind(), kind, "{}", package.json);
        let tx = self.send(id, &package);
        let seen = self.track(id);
        assert_eq!(seen["status"], "confirming", "not final yet: {seen}");
        self.bury();
        self.track(id);
        (package, tx)
    }

    pub fn token_balance(&self, chain: crate::world::Chain, token: &str, owner: &str) -> u128 {
        let artifact = recover_testkit::Contracts::load().get("TokenGood");
        self.anvil(chain).token_balance(token, artifact, owner)
    }
}
