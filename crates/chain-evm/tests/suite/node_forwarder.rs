//! Deposits at contract addresses, over a real node: put in place, emptied, carried on from the parent.

use crate::carried::{COIN, World, amount, canonical, carrier, code, kinds, native};
use crate::signer::Key;
use recover_chain_evm::address;
use recover_chain_evm::control::create2_address;
use recover_core::asset::AssetId;
use recover_core::book::ControlRecord;
use recover_core::plan::{Leg, LegKind};
use recover_core::verdict::{DeployLeg, DeployLegKind, How, Reason, Verdict};
use recover_source::carry::{CarryError, Factory, Standing};
use recover_testkit::{Arg, Contracts, FaultProxy, Rule};

const SALT: [u8; 32] = [9; 32];

struct Forwarding {
    world: World,
    forwarder: String,
    control: ControlRecord,
    factory: String,
}

fn needs_deploy() -> Verdict {
    Verdict::NeedsDeploy(vec![DeployLeg {
        kind: DeployLegKind::DeployForwarder,
        signer: String::new(),
        detail: String::new(),
    }])
}

const IN_PLACE: Verdict = Verdict::Controllable(How::ContractInPlace);

impl Forwarding {
    /// A factory whose forwarders pay to `on_chain_parent`, known to the policy as paying to `parent`.
    fn new(parent: &str, on_chain_parent: &str) -> Self {
        let mut world = World::new();
        let contracts = Contracts::load();
        let factory = canonical(
            &world
                .anvil
                .deploy(
                    contracts.get("ForwarderFactory"),
                    &[Arg::address(on_chain_parent)],
                )
                .address,
        );
        let factory_bytes = address::bytes(&address::parse(&factory).unwrap()).unwrap();
        let init_code_hash = ethers::utils::keccak256(&contracts.get("Forwarder").bytecode);
        let forwarder = address::text(create2_address(factory_bytes, SALT, init_code_hash));
        world.wallet.factories = vec![Factory {
            address: factory.clone(),
            parent: parent.to_owned(),
            deploy: "0x2b85ba38{salt}".to_owned(),
            flush_token: "0x9cee789f{token}".to_owned(),
            flush_native: Some("0x6b9f96ea".to_owned()),
        }];
        Self {
            world,
            forwarder,
            control: ControlRecord::Create2 {
                factory: factory_bytes,
                salt: SALT,
                init_code_hash,
            },
            factory,
        }
    }

    fn to_treasury() -> Self {
        let treasury = Key::new(0x33).address();
        Self::new(&treasury, &treasury)
    }

    async fn plan(
        &self,
        asset: &AssetId,
        units: u128,
        recipient: &str,
        verdict: &Verdict,
    ) -> Result<Vec<Leg>, CarryError> {
        self.world
            .plan_to(
                LegKind::Transfer,
                &self.forwarder,
                asset,
                units,
                recipient,
                verdict,
                &self.control,
            )
            .await
    }

