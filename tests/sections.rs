//! `rescue`, `always`, the deadline and the grace: what runs after what, and what decides.

use std::time::Duration;

use myaf_run::event::EventKind;
use myaf_run::outcome::{FailureKind, StepOutcome};
use myaf_run::record::Verdict;

use crate::journal::World;
use crate::run::{BOTH, Run, is_golden_on_both, is_golden_on_each};
use crate::stage::{Ran, Stage};

const WORLD: &str = "{dags: [{dag_id: a, run: {duration: 10s}}, {dag_id: bad, run: {outcome: failed, tasks: [{task_id: t, outcome: failed, log: [boom]}]}}]}";

/// A playbook with these sections after a first step that triggers a DAG and waits.
fn book(dag: &str, sections: &str) -> String {
    format!(
        "name: s\nsteps:\n  - {{id: load, trigger_dag: {{dag_id: {dag}, wait: {{log_lines: 0}}}}}}\n  - {{id: after, print: after}}\n{sections}"
    )
}

async fn ran(version: &'static str, playbook: &str) -> Ran {
    Stage::new(version, WORLD).await.run(playbook).await
}

/// The steps that began, by their ids, in order.
fn begun(ran: &Ran) -> Vec<&str> {
    let step = |event: &myaf_run::event::Event| match event.kind {
        EventKind::StepStarted { step, .. } => Some(step),
        _ => None,
    };
    ran.events.iter().filter_map(step).map(|step| ran.step(step).id.as_str()).collect()
}

