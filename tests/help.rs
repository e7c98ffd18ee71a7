//! The help of every command: short lines, few of them, examples that work; and nothing that is only there.

use std::fs;

use crate::run::{Run, is_golden, skipped};

const COMMANDS: [&[&str]; 16] = [
    &[],
    &["check"],
    &["demo"],
    &["doctor"],
    &["explain"],
    &["init"],
    &["schedule"],
    &["schema"],
    &["completions"],
    &["man"],
    &["resume"],
    &["runs"],
    &["runs", "list"],
    &["runs", "show"],
    &["runs", "report"],
    &["sandbox"],
];

fn printed(words: &[&str]) -> String {
    let ended = Run::new().args(words).end();
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{words:?}");
    ended.stdout
}

#[test]
fn the_help_of_every_command_has_at_most_60_lines_of_80_columns() {
    for command in COMMANDS {
        let help = printed(&[command, &["--help"]].concat());
        assert_eq!(help, printed(&[command, &["-h"]].concat()), "{command:?}");
        let widest = help.lines().map(|line| line.chars().count()).max();
        assert!(
            help.lines().count() <= 60 && widest <= Some(80),
            "{} lines, {widest:?} wide:\n{help}",
            help.lines().count()
        );
        is_golden(&format!("help/{}", [&["myaf-run"], command].concat().join("_")), &help);
    }
}

#[test]
fn the_three_examples_of_the_help_run_on_the_sandbox() {
    let help = printed(&["--help"]);
    let examples = help.split("Examples:\n").nth(1).and_then(|rest| rest.split("\n\n").next()).expect("examples");
    assert_eq!(examples.lines().count(), 3);
    let playbook = "name: p\ninputs: {month: {default: none yet}}\nsteps: [{print: \"{{ month }}\"}]";
    for line in examples.lines() {
        let command = line.trim().split("  ").next().unwrap_or_default();
        let words: Vec<&str> = command.split(' ').skip(1).collect();
        let run = Run::new().file("playbook.yaml", playbook).file("playbooks/p.yaml", playbook).args(&words);
        let run = if words[0] == "check" { run } else { run.var("MYAF_RUN_SANDBOX", "builtin") };
        let ended = run.end();
        assert_eq!(ended.code, 0, "{command}: {ended:#?}");
    }
}

#[test]
fn the_manual_pages_and_the_long_help_have_every_option() {
    let run = Run::new().args(&["man", "pages"]);
    assert_eq!(run.end().code, 0);
    let page = fs::read_to_string(run.folder().join("pages/myaf-run.1")).expect("a page").replace('\\', "");
    let all = printed(&["help"]);
    let options = [
        "--extra-vars",
        "--tags",
        "--skip-tags",
        "--start-at",
        "--list-steps",
        "--run-id",
        "--on-overlap",
        "--no-journal",
        "--keep",
        "--deadline",
        "--grace",
        "--target",
        "--url",
        "--api",
        "--auth",
        "--env-file",
        "--ca-cert",
        "--client-cert",
        "--client-key",
        "--allow-http",
        "--connect-timeout",
        "--max-time",
        "--sandbox",
        "--state-dir",
        "--output",
        "--strict",
        "--message-format",
        "--no-color",
    ];
    for option in options {
        assert!(page.contains(option), "the manual page lacks {option}");
        assert!(all.contains(option), "`myaf-run help` lacks {option}");
    }
    for command in COMMANDS {
        let name = [&["myaf-run"], command].concat().join("-");
        assert!(run.folder().join(format!("pages/{name}.1")).exists(), "{name} has no page");
    }
}

#[test]
fn no_option_is_without_its_text_in_any_page() {
    let run = Run::new().args(&["man", "pages"]);
    assert_eq!(run.end().code, 0);
    for command in COMMANDS {
        let name = [&["myaf-run"], command].concat().join("-");
        let page = fs::read_to_string(run.folder().join(format!("pages/{name}.1"))).expect("a page");
        for entry in page.split("\n.TP\n").skip(1) {
            let (option, text) = entry.split_once('\n').unwrap_or((entry, ""));
            let first = text.lines().next().unwrap_or_default();
            assert!(!first.is_empty() && !first.starts_with(".S"), "{name}: {option} has no text");
        }
        for title in ["ENVIRONMENT", "FILES", "EXIT STATUS"] {
            assert!(page.contains(&format!(".SH \"{title}\"")), "{name} has no {title}");
        }
    }
    let main = fs::read_to_string(run.folder().join("pages/myaf-run.1")).expect("a page");
    assert!(main.contains("MYAF_RUN_TARGET") && main.contains("\\fB143\\fR"), "{main}");
}

#[test]
fn each_shell_takes_its_own_completions() {
    for (shell, check) in [("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute")] {
        let script = printed(&["completions", shell]);
        assert!(script.contains("schedule") && script.contains("init") && script.contains("kubernetes"), "{shell}");
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("completions");
        fs::write(&path, script).expect("it is written");
        let Ok(output) = std::process::Command::new(shell).arg(check).arg(&path).output() else {
            skipped(&format!("there is no {shell} on this machine"));
            continue;
        };
        assert!(output.status.success() && output.stderr.is_empty(), "{shell}: {output:#?}");
    }
}
