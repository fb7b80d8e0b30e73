//! The offline checker: packages that pass, and everything that must not.

mod cases;
mod chains;
mod own_accepts;
mod own_tamper;
mod tamper_content;
mod tamper_file;
mod world;
