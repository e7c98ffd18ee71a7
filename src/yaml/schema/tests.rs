//! What a person sees when a tree does not fit its schema, and that the walker accepts what JSON Schema accepts.

use proptest::prelude::{Just, Strategy, any, prop, prop_assert_eq, prop_oneof, proptest};
use serde_json::{Value, json};

use super::Schema;
use crate::diagnostic::draw;
use crate::source::SourceFile;
use crate::yaml::parse;

fn playbook() -> Value {
    json!({
        "type": "object",
        "x-name": "the playbook",
        "required": ["name", "steps"],
        "additionalProperties": false,
        "properties": {
            "name": {"type": "string", "minLength": 1, "x-template": false},
            "steps": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/Step"}},
        },
        "$defs": {
            "Step": {
                "type": "object",
                "x-name": "a step",
                "x-choice": "action",
                "x-not-yet": {"loop": "write one step for each item", "backfill": ""},
                "x-conflicts": [["until", "retry"]],
                "additionalProperties": false,
                "oneOf": [{"required": ["print"]}, {"required": ["trigger_dag"]}, {"required": ["list_dags"]}],
                "properties": {
                    "print": {"type": ["string", "number"]},
                    "trigger_dag": {"$ref": "#/$defs/Trigger"},
                    "list_dags": {"type": "object"},
                    "tags": {"type": "array", "uniqueItems": true, "items": {"type": "string", "x-template": false}},
                    "timeout": {"$ref": "#/$defs/Duration"},
                    "retry": {"anyOf": [{"const": false}, {"$ref": "#/$defs/Retry"}], "x-expected": "a map or `false`"},
                    "until": {"type": "string"},
                    "capture": {"anyOf": [{"type": "string"}, {"type": "object", "additionalProperties": {"type": "string"}}]},
                },
            },
            "Trigger": {
                "type": "object",
                "required": ["dag_id"],
                "additionalProperties": false,
                "properties": {
                    "dag_id": {"type": "string"},
                    "if_exists": {"anyOf": [{"$ref": "#/$defs/IfExists"}, {"type": "string", "pattern": "\\{\\{"}]},
                    "conf": {"type": "object"},
                    "once": {"type": "boolean"},
                },
            },
            "IfExists": {"oneOf": [{"const": "fail", "description": "d"}, {"const": "use"}]},
            "Retry": {
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "attempts": {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 100}, {"type": "string", "pattern": "\\{\\{"}]},
                    "delay": {"$ref": "#/$defs/Duration"},
                },
            },
            "Duration": {
                "anyOf": [{"type": "string", "pattern": "^([0-9]+(ms|s|m|h))+$"}, {"type": "string", "pattern": "\\{\\{"}],
                "x-expected": "a duration such as 30s, 10m or 1h30m",
                "x-unit": true,
            },
        },
    })
}

fn drawn_of(schema: Value, text: &str) -> String {
    let file = SourceFile::new("a.yaml", text);
    let tree = parse(&file).expect("good YAML");
    draw(&Schema::new(schema).check(&file, &tree), false)
}

/// The mistakes of one step.
fn drawn(step: &str) -> String {
    drawn_of(playbook(), &format!("name: n\nsteps:\n  - {}\n", step.replace('\n', "\n    ")))
}

#[test]
fn a_good_playbook_has_no_mistakes() {
    for step in [
        "print: hi",
        "print: 1.5\ntimeout: 1h30m\nretry: false\ncapture: x",
        "trigger_dag: {dag_id: d, if_exists: '{{ x }}'}\nretry: {attempts: '{{ n }}', delay: '{{ d }}'}",
        "trigger_dag: {dag_id: d, if_exists: use}\nretry: {attempts: 3}\ncapture: {a: b}",
    ] {
        assert_eq!(drawn(step), "", "{step}");
    }
}

#[test]
fn an_unknown_key_names_its_neighbour() {
    assert_eq!(
        drawn("print: hi\nretrys: 3"),
        "\
error[E010]: unknown key `retrys` in a step
 --> a.yaml:4:5
  |
4 |     retrys: 3
  |     ^^^^^^
  |
  = help: did you mean `retry`?
"
    );
}

