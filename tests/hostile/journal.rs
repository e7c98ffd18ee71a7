//! Histories and secrets made to have something done twice, or done with a value that is none: what Airflow has afterwards is
//! counted without our client.

use std::fs;

use super::limits::limited;
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

/// A name in the folder of the history.
fn in_history(world: &World, name: &str) -> std::path::PathBuf {
    world.state().join("runs").join(name)
}

const TELLS: &str = "name: p\nsteps: [{id: one, post_dataset_event: {dataset_uri: d}}, {id: two, assert: [1 == 2]}]";

#[cfg(unix)]
#[test]
fn what_is_no_file_of_this_run_is_refused_at_once_and_nothing_is_sent() {
    let world = World::new("v2", WORLD);
    world.write("p.yaml", TELLS);
    assert_eq!(world.run(&["p.yaml", "--run-id", "good"]).code, 1);
    let good = fs::read_to_string(in_history(&world, "good.jsonl")).expect("a journal");
    let lines: Vec<&str> = good.lines().collect();
    let swapped = [&[lines[0], lines[2], lines[1]], &lines[3..]].concat().join("\n");
    let files: [(&str, String, &str); 8] = [
        ("copied", good.clone(), "it is of the run `good`"),
        ("garbage", "\u{1}\u{2}\nmore\n".to_owned(), "line 1 of"),
        ("version", good.replace("{\"v\":1,", "{\"v\":7,"), "has version 7, and this program knows version 1"),
        ("missing", good.replace(&format!("{}\n", lines[1]), ""), "line 2 of"),
        ("doubled", good.replace(lines[1], &format!("{}\n{}", lines[1], lines[1])), "line 3 of"),
        ("swapped", swapped, "line 2 of"),
        ("kinds", good.replace("write_announced", "write_foreseen"), "unknown variant"),
        ("outside", good.replace("\"step\":0", "\"step\":9"), "it is of step 10, and the run has 2"),
    ];
    for (name, text, why) in files {
        let text = if name == "copied" {
            text
        } else {
            text.replace("\"run_id\":\"good\"", &format!("\"run_id\":\"{name}\""))
        };
        fs::write(in_history(&world, &format!("{name}.jsonl")), text).expect("a file");
        refused(&world, name, why);
    }
    fs::File::create(in_history(&world, "long.jsonl")).and_then(|file| file.set_len(70 << 20)).expect("a file");
    refused(&world, "long", "it is too long");
    let made = std::process::Command::new("mkfifo").arg(in_history(&world, "pipe.jsonl")).status().expect("mkfifo");
    assert!(made.success());
    refused(&world, "pipe", "is no file");
    std::os::unix::fs::symlink("/dev/zero", in_history(&world, "zero.jsonl")).expect("a link");
    refused(&world, "zero", "is no file");
    fs::create_dir(in_history(&world, "folder.jsonl")).expect("a folder");
    refused(&world, "folder", "is no file");
    assert_eq!(world.events(), 1);
    let listed = world.run(&["runs", "list"]);
    assert!(listed.code == 0 && listed.stdout.lines().count() == 2, "{}", listed.stdout);
}

/// Neither shown nor gone on with, with these words and a way out.
fn refused(world: &World, name: &str, why: &str) {
    for args in [&["resume", name][..], &["runs", "show", name], &["p.yaml", "--run-id", name]] {
        let told = limited(&world.command(args));
        let stderr = &told.stderr;
        let is_taken = args.len() == 3 && args[1] == "--run-id" && stderr.contains("there is a run");
        assert!(is_taken || (told.code == Some(74) && stderr.contains(why)), "{args:?} {}: {stderr}", told.ended);
        assert!(stderr.contains("= help: "), "{stderr}");
    }
}

