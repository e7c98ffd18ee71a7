//! Each constraint of the schema keeps something out, and nothing else does: without it, exactly the playbooks pass that a
//! standard validator lets pass without it, and there is at least one.

use std::path::Path;

use jsonschema::draft202012;
use myaf_run::playbook::schema;
use myaf_run::source::SourceFile;
use myaf_run::yaml::schema::Schema;
use myaf_run::yaml::{self, Node};
use serde_json::{Map, Value, json};

use super::{CORPUS, ORACLE, pointers, tree_of};

/// Words of JSON Schema that keep something out.
const CONSTRAINTS: [&str; 13] = [
    "type",
    "const",
    "oneOf",
    "required",
    "pattern",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "minProperties",
    "additionalProperties",
    "not",
];

/// One constraint: where its rule is, its word, and the key of the playbook it is about.
#[derive(Debug)]
struct Constraint {
    rule: String,
    word: &'static str,
    key: Option<String>,
}

/// Every constraint of a rule and of the rules in it.
fn constraints(rule: &Value, at: &str, key: Option<&str>, found: &mut Vec<Constraint>) {
    let Some(map) = rule.as_object() else { return };
    for word in CONSTRAINTS {
        if map.get(word).is_some_and(|value| keeps_out(map, word, value)) {
            found.push(Constraint { rule: at.to_owned(), word, key: key.map(str::to_owned) });
        }
    }
    for (name, inner) in map.get("properties").and_then(Value::as_object).into_iter().flatten() {
        constraints(inner, &format!("{at}/properties/{name}"), Some(name), found);
    }
    for word in ["additionalProperties", "propertyNames", "items"] {
        if let Some(inner) = map.get(word) {
            constraints(inner, &format!("{at}/{word}"), key, found);
        }
    }
    for (index, inner) in map.get("anyOf").and_then(Value::as_array).into_iter().flatten().enumerate() {
        constraints(inner, &format!("{at}/anyOf/{index}"), key, found);
    }
}

/// Whether the word constrains by itself: a rule with `const` needs no `type`, and what matches a pattern is no template.
fn keeps_out(rule: &Map<String, Value>, word: &str, value: &Value) -> bool {
    match word {
        "type" => !rule.contains_key("const") && !rule.contains_key("oneOf"),
        "not" => !rule.contains_key("pattern"),
        "additionalProperties" => value == &json!(false),
        "pattern" => rule.get("x-template") != Some(&json!(false)) || !value.as_str().unwrap_or_default().is_empty(),
        _ => true,
    }
}

/// The schema without a constraint.
fn without(constraint: &Constraint) -> Value {
    let mut schema = schema();
    let rule = schema.pointer_mut(&constraint.rule).and_then(Value::as_object_mut).expect("the rule is there");
    rule.remove(constraint.word);
    // What the walker is told beside the words of JSON Schema says the same once more.
    match constraint.word {
        "not" => drop(rule.remove("x-template")),
        "additionalProperties" => drop(rule.remove("x-not-yet")),
        "pattern" => drop(rule.remove("x-unit")),
        _ => {}
    }
    schema
}

/// Small playbooks that together hold every key of the language.
fn small_playbooks() -> Vec<Value> {
    let sink = tree_of(Path::new("examples/kitchen_sink.yaml")).expect("good YAML").to_json();
    let Value::Object(mut keys) = sink else { panic!("a playbook is a map") };
    let Some(Value::Array(steps)) = keys.remove("steps") else { panic!("a playbook has steps") };
    let tops = keys.into_iter().map(|(key, value)| json!({ key: value, "steps": [{ "print": "hi" }] }));
    let steps = steps.into_iter().map(|step| json!({ "steps": [step] }));
    let retry = json!({ "attempts": 2, "delay": "1s", "max_delay": "2s", "backoff": "constant", "jitter": true,
        "only": ["timeout"], "unless": "x" });
    let more = [
        json!({ "steps": [{ "print": "hi", "retry": false, "expect": "x", "capture": "y", "tags": "a" }] }),
        json!({ "steps": [{ "assert": { "that": "x", "message": "y" }, "when": true }] }),
        json!({ "steps": [{ "trigger_dag": { "dag_id": "a", "wait": true } }] }),
        json!({ "steps": [{ "list_dags": { "tags": ["a", "b"] } }] }),
        json!({ "steps": [{ "notify": { "webhook": ["https://a.example/b"], "text": "c" } }] }),
        json!({ "steps": [{ "print": "hi", "expect": { "that": "x", "message": "y" }, "capture": { "a": "b" } }] }),
        json!({ "steps": [{ "print": "hi", "retry": retry.clone() }] }),
        json!({ "defaults": { "retry": retry }, "steps": [{ "print": "hi" }] }),
    ];
    tops.chain(steps).chain(more).collect()
}

