//! What expressions ask of their parts, held against what is known of the names.
//!
//! In: claims, such as that two values have an order. Out: a mistake for each that can't hold. Where a value's kind is not
//! known, the run finds out.

use crate::diagnostic::{Code, Diagnostic};
use crate::playbook::check::Checker;
use crate::playbook::check::names::Local;
use crate::playbook::template::{Claims, Operand, Ordered, Place, RenderError, Shape};

impl Checker<'_> {
    /// Reports the claims that can't hold.
    pub(super) fn claims(&mut self, claims: &Claims, place: Place, local: Local) {
        claims.ordered.iter().for_each(|ordered| self.ordered(ordered, place, local));
        claims.operands.iter().for_each(|operand| self.operand(operand, place, local));
        for RenderError { message, range, help, .. } in &claims.mistakes {
            let span = place.span(self.file, range.as_ref());
            let mistake = Diagnostic::new(Code::WRONG_TYPE, self.file, span, message.clone());
            self.report(match help {
                Some(help) => mistake.with_help(help.clone()),
                None => mistake,
            });
        }
    }

    /// Text has an order, numbers have one, and lists may have one.
    fn ordered(&mut self, ordered: &Ordered, place: Place, local: Local) {
        let (left, right) = (self.resolve(&ordered.left, local), self.resolve(&ordered.right, local));
        let help = match (&left, &right) {
            (
                Shape::Text | Shape::Number | Shape::List | Shape::Unknown | Shape::Named(..),
                Shape::Unknown | Shape::Named(..),
            )
            | (Shape::Unknown | Shape::Named(..), Shape::Text | Shape::Number | Shape::List)
            | (Shape::Text, Shape::Text)
            | (Shape::Number, Shape::Number)
            | (Shape::List, Shape::List) => return,
            (Shape::Text, Shape::Number) | (Shape::Number, Shape::Text) => {
                Some("turn the text into a number with `| int` or `| float`; an input takes `type: number`")
            }
            (Shape::Flag, _) | (_, Shape::Flag) => Some("true and false have no order; compare with `==`"),
            (Shape::List, Shape::Number) | (Shape::Number, Shape::List) => Some("compare its length, with `| length`"),
            _ => None,
        };
        let message = match (&left, &right) {
            (Shape::Unknown | Shape::Named(..), known) | (known, Shape::Unknown | Shape::Named(..)) => {
                format!("`{}` cannot compare {}, which has no order", ordered.sign, known.noun())
            }
            _ => format!("`{}` cannot compare {} with {}", ordered.sign, left.noun(), right.noun()),
        };
        let span = place.span(self.file, Some(&ordered.range));
        let mistake = Diagnostic::new(Code::WRONG_TYPE, self.file, span, message);
        self.report(match help {
            Some(help) => mistake.with_help(help),
            None => mistake,
        });
    }

    /// The engine would take `true` for 1.
    fn operand(&mut self, operand: &Operand, place: Place, local: Local) {
        if self.resolve(&operand.shape, local) != Shape::Flag {
            return;
        }
        let span = place.span(self.file, Some(&operand.range));
        let message = format!("`{}` takes a number, found true or false", operand.sign);
        let mistake = Diagnostic::new(Code::WRONG_TYPE, self.file, span, message);
        self.report(mistake.with_help("turn it into a number with `| int`, if 1 and 0 are meant"));
    }
}
