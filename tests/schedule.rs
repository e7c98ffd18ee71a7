//! What `schedule` prints is what the schedulers read: a shell as cron starts it, systemd, the schema of Kubernetes.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use jiff::ToSpan as _;
use jiff::civil::{DateTime, Weekday, date};
use myaf_run::source::SourceFile;
use myaf_run::yaml;
use serde_json::Value;

use crate::run::{Run, as_cron_does, is_golden, skipped};

const FORMS: [&str; 4] = ["crontab", "systemd", "kubernetes", "github"];

const PLAYBOOK: &str = "
    name: month-end loans
    timezone: Europe/Lisbon
    inputs:
      hook: { secret: true, from_env: SLACK_WEBHOOK, required: false }
    steps: [{print: \"{{ env.REGION }}\", when: hook is none}]
";

fn scheduled(run: Run, cron: &str, form: &str) -> Run {
    run.args(&["schedule", "--cron", cron, "--as", form])
}

fn of_file(path: &str, text: &str, form: &str) -> Run {
    scheduled(Run::new().file(path, text), "0 6 * * *", form).args(&[path])
}

/// A program of the machine; where there is none the test that needs it says so.
fn program(name: &str, args: &[&str]) -> Option<Output> {
    let output = Command::new(name).args(args).env("TZ", "UTC").env("LC_ALL", "C").output().ok();
    if output.is_none() {
        skipped(&format!("there is no {name} on this machine"));
    }
    output
}

fn parsed(text: &str) -> Value {
    yaml::parse(&SourceFile::new("it", text)).unwrap_or_else(|mistakes| panic!("{mistakes:#?}\n{text}")).to_json()
}

#[test]
fn each_form_is_as_written_down() {
    for form in FORMS {
        let ended = scheduled(Run::playbook(PLAYBOOK), "30 6 1 * mon", form).var("USER", "ana").end();
        assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{ended:#?}");
        is_golden(&format!("schedule/{form}"), &ended.stdout.replace(env!("CARGO_BIN_EXE_myaf-run"), "/opt/myaf-run"));
    }
}

#[test]
fn a_mistake_in_the_schedule_or_the_playbook_is_exit_code_2_and_nothing_is_printed() {
    let told = |playbook: &str, cron: &str, name: &str| {
        let ended = scheduled(Run::playbook(playbook), cron, "crontab").end();
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{ended:#?}");
        ended.is_golden(&format!("schedule/{name}"));
    };
    told(PLAYBOOK, "0 25 * * mno", "wrong_values");
    told(PLAYBOOK, "0 6 * *", "wrong_count");
    told(PLAYBOOK, "0 6 */2 * 1", "unclear");
    told("steps: [{prnt: x}]", "0 6 * * 8", "wrong_playbook");
}

#[test]
fn what_a_scheduler_can_not_do_is_refused_with_the_reason() {
    let often = scheduled(Run::playbook(PLAYBOOK), "* * * * *", "github").end();
    assert_eq!((often.code, often.stderr.as_str()), (2, "error: GitHub starts a workflow every 5 minutes at most\n"));
    let no_key = of_file("a b.yaml", "steps: [{print: x}]", "kubernetes").end();
    assert!(no_key.code == 2 && no_key.stderr.contains("give the playbook a `name:`"), "{no_key:#?}");
    for form in FORMS {
        let ended = of_file("a\nb.yaml", "name: n\nsteps: [{print: x}]", form).end();
        assert!(ended.code == 2 && ended.stderr.contains("which no schedule can hold"), "{ended:#?}");
    }
}

const ODD: &str = "it's 5% of $HOME \"ü\" \\ ${{ x }}/p \\\\%.yaml";

#[test]
fn cron_runs_the_playbook_whatever_its_path_is() {
    for path in [ODD, "check", "-e.yaml", "plain.yaml"] {
        let run = of_file(&format!("./{path}"), "name: n\nsteps: [{print: it ran}]", "crontab");
        let printed = run.end().stdout;
        let line = printed.lines().find(|line| line.starts_with("0 6 * * *  ")).expect("a line");
        // The folder is named in what `end` gives; and cron hands `%` on without its backslash.
        let folder = run.folder().canonicalize().expect("it is there");
        let command = line.trim_start_matches("0 6 * * *  ").replace("\\%", "%");
        let command = command.replace("FOLDER", folder.to_str().expect("UTF-8"));
        let command = command.replace("--output quiet", "--sandbox --output text");
        let output = as_cron_does(&command, run.folder());
        assert_eq!(String::from_utf8_lossy(&output.stdout), "it ran\n", "{command}: {output:#?}");
        assert_eq!(line.replace("\\%", "").matches('%').count(), 0, "{line}");
    }
}

/// Writes each file of an output into a folder, by its first line.
fn split(text: &str, folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for part in text.split("# /etc/systemd/system/").skip(1) {
        let (name, body) = part.split_once('\n').expect("lines");
        fs::write(folder.join(name), body).expect("it is written");
        names.push(name.to_owned());
    }
    names
}

#[test]
fn systemd_finds_nothing_wrong_with_the_units() {
    for (path, cron) in [("p.yaml", "@weekly"), (ODD, "*/7 1-5,9 1,31 feb-may mon-fri")] {
        let run = Run::new().file(path, &format!("{PLAYBOOK}\n"));
        let folder = run.folder().canonicalize().expect("it is there");
        let ended = scheduled(run, cron, "systemd").args(&[path]).end();
        assert_eq!(ended.code, 0, "{ended:#?}");
        let units = tempfile::tempdir().expect("a folder");
        let text = ended.stdout.replace("FOLDER", folder.to_str().expect("UTF-8"));
        let names = split(&text, units.path());
        assert_eq!(names, ["myaf-run-month-end-loans.service", "myaf-run-month-end-loans.timer"]);
        let files: Vec<String> = names.iter().map(|name| units.path().join(name).display().to_string()).collect();
        let Some(output) = program("systemd-analyze", &["verify", "--man=no", &files[0], &files[1]]) else { return };
        let told = String::from_utf8_lossy(&output.stderr);
        // It also looks at the machine's own units.
        let ours: Vec<&str> = told.lines().filter(|line| line.contains("myaf-run")).collect();
        assert!(output.status.success() && ours.is_empty(), "{told}");
    }
}

#[test]
fn systemd_starts_at_the_minutes_that_cron_does() {
    type Matches = fn(DateTime) -> bool;
    let table: [(&str, Matches); 11] = [
        ("0 6 * * *", |at| (at.hour(), at.minute()) == (6, 0)),
        ("*/25 */11 * * *", |at| at.minute() % 25 == 0 && at.hour() % 11 == 0),
        ("5-50/15 8-10 * * *", |at| [5, 20, 35, 50].contains(&at.minute()) && (8..=10).contains(&at.hour())),
        ("0 0 * * 7", |at| at.weekday() == Weekday::Sunday && (at.hour(), at.minute()) == (0, 0)),
        ("0 0 * * 5-7", |at| {
            [Weekday::Friday, Weekday::Saturday, Weekday::Sunday].contains(&at.weekday())
                && (at.hour(), at.minute()) == (0, 0)
        }),
        ("0 12 1 * mon", |at| {
            (at.day() == 1 || at.weekday() == Weekday::Monday) && (at.hour(), at.minute()) == (12, 0)
        }),
        ("0 12 13,20 mar,jun-jul fri", |at| {
            (at.day() == 13 || at.day() == 20 || at.weekday() == Weekday::Friday)
                && [3, 6, 7].contains(&at.month())
                && (at.hour(), at.minute()) == (12, 0)
        }),
        ("0 0 31 * *", |at| at.day() == 31 && (at.hour(), at.minute()) == (0, 0)),
        ("0 0 29 2 *", |at| (at.month(), at.day(), at.hour(), at.minute()) == (2, 29, 0, 0)),
        ("0 3 */10 * *", |at| [1, 11, 21, 31].contains(&at.day()) && (at.hour(), at.minute()) == (3, 0)),
        ("@yearly", |at| (at.month(), at.day(), at.hour(), at.minute()) == (1, 1, 0, 0)),
    ];
    let start = date(2028, 1, 1).at(0, 0, 0, 0);
    for (cron, matches) in table {
        let ended = scheduled(Run::playbook("name: n\nsteps: [{print: x}]"), cron, "systemd").end();
        let calendars: Vec<&str> = ended.stdout.lines().filter_map(|line| line.strip_prefix("OnCalendar=")).collect();
        let mut elapses: BTreeSet<String> = BTreeSet::new();
        for calendar in &calendars {
            let args = ["calendar", "--iterations=5", "--base-time=2027-12-31 23:59:59 UTC", calendar];
            let Some(output) = program("systemd-analyze", &args) else { return };
            let told = String::from_utf8_lossy(&output.stdout).into_owned();
            let time =
                regex_lite::Regex::new(r"(?:elapse|Iter. #\d+): \w+ (\d{4}-\d\d-\d\d \d\d:\d\d):00 UTC").expect("good");
            elapses.extend(time.captures_iter(&told).map(|found| found[1].to_owned()));
        }
        let minutes = (0..).map(|minute: i64| start + minute.minutes()).take(400 * 24 * 60);
        let by_hand: Vec<String> =
            minutes.filter(|at| matches(*at)).take(5).map(|at| at.strftime("%Y-%m-%d %H:%M").to_string()).collect();
        assert!(!by_hand.is_empty(), "{cron}");
        assert_eq!(elapses.into_iter().take(by_hand.len()).collect::<Vec<_>>(), by_hand, "{cron}: {calendars:?}");
    }
}

#[test]
fn kubernetes_takes_the_cronjob_by_its_own_schema() {
    let schema: Value = serde_json::from_str(include_str!("kubernetes/cronjob-batch-v1.schema.json")).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    for (path, image) in [("p.yaml", "registry.example/a/b:1"), (ODD, "odd \"image\": # x")] {
        let run = scheduled(Run::new().file(path, &format!("{PLAYBOOK}\n")), "*/5 * * * 7", "kubernetes");
        let ended = run.args(&["--image", image, path]).end();
        let cronjob = parsed(&ended.stdout);
        let wrong: Vec<String> = validator.iter_errors(&cronjob).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{wrong:#?}\n{cronjob:#}");
        let spec = &cronjob["spec"];
        assert_eq!((&spec["schedule"], &spec["timeZone"]), (&"*/5 * * * 0".into(), &"Europe/Lisbon".into()));
        assert_eq!(spec["concurrencyPolicy"], "Forbid");
        let pod = &spec["jobTemplate"]["spec"]["template"]["spec"];
        assert_eq!(pod["containers"][0]["image"], image);
        assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
        assert_eq!(pod["containers"][0]["securityContext"]["readOnlyRootFilesystem"], true);
    }
    // The schema keeps a slip out, so the test can fail.
    let slip =
        parsed("apiVersion: batch/v1\nkind: CronJob\nspec: {schedule: x, concurencyPolicy: Forbid, jobTemplate: {}}");
    assert!(!validator.is_valid(&slip));
}

#[test]
fn a_workflow_is_yaml_in_which_a_path_is_text_and_the_repository_its_root() {
    let run = Run::new().file("repository/.git/HEAD", "").file("repository/${{ x }}/p 'q'.yaml", "steps: [{print: x}]");
    let run = scheduled(run, "7 6 * * 1-5", "github").args(&["repository/${{ x }}/p 'q'.yaml"]);
    let ended = run.end();
    let workflow = parsed(&ended.stdout);
    assert_eq!(workflow["on"]["schedule"][0]["cron"], "7 6 * * 1-5");
    assert_eq!(workflow["concurrency"]["cancel-in-progress"], false);
    assert_eq!(workflow["permissions"]["contents"], "read");
    let job = &workflow["jobs"]["run"];
    assert_eq!(job["env"]["PLAYBOOK"], "${{ '${{' }} x }}/p 'q'.yaml");
    let steps = job["steps"].as_array().expect("steps");
    let checks = steps.iter().position(|step| step["name"] == "Check");
    let runs = steps.iter().position(|step| step["name"] == "Run");
    assert!(checks.is_some() && checks < runs, "{workflow:#}");
    let env = &steps[runs.expect("a step")]["env"];
    assert_eq!(env["MY_AIRFLOW_API_KEY"], "${{ secrets.MY_AIRFLOW_API_KEY }}");
}
