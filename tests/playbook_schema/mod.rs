//! The schema of playbooks: the file in `schemas/` is what the types make, editors can use it, and what our own walker
//! accepts is what a JSON Schema validator accepts.
//!
//! `MYAF_RUN_BLESS=1 cargo test playbook_schema` writes the file anew.

mod constraints;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use jsonschema::Validator;
use myaf_run::playbook::schema;
use myaf_run::source::SourceFile;
use myaf_run::yaml::schema::Schema;
use myaf_run::yaml::{self, Node};
use proptest::prelude::{Just, Strategy, any, prop, prop_assert_eq, prop_oneof, proptest};
use proptest::test_runner::TestCaseError;
use serde_json::{Value, json};

const FILE: &str = "schemas/playbook.schema.json";

static SCHEMA: LazyLock<Value> = LazyLock::new(schema);
static WALKER: LazyLock<Schema> = LazyLock::new(|| Schema::new(SCHEMA.clone()));
static ORACLE: LazyLock<Validator> = LazyLock::new(|| jsonschema::draft202012::new(&SCHEMA).expect("a good schema"));

#[test]
fn the_schema_file_is_what_the_types_make_and_what_the_program_prints() {
    let made = format!("{:#}\n", schema());
    if std::env::var_os("MYAF_RUN_BLESS").is_some() {
        std::fs::write(FILE, &made).expect("the schema can be written");
    }
    assert_eq!(std::fs::read_to_string(FILE).expect("the schema is there"), made);
    let output = Command::new(env!("CARGO_BIN_EXE_myaf-run")).arg("schema").output().expect("the program starts");
    assert_eq!(String::from_utf8(output.stdout).expect("text"), made);
}

#[test]
fn the_schema_of_scenarios_is_what_the_types_make_and_what_the_program_prints() {
    let made = format!("{:#}\n", myaf_run::sandbox::schema());
    if std::env::var_os("MYAF_RUN_BLESS").is_some() {
        std::fs::write("schemas/scenario.schema.json", &made).expect("the schema can be written");
    }
    let file = std::fs::read_to_string("schemas/scenario.schema.json").expect("the schema is there");
    assert_eq!(file, made);
    let output = Command::new(env!("CARGO_BIN_EXE_myaf-run")).args(["schema", "scenario"]).output();
    assert_eq!(String::from_utf8(output.expect("the program starts").stdout).expect("text"), made);
}

#[test]
fn editors_find_a_title_and_words_for_every_key_and_no_key_may_be_nothing() {
    let schema = schema();
    assert!(schema["title"].is_string() && schema["$schema"].is_string());
    let mut keys = 0;
    every_rule(&schema, &mut |rule| {
        for (key, value) in rule.get("properties").and_then(Value::as_object).into_iter().flatten() {
            keys += 1;
            assert!(value["description"].as_str().is_some_and(|words| words.ends_with('.')), "{key}");
        }
        for kind in [&rule["type"], &rule["default"]] {
            assert!(*kind != "null" && !kind.as_array().is_some_and(|kinds| kinds.contains(&json!("null"))));
        }
        assert!(rule.get("format").is_none_or(Value::is_object), "{rule}");
    });
    assert!(keys > 50, "{keys}");
}

fn every_rule(value: &Value, visit: &mut impl FnMut(&Value)) {
    match value {
        Value::Object(rule) => {
            visit(value);
            rule.values().for_each(|inner| every_rule(inner, visit));
        }
        Value::Array(items) => items.iter().for_each(|inner| every_rule(inner, visit)),
        _ => {}
    }
}

fn tree_of(path: &Path) -> Option<Node> {
    let bytes = std::fs::read(path).expect("the playbook is there");
    let file = yaml::decode(&path.display().to_string(), bytes).ok()?;
    yaml::parse(&file).ok()
}

fn files(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "yaml"))
        .collect()
}

/// The playbooks there are, good and bad, as JSON; each key and each kind of value stands in one of them.
fn corpus() -> Vec<Value> {
    let folders = ["examples", "tests/playbooks/invalid"];
    let mut paths: Vec<PathBuf> = folders.iter().flat_map(|folder| files(folder)).collect();
    paths.sort();
    paths.iter().filter_map(|path| Some(tree_of(path)?.to_json())).collect()
}

static CORPUS: LazyLock<Vec<Value>> = LazyLock::new(corpus);

fn agree(playbook: &Value) -> Result<(), TestCaseError> {
    let file = SourceFile::new("a.yaml", playbook.to_string());
    let tree = yaml::parse(&file).expect("JSON is YAML");
    let mistakes = WALKER.check(&file, &tree);
    let told: Vec<&str> = mistakes.iter().map(|mistake| mistake.message.as_str()).collect();
    prop_assert_eq!(mistakes.is_empty(), ORACLE.is_valid(playbook), "{:?} in {}", told, playbook);
    Ok(())
}

