//! Each constraint of the schema keeps something out, and nothing else does: without it, exactly the playbooks pass that a
//! standard validator lets pass without it, and there is at least one.

use std::path::Path;

use jsonschema::draft202012;
use myaf_run::source::SourceFile;
use myaf_run::yaml::schema::Schema;
use myaf_run::yaml::{self, Node};
use serde_json::{Map, Value, json};

use super::{CORPUS, ORACLE, SCHEMA, WALKER, pointers, tree_of};

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

/// One constraint: where its rule is, and its word.
#[derive(Debug)]
struct Constraint {
    rule: String,
    word: &'static str,
}

/// Every constraint of a rule and of the rules in it.
fn constraints(rule: &Value, at: &str, found: &mut Vec<Constraint>) {
    let Some(map) = rule.as_object() else { return };
    for word in CONSTRAINTS {
        if map.get(word).is_some_and(|value| keeps_out(map, word, value)) {
            found.push(Constraint { rule: at.to_owned(), word });
        }
    }
    for (name, inner) in map.get("properties").and_then(Value::as_object).into_iter().flatten() {
        constraints(inner, &format!("{at}/properties/{name}"), found);
    }
    for word in ["additionalProperties", "propertyNames", "items"] {
        if let Some(inner) = map.get(word) {
            constraints(inner, &format!("{at}/{word}"), found);
        }
    }
    for (index, inner) in map.get("anyOf").and_then(Value::as_array).into_iter().flatten().enumerate() {
        constraints(inner, &format!("{at}/anyOf/{index}"), found);
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

/// The schema without these constraints.
fn without(constraints: &[&Constraint]) -> Value {
    let mut schema = SCHEMA.clone();
    for constraint in constraints {
        take_out(&mut schema, constraint);
    }
    schema
}

fn take_out(schema: &mut Value, constraint: &Constraint) {
    let rule = schema.pointer_mut(&constraint.rule).and_then(Value::as_object_mut).expect("the rule is there");
    rule.remove(constraint.word);
    // What the walker is told beside the words of JSON Schema says the same once more.
    match constraint.word {
        "not" => drop(rule.remove("x-template")),
        "additionalProperties" => drop(rule.remove("x-not-yet")),
        "pattern" => drop(rule.remove("x-unit")),
        _ => {}
    }
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

/// Playbooks with one thing changed.
fn changed() -> Vec<Value> {
    let mut all = Vec::new();
    for playbook in small_playbooks() {
        let mut places = vec![String::new()];
        pointers(&playbook, "", &mut places);
        for pointer in places {
            for value in strange_values() {
                let mut other = playbook.clone();
                *other.pointer_mut(&pointer).expect("it is there") = value;
                all.push(other);
            }
            let children = playbook.pointer(&pointer).and_then(Value::as_object).cloned().unwrap_or_default();
            for key in children.keys() {
                let mut other = playbook.clone();
                other.pointer_mut(&pointer).and_then(Value::as_object_mut).map(|map| map.remove(key));
                all.push(other);
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
                    all.push(other);
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

/// A playbook that one rule keeps out.
struct Refused {
    playbook: Value,
    file: SourceFile,
    tree: Node,
    /// The rule that keeps it out, as a standard validator names it.
    rule: String,
}

impl Refused {
    /// What has several mistakes does not pass because one constraint is gone.
    fn new(playbook: Value) -> Option<Self> {
        let mut errors = ORACLE.iter_errors(&playbook);
        let (Some(error), None) = (errors.next(), errors.next()) else { return None };
        let rule = in_definitions(error.schema_path().as_str());
        drop(errors);
        let (file, tree) = tree(&playbook);
        (WALKER.check(&file, &tree).len() == 1).then_some(Self { playbook, file, tree, rule })
    }

    /// Whether it may pass without the constraint: a rule of several forms is named, not the form that is near.
    fn may_pass_without(&self, constraint: &Constraint) -> bool {
        let at = format!("{}/{}", constraint.rule, constraint.word);
        at == self.rule
            || ["anyOf", "oneOf"].iter().any(|word| self.rule.ends_with(word) && at.starts_with(&self.rule))
            || self.rule.starts_with(&at)
    }
}

/// The place of a rule in the schema: a step's rules stand in `$defs`, from wherever they are used.
fn in_definitions(path: &str) -> String {
    match path.rsplit_once("/$ref") {
        Some((_, rest)) => format!("/$defs/Step{rest}"),
        None => path.to_owned(),
    }
}

/// How many groups the constraints are taken out in: neighbours, which may let the same playbook in, never go together.
const GROUPS: usize = 40;

/// How many playbooks that pass without a constraint show that it kept them out.
const ENOUGH: usize = 3;

/// How many playbooks that other rules keep out are tried for each group.
const OTHERS: usize = 100;

#[test]
fn each_constraint_keeps_out_exactly_what_it_should() {
    let refused: Vec<Refused> = changed().into_iter().chain(CORPUS.iter().cloned()).filter_map(Refused::new).collect();
    let mut found = Vec::new();
    constraints(&SCHEMA, "", &mut found);
    constraints(&SCHEMA["$defs"]["Step"], "/$defs/Step", &mut found);
    let mut random = fastrand::Rng::with_seed(20_261_128);
    let mut wrong = Vec::new();
    for first in 0..GROUPS {
        let group: Vec<&Constraint> = found.iter().skip(first).step_by(GROUPS).collect();
        let others = random.choose_multiple(refused.iter(), OTHERS);
        wrong.extend(without_group(&group, &refused, others));
    }
    assert!(found.len() > 150, "{}", found.len());
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), found.len(), wrong.join("\n"));
}

/// What is wrong once these constraints are gone.
fn without_group(group: &[&Constraint], refused: &[Refused], others: Vec<&Refused>) -> Vec<String> {
    let schema = without(group);
    let validator = draft202012::new(&schema).expect("a good schema");
    let walker = Schema::new(schema);
    let mut wrong = Vec::new();
    let mut passes = |tried: &Refused| {
        let passes = walker.check(&tried.file, &tried.tree).is_empty();
        if passes != validator.is_valid(&tried.playbook) {
            wrong.push(format!("without {group:?}, walker {passes}: {}", tried.playbook));
        }
        passes
    };
    for tried in others {
        passes(tried);
    }
    let keeps_nothing_out: Vec<&&Constraint> = group
        .iter()
        .filter(|constraint| {
            let candidates = refused.iter().filter(|refused| refused.may_pass_without(constraint));
            candidates.filter(|tried| passes(tried)).take(ENOUGH).count() == 0
        })
        .collect();
    wrong.extend(keeps_nothing_out.iter().map(|constraint| format!("{constraint:?} keeps nothing out")));
    wrong
}
