//! Uses of what may not be there: a capture whose step may not make it, and `failure` where nothing may have failed.
//!
//! In: the steps, and the names that the check has seen used. Out: a warning for the first use of each name.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Code, Diagnostic};
use crate::outcome::Section;
use crate::playbook::check::names::{Names, Used};
use crate::playbook::check::steps::captures;
use crate::playbook::check::warnings::Warnings;
use crate::playbook::check::when::{Fact, facts, when};
use crate::source::Span;
use crate::yaml::Node;

/// Who makes a capture, and when.
struct Made {
    section: Section,
    step: usize,
    span: Span,
    when: Vec<Fact>,
    may_be_ignored: bool,
}

/// What is known where a name is used.
struct Known {
    section: Option<Section>,
    facts: Vec<Fact>,
}

impl Known {
    /// What is known at a use: what the step's `when` says. After the last step nothing has failed.
    fn at(used: &Used, steps: &[(Section, &Node)]) -> Self {
        let place = steps.get(used.step);
        Self { section: place.map(|(section, _)| *section), facts: facts(place.and_then(|(_, step)| when(step))) }
    }

    /// Whether the run has come to a step of this section, however it went.
    fn has_reached(&self, section: Section) -> bool {
        match self.section {
            None => section != Section::Rescue,
            Some(own) if own == section => true,
            Some(_) => section.is_steps() && self.facts.iter().any(Fact::is_no_failure),
        }
    }

    /// Whether a step has run and made its captures.
    fn is_sure_of(&self, made: &Made) -> bool {
        let is_wanted = made.when.iter().all(|fact| self.facts.contains(fact));
        !made.may_be_ignored && is_wanted && self.has_reached(made.section)
    }

    /// Whether one of two steps has run, since their `when`s are opposites.
    fn is_sure_of_either(&self, one: &Made, other: &Made) -> bool {
        let ([fact], [opposite]) = (one.when.as_slice(), other.when.as_slice()) else { return false };
        let are_reached = self.has_reached(one.section) && self.has_reached(other.section);
        *opposite == fact.opposite() && are_reached && !one.may_be_ignored && !other.may_be_ignored
    }
}

impl Warnings<'_> {
    /// A use of what only a step with a `when` of its own makes, or one whose failure is ignored, or one that the run may not
    /// come to before `rescue` or `always`.
    pub(super) fn may_not_be_set(&mut self, steps: &[(Section, &Node)], names: &Names) {
        let makers = makers(steps);
        let asked: BTreeSet<(usize, &str)> = names
            .uses
            .iter()
            .filter(|used| used.in_when && used.guarded)
            .map(|used| (used.step, used.name.as_str()))
            .collect();
        let mut told = BTreeSet::new();
        for used in names.uses.iter().filter(|used| !used.guarded) {
            let Some(made) = makers.get(used.name.as_str()) else { continue };
            let before: Vec<&Made> = made.iter().filter(|made| made.step < used.step).collect();
            let Some(last) = before.last() else { continue };
            let known = Known::at(used, steps);
            let is_sure = before
                .iter()
                .any(|one| known.is_sure_of(one) || before.iter().any(|other| known.is_sure_of_either(one, other)));
            if !is_sure && !asked.contains(&(used.step, used.name.as_str())) && told.insert(&used.name) {
                self.tell_unset(used, last);
            }
        }
    }

    fn tell_unset(&mut self, used: &Used, last: &Made) {
        let why = match last {
            _ if last.may_be_ignored => "its failure may be ignored",
            _ if !last.when.is_empty() => "it has a `when`",
            _ => "the run may fail before it",
        };
        let message = format!("`{}` may not be set: the step that makes it may not, since {why}", used.name);
        let help = if last.when.is_empty() && !last.may_be_ignored {
            format!("ask `{} is defined`", used.name)
        } else {
            format!("ask `{} is defined`, or give both steps the same `when`", used.name)
        };
        let span = used.place.span(self.file, Some(&used.range));
        let warning = Diagnostic::new(Code::MAY_NOT_BE_SET, self.file, span, message);
        self.found.push(warning.with_related(last.span, "made here").with_help(help));
    }

    /// `failure.message` and the like in `always`, which runs after a good run, too: `failure` is none then.
    pub(super) fn failure_of_a_good_run(&mut self, steps: &[(Section, &Node)], names: &Names) {
        let of_failure = || names.uses.iter().filter(|used| used.name == "failure");
        // Whoever asks for `failure` itself, in the same text or in the `when`, knows that it may be none.
        let asks = |used: &Used| {
            of_failure().any(|other| {
                other.attribute.is_none() && other.step == used.step && (other.in_when || other.place == used.place)
            })
        };
        for used in of_failure().filter(|used| used.attribute.is_some() && !used.guarded) {
            let known = Known::at(used, steps);
            let is_asked = asks(used) && !known.facts.iter().any(Fact::is_no_failure);
            let is_of_a_failed_step = known.facts.iter().any(Fact::is_a_failed_step);
            if known.section != Some(Section::Always) || is_asked || is_of_a_failed_step {
                continue;
            }
            let attribute = used.attribute.as_deref().unwrap_or_default();
            let message = "`failure` is none when no step has failed, and `always` runs then, too";
            let span = used.place.span(self.file, Some(&used.range));
            let help =
                format!("add `when: failure is not none`, or write `failure.{attribute} | default('nothing failed')`");
            self.found.push(Diagnostic::new(Code::MAY_NOT_BE_SET, self.file, span, message).with_help(help));
        }
    }
}

/// The steps that make each capture, in the order of the file.
fn makers<'t>(steps: &[(Section, &'t Node)]) -> BTreeMap<&'t str, Vec<Made>> {
    let mut makers: BTreeMap<&str, Vec<Made>> = BTreeMap::new();
    for (at, (section, step)) in steps.iter().enumerate() {
        let may_be_ignored = step.get("ignore_errors").is_some();
        for (name, span) in captures(step) {
            let made = Made { section: *section, step: at, span, when: facts(when(step)), may_be_ignored };
            makers.entry(name).or_default().push(made);
        }
    }
    makers
}
