//! The names that are known so far, who made them, and what is known of their values.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use crate::outcome::Section;
use crate::playbook::template::{Engine, Place, Shape};
use crate::source::Span;

/// Who made a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Maker {
    /// An input.
    Input,
    /// A var.
    Var,
    /// The capture of a step, or a `set_vars`.
    Capture,
}

/// What is known of a name's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    /// What kind of value it is.
    pub(super) shape: Shape,
    /// Its fields, when it is a step's whole result.
    pub(super) fields: Option<&'static [&'static str]>,
}

impl Known {
    /// A value of this shape.
    pub(super) const fn of(shape: Shape) -> Self {
        Self { shape, fields: None }
    }
}

/// A name that somebody made.
#[derive(Debug, Clone)]
pub(super) struct Made {
    /// The name.
    pub(super) name: String,
    /// Who made it first.
    pub(super) maker: Maker,
    /// Where it was first made.
    pub(super) span: Span,
    /// What is known of its value.
    pub(super) known: Known,
}

/// A use of a name.
#[derive(Debug, Clone)]
pub(super) struct Used {
    /// The name.
    pub(super) name: String,
    /// The text it stands in.
    pub(super) place: Place,
    /// Its bytes in that text, with those of its attribute.
    pub(super) range: Range<usize>,
    /// The attribute that is read from it.
    pub(super) attribute: Option<String>,
    /// Whether it is asked for with `is defined` or `default`.
    pub(super) guarded: bool,
    /// The step it stands in, counted from 0.
    pub(super) step: usize,
    /// Whether it stands in the step's `when`.
    pub(super) in_when: bool,
}

/// The names that are known so far.
#[derive(Debug)]
pub(super) struct Names {
    /// Those that were made.
    pub(super) made: Vec<Made>,
    /// Where each of those stands in `made`.
    places: HashMap<String, usize>,
    /// Captures that steps make, earlier or later, each where it is first made.
    pub(super) later: HashMap<String, Span>,
    /// Captures of steps that are not selected, each where it would first be made.
    pub(super) unselected: HashMap<String, Span>,
    /// The ids of all steps, each with the step's place in the playbook, counted from 0.
    pub(super) steps: HashMap<String, usize>,
    /// Which steps are selected, when not all are.
    pub(super) chosen: Option<Vec<bool>>,
    /// The list of steps that the check is in.
    pub(super) section: Section,
    /// How many steps have ended where the check is.
    pub(super) ended: usize,
    /// Every use of a name that was made, or may have been.
    pub(super) uses: Vec<Used>,
    /// Whether the check is in a step's `when`.
    pub(super) in_when: bool,
    /// The functions.
    pub(super) functions: Vec<String>,
    /// Environment variables that templates name.
    pub(super) environment: BTreeSet<String>,
}

/// Names that only some places know: a result's fields, and words such as `result` or `error`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Local {
    /// Fields of the step's result, in scope by name.
    pub(super) fields: &'static [&'static str],
    /// Further words.
    pub(super) words: &'static [&'static str],
}

impl Names {
    pub(super) fn new(engine: &Engine) -> Self {
        Self {
            made: Vec::new(),
            places: HashMap::new(),
            later: HashMap::new(),
            unselected: HashMap::new(),
            steps: HashMap::new(),
            chosen: None,
            section: Section::Steps,
            ended: 0,
            uses: Vec::new(),
            in_when: false,
            functions: engine.functions(),
            environment: BTreeSet::new(),
        }
    }

    /// Tells which captures steps will make, to say so when one is used too early.
    pub(super) fn expect_later(&mut self, name: &str, span: Span) {
        self.later.entry(name.to_owned()).or_insert(span);
    }

    /// What is known of a name that was made.
    pub(super) fn find(&self, name: &str) -> Option<&Made> {
        self.places.get(name).and_then(|&place| self.made.get(place))
    }

    /// Takes a name; of one that is made twice only what both have in common stays known.
    pub(super) fn make(&mut self, name: &str, maker: Maker, span: Span, known: Known) {
        match self.places.get(name).and_then(|&place| self.made.get_mut(place)) {
            Some(made) if made.known != known => made.known = Known::of(Shape::Unknown),
            Some(_) => {}
            None => {
                self.places.insert(name.to_owned(), self.made.len());
                self.made.push(Made { name: name.to_owned(), maker, span, known });
            }
        }
    }

    pub(super) fn is_function(&self, name: &str) -> bool {
        self.functions.iter().any(|function| function == name)
    }

    pub(super) fn into_env_names(self) -> Vec<String> {
        self.environment.into_iter().collect()
    }
}
