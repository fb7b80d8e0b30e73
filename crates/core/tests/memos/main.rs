//! Whom routing fields name: a table of what people type, the pitfalls of three networks, and what holds for any text.

mod pitfalls;
mod random;
mod table;
mod world;
