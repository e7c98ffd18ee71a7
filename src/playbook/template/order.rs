//! Which values have an order, and what compares them: `<` and the like, `==`, `in`, and the filters that sort.
//!
//! Text has an order, numbers have one, and lists whose items have one. Anything else is an error, as it is in Python: the
//! engine would order any two values by their kinds, and so answer a question that has no answer.

use std::cmp::Ordering;

use minijinja::value::{DynObject, Kwargs, ObjectRepr, Rest, ValueKind};
use minijinja::{Environment, Error, State, Value, filters};

use crate::playbook::template::fault::{defined, fault, fault_with, noun};
use crate::playbook::template::strict::CHAIN;
use crate::playbook::template::weigh::{DEEPEST, Scale};

/// Every name of the tests that compare, with the operator that each is.
const NAMES: [(&str, &str); 18] = [
    ("<", "<"),
    ("lt", "<"),
    ("lessthan", "<"),
    ("<=", "<="),
    ("le", "<="),
    (">", ">"),
    ("gt", ">"),
    ("greaterthan", ">"),
    (">=", ">="),
    ("ge", ">="),
    ("==", "=="),
    ("eq", "=="),
    ("equalto", "=="),
    ("!=", "!="),
    ("ne", "!="),
    ("in", "in"),
    ("~not_in", "not in"),
    (CHAIN, ""),
];

/// Replaces what compares.
pub(super) fn add(environment: &mut Environment<'static>) {
    for (name, sign) in NAMES.into_iter().filter(|(_, sign)| !sign.is_empty()) {
        environment
            .add_test(name, move |state: &State<'_, '_>, left: &Value, right: &Value| holds(state, left, sign, right));
    }
    environment.add_test(CHAIN, |state: &State<'_, '_>, first: &Value, rest: Rest<Value>| {
        let mut left = first;
        for pair in rest.chunks_exact(2) {
            if !holds(state, left, pair[0].as_str().unwrap_or_default(), &pair[1])? {
                return Ok(false);
            }
            left = &pair[1];
        }
        Ok::<_, Error>(true)
    });
    environment.add_filter("sort", |state: &State<'_, '_>, value: Value, options: Kwargs| {
        have_order(state, "sort", &value, &attributes(&options)?)?;
        filters::sort(state, value, options)
    });
    environment.add_filter("min", |state: &State<'_, '_>, value: Value, options: Kwargs| {
        have_order(state, "min", &value, &attributes(&options)?)?;
        filters::min(state, value, options)
    });
    environment.add_filter("max", |state: &State<'_, '_>, value: Value, options: Kwargs| {
        have_order(state, "max", &value, &attributes(&options)?)?;
        filters::max(state, value, options)
    });
    environment.add_filter("groupby", group_by);
    environment.add_filter("dictsort", |state: &State<'_, '_>, value: &Value, options: Kwargs| {
        let by_value = options.peek::<Option<&str>>("by").ok().flatten() == Some("value");
        let entries = value.as_object().and_then(DynObject::try_iter_pairs).into_iter().flatten();
        let keys = entries.map(|(key, item)| if by_value { item } else { key });
        in_order(state, "dictsort", keys)?;
        filters::dictsort(value, options)
    });
}

fn holds(state: &State<'_, '_>, left: &Value, sign: &str, right: &Value) -> Result<bool, Error> {
    let (left, right) = (defined(left)?, defined(right)?);
    Ok(match sign {
        "==" => is_same(state, left, right)?,
        "!=" => !is_same(state, left, right)?,
        "in" => is_within(state, left, right)?,
        "not in" | "~not_in" => !is_within(state, left, right)?,
        "<" => order(state, left, sign, right)?.is_lt(),
        "<=" => order(state, left, sign, right)?.is_le(),
        ">" => order(state, left, sign, right)?.is_gt(),
        _ => order(state, left, sign, right)?.is_ge(),
    })
}

