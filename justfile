# Lists the recipes.
_default:
    @{{ just_executable() }} --list --unsorted

# Quick look while working: formatting and types.
check:
    cargo fmt --all --check
    cargo check --workspace --all-targets --locked

# Every test, after installing what the tests need; arguments go to cargo nextest.
test *arguments:
    tests/run {{ arguments }}

# Only the tests that face a real node or a real PostgreSQL.
test-nodes:
    tests/run --workspace -E 'kind(test) & (binary(/^(nodes?|postgres)(_|$)/) | test(/(^|::)(nodes?|postgres)(_|::|$)/))'

# One omnibus account a network, read through every API with faults; other seeds and sizes: `just test-omnibus 7 1000000`.
test-omnibus seed="20260" deposits="100000":
    OMNIBUS_SEED={{ seed }} OMNIBUS_DEPOSITS={{ deposits }} cargo test --locked -p recover --test omnibus -- --nocapture --test-threads=1

# The seeded simulator around the real engine, with faults and crashes: `just simulate 1 2000`; a failure prints its seed.
simulate seed="1" count="120":
    SIMULATOR_SEED={{ seed }} SIMULATOR_SEEDS={{ count }} cargo test --locked -p recover --test simulator -- --nocapture --test-threads=2 no_promise

# Sixty-four approvers and releasers on one claim at once, on both databases: exactly one release. `just race 1000`.
race rounds="1000":
    RACE_ROUNDS={{ rounds }} cargo test --locked -p recover-store --test stores -- --nocapture --test-threads=1 races

# Generated mistakes on a real Bitcoin Core and a real litecoind, each verdict tried out: `just utxo-truth 500 7`.
utxo-truth count="500" seed="1":
    tests/setup
    UTXO_TRUTH_COUNT={{ count }} UTXO_TRUTH_SEED={{ seed }} cargo test --locked -p recover --test coins -- --nocapture what_is_said

# Claims settled on a real anvil and a real litecoind while prices move, each cost against the ceiling that was quoted: `just fee-truth 50 7`.
fee-truth count="50" seed="1":
    tests/setup
    FEE_CLAIMS={{ count }} FEE_SEED={{ seed }} cargo test --locked -p recover --test nodes -- --nocapture within_the_quoted_ceiling
    UTXO_TRUTH_COUNT={{ count }} UTXO_TRUTH_SEED={{ seed }} cargo test --locked -p recover --test coins -- --nocapture what_is_said

# Everything CI checks besides the tests.
lint:
    .ci/run format clippy docs codec deny

# The main job on bundled data, offline.
demo *arguments:
    cargo run --release --locked -p recover -- demo {{ arguments }}

# Records the demo's populated chain from anvil anew.
record-demo:
    tests/setup
    cargo run --locked -p recover --example record_demo

# Bytes an address and nanoseconds a look-up of the watch set, ten million addresses.
bench addresses="10000000":
    cargo run --release --locked -p recover-watch --example watch_speed -- {{ addresses }}

# Megabytes a second of scanning made-up blocks of the Bitcoin family, beside their bare deserialisation.
utxo-bench scripts="1000000" rounds="15":
    cargo run --release --locked -p recover-chain-bitcoin --no-default-features --example utxo_scan -- {{ scripts }} {{ rounds }}

# Made-up appeals and deposits with their truth: `just cases target/cases 100000 7 formats`; profiles base, formats, mixes, careless, together.
cases folder size="100000" seed="1" profile="base":
    cargo run --locked -p recover-testkit --example make_cases -- {{ folder }} --size {{ size }} --seed {{ seed }} --profile {{ profile }}

# Measures the output of `recover match --format json` on cases with their truth: `just evaluate target/cases out.jsonl`.
evaluate folder predictions:
    cargo run --locked -p recover-testkit --example evaluate -- {{ folder }} {{ predictions }}

# Matching from CSV to decisions with reasons, paired with DuckDB's read and join of the same files: `just match-bench 100000`.
match-bench size="1000000" rounds="5":
    tests/bench/run {{ size }} {{ rounds }}

# What CI runs.
pre-push:
    .ci/run
