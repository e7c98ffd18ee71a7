//! Histories and secrets made to have something done twice, or done with a value that is none: what Airflow has afterwards is
//! counted without our client.

use std::fs;

use crate::journal::World;
use crate::run::BOTH;

const WORLD: &str = "dags: [{dag_id: a}, {dag_id: b}]\ndatasets: [{uri: d}, {uri: e}]\n";

/// Cuts the journal off after its first write was announced, as a kill at that moment leaves it.
fn cut_after_announcement(world: &World) {
    let text = fs::read_to_string(world.journal()).expect("a journal");
    let at = text.find("\"kind\":\"write_announced\"").expect("a write");
    let end = at + text[at..].find('\n').expect("its end");
    fs::write(world.journal(), &text[..=end]).expect("our journal");
}

/// The confs of a DAG's runs, as Airflow shows them.
fn runs(world: &World, dag: &str) -> String {
    world.get(&format!("/dags/{dag}/dagRuns")).1.to_string()
}

#[test]
fn a_run_whose_words_hold_a_secret_is_found_again_and_repeats_nothing() {
    for version in BOTH {
        let world = World::new(version, WORLD);
        let book = "name: airflow\nsteps: [{id: tell_airflow, post_dataset_event: {dataset_uri: d}}, {id: two, assert: [1 == 2]}, {id: tell_airflow_too, post_dataset_event: {dataset_uri: e}}]";
        world.write("airflow.yaml", book);
        let secrets = [("DB_PASSWORD", "airflow"), ("A_TOKEN", "127.0.0.1")];
        assert_eq!(world.run_with(&secrets, &["airflow.yaml"]).code, 1);
        assert!(world.run_with(&secrets, &["resume"]).stderr.contains("1 of 3 steps are done"), "{version}");
        cut_after_announcement(&world);
        world.write("airflow.yaml", &book.replace("1 == 2", "1 == 1"));
        let ended = world.run_with(&secrets, &["resume", "--allow-changed"]);
        assert_eq!((ended.code, world.events()), (0, 2), "{version}: {}", ended.stderr);
    }
}

