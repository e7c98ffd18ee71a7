//! What Airflow 2 checks of a query before it looks who asks.
//!
//! In: the endpoint and the query. Out: the query, or a 400: an unknown parameter, a wrong type.

use super::super::message::{Answer, Call, last};
use super::super::route::Endpoint;
use super::problem;

/// The default and the longest page.
const PAGE: usize = 100;

/// Checks names and types.
pub(super) fn check(
    endpoint: &Endpoint,
    method: &str,
    query: Vec<(String, String)>,
) -> Result<Vec<(String, String)>, Answer> {
    let known = known(endpoint, method);
    if let Some((name, _)) = query.iter().find(|(name, _)| !known.contains(&name.as_str())) {
        return Err(problem::extra_query(name));
    }
    for (name, value) in &query {
        let wanted = match name.as_str() {
            "limit" | "offset" | "dataset_id" | "map_index" => value.parse::<i64>().err().map(|_| "integer"),
            "paused" | "only_active" | "full_content" | "stringify" | "deserialize" => {
                value.parse::<bool>().err().map(|_| "boolean")
            }
            _ => None,
        };
        if let Some(wanted) = wanted {
            let detail = format!("Wrong type, expected '{wanted}' for query parameter '{name}'");
            return Err(problem::bad_request(&detail));
        }
    }
    if let Some(offset) = last(&query, "offset").filter(|offset| offset.starts_with('-')) {
        let detail = format!(
            "{offset} is less than the minimum of 0\n\nFailed validating 'minimum' in schema:\n    {{'type': 'integer', \
             'minimum': 0}}\n\nOn instance:\n    {offset}"
        );
        return Err(problem::bad_request(&detail));
    }
    Ok(query)
}

fn known(endpoint: &Endpoint, method: &str) -> &'static [&'static str] {
    match endpoint {
        Endpoint::Dags => &["limit", "offset", "tags", "only_active", "paused", "dag_id_pattern", "order_by", "fields"],
        Endpoint::Dag(_) if method == "PATCH" => &["update_mask"],
        Endpoint::Dag(_) | Endpoint::Details(_) | Endpoint::Run(..) => &["fields"],
        Endpoint::Runs(_) if method == "POST" => &[],
        Endpoint::Runs(_) => &[
            "limit",
            "offset",
            "order_by",
            "state",
            "fields",
            "execution_date_gte",
            "execution_date_lte",
            "start_date_gte",
            "start_date_lte",
            "end_date_gte",
            "end_date_lte",
            "updated_at_gte",
            "updated_at_lte",
        ],
        Endpoint::Tasks(..) => &["limit", "offset", "state", "order_by", "pool", "queue", "executor"],
        Endpoint::Log(..) => &["full_content", "map_index", "token"],
        Endpoint::ImportErrors | Endpoint::Variables | Endpoint::Connections | Endpoint::Pools => {
            &["limit", "offset", "order_by"]
        }
        Endpoint::EventLogs => &[
            "limit",
            "offset",
            "order_by",
            "dag_id",
            "task_id",
            "run_id",
            "map_index",
            "try_number",
            "event",
            "owner",
            "before",
            "after",
            "included_events",
            "excluded_events",
        ],
        Endpoint::XCom(..) => &["map_index", "deserialize", "stringify"],
        Endpoint::Datasets => &["limit", "offset", "order_by", "uri_pattern", "dag_ids"],
        Endpoint::Events if method == "GET" => &[
            "limit",
            "offset",
            "order_by",
            "dataset_id",
            "source_dag_id",
            "source_task_id",
            "source_run_id",
            "source_map_index",
        ],
        Endpoint::Events
        | Endpoint::Version
        | Endpoint::Health
        | Endpoint::Task(..)
        | Endpoint::MappedTask(..)
        | Endpoint::Variable(_)
        | Endpoint::Connection(_)
        | Endpoint::Pool(_)
        | Endpoint::Clear(..)
        | Endpoint::ClearTasks(_)
        | Endpoint::Note(..)
        | Endpoint::Wait(..)
        | Endpoint::UpstreamEvents(..)
        | Endpoint::Dataset(_) => &[],
    }
}

/// Offset and limit: 0 is the default, over 100 is 100.
pub(super) fn window(call: &Call<'_>) -> Result<(usize, usize), Answer> {
    let number = |name| last(&call.query, name).and_then(|value| value.parse::<i64>().ok()).unwrap_or(0);
    let limit = usize::try_from(number("limit"))
        .map_err(|_| problem::bad_request_titled("Page limit must be a positive integer", None))?;
    let limit = if limit == 0 { PAGE } else { limit.min(PAGE) };
    Ok((usize::try_from(number("offset")).unwrap_or(0), limit))
}

/// The answer to an `order_by` that isn't allowed.
pub(super) fn bad_order(word: &str) -> Answer {
    problem::bad_request(&format!("Ordering with '{word}' is disallowed or the attribute does not exist on the model"))
}
