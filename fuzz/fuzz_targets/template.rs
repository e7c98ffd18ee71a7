//! Any text as a template and as an expression, with values of every kind in scope.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use minijinja::Value;
use myaf_run::playbook::template::{Engine, RunClock, dynamic};
use serde_json::json;

static SCOPE: LazyLock<Value> = LazyLock::new(|| {
    dynamic(json!({
        "text": "some text, ünïcode", "number": 12, "float": 1.5, "truth": true, "nothing": null, "day": "2026-10-01",
        "list": [3, 1, 2], "mixed": [1, "a", null], "map": {"a": 1, "b": {"c": [1]}}, "time": "2026-10-01T12:00:00Z",
    }))
});

fuzz_target!(|text: &str| {
    let clock = RunClock::at("2026-11-28T12:00:00Z".parse().expect("a moment"), "Europe/Lisbon").expect("a zone");
    let engine = Engine::new(&clock);
    let _ = engine.render(text, &SCOPE);
    if let Ok(value) = engine.evaluate(text, &SCOPE) {
        let _ = engine.json(&value);
    }
});
