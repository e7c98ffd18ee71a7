//! Airflow 2's API, as 2.11 answers it.
//!
//! In: a request and the world. Out: the answer, with the statuses, bodies and order of checks of the real one: what the
//! path and the method say, then the query and the body, then who asks, then the rest.

mod body;
mod changes;
mod dags;
mod datasets;
mod logs;
mod problem;
mod query;
mod runs;
mod show;
mod stock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::auth::Gate;
use super::message::{Answer, Call, Request};
use super::route::{Endpoint, pieces, shared};
use super::world::World;

const ROOT: &str = "/api/v1";

/// Answers one request.
pub(super) fn answer(world: &mut World, gate: &Gate, request: &Request, now: Timestamp) -> Answer {
    respond(world, gate, request, now)
        .unwrap_or_else(|refusal| refusal)
        .with_header("Server", "gunicorn")
        .with_header("Connection", "close")
        .with_header("Cache-Control", "no-store")
        .with_header("X-Robots-Tag", "noindex, nofollow")
}

fn respond(world: &mut World, gate: &Gate, request: &Request, now: Timestamp) -> Result<Answer, Answer> {
    if request.path.contains("//") {
        return Err(redirect(request));
    }
    let endpoint = route(&request.path).ok_or_else(problem::no_such_url)?;
    if !endpoint.allows(&request.method) {
        return Err(problem::wrong_method());
    }
    let call = Call {
        request,
        query: query::check(&endpoint, &request.method, request.query_pairs())?,
        body: body::check(&endpoint, request)?,
        now,
    };
    if !endpoint.is_open() {
        admit(gate, request, now)?;
    }
    act(world, &endpoint, &call)
}

fn route(path: &str) -> Option<Endpoint> {
    let pieces = pieces(path, ROOT)?;
    match pieces.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["health"] => Some(Endpoint::Health),
        ["datasets"] => Some(Endpoint::Datasets),
        ["datasets", "events"] => Some(Endpoint::Events),
        ["datasets", uri] if !uri.is_empty() => Some(Endpoint::Dataset((*uri).to_owned())),
        ["dags", dag, "dagRuns", run, "upstreamDatasetEvents"] => {
            Some(Endpoint::UpstreamEvents((*dag).to_owned(), (*run).to_owned()))
        }
        ["dags", dag, "dagRuns", run, "setNote"] => Some(Endpoint::Note((*dag).to_owned(), (*run).to_owned())),
        other => shared(other),
    }
}

/// Flask merges slashes by sending the client to the merged path.
fn redirect(request: &Request) -> Answer {
    let mut path = request.path.clone();
    while path.contains("//") {
        path = path.replace("//", "/");
    }
    let query = if request.query.is_empty() { String::new() } else { format!("?{}", request.query) };
    let target = format!("http://{}{path}{query}", request.host);
    let page = format!(
        "<!doctype html>\n<html lang=en>\n<title>Redirecting...</title>\n<h1>Redirecting...</h1>\n<p>You should be \
         redirected automatically to the target URL: <a href=\"{target}\">{target}</a>. If not, click the link.\n"
    );
    Answer::new(308, "text/html; charset=utf-8", page).with_header("Location", target)
}

fn admit(gate: &Gate, request: &Request, _now: Timestamp) -> Result<(), Answer> {
    let given = request.authorization.as_deref().unwrap_or_default();
    let is_known = match given.split_once(' ') {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case("token") => gate.knows_key(key.trim()),
        Some((scheme, pair)) if scheme.eq_ignore_ascii_case("basic") => is_known_pair(gate, pair.trim()),
        None if !given.is_empty() => return Err(problem::forbidden()),
        _ => false,
    };
    if !is_known {
        return Err(problem::unauthorized());
    }
    // A viewer of Airflow 2 may not read the audit log either.
    let may_only_read = !gate.may_write();
    if may_only_read && (request.method != "GET" || request.path.ends_with("/eventLogs")) {
        return Err(problem::forbidden());
    }
    Ok(())
}

fn is_known_pair(gate: &Gate, pair: &str) -> bool {
    let text = STANDARD.decode(pair).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    text.split_once(':').is_some_and(|(username, password)| gate.knows_user(username, password))
}

fn act(world: &mut World, endpoint: &Endpoint, call: &Call<'_>) -> Result<Answer, Answer> {
    let is_read = call.request.method == "GET";
    match endpoint {
        Endpoint::Version => Ok(Answer::json(200, &show::version())),
        Endpoint::Health => Ok(stock::health(world, call)),
        Endpoint::Dags => dags::list(world, call),
        Endpoint::Dag(dag) if is_read => dags::get(world, dag, call),
        Endpoint::Dag(dag) => dags::patch(world, dag, call),
        Endpoint::Details(dag) => dags::details(world, dag, call),
        Endpoint::Runs(dag) if is_read => runs::list(world, dag, call),
        Endpoint::Runs(dag) => runs::post(world, dag, call),
        Endpoint::Run(dag, run) if call.request.method == "PATCH" => changes::set_state(world, dag, run, call),
        Endpoint::Run(dag, run) if call.request.method == "DELETE" => changes::delete(world, dag, run),
        Endpoint::Note(dag, run) => changes::set_note(world, dag, run, call),
        Endpoint::Clear(dag, run) => changes::clear(world, dag, run, call),
        Endpoint::ClearTasks(dag) => changes::clear_tasks(world, dag, call),
        Endpoint::Run(dag, run) => runs::get(world, dag, run, call),
        Endpoint::Tasks(dag, run) => runs::tasks(world, dag, run, call),
        Endpoint::Task(dag, run, task) => runs::task(world, (dag, run, task), call),
        Endpoint::Log(dag, run, task, number) => logs::get(world, (dag, run, task), number, call),
        Endpoint::MappedTask(..) => Err(problem::not_found("Task instance not found", None)),
        Endpoint::XCom(dag, run, task, key) => stock::xcom(world, (dag, run, task), key, call),
        Endpoint::Variables => stock::variables(world, call),
        Endpoint::Variable(key) => stock::variable(world, key),
        Endpoint::Connections => stock::connections(world, call),
        Endpoint::Connection(id) => stock::connection(world, id),
        Endpoint::Pools => stock::pools(world, call),
        Endpoint::Pool(name) => stock::pool(world, name, call),
        Endpoint::EventLogs => Ok(Answer::json(200, &logs::audit(world, query::window(call)?, call))),
        Endpoint::ImportErrors => Ok(Answer::json(200, &show::import_errors(world, query::window(call)?, call.now))),
        Endpoint::Datasets => datasets::list(world, call),
        Endpoint::Dataset(uri) => datasets::get(world, uri),
        Endpoint::Wait(..) => Err(problem::oops()),
        Endpoint::UpstreamEvents(dag, run) => datasets::upstream(world, (dag, run), call),
        Endpoint::Events if is_read => datasets::events(world, call),
        Endpoint::Events => datasets::post_event(world, call),
    }
}