/// What goes through both is paid for, as far as both go.
fn is_same(state: &State<'_, '_>, left: &Value, right: &Value) -> Result<bool, Error> {
    match (left.as_str(), right.as_str()) {
        (Some(one), Some(other)) if one.len() == other.len() => {
            let mut scale = Scale::new(state);
            scale.bytes(one.len())?;
            scale.settle()?;
        }
        _ if left.as_object().is_some() && right.as_object().is_some() => {
            Scale::new(state).weigh(left)?;
            Scale::new(state).weigh(right)?;
        }
        _ => {}
    }
    Ok(left == right)
}

fn is_within(state: &State<'_, '_>, item: &Value, whole: &Value) -> Result<bool, Error> {
    if let Some(text) = whole.as_str() {
        let Some(part) = item.as_str() else {
            return Err(fault_with(
                format!("`in` cannot look for {} in text", noun(item)),
                "turn it into text first, with `| string`",
            ));
        };
        state.consume_fuel(text.len() as u64 / 64)?;
        return Ok(text.contains(part));
    }
    let Some(object) = whole.as_object() else {
        return Err(fault(format!("`in` looks into a list, a map or text, not into {}", noun(whole))));
    };
    match object.repr() {
        ObjectRepr::Map => Ok(object.get_value(item).is_some()),
        ObjectRepr::Seq | ObjectRepr::Iterable => {
            let mut scale = Scale::new(state);
            for other in object.try_iter().into_iter().flatten() {
                scale.item()?;
                if is_same(state, &other, item)? {
                    return Ok(true);
                }
            }
            scale.settle()?;
            Ok(false)
        }
        _ => Ok(false),
    }
}

fn order(state: &State<'_, '_>, left: &Value, sign: &str, right: &Value) -> Result<Ordering, Error> {
    let mut scale = Scale::new(state);
    let ordering = compared(&mut scale, left, right, DEEPEST)?;
    scale.settle()?;
    ordering.map_err(|(one, other)| unordered(&format!("`{sign}` cannot compare"), &one, &other))
}

/// The order of two values, or the two within them that have none.
fn compared(
    scale: &mut Scale<'_, '_, '_>,
    left: &Value,
    right: &Value,
    levels: usize,
) -> Result<Result<Ordering, (Value, Value)>, Error> {
    if let (Some(one), Some(other)) = (left.as_str(), right.as_str()) {
        scale.bytes(one.len().min(other.len()))?;
        return Ok(Ok(one.cmp(other)));
    }
    if left.is_number() && right.is_number() {
        return Ok(Ok(left.cmp(right)));
    }
    let is_list = |value: &Value| matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable);
    if !(is_list(left) && is_list(right) && levels > 0) {
        return Ok(Err((left.clone(), right.clone())));
    }
    scale.level()?;
    let (mut ones, mut others) = (left.try_iter()?, right.try_iter()?);
    loop {
        scale.item()?;
        match (ones.next(), others.next()) {
            (Some(one), Some(other)) => match compared(scale, &one, &other, levels - 1)? {
                Ok(Ordering::Equal) => {}
                Err(_) if one.as_object().is_none() && one == other => {}
                ordering => return Ok(ordering),
            },
            (one, other) => return Ok(Ok(one.is_some().cmp(&other.is_some()))),
        }
    }
}

fn unordered(what: &str, left: &Value, right: &Value) -> Error {
    let message = format!("{what} {} with {}", noun(left), noun(right));
    let kinds = [left.kind(), right.kind()];
    if kinds.contains(&ValueKind::None) {
        return fault_with(message, "ask first whether there is a value: `x is not none and x < 60`");
    }
    if kinds.contains(&ValueKind::Number) && kinds.contains(&ValueKind::String) {
        return fault_with(message, "turn the text into a number with `| int` or `| float`");
    }
    if kinds.contains(&ValueKind::Bool) {
        return fault_with(message, "true and false have no order; compare with `==`");
    }
    fault(message)
}

