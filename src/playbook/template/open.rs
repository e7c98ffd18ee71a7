//! Values that are not known, since a check has not done what would make them.
//!
//! In: what the value is, such as `state of step load`. Out: a value that can be kept and handed on, but not looked at: a
//! template or expression that does so gives an error with `open`, whatever it would have made of it. A template around such
//! values can be rendered with placeholders in their place.
//!
//! The engine has ways to use a value that tell nobody (`==` of two kinds is false, a filter reads an attribute), so that a
//! witness notes each look; what was worked out with the help of one is thrown away.

use std::sync::{Arc, Mutex};

use minijinja::machinery::ast::Stmt;
use minijinja::value::{Enumerator, Object, ObjectRepr};
use minijinja::{Error, ErrorKind, Value as Dynamic, machinery};
use serde_json::{Map, Value};

use crate::playbook::template::dynamic;
use crate::playbook::template::engine::{Engine, RenderError, syntax};
use crate::playbook::template::tree::{Expr, Template, TemplateError};

/// Notes the first look at a value that is not known.
#[derive(Debug, Default)]
pub(super) struct Witness(Mutex<Option<String>>);

impl Witness {
    fn sees(&self, what: &str) -> Dynamic {
        if let Ok(mut seen) = self.0.lock() {
            seen.get_or_insert_with(|| what.to_owned());
        }
        // Ends the evaluation at once, where the engine looks.
        Dynamic::from(Error::new(ErrorKind::InvalidOperation, unknown(what)))
    }

    fn take(&self) -> Option<String> {
        self.0.lock().ok()?.take()
    }
}

/// A value of which nothing is known.
#[derive(Debug)]
struct Open {
    what: String,
    witness: Arc<Witness>,
}

impl Object for Open {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }
}

/// A map of which some values are known.
#[derive(Debug)]
struct PartlyOpen {
    known: Map<String, Value>,
    /// The other keys, each with what its value is.
    open: Vec<(String, String)>,
    witness: Arc<Witness>,
}

impl Object for PartlyOpen {
    fn get_value(self: &Arc<Self>, key: &Dynamic) -> Option<Dynamic> {
        let key = key.as_str()?;
        match self.open.iter().find(|(name, _)| name == key) {
            Some((_, what)) => Some(self.witness.sees(what)),
            None => self.known.get(key).map(dynamic),
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let open = self.open.iter().map(|(name, _)| name);
        Enumerator::Values(self.known.keys().chain(open).map(|name| Dynamic::from(name.as_str())).collect())
    }
}

/// Whether a value is not known, or not wholly, so that to go through it would be to look at it.
pub(super) fn is_open(value: &Dynamic) -> bool {
    value.downcast_object_ref::<Open>().is_some() || value.downcast_object_ref::<PartlyOpen>().is_some()
}

/// A value as a template sees it that asks for it by its name: one that is not known has been looked at then.
#[must_use]
pub fn look_at(value: Dynamic) -> Dynamic {
    match value.downcast_object_ref::<Open>() {
        Some(open) => open.witness.sees(&open.what),
        None => value,
    }
}

/// What stands for a value that is not known.
#[must_use]
pub fn placeholder(what: &str) -> String {
    format!("<unknown: {what}>")
}

fn unknown(what: &str) -> String {
    format!("the {what} is not known in a check")
}

impl Engine {
    /// A value of which nothing is known; `what` says what it is.
    #[must_use]
    pub fn open(&self, what: impl Into<String>) -> Dynamic {
        Dynamic::from_object(Open { what: what.into(), witness: Arc::clone(&self.witness) })
    }

    /// A map of which only `known` is known; of each other key it is said what its value is.
    #[must_use]
    pub fn partly_open(&self, known: Map<String, Value>, open: Vec<(String, String)>) -> Dynamic {
        Dynamic::from_object(PartlyOpen { known, open, witness: Arc::clone(&self.witness) })
    }

