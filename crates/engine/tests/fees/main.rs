//! Fee policies as text: each form and modifier that exchanges publish, loaded as the engine loads a `policy.toml` and reckoned to
//! the cent and to the base unit. The figures are the worked examples of the domain notes; a public page behind each is named
//! there.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are tests; the lint only knows the functions marked so"
)]

#[path = "../../../core/tests/fees/case.rs"]
mod case;
mod desk;
mod own_forms;
mod own_matrix;
mod own_modifiers;
mod own_reader;
