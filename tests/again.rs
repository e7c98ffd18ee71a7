//! `resume --clear` and `resume --again`: what they do to a DAG run that was there before the step, and what they say when
//! there is nothing to do.

use crate::journal::World;
use crate::run::{BOTH, Ended};

/// A DAG whose task fails until it is cleared, one that is success with a failed task, and one that is done at once.
const WORLD: &str = "\
dags:
  - {dag_id: bad, run: {duration: 100ms, tasks: [{task_id: t, outcome: failed, recovers_after: 1}]}}
  - {dag_id: good, run: {duration: 100ms}}
datasets: [{uri: d}]
";

fn book(trigger: &str) -> String {
    format!(
        "name: p\nsteps:\n  - {{id: load, trigger_dag: {{{trigger}, wait: {{poll: {{every: 100ms}}}}}}, capture: made}}\n  - {{id: say, print: '{{{{ made.dag_run_id }}}}'}}\n"
    )
}

/// A world in which the DAG run of the step was made, and has failed, before the run that is resumed.
fn with_a_failed_run(version: &str, trigger: &str) -> (World, String) {
    let world = World::new(version, WORLD);
    world.write("p.yaml", &book(trigger));
    assert_eq!(world.run(&["p.yaml", "--no-journal"]).code, 1, "{trigger}");
    let ended = world.run(&["p.yaml"]);
    assert_eq!((ended.code, world.counts("bad")), (1, 1), "{trigger}: {}", ended.stderr);
    assert!(ended.stderr.contains("was there already"), "{trigger}: {}", ended.stderr);
    let id = world.run_id();
    (world, id)
}

fn passed(ended: &Ended) -> bool {
    ended.code == 0 && ended.stdout.lines().count() == 1
}

#[test]
fn a_failed_run_that_was_there_before_the_step_is_cleared_when_it_is_asked_for() {
    for version in BOTH {
        for trigger in ["dag_id: bad, once_per: k", "dag_id: bad, dag_run_id: mine, if_exists: use"] {
            let (world, id) = with_a_failed_run(version, trigger);
            let plain = world.run(&["resume", &id]);
            assert_eq!(plain.code, 1, "{version} {trigger}: nobody has cleared it: {}", plain.stderr);
            let cleared = world.run(&["resume", &id, "--clear", "load"]);
            assert!(passed(&cleared), "{version} {trigger}: {cleared:?}");
            assert_eq!(world.counts("bad"), 1, "{version} {trigger}");
            let again = world.run(&["resume", &id, "--clear", "load"]);
            assert!(again.stderr.contains("warning: nothing was cleared: the DAG run `"), "{version}: {again:?}");
        }
    }
}

#[test]
fn the_last_of_the_runs_of_a_key_is_cleared_in_place_of_another_one_being_made() {
    for version in BOTH {
        let (world, id) = with_a_failed_run(version, "dag_id: bad, once_per: k");
        world.write("p.yaml", &book("dag_id: bad, once_per: k, if_failed: new"));
        let cleared = world.run(&["resume", &id, "--allow-changed", "--clear", "load"]);
        assert!(passed(&cleared), "{version}: {cleared:?}");
        assert_eq!(world.counts("bad"), 1, "{version}");
    }
}

#[test]
fn again_makes_another_run_of_a_key_whatever_is_there_and_never_a_second_with_the_authors_id() {
    for version in BOTH {
        let world = World::new(version, WORLD);
        world.write("p.yaml", &book("dag_id: good, once_per: k"));
        assert!(passed(&world.run(&["p.yaml"])));
        let id = world.run_id();
        for made in 2..4 {
            let again = world.run(&["resume", &id, "--again", "load"]);
            assert!(again.code == 0 && world.counts("good") == made, "{version}: {again:?}");
        }
        // Another host has made the next generations already.
        let (folder, other) = (world.folder.folder().join("other"), world.run(&["p.yaml", "--no-journal"]));
        assert_eq!(other.code, 0, "{version}");
        let state = folder.to_str().expect("UTF-8");
        assert!(passed(&world.run(&["p.yaml", "--state-dir", state, "--run-id", "other"])));
        let again = world.run(&["resume", "other", "--state-dir", state, "--again", "load"]);
        assert!(again.code == 0 && world.counts("good") == 4, "{version}: {again:?}");

        world.write("q.yaml", &book("dag_id: good, dag_run_id: mine, if_exists: use").replace("name: p", "name: q"));
        assert!(passed(&world.run(&["q.yaml", "--run-id", "own"])));
        let own = world.run(&["resume", "own", "--again", "load"]);
        assert!(own.code == 1 && own.stderr.contains("another run needs another `dag_run_id`"), "{version}: {own:?}");
        assert_eq!(world.counts("good"), 5, "{version}");
    }
}

#[test]
fn again_posts_another_event_of_a_key_whatever_is_there() {
    for version in BOTH {
        let world = World::new(version, WORLD);
        let book =
            "name: p\nsteps: [{id: tell, post_dataset_event: {dataset_uri: d, once_per: k, consumers: ignore}}]\n";
        world.write("p.yaml", book);
        for (id, posted) in [("one", 1), ("two", 1)] {
            assert_eq!(world.run(&["p.yaml", "--run-id", id]).code, 0);
            assert_eq!(world.events(), posted, "{version}");
        }
        for (id, posted) in [("one", 2), ("two", 3), ("one", 4)] {
            let again = world.run(&["resume", id, "--again", "tell"]);
            assert_eq!((again.code, world.events()), (0, posted), "{version} {id}: {}", again.stderr);
        }
    }
}

#[test]
fn what_has_no_run_to_clear_or_is_no_step_is_refused_with_a_way_out() {
    let world = World::new("v2", WORLD);
    world.write(
        "p.yaml",
        "name: p\nsteps: [{id: look, get_dag: {dag_id: good}}, {id: follow, wait_for_dag_run: {dag_id: good, dag_run_id: x}}, {id: load, trigger_dag: {dag_id: good}}]\nalways: [{id: last, print: x}]\n",
    );
    assert_eq!(world.run(&["p.yaml"]).code, 1);
    let id = world.run_id();
    for (args, says) in [
        (["--clear", "lod"], "did you mean `load`?"),
        (["--again", "nothing-like-it"], "its steps are `look`, `follow`, `load`"),
        (["--clear", "look"], "the step `look` makes no DAG run that could be cleared"),
        (["--clear", "follow"], "clear the failed tasks in Airflow"),
        (["--again", "last"], "the step `last` stands in `always`"),
        (["--clear", "last"], "the step `last` stands in `always`"),
    ] {
        let refused = world.run(&[&["resume", &id][..], &args].concat());
        assert!(refused.code == 2 && refused.stderr.contains(says), "{args:?}: {}", refused.stderr);
    }
    assert_eq!(world.counts("good"), 0);
}
