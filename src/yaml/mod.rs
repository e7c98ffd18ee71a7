//! YAML text to a tree in which every key and value knows its place.
//!
//! In: the bytes of a file. Out: a [`Node`] tree, or every mistake that can be seen in the text: YAML errors, duplicate
//! keys, unknown anchors, templates without quotes. [`schema`] then holds the tree against a JSON Schema. Nothing here
//! knows playbooks or reads files, and no input makes it slow, large or panic.

mod decode;
mod parse;

mod build;
mod slip;
mod syntax;

mod alias;
mod frame;
mod plain;
mod rewritten;
mod tree;

mod block_trace;
mod flow_trace;
mod scalar;
mod trace;

mod pattern;

pub mod schema;

pub use decode::decode;
pub use parse::{Parsed, parse, read};
pub use pattern::{Pattern, TooMuch};
pub use rewritten::{Rewritten, rewritten};
pub use scalar::span_in_scalar;
pub use tree::{Entry, Node, NodeValue};
