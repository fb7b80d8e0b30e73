//! The fee engine: forms, modifiers and quotes, to the cent and to the base unit.

mod case;
mod desk;
mod gathered;
mod policies;
mod properties;
mod sums;
