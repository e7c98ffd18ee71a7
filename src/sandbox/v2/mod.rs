//! Airflow 3's API, as 3.3 answers it, with `/auth/token` beside it.
//!
//! In: a request and the world. Out: the answer, with the statuses, bodies and order of checks of the real one: path,
//! method, the syntax of the body, then who asks, then the rest.

mod assets;
mod changes;
mod check;
mod dags;
mod detail;
mod logs;
mod runs;
mod show;
mod stock;
mod token;

use jiff::Timestamp;
use serde_json::Value;

pub(super) use show::state_line;

use super::auth::{Gate, Token};
use super::message::{Answer, Call, Request};
use super::route::{Endpoint, pieces, shared};
use super::world::World;

const ROOT: &str = "/api/v2";

/// Answers one request.
pub(super) fn answer(world: &mut World, gate: &mut Gate, request: &Request, now: Timestamp) -> Answer {
    let answer = match request.path.as_str() {
        "/auth/token" | "/auth/token/cli" => token::exchange(gate, request, now),
        _ => respond(world, gate, request, now),
    };
    answer.unwrap_or_else(|refusal| refusal).with_header("server", "uvicorn")
}

fn respond(world: &mut World, gate: &Gate, request: &Request, now: Timestamp) -> Result<Answer, Answer> {
    let Some(endpoint) = route(&request.path) else {
        let is_read = request.method == "GET";
        return Err(if is_read { detail::no_route() } else { detail::wrong_method() });
    };
    if !endpoint.allows(&request.method) {
        return Err(detail::wrong_method());
    }
    let body = if matches!(request.method.as_str(), "GET" | "DELETE") { Value::Null } else { check::syntax(request)? };
    if !endpoint.is_open() {
        admit(gate, request, now)?;
    }
    let call = Call { request, query: request.query_pairs(), body, now };
    act(world, &endpoint, &call)
}

fn route(path: &str) -> Option<Endpoint> {
    let pieces = pieces(path, ROOT)?;
    match pieces.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["monitor", "health"] => Some(Endpoint::Health),
        ["assets"] => Some(Endpoint::Datasets),
        ["assets", "events"] => Some(Endpoint::Events),
        ["dags", dag, "dagRuns", run, "wait"] if !dag.is_empty() && !run.is_empty() => {
            Some(Endpoint::Wait((*dag).to_owned(), (*run).to_owned()))
        }
        ["dags", dag, "dagRuns", run, "upstreamAssetEvents"] => {
            Some(Endpoint::UpstreamEvents((*dag).to_owned(), (*run).to_owned()))
        }
        ["assets", id] if !id.is_empty() && !id.contains('/') => Some(Endpoint::Dataset((*id).to_owned())),
        other => shared(other),
    }
}

fn admit(gate: &Gate, request: &Request, now: Timestamp) -> Result<(), Answer> {
    let given = request.authorization.as_deref().unwrap_or_default();
    match given.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => match gate.judge(token.trim(), now) {
            Token::Good => {}
            Token::Expired => return Err(detail::refuse(401, "Token Expired")),
            Token::Unknown => return Err(detail::refuse(403, "Invalid JWT token")),
        },
        Some((scheme, key)) if scheme.eq_ignore_ascii_case("token") && gate.knows_key(key.trim()) => {}
        _ => return Err(detail::refuse(401, "Not authenticated")),
    }
    if request.method != "GET" && !gate.may_write() {
        return Err(detail::refuse(403, "Forbidden"));
    }
    Ok(())
}

fn act(world: &mut World, endpoint: &Endpoint, call: &Call<'_>) -> Result<Answer, Answer> {
    let is_read = call.request.method == "GET";
    match endpoint {
        Endpoint::Version => Ok(Answer::json(200, &show::version())),
        Endpoint::Health => Ok(stock::health(world, call)),
        Endpoint::Dags => dags::list(world, call),
        Endpoint::Dag(dag) if is_read => dags::get(world, dag),
        Endpoint::Dag(dag) => dags::patch(world, dag, call),
        Endpoint::Details(dag) => dags::details(world, dag, call),
        Endpoint::Runs(dag) if is_read => runs::list(world, dag, call),
        Endpoint::Runs(dag) => runs::post(world, dag, call),
        Endpoint::Run(dag, run) if call.request.method == "PATCH" => changes::patch(world, dag, run, call),
        Endpoint::Run(dag, run) if call.request.method == "DELETE" => changes::delete(world, dag, run),
        Endpoint::Note(..) => Err(detail::wrong_method()),
        Endpoint::Clear(dag, run) => changes::clear(world, dag, run, call),
        Endpoint::ClearTasks(dag) => changes::clear_tasks(world, dag, call),
        Endpoint::Run(dag, run) => runs::get(world, dag, run, call),
        Endpoint::Tasks(dag, run) => runs::tasks(world, dag, run, call),
        Endpoint::Task(dag, run, task) => runs::task(world, (dag, run, task), call),
        Endpoint::Log(dag, run, task, number) => logs::get(world, (dag, run, task), number, call),
        Endpoint::MappedTask(dag, run, task, index) => Err(runs::no_mapped_task((dag, run, task), index)),
        Endpoint::XCom(dag, run, task, key) => stock::xcom(world, (dag, run, task), key, call),
        Endpoint::Variables => stock::variables(world, call),
        Endpoint::Variable(key) => stock::variable(world, key),
        Endpoint::Connections => stock::connections(world, call),
        Endpoint::Connection(id) => stock::connection(world, id),
        Endpoint::Pools => stock::pools(world, call),
        Endpoint::Pool(name) => stock::pool(world, name, call),
        Endpoint::EventLogs => Ok(Answer::json(200, &logs::audit(world, check::window(call)?, call))),
        Endpoint::ImportErrors => Ok(Answer::json(200, &show::import_errors(world, check::window(call)?, call.now))),
        Endpoint::Datasets => assets::list(world, call),
        Endpoint::Dataset(id) => assets::get(world, id),
        Endpoint::Wait(dag, run) => runs::wait(world, dag, run, call),
        Endpoint::UpstreamEvents(dag, run) => assets::upstream(world, (dag, run), call),
        Endpoint::Events if is_read => assets::events(world, call),
        Endpoint::Events => assets::post_event(world, call),
    }
}
