//! Options that do not exist: those of Ansible and other programs, and misspelt ones.

use clap::{Arg, Command};

use super::Slip;
use super::words::Words;
use crate::diagnostic::near_name;

/// Options of other programs, each with the way to the same here.
const FOREIGN: [(&[&str], &str); 21] = [
    (
        &["--dry-run", "--dryrun", "-n", "--noop", "--no-op", "--plan", "--diff", "-D", "--what-if", "--simulate"],
        "`-C` does the reads and shows each write in place of sending it",
    ),
    (
        &[
            "--limit",
            "-l",
            "-i",
            "--inventory",
            "--inventory-file",
            "--host",
            "--hosts",
            "--profile",
            "--env",
            "--environment",
        ],
        "the Airflow is chosen with `--target NAME`; `myaf-run doctor` shows which one is used",
    ),
    (
        &["--endpoint", "--server", "--base-url", "--api-url", "--airflow-url", "--uri"],
        "the URL of the API is given with `--url URL`, or as `MY_AIRFLOW_API_URL`",
    ),
    (
        &[
            "--ask-pass",
            "-k",
            "--user",
            "-u",
            "--username",
            "--password",
            "-p",
            "--token",
            "--key",
            "--api-key",
            "--api-token",
            "--connection",
            "-c",
            "--private-key",
            "--key-file",
        ],
        "a credential is never an option: set `MY_AIRFLOW_API_KEY` in the environment or a `.env` file",
    ),
    (
        &["--become", "-b", "--become-user", "--become-method", "--ask-become-pass", "-K", "--sudo"],
        "there is nobody to become: the rights are those of the credential",
    ),
    (
        &["--vault-password-file", "--vault-id", "--ask-vault-pass", "--ask-vault-password", "-J"],
        "a secret comes from a variable: an input with `secret: true` and `from_env: NAME`",
    ),
    (&["--forks", "-f", "--parallel", "-j", "--jobs"], "steps run one after the other"),
    (&["--list-tasks", "--list-tags", "--list"], "`--list-steps` lists the steps with their tags"),
    (&["--list-hosts"], "`myaf-run doctor` shows which Airflow is used"),
    (&["--start-at-task", "--start-from", "--from", "--from-step"], "`--start-at STEP` starts at a step"),
    (&["--step", "--only", "--include-tags"], "`--tags TAG` runs only steps with a tag"),
    (&["--exclude", "--exclude-tags", "--skip"], "`--skip-tags TAG` leaves steps with a tag out"),
    (&["--syntax-check", "--validate", "--lint"], "`myaf-run check PLAYBOOK` checks a playbook"),
    (
        &[
            "--var",
            "--vars",
            "--variable",
            "--variables",
            "--param",
            "--params",
            "--set",
            "--input",
            "--inputs",
            "--vars-file",
            "--variables-file",
            "--conf",
            "--extra-var",
            "--arg",
        ],
        "the value of an input is given with `-e NAME=VALUE`, a file of them with `-e @FILE`",
    ),
    (&["--json", "--format", "-o", "-F"], "`--output json` prints a JSON report"),
    (&["--quiet", "-q", "--silent", "-s"], "`--output quiet` prints nothing unless something is wrong"),
    (&["--timeout"], "`--deadline TIME` bounds the run, `--max-time TIME` each request"),
    (
        &["--insecure", "--no-verify", "--no-check-certificate", "--skip-tls-verify"],
        "`--ca-cert FILE` trusts a certificate of your own",
    ),
    (&["--resume", "--continue", "--retry-failed", "--last-failed", "--lf"], "`myaf-run resume` goes on with a run"),
    (&["--mock", "--local", "--test", "--fake"], "`--sandbox` runs on a built-in imitation of Airflow"),
    (
        &["--retries", "--retry"],
        "retries are a matter of the playbook: `retry: { attempts: 3 }` on a step, or under `defaults`",
    ),
];

/// An option that does not exist; `suggested` is the parser's own guess.
pub(super) fn unknown(command: &Command, words: &Words, option: &str, suggested: Option<&str>) -> Slip {
    let option = option.split('=').next().unwrap_or(option);
    let here = words.path.iter().try_fold(command, |above, name| above.find_subcommand(name)).unwrap_or(command);
    let of = if words.path.is_empty() { String::new() } else { format!(" of `{}`", words.path.join(" ")) };
    let message = format!("there is no option `{option}`{of}");
    let near = near(here, option).or_else(|| suggested.map(str::to_owned));
    let foreign = FOREIGN.iter().find(|(names, _)| names.contains(&option)).map(|(_, help)| (*help).to_owned());
    let elsewhere = || {
        let owner = std::iter::once(command).chain(command.get_subcommands()).find(|owner| has(owner, option))?;
        let whose = if owner.get_name() == command.get_name() { "a run" } else { owner.get_name() };
        Some(format!("it is an option of {}; {}", quoted(whose), words.where_options_are()))
    };
    // What is an option of a run and not of this command is told so first.
    let known = if words.path.is_empty() { foreign.or_else(elsewhere) } else { elsewhere().or(foreign) };
    let help = known
        .or_else(|| near.map(|near| format!("did you mean `{near}`?")))
        .unwrap_or_else(|| words.where_options_are());
    Slip { message, help }
}

fn quoted(whose: &str) -> String {
    if whose.contains(' ') { whose.to_owned() } else { format!("`{whose}`") }
}

fn has(command: &Command, option: &str) -> bool {
    let is_it = |arg: &Arg| {
        let long = arg.get_long().is_some_and(|long| option.strip_prefix("--") == Some(long));
        let short = arg.get_short().is_some_and(|short| option == format!("-{short}"));
        (long || short) && !arg.is_hide_set()
    };
    command.get_arguments().any(is_it)
}

fn near(command: &Command, option: &str) -> Option<String> {
    let wanted = option.strip_prefix("--")?;
    let names = command.get_arguments().filter(|arg| !arg.is_hide_set()).filter_map(Arg::get_long);
    near_name(wanted, names).map(|near| format!("--{near}"))
}
