//! `resume` without an id: which run is meant, and what is shown of it before it goes on.

use std::fs;
use std::path::Path;

use crate::journal::World;
use crate::run::{BOTH, Ended};

const WORLD: &str = "dags: [{dag_id: a}, {dag_id: b}]\n";

fn book(name: &str, dag_id: &str) -> String {
    format!(
        "name: {name}\nsteps: [{{id: one, trigger_dag: {{dag_id: {dag_id}}}}}, {{id: two, assert_dag: {{dag_id: gone}}}}]\n"
    )
}

/// A world with the folders `loans`, `cards` and `empty`; in the first two a run has failed, in this order.
fn world(version: &str) -> World {
    let world = World::new(version, WORLD);
    for (folder, name, dag_id) in [("loans", "loans", "a"), ("cards", "cards", "b"), ("empty", "", "")] {
        let folder = world.folder.folder().join(folder);
        fs::create_dir(&folder).expect("a folder");
        if !name.is_empty() {
            fs::write(folder.join("p.yaml"), book(name, dag_id)).expect("a file");
            assert_eq!(run_in(&world, &folder, &["p.yaml", "--run-id", name]).code, 1);
        }
    }
    world
}

fn run_in(world: &World, folder: &Path, args: &[&str]) -> Ended {
    let output = world.command(args).current_dir(folder).output().expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    let code = output.status.code().expect("it ends by itself");
    Ended { code, stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn resumed(world: &World, folder: &str, args: &[&str]) -> Ended {
    run_in(world, &world.folder.folder().join(folder), &[&["resume"], args].concat())
}

#[test]
fn where_nobody_can_be_asked_only_runs_of_this_folder_and_below_are_meant_and_the_run_is_shown_first() {
    for version in BOTH {
        let world = world(version);
        let here = resumed(&world, "loans", &[]);
        let shown: Vec<&str> = here.stderr.lines().take(4).collect();
        assert!(shown[0].starts_with("run loans of `loans` (p.yaml) on `my` (http://"), "{version}: {here:?}");
        assert!(shown[0].contains(", started 20"), "{version}: {here:?}");
        assert!(shown[1].starts_with("  failed at step `two`: "), "{version}: {here:?}");
        assert_eq!(shown[2], "  1 of 2 steps are done; resumes with step `two`", "{version}");
        assert!(shown[3].starts_with("loans: run loans goes on"), "{version}: {here:?}");
        assert!(resumed(&world, "cards", &[]).stderr.starts_with("run cards of `cards`"), "{version}");
        // The newest of both.
        assert!(resumed(&world, ".", &[]).stderr.starts_with("run cards of `cards` (p.yaml)"), "{version}");
        for args in [&[][..], &["latest"], &["--yes"]] {
            let nothing = resumed(&world, "empty", args);
            let says = "no unfinished run of a playbook in this folder or below it to resume\n  = help: `myaf-run resume cards` resumes";
            assert!(nothing.code == 0 && nothing.stderr.starts_with(says), "{version} {args:?}: {nothing:?}");
        }
        assert_eq!((world.counts("a"), world.counts("b")), (1, 1), "{version}");
    }
}

#[test]
fn a_playbook_or_a_run_that_is_named_is_meant_from_anywhere_and_read_from_where_it_was() {
    let world = world("v2");
    let named = resumed(&world, "cards", &["latest", "../loans/p.yaml"]);
    assert!(named.stderr.starts_with("run loans of `loans`"), "{named:?}");
    let other = resumed(&world, "cards", &["latest", "q.yaml"]);
    assert_eq!((other.code, other.stderr.as_str()), (0, "no unfinished run to resume\n"));
    // Another playbook of the same name stands here.
    fs::write(world.folder.folder().join("empty/p.yaml"), book("other", "b")).expect("a file");
    let by_id = resumed(&world, "empty", &["loans"]);
    assert!(by_id.code == 1 && by_id.stderr.starts_with("loans: run loans goes on"), "{by_id:?}");
    assert!(!by_id.stderr.contains("has changed"), "{by_id:?}");
    let quiet = resumed(&world, "loans", &["--output", "quiet"]);
    assert_eq!((quiet.code, quiet.stderr.lines().count()), (1, 1), "{quiet:?}");
}

#[test]
fn what_is_to_be_cleared_or_done_anew_and_what_is_in_doubt_is_shown() {
    let world = world("v1");
    for (args, says) in [
        (&["--again", "one"][..], "  1 of 2 steps are done; does step `one` anew"),
        (&["--clear", "one"], "  1 of 2 steps are done; clears the DAG run of step `one`"),
    ] {
        let shown = resumed(&world, "loans", args);
        assert!(shown.stderr.lines().any(|line| line == says), "{args:?}: {shown:?}");
    }
    let journal = world.state().join("runs/loans.jsonl");
    let text = fs::read_to_string(&journal).expect("a journal");
    let upto = text.find("\n{\"v\":1,\"seq\":4,").expect("a fourth event");
    assert!(text[..upto].contains("write_announced") && !text[..upto].contains("write_settled"), "{text}");
    fs::write(&journal, &text[..=upto]).expect("it is cut off");
    let shown = resumed(&world, "loans", &[]);
    assert!(shown.stderr.contains("\n  unfinished\n  first looks for `myaf__loans__one__loans__"), "{shown:?}");
    assert!(shown.stderr.contains("\n  0 of 2 steps are done; resumes with step `one`\n"), "{shown:?}");
}
