//! The template engine with its settings: what a template may do, and how much of it.

use std::ops::Range;
use std::sync::Arc;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::ValueKind;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior, Value};

use crate::playbook::template::bounds::{Capped, OUTPUT_MAX};
use crate::playbook::template::fault::help_of;
use crate::playbook::template::open::Witness;
use crate::playbook::template::time::RunClock;
use crate::playbook::template::{bounds, filters, time};

/// Instructions and items a rendering may use; it also bounds memory, at about 64 bytes each.
const FUEL: u64 = 500_000;
/// The longest piece of a text that a message names.
const LONGEST_NAME: usize = 60;

/// Renders templates and works expressions out.
#[derive(Debug)]
pub struct Engine {
    environment: Environment<'static>,
    /// Sees when a value is looked at that is not known.
    pub(super) witness: Arc<Witness>,
}

/// Why a template or expression gave nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RenderError {
    /// One sentence: lower case, no full stop.
    pub message: String,
    /// The bytes of the template's text that are to blame, when known.
    pub range: Option<Range<usize>>,
    /// What to write instead, when that is known.
    pub help: Option<String>,
    /// The value that was looked at and is not known: then nothing else is wrong.
    pub open: Option<String>,
}

impl Engine {
    /// An engine whose `now()` and `today()` are those of `clock`.
    #[must_use]
    pub fn new(clock: &RunClock) -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_formatter(write_strictly);
        environment.set_fuel(Some(FUEL));
        environment.set_recursion_limit(64);
        environment.set_debug(true);
        environment.set_syntax(syntax());
        environment.remove_global("debug");
        bounds::add(&mut environment);
        filters::add(&mut environment);
        time::add(&mut environment, clock);
        Self { environment, witness: Arc::default() }
    }

    /// Works an expression out.
    ///
    /// # Errors
    /// When it can't be read, a name is undefined, or a bound is reached.
    pub fn evaluate(&self, expression: &str, scope: &Value) -> Result<Value, RenderError> {
        let compiled = self.environment.compile_expression(expression).map_err(|error| RenderError::new(&error))?;
        self.watched(|| {
            let value = compiled.eval(scope.clone()).map_err(|error| RenderError::in_text(&error, expression))?;
            if value.is_undefined() {
                let start = expression.len() - expression.trim_start().len();
                let range = start..start + expression.trim().len();
                let message = undefined(expression.get(range.clone()));
                return Err(RenderError { range: Some(range), ..RenderError::plain(message) });
            }
            Ok(value)
        })
    }

    /// A value as JSON, once it is known not to be endless.
    ///
    /// # Errors
    /// When it is too large, or has no form in JSON.
    pub fn json(&self, value: &Value) -> Result<serde_json::Value, RenderError> {
        self.watched(|| {
            bounds::json(value).map_err(|error| RenderError::new(&error))?;
            serde_json::to_value(value).map_err(|error| RenderError::plain(format!("the value can't be used: {error}")))
        })
    }

    /// Renders a template to text.
    ///
    /// # Errors
    /// When it can't be read, a name is undefined, a value does not fit into text, or a bound is reached.
    pub fn render(&self, template: &str, scope: &Value) -> Result<String, RenderError> {
        let compiled = self.environment.template_from_str(template).map_err(|error| RenderError::new(&error))?;
        self.watched(|| {
            let mut text = Capped::default();
            compiled
                .render_captured_to(scope.clone(), &mut text)
                .map_err(|error| RenderError::in_text(&error, template))?;
            String::from_utf8(text.bytes).map_err(|_| RenderError::plain("the text is not valid UTF-8"))
        })
    }

    /// Whether a filter of this name exists.
    #[must_use]
    pub fn has_filter(&self, name: &str) -> bool {
        let outcome = self.environment.empty_state().apply_filter(name, &[]);
        !matches!(outcome, Err(error) if error.kind() == ErrorKind::UnknownFilter)
    }

    /// Whether a test (`is name`) exists.
    #[must_use]
    pub fn has_test(&self, name: &str) -> bool {
        let outcome = self.environment.empty_state().perform_test(name, &[]);
        !matches!(outcome, Err(error) if error.kind() == ErrorKind::UnknownTest)
    }

    /// The names of the functions.
    #[must_use]
    pub fn functions(&self) -> Vec<String> {
        self.environment.globals().map(|(name, _)| name.to_owned()).collect()
    }
}

/// The syntax: as Jinja's, but a line feed at the end of a text stays.
pub(super) fn syntax() -> SyntaxConfig {
    SyntaxConfig::builder().keep_trailing_newline(true).build().unwrap_or_default()
}

