//! What an expression asks of its parts, as far as its text alone tells: which are ordered, which are used as numbers, and
//! what is written out for the filters of time.
//!
//! In: a parsed expression. Out: claims, each with its place, for whoever knows what the names are; and mistakes that need
//! no name. What can't be told here is found when the expression is worked out.

use std::ops::Range;

use minijinja::Value;
use minijinja::machinery::ast::{BinOpKind, CallArg, CompareOpKind, Expr, Filter};

use crate::playbook::template::engine::RenderError;
use crate::playbook::template::shape::{Shape, shape_of};
use crate::playbook::template::shift::Shift;
use crate::playbook::template::time::{checked_format, checked_unit};

/// Two values that an expression wants to know the order of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ordered {
    /// The operator.
    pub sign: &'static str,
    /// The value on the left.
    pub left: Shape,
    /// The value on the right.
    pub right: Shape,
    /// The bytes of both.
    pub range: Range<usize>,
}

/// A value that an expression uses as a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operand {
    /// The operator.
    pub sign: &'static str,
    /// The value.
    pub shape: Shape,
    /// Its bytes.
    pub range: Range<usize>,
}

/// Everything that an expression asks of its parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claims {
    /// What has to have an order.
    pub ordered: Vec<Ordered>,
    /// What has to be a number, or at least not true or false.
    pub operands: Vec<Operand>,
    /// What can't be right whatever the names are.
    pub mistakes: Vec<RenderError>,
}

impl Claims {
    /// Takes what one expression asks of its direct parts; names in `own` are the template's own.
    pub(super) fn take(&mut self, expression: &Expr<'_>, own: &[String]) {
        match expression {
            Expr::BinOp(operation) => {
                let (left, right) = (&operation.left, &operation.right);
                match sign_of_order(operation.op) {
                    Some(sign) => self.order(sign, left, right, own),
                    None => self.operation(operation.op, [left, right], own),
                }
            }
            Expr::Compare(compare) => {
                let mut left = &compare.expr;
                for operand in &compare.ops {
                    if let Some(sign) = sign_of_comparison(operand.op) {
                        self.order(sign, left, &operand.expr, own);
                    }
                    left = &operand.expr;
                }
            }
            Expr::Test(test) => {
                if let (Some(sign), [CallArg::Pos(right)]) = (sign_of_test(test.name), test.args.as_slice()) {
                    self.order(sign, &test.expr, right, own);
                }
            }
            Expr::Filter(filter) => {
                if let Some(Err(error)) = of_time(filter) {
                    self.mistakes.push(RenderError { range: Some(range_of(expression)), ..RenderError::new(&error) });
                }
            }
            Expr::Var(_)
            | Expr::Const(_)
            | Expr::Slice(_)
            | Expr::UnaryOp(_)
            | Expr::IfExpr(_)
            | Expr::GetAttr(_)
            | Expr::GetItem(_)
            | Expr::Call(_)
            | Expr::List(_)
            | Expr::Tuple(_)
            | Expr::Map(_) => {}
        }
    }

    fn order(&mut self, sign: &'static str, left: &Expr<'_>, right: &Expr<'_>, own: &[String]) {
        let range = range_of(left).start..range_of(right).end;
        self.ordered.push(Ordered { sign, left: shape_of(left, own), right: shape_of(right, own), range });
    }

    fn operation(&mut self, op: BinOpKind, operands: [&Expr<'_>; 2], own: &[String]) {
        let sign = match op {
            BinOpKind::Add => "+",
            BinOpKind::Sub => "-",
            BinOpKind::Mul => "*",
            BinOpKind::Div => "/",
            BinOpKind::FloorDiv => "//",
            BinOpKind::Rem => "%",
            BinOpKind::Pow => "**",
            BinOpKind::Eq
            | BinOpKind::Ne
            | BinOpKind::Lt
            | BinOpKind::Lte
            | BinOpKind::Gt
            | BinOpKind::Gte
            | BinOpKind::ScAnd
            | BinOpKind::ScOr
            | BinOpKind::Concat
            | BinOpKind::In => return,
        };
        let operand = |expr: &Expr<'_>| Operand { sign, shape: shape_of(expr, own), range: range_of(expr) };
        self.operands.extend(operands.map(operand));
    }
}

/// The bytes of an expression. The engine's span of an operation begins at the word before it.
fn range_of(expression: &Expr<'_>) -> Range<usize> {
    let span = expression.span();
    let start = match expression {
        Expr::BinOp(operation) => range_of(&operation.left).start,
        Expr::Compare(compare) => range_of(&compare.expr).start,
        Expr::Test(test) => range_of(&test.expr).start,
        _ => span.start_offset as usize,
    };
    start..(span.end_offset as usize).max(start)
}

const fn sign_of_order(op: BinOpKind) -> Option<&'static str> {
    match op {
        BinOpKind::Lt => Some("<"),
        BinOpKind::Lte => Some("<="),
        BinOpKind::Gt => Some(">"),
        BinOpKind::Gte => Some(">="),
        _ => None,
    }
}

const fn sign_of_comparison(op: CompareOpKind) -> Option<&'static str> {
    match op {
        CompareOpKind::Lt => Some("<"),
        CompareOpKind::Lte => Some("<="),
        CompareOpKind::Gt => Some(">"),
        CompareOpKind::Gte => Some(">="),
        CompareOpKind::Eq | CompareOpKind::Ne | CompareOpKind::In | CompareOpKind::NotIn => None,
    }
}

fn sign_of_test(name: &str) -> Option<&'static str> {
    match name {
        "lt" | "lessthan" => Some("<"),
        "le" => Some("<="),
        "gt" | "greaterthan" => Some(">"),
        "ge" => Some(">="),
        _ => None,
    }
}

/// Whether a filter of time can do with what is written out for it; none of other filters.
fn of_time(filter: &Filter<'_>) -> Option<Result<(), minijinja::Error>> {
    let first = match filter.args.first() {
        Some(CallArg::Pos(argument)) => argument.as_const(),
        _ => None,
    };
    match filter.name {
        "date" => first.map(|format| checked_format(&format).map(|_| ())),
        "start_of" => first.map(|unit| checked_unit(&unit).map(|_| ())),
        "shift" => {
            let units = filter.args.iter().map(|argument| match argument {
                CallArg::Kwarg(unit, count) => count.as_const().map(|count| (*unit, count)),
                CallArg::Pos(_) | CallArg::PosSplat(_) | CallArg::KwargSplat(_) => None,
            });
            let units: Vec<(&str, Value)> = units.collect::<Option<_>>()?;
            let is_today = filter.expr.as_ref().is_some_and(is_today);
            Some(Shift::by(&units).and_then(|shift| if is_today { shift.fits_a_day("today()") } else { Ok(()) }))
        }
        _ => None,
    }
}

fn is_today(expression: &Expr<'_>) -> bool {
    matches!(expression, Expr::Call(call) if matches!(&call.expr, Expr::Var(name) if name.id == "today"))
}
