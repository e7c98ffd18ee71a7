//! What a value costs whoever goes through all of it.
//!
//! In: a value. Out: nothing, once its size is paid for with the rendering's fuel, or an error: out of fuel, or nested too
//! deep. A value can be far larger than the memory it takes, since lists share what they hold; and the engine asks nothing
//! for comparing, hashing or writing out what lies within.

use minijinja::value::{DynObject, ObjectRepr};
use minijinja::{Error, State, Value};

use crate::playbook::template::fault::fault;
use crate::playbook::template::open::is_open;
use crate::playbook::template::space::Space;

/// The most levels of lists and maps within one another.
pub(super) const DEEPEST: usize = 100;
/// What one unit of the engine's fuel pays for.
const A_FUEL: u64 = 64;
/// The price of an item.
const ITEM: u64 = 1;
/// The price of going into a list or map.
const LEVEL: u64 = 16;
/// The price of an entry of a map, which is looked up.
const ENTRY: u64 = 4;
/// As many bytes of text cost one.
const BYTES: u64 = 8;

/// Adds up prices, and has them paid now and then.
#[derive(Debug)]
pub(super) struct Scale<'s, 't, 'e> {
    state: &'s State<'t, 'e>,
    owed: u64,
}

impl<'s, 't, 'e> Scale<'s, 't, 'e> {
    pub(super) const fn new(state: &'s State<'t, 'e>) -> Self {
        Self { state, owed: 0 }
    }

    /// Pays for a value with all that lies within it.
    pub(super) fn weigh(mut self, value: &Value) -> Result<(), Error> {
        self.value(value, DEEPEST)?;
        self.settle()
    }

    /// Pays for so much work, where a byte that is looked at is one.
    pub(super) fn bytes(&mut self, count: usize) -> Result<(), Error> {
        self.owe(count as u64 / BYTES)
    }

    /// Pays for one item.
    pub(super) fn item(&mut self) -> Result<(), Error> {
        self.owe(ITEM)
    }

    /// Pays for going into a list or map.
    pub(super) fn level(&mut self) -> Result<(), Error> {
        self.owe(LEVEL)
    }

    /// Pays what is still owed.
    pub(super) fn settle(self) -> Result<(), Error> {
        self.state.consume_fuel(self.owed / A_FUEL)
    }

    fn owe(&mut self, price: u64) -> Result<(), Error> {
        self.owed += price;
        if self.owed < A_FUEL * A_FUEL {
            return Ok(());
        }
        self.state.consume_fuel(self.owed / A_FUEL)?;
        self.owed %= A_FUEL;
        Ok(())
    }

    fn value(&mut self, value: &Value, levels: usize) -> Result<(), Error> {
        self.item()?;
        if let Some(text) = value.as_str() {
            return self.bytes(text.len());
        }
        match value.as_object() {
            Some(object) if !is_open(value) => self.object(object, levels),
            _ => Ok(()),
        }
    }

    fn object(&mut self, object: &DynObject, levels: usize) -> Result<(), Error> {
        let Some(left) = levels.checked_sub(1) else { return Err(too_deep()) };
        if levels < DEEPEST && object.downcast_ref::<Space>().is_some() {
            return Err(fault("a namespace cannot be put into a list, a map or a namespace"));
        }
        self.level()?;
        match object.repr() {
            ObjectRepr::Seq | ObjectRepr::Iterable => {
                for item in object.try_iter().into_iter().flatten() {
                    self.value(&item, left)?;
                }
            }
            ObjectRepr::Map => {
                for (key, item) in object.try_iter_pairs().into_iter().flatten() {
                    self.owe(ENTRY)?;
                    self.value(&key, left)?;
                    self.value(&item, left)?;
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn too_deep() -> Error {
    fault(format!("lists and maps are nested more than {DEEPEST} levels deep"))
}

/// The value, once it is paid for.
pub(super) fn paid(state: &State<'_, '_>, value: &Value) -> Result<Value, Error> {
    Scale::new(state).weigh(value)?;
    Ok(value.clone())
}

#[cfg(test)]
mod tests {
    use crate::playbook::template::engine::tests::{engine, rendered, scope};

    /// A value that holds the one before it, so many times over.
    fn nested(step: &str, times: usize) -> String {
        format!("{{% set a = [1] %}}{}", format!("{{% set a = {step} %}}").repeat(times))
    }

    #[test]
    fn what_is_nested_too_deep_is_refused_before_anything_goes_into_it() {
        let told = Err("lists and maps are nested more than 100 levels deep".to_owned());
        for step in ["[a]", "{'a': a}", "(a,)", "a | batch(1) | list", "[a] | chain([])", "[a] | list"] {
            assert_eq!(rendered(&nested(step, 900)), told, "{step}");
        }
        let looped = "{% set ns = namespace(a=[]) %}{% for i in range(100000) %}{% set ns.a = [ns.a] %}{% endfor %}";
        assert_eq!(rendered(looped), told);
        assert_eq!(rendered(&format!("{}{{{{ a | tojson }}}}", nested("[a]", 2))), Ok("[[[1]]]".to_owned()));
    }

    #[test]
    fn what_is_endless_to_go_through_costs_more_than_there_is() {
        let told = Err("it takes too long: a template may not do this much".to_owned());
        assert_eq!(rendered(&nested("[a, a]", 40)), told);
        assert_eq!(rendered(&nested("{'x': a, 'y': a}", 40)), told);
    }

    #[test]
    fn whoever_goes_through_a_value_pays_for_all_of_it() {
        let engine = engine();
        let spent = |expression: &str| {
            let twins = format!("{}{}", nested("[a, a]", 12), nested("[b, b]", 12).replace("set a", "set b"));
            engine.refuel();
            engine
                .render(&format!("{twins}{{% for i in [1] %}}{{% set x = {expression} %}}{{% endfor %}}"), &scope())
                .expect(expression);
            engine.spent()
        };
        let nothing = spent("1");
        for costly in [
            "a == b",
            "a != b",
            "b in [a]",
            "a in [b] | list",
            "a <= b",
            "[a, b] | unique | list | length",
            "[a, b] | sort | length",
            "[a, b] | select('eq', a) | list | length",
            "a | tojson | length",
            "loop.changed(a)",
            "a is sameas b",
        ] {
            assert!(spent(costly) > nothing + 1000, "{costly}: {} and {nothing}", spent(costly));
        }
    }
}
