//! The namespace of a template, whose names outlive the loop that sets them.
//!
//! The engine's own can hold itself, and a value that does has no end. Into this one go plain values only: a list or map is
//! taken as it is at that moment, and never one that has a namespace in it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use minijinja::value::{DynObject, Enumerator, Kwargs, Object, ObjectRepr};
use minijinja::{Environment, Error, State, Value};

use crate::playbook::template::fault::{defined, fault, noun};
use crate::playbook::template::open::is_open;
use crate::playbook::template::statements::ASSIGN;
use crate::playbook::template::weigh::Scale;

/// Names that can be set.
#[derive(Debug, Default)]
pub(super) struct Space(Mutex<BTreeMap<String, Value>>);

impl Object for Space {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.0.lock().ok()?.get(key.as_str()?).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let names = self.0.lock().map(|names| names.keys().map(|name| Value::from(name.as_str())).collect());
        Enumerator::Values(names.unwrap_or_default())
    }
}

/// A map as it was.
#[derive(Debug, Default)]
struct Entries {
    order: Vec<Value>,
    values: BTreeMap<Value, Value>,
}

impl Object for Entries {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.values.get(key).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.order.clone())
    }
}

impl Space {
    fn set(&self, state: &State<'_, '_>, name: &str, value: &Value) -> Result<(), Error> {
        if value.downcast_object_ref::<Self>().is_some() {
            return Err(fault("a namespace cannot be put into a list, a map or a namespace"));
        }
        Scale::new(state).weigh(defined(value)?)?;
        // The value may read this very namespace.
        let frozen = frozen(value);
        if let Ok(mut names) = self.0.lock() {
            names.insert(name.to_owned(), frozen);
        }
        Ok(())
    }
}

/// The value as it is now: what would be worked out later, from what may have changed by then, is worked out.
fn frozen(value: &Value) -> Value {
    let Some(object) = value.as_object().filter(|_| !is_open(value)) else { return value.clone() };
    match object.repr() {
        ObjectRepr::Seq | ObjectRepr::Iterable => match object.try_iter() {
            Some(items) => Value::from(items.map(|item| frozen(&item)).collect::<Vec<_>>()),
            None => value.clone(),
        },
        ObjectRepr::Map => match object.try_iter_pairs() {
            Some(entries) => {
                let mut entries_now = Entries::default();
                for (key, item) in entries {
                    entries_now.order.push(key.clone());
                    entries_now.values.insert(key, frozen(&item));
                }
                Value::from_object(entries_now)
            }
            None => value.clone(),
        },
        _ => value.clone(),
    }
}

/// Adds `namespace()` and how it is set.
pub(super) fn add(environment: &mut Environment<'static>) {
    environment.add_function("namespace", |state: &State<'_, '_>, from: Option<Value>, names: Kwargs| {
        let space = Space::default();
        for (name, value) in
            from.as_ref().and_then(Value::as_object).and_then(DynObject::try_iter_pairs).into_iter().flatten()
        {
            space.set(state, name.as_str().unwrap_or_default(), &value)?;
        }
        for name in names.args() {
            space.set(state, name, &names.get::<Value>(name)?)?;
        }
        Ok::<_, Error>(Value::from_object(space))
    });
    environment.add_filter(ASSIGN, |state: &State<'_, '_>, space: &Value, name: &str, value: &Value| {
        match defined(space)?.downcast_object_ref::<Space>() {
            Some(space) => space.set(state, name, value).map(|()| Value::from(())),
            None => Err(fault(format!("`.{name}` can be set in a namespace only, this is {}", noun(space)))),
        }
    });
}

#[cfg(test)]
mod tests {
    use crate::playbook::template::engine::tests::rendered;

    #[test]
    fn a_namespace_outlives_the_loop_that_sets_it() {
        for (template, text) in [
            ("{% set ns = namespace(n=0) %}{% for x in [1, 2] %}{% set ns.n = ns.n + x %}{% endfor %}{{ ns.n }}", "3"),
            (
                "{% set ns = namespace() %}{% set ns.l = [] %}{% for x in list %}{% set ns.l = ns.l + [x] %}{% endfor %}{{ ns.l | join }}",
                "ba",
            ),
            (
                "{% set ns = namespace({'a': 1}, b=2) %}{% set same = ns %}{% set same.a = 3 %}{{ ns.a }}{{ ns.b }}",
                "32",
            ),
            ("{% set ns = namespace() %}{% set a, ns.b = [1, 2] %}{{ a }}{{ ns.b }}", "12"),
            ("{% set ns = namespace() %}{% set ns.text %}x{{ number }}{% endset %}{{ ns.text }}", "x7"),
            ("{% set ns = namespace(a=1) %}{{ ns | tojson }}{{ 'b' in ns }}{{ ns.a is defined }}", ""),
        ] {
            let expected = if text.is_empty() {
                Err("true or false can't stand inside text; use `| tojson`".to_owned())
            } else {
                Ok(text.to_owned())
            };
            assert_eq!(rendered(template), expected, "{template}");
        }
        // What is worked out later is taken as it was.
        let later = "{% set ns = namespace(n=1) %}{% set ns.copy = ns | items | list %}{% set ns.n = 2 %}{{ ns.copy | tojson }}";
        assert_eq!(rendered(later), Ok(r#"[["n",1]]"#.to_owned()));
        let own = "{% set ns = namespace(n=1) %}{% set ns.m = ns | chain({'b': 2}) %}{{ ns | tojson }}";
        assert_eq!(rendered(own), Ok(r#"{"m":{"b":2,"n":1},"n":1}"#.to_owned()));
    }

    #[test]
    fn a_namespace_cannot_come_to_hold_itself() {
        let refused = Err("a namespace cannot be put into a list, a map or a namespace".to_owned());
        for holding in [
            "{% set ns.a = ns %}",
            "{% set ns.a = [ns] %}",
            "{% set ns.a = {'b': [ns]} %}",
            "{% set l = [ns] %}{% set ns.a = l %}",
            "{% set other = namespace(a=ns) %}{% set ns.b = other %}",
            "{% set ns.a = namespace() %}{% set ns.a.b = ns %}",
            "{% with l = (ns, 1) %}{% set ns.a = l %}{% endwith %}",
            "{% for x in [ns] %}{% set ns.a = x %}{% endfor %}",
            "{% set ns.a = dict(b=ns) %}",
            "{% set ns.a = [1] | chain([ns]) %}",
            "{% set ns.a = ns if true else 1 %}",
            "{% set ns.a = [[1, ns]] | first %}",
        ] {
            let template = format!("{{% set ns = namespace() %}}{holding}{{{{ ns | tojson }}}}");
            assert_eq!(rendered(&template), refused, "{template}");
        }
        assert_eq!(
            rendered("{% set m = {} %}{% set m.a = m %}"),
            Err("`.a` can be set in a namespace only, this is a map".to_owned())
        );
        assert!(rendered("{% set nope.a = 1 %}").is_err());
    }
}
