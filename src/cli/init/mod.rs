//! `init`: a first playbook and what goes with it.
//!
//! In: a folder. Out: files that were not there, and a line for each on stdout. It asks nothing and overwrites nothing.

mod write;

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::environment::Environment;
use crate::cli::exit_code::ExitCode;
use crate::cli::schedule::{FETCH, daily_line, lexically, shell};
use crate::cli::streams::Streams;
use crate::playbook::{SCHEMA, load};

use write::{add_line, make};

const PLAYBOOK: &str = include_str!("first.yaml");
const ENV_EXAMPLE: &str = include_str!("env.example");

/// Beginning.
#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// Where
    #[arg(default_value = ".")]
    pub(super) dir: PathBuf,
}

/// Makes what is missing.
pub(super) fn init(args: &InitArgs, environment: &Environment, streams: &mut Streams) -> ExitCode {
    let layout = Layout::of(&args.dir, environment);
    let mut lines = Vec::new();
    for (path, text) in layout.files() {
        match make(&environment.cwd.join(&path), &text) {
            Ok(done) => lines.push(format!("{:<6} {}", done.word(), path.display())),
            Err(error) => return cannot(&path, &error, (&lines, streams)),
        }
    }
    let ignore = args.dir.join(".gitignore");
    let ignore = lexically(&ignore);
    match add_line(&environment.cwd.join(&ignore), ".env") {
        Ok(done) => lines.push(format!("{:<6} {}: the line `.env`", done.word(), ignore.display())),
        Err(error) => return cannot(&ignore, &error, (&lines, streams)),
    }
    streams.out_text(&(lines.join("\n") + "\n"));
    streams.out_text(&layout.next(environment));
    ExitCode::Success
}

/// Says what was made before, and what can't be.
fn cannot(path: &Path, error: &std::io::Error, (lines, streams): (&[String], &mut Streams)) -> ExitCode {
    for line in lines {
        streams.out_line(line);
    }
    streams.err_line(&format!("error: `{}` can't be written: {error}", path.display()));
    ExitCode::CannotWrite
}

/// Where things go.
struct Layout {
    folder: PathBuf,
    playbooks: PathBuf,
    /// The `orchestrate` of a Datacoves repository, or the folder itself: where `.env` is kept.
    home: PathBuf,
    /// The root of the repository, if that is further up.
    root: Option<PathBuf>,
}

impl Layout {
    fn of(dir: &Path, environment: &Environment) -> Self {
        let there = lexically(&environment.cwd.join(dir));
        let folder = lexically(dir);
        let is_datacoves = there.join("orchestrate").is_dir();
        let home = if is_datacoves { folder.join("orchestrate") } else { folder.clone() };
        let root = there.ancestors().find(|folder| folder.join(".git").exists()).map(Path::to_owned);
        Self { playbooks: home.join("playbooks"), home, root: root.filter(|root| *root != there), folder }
    }

    /// Every file with its text.
    fn files(&self) -> [(PathBuf, String); 4] {
        [
            (self.playbook(), PLAYBOOK.to_owned()),
            (self.playbooks.join("playbook.schema.json"), SCHEMA.to_owned()),
            (self.home.join(".env.example"), ENV_EXAMPLE.to_owned()),
            (self.workflow(), self.workflow_text()),
        ]
    }

    fn playbook(&self) -> PathBuf {
        self.playbooks.join("first.yaml")
    }

    fn workflow(&self) -> PathBuf {
        self.folder.join(".github/workflows/playbooks.yaml")
    }

    fn workflow_text(&self) -> String {
        let playbooks = self.playbooks.strip_prefix(&self.folder).unwrap_or(&self.playbooks).display().to_string();
        format!(
            "# Playbooks are checked before they are merged.
name: playbooks
on:
  pull_request:
    paths: [\"{playbooks}/**\"]
  push:
    branches: [main]
    paths: [\"{playbooks}/**\"]
permissions:
  contents: read
jobs:
  check:
    runs-on: ubuntu-latest
    timeout-minutes: 10
    steps:
{FETCH}      - name: Check
        run: myaf-run check --strict --message-format github {playbooks}
"
        )
    }

    /// What to do now: commands that work as they are.
    fn next(&self, environment: &Environment) -> String {
        let playbook = self.playbook();
        let word = |path: &Path| shell(&path.display().to_string());
        let shown = word(&playbook);
        let (example, env) = (word(&self.home.join(".env.example")), word(&self.home.join(".env")));
        let loaded = load(&shown, PLAYBOOK.as_bytes().to_vec()).ok();
        let line = loaded.and_then(|loaded| daily_line(&playbook, &loaded, environment));
        let cron =
            line.map(|line| format!("\nEvery day at 6, as a line for `crontab -e`:\n{line}\n")).unwrap_or_default();
        let elsewhere = self.root.as_ref().map(|root| {
            let workflow = self.workflow();
            format!(
                "\nGitHub reads workflows at the root of a repository only: move `{}` to `{}`.\n",
                workflow.display(),
                root.join(".github/workflows").display()
            )
        });
        format!(
            "
Try it without an Airflow:
myaf-run --sandbox {shown}

On your Airflow, with its URL and key in `.env`:
cp -n {example} {env} && chmod 600 {env}
myaf-run doctor {shown}
myaf-run {shown}
{cron}{}",
            elsewhere.unwrap_or_default()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_playbook_has_no_mistake_and_no_warning() {
        let loaded = load("first.yaml", PLAYBOOK.as_bytes().to_vec()).expect("it is in order");
        assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    }
}
