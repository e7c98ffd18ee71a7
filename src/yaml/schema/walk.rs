//! The walk over schema and tree, hand in hand.
//!
//! In: a rule (one schema object) and a place (one value). Out: the mistakes of the value and of all below it. Each
//! family of keywords has its own file; here they are called in order. The walk is bounded in depth and in steps.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::kind::Kinds;
use super::{Schema, choice, kind, list, map, scalar};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{SourceFile, Span};
use crate::yaml::tree::{Entry, Node};

const DEEPEST: usize = 512;
pub(super) const MOST_STEPS: usize = 2_000_000;

/// One schema object.
pub(super) type Rule = Map<String, Value>;

/// A value to be judged, and what is known about it from above.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    /// The value.
    pub(super) node: &'a Node,
    /// The entry of the map that holds it.
    pub(super) entry: Option<&'a Entry>,
    /// `x-name` of the rules so far.
    pub(super) name: Option<&'a str>,
    /// `x-expected` of the rules so far.
    pub(super) expected: Option<&'a str>,
    /// `x-short` of the rules so far.
    pub(super) short: Option<&'a str>,
    /// `x-help` of the rules so far.
    pub(super) help: Option<&'a str>,
    /// `x-unit` of the rules so far.
    pub(super) needs_unit: bool,
    /// The rule of the map that holds it.
    pub(super) above: Option<&'a Rule>,
    depth: usize,
}

impl<'a> Place<'a> {
    /// A place of which nothing is known yet.
    fn new(node: &'a Node, depth: usize) -> Self {
        let (name, expected, short, help) = (None, None, None, None);
        Self { node, entry: None, name, expected, short, help, needs_unit: false, above: None, depth }
    }

    /// The place of an entry of this map, which follows `rule`.
    pub(super) fn value_of(self, entry: &'a Entry, rule: &'a Rule) -> Self {
        Self { entry: Some(entry), above: Some(rule), ..Self::new(&entry.value, self.depth) }
    }

    /// The place of an item of this list.
    pub(super) fn item(self, node: &'a Node) -> Self {
        Self::new(node, self.depth)
    }

    /// Where a mistake of the value itself is shown; a missing value has only its key.
    pub(super) fn span(self) -> Span {
        match self.entry {
            Some(entry) if self.node.span.start == self.node.span.end => entry.key_span,
            _ => self.node.span,
        }
    }

    /// Where a mistake of a map as a whole is shown: its key, else its first key, else itself.
    pub(super) fn head(self) -> Span {
        let first_key = self.node.entries().first().map(|entry| entry.key_span);
        self.entry.map(|entry| entry.key_span).or(first_key).unwrap_or(self.node.span)
    }

    /// The place of a value that can only have been meant as this rule says: its words count, not those from above.
    pub(super) fn meant_as(self, rule: &'a Value) -> Self {
        let own = rule.get("x-expected").and_then(Value::as_str);
        Self { expected: own.or(self.expected), help: if own.is_some() { None } else { self.help }, ..self }
    }

    fn under(self, rule: &'a Rule) -> Self {
        let text = |keyword| rule.get(keyword).and_then(Value::as_str);
        Self {
            name: self.name.or(text("x-name")),
            expected: self.expected.or(text("x-expected")),
            short: self.short.or(text("x-short")),
            help: self.help.or(text("x-help")),
            needs_unit: self.needs_unit || rule.get("x-unit") == Some(&Value::Bool(true)),
            depth: self.depth + 1,
            ..self
        }
    }
}

