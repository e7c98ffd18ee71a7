//! The ids of steps: the author's own, or made of the name or the action, each once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex_lite::Regex;

use crate::outcome::{ActionKind, Section};
use crate::yaml::Node;

/// What a name may hold that is no part of an id.
static TEMPLATES: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?s)\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}").ok());

/// Every step of a playbook with its list: those of `steps`, of `rescue`, of `always`.
pub fn all_steps(tree: &Node) -> impl Iterator<Item = (Section, &Node)> + Clone {
    let of = move |section: Section| tree.get(section.key()).map(Node::items).unwrap_or_default().iter();
    Section::ALL.into_iter().flat_map(move |section| of(section).map(move |step| (section, step)))
}

/// The id of each of [`all_steps`], in order.
#[must_use]
pub fn step_ids(tree: &Node) -> Vec<String> {
    let mut ids = Ids::new(all_steps(tree).map(|(_, step)| step));
    all_steps(tree).map(|(_, step)| ids.of(step)).collect()
}

/// Makes ids, and knows those that are taken.
struct Ids {
    taken: BTreeSet<String>,
    /// The last number given to each slug.
    numbers: BTreeMap<String, usize>,
}

impl Ids {
    fn new<'t>(steps: impl Iterator<Item = &'t Node>) -> Self {
        let given = steps.filter_map(|step| step.get("id")?.text());
        Self { taken: given.map(str::to_owned).collect(), numbers: BTreeMap::new() }
    }

    fn of(&mut self, step: &Node) -> String {
        if let Some(own) = step.get("id").and_then(Node::text) {
            return own.to_owned();
        }
        let action = step.entries().iter().find(|entry| ActionKind::from_key(&entry.key).is_some());
        self.make(step.get("name").and_then(Node::text), action.map_or("step", |entry| &entry.key))
    }

    fn make(&mut self, name: Option<&str>, action: &str) -> String {
        let plain = name.map(|name| match &*TEMPLATES {
            Some(templates) if name.contains('{') => templates.replace_all(name, " ").into_owned(),
            Some(_) | None => name.to_owned(),
        });
        let slug = plain.map(|plain| slug(&plain)).filter(|slug| !slug.is_empty());
        let slug = slug.unwrap_or_else(|| action.to_owned());
        let last = self.numbers.entry(slug.clone()).or_insert(0);
        loop {
            *last += 1;
            let id = if *last == 1 { slug.clone() } else { format!("{slug}_{last}") };
            if self.taken.insert(id.clone()) {
                return id;
            }
        }
    }
}

/// Lower-case ASCII letters, digits and single `_` between words; at most 60 characters.
fn slug(text: &str) -> String {
    let mut slug = String::new();
    for character in text.chars() {
        if character.is_ascii_alphanumeric() {
            slug.push(character.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('_') {
            slug.push('_');
        }
        if slug.len() == 60 {
            break;
        }
    }
    slug.trim_end_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_made_of_names_and_never_twice() {
        let mut ids = Ids::new(std::iter::empty());
        let made = [
            ids.make(Some("Load the month {{ month }}!"), "trigger_dag"),
            ids.make(Some("Load the month"), "trigger_dag"),
            ids.make(None, "print"),
            ids.make(Some("ünï"), "print"),
            ids.make(Some("…"), "print"),
        ];
        assert_eq!(made, ["load_the_month", "load_the_month_2", "print", "n", "print_2"]);
    }
}
