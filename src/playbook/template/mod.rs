//! Templates and expressions, strict and with typed values.
//!
//! In: texts from the playbook and the names in scope. Out: values, or an error with the exact range in the text. The
//! engine is `MiniJinja`; what is ours is the strictness, the bounds, the filters and the way back to the place in the file.

mod bounds;
mod claims;
mod engine;
mod fault;
mod filters;
mod guards;
mod names;
mod open;
mod order;
mod shape;
mod shift;
mod space;
mod statements;
mod strict;
mod time;
mod tree;
mod weigh;

pub use claims::{Claims, Operand, Ordered};
pub use engine::{Engine, RenderError};
pub use names::{NameUse, Uses, uses_of_expression, uses_of_template};
pub use open::{look_at, placeholder};
pub use shape::Shape;
pub use time::RunClock;
pub use tree::{Expr, Place, Template, TemplateError};

/// A value as templates see it.
#[must_use]
pub fn dynamic<T: serde::Serialize>(value: T) -> minijinja::Value {
    minijinja::Value::from(minijinja::value::Serde(value))
}
