//! The names, filters and tests that a template uses, each with its range in the text.

use std::collections::BTreeSet;
use std::ops::Range;

use minijinja::machinery::ast::{BinOp, BinOpKind, CallArg, Expr, GetAttr, GetItem, Spanned, Stmt, Test, Var};
use minijinja::machinery::{self, Span};

use crate::playbook::template::claims::Claims;
use crate::playbook::template::engine::{RenderError, syntax};
use crate::playbook::template::shape::{Shape, shape_of};

/// The most bytes an expression may have.
const EXPRESSION_MAX: usize = 4000;
/// The most bytes a template may have.
const TEMPLATE_MAX: usize = 128 * 1024;
/// The most `{% %}` a template may have; each `elif` lies within the one before, however flat it looks.
const MOST_STATEMENTS: usize = 1000;

/// A name that a template reads from outside itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameUse {
    /// The name.
    pub name: String,
    /// The attribute read from it, as in `env.HOME`.
    pub attribute: Option<String>,
    /// The attribute read from that one, with its bytes, as in `steps.load.outcome`.
    pub deeper: Option<(String, Range<usize>)>,
    /// Its bytes in the text.
    pub range: Range<usize>,
    /// The bytes of the attribute; those of the name without one.
    pub attribute_range: Range<usize>,
    /// Whether the template asks for it with `is defined` or gives a `default`.
    pub guarded: bool,
}

/// Everything a template uses from outside itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Uses {
    /// Names, in the order they stand.
    pub names: Vec<NameUse>,
    /// Filters with their ranges.
    pub filters: Vec<(String, Range<usize>)>,
    /// Tests with their ranges.
    pub tests: Vec<(String, Range<usize>)>,
    /// Whether the text is one `{{ expression }}` and nothing else.
    pub is_one_expression: bool,
    /// What is written out, each with its bytes; of a bare expression, itself.
    pub gives: Vec<(Shape, Range<usize>)>,
    /// What is multiplied, with its range in the text.
    pub multiplied: Vec<(Shape, Range<usize>)>,
    /// What is asked of the parts of its expressions.
    pub claims: Claims,
}

/// What a bare expression uses.
///
/// # Errors
/// When it can't be read.
pub fn uses_of_expression(text: &str) -> Result<Uses, RenderError> {
    short_enough(text, 0..text.len())?;
    let expression = machinery::parse_expr(text).map_err(|error| RenderError::new(&error))?;
    let mut finder = Finder::new(text);
    finder.expression(&expression, false);
    finder.uses.gives.push((shape_of(&expression, &[]), 0..text.len()));
    Ok(finder.finish())
}

/// What a template uses.
///
/// # Errors
/// When it can't be read.
pub fn uses_of_template(text: &str) -> Result<Uses, RenderError> {
    bounded(text)?;
    for (open, close) in [("{{", "}}"), ("{%", "%}")] {
        for (start, _) in text.match_indices(open) {
            let end = text[start..].find(close).map_or(text.len(), |at| start + at);
            short_enough(text, start..end)?;
        }
    }
    let template = machinery::parse(text, "template", syntax()).map_err(|error| RenderError::new(&error))?;
    let mut finder = Finder::new(text);
    if let Stmt::Template(template) = &template {
        finder.uses.is_one_expression = matches!(template.children.as_slice(), [Stmt::EmitExpr(_)])
            && text.starts_with("{{")
            && text.ends_with("}}");
        finder.block(&template.children);
    }
    Ok(finder.finish())
}

/// What is read of a template is many times as large as its text.
fn bounded(text: &str) -> Result<(), RenderError> {
    if text.len() > TEMPLATE_MAX {
        let message = format!("a text with templates in it may have {} KiB", TEMPLATE_MAX / 1024);
        return Err(RenderError::plain(message));
    }
    match text.match_indices("{%").nth(MOST_STATEMENTS) {
        None => Ok(()),
        Some((at, sign)) => {
            let message = format!("it has more than {MOST_STATEMENTS} `{{% %}}`");
            Err(RenderError { range: Some(at..at + sign.len()), ..RenderError::plain(message) })
        }
    }
}