/// A schema at work on a file.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    /// The schema.
    pub(super) schema: &'a Schema,
    /// The file that mistakes are in.
    pub(super) file: &'a SourceFile,
    steps_left: Cell<usize>,
    /// Whether something was left out, since it was too deep or took too long.
    is_cut_short: Cell<bool>,
    /// The kinds each rule accepts, by the rule's address in the schema, which stays borrowed.
    kinds: RefCell<HashMap<usize, Kinds>>,
    /// The `$ref`s being followed: rule and value, by address.
    following: RefCell<HashSet<(usize, usize)>>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(schema: &'a Schema, file: &'a SourceFile, most_steps: usize) -> Self {
        Self {
            schema,
            file,
            steps_left: Cell::new(most_steps),
            is_cut_short: Cell::new(false),
            kinds: RefCell::default(),
            following: RefCell::default(),
        }
    }

    /// Whether something was left out, so that what was found is not all, or not right.
    pub(super) fn is_cut_short(&self) -> bool {
        self.is_cut_short.get()
    }

    pub(super) fn check_root(&self, node: &'a Node) -> Vec<Diagnostic> {
        self.check_below(&self.schema.root, node)
    }

    /// The mistakes of a value about which nothing is known from above.
    pub(super) fn check_below(&self, rule: &'a Value, node: &'a Node) -> Vec<Diagnostic> {
        self.check(rule, Place::new(node, 0))
    }

    /// The same with a value that is not of the tree; its steps count, too.
    pub(super) fn check_apart(&self, rule: &'a Value, node: &Node) -> Vec<Diagnostic> {
        let apart = Walk::new(self.schema, self.file, self.steps_left.get());
        let mistakes = apart.check_below(rule, node);
        self.steps_left.set(apart.steps_left.get());
        self.is_cut_short.set(self.is_cut_short.get() || apart.is_cut_short.get());
        mistakes
    }

    /// The mistakes of a value and of all below it.
    pub(super) fn check(&self, rule: &'a Value, place: Place<'a>) -> Vec<Diagnostic> {
        let Some(left) = self.steps_left.get().checked_sub(1) else {
            self.is_cut_short.set(true);
            let message = "the file is too large to be checked";
            return vec![Diagnostic::new(Code::TOO_LARGE, self.file, Span::default(), message)];
        };
        self.steps_left.set(left);
        match rule {
            Value::Bool(false) => vec![self.refuse(place)],
            Value::Object(rule) if place.depth < DEEPEST => self.check_rule(rule, place.under(rule)),
            Value::Object(_) => {
                self.is_cut_short.set(true);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn check_rule(&self, rule: &'a Rule, place: Place<'a>) -> Vec<Diagnostic> {
        let first =
            kind::template_where_none_may_stand(self, rule, place).or_else(|| kind::wrong_type(self, rule, place));
        if let Some(mistake) = first {
            return vec![mistake];
        }
        let mut mistakes = Vec::new();
        if let Some(target) = rule.get("$ref").and_then(Value::as_str).and_then(|name| self.schema.resolve(name)) {
            mistakes.extend(self.follow(target, place));
        }
        mistakes.extend(scalar::check(self, rule, place));
        mistakes.extend(list::check(self, rule, place));
        mistakes.extend(map::check(self, rule, place));
        for inner in rules(rule, "allOf") {
            mistakes.extend(self.check(inner, place));
        }
        mistakes.extend(choice::check(self, rule, place));
        if let Some(inner) = rule.get("not")
            && self.check(inner, place).is_empty()
        {
            mistakes.push(self.refuse(place));
        }
        mistakes
    }

    /// Checks the target of a `$ref`; one that leads back to itself at the same value says nothing.
    fn follow(&self, target: &'a Value, place: Place<'a>) -> Vec<Diagnostic> {
        let step = (std::ptr::from_ref(target).addr(), std::ptr::from_ref(place.node).addr());
        if !self.following.borrow_mut().insert(step) {
            return Vec::new();
        }
        let mistakes = self.check(target, place);
        self.following.borrow_mut().remove(&step);
        mistakes
    }

    /// The kinds a rule of the schema accepts, found once; a rule that leads to itself meanwhile counts as accepting all.
    pub(super) fn remember_kinds(&self, rule: &Value, find: impl FnOnce() -> Kinds) -> Kinds {
        let address = std::ptr::from_ref(rule).addr();
        if let Some(&kinds) = self.kinds.borrow().get(&address) {
            return kinds;
        }
        self.kinds.borrow_mut().insert(address, Kinds::ALL);
        let kinds = find();
        self.kinds.borrow_mut().insert(address, kinds);
        kinds
    }

    fn refuse(&self, place: Place<'_>) -> Diagnostic {
        let message = match place.expected {
            Some(expected) => format!("expected {expected}"),
            None => "this value is not allowed here".to_owned(),
        };
        self.mistake(Code::NOT_ALLOWED, place, message)
    }

    /// A mistake of the value itself.
    pub(super) fn mistake(&self, code: Code, place: Place<'_>, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(code, self.file, place.span(), message)
    }
}

/// The rules in a list such as `allOf`.
pub(super) fn rules<'a>(rule: &'a Rule, keyword: &str) -> &'a [Value] {
    rule.get(keyword).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The texts in a list such as `required`.
pub(super) fn texts<'a>(rule: &'a Rule, keyword: &str) -> Vec<&'a str> {
    rules(rule, keyword).iter().filter_map(Value::as_str).collect()
}