/// Runs where no file may grow beyond this many blocks of 512 bytes, as where the disk is full.
#[cfg(unix)]
fn run_in(world: &World, blocks: u32, args: &[&str]) -> crate::run::Ended {
    let inner = world.command(args);
    let mut command = std::process::Command::new("sh");
    command.current_dir(world.folder.folder()).env_clear().stdin(std::process::Stdio::null());
    command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.arg("-c").arg(format!("ulimit -f {blocks} && exec \"$0\" \"$@\"")).arg(inner.get_program());
    let output = command.args(inner.get_args()).output().expect("it starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    let code = output.status.code().expect("it ends by itself");
    crate::run::Ended { code, stdout: text(output.stdout), stderr: text(output.stderr) }
}

#[cfg(unix)]
#[test]
fn a_disk_that_is_full_stops_the_run_before_its_next_write_and_the_run_goes_on_when_there_is_space() {
    for output in ["text", "quiet", "json"] {
        let world = World::new("v2", WORLD);
        // Each of these steps takes a line of its own, until there is no space for another one.
        let steps: Vec<String> = (0..12)
            .map(|at| {
                format!("{{id: s{at}, post_dataset_event: {{dataset_uri: d, extra: {{it: {}}}}}}}", "x".repeat(300))
            })
            .collect();
        world.write("p.yaml", &format!("name: p\nsteps: [{}]", steps.join(", ")));
        let full = run_in(&world, 24, &["p.yaml", "--output", output]);
        let hint = format!("to go on with it: myaf-run resume {}", world.run_id());
        assert!(full.code == 74 && full.stderr.contains("the run can't be recorded"), "{}", full.stderr);
        assert_eq!(full.stderr.lines().last(), Some(hint.as_str()));
        let text = fs::read_to_string(world.journal()).expect("a journal");
        let announced = text.matches("\"kind\":\"write_announced\"").count() as u64;
        assert!(text.ends_with('\n') && announced == world.events() && (1..12).contains(&announced), "{announced}");
        let ended = world.run(&["resume"]);
        assert_eq!((ended.code, world.events()), (0, 12), "{}", ended.stderr);
    }
}

#[cfg(unix)]
#[test]
fn a_run_that_can_not_even_begin_is_not_offered_to_go_on_and_its_id_stays_free() {
    let world = World::new("v2", WORLD);
    world.write("p.yaml", TELLS);
    let full = run_in(&world, 0, &["p.yaml", "--run-id", "october"]);
    assert!(
        full.code == 74 && full.stderr.contains("p: stopped, since it can't be recorded; run october\n"),
        "{}",
        full.stderr
    );
    assert!(!full.stderr.contains("to go on") && world.events() == 0, "{}", full.stderr);
    let ended = world.run(&["p.yaml", "--run-id", "october"]);
    assert_eq!((ended.code, world.events()), (1, 1), "{}", ended.stderr);
}

#[test]
fn only_a_dag_run_is_cleared_and_a_step_in_doubt_stays_in_the_playbook() {
    let world = World::new("v2", WORLD);
    world.write("p.yaml", TELLS);
    assert_eq!(world.run(&["p.yaml"]).code, 1);
    for (args, why) in [
        (&["resume", "--clear", "one"][..], "makes no DAG run"),
        (&["resume", "--clear", "one", "--again", "one"], "are both asked"),
    ] {
        let ended = world.run(args);
        assert!(ended.code == 2 && ended.stderr.contains(why), "{}", ended.stderr);
    }
    cut_after_announcement(&world);
    for other in ["id: uno, post_dataset_event: {dataset_uri: d}", "id: one, print: hi"] {
        world.write("p.yaml", &format!("name: p\nsteps: [{{{other}}}]"));
        let ended = world.run(&["resume", "--allow-changed"]);
        assert!(ended.code == 2 && ended.stderr.contains("put the step back"), "{}", ended.stderr);
    }
    world.write("p.yaml", "name: p\nsteps: [{id: one, when: 1 == 2, post_dataset_event: {dataset_uri: d}}]");
    let ended = world.run(&["resume", "--allow-changed"]);
    assert!(ended.code == 0 && ended.stderr.contains("nothing is sent again"), "{}", ended.stderr);
    assert_eq!(world.events(), 1);
}

#[cfg(unix)]
#[test]
fn folders_and_files_of_the_history_are_its_owners_alone_whatever_the_umask() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new("v2", WORLD);
    world.write("p.yaml", TELLS);
    let inner = world.command(&["p.yaml"]);
    let mut command = std::process::Command::new("sh");
    command.current_dir(world.folder.folder()).envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.args(["-c", "umask 0 && exec \"$0\" p.yaml"]).arg(inner.get_program());
    assert_eq!(command.output().expect("it starts").status.code(), Some(1));
    let mode = |path: &std::path::Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    fs::set_permissions(world.state(), fs::Permissions::from_mode(0o777)).expect("our folder");
    let ended = world.run(&["p.yaml"]);
    assert!(ended.code == 74 && ended.stderr.contains("state` can be written to by others"), "{}", ended.stderr);
    assert_eq!(world.run(&["resume"]).code, 74);
    fs::set_permissions(world.state(), fs::Permissions::from_mode(0o700)).expect("our folder");
    assert_eq!(world.events(), 1);
    let modes = [&world.state(), &world.state().join("runs"), &world.journal()].map(|path| mode(path));
    assert_eq!(modes, [0o700, 0o700, 0o600]);
}

