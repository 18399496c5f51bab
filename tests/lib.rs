//! Tests that cross the crates: examples, compiler messages, golden vectors, live servers, and every Rust block of the
//! documentation.

#[doc = include_str!("../README.md")]
pub mod readme {}
