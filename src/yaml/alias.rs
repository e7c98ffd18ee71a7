//! Anchors, and how large the tree may become through them.
//!
//! In: anchored nodes as they are completed, and aliases. Out: a copy of the anchored node, or nothing when the alias
//! stands inside its own anchor. Copies are counted before they are made, so a file of nested aliases ends at once.

use std::collections::HashMap;

use super::tree::{Node, NodeValue};

/// The deepest nesting of lists and maps.
pub(super) const DEEPEST: usize = 64;
const MOST_NODES: usize = 200_000;
const MOST_TEXT: usize = 64 * 1024 * 1024;

/// How much tree there is.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Size {
    /// Values.
    pub(super) nodes: usize,
    /// Bytes in keys and texts.
    pub(super) text: usize,
}

impl Size {
    /// The size of a whole tree.
    pub(super) fn of(node: &Node) -> Self {
        let mut size = Self { nodes: 1, text: node.text().map_or(0, str::len) };
        for item in node.items() {
            size.add(Self::of(item));
        }
        for entry in node.entries() {
            size.add(Self::of(&entry.value));
            size.text += entry.key.len();
        }
        size
    }

    /// Adds another size.
    pub(super) fn add(&mut self, other: Self) {
        self.nodes += other.nodes;
        self.text += other.text;
    }

    /// Whether a tree of this size is refused.
    pub(super) fn is_too_large(self) -> bool {
        self.nodes > MOST_NODES || self.text > MOST_TEXT
    }
}

/// The anchors of a document so far.
#[derive(Debug, Default)]
pub(super) struct Anchors {
    complete: HashMap<usize, Anchored>,
    /// The names of all anchors, for suggestions.
    pub(super) names: Vec<String>,
}

/// An anchored node with what a copy of it costs.
#[derive(Debug)]
pub(super) struct Anchored {
    /// The node; `None` when it holds a mistake that is already reported.
    pub(super) node: Option<Node>,
    /// What a copy adds to the tree.
    pub(super) size: Size,
    /// How many levels of lists and maps it has.
    pub(super) height: usize,
}

impl Anchors {
    /// Keeps a completed node under its anchor and says what keeping it costs.
    pub(super) fn complete(&mut self, id: usize, node: Option<&Node>) -> Size {
        let size = node.map(Size::of).unwrap_or_default();
        let kept = if size.is_too_large() { None } else { node.cloned() };
        self.complete.insert(id, Anchored { node: kept, size, height: node.map_or(0, height) });
        size
    }

    /// The completed node of an anchor; `None` while the anchor is still open.
    pub(super) fn get(&self, id: usize) -> Option<&Anchored> {
        self.complete.get(&id)
    }
}

fn height(node: &Node) -> usize {
    let children = match &node.value {
        NodeValue::List(items) => items.iter().map(height).max(),
        NodeValue::Map(entries) => entries.iter().map(|entry| height(&entry.value)).max(),
        _ => return 0,
    };
    1 + children.unwrap_or(0)
}