    async fn plan_home(
        &self,
        asset: &AssetId,
        units: u128,
        verdict: &Verdict,
    ) -> Result<Vec<Leg>, CarryError> {
        self.plan(asset, units, &self.world.treasury.address(), verdict)
            .await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn node_pitfall_045_a_forwarder_is_deployed_and_flushed() {
    let home = Forwarding::to_treasury();
    let world = &home.world;
    let treasury = world.treasury.address();
    let token = world.token("TokenGood", &home.forwarder, 5_000);
    let legs = home
        .plan_home(&token, 5_000, &needs_deploy())
        .await
        .unwrap();
    assert_eq!(kinds(&legs), [LegKind::Deploy, LegKind::Flush]);
    assert_eq!(legs[0].recipient, home.forwarder);
    assert_eq!(legs[1].recipient, treasury);
    // It cannot be emptied before it stands.
    assert_eq!(code(world.build(&legs[1]).await), "target_absent");
    // Native coin came while people decided: it does not disturb.
    world.anvil.set_balance(&home.forwarder, 7_000);
    world.carry_out(&legs[0]).await;
    assert!(!world.anvil.code(&home.forwarder).is_empty());
    // Deployed once, never again.
    assert_eq!(code(world.build(&legs[0]).await), "already_deployed");
    assert_eq!(
        code(home.plan_home(&token, 5_000, &needs_deploy()).await),
        "control_changed"
    );
    // A second deposit leaves with the first: at least what was approved arrives.
    world.issuer(
        &token,
        "TokenGood",
        "mint(address,uint256)",
        &[Arg::address(home.forwarder.clone()), Arg::Uint(300)],
    );
    world.carry_out(&legs[1]).await;
    assert_eq!(world.token_balance(&token, &treasury), 5_300);
    // The native coin, from the contract in place.
    let legs = home.plan_home(&native(), 7_000, &IN_PLACE).await.unwrap();
    assert_eq!(kinds(&legs), [LegKind::Flush]);
    world.carry_out(&legs[0]).await;
    assert_eq!(world.anvil.balance(&treasury), 7_000);
    // Empty now.
    assert_eq!(
        code(home.plan_home(&native(), 7_000, &IN_PLACE).await),
        "delivers_less"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn node_a_node_without_traces_tells_a_flush_by_balances() {
    let home = Forwarding::to_treasury();
    let world = &home.world;
    world.anvil.set_balance(&home.forwarder, 7_000);
    let legs = home
        .plan_home(&native(), 7_000, &needs_deploy())
        .await
        .unwrap();
    world.carry_out(&legs[0]).await;
    let proxy = FaultProxy::start(world.anvil.rpc_url());
    for method in [
        "trace_block",
        "trace_transaction",
        "debug_traceBlockByNumber",
        "debug_traceTransaction",
    ] {
        proxy.rule(Rule::without_method(method));
    }
    let url = proxy.url();
    let without = carrier(&world.anvil, |config| config.url = url);
    let unsigned = world.build(&legs[1]).await.unwrap();
    let signed = world.sign(&legs[1], &unsigned);
    world.send(&signed).await;
    let tracked = recover_source::carry::Tracked {
        leg: &legs[1],
        slot: &unsigned.slot,
        tx_id: Some(&signed.tx_id),
        valid_until: None,
        valid_through: None,
    };
    let standing = without.standing(&tracked).await.unwrap();
    let Standing::Included(included) = standing else {
        panic!("{standing:?}");
    };
    assert_eq!(included.deviations, []);
    // A leg that promised more is told so.
    let more = Leg {
        amount: amount(7_001),
        ..legs[1].clone()
    };
    let tracked = recover_source::carry::Tracked {
        leg: &more,
        ..tracked
    };
    let standing = without.standing(&tracked).await.unwrap();
    let Standing::Included(included) = standing else {
        panic!("{standing:?}");
    };
    assert_eq!(
        included.deviations[0].to_string(),
        "delivered is 7000, approved is 7001"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn node_pitfall_044_what_does_not_lead_to_the_address() {
    let home = Forwarding::to_treasury();
    let world = &home.world;
    let token = world.token("TokenGood", &home.forwarder, 5_000);
    let treasury = world.treasury.address();
    let ControlRecord::Create2 {
        factory,
        salt,
        init_code_hash,
    } = home.control
    else {
        panic!("it is one");
    };
    let with = |factory, salt, init_code_hash| ControlRecord::Create2 {
        factory,
        salt,
        init_code_hash,
    };
    for (name, control) in [
        ("another factory", with([1; 20], salt, init_code_hash)),
        ("another salt", with(factory, [1; 32], init_code_hash)),
        ("another hash", with(factory, salt, [1; 32])),
    ] {
        let planned = world
            .plan_to(
                LegKind::Transfer,
                &home.forwarder,
                &token,
                5_000,
                &treasury,
                &needs_deploy(),
                &control,
            )
            .await;
        assert_eq!(code(planned), "address_not_derived", "{name}");
    }
    // Contracts that an account made at a nonce are deployed by hand.
    let planned = world
        .plan_to(
            LegKind::Transfer,
            &home.forwarder,
            &token,
            5_000,
            &treasury,
            &needs_deploy(),
            &ControlRecord::Create {
                deployer: [1; 20],
                nonce: 4,
            },
        )
        .await;
    assert_eq!(code(planned), "by_hand");
    // The verdict says that it stands, and it does not.
    assert_eq!(
        code(home.plan_home(&token, 5_000, &IN_PLACE).await),
        "control_changed"
    );
    // A factory that the network does not have.
    let factory_code = world.anvil.code(&home.factory);
    world.anvil.set_code(&home.factory, &[]);
    assert_eq!(
        code(home.plan_home(&token, 5_000, &needs_deploy()).await),
        "factory_absent"
    );
    // Other code at its address: it deploys nothing there.
    world.anvil.set_code(&home.factory, &[0x00]);
    assert_eq!(
        code(home.plan_home(&token, 5_000, &needs_deploy()).await),
        "deploys_elsewhere"
    );
    world.anvil.set_code(&home.factory, &factory_code);
    assert!(home.plan_home(&token, 5_000, &needs_deploy()).await.is_ok());
    // Networks that derive addresses otherwise, and nonces that are used up, end in a verdict and never in a plan.
    for reason in [
        Reason::OtherDerivation,
        Reason::DeployerNonceUsed,
        Reason::OtherFactoryCode,
    ] {
        let planned = home
            .plan_home(&token, 5_000, &Verdict::NotRecoverable(reason))
            .await;
        assert_eq!(code(planned), "not_controllable");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn node_pitfall_046_a_forwarder_that_pays_its_old_owner_is_not_flushed() {
    let treasury = Key::new(0x33).address();
    let old_owner = Key::new(0x66).address();
    let home = Forwarding::new(&treasury, &old_owner);
    let world = &home.world;
    let token = world.token("TokenGood", &home.forwarder, 5_000);
    let legs = home
        .plan_home(&token, 5_000, &needs_deploy())
        .await
        .unwrap();
    world.carry_out(&legs[0]).await;
    // Tried out, nothing arrives at our parent.
    assert_eq!(code(world.build(&legs[1]).await), "delivers_less");
    assert_eq!(
        code(home.plan_home(&token, 5_000, &IN_PLACE).await),
        "delivers_less"
    );
    assert_eq!(world.token_balance(&token, &home.forwarder), 5_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn node_from_the_parent_on() {
    let parent = Key::new(0x11);
    let home = Forwarding::new(&parent.address(), &parent.address());
    let world = &home.world;
    let treasury = world.treasury.address();
    let token = world.token("TokenGood", &home.forwarder, 5_000);
    let legs = home
        .plan_home(&token, 5_000, &needs_deploy())
        .await
        .unwrap();
    assert_eq!(
        kinds(&legs),
        [
            LegKind::Deploy,
            LegKind::Flush,
            LegKind::GasTopUp,
            LegKind::Transfer
        ]
    );
    assert_eq!(legs[3].signer, parent.address());
    for leg in &legs {
        world.carry_out(leg).await;
    }
    assert_eq!(world.token_balance(&token, &treasury), 5_000);
    // The native coin pays for the last step out of what the parent holds already.
    world.anvil.set_balance(&home.forwarder, COIN);
    world.anvil.set_balance(&parent.address(), COIN);
    let legs = home.plan_home(&native(), COIN, &IN_PLACE).await.unwrap();
    assert_eq!(kinds(&legs), [LegKind::Flush, LegKind::Transfer]);
    for leg in &legs {
        world.carry_out(leg).await;
    }
    assert_eq!(world.anvil.balance(&treasury), COIN);
}

#[tokio::test(flavor = "multi_thread")]
async fn node_what_a_forwarder_needs_that_is_not_there() {
    let mut home = Forwarding::to_treasury();
    let token = home.world.token("TokenGood", &home.forwarder, 5_000);
    // More than it holds.
    assert_eq!(
        code(home.plan_home(&token, 5_001, &needs_deploy()).await),
        "balance_too_low"
    );
    let kept = home.world.wallet.clone();
    home.world.wallet.gas = None;
    assert_eq!(
        code(home.plan_home(&token, 5_000, &needs_deploy()).await),
        "gas_account_missing"
    );
    home.world.wallet = kept;
    home.world.wallet.factories[0].flush_native = None;
    home.world.anvil.set_balance(&home.forwarder, 7_000);
    assert_eq!(
        code(home.plan_home(&native(), 7_000, &needs_deploy()).await),
        "by_hand"
    );
    home.world.wallet.factories[0].deploy = "0x2b85ba38{token}".to_owned();
    assert_eq!(
        code(home.plan_home(&token, 5_000, &needs_deploy()).await),
        "factory_call_unusable"
    );
    home.world.wallet.factories.clear();
    assert_eq!(
        code(home.plan_home(&token, 5_000, &needs_deploy()).await),
        "factory_unknown"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn node_pitfall_049_from_a_parent_that_is_a_contract_a_person_moves_on() {
    let mut home = Forwarding::to_treasury();
    let token = home.world.token("TokenGood", &home.forwarder, 5_000);
    // Its sequence numbers, owners and expiries are its own.
    let parent = home.factory.clone();
    home.world.wallet.factories[0].parent = parent;
    assert_eq!(
        code(home.plan_home(&token, 5_000, &needs_deploy()).await),
        "by_hand"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn node_pitfall_050_a_later_deposit_stays_where_it_is() {
    let world = World::new();
    let from = world.deposit.address();
    world.anvil.set_balance(&from, COIN);
    let token = world.token("TokenGood", &from, 5_000);
    let legs = world.plan(&from, &token, 5_000).await.unwrap();
    world.issuer(
        &token,
        "TokenGood",
        "mint(address,uint256)",
        &[Arg::address(from.clone()), Arg::Uint(3_000)],
    );
    world.carry_out(&legs[0]).await;
    assert_eq!(world.token_balance(&token, &from), 3_000);
    // The approved step cannot be used for it: it moves the amount that was approved or nothing.
    assert_eq!(code(world.build(&legs[0]).await), "simulation_reverted");
}
