//! What a step's `when` lets be known of the run once the step runs.
//!
//! In: the text of a `when`. Out: its conditions, those that `and` joins, each in a form in which a condition and its
//! opposite can be told. Nothing is worked out: `x` and `x == true` are two conditions.

use crate::yaml::{Node, NodeValue};

/// A condition, and whether it is to be false.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fact {
    text: String,
    is_denied: bool,
}

/// Words within a condition that deny it, each with the condition's own.
const DENIALS: [(&str, &str); 3] = [(" is not ", " is "), (" != ", " == "), (" not in ", " in ")];

/// The text of a step's `when`; plain `true` is none.
pub(super) fn when(step: &Node) -> Option<&str> {
    let node = step.get("when")?;
    match &node.value {
        NodeValue::Bool(false) => Some("false"),
        NodeValue::String(text) => Some(text.trim()),
        NodeValue::Bool(true) | NodeValue::Null | NodeValue::Number(_) | NodeValue::List(_) | NodeValue::Map(_) => None,
    }
}

/// What is so when a step with this `when` runs.
pub(super) fn facts(when: Option<&str>) -> Vec<Fact> {
    let Some(text) = when else { return Vec::new() };
    let text = text.strip_prefix("{{").and_then(|text| text.strip_suffix("}}")).unwrap_or(text);
    let text = bare(text);
    match split(text, " or ").as_slice() {
        [_] => split(text, " and ").into_iter().map(Fact::new).collect(),
        _ => vec![Fact::new(text)],
    }
}

impl Fact {
    fn new(text: &str) -> Self {
        let mut text = bare(text);
        let mut is_denied = false;
        while let Some(rest) = text.strip_prefix("not ") {
            is_denied = !is_denied;
            text = bare(rest);
        }
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let is_single = [" or ", " and ", " if "].iter().all(|word| split(&words, word).len() == 1);
        let denial = DENIALS.iter().find(|(denial, _)| is_single && split(&words, denial).len() == 2);
        match denial {
            Some((denial, own)) => Self { text: words.replacen(denial, own, 1), is_denied: !is_denied },
            None => Self { text: words, is_denied },
        }
    }

    /// The condition that holds when this one does not.
    pub(super) fn opposite(&self) -> Self {
        Self { text: self.text.clone(), is_denied: !self.is_denied }
    }

    /// Whether it says that nothing has failed.
    pub(super) fn is_no_failure(&self) -> bool {
        match self.text.as_str() {
            "failure is none" | "failure == none" => !self.is_denied,
            "failure" | "failure is defined" => self.is_denied,
            _ => false,
        }
    }

    /// Whether it says that a step has failed: then there is a `failure`.
    pub(super) fn is_a_failed_step(&self) -> bool {
        let is_outcome = self.text.starts_with("steps") && self.text.contains(".outcome == ");
        is_outcome && !self.is_denied && self.text.ends_with("'failed'")
    }
}

/// A text without the brackets around all of it.
fn bare(text: &str) -> &str {
    let text = text.trim();
    match text.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')) {
        Some(inner) if is_balanced(inner) => bare(inner),
        _ => text,
    }
}

/// Whether no bracket closes that was not opened.
fn is_balanced(text: &str) -> bool {
    let mut open = 0i32;
    text.chars().all(|c| {
        open += i32::from(c == '(') - i32::from(c == ')');
        open >= 0
    })
}

/// The parts of a text between a word, where it stands in no brackets and no quotes.
fn split<'t>(text: &'t str, word: &str) -> Vec<&'t str> {
    let (mut parts, mut start, mut depth, mut quote) = (Vec::new(), 0, 0i32, None);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth -= 1,
            (None, ' ') if depth == 0 && at >= start && text[at..].starts_with(word) => {
                parts.push(&text[start..at]);
                start = at + word.len();
            }
            _ => {}
        }
    }
    parts.push(text.get(start..).unwrap_or_default());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_that_and_joins_are_told_one_by_one_and_an_or_is_one() {
        let count = |text| facts(Some(text)).len();
        assert_eq!(
            [count("x and y"), count("(x and y)"), count("x and y or z"), count("x and (y and z)")],
            [2, 2, 1, 2]
        );
        assert_eq!(count("'a and b' == x"), 1);
        assert!(facts(None).is_empty());
    }

    #[test]
    fn a_condition_and_its_opposite_are_told_in_any_spelling() {
        for (one, other) in [
            ("x", "not x"),
            ("not (x)", "x"),
            ("x == 'a'", "x != 'a'"),
            ("x is none", "x is not none"),
            ("not x is none", "x  is none"),
            ("a in b", "a not in b"),
            ("x > 1 and y", "not (x > 1 and y)"),
        ] {
            let (one, other) = (Fact::new(one), Fact::new(other));
            assert_eq!(one.opposite(), other);
        }
        assert_ne!(Fact::new("x == 1 or y != 2").opposite(), Fact::new("x == 1 or y == 2"));
    }

    #[test]
    fn that_nothing_failed_is_known_in_any_spelling() {
        for text in
            ["failure is none", "not failure", "failure == none", "not failure is not none", "x and failure is none"]
        {
            assert!(facts(Some(text)).iter().any(Fact::is_no_failure), "{text}");
        }
        for text in ["failure is not none", "failure", "failure is none or x", "true"] {
            assert!(!facts(Some(text)).iter().any(Fact::is_no_failure), "{text}");
        }
    }
}
