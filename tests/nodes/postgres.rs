//! The main job once more with PostgreSQL as the database.

use recover_testkit::Postgres;

use crate::desk::Desk;
use crate::scan_kinds::finds_every_kind;
use crate::to_claim::works;
use crate::world::World;

#[test]
fn scan_to_claim_on_postgres() {
    let database = Postgres::fresh_database();
    let world = World::build();
    let desk = Desk::on(database.url());
    finds_every_kind(&desk, &world);
    works(
        &desk,
        &world,
        &[
            "missed_native",
            "withdrawal_came_back",
            "retired_contract",
            "unlisted_token",
            "wrong_chain_forwarder",
            "before_coverage",
            "credited",
        ],
    );
    // No amount went through a float or lost its digits on the way.
    let amounts = database.sql("SELECT count(*) FROM deposit WHERE amount <> trunc(amount)");
    assert_eq!(amounts, "0");
}
