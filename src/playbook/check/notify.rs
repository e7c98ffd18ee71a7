//! `notify`: webhooks that are no URLs, and a `retry` of what is sent once.
//!
//! A webhook is a secret, so its line is not shown.

use crate::diagnostic::{Code, Diagnostic};
use crate::outcome::ActionKind;
use crate::playbook::check::Checker;
use crate::yaml::{Node, NodeValue};

impl Checker<'_> {
    pub(super) fn notify(&mut self, step: &Node, kind: ActionKind) {
        if kind != ActionKind::Notify {
            return;
        }
        if let Some(webhook) = step.get("notify").and_then(|arguments| arguments.get("webhook")) {
            self.webhook(webhook);
        }
        if let Some(entry) = step.entry("retry") {
            let message = "a `notify` is sent once to each webhook, so `retry` can't stand beside it";
            let mistake = Diagnostic::new(Code::CONFLICT, self.file, entry.key_span, message);
            self.report(
                mistake.with_help("leave `retry` out; `expect: failed == 0` fails the step when it did not arrive"),
            );
        }
    }

    fn webhook(&mut self, node: &Node) {
        match &node.value {
            NodeValue::List(items) => items.iter().for_each(|item| self.webhook(item)),
            NodeValue::String(text) if !text.contains("{{") && !text.contains("{%") && !is_url(text) => {
                let message = "this webhook is no URL; it is not shown, since it may be secret";
                let mistake = Diagnostic::new(Code::WRONG_FORM, self.file, node.span, message);
                let help = "write `https://HOST/…`; best as an input with `secret: true` and `from_env: NAME`";
                self.report(mistake.with_help(help).concealed());
            }
            NodeValue::String(_) | NodeValue::Null | NodeValue::Bool(_) | NodeValue::Number(_) | NodeValue::Map(_) => {}
        }
    }
}

/// Whether a text begins as the URL of a web server does, and is in one piece.
fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    !host.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}
