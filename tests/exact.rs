//! Digits are kept or refused, and what is sent otherwise than it is written is warned of.

use myaf_run::event::EventKind;
use serde_json::{Value, json};

use crate::between::Then;
use crate::run::{BOTH, Run};
use crate::stage::Stage;

const PRINTS: &str = "
    name: b
    inputs: {m: {type: map, default: {}}, l: {type: list, default: []}, n: {type: integer, default: 1}, f: {type: number, default: 1}}
    steps: [{print: \"{{ m | tojson }} {{ l | tojson }} {{ n }} {{ f }}\"}]
";

fn given(value: &str) -> (i32, String) {
    let ended = Run::playbook(PRINTS).scenario("{description: x}").args(&["-e", value]).end();
    (ended.code, if ended.code == 0 { ended.stdout } else { ended.stderr })
}

#[test]
fn what_can_be_kept_of_an_input_is_kept_to_the_last_digit() {
    for (value, printed) in [
        ("n=18446744073709551615", "{} [] 18446744073709551615 1\n"),
        ("n=-9223372036854775808", "{} [] -9223372036854775808 1\n"),
        ("f=9007199254740993", "{} [] 1 9007199254740993\n"),
        ("f=3", "{} [] 1 3\n"),
        ("f=0.1234567890123456", "{} [] 1 0.1234567890123456\n"),
        (
            r#"m={"id":9007199254740993,"rate":0.30000000000000004}"#,
            "{\"id\":9007199254740993,\"rate\":0.30000000000000004} [] 1 1\n",
        ),
        (r#"l=["12345678901234567890123", 1e2]"#, "{} [\"12345678901234567890123\",100.0] 1 1\n"),
    ] {
        assert_eq!(given(value), (0, printed.to_owned()), "{value}");
    }
}

#[test]
fn what_would_lose_digits_or_a_key_is_refused_and_not_shown() {
    for (value, reason) in [
        (
            r#"m={"account":12345678901234567890123}"#,
            "`m` has a number with more digits than can be kept at line 1 column 12",
        ),
        (
            r#"m={"rate":0.1234567890123456789}"#,
            "`m` has a number with more digits than can be kept at line 1 column 9",
        ),
        (r#"m={"a":1,"a":2}"#, "`m` has a duplicate key at line 1 column 10 of its JSON"),
        ("l=[[1e-400]]", "`l` has a number with more digits"),
        ("n=18446744073709551616", "`n` must be between -9223372036854775808 and 18446744073709551615"),
        ("n=1.5", "`n` must be a whole number"),
        ("f=0.1234567890123456789", "`f` has more digits than a number can keep"),
        ("f=18446744073709551616", "`f` has more digits than a number can keep"),
    ] {
        let (code, told) = given(value);
        assert!(code == 2 && told.contains(reason), "{value}: {told}");
        assert!(!told.contains("123456789012"), "{told}");
    }
}

#[test]
fn a_file_of_inputs_a_variable_and_a_playbook_lose_nothing_either() {
    let file = |text: &str| {
        Run::playbook(PRINTS).scenario("{description: x}").file("i.json", text).args(&["-e", "@i.json"]).end()
    };
    for (text, code) in [
        (r#"{"m": {"id": 12345678901234567890123}}"#, "E015"),
        (r#"{"m": {"rate": 0.1234567890123456789}}"#, "E015"),
        (r#"{"m": {"a": 1, "a": 2}}"#, "E002"),
    ] {
        let ended = file(text);
        assert!(ended.code == 2 && ended.stderr.contains(code), "{text}: {}", ended.stderr);
    }
    let text = "'{\"id\": 12345678901234567890123}' | fromjson";
    let ended = Run::playbook(&format!("name: b\nsteps: [{{print: \"{{{{ {} }}}}\"}}]", text.replace('"', "\\\"")))
        .scenario("{description: x}")
        .end();
    assert!(
        ended.code != 0 && ended.stderr.contains("a number at line 1 column 8 has more digits"),
        "{}",
        ended.stderr
    );
}

#[tokio::test]
async fn a_long_integer_that_airflow_answers_keeps_its_digits_and_is_warned_of() {
    let long = "123456789012345678901234567890";
    for version in BOTH {
        let stage = Stage::behind(version, "{dags: [{dag_id: a}, {dag_id: b}]}", |asked| {
            let last = asked.last().expect("it is asked");
            if !last.path.contains("xcomEntries") {
                return Then::Forward;
            }
            let value = "{\"id\": 123456789012345678901234567890, \"small\": 18446744073709551615, \"rate\": 0.30000000000000004}";
            let body = format!("{{\"key\": \"return_value\", \"timestamp\": null, \"value\": {value}}}");
            Then::Say(200, "application/json", body)
        });
        let stage = stage.await;
        let ran = stage
            .run(
                "
                name: x
                steps:
                  - get_xcom: {dag_id: a, dag_run_id: r, task_id: t}
                    capture: found
                  - trigger_dag: {dag_id: b, dag_run_id: own, conf: \"{{ found.value }}\"}
                ",
            )
            .await;
        let sent = json!({ "id": long, "small": u64::MAX, "rate": 0.300_000_000_000_000_04 });
        let result = ran.step(0).result.as_ref().map(|result| Value::Object(result.fields()));
        assert_eq!(result.map(|result| result["value"].clone()), Some(sent.clone()), "{ran:#?}");
        let warned = ran.events.iter().filter_map(|event| match &event.kind {
            EventKind::Warned { message, .. } => Some(message.as_str()),
            _ => None,
        });
        let warned: Vec<&str> = warned.collect();
        assert_eq!(
            warned,
            ["the XCom `return_value` holds an integer that is too long for a number; it is kept as text"]
        );
        let run = stage.send("GET", "/dags/b/dagRuns/own", "").await;
        assert_eq!(run["conf"], sent, "{version}");
    }
}

#[test]
fn what_a_run_sends_otherwise_than_it_is_written_is_told_before_it_is_sent() {
    let playbook = "
        name: zip
        inputs: {m: {type: map, default: {}}}
        steps: [{trigger_dag: {dag_id: a, conf: {zip: 01234, m: \"{{ m }}\"}}}]
    ";
    let run = || Run::playbook(playbook).scenario("{dags: [{dag_id: a}]}").file("i.yaml", "m: {phone: +351}");
    for args in [[].as_slice(), &["-C"]] {
        let ended = run().args(args).args(&["-e", "@i.yaml"]).end();
        let told = ["`01234` is read as the number `1234`", "a number in `m` is not kept as it is written"];
        assert!(ended.code == 0 && told.iter().all(|line| ended.stderr.contains(line)), "{}", ended.stderr);
        assert!(!ended.stderr.contains("+351"), "{}", ended.stderr);
    }
    assert_eq!(run().args(&["--output", "quiet", "-e", "@i.yaml"]).end().stderr, "");
    let strict = Run::playbook(&playbook.replace("01234", "1")).scenario("{dags: [{dag_id: a}]}");
    let strict = strict.file("i.yaml", "m: {phone: +351}").args(&["--strict", "-e", "@i.yaml"]).end();
    assert!(strict.code == 2 && strict.stdout.is_empty(), "{}", strict.stderr);
    let json = run().args(&["--output", "json", "--message-format", "json"]).end();
    assert!(serde_json::from_str::<Value>(&json.stdout).is_ok() && json.stderr.contains("W009"), "{json:#?}");
}

#[test]
fn two_inputs_in_one_option_are_refused_with_what_to_write() {
    let playbook = "
        name: two
        inputs: {month: {default: none}, mode: {default: trial}, note: {default: ''}, hook: {default: x, secret: true}}
        steps: [{print: \"{{ month }} {{ mode }} {{ note }}{{ hook | length }}\"}]
    ";
    let run = |args: &[&str]| Run::playbook(playbook).scenario("{description: x}").args(args).end();
    for (text, help) in [
        ("month=2026-10 mode=real", "write `-e month=… -e mode=…`"),
        ("month=2026-10  mode=real note=x", "write `-e month=… -e mode=… -e note=…`"),
        ("mode=real\tmonth=2026-10", "write `-e mode=… -e month=…`"),
        ("note=a text hook=hunter2", "write `-e note=… -e hook=…`"),
        ("{\"month\": \"2026-10=x\"}", "write `-e NAME=VALUE` for each input, or `-e @FILE`"),
    ] {
        let ended = run(&["-e", text]);
        assert!(ended.code == 2 && ended.stderr.contains(help), "{text}: {}", ended.stderr);
        assert!(!ended.stderr.contains("hunter2") && !ended.stderr.contains("2026"), "{}", ended.stderr);
    }
    for text in ["note=x=1 y=2", "note=the mode = real", "month=mode=real"] {
        assert_eq!(run(&["-e", text]).code, 0, "{text}");
    }
}