    /// Works something out; whatever comes of it is no good when a value was looked at that is not known.
    pub(super) fn watched<T>(&self, work: impl FnOnce() -> Result<T, RenderError>) -> Result<T, RenderError> {
        self.witness.take();
        let done = work();
        let Some(what) = self.witness.take() else { return done };
        let range = done.err().and_then(|error| error.range);
        Err(RenderError { range, open: Some(what.clone()), ..RenderError::plain(unknown(&what)) })
    }
}

impl Template {
    /// Renders it; where a value is not known, a placeholder stands, and `open` takes what it is.
    ///
    /// # Errors
    /// The first template that gave nothing for another reason.
    pub fn render_open(
        &self,
        engine: &Engine,
        scope: &Dynamic,
        open: &mut Vec<String>,
    ) -> Result<Value, TemplateError> {
        match self {
            Self::Literal(value) => Ok(value.clone()),
            Self::Expression(_) => match self.render(engine, scope) {
                Err(TemplateError { error: RenderError { open: Some(what), .. }, .. }) => {
                    let text = placeholder(&what);
                    open.push(what);
                    Ok(Value::String(text))
                }
                rendered => rendered,
            },
            Self::Text(text) => match self.render(engine, scope) {
                Err(TemplateError { error: RenderError { open: Some(what), .. }, .. }) => {
                    let pieces = in_pieces(text, engine, scope).unwrap_or_else(|| placeholder(&what));
                    open.push(what);
                    Ok(Value::String(pieces))
                }
                rendered => rendered,
            },
            Self::List(items) => items.iter().map(|item| item.render_open(engine, scope, open)).collect(),
            Self::Map(entries) => {
                let mut rendered = Map::new();
                for (key, value) in entries {
                    rendered.insert(key.clone(), value.render_open(engine, scope, open)?);
                }
                Ok(Value::Object(rendered))
            }
        }
    }
}

/// A text whose expressions are rendered one by one; none when it is more than text and expressions.
fn in_pieces(text: &Expr, engine: &Engine, scope: &Dynamic) -> Option<String> {
    let template = machinery::parse(&text.text, "template", syntax()).ok()?;
    let Stmt::Template(template) = &template else { return None };
    let mut expressions = expressions(&text.text)?.into_iter();
    let mut whole = String::new();
    for statement in &template.children {
        match statement {
            Stmt::EmitRaw(raw) => whole.push_str(raw.raw),
            Stmt::EmitExpr(_) => match engine.render(&format!("{{{{ {} }}}}", expressions.next()?), scope) {
                Ok(piece) => whole.push_str(&piece),
                Err(RenderError { open: Some(what), .. }) => whole.push_str(&placeholder(&what)),
                Err(_) => return None,
            },
            _ => return None,
        }
    }
    expressions.next().is_none().then_some(whole)
}

/// The expressions between the braces of a text without statements and comments; none where that is not plain to see.
fn expressions(text: &str) -> Option<Vec<&str>> {
    if text.contains("{%") || text.contains("{#") {
        return None;
    }
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, inside)) = rest.split_once("{{") {
        let end = end_of_expression(inside)?;
        let expression = inside[..end].trim_start_matches(['-', '+']).trim_end_matches(['-', '+']);
        machinery::parse_expr(expression).ok()?;
        found.push(expression);
        rest = &inside[end + 2..];
    }
    Some(found)
}

