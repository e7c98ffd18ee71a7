//! What goes wrong, and when.
//!
//! In: the faults of a scenario and one request after the other. Out: the fault that hits this request, if any. Doing the
//! damage is the server's work.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::lasting::Lasting;
use crate::airflow::model::ApiVersion;

/// One fault and the requests that it hits.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a fault"))]
pub struct FaultScript {
    /// Which requests.
    #[serde(default)]
    pub on: When,
    /// What happens to them.
    pub fault: FaultKind,
    /// The status of `status` (default 503) and `html` (default 502).
    pub status: Option<u16>,
    /// How long `delay` takes (default 30s).
    pub delay: Option<Lasting>,
    /// What `rate_limit` (default 1s) and `status` put into `Retry-After`; whole seconds.
    pub retry_after: Option<Lasting>,
    /// `lost_answer`: the request is carried out only this much later.
    pub late: Option<Lasting>,
    /// `status`, `html`: the request is carried out all the same.
    #[serde(default)]
    pub carried_out: bool,
}

/// Which requests a fault hits.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct When {
    /// Only this method.
    pub method: Option<String>,
    /// Only paths that hold this text, or that match it as a whole where it has a `*`.
    pub path: Option<String>,
    /// Only this API.
    #[schemars(with = "Option<Api>")]
    pub api: Option<ApiVersion>,
    /// The first so many of them (default 1).
    pub times: Option<u32>,
    /// Just these of them, counted from 1.
    pub nth: Vec<u32>,
    /// All of them.
    pub always: bool,
}

/// The two APIs, for the schema.
#[derive(JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "it is only the shape of a schema")]
enum Api {
    V1,
    V2,
}

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// It is carried out, then the connection is closed without an answer.
    LostAnswer,
    /// It is answered with an error status.
    Status,
    /// It waits before it is carried out, also when its client has gone meanwhile.
    Delay,
    /// The connection is reset; it is not carried out.
    Reset,
    /// It is carried out, and the answer ends in the middle.
    Truncated,
    /// It is answered by an HTML page, as from a gateway.
    Html,
    /// It is carried out, and the answer says JSON but isn't.
    NotJson,
    /// It is answered with 429 and `Retry-After`.
    RateLimit,
}

/// The faults with what they have seen so far.
#[derive(Debug)]
pub(crate) struct Faults {
    scripts: Vec<(FaultScript, u32)>,
    done: BTreeMap<(String, FaultKind), u64>,
}

impl Faults {
    /// Faults that have seen nothing yet.
    pub(crate) fn new(scripts: &[FaultScript]) -> Self {
        let scripts = scripts.iter().map(|script| (script.clone(), 0)).collect();
        Self { scripts, done: BTreeMap::new() }
    }

    /// How often each kind of fault has hit a request, by the request's method.
    pub(crate) fn done(&self) -> &BTreeMap<(String, FaultKind), u64> {
        &self.done
    }

    /// The fault that hits this request. One that an earlier fault takes is not counted by the later ones.
    pub(crate) fn hit(&mut self, method: &str, path: &str) -> Option<FaultScript> {
        for (script, seen) in &mut self.scripts {
            if !script.on.is_meant(method, path) {
                continue;
            }
            *seen += 1;
            if script.on.is_due(*seen) {
                *self.done.entry((method.to_owned(), script.fault)).or_default() += 1;
                return Some(script.clone());
            }
        }
        None
    }
}

impl When {
    fn is_meant(&self, method: &str, path: &str) -> bool {
        let api = self.api.is_none_or(|api| path.starts_with(&format!("/api/{}/", api.as_str())));
        let method = self.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method));
        api && method && self.path.as_deref().is_none_or(|pattern| matches_path(pattern, path))
    }

    fn is_due(&self, seen: u32) -> bool {
        if self.always {
            return true;
        }
        if self.nth.is_empty() { seen <= self.times.unwrap_or(1) } else { self.nth.contains(&seen) }
    }
}

fn matches_path(pattern: &str, path: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return path.contains(pattern);
    };
    let Some(mut path) = path.strip_prefix(first) else {
        return false;
    };
    let mut pieces: Vec<&str> = rest.split('*').collect();
    let last = pieces.pop().unwrap_or_default();
    for piece in pieces {
        match path.split_once(piece) {
            Some((_, after)) => path = after,
            None => return false,
        }
    }
    path.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(yaml: &str) -> Faults {
        Faults::new(&serde_yaml::from_str::<Vec<FaultScript>>(yaml).expect("good faults"))
    }

    #[test]
    fn faults_count_the_requests_that_reach_them() {
        let mut faults = faults("[{on: {method: POST}, fault: reset}, {on: {path: dagRuns, nth: [2]}, fault: html}]");
        let mut hits = vec![];
        for (method, path) in [("GET", "/a"), ("POST", "/dagRuns"), ("POST", "/dagRuns"), ("POST", "/dagRuns")] {
            hits.push(faults.hit(method, path).map(|fault| fault.fault));
        }
        assert_eq!(hits, [None, Some(FaultKind::Reset), None, Some(FaultKind::Html)]);
    }

    #[test]
    fn a_path_is_a_piece_of_text_or_a_glob_over_all_of_it() {
        let path = "/api/v1/dags/a/dagRuns";
        for good in ["dags/a", "*/dagRuns", "/api/*/dags/*/dagRuns", "/api/v1/*"] {
            assert!(matches_path(good, path), "{good}");
        }
        for bad in ["*/dags", "/api/v2/*", "dags/*", "/api/*/runs/*"] {
            assert!(!matches_path(bad, path), "{bad}");
        }
    }

    #[test]
    fn a_fault_may_mean_one_api_only() {
        let mut faults = faults("[{on: {api: v2, always: true}, fault: rate_limit}]");
        assert!(faults.hit("GET", "/api/v1/dags").is_none());
        assert!(faults.hit("GET", "/api/v2/dags").is_some());
    }
}
