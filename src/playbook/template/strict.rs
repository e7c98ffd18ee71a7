//! The strict reading of a template: operators and assignments that the engine would let pass are sent through filters and
//! tests of ours.
//!
//! In: a parsed expression or template. Out: the same with `a < b` read as a test of ours, each operand of `+` and the like
//! behind a guard, and each assignment to a namespace as a filter. The engine has no hook for its operators: it orders any
//! two values, and takes `true` for 1. Names that begin with `~` are ours; nobody can write them.

use minijinja::Value;
use minijinja::machinery::Span;
use minijinja::machinery::ast::{
    BinOp, BinOpKind, Call, CallArg, Compare, CompareOp, CompareOpKind, Const, Expr, Filter, GetAttr, GetItem, IfExpr,
    List, Map, Slice, Spanned, Test, Tuple, UnaryOp, UnaryOpKind, Var,
};

/// Passes a value on that is paid for: all of it, since what takes it may go through all of it.
pub(super) const PAID: &str = "~paid";
/// Refuses what is no number to an operator that would take `true` for 1; its argument is the operator.
pub(super) const OPERAND: &str = "~operand";
/// Refuses what can't stand inside text.
pub(super) const IN_TEXT: &str = "~in_text";
/// Refuses a list or map for a filter that takes text; its argument is the filter.
pub(super) const TEXT: &str = "~text";
/// Refuses items that `join` or `sum` would take for something else; its arguments are the filter and the attribute.
pub(super) const ITEMS: &str = "~items";
/// Compares the values of a chain such as `1 < x <= 5`.
pub(super) const CHAIN: &str = "~chain";

/// Filters that look at no more than a value's kind, its length or one item.
const LIGHT: [&str; 9] = ["default", "d", "first", "last", "length", "count", "attr", "bool", "list"];
/// Filters that take text.
const OF_TEXT: [&str; 15] = [
    "upper",
    "lower",
    "title",
    "capitalize",
    "trim",
    "replace",
    "indent",
    "escape",
    "e",
    "safe",
    "split",
    "lines",
    "format",
    "regex_search",
    "b64encode",
];
/// Filters whose value is a number.
const OF_NUMBERS: [&str; 2] = ["abs", "round"];
/// Filters whose first argument is a number.
const BY_NUMBER: [&str; 4] = ["batch", "slice", "round", "indent"];
/// Tests whose value is a number.
const TESTS_OF_NUMBERS: [&str; 3] = ["odd", "even", "divisibleby"];
/// Tests that go through a text or a list.
const HEAVY_TESTS: [&str; 5] = ["lower", "upper", "startingwith", "endingwith", "sameas"];

/// The strict reading of an expression.
pub(super) fn expression<'a>(expr: &Expr<'a>) -> Expr<'a> {
    let span = expr.span();
    match expr {
        Expr::Var(name) => Expr::Var(Spanned::new(Var { id: name.id }, span)),
        Expr::Const(constant) => constant_of(constant.value.clone(), span),
        Expr::Slice(slice) => {
            let bound = |bound: &Option<Expr<'a>>| bound.as_ref().map(|bound| operand(bound, "[:]"));
            let strict = Slice {
                expr: paid(&slice.expr),
                start: bound(&slice.start),
                stop: bound(&slice.stop),
                step: bound(&slice.step),
            };
            Expr::Slice(Spanned::new(strict, span))
        }
        Expr::UnaryOp(unary) => unary_operation(unary, span),
        Expr::BinOp(binary) => operation(binary, span),
        Expr::Compare(compare) => chain(compare, span),
        Expr::IfExpr(choice) => Expr::IfExpr(Spanned::new(
            IfExpr {
                test_expr: expression(&choice.test_expr),
                true_expr: expression(&choice.true_expr),
                false_expr: choice.false_expr.as_ref().map(expression),
            },
            span,
        )),
        Expr::Filter(filter) => filtered(filter, span),
        Expr::Test(test) => tested(test, span),
        Expr::GetAttr(get) => {
            Expr::GetAttr(Spanned::new(GetAttr { expr: expression(&get.expr), name: get.name }, span))
        }
        Expr::GetItem(get) => {
            let (expr, subscript_expr) = (expression(&get.expr), operand(&get.subscript_expr, "[]"));
            Expr::GetItem(Spanned::new(GetItem { expr, subscript_expr }, span))
        }
        Expr::Call(call) => Expr::Call(called(call, span)),
        Expr::List(list) => Expr::List(Spanned::new(List { items: all(&list.items) }, span)),
        Expr::Tuple(tuple) => Expr::Tuple(Spanned::new(Tuple { items: all(&tuple.items) }, span)),
        Expr::Map(map) => Expr::Map(Spanned::new(Map { keys: all(&map.keys), values: all(&map.values) }, span)),
    }
}

