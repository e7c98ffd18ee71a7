//! Which steps are run: all, or those that tags and a first step choose.
//!
//! In: what the command line asks for and every step of the playbook. Out: a yes or no for each. Tags mean what they mean to
//! ansible-playbook, with one difference: a tag that no step has is a mistake, not an empty choice.

use std::collections::BTreeSet;

use crate::diagnostic::near_name;
use crate::outcome::Section;
use crate::plan::PlannedStep;

/// What the command line asks for; nothing means every step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only steps with one of these tags. Empty: as if it were `all`.
    pub tags: Vec<String>,
    /// No steps with one of these tags.
    pub skip_tags: Vec<String>,
    /// No steps before this one: its id, or its name as it is written.
    pub start_at: Option<String>,
    /// Only the steps with these ids, which an earlier attempt chose.
    pub only: Option<BTreeSet<String>>,
}

/// Why a selection chooses nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// A tag that no step has.
    #[error("no step has the tag `{tag}`")]
    UnknownTag {
        /// The tag.
        tag: String,
        /// The way out.
        help: String,
    },
    /// A step that is not there.
    #[error("there is no step `{step}`")]
    UnknownStep {
        /// The id or name.
        step: String,
        /// The way out.
        help: String,
    },
    /// Every step is left out.
    #[error("the selection matches no step")]
    Nothing,
}

impl SelectionError {
    /// The way out.
    #[must_use]
    pub fn help(&self) -> &str {
        match self {
            Self::UnknownTag { help, .. } | Self::UnknownStep { help, .. } => help,
            Self::Nothing => "`--list-steps` shows the steps and their tags",
        }
    }
}

/// Words that mean something of their own in `--tags` and `--skip-tags`.
const SPECIAL: [&str; 5] = ["all", "tagged", "untagged", "always", "never"];

impl Selection {
    /// Whether it chooses every step that does not say `never`.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Which of the steps are run.
    ///
    /// # Errors
    /// When a tag or the first step is unknown, or no step is left.
    pub fn choose(&self, steps: &[PlannedStep]) -> Result<Vec<bool>, SelectionError> {
        if let Some(only) = &self.only {
            let chosen: Vec<bool> = steps.iter().map(|step| only.contains(&step.id)).collect();
            return if chosen.contains(&true) { Ok(chosen) } else { Err(SelectionError::Nothing) };
        }
        self.tags.iter().chain(&self.skip_tags).try_for_each(|tag| known(tag, steps))?;
        let first = self.start_at.as_ref().map_or(Ok(0), |wanted| first(wanted, steps))?;
        let is_chosen = |(at, step): (usize, &PlannedStep)| match step.section {
            Section::Steps => at >= first && self.is_chosen(&step.tags),
            // What goes with whatever is run needs no tag for it.
            Section::Rescue | Section::Always => self.is_chosen(&step.tags) || self.goes_along(&step.tags),
        };
        let chosen: Vec<bool> = steps.iter().enumerate().map(is_chosen).collect();
        let is_anything = steps.iter().zip(&chosen).any(|(step, is_chosen)| *is_chosen && step.section.is_steps());
        if is_anything { Ok(chosen) } else { Err(SelectionError::Nothing) }
    }

    /// Whether a step without tags is run whatever `--tags` says.
    fn goes_along(&self, tags: &[String]) -> bool {
        let without = Self { tags: Vec::new(), ..self.clone() };
        tags.is_empty() && without.is_chosen(tags)
    }

    fn is_chosen(&self, tags: &[String]) -> bool {
        let has = |tag: &str| tags.iter().any(|own| own == tag);
        let asks = |words: &[String], word: &str| words.iter().any(|own| own == word);
        let touches = |words: &[String]| {
            words.iter().any(|word| has(word))
                || (tags.is_empty() && asks(words, "untagged"))
                || (!tags.is_empty() && asks(words, "tagged") && !has("never"))
        };
        let everything = self.tags.is_empty() || asks(&self.tags, "all");
        let is_wanted = has("always") || (everything && !has("never")) || touches(&self.tags);
        let is_left_out = if asks(&self.skip_tags, "all") {
            !has("always") || asks(&self.skip_tags, "always")
        } else {
            touches(&self.skip_tags)
        };
        is_wanted && !is_left_out
    }
}

fn known(tag: &str, steps: &[PlannedStep]) -> Result<(), SelectionError> {
    let mut tags: Vec<&str> = steps.iter().flat_map(|step| &step.tags).map(String::as_str).collect();
    if SPECIAL.contains(&tag) || tags.contains(&tag) {
        return Ok(());
    }
    tags.sort_unstable();
    tags.dedup();
    let help = match near_name(tag, tags.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if tags.is_empty() => "no step of this playbook has tags".to_owned(),
        None => format!("there are {}", quoted(&tags)),
    };
    Err(SelectionError::UnknownTag { tag: tag.to_owned(), help })
}

fn first(wanted: &str, steps: &[PlannedStep]) -> Result<usize, SelectionError> {
    let steps = steps.get(..steps.partition_point(|step| step.section.is_steps())).unwrap_or_default();
    let by_id = steps.iter().position(|step| step.id == *wanted);
    let by_name = || steps.iter().position(|step| step.written_name.as_deref() == Some(wanted));
    by_id.or_else(by_name).ok_or_else(|| {
        let ids: Vec<&str> = steps.iter().map(|step| step.id.as_str()).collect();
        let help = match near_name(wanted, ids.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`--list-steps` shows the steps and their ids".to_owned(),
        };
        SelectionError::UnknownStep { step: wanted.to_owned(), help }
    })
}

fn quoted(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chooses(tags: &[&str], skip: &[&str], own: &[&str]) -> bool {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let selection = Selection { tags: owned(tags), skip_tags: owned(skip), ..Selection::default() };
        selection.is_chosen(&owned(own))
    }

    #[test]
    fn tags_mean_what_they_mean_to_ansible() {
        type Words = &'static [&'static str];
        let table: [(Words, Words, Words, bool); 19] = [
            (&[], &[], &[], true),
            (&[], &[], &["a"], true),
            (&[], &[], &["never"], false),
            (&[], &[], &["never", "a"], false),
            (&["a"], &[], &["a", "b"], true),
            (&["a"], &[], &["b"], false),
            (&["a"], &[], &[], false),
            (&["a"], &[], &["always"], true),
            (&["a"], &[], &["never", "a"], true),
            (&["never"], &[], &["never"], true),
            (&["all"], &[], &["never"], false),
            (&["tagged"], &[], &["a"], true),
            (&["tagged"], &[], &[], false),
            (&["untagged"], &[], &[], true),
            (&[], &["a"], &["a"], false),
            (&[], &["a"], &["always", "a"], false),
            (&["a"], &["always"], &["always"], false),
            (&[], &["all"], &["always"], true),
            (&[], &["tagged"], &["a"], false),
        ];
        for (tags, skip, own, expected) in table {
            assert_eq!(chooses(tags, skip, own), expected, "--tags {tags:?} --skip-tags {skip:?} on {own:?}");
        }
    }
}