#[test]
fn walker_and_validator_agree_on_every_playbook_there_is() {
    assert!(CORPUS.len() > 80, "{}", CORPUS.len());
    for playbook in CORPUS.iter() {
        agree(playbook).expect("they agree");
    }
}

/// The paths of all properties in a rule, and with a value those that it has.
fn properties(rule: &Value, value: Option<&Value>, at: &str, found: &mut BTreeSet<String>) {
    for inner in rule.get("anyOf").and_then(Value::as_array).into_iter().flatten() {
        properties(inner, value, at, found);
    }
    for (key, inner) in rule.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let below = value.map(|value| value.get(key));
        if below.is_none_or(|below| below.is_some()) {
            let path = format!("{at}/{key}");
            properties(inner, below.flatten(), &path, found);
            found.insert(path);
        }
    }
    let items: Vec<Option<&Value>> = match value {
        None => vec![None],
        Some(Value::Array(items)) => items.iter().map(Some).collect(),
        Some(Value::Object(map)) => map.values().map(Some).collect(),
        Some(_) => Vec::new(),
    };
    let step = &SCHEMA["$defs"]["Step"];
    for inner in [rule.get("items"), rule.get("additionalProperties")].into_iter().flatten() {
        // A step is the same in whichever list it stands.
        let (inner, at) = if inner.get("$ref").is_some() { (step, "/step") } else { (inner, at) };
        for item in &items {
            properties(inner, *item, at, found);
        }
    }
}

#[test]
fn the_kitchen_sink_holds_every_key_of_the_language_in_every_place() {
    let sink = tree_of(Path::new("examples/kitchen_sink.yaml")).expect("good YAML").to_json();
    let (mut all, mut held) = (BTreeSet::new(), BTreeSet::new());
    properties(&SCHEMA, None, "", &mut all);
    properties(&SCHEMA, Some(&sink), "", &mut held);
    let missing: Vec<&String> = all.difference(&held).collect();
    assert!(all.len() > 80 && missing.is_empty(), "{} places, missing: {missing:?}", all.len());
}

/// How a playbook is changed.
#[derive(Debug, Clone)]
enum Change {
    Drop,
    Rename(String),
    Replace(Value),
}

fn changes() -> impl Strategy<Value = Change> {
    let words = ["", "30", "30s", "{{ x }}", "a-b", "true", "any", "warn", "é", "{% x %}", "transport"];
    let values = prop_oneof![
        prop::sample::select(words.to_vec()).prop_map(Value::from),
        (-2i64..130).prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        prop::sample::select(vec![json!(null), json!([]), json!({}), json!(1.5), json!(2.0), json!(["a"]), json!([1])]),
        prop::sample::select(vec![json!({"dag_id": "a"}), json!({"that": "x"}), json!({"timeout": "1h"})]),
    ];
    let keys =
        ["name", "retry", "timeout", "when", "print", "wait", "loop", "once_per", "dag_id", "trigger_dag", "{{ x }}"];
    prop_oneof![
        Just(Change::Drop),
        prop::sample::select(keys.to_vec()).prop_map(|key| Change::Rename(key.to_owned())),
        values.prop_map(Change::Replace),
    ]
}

/// The pointers of every value below the root.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(map) => {
            map.iter().map(|(key, inner)| (key.replace('~', "~0").replace('/', "~1"), inner)).collect()
        }
        Value::Array(items) => items.iter().enumerate().map(|(index, inner)| (index.to_string(), inner)).collect(),
        _ => Vec::new(),
    };
    for (name, inner) in children {
        let pointer = format!("{at}/{name}");
        pointers(inner, &pointer, found);
        found.push(pointer);
    }
}

fn change(playbook: &mut Value, pointer: &str, how: &Change) {
    let Some((parent, name)) = pointer.rsplit_once('/') else { return };
    let name = name.replace("~1", "/").replace("~0", "~");
    match (playbook.pointer_mut(parent), how) {
        (Some(Value::Object(map)), Change::Drop) => drop(map.remove(&name)),
        (Some(Value::Object(map)), Change::Rename(key)) => {
            if let Some(value) = map.remove(&name) {
                map.insert(key.clone(), value);
            }
        }
        (Some(Value::Object(map)), Change::Replace(value)) => drop(map.insert(name, value.clone())),
        (Some(Value::Array(items)), Change::Replace(value)) => {
            if let Some(item) = name.parse::<usize>().ok().and_then(|index| items.get_mut(index)) {
                *item = value.clone();
            }
        }
        (Some(Value::Array(items)), Change::Drop | Change::Rename(_)) => drop(items.pop()),
        _ => {}
    }
}

proptest! {
    #[test]
    fn walker_and_validator_agree_on_every_changed_playbook(
        index in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), changes()), 1..4),
    ) {
        let mut playbook = index.get(CORPUS.as_slice()).clone();
        for (place, how) in &changes {
            let mut places = Vec::new();
            pointers(&playbook, "", &mut places);
            if !places.is_empty() {
                let pointer: &String = place.get(&places);
                change(&mut playbook, pointer, how);
            }
        }
        agree(&playbook)?;
    }
}
