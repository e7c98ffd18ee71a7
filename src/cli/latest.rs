//! Which run `resume` means when none is named: the newest that did not pass.
//!
//! In: the history, and where we are. Out: a run's id, after it was shown: which run of what, where, how it ended, and what is done
//! next. On a terminal it is asked for. Elsewhere nobody can be asked, so only runs of playbooks in the current folder or below it
//! are meant.

use std::io::BufRead as _;
use std::path::{Component, Path, PathBuf};

use crate::cli::args::{Output, ResumeArgs};
use crate::cli::exit_code::ExitCode;
use crate::cli::history;
use crate::cli::invocation::Invocation;
use crate::cli::runs::Status;
use crate::journal::{Entry, Store};
use crate::record::{RunRecord, StepRecord};

/// The run that is meant; none when there is nothing to go on with. `Err` is the code of what was said already.
pub(super) fn choose(
    store: &Store,
    args: &ResumeArgs,
    invocation: &mut Invocation<'_>,
) -> Result<Option<String>, ExitCode> {
    let cwd = &invocation.environment.cwd;
    let terminals = invocation.environment.terminals;
    let can_ask = terminals.stdin && terminals.stderr;
    let mut elsewhere = None;
    for id in store.ids().map_err(|error| history::say(&error, invocation.streams))? {
        let Ok(entry) = store.read(&id) else { continue };
        let record = &entry.journal.record;
        if !entry.is_unfinished() || record.steps.is_empty() {
            continue;
        }
        let is_meant = match &args.playbook {
            Some(wanted) => is_of(record, &cwd.join(wanted), cwd),
            None => can_ask || is_below(record, cwd),
        };
        if is_meant {
            return confirmed(&id, &entry, args, (invocation, can_ask));
        }
        elsewhere = elsewhere.or(Some(entry).filter(|_| args.playbook.is_none()));
    }
    let streams = &mut *invocation.streams;
    match elsewhere.map(|entry| entry.journal.record) {
        None => streams.err_line("no unfinished run to resume"),
        Some(record) => {
            streams.err_line("no unfinished run of a playbook in this folder or below it to resume");
            let (id, playbook, place) = (&record.run_id, &record.playbook, place_of(&record, cwd));
            let path = place.display();
            streams.err_line(&format!(
                "  = help: `myaf-run resume {id}` resumes the newest run elsewhere, of `{playbook}` ({path})"
            ));
        }
    }
    Ok(None)
}

/// Where a run's playbook was when it was started; a journal may not say in which folder.
fn place_of(record: &RunRecord, cwd: &Path) -> PathBuf {
    lexical(&record.folder.as_deref().map_or(cwd, Path::new).join(&record.path))
}

/// The file to read a run's playbook from: where it was, if it is still there, whatever is here under that name.
pub(super) fn file_of(record: &RunRecord, cwd: &Path) -> PathBuf {
    let place = place_of(record, cwd);
    let is_from_here = record.folder.as_deref().is_none_or(|folder| Path::new(folder) == cwd);
    if is_from_here || !place.exists() { PathBuf::from(&record.path) } else { place }
}

/// Shows the run, and asks for it where somebody can be asked.
fn confirmed(
    id: &str,
    entry: &Entry,
    args: &ResumeArgs,
    (invocation, can_ask): (&mut Invocation<'_>, bool),
) -> Result<Option<String>, ExitCode> {
    let asks = can_ask && !args.yes;
    let streams = &mut *invocation.streams;
    if asks || args.running.output != Output::Quiet {
        for line in &lines(entry, args) {
            streams.err_line(line);
        }
    }
    if !asks {
        return Ok(Some(id.to_owned()));
    }
    streams.err_text("resume it? [y/N] ");
    let answer = std::io::stdin().lock().lines().next().and_then(Result::ok).unwrap_or_default();
    if matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes") {
        return Ok(Some(id.to_owned()));
    }
    streams.err_line("nothing was resumed");
    Err(ExitCode::Usage)
}