#[test]
fn a_rescued_failure_ends_well_and_is_shown_as_rescued() {
    let sections = "
rescue:
  - {id: mend, print: \"{{ failure.step }}: {{ failure.kind }}, {{ failure.failed_tasks[0].task_id }}\"}
always:
  - {id: tell, print: \"{{ steps.load.outcome }}, {{ 'no failure' if failure is none else failure.message[:11] }}\"}
";
    is_golden_on_each("sections/rescued", || Run::playbook(&book("bad", sections)).scenario(WORLD));
    is_golden_on_each("sections/nothing_to_rescue", || Run::playbook(&book("a", sections)).scenario(WORLD));
}

#[test]
fn a_failure_in_rescue_or_always_never_hides_the_first() {
    let sections = "
rescue:
  - {id: mend, assert: 1 > 2}
  - {id: never, print: never}
always:
  - {id: broken, assert: {that: false, message: always is broken}}
";
    is_golden_on_each("sections/all_fail", || Run::playbook(&book("bad", sections)).scenario(WORLD));
    let quiet = || Run::playbook(&book("bad", sections)).scenario(WORLD).args(&["--output", "quiet"]);
    is_golden_on_both("sections/all_fail_quiet", quiet);
    is_golden_on_each("sections/only_always_fails", || Run::playbook(&book("a", sections)).scenario(WORLD));
}

#[tokio::test]
async fn a_rescue_that_skips_everything_has_rescued_nothing() {
    for version in BOTH {
        let all =
            ran(version, &book("bad", "rescue:\n  - {id: r, when: \"failure.kind == 'vanished'\", print: x}\n")).await;
        assert_eq!(all.record.verdict(), Verdict::Failed(FailureKind::DagRunFailed), "{version}");
        assert_eq!((all.outcome(0), all.outcome(2)), (Some(StepOutcome::Failed), Some(StepOutcome::Skipped)));
        let one = "rescue:\n  - {id: r, when: false, print: x}\n  - {id: s, ignore_errors: true, assert: false}\n";
        let one = ran(version, &book("bad", one)).await;
        assert_eq!((one.record.verdict(), one.outcome(0)), (Verdict::Passed, Some(StepOutcome::Rescued)), "{version}");
    }
}

#[tokio::test]
async fn outputs_are_made_when_all_has_passed_and_not_when_it_was_rescued() {
    for (dag, always, outputs) in [("a", "true", 1), ("bad", "true", 0), ("a", "false", 0)] {
        let sections = format!("rescue: [{{print: r}}]\nalways: [{{assert: {always}}}]\noutputs: {{x: 1}}\n");
        let ran = ran("v2", &book(dag, &sections)).await;
        assert_eq!(ran.record.outputs.len(), outputs, "{dag} {always}");
    }
}

#[tokio::test]
async fn a_signal_ends_the_steps_leaves_rescue_out_and_runs_always() {
    let sections = "rescue: [{id: r, print: r}]\nalways: [{id: w, print: \"{{ failure.kind }}\"}, {id: t, trigger_dag: {dag_id: a}}]\n";
    for version in BOTH {
        let stage = Stage::new(version, WORLD).await;
        let at_wait = |kind: &EventKind| matches!(kind, EventKind::Waiting { .. }).then_some(15);
        let ran = stage.run_watched(&book("a", sections), &|_| false, &at_wait).await;
        assert_eq!(begun(&ran), ["load", "w", "t"], "{version}");
        assert_eq!(ran.record.verdict(), Verdict::Interrupted(15), "{version}");
        assert_eq!(ran.step(4).outcome, Some(StepOutcome::Passed), "a write in `always` is made: {version}");
        let said = |kind: fn(&EventKind) -> bool| ran.events.iter().position(|event| kind(&event.kind));
        let interrupted = said(|kind| matches!(kind, EventKind::Interrupted { signal: 15 }));
        assert!(interrupted < said(|kind| matches!(kind, EventKind::Printed { .. })), "{version}: it is said first");
        assert!(matches!(ran.events.last().map(|event| &event.kind), Some(EventKind::RunFinished { .. })));
    }
}

#[tokio::test]
async fn a_signal_in_always_that_cuts_nothing_changes_nothing() {
    for version in BOTH {
        let stage = Stage::new(version, WORLD).await;
        let at_print = |kind: &EventKind| matches!(kind, EventKind::Printed { .. }).then_some(2);
        let playbook = "name: s\nsteps: [{pause: 1s}]\nalways: [{print: x}, {pause: 5s}]";
        let ran = stage.run_watched(playbook, &|_| false, &at_print).await;
        assert_eq!(ran.record.verdict(), Verdict::Passed, "{version}");
        let stage = Stage::new(version, WORLD).await;
        let ran = stage.run_watched(&playbook.replace("5s", "15s"), &|_| false, &at_print).await;
        assert_eq!(ran.record.verdict(), Verdict::Interrupted(2), "{version}: the grace leaves 15s of its 20s");
        assert_eq!(ran.failure().message, "stopped: the grace of 20s after a signal is over", "{version}");
    }
}

#[tokio::test]
async fn the_deadline_ends_a_wait_a_pause_and_a_look_at_its_very_moment() {
    let last = "always: [{id: last, print: last}]";
    for version in BOTH {
        for step in [
            "trigger_dag: {dag_id: a, wait: true}",
            "pause: 1h",
            "list_dags: {}, until: total > 5, poll: {every: 7s, timeout: 1h}",
            "assert_dag: {dag_id: nothing, within: 5m}",
        ] {
            let stage = Stage::new(version, WORLD).await.deadline(9);
            let ran = stage.run(&format!("name: s\nsteps: [{{id: long, {step}}}, {{print: x}}]\n{last}")).await;
            assert_eq!(begun(&ran), ["long", "last"], "{version} {step}");
            assert_eq!(ran.record.verdict(), Verdict::DeadlinePassed, "{version} {step}");
            assert_eq!(ran.kind(), FailureKind::DeadlinePassed, "{version} {step}: {ran:#?}");
            assert_eq!(ran.step(0).elapsed_ms, Some(9000), "{version} {step}");
            assert_eq!(ran.record.deadline_ms, Some(9000), "{version} {step}");
        }
    }
}

#[tokio::test]
async fn a_deadline_that_all_steps_keep_changes_nothing() {
    let stage = Stage::new("v2", WORLD).await.deadline(9);
    let ran = stage.run("name: s\nsteps: [{pause: 8s}]\nalways: [{print: x}]").await;
    assert_eq!(ran.record.verdict(), Verdict::Passed);
    let stage = Stage::new("v2", WORLD).await.deadline(9);
    let ran = stage.run("name: s\nsteps: [{assert: false}]\nalways: [{pause: 1h}]").await;
    assert_eq!(ran.record.verdict(), Verdict::Failed(FailureKind::Expectation), "what failed before decides");
    assert_eq!(ran.step(1).elapsed_ms, Some(9000 + 15_000));
}

#[tokio::test]
async fn a_write_on_its_way_at_the_deadline_is_settled_within_the_grace() {
    for version in BOTH {
        for (fault, late, verdict) in [
            ("lost_answer", "5s", Verdict::DeadlinePassed),
            ("delay, delay: 8s", "0s", Verdict::DeadlinePassed),
            ("lost_answer", "60s", Verdict::Failed(FailureKind::OutcomeUnknown)),
        ] {
            let faults = format!(
                "faults: [{{on: {{method: POST, path: dagRuns, always: true}}, fault: {fault}, late: {late}}}]"
            );
            let faults = if fault.starts_with("delay") { faults.replace(", late: 0s", "") } else { faults };
            let stage =
                Stage::new(version, &format!("{{dags: [{{dag_id: a}}], {faults}}}")).await.deadline(2).max_time(60);
            let ran =
                stage.run("name: s\nsteps: [{pause: 1s}, {id: load, trigger_dag: {dag_id: a}}, {print: x}]").await;
            assert_eq!(ran.record.verdict(), verdict, "{version} {fault} {late}: {:#?}", ran.events);
            assert!(ran.step(2).outcome.is_none(), "{version} {fault}");
            assert!(
                stage.clock.elapsed() <= Duration::from_secs(2 + 20),
                "{version} {fault}: {:?}",
                stage.clock.elapsed()
            );
        }
    }
}

#[test]
fn the_deadline_and_the_grace_are_given_on_the_command_line() {
    let long = "{dags: [{dag_id: a, run: {duration: 3h}}]}";
    let playbook =
        "name: s\nsteps: [{id: load, trigger_dag: {dag_id: a, wait: {timeout: 4h}}}]\nalways: [{id: slow, pause: 1m}]";
    is_golden_on_both("sections/deadline", || {
        Run::playbook(playbook).scenario(long).args(&["--deadline", "90m", "--grace", "40s"])
    });
    let quiet = ["--deadline", "90m", "--output", "quiet"];
    is_golden_on_both("sections/deadline_quiet", || Run::playbook(playbook).scenario(long).args(&quiet));
}

#[test]
fn tags_choose_among_rescue_and_always_only_where_these_have_tags() {
    let playbook = "
        name: s
        steps: [{id: one, tags: x, assert: false}, {id: two, print: two}]
        rescue: [{id: mend, print: mend}, {id: mend_y, tags: y, print: mend y}]
        always: [{id: tell, print: tell}, {id: tell_x, tags: x, print: tell x}]
    ";
    for (name, args) in
        [("list", vec!["--list-steps"]), ("tags", vec!["--tags", "x"]), ("start_at", vec!["--start-at", "mend"])]
    {
        Run::playbook(playbook).scenario(WORLD).args(&args).end().is_golden(&format!("sections/{name}"));
    }
}

#[test]
fn rescue_and_always_begin_anew_with_every_attempt_and_write_anew() {
    let playbook = "
name: p
steps: [{id: load, assert: '1 > 2'}]
rescue: [{id: mend, trigger_dag: {dag_id: a}}, {id: still, assert: false}]
always: [{id: tell, trigger_dag: {dag_id: b}}]
";
    for version in BOTH {
        let world = World::new(version, "dags: [{dag_id: a}, {dag_id: b}]\n");
        world.write("p.yaml", playbook);
        assert_eq!(world.run(&["p.yaml"]).code, 1, "{version}");
        assert_eq!((world.counts("a"), world.counts("b")), (1, 1), "{version}");
        assert_eq!(world.run(&["resume"]).code, 1, "{version}");
        assert_eq!((world.counts("a"), world.counts("b")), (2, 2), "{version}");
        let refused = world.run(&["resume", "--again", "mend"]);
        assert!(refused.code == 2 && refused.stderr.contains("`mend` stands in `rescue`"), "{}", refused.stderr);
        world.write("p.yaml", &playbook.replace("assert: false", "assert: true"));
        let rescued = world.run(&["resume", "--allow-changed"]);
        assert_eq!(rescued.code, 0, "{version}: {}", rescued.stderr);
        assert_eq!((world.counts("a"), world.counts("b")), (3, 3), "{version}");
        let nothing = world.run(&["resume"]);
        assert_eq!((nothing.code, nothing.stderr.as_str()), (0, "no unfinished run to resume\n"), "{version}");
    }
}

#[test]
fn a_run_that_was_rescued_and_failed_in_always_goes_on_with_always_alone() {
    let playbook = "
name: p
steps: [{id: load, trigger_dag: {dag_id: a}}, {id: bad, assert: false}, {id: after, print: after}]
rescue: [{id: mend, print: mend}]
always: [{id: tell, assert: \"failure.step == 'x'\"}]
";
    let world = World::new("v2", "dags: [{dag_id: a}]\n");
    world.write("p.yaml", playbook);
    assert_eq!(world.run(&["p.yaml"]).code, 1);
    world.write("p.yaml", &playbook.replace("'x'", "'bad'"));
    let again = world.run(&["resume", "--allow-changed"]);
    assert_eq!((again.code, again.stdout.as_str()), (0, ""), "{}", again.stderr);
    assert!(again.stderr.contains("always 1/1 passed"), "{}", again.stderr);
}

#[tokio::test]
async fn a_write_in_doubt_is_not_rescued_and_decides_wherever_it_stands() {
    let doubt = "{dags: [{dag_id: a}], faults: [{on: {method: POST, path: dagRuns, always: true}, fault: lost_answer, late: 2h}]}";
    let write = "{id: w, trigger_dag: {dag_id: a}}";
    for version in BOTH {
        for playbook in [
            format!("name: s\nsteps: [{write}]\nrescue: [{{print: x}}]\nalways: [{{print: y}}]"),
            format!("name: s\nsteps: [{{assert: false}}]\nrescue: [{write}]"),
            format!("name: s\nsteps: [{{assert: false}}]\nrescue: [{{print: x}}]\nalways: [{write}]"),
        ] {
            let ran = Stage::new(version, doubt).await.run(&playbook).await;
            let unknown = Verdict::Failed(FailureKind::OutcomeUnknown);
            assert_eq!(ran.record.verdict(), unknown, "{version} {playbook}: {:#?}", ran.record);
            assert_eq!(ran.record.first_failure().map(|(step, _)| step.id.as_str()), Some("w"), "{version} {playbook}");
        }
    }
}

#[tokio::test]
async fn a_deadline_between_two_steps_is_told_as_it_is_and_decides_before_what_always_finds() {
    let playbook = "name: s\nsteps: [{assert: true}]\nalways: [{id: tell, print: \"{{ failure.message }}\"}, {assert: failure is none}]";
    let ran = Stage::new("v2", WORLD).await.deadline(0).run(playbook).await;
    assert_eq!(ran.record.verdict(), Verdict::DeadlinePassed, "{:#?}", ran.record);
    let said = ran.events.iter().find_map(|event| match &event.kind {
        EventKind::Printed { text, .. } => Some(text.as_str()),
        _ => None,
    });
    assert!(said.is_some_and(|said| said.starts_with("stopped by the deadline of ")), "{said:?}");
}

#[tokio::test]
async fn steps_of_always_that_the_grace_leaves_out_are_named() {
    let playbook = "name: s\nsteps: [{pause: 1h}]\nalways: [{id: slow, pause: 1h}, {id: never, print: x}]";
    let ran = Stage::new("v2", WORLD).await.deadline(5).run(playbook).await;
    assert_eq!(ran.record.warnings, ["`always` was left at step `never`: the grace of 20s was over"]);
}
