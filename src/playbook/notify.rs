//! `notify`: its keys, and the webhooks that stand written out in a playbook.
//!
//! A webhook's URL is a secret: who knows it can write into the channel. So it is found in the text before anything of the
//! text is shown, and it is never part of a message.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex_lite::Regex;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::playbook::field::{Text, describe};
use crate::playbook::template::{Engine, Template, dynamic};
use crate::yaml::{Node, NodeValue};

/// The hosts of Slack's webhooks.
const SLACK_HOSTS: [&str; 2] = ["hooks.slack.com", "hooks.slack-gov.com"];
/// What the hosts of webhooks of Teams end with: connectors, Azure Logic Apps, and Power Automate.
const TEAMS_HOSTS: [&str; 4] =
    [".webhook.office.com", ".logic.azure.com", ".environment.api.powerplatform.com", ".logic.azure.us"];
/// The host of Google Chat's webhooks.
const GOOGLE_HOST: &str = "chat.googleapis.com";
/// The hosts of Discord's webhooks; those of its test versions stand below them.
const DISCORD_HOSTS: [&str; 2] = ["discord.com", "discordapp.com"];

/// URLs of well-known services, and whatever stands under `webhook`.
static WRITTEN_OUT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let url = r#"[^\s"'<>,\]}]+"#;
    let known = r"hooks\.slack(?:-gov)?\.com|[a-z0-9-]+\.webhook\.office\.com|[a-z0-9.-]+\.logic\.azure\.(?:com|us)|[a-z0-9.-]+\.api\.powerplatform\.com|chat\.googleapis\.com|(?:[a-z]+\.)?discord(?:app)?\.com/api/(?:v[0-9]+/)?webhooks";
    Regex::new(&format!(r#"(?i)webhook["']?\s*:[\s\["']*(https?://{url})|(https?://(?:{known})[:/]{url})"#)).ok()
});

/// `notify`: writes a text to one or more webhooks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Notify {
    /// The webhook's URL, or a list of them. It is secret: take it from an input with `secret: true`.
    pub webhook: Webhooks,
    /// What to say. A secret in it is masked before it is sent.
    #[schemars(extend("minLength" = 1))]
    pub text: Text,
    /// What the webhook takes: `slack`, `teams`, `google_chat`, `discord` or `json`. Default: by its host, else `json`.
    pub format: Option<NotifyFormat>,
}

/// What a webhook takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum NotifyFormat {
    /// A text, as Slack takes it.
    Slack,
    /// An Adaptive Card, as Microsoft Teams takes it.
    Teams,
    /// A text, as Google Chat takes it.
    GoogleChat,
    /// A content without mentions, as Discord takes it.
    Discord,
    /// A JSON object with the text and what run it is from.
    Json,
}

impl NotifyFormat {
    /// What a webhook takes, by its host; Discord takes what Slack takes at its URLs that end so.
    #[must_use]
    pub fn of_webhook(host: &str, url: &str) -> Self {
        let path = url.trim().split(['?', '#']).next().unwrap_or_default();
        match Self::of_host(host) {
            Self::Discord if path.ends_with("/slack") => Self::Slack,
            format => format,
        }
    }

    fn of_host(host: &str) -> Self {
        let host = host.to_ascii_lowercase();
        if SLACK_HOSTS.contains(&host.as_str()) {
            Self::Slack
        } else if TEAMS_HOSTS.iter().any(|end| host.ends_with(end)) || host == "outlook.office.com" {
            Self::Teams
        } else if host == GOOGLE_HOST {
            Self::GoogleChat
        } else if DISCORD_HOSTS.iter().any(|end| host.strip_suffix(end).is_some_and(is_below)) {
            Self::Discord
        } else {
            Self::Json
        }
    }
}

/// Whether this is what stands before a host or before one below it.
fn is_below(before: &str) -> bool {
    before.is_empty() || before.ends_with('.')
}

/// One URL or several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Webhooks(pub Vec<String>);

impl<'de> Deserialize<'de> for Webhooks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let one = |value| match value {
            Value::String(url) => Ok(url),
            other => Err(D::Error::custom(format!("expected a URL, got {}", describe(&other)))),
        };
        match Value::deserialize(deserializer)? {
            Value::Array(urls) => urls.into_iter().map(one).collect::<Result<_, _>>().map(Self),
            other => one(other).map(|url| Self(vec![url])),
        }
    }
}

impl JsonSchema for Webhooks {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Webhooks".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["string", "array"], "minLength": 1, "minItems": 1,
            "items": { "type": "string", "minLength": 1, "x-expected": "a URL" },
            "x-expected": "a URL or a list of URLs"
        })
    }
}

/// The webhooks that a playbook's text holds, as far as its text alone can tell.
#[must_use]
pub fn webhooks_in(text: &str) -> Vec<&str> {
    if !text.contains("://") {
        return Vec::new();
    }
    let Some(pattern) = WRITTEN_OUT.as_ref() else { return Vec::new() };
    let found = pattern.captures_iter(text).filter_map(|found| found.get(1).or_else(|| found.get(2)));
    found.map(|url| url.as_str()).filter(|url| !url.contains("{{")).collect()
}

