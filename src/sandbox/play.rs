//! One request after the other: which fault hits it, when it is carried out, what goes back.
//!
//! In: requests. Out: a delivery, and perhaps a wait before it. No task runs in the background: what is due later is
//! carried out when the next request comes, at the moment it was due.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::auth::Gate;
use super::fault::{FaultKind, FaultScript, Faults};
use super::message::{Answer, Lines, Request};
use super::scenario::Scenario;
use super::world::World;
use super::{v1, v2};

/// The state of a sandbox.
#[derive(Debug)]
pub(crate) struct Play {
    world: World,
    gate: Gate,
    faults: Faults,
    waiting: Vec<Waiting>,
    answered: Vec<(u64, Answer)>,
    tickets: u64,
}

#[derive(Debug)]
struct Waiting {
    ticket: u64,
    due: Timestamp,
    request: Request,
    is_awaited: bool,
}

/// What the server does for a request.
#[derive(Debug)]
pub(crate) enum Delivery {
    /// It sends the answer.
    Answer(Answer),
    /// It sends half the answer and closes the connection.
    Half(Answer),
    /// It closes the connection.
    Close,
    /// It resets the connection.
    Reset,
    /// It waits, then asks for the answer to this ticket.
    Wait(Duration, u64),
}

impl Play {
    /// The beginning.
    pub(crate) fn new(scenario: &Scenario, now: Timestamp) -> std::io::Result<Self> {
        Ok(Self {
            world: World::new(scenario, now),
            gate: Gate::new(&scenario.auth)?,
            faults: Faults::new(&scenario.faults),
            waiting: Vec::new(),
            answered: Vec::new(),
            tickets: 0,
        })
    }

    /// The API key.
    pub(crate) fn key(&self) -> &str {
        self.gate.key()
    }

    /// The faults so far.
    pub(crate) fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Takes a request.
    pub(crate) fn take(&mut self, request: Request, now: Timestamp) -> Delivery {
        self.catch_up(now);
        let Some(fault) = self.faults.hit(&request.method, &request.path) else {
            return Delivery::Answer(self.carry_out(&request, now));
        };
        match fault.fault {
            FaultKind::LostAnswer => {
                let late = fault.late.unwrap_or_default().0;
                self.postpone(request, now, late, false);
                self.catch_up(now);
                Delivery::Close
            }
            FaultKind::Delay => {
                let delay = fault.delay.map_or(Duration::from_secs(30), |delay| delay.0);
                Delivery::Wait(delay, self.postpone(request, now, delay, true))
            }
            FaultKind::Reset => Delivery::Reset,
            FaultKind::Truncated => Delivery::Half(self.carry_out(&request, now)),
            FaultKind::NotJson => {
                let answer = self.carry_out(&request, now);
                Delivery::Answer(Answer { body: b"{\"dags\": [oops".to_vec(), ..answer })
            }
            FaultKind::Status | FaultKind::Html | FaultKind::RateLimit => {
                if fault.carried_out {
                    self.carry_out(&request, now);
                }
                Delivery::Answer(error_answer(&fault, &request))
            }
        }
    }

    /// The next line about a run, and whether it is the last: the run has ended, or is gone.
    pub(crate) fn line(&mut self, lines: &Lines, now: Timestamp) -> Option<(String, bool)> {
        self.catch_up(now);
        let progress = self.world.run(&lines.dag_id, &lines.run_id)?.progress(now);
        Some((v2::state_line(progress), progress.state.is_final()))
    }

    /// The answer to a request that had to wait.
    pub(crate) fn collect(&mut self, ticket: u64, now: Timestamp) -> Delivery {
        self.catch_up(now);
        match self.answered.iter().position(|(answered, _)| *answered == ticket) {
            Some(at) => Delivery::Answer(self.answered.swap_remove(at).1),
            None => Delivery::Close,
        }
    }

    fn postpone(&mut self, request: Request, now: Timestamp, by: Duration, is_awaited: bool) -> u64 {
        self.tickets += 1;
        let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
        let due = now.saturating_add(by).unwrap_or(Timestamp::MAX);
        self.waiting.push(Waiting { ticket: self.tickets, due, request, is_awaited });
        self.tickets
    }

    /// Carries out what was due until now, each at its own moment.
    fn catch_up(&mut self, now: Timestamp) {
        self.waiting.sort_by_key(|waiting| waiting.due);
        let due = self.waiting.partition_point(|waiting| waiting.due <= now);
        for waiting in self.waiting.drain(..due).collect::<Vec<_>>() {
            let answer = self.carry_out(&waiting.request, waiting.due);
            if waiting.is_awaited {
                self.answered.push((waiting.ticket, answer));
            }
        }
    }

    fn carry_out(&mut self, request: &Request, now: Timestamp) -> Answer {
        if is_v1(request) {
            v1::answer(&mut self.world, &self.gate, request, now)
        } else {
            v2::answer(&mut self.world, &mut self.gate, request, now)
        }
    }
}

fn is_v1(request: &Request) -> bool {
    request.path == "/api/v1" || request.path.starts_with("/api/v1/") || request.path.starts_with("/api//v1/")
}

fn error_answer(fault: &FaultScript, request: &Request) -> Answer {
    let seconds = fault.retry_after.map(|after| after.0.as_secs());
    let (status, seconds) = match fault.fault {
        FaultKind::RateLimit => (429, Some(seconds.unwrap_or(1))),
        FaultKind::Html => (fault.status.unwrap_or(502), seconds),
        _ => (fault.status.unwrap_or(503), seconds),
    };
    let answer = if fault.fault == FaultKind::Html {
        let page =
            format!("<html>\r\n<head><title>{status}</title></head>\r\n<body><center>nginx</center></body></html>");
        Answer::new(status, "text/html", page)
    } else if is_v1(request) {
        let body =
            serde_json::json!({"detail": null, "status": status, "title": "Sandbox fault", "type": "about:blank"});
        Answer::new(status, "application/problem+json", body.to_string()).with_header("Connection", "close")
    } else {
        Answer::json(status, &serde_json::json!({"detail": "Sandbox fault"}))
    };
    match seconds {
        Some(seconds) => answer.with_header("Retry-After", seconds.to_string()),
        None => answer,
    }
}
