//! A list or map that is still being read.
//!
//! In: child nodes in order; in a map, keys and values by turns. Out: the finished list or map, with what is wrong about
//! its keys. `None` for a child means that its mistake is already reported; it is left out.

use std::collections::HashMap;

use super::tree::{Entry, Node, NodeValue};
use crate::diagnostic::{Code, Diagnostic, quote};
use crate::source::{SourceFile, Span};

/// A list or map that is open.
#[derive(Debug)]
pub(super) struct Frame {
    /// Where it starts.
    pub(super) start: usize,
    /// Whether it is in brackets.
    pub(super) flow: bool,
    /// The number of its anchor, or 0.
    pub(super) anchor: usize,
    children: Children,
}

#[derive(Debug)]
enum Children {
    List(Vec<Node>),
    Map(MapChildren),
}

#[derive(Debug, Default)]
struct MapChildren {
    entries: Vec<Entry>,
    places: HashMap<String, Span>,
    merged: Vec<Entry>,
    key: Key,
}

/// What the next value of a map belongs to.
#[derive(Debug, Default)]
enum Key {
    /// The next child is a key.
    #[default]
    Awaited,
    /// The next child is the value of this key.
    Text(String, Span),
    /// The next child is merged.
    Merge(Span),
    /// The key is wrong; the next child is dropped.
    Wrong,
}

impl Frame {
    /// An open list.
    pub(super) fn list(start: usize, flow: bool, anchor: usize) -> Self {
        Self { start, flow, anchor, children: Children::List(Vec::new()) }
    }

    /// An open map.
    pub(super) fn map(start: usize, flow: bool, anchor: usize) -> Self {
        Self { start, flow, anchor, children: Children::Map(MapChildren::default()) }
    }

    /// Takes the next child; `plain` says that it is a scalar without quotes.
    pub(super) fn take(&mut self, child: Option<Node>, plain: bool, file: &SourceFile) -> Vec<Diagnostic> {
        match &mut self.children {
            Children::List(items) => {
                items.extend(child);
                Vec::new()
            }
            Children::Map(map) => map.take(child, plain, file),
        }
    }

    /// Whether the next child is an item or the value of a key.
    pub(super) fn awaits_value(&self) -> bool {
        match &self.children {
            Children::List(_) => true,
            Children::Map(map) => matches!(map.key, Key::Text(..)),
        }
    }

    /// The finished list or map, which ends at `end`.
    pub(super) fn finish(self, end: usize) -> Node {
        let span = Span::new(self.start, end.max(self.start));
        match self.children {
            Children::List(mut items) => {
                items.shrink_to_fit();
                Node { span, value: NodeValue::List(items) }
            }
            Children::Map(map) => Node { span, value: NodeValue::Map(map.finish()) },
        }
    }
}

impl MapChildren {
    fn take(&mut self, child: Option<Node>, plain: bool, file: &SourceFile) -> Vec<Diagnostic> {
        match std::mem::take(&mut self.key) {
            Key::Awaited => {
                let (key, mistake) = self.key_of(child, plain, file);
                self.key = key;
                return mistake.into_iter().collect();
            }
            Key::Text(key, key_span) => {
                self.entries.extend(child.map(|value| Entry { key, key_span, value }));
            }
            Key::Merge(span) => return self.merge(span, child, file),
            Key::Wrong => {}
        }
        Vec::new()
    }

    fn key_of(&mut self, child: Option<Node>, plain: bool, file: &SourceFile) -> (Key, Option<Diagnostic>) {
        let Some(node) = child else { return (Key::Wrong, None) };
        let NodeValue::String(key) = node.value else {
            return (Key::Wrong, Some(not_text(&node, file)));
        };
        if let Some(&first) = self.places.get(&key) {
            let message = format!("the key {} stands here twice", quote(&key));
            let mistake = Diagnostic::new(Code::DUPLICATE_KEY, file, node.span, message)
                .with_related(first, "first here")
                .with_help("remove one of them, or rename it");
            return (Key::Wrong, Some(mistake));
        }
        self.places.insert(key.clone(), node.span);
        let merges = plain && key == "<<";
        (if merges { Key::Merge(node.span) } else { Key::Text(key, node.span) }, None)
    }

    fn merge(&mut self, span: Span, child: Option<Node>, file: &SourceFile) -> Vec<Diagnostic> {
        let Some(node) = child else { return Vec::new() };
        let sources = match node.value {
            NodeValue::List(items) => items,
            _ => vec![node],
        };
        let mut mistakes = Vec::new();
        for source in sources {
            let kind = source.kind();
            match source.value {
                NodeValue::Map(entries) => self.merged.extend(entries),
                _ => mistakes.push(
                    Diagnostic::new(Code::WRONG_TYPE, file, span, format!("`<<` merges a map, found {kind}"))
                        .with_help("write `<<: *name`, where `&name` stands before a map"),
                ),
            }
        }
        mistakes
    }

    /// The entries; a key written in the map wins over a merged one, and an earlier merged one over a later.
    fn finish(mut self) -> Vec<Entry> {
        for entry in self.merged {
            if !self.places.contains_key(&entry.key) {
                self.places.insert(entry.key.clone(), entry.key_span);
                self.entries.push(entry);
            }
        }
        self.entries.shrink_to_fit();
        self.entries
    }
}

fn not_text(key: &Node, file: &SourceFile) -> Diagnostic {
    let written = file.slice(key.span);
    let one_line = !written.is_empty() && written.len() <= 60 && !written.contains(['\n', '"', '\\']);
    let (message, help) = match key.value {
        NodeValue::List(_) | NodeValue::Map(_) => (format!("a key must be text, found a {}", key.kind()), None),
        _ if !one_line => ("there is no key before this `:`".to_owned(), None),
        _ => {
            let message = format!("a key must be text, but {} is {}", quote(written), with_article(key.kind()));
            (message, Some(format!("put it in quotes: `\"{written}\":`")))
        }
    };
    let diagnostic = Diagnostic::new(Code::KEY_OR_TAG, file, key.span, message);
    match help {
        Some(help) => diagnostic.with_help(help),
        None => diagnostic,
    }
}

fn with_article(kind: &str) -> String {
    if kind == "number" { format!("a {kind}") } else { kind.to_owned() }
}