/// The webhooks of every `notify` below a node that these names give already.
#[must_use]
pub fn webhooks_of(node: &Node, engine: &Engine, names: &Map<String, Value>) -> Vec<String> {
    match &node.value {
        NodeValue::List(items) => items.iter().flat_map(|item| webhooks_of(item, engine, names)).collect(),
        NodeValue::Map(entries) => {
            let below = entries.iter().flat_map(|entry| webhooks_of(&entry.value, engine, names));
            let own = node.get("notify").and_then(|arguments| arguments.get("webhook"));
            own.into_iter().flat_map(|webhook| given(webhook, engine, names)).chain(below).collect()
        }
        NodeValue::Null | NodeValue::Bool(_) | NodeValue::Number(_) | NodeValue::String(_) => Vec::new(),
    }
}

fn given(webhook: &Node, engine: &Engine, names: &Map<String, Value>) -> Vec<String> {
    let rendered = Template::from_node(webhook).render(engine, &dynamic(names));
    let webhooks = rendered.ok().and_then(|value| serde_json::from_value::<Webhooks>(value).ok());
    webhooks.map(|webhooks| webhooks.0).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_webhook_takes_is_known_by_its_host() {
        for (host, format) in [
            ("hooks.slack.com", NotifyFormat::Slack),
            ("Hooks.Slack.com", NotifyFormat::Slack),
            ("hooks.slack.com.example", NotifyFormat::Json),
            ("contoso.webhook.office.com", NotifyFormat::Teams),
            ("outlook.office.com", NotifyFormat::Teams),
            ("prod-12.westeurope.logic.azure.com", NotifyFormat::Teams),
            ("default0a1b.c2.environment.api.powerplatform.com", NotifyFormat::Teams),
            ("evil-logic.azure.com", NotifyFormat::Json),
            ("chat.googleapis.com", NotifyFormat::GoogleChat),
            ("www.googleapis.com", NotifyFormat::Json),
            ("discord.com", NotifyFormat::Discord),
            ("Canary.discord.com", NotifyFormat::Discord),
            ("discordapp.com", NotifyFormat::Discord),
            ("notdiscord.com", NotifyFormat::Json),
            ("chat.example", NotifyFormat::Json),
        ] {
            assert_eq!(NotifyFormat::of_webhook(host, "https://h/x"), format, "{host}");
        }
        let slack = NotifyFormat::of_webhook("discord.com", "https://discord.com/api/webhooks/1/x/slack?wait=true");
        assert_eq!(slack, NotifyFormat::Slack);
    }

    #[test]
    fn webhooks_are_found_wherever_they_stand_in_a_text() {
        for (text, found) in [
            ("- notify: { webhook: https://chat.example/a/b, text: x }", vec!["https://chat.example/a/b"]),
            ("  webhook: \"https://chat.example/a?b=c,d\"\n", vec!["https://chat.example/a?b=c"]),
            ("webhook:\n  - https://hooks.slack.com/services/T/B/x\n", vec!["https://hooks.slack.com/services/T/B/x"]),
            (
                "vars: {hook: 'https://a.webhook.office.com/webhookb2/1@2'}",
                vec!["https://a.webhook.office.com/webhookb2/1@2"],
            ),
            (
                "default: https://prod-1.eu.logic.azure.com:443/workflows/w?sig=s",
                vec!["https://prod-1.eu.logic.azure.com:443/workflows/w?sig=s"],
            ),
            ("- https://discord.com/api/webhooks/1/abc-def", vec!["https://discord.com/api/webhooks/1/abc-def"]),
            ("see https://discord.com/channels/1", vec![]),
            (
                "default: https://chat.googleapis.com/v1/spaces/A/messages?key=k&token=t",
                vec!["https://chat.googleapis.com/v1/spaces/A/messages?key=k&token=t"],
            ),
            ("webhook: \"{{ hook }}\", url: https://airflow.example/api/v1", vec![]),
            ("webhook: \"https://x.example/{{ token }}\"", vec![]),
        ] {
            assert_eq!(webhooks_in(text), found, "{text}");
        }
    }

    #[test]
    fn a_webhook_is_one_url_or_a_list_of_them() {
        let read =
            |value| serde_json::from_value::<Webhooks>(value).map(|hooks| hooks.0).map_err(|error| error.to_string());
        assert_eq!(read(serde_json::json!("u")), Ok(vec!["u".to_owned()]));
        assert_eq!(read(serde_json::json!(["u", "v"])), Ok(vec!["u".to_owned(), "v".to_owned()]));
        assert_eq!(read(serde_json::json!(["u", null])), Err("expected a URL, got none".to_owned()));
        assert_eq!(read(serde_json::json!(7)), Err("expected a URL, got the number 7".to_owned()));
    }
}
