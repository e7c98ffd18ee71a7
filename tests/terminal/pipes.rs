//! Streams that nobody reads.

use std::process::{Command, Stdio};

use crate::run::Run;

/// The exit code of a run below `sh`, in which `$0` is the program and `$1` the playbook.
fn below_sh(run: &Run, script: &str) -> (Option<i32>, String) {
    let mut command = Command::new("sh");
    command.current_dir(run.folder()).arg("-c").arg(script).arg(env!("CARGO_BIN_EXE_myaf-run"));
    let output = command.stdin(Stdio::null()).output().expect("it starts");
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn streams_that_are_closed_or_left_in_the_middle_change_nothing_of_the_run() {
    let run = Run::playbook("name: t\nsteps: [{print: one}, {print: \"{{ 'x' * 200000 }}\"}, {print: three}]");
    for script in [
        "\"$0\" --sandbox p.yaml >&-",
        "\"$0\" --sandbox p.yaml 2>&-",
        "\"$0\" --sandbox p.yaml >&- 2>&- <&-",
        "exec 3>&1; { { \"$0\" --sandbox p.yaml; echo $? >&3; } | head -1 >/dev/null; } 2>/dev/null",
    ] {
        let (code, said) = below_sh(&run, script);
        assert_eq!(code, Some(0), "{script}");
        assert!(!script.contains("head") || said.ends_with("0\n"), "{script}: {said}");
    }
    assert_eq!(below_sh(&run, "\"$0\" --sandbox p.yaml >/dev/full 2>/dev/null").0, Some(74));
    assert_eq!(below_sh(&run, "\"$0\" --sandbox p.yaml 2>/dev/full >/dev/null").0, Some(0));
    let failing = Run::playbook("name: t\nsteps: [{print: one}, {assert: 1 == 2}]");
    assert_eq!(below_sh(&failing, "\"$0\" --sandbox p.yaml >/dev/full 2>/dev/null").0, Some(1));
}

/// The exit code of a run whose streams are pipes that nobody ever reads.
fn never_read(playbook: &str) -> Option<i32> {
    let run = Run::playbook(playbook).args(&["--sandbox"]);
    let child = run.command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.expect("the program starts");
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let code = child.wait().expect("it ends").code();
    drop((out, err));
    code
}

#[test]
fn a_full_pipe_that_nobody_reads_does_not_hold_the_run_up() {
    let steps = "  - set_vars: {a_rather_long_name_for_a_variable_that_fills_the_pipe_soon: 1}\n".repeat(1500);
    assert_eq!(never_read(&format!("name: t\nsteps:\n{steps}")), Some(0), "notes are no results");
    assert_eq!(never_read("name: t\nsteps: [{print: \"{{ 'x' * 200000 }}\"}]"), Some(74), "results are lost");
    assert_eq!(never_read("name: t\nsteps: [{print: \"{{ 'x' * 200000 }}\"}, {assert: 1 == 2}]"), Some(1));
}
