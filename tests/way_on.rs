//! What a run that did not pass says at its end: the command that helps, and none where none does.

use std::process::Command;

use serde_json::Value;

use crate::journal::World;
use crate::run::BOTH;

const WORLD: &str = "\
dags:
  - {dag_id: a}
  - {dag_id: bad, run: {duration: 100ms, tasks: [{task_id: t, outcome: failed, recovers_after: 1}]}}
";

const WAIT: &str = "wait: {poll: {every: 100ms}}";

fn last_line(world: &World, args: &[&str]) -> (i32, String) {
    let ended = world.run(args);
    (ended.code, ended.stderr.lines().last().unwrap_or_default().to_owned())
}

#[test]
fn the_command_that_is_shown_helps_as_it_stands_in_every_form() {
    for version in BOTH {
        for output in ["text", "json", "quiet"] {
            let world = World::new(version, WORLD);
            world.write(
                "p.yaml",
                &format!(
                    "name: p\nsteps: [{{id: load, trigger_dag: {{dag_id: bad, {WAIT}}}}}, {{id: say, print: hi}}]\n"
                ),
            );
            let ended = world.run(&["p.yaml", "--state-dir", "my runs", "--run-id", "it", "--output", output]);
            let expected = "myaf-run resume --clear load --state-dir 'my runs' it";
            let shown = match output {
                "json" => {
                    let report: Value = serde_json::from_str(&ended.stdout).expect("JSON");
                    report["how_to_go_on"].as_str().expect("a command").to_owned()
                }
                "quiet" => {
                    assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
                    let (_, after) = ended.stderr.rsplit_once("(to go on: ").expect("a command");
                    after.trim_end().trim_end_matches(')').to_owned()
                }
                _ => {
                    let last = ended.stderr.lines().last().expect("a last line");
                    last.strip_prefix("to go on with it: ").expect("a command").to_owned()
                }
            };
            assert_eq!((ended.code, shown.as_str()), (1, expected), "{version} {output}");
            let report = world.run(&["runs", "report", "it", "--state-dir", "my runs"]).stdout;
            assert!(report.contains(&format!("\"how_to_go_on\": \"{expected}\"")), "{report}");
            let show = world.run(&["runs", "show", "it", "--state-dir", "my runs"]).stdout;
            assert!(show.contains(&format!("\ngo on     {expected}\n")), "{show}");
            // As a person types it.
            let plain = world.command(&[]);
            let script = shown.replacen("myaf-run", "\"$0\"", 1);
            let mut shell = Command::new("/bin/sh");
            shell.arg("-c").arg(script).arg(plain.get_program()).current_dir(world.folder.folder()).env_clear();
            shell.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
            let went_on = shell.output().expect("it starts");
            assert!(went_on.status.success(), "{version} {output}: {went_on:?}");
            assert_eq!(world.counts("bad"), 1, "{version} {output}");
        }
    }
}

#[test]
fn a_run_with_nothing_done_is_run_again_and_one_that_would_come_to_the_same_says_so() {
    for version in BOTH {
        let world = World::new(version, WORLD);
        let look = "{id: look, get_dag: {dag_id: a}}";
        for (book, args, code, says) in [
            (
                "{id: one, trigger_dag: {dag_id: a}}".to_owned(),
                &["--url", "http://127.0.0.1:9/api/v2"][..],
                3,
                "nothing was done: run it again",
            ),
            (
                "{id: one, trigger_dag: {dag_id: a}}".to_owned(),
                &["--env-file", "bad.env"],
                4,
                "nothing was done: run it again",
            ),
            ("{print: x}, {id: one, assert: 1 == 2}".to_owned(), &[], 1, "p: failed in "),
            (
                format!("{look}, {{id: one, assert: 1 == 2}}"),
                &[],
                1,
                "to go on with it after changing the playbook: myaf-run resume --allow-changed ",
            ),
            (format!("{look}, {{id: one, get_dag: {{dag_id: gone}}}}"), &[], 1, "to go on with it: myaf-run resume "),
            (
                format!("{look}, {{id: one, wait_for_dag_run: {{dag_id: a, dag_run_id: gone}}}}"),
                &[],
                1,
                "to go on with it: myaf-run resume ",
            ),
        ] {
            world.write(
                "bad.env",
                &format!("MY_AIRFLOW_API_URL={}\nMY_AIRFLOW_API_KEY=some-other-key-of-mine\n", world.url()),
            );
            #[cfg(unix)]
            world.make_private("bad.env");
            world.write("p.yaml", &format!("name: p\ndefaults: {{retry: {{attempts: 1}}}}\nsteps: [{book}]\n"));
            let mut command = world.command(&[&["p.yaml"], args].concat());
            if args.contains(&"bad.env") {
                command.env_remove("MY_AIRFLOW_API_URL").env_remove("MY_AIRFLOW_API_KEY");
            }
            let output = command.output().expect("it starts");
            let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
            let last = stderr.lines().last().unwrap_or_default();
            assert!(output.status.code() == Some(code) && last.starts_with(says), "{version} {book}: {stderr}");
        }
    }
}

#[test]
fn what_resume_refuses_it_refuses_with_a_way_out() {
    let world = World::new("v2", WORLD);
    world
        .write("p.yaml", "name: p\nsteps: [{id: one, trigger_dag: {dag_id: a}}, {id: two, get_dag: {dag_id: gone}}]\n");
    assert_eq!(
        last_line(&world, &["p.yaml", "--run-id", "it"]),
        (1, "to go on with it: myaf-run resume it".to_owned())
    );
    let journal = world.state().join("runs/it.jsonl");
    let text = std::fs::read_to_string(&journal).expect("a journal");
    let line = |text: &str, at: usize| text.lines().nth(at).unwrap_or_default().to_owned();

    std::fs::write(&journal, format!("{{\"v\":2,\"what\":\"else\"}}\n{text}")).expect("a file");
    for args in [&["resume", "it"][..], &["runs", "show", "it"], &["p.yaml", "--run-id", "it"]] {
        let ended = world.run(args);
        assert!(
            ended.code == 74 && ended.stderr.contains("has version 2, and this program knows version 1"),
            "{ended:?}"
        );
        assert!(line(&ended.stderr, 1).contains("help: use the version of myaf-run that wrote it"), "{ended:?}");
    }
    std::fs::write(&journal, &text).expect("a file");

    let elsewhere = world.run(&["resume", "it", "--url", "http://127.0.0.1:9/api/v2"]);
    let says = "the target `my` is at http://127.0.0.1:9/api/v2 now, and the run was made at ";
    assert!(elsewhere.code == 2 && line(&elsewhere.stderr, 0).contains(says), "{elsewhere:?}");
    assert!(line(&elsewhere.stderr, 1).contains("`myaf-run resume --allow-changed it` goes on there"), "{elsewhere:?}");

    let there = world.run(&["p.yaml", "--run-id", "it"]);
    assert!(there.code == 2 && line(&there.stderr, 1).contains("`myaf-run resume it` goes on with it"), "{there:?}");
    world.write("p.yaml", "name: p\nsteps: [{id: one, trigger_dag: {dag_id: a}}, {id: two, get_dag: {dag_id: a}}]\n");
    let changed = world.run(&["resume", "it"]);
    assert!(
        changed.code == 2 && changed.stderr.contains("`myaf-run resume --allow-changed it` goes on"),
        "{changed:?}"
    );
    assert_eq!(world.run(&["resume", "it", "--allow-changed"]).code, 0);
    let passed = world.run(&["resume", "it"]);
    assert_eq!((passed.code, passed.stderr.as_str()), (0, "p: run it has already passed: nothing is left to do\n"));
}
