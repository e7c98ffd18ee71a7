//! The strict reading of statements: what gets a name is paid for, and a namespace is set by a filter of ours.
//!
//! In: a parsed template. Out: the same, its expressions as [`strict`](super::strict) reads them. A value that has a name
//! can be used again and again, so that here is where endless growth is stopped.

use minijinja::machinery::Span;
use minijinja::machinery::ast::{
    AutoEscape, CallArg, Do, EmitExpr, EmitRaw, Expr, FilterBlock, ForLoop, IfCond, List, Set, SetBlock, Spanned, Stmt,
    Template, Tuple, Var, WithBlock,
};

use crate::playbook::template::strict::{called, constant_of, expression, paid, through};

/// Sets a name of a namespace; its arguments are the name and the value.
pub(super) const ASSIGN: &str = "~assign";
/// The name that takes what a filter gives that is wanted for its effect.
const NOWHERE: &str = "~nowhere";
/// Names for what is on its way into a namespace.
const ON_THE_WAY: [&str; 8] = ["~0", "~1", "~2", "~3", "~4", "~5", "~6", "~7"];

/// The strict reading of a template.
pub(super) fn template<'a>(statement: &Stmt<'a>) -> Stmt<'a> {
    match statement {
        Stmt::Template(template) => {
            Stmt::Template(Spanned::new(Template { children: block(&template.children) }, template.span()))
        }
        other => single(other),
    }
}

fn block<'a>(statements: &[Stmt<'a>]) -> Vec<Stmt<'a>> {
    let mut strict = Vec::with_capacity(statements.len());
    for statement in statements {
        match statement {
            Stmt::Set(set) => assigned(&set.target, &mut strict, |target| {
                Stmt::Set(Spanned::new(Set { target, expr: paid(&set.expr) }, set.span()))
            }),
            Stmt::SetBlock(set) => assigned(&set.target, &mut strict, |target| {
                let filter = set.filter.as_ref().map(expression);
                Stmt::SetBlock(Spanned::new(SetBlock { target, filter, body: block(&set.body) }, set.span()))
            }),
            other => strict.push(single(other)),
        }
    }
    strict
}

fn single<'a>(statement: &Stmt<'a>) -> Stmt<'a> {
    match statement {
        Stmt::Template(template) => {
            Stmt::Template(Spanned::new(Template { children: block(&template.children) }, template.span()))
        }
        Stmt::EmitExpr(emit) => Stmt::EmitExpr(Spanned::new(EmitExpr { expr: expression(&emit.expr) }, emit.span())),
        Stmt::EmitRaw(raw) => Stmt::EmitRaw(Spanned::new(EmitRaw { raw: raw.raw }, raw.span())),
        Stmt::ForLoop(each) => Stmt::ForLoop(Spanned::new(for_each(each), each.span())),
        Stmt::IfCond(choice) => Stmt::IfCond(Spanned::new(
            IfCond {
                expr: expression(&choice.expr),
                true_body: block(&choice.true_body),
                false_body: block(&choice.false_body),
            },
            choice.span(),
        )),
        Stmt::WithBlock(with) => {
            let assignments = with.assignments.iter().map(|(name, value)| (expression(name), paid(value))).collect();
            Stmt::WithBlock(Spanned::new(WithBlock { assignments, body: block(&with.body) }, with.span()))
        }
        Stmt::Set(set) => {
            let set_strictly = Set { target: expression(&set.target), expr: paid(&set.expr) };
            Stmt::Set(Spanned::new(set_strictly, set.span()))
        }
        Stmt::SetBlock(set) => {
            let (target, filter) = (expression(&set.target), set.filter.as_ref().map(expression));
            Stmt::SetBlock(Spanned::new(SetBlock { target, filter, body: block(&set.body) }, set.span()))
        }
        Stmt::AutoEscape(escape) => {
            let (enabled, body) = (expression(&escape.enabled), block(&escape.body));
            Stmt::AutoEscape(Spanned::new(AutoEscape { enabled, body }, escape.span()))
        }
        Stmt::FilterBlock(filter) => {
            let (strict, body) = (expression(&filter.filter), block(&filter.body));
            let filter_span = filter.filter_span;
            Stmt::FilterBlock(Spanned::new(FilterBlock { filter: strict, filter_span, body }, filter.span()))
        }
        Stmt::Do(call) => Stmt::Do(Spanned::new(Do { call: called(&call.call, call.call.span()) }, call.span())),
    }
}

fn for_each<'a>(each: &ForLoop<'a>) -> ForLoop<'a> {
    ForLoop {
        target: expression(&each.target),
        iter: paid(&each.iter),
        filter_expr: each.filter_expr.as_ref().map(expression),
        recursive: each.recursive,
        body: block(&each.body),
        else_body: block(&each.else_body),
    }
}

/// An assignment, then one more for each `namespace.name` in its target.
fn assigned<'a>(target: &Expr<'a>, strict: &mut Vec<Stmt<'a>>, assign: impl FnOnce(Expr<'a>) -> Stmt<'a>) {
    let mut spaces = Vec::new();
    let target = without_spaces(target, &mut spaces);
    strict.push(assign(target));
    for ((space, name, span), on_the_way) in spaces.into_iter().zip(ON_THE_WAY) {
        let value = variable(on_the_way, span);
        let args = vec![CallArg::Pos(constant_of(name, span)), CallArg::Pos(value)];
        let set = Set { target: variable(NOWHERE, span), expr: through(ASSIGN, space, args) };
        strict.push(Stmt::Set(Spanned::new(set, span)));
    }
}

/// A target with plain names only; what would go into a namespace is noted.
fn without_spaces<'a>(target: &Expr<'a>, spaces: &mut Vec<(Expr<'a>, &'a str, Span)>) -> Expr<'a> {
    match target {
        // What is beyond the names that there are stays as it is, and the engine refuses it.
        Expr::GetAttr(get) if let Some(name) = ON_THE_WAY.get(spaces.len()) => {
            spaces.push((expression(&get.expr), get.name, get.span()));
            variable(name, get.span())
        }
        Expr::List(list) => {
            let items = list.items.iter().map(|item| without_spaces(item, spaces)).collect();
            Expr::List(Spanned::new(List { items }, list.span()))
        }
        Expr::Tuple(tuple) => {
            let items = tuple.items.iter().map(|item| without_spaces(item, spaces)).collect();
            Expr::Tuple(Spanned::new(Tuple { items }, tuple.span()))
        }
        other => expression(other),
    }
}

fn variable<'a>(id: &'static str, span: Span) -> Expr<'a> {
    Expr::Var(Spanned::new(Var { id }, span))
}