/// Values that break one rule or another.
fn strange_values() -> Vec<Value> {
    let long = "x".repeat(300);
    vec![
        json!(null),
        json!(true),
        json!(-1),
        json!(0),
        json!(1.5),
        json!(1000),
        json!(""),
        json!("no such word!"),
        json!("{{ x }}"),
        json!(long),
        json!([]),
        json!([1]),
        json!([{}]),
        json!([[]]),
        json!({}),
        json!({ "zzz": 1 }),
    ]
}

/// A playbook with one thing changed, and the keys that lead there.
fn changed() -> Vec<(Value, String)> {
    let mut all = Vec::new();
    for playbook in small_playbooks() {
        let mut places = vec![String::new()];
        pointers(&playbook, "", &mut places);
        for pointer in places {
            for value in strange_values() {
                let mut other = playbook.clone();
                *other.pointer_mut(&pointer).expect("it is there") = value;
                all.push((other, pointer.clone()));
            }
            let children = playbook.pointer(&pointer).and_then(Value::as_object).cloned().unwrap_or_default();
            for key in children.keys() {
                let mut other = playbook.clone();
                other.pointer_mut(&pointer).and_then(Value::as_object_mut).map(|map| map.remove(key));
                all.push((other, pointer.clone()));
            }
            for (key, value) in [
                ("zzz", json!(1)),
                ("2 bad", json!({})),
                ("3 bad", json!("x")),
                ("print", json!("hi")),
                ("pause", json!("1s")),
            ] {
                let mut other = playbook.clone();
                if let Some(Value::Object(map)) = other.pointer_mut(&pointer) {
                    map.insert(key.to_owned(), value);
                    all.push((other, pointer.clone()));
                }
            }
        }
    }
    all
}

fn tree(playbook: &Value) -> (SourceFile, Node) {
    let file = SourceFile::new("a.yaml", playbook.to_string());
    let tree = yaml::parse(&file).expect("JSON is YAML");
    (file, tree)
}

#[test]
fn each_constraint_keeps_out_exactly_what_it_should() {
    let full = Schema::new(schema());
    let invalid = CORPUS.iter().map(|playbook| (playbook.clone(), String::new()));
    let refused: Vec<(Value, String, SourceFile, Node)> = changed()
        .into_iter()
        .chain(invalid)
        .filter_map(|(playbook, pointer)| {
            let (file, tree) = tree(&playbook);
            // What has several mistakes does not pass because one constraint is gone.
            let has_one = full.check(&file, &tree).len() == 1 && ORACLE.iter_errors(&playbook).count() == 1;
            has_one.then_some((playbook, pointer, file, tree))
        })
        .collect();
    let mut found = Vec::new();
    constraints(&schema(), "", None, &mut found);
    constraints(&schema()["$defs"]["Step"], "/$defs/Step", None, &mut found);
    let mut wrong = Vec::new();
    for constraint in &found {
        let (walker, validator) = (Schema::new(without(constraint)), draft202012::new(&without(constraint)));
        let validator = validator.expect("a good schema");
        let mut let_in = 0;
        for (playbook, pointer, file, tree) in &refused {
            let is_near = constraint
                .key
                .as_ref()
                .is_none_or(|key| pointer.is_empty() || pointer.split('/').any(|part| part == key));
            if !is_near {
                continue;
            }
            let passes = walker.check(file, tree).is_empty();
            let_in += usize::from(passes);
            if passes != validator.is_valid(playbook) {
                wrong.push(format!("without {constraint:?}, walker {passes}: {playbook}"));
            }
        }
        if let_in == 0 {
            wrong.push(format!("{constraint:?} keeps nothing out"));
        }
    }
    assert!(found.len() > 150, "{}", found.len());
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), found.len(), wrong.join("\n"));
}
