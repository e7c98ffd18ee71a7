//! Guards before operators and filters: what they would take for something else is refused.
//!
//! In: a value on its way into an operator or filter. Out: the value itself, or an error that says what it is.

use minijinja::value::{DynObject, ValueKind};
use minijinja::{Environment, Error, Value};

use crate::playbook::template::fault::{defined, fault, fault_with, noun};
use crate::playbook::template::order::at;
use crate::playbook::template::strict::{IN_TEXT, ITEMS, OPERAND, PAID, TEXT};
use crate::playbook::template::weigh::paid;

/// Adds the guards.
pub(super) fn add(environment: &mut Environment<'static>) {
    environment.add_filter(PAID, paid);
    environment.add_filter(OPERAND, |value: &Value, operator: &str| operand(value, operator).cloned());
    environment.add_filter(IN_TEXT, |value: &Value| match refused_in_text(defined(value)?) {
        Some(what) => Err(in_text(what)),
        None => Ok(value.clone()),
    });
    environment.add_filter(TEXT, |value: &Value, filter: &str| match value.kind() {
        ValueKind::Seq | ValueKind::Iterable | ValueKind::Map => {
            Err(fault(format!("`{filter}` takes text, found {}", noun(value))))
        }
        _ => Ok(value.clone()),
    });
    environment.add_filter(ITEMS, items);
}

/// What can't stand inside text, named with its article.
pub(super) fn refused_in_text(value: &Value) -> Option<&'static str> {
    match value.kind() {
        ValueKind::String | ValueKind::Number | ValueKind::Undefined => None,
        _ => Some(noun(value)),
    }
}

/// The mistake of a value inside text that does not go there.
pub(super) fn in_text(what: &str) -> Error {
    fault(format!("{what} can't stand inside text; use `| tojson`"))
}

fn operand<'v>(value: &'v Value, operator: &str) -> Result<&'v Value, Error> {
    if defined(value)?.kind() != ValueKind::Bool {
        return Ok(value);
    }
    let message = match operator {
        "[]" | "[:]" => "true or false is not an index".to_owned(),
        _ => format!("`{operator}` takes a number, found true or false"),
    };
    Err(fault_with(message, "turn it into a number with `| int`, if 1 and 0 are meant"))
}

/// The items that `join` writes one after another, or that `sum` adds up.
fn items(value: &Value, filter: &str, attribute: Option<&str>) -> Result<Value, Error> {
    let is_refused = |item: &Value| match filter {
        "join" => item.is_undefined() || refused_in_text(item).is_some(),
        _ => item.kind() == ValueKind::Bool,
    };
    let items = value.as_object().and_then(DynObject::try_iter).into_iter().flatten();
    let mut keys = items.map(|item| attribute.map_or(item.clone(), |attribute| at(&item, attribute)));
    let Some(item) = keys.find(is_refused) else { return Ok(value.clone()) };
    let message = format!(
        "`{filter}` takes {}, found {}",
        if filter == "join" { "text and numbers" } else { "numbers" },
        noun(&item)
    );
    Err(match item.kind() {
        ValueKind::None => fault_with(message, "leave it out, with `| reject('none')`"),
        _ if filter == "join" => fault_with(message, "write each item as JSON first, with `| map('tojson')`"),
        _ => fault_with(message, "count what is true with `| select | list | length`"),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::playbook::template::engine::tests::worked_out;

    #[test]
    fn true_is_no_number() {
        for (expression, told) in [
            ("true + 1", "`+` takes a number, found true or false"),
            ("1 + yes", "`+` takes a number, found true or false"),
            ("yes - 1", "`-` takes a number, found true or false"),
            ("2 * yes", "`*` takes a number, found true or false"),
            ("'a' * yes", "`*` takes a number, found true or false"),
            ("yes / 2", "`/` takes a number, found true or false"),
            ("yes // 2", "`//` takes a number, found true or false"),
            ("5 % yes", "`%` takes a number, found true or false"),
            ("2 ** yes", "`**` takes a number, found true or false"),
            ("-yes", "`-` takes a number, found true or false"),
            ("list[yes]", "true or false is not an index"),
            ("list[yes:]", "true or false is not an index"),
            ("range(yes)", "`range` takes a number, found true or false"),
            ("yes | abs", "`abs` takes a number, found true or false"),
            ("yes | round", "`round` takes a number, found true or false"),
            ("1.25 | round(yes)", "`round` takes a number, found true or false"),
            ("list | batch(true)", "`batch` takes a number, found true or false"),
            ("text | indent(true)", "`indent` takes a number, found true or false"),
            ("yes is odd", "`odd` takes a number, found true or false"),
            ("[yes, 2] | sum", "`sum` takes numbers, found true or false"),
            ("[{'n': yes}] | sum(attribute='n')", "`sum` takes numbers, found true or false"),
        ] {
            assert_eq!(worked_out(expression), Err(told.to_owned()), "{expression}");
        }
        for (expression, value) in [
            ("yes | int + 1", json!(2)),
            ("'a' + text", json!("aa")),
            ("[1] + list", json!([1, "b", "a"])),
            ("-number", json!(-7)),
            ("'-' * 3", json!("---")),
            ("[1, 2] | sum", json!(3)),
            ("list[-1]", json!("a")),
            ("map['k']", json!(1)),
            ("7 // 2 + 7 % 2 + 2 ** 3", json!(12)),
        ] {
            assert_eq!(worked_out(expression), Ok(value), "{expression}");
        }
    }

    #[test]
    fn what_is_no_text_does_not_become_text_unasked() {
        for (expression, told) in [
            ("'a' ~ nothing", "none can't stand inside text; use `| tojson`"),
            ("yes ~ 'a'", "true or false can't stand inside text; use `| tojson`"),
            ("'a' ~ list", "a list can't stand inside text; use `| tojson`"),
            ("['a', nothing] | join(',')", "`join` takes text and numbers, found none"),
            ("[list] | join", "`join` takes text and numbers, found a list"),
            ("[map] | join(',', 'k2')", "`join` takes text and numbers, found a value that is not defined"),
            ("list | upper", "`upper` takes text, found a list"),
            ("map | replace('a', 'b')", "`replace` takes text, found a map"),
            ("'%s' | format(nothing)", "none can't stand inside text; use `| tojson`"),
            ("'%d' | format(yes)", "true or false can't stand inside text; use `| tojson`"),
            ("'a' + 1", "`+` cannot be used with text and a number"),
            ("nothing + 1", "`+` cannot be used with none and a number"),
            ("map - list", "`-` cannot be used with a map and a list"),
        ] {
            assert_eq!(worked_out(expression), Err(told.to_owned()), "{expression}");
        }
        for (expression, value) in [
            ("'a' ~ 1 ~ text", json!("a1a")),
            ("[1, 'b'] | join('-')", json!("1-b")),
            ("'abc' | join('-')", json!("a-b-c")),
            ("[map] | join(',', attribute='k')", json!("1")),
            ("yes | lower", json!("true")),
            ("'%s is %d' | format(text, 3)", json!("a is 3")),
        ] {
            assert_eq!(worked_out(expression), Ok(value), "{expression}");
        }
    }
}