/// The strict reading of a call.
pub(super) fn called<'a>(call: &Call<'a>, span: Span) -> Spanned<Call<'a>> {
    let argument = |value: &Expr<'a>| match &call.expr {
        Expr::Var(name) if name.id == "range" => operand(value, "range"),
        Expr::Var(_) => expression(value),
        _ => paid(value),
    };
    Spanned::new(Call { expr: expression(&call.expr), args: arguments(&call.args, argument) }, span)
}

/// A value that is paid for.
pub(super) fn paid<'a>(expr: &Expr<'a>) -> Expr<'a> {
    if is_plain(expr) { expression(expr) } else { through(PAID, expression(expr), Vec::new()) }
}

/// A value that has gone through a filter of ours.
pub(super) fn through<'a>(filter: &'static str, expr: Expr<'a>, args: Vec<CallArg<'a>>) -> Expr<'a> {
    let span = expr.span();
    Expr::Filter(Spanned::new(Filter { name: filter, expr: Some(expr), args }, span))
}

/// A constant.
pub(super) fn constant_of<'a>(value: impl Into<Value>, span: Span) -> Expr<'a> {
    Expr::Const(Spanned::new(Const { value: value.into() }, span))
}

fn all<'a>(items: &[Expr<'a>]) -> Vec<Expr<'a>> {
    items.iter().map(expression).collect()
}

/// A text or number that is written out: nothing is to be paid for, and nothing to be refused.
fn is_plain(expr: &Expr<'_>) -> bool {
    matches!(expr, Expr::Const(constant) if constant.value.is_number() || constant.value.as_str().is_some())
}

fn operand<'a>(expr: &Expr<'a>, operator: &'static str) -> Expr<'a> {
    if is_plain(expr) {
        return expression(expr);
    }
    let name = constant_of(operator, expr.span());
    through(OPERAND, expression(expr), vec![CallArg::Pos(name)])
}

fn in_text<'a>(expr: &Expr<'a>) -> Expr<'a> {
    if is_plain(expr) { expression(expr) } else { through(IN_TEXT, expression(expr), Vec::new()) }
}

fn unary_operation<'a>(unary: &UnaryOp<'a>, span: Span) -> Expr<'a> {
    let (op, expr) = match unary.op {
        UnaryOpKind::Not => (UnaryOpKind::Not, expression(&unary.expr)),
        UnaryOpKind::Neg => (UnaryOpKind::Neg, operand(&unary.expr, "-")),
    };
    Expr::UnaryOp(Spanned::new(UnaryOp { op, expr }, span))
}

fn operation<'a>(binary: &BinOp<'a>, span: Span) -> Expr<'a> {
    let sides = |side: fn(&Expr<'a>) -> Expr<'a>| (side(&binary.left), side(&binary.right));
    let numbers = |sign| (operand(&binary.left, sign), operand(&binary.right, sign));
    let (left, right) = match binary.op {
        BinOpKind::Eq => return compared(CompareOpKind::Eq, binary, span),
        BinOpKind::Ne => return compared(CompareOpKind::Ne, binary, span),
        BinOpKind::Lt => return compared(CompareOpKind::Lt, binary, span),
        BinOpKind::Lte => return compared(CompareOpKind::Lte, binary, span),
        BinOpKind::Gt => return compared(CompareOpKind::Gt, binary, span),
        BinOpKind::Gte => return compared(CompareOpKind::Gte, binary, span),
        BinOpKind::In => return compared(CompareOpKind::In, binary, span),
        BinOpKind::ScAnd | BinOpKind::ScOr => sides(expression),
        BinOpKind::Concat => sides(in_text),
        BinOpKind::Add => numbers("+"),
        BinOpKind::Sub => numbers("-"),
        BinOpKind::Mul => numbers("*"),
        BinOpKind::Div => numbers("/"),
        BinOpKind::FloorDiv => numbers("//"),
        BinOpKind::Rem => numbers("%"),
        BinOpKind::Pow => numbers("**"),
    };
    Expr::BinOp(Spanned::new(BinOp { op: binary.op, left, right }, span))
}

fn compared<'a>(op: CompareOpKind, binary: &BinOp<'a>, span: Span) -> Expr<'a> {
    comparison(expression(&binary.left), &CompareOp { op, expr: expression(&binary.right) }, span)
}

/// `a < b` as the test of that name.
fn comparison<'a>(left: Expr<'a>, right: &CompareOp<'a>, span: Span) -> Expr<'a> {
    let args = vec![CallArg::Pos(expression(&right.expr))];
    // The engine's span of an operation begins at the word before it.
    let (start, end) = (beginning(&left), right.expr.span());
    let span = Span {
        start_line: start.start_line,
        start_col: start.start_col,
        start_offset: start.start_offset.max(span.start_offset),
        end_line: end.end_line,
        end_col: end.end_col,
        end_offset: end.end_offset.max(start.start_offset),
    };
    Expr::Test(Spanned::new(Test { name: sign_of(right.op), expr: left, args }, span))
}