#[test]
fn a_secret_that_is_the_date_of_today_ends_no_run() {
    let world = World::new("v2", WORLD);
    world.write("p.yaml", "steps: [{print: hi}]");
    let id = "20261125";
    assert_eq!(world.run(&["p.yaml", "--run-id", id]).code, 0);
    let text = fs::read_to_string(world.journal()).expect("a journal");
    let today = text.split("\"started_at\":\"").nth(1).and_then(|rest| rest.get(..10)).expect("a date").to_owned();
    let ended = world.run_with(&[("DAY_TOKEN", &today)], &["p.yaml"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
}

#[test]
fn a_secret_input_that_is_named_after_a_secret_is_never_three_stars() {
    let world = World::new("v2", WORLD);
    let book = "name: p\ninputs: {airflow_pin: {secret: true, from_env: PIN}}\nsteps: [{id: one, assert: [1 == 2]}, {id: two, trigger_dag: {dag_id: a, conf: {pin: '{{ airflow_pin | length }}', is: '{{ airflow_pin }}'}}}]";
    world.write("p.yaml", book);
    let vars = [("DB_PASSWORD", "airflow"), ("PIN", "123456789")];
    assert_eq!(world.run_with(&vars, &["p.yaml"]).code, 1);
    world.write("p.yaml", &book.replace("1 == 2", "1 == 1"));
    assert_eq!(world.run_with(&vars, &["resume", "--allow-changed"]).code, 0);
    let made = runs(&world, "a");
    assert!(made.contains("123456789") && !made.contains("***"), "{made}");
}

#[test]
fn an_input_that_was_not_kept_never_takes_another_value_silently() {
    let world = World::new("v2", WORLD);
    let book = "name: p\ninputs: {to: {default: production, from_env: TO}}\nsteps: [{id: one, assert: [1 == 2]}, {id: two, trigger_dag: {dag_id: a, conf: {to: '{{ to }}'}}}]";
    let secret = ("A_TOKEN", "staging-1");
    let first: [(&[&str], Option<&str>, &str); 2] =
        [(&["-e", "to=staging-1"], None, "was given by `-e`"), (&[], Some("staging-1"), "came from its variable")];
    for (given, variable, why) in first {
        world.write("p.yaml", book);
        let vars: Vec<(&str, &str)> = variable.map(|value| ("TO", value)).into_iter().chain([secret]).collect();
        assert_eq!(world.run_with(&vars, &[&["p.yaml"], given].concat()).code, 1);
        world.write("p.yaml", &book.replace("1 == 2", "1 == 1"));
        let ended = world.run_with(&[secret], &["resume", "--allow-changed"]);
        assert!(ended.code == 2 && ended.stderr.contains(why), "{}", ended.stderr);
        let ended = world.run_with(&[secret], &["resume", "--allow-changed", "-e", "to=staging-1"]);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
    }
    let made = runs(&world, "a");
    assert!(made.contains("staging-1") && !made.contains("production") && !made.contains("***"), "{made}");
}

#[test]
fn what_a_failure_said_is_no_value_once_a_secret_was_masked_in_it() {
    let world = World::new("v2", WORLD);
    let book = "name: p\nsteps:\n  - {id: one, assert: ['\"staging-1\" == \"\"'], ignore_errors: true}\n  - {id: two, assert: [1 == 2]}\n  - {id: three, trigger_dag: {dag_id: a, conf: {why: '{{ steps.one.failure.message }}', kind: '{{ steps.one.failure.kind }}'}}}";
    world.write("p.yaml", book);
    let vars = [("A_TOKEN", "staging-1")];
    assert_eq!(world.run_with(&vars, &["p.yaml"]).code, 1);
    world.write("p.yaml", &book.replace("1 == 2", "1 == 1"));
    let ended = world.run_with(&vars, &["resume", "--allow-changed"]);
    assert!(ended.code == 1 && ended.stderr.contains("three"), "{}", ended.stderr);
    assert_eq!(world.counts("a"), 0, "{}", runs(&world, "a"));
}

#[test]
fn a_value_that_was_not_kept_is_not_an_older_one_of_the_same_name() {
    let world = World::new("v2", WORLD);
    let book = "name: p\nsteps:\n  - {id: one, print: safe, capture: {it: text}}\n  - {id: two, print: staging-1, capture: {it: text}}\n  - {id: three, assert: [1 == 2]}\n  - {id: four, trigger_dag: {dag_id: a, conf: {it: '{{ it }}'}}}";
    world.write("p.yaml", book);
    let vars = [("A_TOKEN", "staging-1")];
    assert_eq!(world.run_with(&vars, &["p.yaml"]).code, 1);
    world.write("p.yaml", &book.replace("1 == 2", "1 == 1"));
    let ended = world.run_with(&vars, &["resume", "--allow-changed"]);
    assert!(ended.code == 1 && ended.stderr.contains("`it` was not captured"), "{}", ended.stderr);
    assert_eq!(world.counts("a"), 0, "{}", runs(&world, "a"));
}

#[test]
fn an_event_in_doubt_is_looked_for_where_it_was_announced() {
    for version in BOTH {
        let world = World::new(version, WORLD);
        world.write("p.yaml", "name: p\nsteps: [{id: one, post_dataset_event: {dataset_uri: '{{ env.URI }}'}}]");
        assert_eq!(world.run_with(&[("URI", "d")], &["p.yaml"]).code, 0);
        cut_after_announcement(&world);
        let ended = world.run_with(&[("URI", "e")], &["resume"]);
        assert_eq!((ended.code, world.events()), (0, 1), "{version}: {}", ended.stderr);
    }
}

#[test]
fn a_run_with_a_given_id_finds_what_was_made_without_a_journal_when_it_is_resumed_too() {
    for version in BOTH {
        let world = World::new(version, WORLD);
        let book = "name: p\nsteps: [{id: one, assert: [1 == 1]}, {id: two, post_dataset_event: {dataset_uri: d}}]";
        world.write("p.yaml", book);
        assert_eq!(world.run(&["p.yaml", "--no-journal", "--run-id", "october"]).code, 0);
        world.write("p.yaml", &book.replace("1 == 1", "1 == 2"));
        assert_eq!(world.run(&["p.yaml", "--run-id", "october"]).code, 1);
        world.write("p.yaml", book);
        let ended = world.run(&["resume", "october", "--allow-changed"]);
        assert_eq!((ended.code, world.events()), (0, 1), "{version}: {}", ended.stderr);
    }
}