/// The run, how it ended, and what is done next.
fn lines(entry: &Entry, args: &ResumeArgs) -> Vec<String> {
    let record = &entry.journal.record;
    let started = record.started_at.map(|at| format!(", started {at:.0}")).unwrap_or_default();
    let (id, playbook, path, target, url) =
        (&record.run_id, &record.playbook, &record.path, &record.target, &record.base_url);
    let why = record.first_failure().map(|(step, why)| format!(" at step `{}`: {}", step.id, why.message));
    let mut lines = vec![
        format!("run {id} of `{playbook}` ({path}) on `{target}` ({url}){started}"),
        format!("  {}{}", Status::of(entry).as_str(), why.unwrap_or_default()),
    ];
    let in_doubt = record.open_writes().filter(|write| write.is_in_doubt());
    lines.extend(in_doubt.map(|write| format!("  first looks for `{}` on `{}`", write.identity, write.subject)));
    lines.push(format!("  {}", next(record, args)));
    lines
}

fn next(record: &RunRecord, args: &ResumeArgs) -> String {
    let steps: Vec<&StepRecord> = record.steps.iter().filter(|step| step.section.is_steps()).collect();
    let done = steps.iter().filter(|step| step.is_done()).count();
    let is_named = |step: &StepRecord, ids: &[String]| ids.contains(&step.id);
    let next = steps.iter().find(|step| !step.is_done() || is_named(step, &args.again) || is_named(step, &args.clear));
    let how = match next {
        Some(step) if is_named(step, &args.clear) => format!("clears the DAG run of step `{}`", step.id),
        Some(step) if is_named(step, &args.again) => format!("does step `{}` anew", step.id),
        Some(step) => format!("resumes with step `{}`", step.id),
        None => "does what stands in `always` anew".to_owned(),
    };
    format!("{done} of {} steps are done; {how}", steps.len())
}

/// Whether a run's playbook is in this folder or below it, also by a link.
fn is_below(record: &RunRecord, cwd: &Path) -> bool {
    let place = place_of(record, cwd);
    let is_known = record.folder.is_some() || place.exists();
    let is_here = place.starts_with(lexical(cwd)) || physical(&place).starts_with(physical(cwd));
    is_known && (is_here || is_copied(record, cwd))
}

/// Whether a run's playbook is gone from where it was, and here under the same relative path: it was made on another machine.
fn is_copied(record: &RunRecord, cwd: &Path) -> bool {
    let is_gone = Path::new(&record.path).is_relative() && !place_of(record, cwd).exists();
    is_gone && cwd.join(&record.path).exists()
}

/// Whether a run is one of this playbook. Where the run's own is gone, the path it was given by decides.
fn is_of(record: &RunRecord, wanted: &Path, cwd: &Path) -> bool {
    let place = place_of(record, cwd);
    let is_same = lexical(wanted) == place || physical(wanted) == physical(&place);
    is_same || (!place.exists() && lexical(wanted) == lexical(&cwd.join(&record.path)))
}

/// A path without links; one that is not there as far as its folder is.
fn physical(path: &Path) -> PathBuf {
    let in_folder = || Some(path.parent()?.canonicalize().ok()?.join(path.file_name()?));
    path.canonicalize().ok().or_else(in_folder).unwrap_or_else(|| lexical(path))
}

/// A path without `.` and `..`.
fn lexical(path: &Path) -> PathBuf {
    let mut parts = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                parts.pop();
            }
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => parts.push(part),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_here_when_its_playbook_is_in_the_folder_or_below_it() {
        let of = |folder: &str, path: &str| RunRecord {
            folder: Some(folder.to_owned()),
            path: path.to_owned(),
            ..RunRecord::default()
        };
        let here = Path::new("/no/such/loans");
        for (folder, path, is_here) in [
            ("/no/such/loans", "p.yaml", true),
            ("/no/such/loans", "./books/p.yaml", true),
            ("/no/such", "loans/p.yaml", true),
            ("/elsewhere", "/no/such/loans/p.yaml", true),
            ("/no/such/loans/sub", "../p.yaml", true),
            ("/no/such/loans", "../p.yaml", false),
            ("/no/such/loans2", "p.yaml", false),
            ("/no/such", "p.yaml", false),
        ] {
            assert_eq!(is_below(&of(folder, path), here), is_here, "{folder} {path}");
        }
        let unsaid = RunRecord { folder: None, ..of("", "p.yaml") };
        assert!(!is_below(&unsaid, here), "it may be from anywhere");
        assert!(is_of(&of("/gone", "p.yaml"), &here.join("./p.yaml"), here), "a copy of the whole folder");
        assert!(!is_of(&of("/gone", "q.yaml"), &here.join("p.yaml"), here));
    }
}
