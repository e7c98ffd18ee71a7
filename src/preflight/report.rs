//! What a check has found, and how it is counted.
//!
//! In: diagnostics, and what could not be judged. Out: a [`Report`].

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::outcome::ActionKind;
use crate::preflight::Checking;
use crate::preflight::known::Unknown;
use crate::preflight::step::{Said, Step};

/// As many reasons are told.
const MOST_REASONS: usize = 5;

/// What a check has found.
#[derive(Debug, Default)]
pub struct Report {
    /// Mistakes and warnings, in the order of the file.
    pub findings: Vec<Diagnostic>,
    /// What could not be judged before the run, a line each.
    pub not_judged: Vec<String>,
    /// What was read.
    pub asked: Asked,
}

/// How much of Airflow the steps were held against.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Asked {
    /// The DAGs that were found.
    pub dags: usize,
    /// The datasets there are; none when no step needs one.
    pub datasets: Option<usize>,
}

/// How many steps of each kind there are, and which could not be judged.
#[derive(Debug, Default)]
pub(super) struct Tally {
    kinds: Vec<Kind>,
    reasons: Vec<String>,
}

#[derive(Debug)]
struct Kind {
    action: ActionKind,
    all: usize,
    not_judged: usize,
}

impl Report {
    /// Whether there is a mistake, and not only warnings.
    #[must_use]
    pub fn has_mistakes(&self) -> bool {
        self.findings.iter().any(|finding| finding.code.severity == Severity::Error)
    }
}

impl Tally {
    /// A step of this kind is looked at.
    pub(super) fn count(&mut self, action: ActionKind) {
        self.kind(action).all += 1;
    }

    fn not_judged(&mut self, action: ActionKind, reason: String) {
        self.kind(action).not_judged += 1;
        self.reasons.push(reason);
    }

    fn kind(&mut self, action: ActionKind) -> &mut Kind {
        let at = self.kinds.iter().position(|kind| kind.action == action);
        let at = at.unwrap_or_else(|| {
            self.kinds.push(Kind { action, all: 0, not_judged: 0 });
            self.kinds.len() - 1
        });
        &mut self.kinds[at]
    }

    /// The line that says what could not be judged; none when everything was.
    pub(super) fn line(&self) -> Option<String> {
        let kinds = self.kinds.iter().filter(|kind| kind.not_judged > 0);
        let kinds: Vec<String> =
            kinds.map(|kind| format!("{} of {} `{}`", kind.not_judged, kind.all, kind.action.key())).collect();
        if kinds.is_empty() {
            return None;
        }
        let more = self.reasons.len().saturating_sub(MOST_REASONS);
        let mut reasons: Vec<String> = self.reasons.iter().take(MOST_REASONS).cloned().collect();
        reasons.extend((more > 0).then(|| format!("{more} more")));
        Some(format!("{} can't be wholly checked before the run: {}", kinds.join(" and "), reasons.join(", ")))
    }
}

impl Checking<'_> {
    /// Keeps a finding; in a step that need not end the run, or for a reason of its own, it is a warning.
    pub(super) fn find(&mut self, step: &Step<'_>, finding: Diagnostic, doubt: Option<&'static str>) {
        let finding = match step.doubt.or(doubt) {
            Some(doubt) if finding.code.severity == Severity::Error => {
                Diagnostic { code: Code::PERHAPS, ..finding }.with_note(doubt)
            }
            Some(_) | None => finding,
        };
        self.report.findings.push(finding);
    }

    /// Keeps that a step can't be judged, since its DAG is not there yet.
    pub(super) fn not_there_yet(&mut self, step: &Step<'_>, dag: &Said) {
        let reason = format!("`{}` (the DAG `{}` is not there yet)", step.planned.id, dag.text);
        self.tally.not_judged(step.planned.action, reason);
    }

    /// Keeps that something of a step is not known before the run, or can't be worked out at all.
    pub(super) fn unknown(&mut self, step: &Step<'_>, key: &str, unknown: &Unknown) {
        match unknown {
            Unknown::Needs(name) => {
                let id = &step.planned.id;
                self.tally.not_judged(step.planned.action, format!("`{id}` (its `{key}` needs `{name}`)"));
            }
            Unknown::Broken(error) => {
                let finding = self.known.broken(error);
                self.find(step, finding, None);
            }
        }
    }
}
