//! The tree: values with their places.
//!
//! In: what the builder puts together. Out: access by key and by JSON pointer, and the same value as JSON. A tree is at
//! most 64 levels deep, so that walking it may recurse.

use serde_json::{Map, Number, Value};

use crate::source::Span;

/// A value and the place where it is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The value's source: a scalar with its quotes or from its `|`, a map or list from its first to its last byte.
    pub span: Span,
    /// The value.
    pub value: NodeValue,
}

/// A value as YAML's core schema reads it.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeValue {
    /// Nothing: `null`, `~` or no value at all.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole or decimal number.
    Number(Number),
    /// Text, decoded.
    String(String),
    /// A list.
    List(Vec<Node>),
    /// A map in the order of the file; each key stands once.
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key, decoded.
    pub key: String,
    /// The key's source, with its quotes.
    pub key_span: Span,
    /// The value.
    pub value: Node,
}

impl Node {
    /// The value under a key of a map.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The entry of a key of a map.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The entries of a map; none of anything else.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            NodeValue::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; none of anything else.
    #[must_use]
    pub fn items(&self) -> &[Node] {
        match &self.value {
            NodeValue::List(items) => items,
            _ => &[],
        }
    }

    /// The text, if the value is text.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            NodeValue::String(text) => Some(text),
            _ => None,
        }
    }

    /// The value at a JSON pointer such as `/steps/0/print`.
    #[must_use]
    pub fn at(&self, pointer: &str) -> Option<&Node> {
        segments(pointer)?.iter().try_fold(self, |node, segment| node.child(segment))
    }

    /// The place of the key that the last segment of a JSON pointer names.
    #[must_use]
    pub fn key_span_at(&self, pointer: &str) -> Option<Span> {
        let segments = segments(pointer)?;
        let (last, parents) = segments.split_last()?;
        let parent = parents.iter().try_fold(self, |node, segment| node.child(segment))?;
        parent.entry(last).map(|entry| entry.key_span)
    }

    /// The same value without places.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match &self.value {
            NodeValue::Null => Value::Null,
            NodeValue::Bool(value) => Value::Bool(*value),
            NodeValue::Number(value) => Value::Number(value.clone()),
            NodeValue::String(value) => Value::String(value.clone()),
            NodeValue::List(items) => Value::Array(items.iter().map(Node::to_json).collect()),
            NodeValue::Map(entries) => {
                let pairs = entries.iter().map(|entry| (entry.key.clone(), entry.value.to_json()));
                Value::Object(pairs.collect::<Map<_, _>>())
            }
        }
    }

    /// What a person calls this kind of value.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.value {
            NodeValue::Null => "nothing",
            NodeValue::Bool(_) => "true or false",
            NodeValue::Number(_) => "number",
            NodeValue::String(_) => "text",
            NodeValue::List(_) => "list",
            NodeValue::Map(_) => "map",
        }
    }

    fn child(&self, segment: &str) -> Option<&Node> {
        match &self.value {
            NodeValue::List(items) => items.get(segment.parse::<usize>().ok()?),
            _ => self.get(segment),
        }
    }
}

fn segments(pointer: &str) -> Option<Vec<String>> {
    if pointer.is_empty() {
        return Some(Vec::new());
    }
    let rest = pointer.strip_prefix('/')?;
    Some(rest.split('/').map(|segment| segment.replace("~1", "/").replace("~0", "~")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceFile;
    use crate::yaml::parse;

    #[test]
    fn a_pointer_finds_the_value_and_the_key_above_it() {
        let file = SourceFile::new("a.yaml", "steps:\n  - print: hi\n    'a/b': {c~d: 1}\n");
        let tree = parse(&file).expect("good YAML");
        assert_eq!(tree.at("/steps/0/print").and_then(Node::text), Some("hi"));
        let key = tree.key_span_at("/steps/0/print").expect("it is there");
        assert_eq!(file.slice(key), "print");
        assert_eq!(tree.at("/steps/0/a~1b/c~0d").map(Node::kind), Some("number"));
        for missing in ["/steps/1", "/steps/x", "/nothing", "steps", "/steps/0/print/x"] {
            assert!(tree.at(missing).is_none(), "{missing}");
        }
        assert_eq!(tree.at(""), Some(&tree));
        assert!(tree.key_span_at("").is_none() && tree.key_span_at("/steps/0").is_none());
    }

    #[test]
    fn a_tree_is_the_same_value_as_json() {
        let file = SourceFile::new("a.yaml", "a: [1, 2.5, true, ~, x]\nb: {c: ''}\n");
        let tree = parse(&file).expect("good YAML");
        assert_eq!(tree.to_json(), serde_json::json!({"a": [1, 2.5, true, null, "x"], "b": {"c": ""}}));
    }
}