#[test]
fn an_unknown_key_without_a_neighbour_lists_the_known_ones() {
    let drawn = drawn("trigger_dag: {dag_id: d, colour: red}");
    assert!(drawn.contains("unknown key `colour` in `trigger_dag`"), "{drawn}");
    assert!(drawn.contains("help: the known keys are `dag_id`, `if_exists`, `conf` and `once`\n"), "{drawn}");
}

#[test]
fn one_mistake_is_told_once() {
    for (step, code) in [
        ("trigger_dga: {dag_id: d}", "E010"),
        ("trigger_dag: {dagid: d}", "E010"),
        ("backfill: {}", "E018"),
        ("trigger_dag: {dag_id: d, if_exists: fial}", "E013"),
        ("print: hi\ntimeout: 30", "E014"),
        ("print: hi\ntimeout: 30 s", "E014"),
        ("print: hi\nretry: {attempts: 0}", "E015"),
        ("print: hi\nretry: {attempts: x}", "E014"),
        ("print: hi\nretry: 3", "E012"),
        ("print: hi\nretry: true", "E013"),
        ("print: hi\ntags: ['{{ x }}']", "E022"),
        ("print: hi\ntags: '{{ x }}'", "E022"),
        ("print: hi\ntags: [a, a]", "E013"),
        ("print: hi\nretry: {delay: 3s}\nuntil: x", "E019"),
        ("print: hi\ncapture: [a]", "E012"),
        ("print: hi\ncapture: {a: [b]}", "E012"),
        ("print:", "E012"),
        ("trigger_dag: {}", "E011"),
        ("timeout: 3s", "E016"),
        ("print: a\ntrigger_dag: {dag_id: d}", "E017"),
    ] {
        let drawn = drawn(step);
        assert!(drawn.starts_with(&format!("error[{code}]")), "{step}: {drawn}");
        assert_eq!(drawn.matches("error[").count(), 1, "{step}: {drawn}");
    }
}

#[test]
fn every_mistake_is_told_in_the_order_of_the_file() {
    let text = "nme: n\nsteps:\n  - print: [1]\n    retyr: 3\n  - timeout: 5\n  - 7\nextra: 1\n";
    let drawn = drawn_of(playbook(), text);
    let heads: Vec<&str> = drawn.lines().filter(|line| line.starts_with("error")).collect();
    assert_eq!(
        heads,
        [
            "error[E010]: unknown key `nme` in the playbook",
            "error[E012]: expected text or a number, found a list",
            "error[E010]: unknown key `retyr` in a step",
            "error[E016]: the action is missing in a step",
            "error[E014]: `5` has no unit",
            "error[E012]: expected a map, found a number",
            "error[E010]: unknown key `extra` in the playbook",
        ]
    );
}

#[test]
fn two_actions_are_shown_side_by_side() {
    assert_eq!(
        drawn("print: hi\nlist_dags: {}"),
        "\
error[E017]: more than one action in a step: `print` and `list_dags`
 --> a.yaml:4:5
  |
3 |   - print: hi
  |     ----- the first one
4 |     list_dags: {}
  |     ^^^^^^^^^
  |
  = help: keep one of them
"
    );
}

#[test]
fn a_missing_action_lists_the_actions_and_a_missing_key_points_at_its_map() {
    let no_action = drawn("timeout: 3s");
    assert!(no_action.contains("error[E016]: the action is missing in a step\n --> a.yaml:3:5\n"), "{no_action}");
    assert!(no_action.contains("help: the actions are `print`, `trigger_dag` and `list_dags`\n"), "{no_action}");
    let no_key = drawn("trigger_dag: {conf: {}}");
    assert!(no_key.contains("error[E011]: `dag_id` is missing in `trigger_dag`\n --> a.yaml:3:5\n"), "{no_key}");
}

