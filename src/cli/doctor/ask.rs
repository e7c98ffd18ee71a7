//! What the API says: version, DAGs, clock, health, import errors.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::airflow::answer::{Component, DagFilter, Page};
use crate::airflow::auth::AuthScheme;
use crate::airflow::client::Client;
use crate::airflow::error::{ApiError, ErrorKind};
use crate::cli::connection_args::ConnectionArgs;
use crate::cli::doctor::findings::{Findings, Problem};
use crate::cli::doctor::rights;
use crate::cli::exit_code::ExitCode;
use crate::cli::problem::remedy;
use crate::clock::Clock;

/// A clock that is off by more is told.
const SKEW_MAX: SignedDuration = SignedDuration::from_secs(5);
/// As many files that can't be imported are named.
const MOST_FILES: usize = 3;

/// Asks the API; what was found out before something failed stays. A right that is missing ends nothing: the rest is asked, and
/// the code says so at the end.
///
/// # Errors
/// When Airflow can't be asked at all.
pub(super) async fn ask(
    client: &Client,
    args: &ConnectionArgs,
    clock: &Clock,
    findings: &mut Findings,
) -> Result<ExitCode, Box<ApiError>> {
    let limit = args.max_time;
    findings.api_version_from = Some(match (args.api, client.base_url().version()) {
        (Some(_), _) => "`--api`",
        (None, Some(_)) => "the URL",
        (None, None) => "its answers",
    });
    let version = client.api_version(limit).await?;
    findings.api_version = Some(version.as_str());
    findings.credential_shown = client.auth_scheme(version).map(shown);
    findings.airflow_version = Some(client.airflow_version(limit).await?);
    let (ahead, read) = dags(client, limit, clock, findings).await?;
    tell_skew(ahead, findings);
    let began = clock.elapsed();
    let now = clock.now().saturating_add(ahead.unwrap_or_default()).unwrap_or(Timestamp::MAX);
    let is_well = health(client, limit, now, findings).await;
    // The login and the connection are made by now, so that this is what a request of a run takes.
    findings.latency = Some(clock.elapsed().saturating_sub(began));
    import_errors(client, limit, findings).await;
    rights::ask(client, limit, findings).await;
    Ok(match read {
        ExitCode::Success if !is_well => ExitCode::Failed,
        read => read,
    })
}

/// Counts the DAGs. Out: how far the server's clock is ahead, and the code of what was answered.
async fn dags(
    client: &Client,
    limit: Duration,
    clock: &Clock,
    findings: &mut Findings,
) -> Result<(Option<SignedDuration>, ExitCode), Box<ApiError>> {
    let every_dag = DagFilter { only_active: false, ..DagFilter::default() };
    let asked = clock.now();
    match client.dags(&every_dag, 0, limit).await {
        Ok(page) => {
            findings.dags = page.total_entries.or_else(|| u64::try_from(page.received).ok());
            Ok((ahead(&page, (asked, clock.now())), ExitCode::Success))
        }
        Err(error) if error.kind == ErrorKind::Forbidden => {
            findings.problems.push(Problem::error(&error.message, remedy(&error)));
            Ok((None, ExitCode::of_error(&error)))
        }
        Err(error) => Err(error.into()),
    }
}

/// How far the server's clock is ahead of ours; none where the server does not tell its time. Its `Date` has whole seconds,
/// and our own time is known to lie between the question and the answer.
fn ahead<T>(page: &Page<T>, (asked, answered): (Timestamp, Timestamp)) -> Option<SignedDuration> {
    let server = page.server_time?;
    let behind = server.saturating_add(SignedDuration::from_secs(1)).ok()?;
    Some(if server > answered {
        server.duration_since(answered)
    } else if behind < asked {
        behind.duration_since(asked)
    } else {
        SignedDuration::ZERO
    })
}

fn tell_skew(ahead: Option<SignedDuration>, findings: &mut Findings) {
    findings.clock_ahead = ahead;
    let Some(ahead) = ahead.filter(|ahead| ahead.abs() > SKEW_MAX) else { return };
    let way = if ahead.is_positive() { "ahead of" } else { "behind" };
    let message = format!("the server's clock is {} s {way} ours", ahead.abs().as_secs());
    let help = "set the clock that is wrong: dates, waits and the search for events go by them";
    findings.problems.push(Problem::warning(&message, help));
}