/// Where the first `}}` stands that is in no string.
fn end_of_expression(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        match (quote, c) {
            (Some(_), '\\') => {
                characters.next();
            }
            (Some(open), c) if open == c => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, '}') if text[at..].starts_with("}}") => return Some(at),
            (Some(_) | None, _) => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::playbook::template::RunClock;

    /// As the executor's: a name that is asked for is looked at.
    #[derive(Debug)]
    struct Names(BTreeMap<String, Dynamic>);

    impl Object for Names {
        fn get_value(self: &Arc<Self>, key: &Dynamic) -> Option<Dynamic> {
            self.0.get(key.as_str()?).cloned().map(look_at)
        }
    }

    fn engine() -> Engine {
        Engine::new(&RunClock::at("2026-11-23T06:00:00Z".parse().expect("a time"), "UTC").expect("a zone"))
    }

    fn scope(engine: &Engine) -> Dynamic {
        let known = Map::from_iter([("id".to_owned(), Value::from("r1"))]);
        let run = engine.partly_open(known, vec![("state".to_owned(), "state of step load".to_owned())]);
        let names = [("x", engine.open("x of step a")), ("run", run), ("known", Dynamic::from(7))];
        Dynamic::from_object(Names(names.map(|(name, value)| (name.to_owned(), value)).into()))
    }

    #[test]
    fn whatever_looks_at_an_unknown_value_is_unknown_and_nothing_else_is() {
        let engine = engine();
        let scope = scope(&engine);
        for unknown in [
            "x",
            "x == 'a'",
            "x != 'a'",
            "x is none",
            "x is defined",
            "x | default('a')",
            "not x",
            "x in ['a']",
            "[1, x]",
            "x or true",
            "x.y.z",
            "x ~ 'a'",
            "run.state",
            "run['state'] == 'success'",
            "'state' in run",
            "run == {'id': 'r1', 'state': 'success'}",
            "run | tojson",
            "run | items | list",
            "run | dictsort",
            "[run] | map(attribute='state') | list",
            "[run] | selectattr('state', 'eq', 'failed') | list | length == 0",
            "[run] | rejectattr('state') | list | length",
            "[run] | sort(attribute='state') | length",
            "[run] | groupby('state') | length",
            "known == 7 and x == 1",
        ] {
            let error = engine.evaluate(unknown, &scope).and_then(|value| engine.json(&value)).expect_err(unknown);
            assert!(error.open.is_some(), "{unknown}: {error:?}");
        }
        for (known, value) in [
            ("run.id", Value::from("r1")),
            ("run['id'] == 'r1'", Value::from(true)),
            ("run is defined", Value::from(true)),
            ("run == {'id': 'r1'}", Value::from(false)),
            ("known == 7 or x == 1", Value::from(true)),
            ("known if known == 7 else x", Value::from(7)),
            ("[run] | map(attribute='id') | first", Value::from("r1")),
        ] {
            let given = engine.evaluate(known, &scope).and_then(|value| engine.json(&value));
            assert_eq!(given, Ok(value), "{known}");
        }
        let mistake = engine.evaluate("nope", &scope).expect_err("a mistake stays one");
        assert_eq!(mistake.open, None);
        assert!(engine.evaluate("run.nope", &scope).is_err_and(|error| error.open.is_none()));
    }

    #[test]
    fn a_text_has_placeholders_where_values_are_unknown() {
        let engine = engine();
        let scope = scope(&engine);
        let render = |text: &str| {
            let node = crate::yaml::Node { value: crate::yaml::NodeValue::String(text.to_owned()), ..node() };
            let mut open = Vec::new();
            let value = Template::from_node(&node).render_open(&engine, &scope, &mut open).expect(text);
            (value.as_str().expect("text").to_owned(), open)
        };
        let state = "<unknown: state of step load>";
        for (text, expected) in [
            ("{{ run.id }} is {{ run.state }}", format!("r1 is {state}")),
            ("a {{- run.state | upper -}} b", format!("a{state}b")),
            ("{{ run.state ~ '}}' }} {{ known + 1 }}", format!("{state} 8")),
            ("{{ {'a': {'b': run.state}} | tojson }} {{ known }}", state.to_owned()),
            ("{% if run.state == 'success' %}good{% else %}bad{% endif %}", state.to_owned()),
            ("{% set s = run.state %}{{ s }}!", state.to_owned()),
            ("{{ run.state }}", state.to_owned()),
        ] {
            assert_eq!(render(text), (expected, vec!["state of step load".to_owned()]), "{text}");
        }
        assert_eq!(render("{{ known }} of {{ run.id }}"), ("7 of r1".to_owned(), Vec::new()));
    }

    fn node() -> crate::yaml::Node {
        let file = crate::source::SourceFile::new("p.yaml", "x");
        crate::yaml::parse(&file).expect("a good text")
    }
}