#[test]
fn the_way_out_is_the_fixed_value() {
    for (step, words) in [
        ("print: hi\ntimeout: 30", "help: write `30s` for seconds or `30m` for minutes"),
        ("print: hi\ntimeout: '30'", "`30` has no unit"),
        ("print: hi\ntimeout: soon", "expected a duration such as 30s, 10m or 1h30m, found `soon`"),
        ("print: hi\ntags: etl", "help: write `[etl]`"),
        ("trigger_dag: {dag_id: 7}", "help: write `\"7\"`"),
        ("trigger_dag: {dag_id: d, once: yes}", "help: write `true`"),
        ("trigger_dag: {dag_id: d, if_exists: fial}", "help: did you mean `fail`?"),
        ("trigger_dag: {dag_id: d, if_exists: fial}", "note: allowed: `fail` or `use`"),
        ("print: hi\nretry: 3", "expected a map or `false`, found a number"),
        ("print: hi\nretry: {attempts: 1.5}", "expected a whole number, found a decimal number"),
        ("print: hi\nretry: {attempts: 101}", "`101` is too large: at most 100 is allowed"),
        ("print: hi\nloop: [1]", "`loop` is not supported yet"),
        ("print: hi\nloop: [1]", "help: write one step for each item"),
        ("print: hi\nuntil: x\nretry: false", "`until` and `retry` exclude each other"),
    ] {
        let drawn = drawn(step);
        assert!(drawn.contains(words), "{step}: {drawn}");
    }
}

#[test]
fn a_mistake_in_an_anchored_value_is_told_once() {
    let drawn =
        drawn_of(playbook(), "name: n\nsteps:\n  - {print: a, retry: &r {attempts: 0}}\n  - {print: b, retry: *r}\n");
    assert_eq!(drawn.matches("error[").count(), 1, "{drawn}");
}

#[test]
fn a_schema_that_refers_to_itself_ends() {
    let schema = json!({"allOf": [{"$ref": "#"}], "anyOf": [{"$ref": "#"}, {"type": "string"}]});
    let file = SourceFile::new("a.yaml", "a: 1\n");
    let mistakes = Schema::new(schema).check(&file, &parse(&file).expect("good YAML"));
    assert!(mistakes.len() <= 1);
}

#[test]
fn dependent_and_counted_keys_are_held() {
    let schema = json!({"dependentRequired": {"a": ["b"]}, "minProperties": 1, "maxProperties": 1, "propertyNames": {"pattern": "^[a-z]+$"}});
    for (text, words) in [
        ("a: 1", "`a` needs `b` beside it"),
        ("{}", "the map is empty"),
        ("{b: 1, c: 2}", "the map has 2 keys, at most 1 are allowed"),
        ("B: 1", "`B` does not have the form `^[a-z]+$`"),
    ] {
        let drawn = drawn_of(schema.clone(), text);
        assert!(drawn.contains(words), "{text}: {drawn}");
    }
}

fn values() -> impl Strategy<Value = Value> {
    let words = prop::sample::select(vec!["", "a", "print", "hi", "30s", "30", "{{ x }}", "fail", "use", "é", "nope"]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3i64..120).prop_map(Value::from),
        prop::sample::select(vec![0.0, 1.0, 1.5, -2.0]).prop_map(Value::from),
        words.prop_map(Value::from),
    ];
    let keys = || {
        prop::sample::select(vec![
            "name",
            "steps",
            "print",
            "trigger_dag",
            "list_dags",
            "tags",
            "timeout",
            "retry",
            "until",
            "capture",
            "dag_id",
            "if_exists",
            "conf",
            "once",
            "attempts",
            "delay",
            "loop",
            "a",
            "b",
        ])
    };
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((keys(), inner), 0..5)
                .prop_map(|pairs| Value::Object(pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())),
        ]
    })
}