/// How the parts of Airflow are; `now` is by the server's clock. Out: whether runs can go on.
async fn health(client: &Client, limit: Duration, now: Timestamp, findings: &mut Findings) -> bool {
    let health = match client.health(limit).await {
        Ok(health) => health,
        Err(error) => {
            let message = format!("could not read Airflow's health: {}", error.message);
            findings.problems.push(Problem::warning(&message, "a run does not need it"));
            return true;
        }
    };
    let parts = [
        ("database", &health.metadatabase, ""),
        ("scheduler", &health.scheduler, "not running"),
        ("triggerer", &health.triggerer, "not running"),
        ("DAG processor", &health.dag_processor, "not reported"),
    ];
    let mut is_well = true;
    for (name, component, absent) in parts {
        let heard = component.latest_heartbeat.map(|heard| now.duration_since(heard).max(SignedDuration::ZERO));
        let heard = heard.map(|ago| format!(", heard of {} s ago", ago.as_secs())).unwrap_or_default();
        let status = component.status.as_deref().unwrap_or(absent);
        if is_ill(name, component) {
            is_well &= !is_needed(name);
            findings.problems.push(illness(name, &format!("{status}{heard}")));
        }
        findings.health.push((name, format!("{status}{heard}")));
    }
    is_well
}

fn illness(name: &str, state: &str) -> Problem {
    let message = format!("the {name} of Airflow is {state}");
    match name {
        "triggerer" => Problem::warning(&message, "tasks that are deferred wait until it is well again"),
        "DAG processor" => Problem::warning(&message, "changed DAG files are not read until it is well again"),
        _ => Problem::error(&message, "no run goes on until it is well again"),
    }
}

/// Whether no run goes on without it.
fn is_needed(name: &str) -> bool {
    matches!(name, "database" | "scheduler")
}

/// A part that never ran is no sign of an illness, but for the scheduler.
fn is_ill(name: &str, component: &Component) -> bool {
    match component.status.as_deref() {
        Some("healthy") => false,
        Some(_) => true,
        None => name == "scheduler",
    }
}

async fn import_errors(client: &Client, limit: Duration, findings: &mut Findings) {
    match client.import_errors(0, limit).await {
        Ok(page) => {
            let first =
                page.items.iter().take(MOST_FILES).map(|error| (error.filename.clone(), error.reason())).collect();
            let count = page.total_entries.unwrap_or_else(|| u64::try_from(page.received).unwrap_or(u64::MAX));
            findings.import_errors = Some((count, first));
        }
        Err(error) => {
            let message = format!("import errors can't be read: {}", error.message);
            findings
                .problems
                .push(Problem::warning(&message, "give its user a role that may, or look in the web interface"));
        }
    }
}

const fn shown(scheme: AuthScheme) -> &'static str {
    match scheme {
        AuthScheme::Token => "`Authorization: Token`",
        AuthScheme::Bearer => "`Authorization: Bearer`",
        AuthScheme::Basic => "`Authorization: Basic`",
        AuthScheme::Exchange | AuthScheme::Auto => "a login at `/auth/token`, then `Authorization: Bearer`",
        AuthScheme::None => "not at all",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(server_time: Option<&str>) -> Page<()> {
        let server_time = server_time.map(|time| time.parse().expect("a time"));
        Page { items: Vec::new(), received: 0, total_entries: None, server_time }
    }

    #[test]
    fn a_clock_is_off_only_by_what_whole_seconds_and_the_way_there_do_not_explain() {
        let asked = ("2026-11-25T12:00:00.500Z", "2026-11-25T12:00:02.700Z");
        let asked = (asked.0.parse().expect("a time"), asked.1.parse().expect("a time"));
        for (server, expected) in [
            (Some("2026-11-25T12:00:00Z"), Some(0)),
            (Some("2026-11-25T11:59:59Z"), Some(-500)),
            (Some("2026-11-25T12:00:02Z"), Some(0)),
            (Some("2026-11-25T12:00:32Z"), Some(29_300)),
            (Some("2026-11-25T11:59:30Z"), Some(-29_500)),
            (None, None),
        ] {
            assert_eq!(ahead(&page(server), asked).map(|ahead| ahead.as_millis()), expected, "{server:?}");
        }
    }

    #[test]
    fn a_clock_that_is_off_by_more_than_some_seconds_is_told() {
        for (seconds, expected) in [(0, None), (5, None), (40, Some("40 s ahead of")), (-40, Some("40 s behind"))] {
            let mut findings = Findings::default();
            tell_skew(Some(SignedDuration::from_secs(seconds)), &mut findings);
            let told: String = findings.to_lines().iter().map(|line| line.text() + "\n").collect();
            assert_eq!(told.contains("warning: "), expected.is_some(), "{seconds}: {told}");
            assert!(expected.is_none_or(|words| told.contains(words)), "{seconds}: {told}");
        }
    }

    #[test]
    fn a_part_that_never_ran_is_no_illness_but_for_the_scheduler() {
        let of = |status: Option<&str>| Component { status: status.map(str::to_owned), latest_heartbeat: None };
        assert!(is_ill("scheduler", &of(None)) && is_ill("triggerer", &of(Some("unhealthy"))));
        assert!(!is_ill("triggerer", &of(None)) && !is_ill("scheduler", &of(Some("healthy"))));
    }
}