/// Where an expression begins.
fn beginning(expr: &Expr<'_>) -> Span {
    match expr {
        Expr::BinOp(binary) => beginning(&binary.left),
        Expr::Compare(compare) => beginning(&compare.expr),
        Expr::Filter(filter) => filter.expr.as_ref().map_or(filter.span(), beginning),
        Expr::Test(test) => beginning(&test.expr),
        Expr::GetAttr(get) => beginning(&get.expr),
        Expr::GetItem(get) => beginning(&get.expr),
        Expr::Slice(slice) => beginning(&slice.expr),
        Expr::Call(call) => beginning(&call.expr),
        other => other.span(),
    }
}

/// `a < b < c`, whose middle is worked out once.
fn chain<'a>(compare: &Compare<'a>, span: Span) -> Expr<'a> {
    if let [only] = compare.ops.as_slice() {
        return comparison(expression(&compare.expr), only, span);
    }
    let mut args = Vec::new();
    for operand in &compare.ops {
        args.push(CallArg::Pos(constant_of(sign_of(operand.op), operand.expr.span())));
        args.push(CallArg::Pos(expression(&operand.expr)));
    }
    Expr::Test(Spanned::new(Test { name: CHAIN, expr: expression(&compare.expr), args }, span))
}

/// The operator as it is written; each is a test, too.
const fn sign_of(op: CompareOpKind) -> &'static str {
    match op {
        CompareOpKind::Eq => "==",
        CompareOpKind::Ne => "!=",
        CompareOpKind::Lt => "<",
        CompareOpKind::Lte => "<=",
        CompareOpKind::Gt => ">",
        CompareOpKind::Gte => ">=",
        CompareOpKind::In => "in",
        CompareOpKind::NotIn => "~not_in",
    }
}

fn filtered<'a>(filter: &Filter<'a>, span: Span) -> Expr<'a> {
    let name = filter.name;
    let value = |expr: &Expr<'a>| {
        if OF_NUMBERS.contains(&name) {
            return through(OPERAND, expression(expr), vec![CallArg::Pos(constant_of(name, expr.span()))]);
        }
        let strict = if LIGHT.contains(&name) { expression(expr) } else { paid(expr) };
        if matches!(name, "join" | "sum") {
            return through(ITEMS, strict, items_of(filter, expr.span()));
        }
        if !OF_TEXT.contains(&name) || is_plain(expr) {
            return strict;
        }
        through(TEXT, strict, vec![CallArg::Pos(constant_of(name, expr.span()))])
    };
    let mut args = arguments(&filter.args, |argument| match name {
        "format" => in_text(argument),
        _ if LIGHT.contains(&name) => expression(argument),
        _ => paid(argument),
    });
    if let (Some(CallArg::Pos(first)), Some(CallArg::Pos(written))) = (args.first_mut(), filter.args.first())
        && BY_NUMBER.contains(&name)
        && !is_plain(written)
    {
        *first = through(OPERAND, expression(written), vec![CallArg::Pos(constant_of(name, written.span()))]);
    }
    Expr::Filter(Spanned::new(Filter { name, expr: filter.expr.as_ref().map(value), args }, span))
}

/// The filter's name and the attribute of the items that it takes.
fn items_of<'a>(filter: &Filter<'a>, span: Span) -> Vec<CallArg<'a>> {
    let position = usize::from(filter.name == "join");
    let named = filter.args.iter().find_map(|argument| match argument {
        CallArg::Kwarg("attribute", name) => Some(name),
        _ => None,
    });
    let placed = filter.args.get(position).and_then(|argument| match argument {
        CallArg::Pos(name) => Some(name),
        _ => None,
    });
    let attribute = named.or(placed).map(|name| CallArg::Pos(expression(name)));
    [CallArg::Pos(constant_of(filter.name, span))].into_iter().chain(attribute).collect()
}

fn tested<'a>(test: &Test<'a>, span: Span) -> Expr<'a> {
    let heavy = HEAVY_TESTS.contains(&test.name);
    let expr = if TESTS_OF_NUMBERS.contains(&test.name) {
        through(OPERAND, expression(&test.expr), vec![CallArg::Pos(constant_of(test.name, span))])
    } else if heavy {
        paid(&test.expr)
    } else {
        expression(&test.expr)
    };
    let args = arguments(&test.args, |argument| if heavy { paid(argument) } else { expression(argument) });
    Expr::Test(Spanned::new(Test { name: test.name, expr, args }, span))
}

fn arguments<'a>(arguments: &[CallArg<'a>], value: impl Fn(&Expr<'a>) -> Expr<'a>) -> Vec<CallArg<'a>> {
    let argument = |argument: &CallArg<'a>| match argument {
        CallArg::Pos(expr) => CallArg::Pos(value(expr)),
        CallArg::Kwarg(name, expr) => CallArg::Kwarg(name, value(expr)),
        CallArg::PosSplat(expr) => CallArg::PosSplat(expression(expr)),
        CallArg::KwargSplat(expr) => CallArg::KwargSplat(expression(expr)),
    };
    arguments.iter().map(argument).collect()
}
