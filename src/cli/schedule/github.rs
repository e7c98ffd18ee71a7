//! A workflow of GitHub Actions.

use crate::cli::schedule::job::Job;
use crate::cli::schedule::quote::github;

/// The steps that fetch the repository and the program; `init` has them, too.
pub(in crate::cli) const FETCH: &str = include_str!("fetch.yaml");

/// GitHub starts a workflow at most this often, in minutes.
const LEAST_GAP: u8 = 5;

/// The workflow; `Err` when GitHub can't run it so.
pub(super) fn render(job: &Job) -> Result<String, String> {
    let Job { name, title, .. } = job;
    let path = job.in_repository.as_ref().ok_or_else(|| {
        format!("`{}` is neither in a git repository nor below this folder, so a workflow can't find it", job.path)
    })?;
    let minutes: Vec<u8> = job.cron.minute.values.iter().copied().collect();
    if minutes.windows(2).any(|pair| pair[1] - pair[0] < LEAST_GAP) {
        return Err(format!("GitHub starts a workflow every {LEAST_GAP} minutes at most"));
    }
    let secrets = job.variables().map(|variable| format!("          {variable}: ${{{{ secrets.{variable} }}}}\n"));
    let zone = match job.zone_or_utc() {
        "UTC" | "Etc/UTC" => String::new(),
        zone => format!(" The playbook's own time zone is {zone}: work the times out."),
    };
    Ok(format!(
        "# .github/workflows/{name}.yaml
name: {title}
on:
  schedule:
    # GitHub reads this in UTC.{zone}
    # It may start late, and leaves a start out when it is busy: take no full hour.
    - cron: {cron}
  workflow_dispatch:
permissions:
  contents: read
# One run at a time; the next one waits.
concurrency:
  group: {name}
  cancel-in-progress: false
jobs:
  run:
    runs-on: ubuntu-latest
    # GitHub ends a job after 6 hours; the deadline of the run is before that, so that it ends by itself.
    timeout-minutes: 350
    env:
      PLAYBOOK: {path}
    steps:
{FETCH}      - name: Check
        run: myaf-run check --message-format github -- \"$PLAYBOOK\"
      - name: Run
        env:
          # Who runs the jobs again finds what the first attempt has made.
          MYAF_RUN_RUN_ID: github-${{{{ github.run_id }}}}
{secrets}        run: myaf-run --deadline 5h40m -- \"$PLAYBOOK\"
",
        title = github(title),
        cron = github(&job.cron.written()),
        path = github(path),
        secrets = secrets.collect::<String>(),
    ))
}