/// Schemas of the part that is judged, without keywords of ours that refuse more.
fn schemas() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(true)),
        Just(json!(false)),
        prop::sample::select(vec!["string", "integer", "number", "boolean", "null", "array", "object"])
            .prop_map(|name| json!({"type": name})),
        Just(json!({"type": ["string", "integer"]})),
        Just(json!({"const": 1})),
        Just(json!({"enum": ["a", 1.0, null, [1], {"a": 1}]})),
        Just(json!({"pattern": "^[0-9]+s$"})),
        Just(json!({"minLength": 1, "maxLength": 2})),
        Just(json!({"minimum": 0, "exclusiveMaximum": 100})),
        Just(json!({"maximum": 1.5, "exclusiveMinimum": -2})),
        Just(json!({"required": ["a"]})),
        Just(json!({"uniqueItems": true, "maxItems": 2})),
        Just(json!({"minItems": 1, "minProperties": 1, "maxProperties": 2})),
        Just(json!({"dependentRequired": {"a": ["b"]}})),
        Just(json!({"propertyNames": {"maxLength": 5}})),
        Just(json!({"$ref": "#/$defs/Inner"})),
        Just(json!({"oneOf": [{"required": ["print"]}, {"required": ["a"]}]})),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let list = || prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            list().prop_map(|rules| json!({"anyOf": rules})),
            list().prop_map(|rules| json!({"oneOf": rules})),
            list().prop_map(|rules| json!({"allOf": rules})),
            inner.clone().prop_map(|rule| json!({"not": rule})),
            inner.clone().prop_map(|rule| json!({"items": rule})),
            (inner.clone(), inner.clone())
                .prop_map(|(a, other)| json!({"properties": {"a": a}, "additionalProperties": other})),
            inner.clone().prop_map(|a| json!({"properties": {"a": a, "print": true}, "additionalProperties": false})),
        ]
    })
}

fn agrees(schema: &Value, value: &Value) -> Result<(), proptest::test_runner::TestCaseError> {
    let file = SourceFile::new("a.yaml", value.to_string());
    let tree = parse(&file).expect("JSON is YAML");
    prop_assert_eq!(&tree.to_json(), value);
    let mistakes = Schema::new(schema.clone()).check(&file, &tree);
    let oracle = jsonschema::draft202012::new(schema).expect("a good schema");
    prop_assert_eq!(mistakes.is_empty(), oracle.is_valid(value), "{} under {}", value, schema);
    Ok(())
}

#[test]
fn limits_are_held_to_the_last_step() {
    let values = [
        json!(0),
        json!(1),
        json!(2),
        json!(1.0),
        json!(-1),
        json!(0.5),
        json!(2.5),
        json!(""),
        json!("é"),
        json!("éé"),
        json!([]),
        json!([1]),
        json!([1, 1.0]),
        json!([1, 2, 3]),
        json!([{"a": 1, "b": 2}, {"b": 2.0, "a": 1}]),
        json!([0, -0.0]),
        json!([1, "1"]),
        json!({}),
        json!({"a": 1}),
        json!({"a": 1, "b": 2}),
        json!(null),
        json!(true),
    ];
    for rule in [
        json!({"minimum": 1}),
        json!({"maximum": 1}),
        json!({"exclusiveMinimum": 1}),
        json!({"exclusiveMaximum": 1}),
        json!({"minLength": 1}),
        json!({"maxLength": 1}),
        json!({"minItems": 1}),
        json!({"maxItems": 1}),
        json!({"uniqueItems": true}),
        json!({"minProperties": 1}),
        json!({"maxProperties": 1}),
        json!({"const": 1.0}),
        json!({"enum": [[1.0], {"b": 2, "a": 1}]}),
        json!({"type": "integer"}),
        json!({"type": ["null", "boolean"]}),
    ] {
        for value in &values {
            agrees(&rule, value).expect("the walker and the validator agree");
        }
    }
}

proptest! {
    #[test]
    fn the_walker_accepts_what_a_json_schema_validator_accepts(rule in schemas(), value in values()) {
        let mut schema = json!({"$defs": {"Inner": {"type": ["string", "object"], "properties": {"b": {"$ref": "#/$defs/Inner"}}}}});
        schema["allOf"] = json!([rule]);
        agrees(&schema, &value)?;
    }

    #[test]
    fn the_playbook_like_schema_is_judged_alike(value in values()) {
        let mut schema = playbook();
        for pointer in ["/properties/name", "/$defs/Step/properties/tags/items", "/$defs/Step"] {
            let rule = schema.pointer_mut(pointer).and_then(Value::as_object_mut).expect("a rule");
            rule.remove("x-template");
            rule.remove("x-conflicts");
        }
        agrees(&schema, &value)?;
        agrees(&schema, &json!({"name": "n", "steps": [value]}))?;
    }
}
