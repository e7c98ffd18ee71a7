//! `notify`: a text to webhooks, one try each.
//!
//! Nothing of Airflow is asked or changed. A webhook that can't be told is a warning, never a failure: whoever wants one says
//! `expect: failed == 0`. A webhook's URL is learned by the masker before anything else is done with it.

use std::time::Duration;

use serde_json::Map;

use crate::executor::Stop;
use crate::executor::action::notify_answer::complaint;
use crate::executor::action::notify_body::{About, Message};
use crate::executor::request::Sent;
use crate::executor::step::StepRun;
use crate::http::{Webhook, webhook_host};
use crate::outcome::{ActionResult, Failure, Notified, WebhookTold};
use crate::playbook::notify::{Notify, NotifyFormat};

/// How long one webhook may take in all.
const LONGEST: Duration = Duration::from_secs(10);
/// What stands for the host of a webhook that has none.
const NO_HOST: &str = "a webhook";

impl StepRun<'_, '_> {
    /// Tells each webhook, one after the other.
    pub(in crate::executor) async fn notify(&mut self) -> Result<ActionResult, Stop> {
        let arguments: Notify = self.arguments()?;
        let webhooks = &arguments.webhook.0;
        for url in webhooks {
            self.run.tools.masker.learn_webhook(url);
        }
        let text = self.without_secrets(&arguments.text.0)?;
        if self.is_check() {
            return Err(self.only_said(webhooks, &text)?);
        }
        let mut notified = Notified { sent: 0, failed: 0, webhooks: Vec::with_capacity(webhooks.len()) };
        for url in webhooks {
            let told = self.tell(url, &text, arguments.format).await?;
            if told.ok {
                notified.sent += 1;
            } else {
                notified.failed += 1;
            }
            notified.webhooks.push(told);
        }
        Ok(ActionResult::Notify(notified))
    }

    /// The end of a step in a check, which tells nobody.
    fn only_said(&mut self, webhooks: &[String], text: &str) -> Result<Stop, Stop> {
        for url in webhooks {
            let host = webhook_host(url).unwrap_or_else(|| NO_HOST.to_owned());
            self.leave_open(format!("`{host}` would be told: {text}"))?;
        }
        Ok(self.left_open(Map::new()))
    }

    /// The text as it may leave.
    fn without_secrets(&mut self, text: &str) -> Result<String, Stop> {
        let masked = self.run.tools.masker.mask_value(text).into_owned();
        if masked != text {
            self.warn("a secret in `text` is not sent: `***` stands in its place")?;
        }
        Ok(masked)
    }

    /// Tells one webhook; what goes wrong is said.
    async fn tell(&mut self, url: &str, text: &str, format: Option<NotifyFormat>) -> Result<WebhookTold, Stop> {
        let host = webhook_host(url).unwrap_or_else(|| NO_HOST.to_owned());
        let format = format.unwrap_or_else(|| NotifyFormat::of_webhook(&host, url));
        let (status, wrong) = self.post(url, &host, text, format).await?;
        if let Some(wrong) = &wrong {
            self.warn(format!("`{host}` was not told: {wrong}"))?;
        }
        Ok(WebhookTold { host, ok: wrong.is_none(), status, message: wrong })
    }

    /// The status that came, and what went wrong.
    async fn post(
        &mut self,
        url: &str,
        host: &str,
        text: &str,
        format: NotifyFormat,
    ) -> Result<(Option<u16>, Option<String>), Stop> {
        let webhook = match Webhook::new(url, &self.run.tools.webhooks) {
            Ok(webhook) => webhook,
            Err(error) => return Ok((None, Some(error.to_string()))),
        };
        if self.time_left().is_zero() {
            return Ok((None, Some("the time of the step is up".to_owned())));
        }
        let message = self.message(text, format);
        if let Some(most) = message.cut_to {
            self.warn(format!("the text is too long for `{host}` and was cut to {most}"))?;
        }
        let sent =
            self.write_once(async |_, limit| Ok(webhook.post(message.body.clone(), limit.min(LONGEST)).await)).await?;
        Ok(match sent {
            Sent::Answer(Ok(Ok(answer))) => {
                (Some(answer.status.as_u16()), complaint(&answer, format, &self.run.tools.masker))
            }
            Sent::Answer(Ok(Err(error))) => (None, Some(error.to_string())),
            Sent::Answer(Err(error)) => (None, Some(error.message)),
            Sent::CutShort => {
                let message = format!("stopped by a signal while it told `{host}`");
                return Err(Stop::Interrupted(Some(Failure::new(self.run.halt.kind(), message).into())));
            }
        })
    }

    fn message(&self, text: &str, format: NotifyFormat) -> Message {
        let plan = self.run.plan;
        let about =
            About { playbook: &plan.playbook, run_id: &plan.run_id, target: &plan.target, step: &self.planned.id };
        Message::new(text, format, &about, &self.run.tools.masker)
    }
}