/// The attributes that a filter sorts by.
fn attributes(options: &Kwargs) -> Result<Vec<String>, Error> {
    let attributes = options.peek::<Option<&str>>("attribute")?.unwrap_or_default();
    Ok(attributes.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect())
}

/// Refuses a list whose items have no order.
fn have_order(state: &State<'_, '_>, filter: &str, value: &Value, attributes: &[String]) -> Result<(), Error> {
    let items: Vec<Value> = defined(value)?.try_iter()?.collect();
    if attributes.is_empty() {
        return in_order(state, filter, items.into_iter());
    }
    for attribute in attributes {
        let keys: Vec<Value> = items.iter().map(|item| at(item, attribute)).collect();
        if keys.iter().any(Value::is_undefined) {
            return Err(fault(format!("`{filter}` needs `{attribute}`, which an item does not have")));
        }
        in_order(state, filter, keys.into_iter())?;
    }
    Ok(())
}

/// Refuses keys that have no order, and pays for their comparisons.
fn in_order(state: &State<'_, '_>, filter: &str, keys: impl Iterator<Item = Value>) -> Result<(), Error> {
    let mut first: Option<Value> = None;
    let (mut count, mut length) = (0u64, 0u64);
    for key in keys {
        count += 1;
        length += key.as_str().map_or(0, str::len) as u64;
        let Some(first) = &first else {
            first = Some(key);
            continue;
        };
        let mut scale = Scale::new(state);
        let ordering = compared(&mut scale, first, defined(&key)?, DEEPEST)?;
        scale.settle()?;
        ordering.map_err(|(one, other)| unordered(&format!("`{filter}` cannot compare"), &one, &other))?;
    }
    state.consume_fuel(length.saturating_mul(u64::from(u64::BITS - count.leading_zeros())) / 512)
}

/// The value at a path such as `owner.name` or `1.name`.
pub(super) fn at(item: &Value, path: &str) -> Value {
    path.split('.').fold(item.clone(), |value, part| match part.parse::<usize>() {
        Ok(index) => value.get_item(&Value::from(index)).unwrap_or_default(),
        Err(_) => value.get_attr(part).unwrap_or_default(),
    })
}

