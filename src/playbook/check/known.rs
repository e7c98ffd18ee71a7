//! The filters and tests worth suggesting.

/// Filters worth suggesting.
pub(super) const FILTERS: [&str; 36] = [
    "abs",
    "b64encode",
    "batch",
    "bool",
    "capitalize",
    "count",
    "date",
    "default",
    "dictsort",
    "first",
    "float",
    "format",
    "fromjson",
    "groupby",
    "int",
    "items",
    "join",
    "last",
    "length",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "regex_search",
    "reject",
    "replace",
    "reverse",
    "round",
    "select",
    "selectattr",
    "shift",
    "sort",
    "start_of",
    "tojson",
    "unique",
];

/// Tests worth suggesting.
pub(super) const TESTS: [&str; 14] = [
    "boolean",
    "defined",
    "divisibleby",
    "endingwith",
    "eq",
    "even",
    "in",
    "mapping",
    "none",
    "number",
    "odd",
    "sequence",
    "startingwith",
    "string",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playbook::template::{Engine, RunClock};

    #[test]
    fn only_what_exists_is_suggested() {
        let clock = RunClock::at(jiff::Timestamp::UNIX_EPOCH, "UTC").expect("UTC");
        let engine = Engine::new(&clock);
        for filter in FILTERS {
            assert!(engine.has_filter(filter), "{filter}");
        }
        for test in TESTS {
            assert!(engine.has_test(test), "{test}");
        }
    }
}
