//! The template engine with its settings: what a template may do, and how much of it.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use minijinja::machinery::{self, CodeGenerator};
use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior, Value};

use crate::playbook::template::bounds::OUTPUT_MAX;
use crate::playbook::template::fault::{defined, help_of};
use crate::playbook::template::guards::{in_text, refused_in_text};
use crate::playbook::template::open::Witness;
use crate::playbook::template::time::RunClock;
use crate::playbook::template::{bounds, filters, guards, order, space, statements, strict, time};

/// Instructions and items a rendering may use; it also bounds memory, at about 64 bytes each.
const FUEL: u64 = 500_000;
/// What all renderings from one refuelling to the next may use.
const FUEL_AT_ONCE: u64 = 2 * FUEL;
/// The longest piece of a text that a message names.
const LONGEST_NAME: usize = 60;

/// Renders templates and works expressions out.
#[derive(Debug)]
pub struct Engine {
    environment: Environment<'static>,
    /// Sees when a value is looked at that is not known.
    pub(super) witness: Arc<Witness>,
    /// The fuel used since the last refuelling.
    spent: AtomicU64,
    clock: RunClock,
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
        guards::add(&mut environment);
        order::add(&mut environment);
        space::add(&mut environment);
        time::add(&mut environment, clock);
        Self { environment, witness: Arc::default(), spent: AtomicU64::new(0), clock: clock.clone() }
    }

    /// Works an expression out.
    ///
    /// # Errors
    /// When it can't be read, a name is undefined, or a bound is reached.
    pub fn evaluate(&self, expression: &str, scope: &Value) -> Result<Value, RenderError> {
        let parsed = machinery::parse_expr(expression).map_err(|error| RenderError::new(&error))?;
        let mut code = CodeGenerator::new("expression", expression);
        code.compile_expr(&strict::expression(&parsed));
        self.watched(|| {
            let (value, _) = self.execute(code, scope).map_err(|error| RenderError::in_text(&error, expression))?;
            let value = value.unwrap_or_default();
            if value.is_undefined() {
                let start = expression.len() - expression.trim_start().len();
                let range = start..start + expression.trim().len();
                let message = undefined(expression.get(range.clone()));
                return Err(RenderError { range: Some(range), ..RenderError::plain(message) });
            }
            Ok(value)
        })
    }

    /// A time as it is written, or the midnight of a date in the playbook's time zone.
    #[must_use]
    pub fn instant(&self, text: &str) -> Option<jiff::Timestamp> {
        self.clock.instant(text)
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
        let parsed = machinery::parse(template, "template", syntax()).map_err(|error| RenderError::new(&error))?;
        let mut code = CodeGenerator::new("template", template);
        code.compile_stmt(&statements::template(&parsed));
        self.watched(|| {
            let (_, text) = self.execute(code, scope).map_err(|error| RenderError::in_text(&error, template))?;
            Ok(text)
        })
    }

    /// Lets the renderings that follow take as much as at the beginning: called wherever others have had their turn.
    pub fn refuel(&self) {
        self.spent.store(0, Ordering::Relaxed);
    }

    /// The fuel used since the last refuelling.
    pub(super) fn spent(&self) -> u64 {
        self.spent.load(Ordering::Relaxed)
    }

    /// Runs what was compiled: the value that it leaves, and the text that it writes.
    fn execute(&self, code: CodeGenerator<'_>, scope: &Value) -> Result<(Option<Value>, String), Error> {
        let (instructions, blocks) = code.finish();
        let mut text = String::new();
        let mut output = machinery::make_string_output(&mut text);
        let scope = scope.clone();
        let escape = AutoEscape::None;
        if self.spent() >= FUEL_AT_ONCE {
            return Err(Error::from(ErrorKind::OutOfFuel));
        }
        let done = machinery::eval(&self.environment, &instructions, scope, &blocks, &mut output, escape);
        let used = match &done {
            Ok((_, state)) => state.fuel_levels().map_or(0, |(used, _)| used),
            Err(error) if error.kind() == ErrorKind::OutOfFuel => FUEL,
            Err(_) => 0,
        };
        self.spent.fetch_add(used, Ordering::Relaxed);
        let (value, _) = done?;
        if text.len() > OUTPUT_MAX {
            return Err(Error::from(ErrorKind::WriteFailure));
        }
        Ok((value, text))
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
            ErrorKind::InvalidOperation if !detail.is_empty() => plain_words(detail),
            kind if detail.is_empty() => kind.to_string(),
            kind => format!("{kind}: {detail}"),
        };
        Self { message, range: error.range(), help: help_of(error), open: None }
    }
}

/// What the engine says of an operator between kinds that do not go together, in our words for the kinds.
fn plain_words(detail: &str) -> String {
    let parts =
        detail.strip_prefix("tried to use ").and_then(|rest| rest.split_once(" operator on unsupported types "));
    let Some((operator, (left, right))) = parts.and_then(|(sign, kinds)| Some((sign, kinds.split_once(" and ")?)))
    else {
        return detail.to_owned();
    };
    let noun = |kind| match kind {
        "string" => "text",
        "number" => "a number",
        "bool" => "true or false",
        "sequence" | "iterator" => "a list",
        "map" => "a map",
        "undefined" => "what is not defined",
        other => other,
    };
    format!("`{operator}` cannot be used with {} and {}", noun(left), noun(right))
}

/// Writes text and numbers; anything else inside a text is a mistake.
fn write_strictly(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    match refused_in_text(defined(value)?) {
        Some(what) => Err(in_text(what)),
        None => minijinja::escape_formatter(out, state, value),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::playbook::template) fn engine() -> Engine {
        Engine::new(&RunClock::at("2026-11-23T06:00:00Z".parse().expect("a time"), "UTC").expect("a zone"))
    }

    pub(in crate::playbook::template) fn scope() -> Value {
        crate::playbook::template::dynamic(serde_json::json!({
            "text": "a", "number": 7, "yes": true, "list": ["b", "a"], "map": { "k": 1 }, "nothing": null
        }))
    }

    /// What an expression gives as JSON, or what is said of it.
    pub(in crate::playbook::template) fn worked_out(expression: &str) -> Result<serde_json::Value, String> {
        let value = engine().evaluate(expression, &scope()).map_err(|error| error.message)?;
        engine().json(&value).map_err(|error| error.message)
    }

    /// What a template gives, or what is said of it.
    pub(in crate::playbook::template) fn rendered(template: &str) -> Result<String, String> {
        engine().render(template, &scope()).map_err(|error| error.message)
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
        let endless = "{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}";
        assert!(rendered(endless).is_err());
        assert!(rendered("{{ 'x' * 900000000 }}").is_err());
        assert!(rendered("{{ [1] * 100000000 }}").is_err());
        assert!(worked_out("('x' * 100000) * 100000").is_err());
        assert!(rendered(&"{{ text }}".repeat(2000)).is_ok());
    }

    #[test]
    fn many_templates_together_have_a_bound_until_others_have_had_their_turn() {
        let engine = engine();
        let endless = "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}";
        assert!(engine.render(endless, &scope()).is_err() && engine.render("{{ text }}", &scope()).is_ok());
        assert!(engine.render(endless, &scope()).is_err() && engine.render("{{ text }}", &scope()).is_err());
        engine.refuel();
        assert!(engine.render("{{ text }}", &scope()).is_ok());
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