fn group_by(state: &State<'_, '_>, value: Value, by: Option<&str>, options: Kwargs) -> Result<Value, Error> {
    let attribute = match by {
        Some(attribute) => attribute,
        None => options.peek::<Option<&str>>("attribute")?.unwrap_or_default(),
    };
    let default = options.peek::<Option<Value>>("default")?;
    let items: Vec<Value> = defined(&value)?.try_iter()?.collect();
    let keys = items.iter().map(|item| match (at(item, attribute), &default) {
        (key, Some(default)) if key.is_undefined() => default.clone(),
        (key, _) => key,
    });
    in_order(state, "groupby", keys)?;
    filters::groupby(value, by, options)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::playbook::template::engine::tests::{engine, rendered, scope, worked_out};

    #[test]
    fn what_has_an_order_is_compared() {
        for expression in [
            "1 < 2 and 2.5 >= 2 and 'a' < 'b' and not 'b' <= 'a'",
            "1 < number <= 7 < 8.5",
            "'2026-10-01' <= '2026-10-02'",
            "[2, 11] > [2, 9] and [2] < [2, 0] and ['a', 1] < ['b', 1]",
            "'2.11' | split('.') | map('int') | list >= [2, 9]",
            "number is gt 6 and 1 is lt number and 7 is le 7 and 7 is ge(7)",
            "[3, 1, 2] | select('<', 3) | list | length == 2",
            "[3, 1, 2] | sort == [1, 2, 3] and [3, 1] | min == 1 and ['a', 'B'] | max == 'B'",
            "[{'n': 2}, {'n': 1}] | sort(attribute='n') | map(attribute='n') | list == [1, 2]",
            "{'b': 1, 'a': 2} | dictsort | map('first') | list == ['a', 'b']",
            "[none, none] | unique | list | length == 1",
            "1 in [1, 2] and 'a' not in ['b'] and 'k' in map and 'b' in 'abc'",
            "18446744073709551616 > 18446744073709551615",
        ] {
            assert_eq!(worked_out(expression), Ok(json!(true)), "{expression}");
        }
    }

    #[test]
    fn what_has_no_order_is_an_error_wherever_it_is_compared() {
        for (expression, told) in [
            ("10 <= '5'", "`<=` cannot compare a number with text"),
            ("text > 1000", "`>` cannot compare text with a number"),
            ("nothing < 60", "`<` cannot compare none with a number"),
            ("nothing >= '2026'", "`>=` cannot compare none with text"),
            ("nothing < nothing", "`<` cannot compare none with none"),
            ("yes < 2", "`<` cannot compare true or false with a number"),
            ("true < false", "`<` cannot compare true or false with true or false"),
            ("list < 3", "`<` cannot compare a list with a number"),
            ("map > map", "`>` cannot compare a map with a map"),
            ("[1, 'a'] < [1, 2]", "`<` cannot compare text with a number"),
            ("[[1], [none]] >= [[1], [2]]", "`>=` cannot compare none with a number"),
            ("1 < 2 < 'a'", "`<` cannot compare a number with text"),
            ("1 < '2' < 3", "`<` cannot compare a number with text"),
            ("number is gt '6'", "`>` cannot compare a number with text"),
            ("number is lessthan nothing", "`<` cannot compare a number with none"),
            ("[1, 'a'] | select('<', 3) | list", "`<` cannot compare text with a number"),
            ("[{'n': none}] | selectattr('n', 'ge', 1) | list", "`>=` cannot compare none with a number"),
            ("[{'n': 'x'}] | rejectattr('n', '>', 1) | list", "`>` cannot compare text with a number"),
            ("[1, 'a'] | sort", "`sort` cannot compare a number with text"),
            ("[2, none] | min", "`min` cannot compare a number with none"),
            ("[true, 2] | max", "`max` cannot compare true or false with a number"),
            ("[{'n': 2}, {'n': 'a'}] | sort(attribute='n')", "`sort` cannot compare a number with text"),
            ("[{'n': 2}, {}] | sort(attribute='n')", "`sort` needs `n`, which an item does not have"),
            ("[{'n': 2}, {'n': none}] | max(attribute='n')", "`max` cannot compare a number with none"),
            ("[{'n': 2}, {'n': 'a'}] | groupby('n')", "`groupby` cannot compare a number with text"),
            ("{'a': 1, 'b': 'x'} | dictsort(by='value')", "`dictsort` cannot compare a number with text"),
            ("1 in 'a1'", "`in` cannot look for a number in text"),
            ("1 in nothing", "`in` looks into a list, a map or text, not into none"),
            ("1 in number", "`in` looks into a list, a map or text, not into a number"),
            ("nope < 1", "`nope` is not defined"),
            ("1 < 2 <= map.nope", "`map.nope` is not defined"),
        ] {
            assert_eq!(worked_out(expression), Err(told.to_owned()), "{expression}");
        }
        let template = "{% if number > text %}x{% endif %}";
        let error = engine().render(template, &scope()).expect_err("it has no order");
        assert_eq!(error.range.map(|range| &template[range]), Some("number > text"));
        assert_eq!(error.help.as_deref(), Some("turn the text into a number with `| int` or `| float`"));
        assert!(rendered("{% for x in [1, 'a'] if x > 0 %}{% endfor %}").is_err());
        assert!(rendered("{% set x = 1 < 'a' %}").is_err() && rendered("{{ 'a' if 1 > 'b' else 'c' }}").is_err());
    }

    #[test]
    fn values_of_two_kinds_are_not_equal_and_that_is_no_mistake() {
        for expression in
            ["1 != '1'", "not nothing == 0", "list != map", "[1] == [1]", "{'a': [1]} == {'a': [1]}", "2 not in ['2']"]
        {
            assert_eq!(worked_out(expression), Ok(json!(true)), "{expression}");
        }
    }
}