/// What is said of a value that is not there; `words` are those of the text that name it.
fn undefined(words: Option<&str>) -> String {
    match words.filter(|words| !words.is_empty() && words.len() <= LONGEST_NAME && !words.contains('\n')) {
        Some(words) => format!("`{words}` is not defined"),
        None => "the value is not defined".to_owned(),
    }
}

impl RenderError {
    /// An error that came up while `text` was rendered; a value that is not defined is named as the text names it.
    fn in_text(error: &Error, text: &str) -> Self {
        let plain = Self::new(error);
        if error.kind() != ErrorKind::UndefinedError || error.detail().is_some() {
            return plain;
        }
        let message = undefined(plain.range.clone().and_then(|range| text.get(range)));
        Self { message, ..plain }
    }

    /// An error that no part of the text is to blame for.
    pub(super) fn plain(message: impl Into<String>) -> Self {
        Self { message: message.into(), range: None, help: None, open: None }
    }

    pub(super) fn new(error: &Error) -> Self {
        let detail = error.detail().unwrap_or_default();
        let message = match error.kind() {
            ErrorKind::UndefinedError if detail.is_empty() => undefined(None),
            ErrorKind::UndefinedError => detail.replace(" is undefined", " is not defined"),
            ErrorKind::OutOfFuel => "it takes too long: a template may not do this much".to_owned(),
            ErrorKind::WriteFailure => format!("its text is longer than {} KiB", OUTPUT_MAX / 1024),
            ErrorKind::SyntaxError => format!("it can't be read: {detail}"),
            ErrorKind::InvalidOperation if !detail.is_empty() => detail.to_owned(),
            kind if detail.is_empty() => kind.to_string(),
            kind => format!("{kind}: {detail}"),
        };
        Self { message, range: error.range(), help: help_of(error), open: None }
    }
}

/// Writes text and numbers; anything else inside a text is a mistake.
fn write_strictly(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    let what = match value.kind() {
        ValueKind::String | ValueKind::Number => return minijinja::escape_formatter(out, state, value),
        ValueKind::Undefined => return Err(Error::from(ErrorKind::UndefinedError)),
        ValueKind::None => "none",
        ValueKind::Bool => "true or false",
        ValueKind::Seq | ValueKind::Iterable => "a list",
        ValueKind::Map => "a map",
        _ => "a value of this kind",
    };
    Err(Error::new(ErrorKind::InvalidOperation, format!("{what} can't stand inside text; use `| tojson`")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn engine() -> Engine {
        Engine::new(&RunClock::at("2026-11-23T06:00:00Z".parse().expect("a time"), "UTC").expect("a zone"))
    }

    fn scope() -> Value {
        crate::playbook::template::dynamic(serde_json::json!({
            "text": "a", "number": 7, "yes": true, "list": ["b", "a"], "map": { "k": 1 }, "nothing": null
        }))
    }

    #[test]
    fn text_and_numbers_stand_in_text_and_nothing_else_does() {
        let engine = engine();
        assert_eq!(engine.render("{{ text }}-{{ number }}\n", &scope()), Ok("a-7\n".to_owned()));
        for (template, what) in [
            ("x {{ list }}", "a list"),
            ("x {{ map }}", "a map"),
            ("x {{ yes }}", "true or false"),
            ("x {{ nothing }}", "none"),
        ] {
            let error = engine.render(template, &scope()).expect_err(template);
            assert_eq!(error.message, format!("{what} can't stand inside text; use `| tojson`"));
        }
        assert_eq!(engine.render("{{ map | tojson }}", &scope()), Ok("{\"k\":1}".to_owned()));
    }

    #[test]
    fn an_undefined_name_is_an_error_with_its_range() {
        let error = engine().render("hello {{ txet }}", &scope()).expect_err("undefined");
        assert_eq!(error.range, Some(9..13));
        assert!(engine().evaluate("map.q", &scope()).is_err());
    }

    #[test]
    fn no_template_takes_for_ever_or_all_the_memory() {
        let engine = engine();
        let endless = "{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}";
        assert!(engine.render(endless, &scope()).is_err());
        assert!(engine.render("{{ 'x' * 900000000 }}", &scope()).is_err());
        assert!(engine.render("{{ [1] * 100000000 }}", &scope()).is_err());
        assert!(engine.evaluate("('x' * 100000) * 100000", &scope()).is_err());
        assert!(engine.render(&"{{ text }}".repeat(2000), &scope()).is_ok());
    }

    #[test]
    fn what_exists_is_known_and_what_does_not_is_not() {
        let engine = engine();
        assert!(engine.has_filter("join") && engine.has_filter("regex_search") && !engine.has_filter("jion"));
        assert!(engine.has_test("defined") && !engine.has_test("defind"));
        assert!(engine.functions().contains(&"today".to_owned()));
        assert!(!engine.functions().contains(&"debug".to_owned()));
    }
}
