//! The filters beyond `MiniJinja`'s own that have nothing to do with time.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::{Environment, Error, ErrorKind, State, Value};

use crate::json::{self, JsonError};
use crate::playbook::template::bounds;
use crate::playbook::template::fault::fault_with;
use crate::yaml::Pattern;

/// Adds the filters to an environment.
pub(super) fn add(environment: &mut Environment<'static>) {
    environment.add_filter("tojson", to_json);
    environment.add_filter("fromjson", from_json);
    environment.add_filter("regex_search", regex_search);
    environment.add_filter("b64encode", b64encode);
}

/// JSON as it is, on one line; Jinja's own escapes it for HTML.
fn to_json(value: &Value) -> Result<String, Error> {
    bounds::json(value)
}

fn from_json(text: &str) -> Result<Value, Error> {
    json::read(text).map(super::dynamic).map_err(|error| {
        let message = match error {
            JsonError::Syntax(_) => format!("the text is not JSON: {error}"),
            JsonError::DuplicateKey(_) => format!("the JSON can't be read: {error}"),
            JsonError::Inexact(_) => format!("the JSON can't be read: {error}; write it in quotes"),
        };
        Error::new(ErrorKind::InvalidOperation, message)
    })
}

/// The first match as a list: the whole match, then its groups; none without a match.
fn regex_search(state: &State<'_, '_>, text: &str, pattern: &str) -> Result<Value, Error> {
    let regex = Pattern::new(pattern).map_err(|error| {
        let message = format!("invalid pattern `{pattern}`: {error}");
        fault_with(message, "a bracket that is meant as itself is written `\\\\(`; look-around is not there")
    })?;
    // As many states take as long as one instruction.
    let found = regex.captures(text).map_err(|error| {
        fault_with(error.to_string(), "search a part of the text, such as `text[-10000:]`, or write a simpler pattern")
    })?;
    state.consume_fuel((regex.states(text) + regex.states("") * 100) / 40)?;
    Ok(match found {
        Some(found) => found.iter().map(|group| Value::from(group.map(|part| part.as_str()))).collect(),
        None => Value::from(()),
    })
}

fn b64encode(text: &str) -> Result<String, Error> {
    bounds::hold(text.len() / 3 * 4)?;
    Ok(STANDARD.encode(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evaluate(expression: &str) -> Result<serde_json::Value, String> {
        let mut environment = Environment::new();
        add(&mut environment);
        let compiled = environment.compile_expression(expression).map_err(|error| error.to_string())?;
        let value = compiled.eval(()).map_err(|error| error.to_string())?;
        serde_json::to_value(value).map_err(|error| error.to_string())
    }

    #[test]
    fn filters_give_what_they_say() {
        let cases = [
            ("'<a>' | tojson", serde_json::json!("\"<a>\"")),
            ("'{\"a\": [1]}' | fromjson", serde_json::json!({ "a": [1] })),
            ("'run-42' | regex_search('[a-z]+-([0-9]+)')", serde_json::json!(["run-42", "42"])),
            ("'run' | regex_search('[0-9]')", serde_json::json!(null)),
            ("'hi' | b64encode", serde_json::json!("aGk=")),
        ];
        for (expression, expected) in cases {
            assert_eq!(evaluate(expression), Ok(expected), "{expression}");
        }
        for (text, reason) in [
            (
                "[12345678901234567890123]",
                "a number at line 1 column 2 has more digits than can be kept; write it in quotes",
            ),
            ("[0.1234567890123456789]", "has more digits"),
            ("{\\\"a\\\":1,\\\"a\\\":2}", "duplicate key at line 1 column 10"),
        ] {
            let refused = evaluate(&format!("\"{text}\" | fromjson"));
            assert!(refused.as_ref().is_err_and(|error| error.contains(reason)), "{refused:?}");
        }
        assert!(evaluate("'x' | fromjson").is_err_and(|error| error.contains("the text is not JSON")));
        assert!(evaluate("'x' | regex_search('(')").is_err_and(|error| error.contains("invalid pattern")));
    }
}