/// An expression is read by going down into it, so its length bounds how deep.
fn short_enough(text: &str, range: Range<usize>) -> Result<(), RenderError> {
    if range.len() <= EXPRESSION_MAX {
        return Ok(());
    }
    let start = range.start..range.start + text[range.start..].chars().next().map_or(0, char::len_utf8);
    Err(RenderError {
        range: Some(start),
        ..RenderError::plain(format!("it is longer than {EXPRESSION_MAX} characters"))
    })
}

struct Finder<'t> {
    text: &'t str,
    uses: Uses,
    own: Vec<String>,
    /// The names of which it is asked whether they are defined.
    asked: BTreeSet<String>,
}

impl<'t> Finder<'t> {
    fn new(text: &'t str) -> Self {
        Self { text, uses: Uses::default(), own: Vec::new(), asked: BTreeSet::new() }
    }

    /// What was found. Where a text asks whether a name is defined, its other uses of the name are taken to heed the answer.
    fn finish(mut self) -> Uses {
        for used in &mut self.uses.names {
            used.guarded |= self.asked.contains(&used.name);
        }
        self.uses
    }

    /// A run of statements with names of its own.
    fn block(&mut self, statements: &[Stmt<'_>]) {
        let outer = self.own.len();
        for statement in statements {
            self.statement(statement);
        }
        self.own.truncate(outer);
    }

    fn statement(&mut self, statement: &Stmt<'_>) {
        match statement {
            Stmt::Template(template) => self.block(&template.children),
            Stmt::EmitExpr(emit) => {
                self.expression(&emit.expr, false);
                let span = emit.expr.span();
                let range = span.start_offset as usize..span.end_offset as usize;
                self.uses.gives.push((shape_of(&emit.expr, &self.own), range));
            }
            Stmt::EmitRaw(_) => {}
            Stmt::ForLoop(each) => {
                self.expression(&each.iter, false);
                let outer = self.own.len();
                self.own.push("loop".to_owned());
                self.assign(&each.target);
                self.optional(each.filter_expr.as_ref());
                self.block(&each.body);
                self.own.truncate(outer);
                self.block(&each.else_body);
            }
            Stmt::IfCond(choice) => {
                self.expression(&choice.expr, false);
                self.block(&choice.true_body);
                self.block(&choice.false_body);
            }
            Stmt::WithBlock(with) => {
                let outer = self.own.len();
                for (target, value) in &with.assignments {
                    self.expression(value, false);
                    self.assign(target);
                }
                self.block(&with.body);
                self.own.truncate(outer);
            }
            Stmt::Set(set) => {
                self.expression(&set.expr, false);
                self.assign(&set.target);
            }
            Stmt::SetBlock(set) => {
                self.optional(set.filter.as_ref());
                self.block(&set.body);
                self.assign(&set.target);
            }
            Stmt::AutoEscape(escape) => self.block(&escape.body),
            Stmt::FilterBlock(filter) => {
                self.expression(&filter.filter, false);
                self.block(&filter.body);
            }
            Stmt::Do(call) => {
                self.expression(&call.call.expr, false);
                self.arguments(&call.call.args);
            }
        }
    }

    fn assign(&mut self, target: &Expr<'_>) {
        match target {
            Expr::Var(name) => self.own.push(name.id.to_owned()),
            Expr::List(list) => list.items.iter().for_each(|item| self.assign(item)),
            Expr::Tuple(tuple) => tuple.items.iter().for_each(|item| self.assign(item)),
            _ => self.expression(target, false),
        }
    }

    fn optional(&mut self, expression: Option<&Expr<'_>>) {
        if let Some(expression) = expression {
            self.expression(expression, false);
        }
    }

    fn expression(&mut self, expression: &Expr<'_>, guarded: bool) {
        self.uses.claims.take(expression, &self.own);
        match expression {
            Expr::Var(name) => self.name(name.id, None, name.span(), guarded),
            Expr::Const(_) => {}
            Expr::Slice(slice) => {
                self.expression(&slice.expr, guarded);
                for part in [&slice.start, &slice.stop, &slice.step] {
                    self.optional(part.as_ref());
                }
            }
            Expr::UnaryOp(operation) => self.expression(&operation.expr, false),
            Expr::BinOp(operation) => self.operation(operation),
            Expr::Compare(compare) => {
                self.expression(&compare.expr, false);
                compare.ops.iter().for_each(|operand| self.expression(&operand.expr, false));
            }
            Expr::IfExpr(choice) => {
                self.expression(&choice.test_expr, false);
                self.expression(&choice.true_expr, false);
                self.optional(choice.false_expr.as_ref());
            }
            Expr::Filter(filter) => {
                self.uses.filters.push((filter.name.to_owned(), self.word(filter.span(), filter.name)));
                if let Some(inner) = &filter.expr {
                    self.expression(inner, matches!(filter.name, "default" | "d"));
                }
                self.arguments(&filter.args);
            }
            Expr::Test(test) => {
                self.uses.tests.push((test.name.to_owned(), self.word(test.span(), test.name)));
                self.tested(test);
                self.arguments(&test.args);
            }
            Expr::GetAttr(get) => match &get.expr {
                Expr::Var(name) => self.name(name.id, Some(get.name), name.span(), guarded),
                inner => self.deeper(inner, get, guarded),
            },
            Expr::GetItem(get) if let Some((name, key)) = constant_item(get) => {
                self.name(name.id, Some(key), name.span(), guarded);
            }
            Expr::GetItem(get) => {
                self.expression(&get.expr, guarded);
                self.expression(&get.subscript_expr, false);
            }
            Expr::Call(call) => {
                self.expression(&call.expr, false);
                self.arguments(&call.args);
            }
            Expr::List(list) => list.items.iter().for_each(|item| self.expression(item, false)),
            Expr::Tuple(tuple) => tuple.items.iter().for_each(|item| self.expression(item, false)),
            Expr::Map(map) => {
                map.keys.iter().chain(&map.values).for_each(|item| self.expression(item, false));
            }
        }
    }

    /// An attribute of what is no bare name; one of a name's attribute stays with that name.
    fn deeper(&mut self, inner: &Expr<'_>, get: &GetAttr<'_>, guarded: bool) {
        let is_attribute = match inner {
            Expr::GetAttr(outer) => matches!(outer.expr, Expr::Var(_)),
            Expr::GetItem(outer) => constant_item(outer).is_some(),
            _ => false,
        };
        let before = self.uses.names.len();
        self.expression(inner, guarded);
        let end = inner.span().end_offset as usize;
        let range = self.attribute(&(end..end), get.name);
        if let (true, [used], Some(range)) = (is_attribute, &mut self.uses.names[before..], range) {
            used.deeper = Some((get.name.to_owned(), range));
        }
    }

    fn operation(&mut self, operation: &BinOp<'_>) {
        for side in [&operation.left, &operation.right] {
            if matches!(operation.op, BinOpKind::Mul) {
                let range = side.span().start_offset as usize..side.span().end_offset as usize;
                self.uses.multiplied.push((shape_of(side, &self.own), range));
            }
            self.expression(side, false);
        }
    }

    /// What a test looks at; one that asks whether a name is defined may look at one that is not.
    fn tested(&mut self, test: &Test<'_>) {
        let asks = matches!(test.name, "defined" | "undefined");
        if let (true, Expr::Var(name)) = (asks, &test.expr) {
            self.asked.insert(name.id.to_owned());
        }
        self.expression(&test.expr, asks);
    }

    fn arguments(&mut self, arguments: &[CallArg<'_>]) {
        for argument in arguments {
            match argument {
                CallArg::Pos(value)
                | CallArg::Kwarg(_, value)
                | CallArg::PosSplat(value)
                | CallArg::KwargSplat(value) => {
                    self.expression(value, false);
                }
            }
        }
    }

    fn name(&mut self, name: &str, attribute: Option<&str>, span: Span, guarded: bool) {
        if self.own.iter().any(|own| own == name) {
            return;
        }
        let range = span.start_offset as usize..span.end_offset as usize;
        self.uses.names.push(NameUse {
            name: name.to_owned(),
            attribute: attribute.map(str::to_owned),
            attribute_range: attribute.and_then(|word| self.attribute(&range, word)).unwrap_or_else(|| range.clone()),
            deeper: None,
            range,
            guarded,
        });
    }

    /// The bytes of the attribute that follows a name.
    fn attribute(&self, name: &Range<usize>, word: &str) -> Option<Range<usize>> {
        let rest = self.text.get(name.end..)?;
        let word_on = rest.trim_start().strip_prefix(['.', '['])?.trim_start().trim_start_matches(['\'', '"']);
        let at = name.end + rest.len() - word_on.len();
        self.text.get(at..)?.starts_with(word).then(|| at..at + word.len())
    }

    /// The last occurrence of a filter's or test's word inside the span of its whole expression.
    fn word(&self, span: Span, word: &str) -> Range<usize> {
        let range = span.start_offset as usize..span.end_offset as usize;
        let found = self.text.get(range.clone()).and_then(|text| text.rfind(word));
        found.map_or(range.clone(), |at| range.start + at..range.start + at + word.len())
    }
}

/// `name['key']` with a key that is written out.
fn constant_item<'a>(get: &'a GetItem<'a>) -> Option<(&'a Spanned<Var<'a>>, &'a str)> {
    match (&get.expr, &get.subscript_expr) {
        (Expr::Var(name), Expr::Const(key)) => Some((name, key.value.as_str()?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(template: &str) -> Vec<String> {
        let uses = uses_of_template(template).expect("a good template");
        uses.names.into_iter().map(|used| template[used.range].to_owned()).collect()
    }

    #[test]
    fn names_from_outside_are_found_where_they_stand() {
        assert_eq!(names("a {{ x }} {{ y.z | join(sep) }} {{ f(u)[v] }}"), ["x", "y", "sep", "f", "u", "v"]);
        assert_eq!(names("{% for d in dags %}{{ d }}{{ loop.index }}{{ e }}{% endfor %}{{ d }}"), ["dags", "e", "d"]);
        assert_eq!(names("{% set k = a %}{{ k }}{% with w = k %}{{ w }}{% endwith %}"), ["a"]);
        assert_eq!(names("{% raw %}{{ nope }}{% endraw %}"), Vec::<String>::new());
    }

    #[test]
    fn guards_attributes_filters_and_tests_are_seen() {
        let uses = uses_of_expression("x is defined and env.HOME | default(y) | upper").expect("good");
        let seen: Vec<(&str, Option<&str>, bool)> =
            uses.names.iter().map(|used| (used.name.as_str(), used.attribute.as_deref(), used.guarded)).collect();
        assert_eq!(seen, [("x", None, true), ("env", Some("HOME"), true), ("y", None, false)]);
        let filters: Vec<&str> = uses.filters.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(filters, ["upper", "default"]);
        assert_eq!(uses.tests[0].0, "defined");
    }

    #[test]
    fn an_expression_that_would_go_too_deep_is_refused_and_long_text_is_not() {
        for deep in ["1+".repeat(12_000) + "1", "-".repeat(20_000) + "1", "x".to_owned() + &"|string".repeat(30_000)] {
            assert!(uses_of_expression(&deep).is_err());
            assert!(uses_of_template(&format!("a {{{{ {deep} }}}}")).is_err());
        }
        assert!(uses_of_template(&("word ".repeat(20_000) + "{{ x }}")).is_ok());
    }

    #[test]
    fn one_expression_alone_is_told_from_text() {
        let alone = |text| uses_of_template(text).expect("good").is_one_expression;
        assert!(alone("{{ x }}") && alone("{{ '}}' ~ x }}"));
        for text in [" {{ x }}", "{{ x }}\n", "{{ x }}{{ y }}", "{{ x }}-{{ y }}", "{# c #}{{ x }}"] {
            assert!(!alone(text), "{text:?}");
        }
    }
}
