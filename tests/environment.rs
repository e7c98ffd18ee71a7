//! Where it runs: without variables, in other locales, as another user, as process 1, on folders that can't be written.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::run::{Run, skipped};
use crate::served::Served;

const PRINTS: &str = "name: p\ntimezone: Europe/Lisbon\nsteps: [{print: \"{{ 'ok: I é 日本' }}\"}]";

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_myaf-run"));
    command.env_clear().stdin(Stdio::null());
    command
}

fn is_root() -> bool {
    own_id() == "0"
}

fn own_id() -> String {
    let output = Command::new("id").arg("-u").output().expect("there is `id`");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn no_variable_and_no_locale_changes_what_is_printed() {
    let run = Run::playbook(PRINTS);
    let locales: [&[(&str, &str)]; 5] = [
        &[],
        &[("LANG", "C")],
        &[("LC_ALL", "tr_TR.UTF-8")],
        &[("LC_ALL", "de_DE.ISO-8859-1"), ("TZ", "Asia/Kathmandu")],
        &[("LANG", "xx_XX"), ("TZ", ":nonsense"), ("TERM", ""), ("COLUMNS", "0")],
    ];
    for vars in locales {
        let output =
            program().envs(vars.iter().copied()).args(["--sandbox", "p.yaml"]).current_dir(run.folder()).output();
        let output = output.expect("it starts");
        assert_eq!(
            (output.status.code(), stdout(&output).as_str()),
            (Some(0), "ok: I é 日本\n"),
            "{vars:?}: {output:#?}"
        );
    }
}

#[test]
fn without_home_the_history_can_be_read_and_kept() {
    let served = Served::new("dags: [{dag_id: a}]");
    let run = Run::playbook("name: p\nsteps: [{list_dags: {}}]");
    // The user database has a home, whose history is only read here: it is the tester's own.
    let list = program().args(["runs", "list", "--limit", "1"]).current_dir(run.folder()).output().expect("it starts");
    assert_eq!(list.status.code(), Some(0), "{list:#?}");
    let output = program()
        .args(["--state-dir", "history", "--url", &served.url("v2"), "p.yaml"])
        .env("MY_AIRFLOW_API_KEY", &served.key)
        .current_dir(run.folder())
        .output()
        .expect("it starts");
    assert_eq!(output.status.code(), Some(0), "{output:#?}");
    assert!(run.folder().join("history").is_dir());
}

/// A copy of the program that anybody may run, with the playbook beside it.
fn for_anybody(run: &Run) -> std::path::PathBuf {
    let copy = run.folder().join("myaf-run");
    fs::copy(env!("CARGO_BIN_EXE_myaf-run"), &copy).expect("it is copied");
    for (path, mode) in [(run.folder(), 0o755), (copy.as_path(), 0o755), (&run.folder().join("p.yaml"), 0o644)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("its mode");
    }
    copy
}

/// Runs the copy as a user that nobody knows, who may write nothing but `state`.
fn as_stranger(copy: &Path, args: &[&str], served: &Served) -> Output {
    let mut command = Command::new("setpriv");
    command.args(["--reuid=54321", "--regid=54321", "--clear-groups"]).arg(copy).args(args).env_clear();
    command.env("PATH", "/usr/bin:/bin").env("MY_AIRFLOW_API_URL", served.url("v1"));
    command.env("MY_AIRFLOW_API_KEY", &served.key).current_dir(copy.parent().expect("a folder"));
    command.output().expect("setpriv starts")
}

#[test]
fn a_user_without_a_name_or_home_in_a_folder_that_is_read_only_needs_a_state_folder_only() {
    if !is_root() || Command::new("setpriv").arg("--version").output().is_err() {
        skipped("only root may become another user, by setpriv");
        return;
    }
    let served = Served::new("dags: [{dag_id: a}]");
    let run = Run::playbook("name: p\nsteps: [{trigger_dag: {dag_id: a}}]");
    let copy = for_anybody(&run);
    let without = as_stranger(&copy, &["p.yaml"], &served);
    assert_eq!(without.status.code(), Some(74), "{without:#?}");
    assert!(String::from_utf8_lossy(&without.stderr).contains("`--state-dir`"), "{without:#?}");
    assert!(!served.get("/api/v1/dags/a/dagRuns").contains("dag_run_id"), "nothing was sent");
    // As Kubernetes makes a volume: anybody may write.
    let state = run.folder().join("state");
    fs::create_dir(&state).expect("a folder");
    fs::set_permissions(&state, fs::Permissions::from_mode(0o777)).expect("its mode");
    let with = as_stranger(&copy, &["--state-dir", "state/myaf-run/history", "p.yaml"], &served);
    assert_eq!(with.status.code(), Some(0), "{with:#?}");
}

#[test]
fn as_process_1_of_a_container_it_takes_sigterm_and_leaves_no_process_behind() {
    let unshared = ["--pid", "--fork", "--mount-proc", "--kill-child"];
    let able = Command::new("unshare").args(unshared).arg("true").output().is_ok_and(|output| output.status.success());
    if !able {
        skipped("this user may make no namespace of processes");
        return;
    }
    let served = Served::new("dags: [{dag_id: a, run: {duration: 1h}}]");
    let run = Run::playbook("name: w\nsteps: [{id: load, trigger_dag: {dag_id: a, wait: {timeout: 2h}}}]");
    // In a repository, so that git is asked, too.
    let git = Command::new("git").args(["init", "-q"]).current_dir(run.folder()).status();
    assert!(git.is_ok_and(|status| status.success()), "git makes a repository");
    let mut command = Command::new("unshare");
    command.args(unshared).arg(env!("CARGO_BIN_EXE_myaf-run")).args(["--state-dir", "history", "p.yaml"]).env_clear();
    command.env("PATH", "/usr/bin:/bin").env("MY_AIRFLOW_API_URL", served.url("v1"));
    command.env("MY_AIRFLOW_API_KEY", &served.key).current_dir(run.folder());
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    served.until_there_is_a_run();
    let children = |id: u32| {
        let listed = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).expect("its children");
        listed.split_whitespace().map(|id| id.parse::<u32>().expect("a number")).collect::<Vec<_>>()
    };
    let first = children(child.id());
    let [first] = first.as_slice() else { panic!("unshare has one child: {first:?}") };
    assert_eq!(children(*first), Vec::<u32>::new(), "git has been waited for");
    let killed = Command::new("/bin/kill").args(["-TERM", &first.to_string()]).status();
    assert!(killed.is_ok_and(|status| status.success()));
    let output = child.wait_with_output().expect("it ends");
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(143), "{told}");
    assert!(told.contains("to go on with it: myaf-run resume"), "{told}");
}

#[test]
fn where_few_files_may_be_open_a_sentence_says_so() {
    let run = Run::playbook(PRINTS).args(&["--sandbox"]);
    for count in [6, 7, 8, 12, 20] {
        let mut shell = Command::new("/bin/sh");
        let line = format!("ulimit -n {count} && exec \"$0\" --sandbox p.yaml");
        let output = shell.env_clear().args(["-c", &line, env!("CARGO_BIN_EXE_myaf-run")]).current_dir(run.folder());
        let output = output.output().expect("it starts");
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(74), "{count}: {told}");
        assert!(
            told.starts_with("error: too few files may be open here: ") && told.contains("ulimit -n 256"),
            "{told}"
        );
    }
}
