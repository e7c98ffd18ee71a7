//! What kind of value an expression gives, as far as its text alone tells.
//!
//! In: a parsed expression. Out: its [`Shape`]; a bare name stays a name, for whoever knows what it is.

use minijinja::machinery::ast::{BinOp, BinOpKind, Expr, Filter, UnaryOpKind};
use minijinja::value::ValueKind;

/// What kind of value an expression gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// Text.
    Text,
    /// A number.
    Number,
    /// `true` or `false`.
    Flag,
    /// A list.
    List,
    /// A map.
    Map,
    /// `none`.
    Nothing,
    /// What this name is, or its attribute.
    Named(String, Option<String>),
    /// It can't be told without running.
    Unknown,
}

impl Shape {
    /// The kind with its article, for messages.
    #[must_use]
    pub const fn noun(&self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "a number",
            Self::Flag => "true or false",
            Self::List => "a list",
            Self::Map => "a map",
            Self::Nothing => "none",
            Self::Named(..) | Self::Unknown => "a value of any kind",
        }
    }
}

/// The shape of an expression; names in `own` are the template's own.
pub(super) fn shape_of(expression: &Expr<'_>, own: &[String]) -> Shape {
    match expression {
        Expr::Var(name) => named(name.id, None, own),
        Expr::GetAttr(get) => match &get.expr {
            Expr::Var(name) => named(name.id, Some(get.name), own),
            _ => Shape::Unknown,
        },
        Expr::Const(constant) => match constant.value.kind() {
            ValueKind::String => Shape::Text,
            ValueKind::Number => Shape::Number,
            ValueKind::Bool => Shape::Flag,
            ValueKind::None => Shape::Nothing,
            ValueKind::Seq => Shape::List,
            ValueKind::Map => Shape::Map,
            _ => Shape::Unknown,
        },
        Expr::List(_) | Expr::Tuple(_) => Shape::List,
        Expr::Map(_) => Shape::Map,
        Expr::Compare(_) | Expr::Test(_) => Shape::Flag,
        Expr::UnaryOp(operation) => match operation.op {
            UnaryOpKind::Not => Shape::Flag,
            UnaryOpKind::Neg => Shape::Number,
        },
        Expr::BinOp(operation) => shape_of_operation(operation, own),
        Expr::Filter(filter) => shape_of_filter(filter),
        Expr::Call(call) => match &call.expr {
            Expr::Var(name) if matches!(name.id, "now" | "today") => Shape::Text,
            Expr::Var(name) if name.id == "range" => Shape::List,
            _ => Shape::Unknown,
        },
        Expr::IfExpr(choice) => match &choice.false_expr {
            Some(other) => common(shape_of(&choice.true_expr, own), &shape_of(other, own)),
            None => Shape::Unknown,
        },
        Expr::Slice(_) | Expr::GetItem(_) => Shape::Unknown,
    }
}

fn named(name: &str, attribute: Option<&str>, own: &[String]) -> Shape {
    if own.iter().any(|own| own == name) {
        return Shape::Unknown;
    }
    Shape::Named(name.to_owned(), attribute.map(str::to_owned))
}

fn shape_of_operation(operation: &BinOp<'_>, own: &[String]) -> Shape {
    let (left, right) = (shape_of(&operation.left, own), shape_of(&operation.right, own));
    let either = |shape| left == shape || right == shape;
    match operation.op {
        BinOpKind::Eq
        | BinOpKind::Ne
        | BinOpKind::Lt
        | BinOpKind::Lte
        | BinOpKind::Gt
        | BinOpKind::Gte
        | BinOpKind::In => Shape::Flag,
        BinOpKind::Concat => Shape::Text,
        // A text times a number is a text; a list is refused, so that anything else is a number.
        BinOpKind::Mul if either(Shape::Text) => Shape::Text,
        BinOpKind::Add if either(Shape::Number) => Shape::Number,
        BinOpKind::ScAnd | BinOpKind::ScOr | BinOpKind::Add => common(left, &right),
        BinOpKind::Mul | BinOpKind::Sub | BinOpKind::Div | BinOpKind::FloorDiv | BinOpKind::Rem | BinOpKind::Pow => {
            Shape::Number
        }
    }
}

fn shape_of_filter(filter: &Filter<'_>) -> Shape {
    match filter.name {
        "length" | "count" | "int" | "float" => Shape::Number,
        "join" | "upper" | "lower" | "capitalize" | "title" | "trim" | "tojson" | "replace" | "string" | "date"
        | "shift" | "start_of" | "b64encode" => Shape::Text,
        "list" | "sort" | "unique" | "batch" | "dictsort" | "split" | "lines" => Shape::List,
        "bool" => Shape::Flag,
        _ => Shape::Unknown,
    }
}

/// The shape of a value that is one or the other.
fn common(one: Shape, other: &Shape) -> Shape {
    if one == *other && !matches!(one, Shape::Named(..)) { one } else { Shape::Unknown }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playbook::template::uses_of_expression;

    #[test]
    fn the_text_of_an_expression_tells_what_it_gives() {
        for (expression, shape) in [
            ("'a' ~ 1", Shape::Text),
            ("now() | date('%Y')", Shape::Text),
            ("x | length", Shape::Number),
            ("-x", Shape::Number),
            ("1 if y else 2", Shape::Number),
            ("x == 1 and y is defined", Shape::Flag),
            ("not x", Shape::Flag),
            ("x in y", Shape::Flag),
            ("[1, x]", Shape::List),
            ("x | sort", Shape::List),
            ("{'a': x}", Shape::Map),
            ("none", Shape::Nothing),
            ("x", Shape::Named("x".to_owned(), None)),
            ("x.y", Shape::Named("x".to_owned(), Some("y".to_owned()))),
            ("x.y.z", Shape::Unknown),
            ("x and y", Shape::Unknown),
            ("x | default('a')", Shape::Unknown),
            ("x + y", Shape::Unknown),
            ("x + 1", Shape::Number),
            ("x * y", Shape::Number),
            ("'-' * x", Shape::Text),
        ] {
            let uses = uses_of_expression(expression).expect("a good expression");
            assert_eq!(uses.gives[0].0, shape, "{expression}");
        }
    }
}
