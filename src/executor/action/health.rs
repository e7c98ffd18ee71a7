//! `assert_healthy`: the parts of Airflow are well. The answer is a success whatever it says, so it is read.

use crate::airflow::answer::{Component, Health};
use crate::executor::Stop;
use crate::executor::step::StepRun;
use crate::executor::within::may_come;
use crate::outcome::{ActionResult, ComponentHealth, Failure, FailureKind, HealthResult};
use crate::playbook::action::{AssertHealthy, ComponentWord};

/// The word of a part that is well.
const HEALTHY: &str = "healthy";

impl StepRun<'_, '_> {
    pub(in crate::executor) async fn assert_healthy(&mut self) -> Result<ActionResult, Stop> {
        let keys: AssertHealthy = self.arguments()?;
        let wanted = keys.components.as_deref();
        let health = self.within(keys.within, may_pass, async |step| step.healthy(wanted).await).await?;
        Ok(ActionResult::AssertHealthy(Box::new(result(health))))
    }

    async fn healthy(&mut self, wanted: Option<&[ComponentWord]>) -> Result<Health, Stop> {
        let health = self.read(async |client, limit| client.health(limit).await).await?;
        let ill: Vec<String> = ComponentWord::ALL.into_iter().filter_map(|word| ill(word, &health, wanted)).collect();
        if ill.is_empty() {
            return Ok(health);
        }
        self.known = Some(ActionResult::AssertHealthy(Box::new(result(health))));
        let failure = Failure::new(FailureKind::NotReady, format!("Airflow is not healthy: {}", ill.join(", ")));
        Err(failure.at(self.location_of("components")).into())
    }
}

/// What is wrong with a part that must be healthy. Without a list these are the database, the scheduler, and what has run.
fn ill(word: ComponentWord, health: &Health, wanted: Option<&[ComponentWord]>) -> Option<String> {
    let part = part(word, health);
    let must = match (wanted, word) {
        (Some(wanted), _) => wanted.contains(&word),
        (None, ComponentWord::Metadatabase | ComponentWord::Scheduler) => true,
        (None, ComponentWord::Triggerer | ComponentWord::DagProcessor) => part.status.is_some(),
    };
    let name = word.as_str();
    match part.status.as_deref() {
        Some(HEALTHY) => None,
        _ if !must => None,
        Some(status) => {
            let heard = part.latest_heartbeat.map(|time| format!(", last heard of at {time}")).unwrap_or_default();
            Some(format!("`{name}` is {status}{heard}"))
        }
        None => Some(format!("`{name}` has never run")),
    }
}

fn part(word: ComponentWord, health: &Health) -> &Component {
    match word {
        ComponentWord::Metadatabase => &health.metadatabase,
        ComponentWord::Scheduler => &health.scheduler,
        ComponentWord::Triggerer => &health.triggerer,
        ComponentWord::DagProcessor => &health.dag_processor,
    }
}

/// An Airflow that is being started is away first.
const fn may_pass(kind: FailureKind) -> bool {
    may_come(kind) || matches!(kind, FailureKind::Unreachable | FailureKind::ServerError)
}

fn result(health: Health) -> HealthResult {
    let shown = |part: Component| ComponentHealth {
        status: part.status,
        latest_heartbeat: part.latest_heartbeat.map(|time| time.to_string()),
    };
    HealthResult {
        metadatabase: shown(health.metadatabase),
        scheduler: shown(health.scheduler),
        triggerer: shown(health.triggerer),
        dag_processor: shown(health.dag_processor),
    }
}