#[test]
fn a_number_that_is_secret_is_in_no_journal_and_is_made_again() {
    let world = World::new("v2", WORLD);
    let book = "name: p\ninputs: {pin: {secret: true, type: integer, from_env: PIN}}\nsteps: [{id: one, set_vars: {it: '{{ pin }}'}}, {id: two, assert: [1 == 2]}, {id: three, trigger_dag: {dag_id: a, conf: {pin: '{{ it }}'}}}]\noutputs: {it: '{{ it }}'}";
    world.write("p.yaml", book);
    let vars = [("PIN", "987654321")];
    assert_eq!(world.run_with(&vars, &["p.yaml"]).code, 1);
    world.write("p.yaml", &book.replace("1 == 2", "1 == 1"));
    let ended = world.run_with(&vars, &["resume", "--allow-changed"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(!fs::read_to_string(world.journal()).expect("a journal").contains("987654321"));
    assert!(!world.run(&["runs", "report", &world.run_id()]).stdout.contains("987654321"));
    let made = runs(&world, "a");
    assert!(made.contains("987654321") && !made.contains("***"), "{made}");
}

#[test]
fn a_run_that_is_still_failed_names_the_ways_on() {
    let world = World::new("v2", "dags: [{dag_id: a, run: {duration: 0s, outcome: failed}}]");
    world.write("p.yaml", "name: p\nsteps: [{id: one, trigger_dag: {dag_id: a, wait: {poll: {every: 100ms}}}}]");
    assert_eq!(world.run(&["p.yaml"]).code, 1);
    for _ in 0..2 {
        let ended = world.run(&["resume"]);
        assert!(ended.code == 1 && ended.stderr.contains("`--clear one`, or with `--again one`"), "{}", ended.stderr);
    }
    assert_eq!(world.counts("a"), 1);
}

#[cfg(unix)]
#[test]
fn links_in_the_history_lead_nowhere() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let world = World::new("v2", WORLD);
    world.write("p.yaml", "name: p\nsteps: [{print: hi}]");
    assert_eq!(world.run(&["p.yaml"]).code, 0);
    let elsewhere = world.folder.folder().join("elsewhere");
    fs::write(&elsewhere, "precious").expect("a file");
    let locks = world.state().join("locks");
    let lock = fs::read_dir(&locks).expect("locks").flatten().next().expect("one").path();
    fs::remove_file(&lock).expect("ours");
    symlink(&elsewhere, &lock).expect("a link");
    let ended = world.run(&["p.yaml"]);
    assert!(ended.code == 74 && ended.stderr.contains(".lock` is no file"), "{ended:#?}");
    fs::remove_file(&lock).expect("ours");
    let runs = world.state().join("runs");
    let moved = world.state().join("moved");
    fs::rename(&runs, &moved).expect("ours");
    symlink(&moved, &runs).expect("a link");
    let ended = world.run(&["p.yaml"]);
    assert!(ended.code == 74 && ended.stderr.contains("runs` is a link"), "{ended:#?}");
    assert_eq!(fs::read_to_string(&elsewhere).expect("it is there"), "precious");
    // A folder far above that is open to all.
    let open = world.folder.folder().join("open");
    fs::create_dir(&open).expect("a folder");
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).expect("its mode");
    let ended = world.run(&["p.yaml", "--state-dir", "open/a/b"]);
    assert!(ended.code == 74 && ended.stderr.contains("open` can be written to by others"), "{ended:#?}");
}
