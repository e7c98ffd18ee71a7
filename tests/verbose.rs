//! `-v`: the requests of a run, a check and `doctor`, in order with all else, and never a credential.

use crate::run::{BOTH, Run};

const PLAYBOOK: &str = "name: t
steps:
  - { id: list, list_dags: {} }
  - { id: load, trigger_dag: { dag_id: daily_loan_run, conf: { month: october }, wait: true } }
";

fn verbose(level: &str) -> Run {
    Run::playbook(PLAYBOOK).args(&["--sandbox", level])
}

#[test]
fn each_request_is_told_in_order_before_the_line_of_its_step() {
    for version in BOTH {
        let ended = verbose("-v").api(version).end();
        assert_eq!(ended.code, 0, "{ended:#?}");
        let at = |text: &str| ended.stderr.find(text).unwrap_or_else(|| panic!("no `{text}`: {ended:#?}"));
        let (list, listed) = (at(&format!("    GET /api/{version}/dags?")), at("1/2 passed"));
        let (post, loaded) =
            (at(&format!("    POST /api/{version}/dags/daily_loan_run/dagRuns: 200")), at("2/2 passed"));
        assert!(list < listed && listed < post && post < loaded, "{}", ended.stderr);
        assert!(!ended.stderr.contains("october") && !ended.stderr.contains("authorization"), "{}", ended.stderr);
    }
}

#[test]
fn bodies_headers_and_connections_are_told_when_asked_for_and_credentials_never() {
    for version in BOTH {
        let two = verbose("-vv").api(version).end().stderr;
        assert!(two.contains("> {") && two.contains("october") && two.contains("< content-type: "), "{two}");
        assert!(two.contains("authorization: not shown") && !two.contains("connection to"), "{two}");
        assert!(!two.contains("access_token") && !two.contains("Bearer ") && !two.contains("Token "), "{two}");
        let three = verbose("-vvv").api(version).end().stderr;
        assert!(three.contains("* a new connection to 127.0.0.1:PORT from port "), "{three}");
    }
    let reused = verbose("-vvv").api("v2").end().stderr;
    assert!(reused.contains("* the same connection to 127.0.0.1:PORT"), "{reused}");
}

#[test]
fn without_the_flag_nothing_of_it_is_told() {
    let ended = Run::playbook(PLAYBOOK).args(&["--sandbox"]).end();
    assert!(!ended.stderr.contains("GET "), "{ended:#?}");
    let by_variable = Run::playbook(PLAYBOOK).args(&["--sandbox"]).var("MYAF_RUN_VERBOSE", "1").end();
    assert!(by_variable.stderr.contains("    GET /api/v2/dags?"), "{by_variable:#?}");
}

#[test]
fn a_failed_try_is_told_and_the_next_one_by_its_number() {
    let run = Run::playbook("name: t\nsteps: [{list_dags: {}}]").args(&["-v"]).scenario(
        "
        dags: [{dag_id: a}]
        faults:
          - { on: { method: GET, path: /dags, times: 1 }, fault: status, status: 503 }
          - { on: { method: GET, path: /dags, times: 1 }, fault: reset }
        ",
    );
    let stderr = run.end().stderr;
    let [first, second, third] = [": 503 ", ": no answer in ", ": 200 OK"].map(|text| stderr.find(text));
    assert!(first.is_some() && first < second && second < third, "{stderr}");
    assert!(stderr.contains("(try 2)") && stderr.contains("(try 3)"), "{stderr}");
}

#[test]
fn a_step_with_no_log_and_the_value_of_a_variable_stay_hidden() {
    let playbook = "name: t
steps:
  - { id: load, no_log: true, trigger_dag: { dag_id: daily_loan_run, conf: { month: october } } }
  - { get_variable: { key: warehouse_schema } }
";
    let stderr = Run::playbook(playbook).args(&["--sandbox", "-vvv"]).end().stderr;
    assert!(!stderr.contains("october") && !stderr.contains("/daily_loan_run/"), "{stderr}");
    assert!(stderr.contains("POST (not shown, since the step has `no_log`): 200 OK"), "{stderr}");
    assert!(stderr.contains("bytes, not shown: they may hold a secret") && !stderr.contains("raw"), "{stderr}");
}

#[test]
fn checks_online_and_doctor_tell_their_requests_too() {
    for words in [&["check", "--online", "--sandbox", "-v"][..], &["-v", "--sandbox", "-C"]] {
        let ended = Run::playbook(PLAYBOOK).args(words).end();
        assert!(ended.code == 0 && ended.stderr.contains("    GET /api/v2/dags"), "{words:?}: {ended:#?}");
    }
    let ended = Run::new().args(&["doctor", "--sandbox", "-v"]).end();
    assert!(ended.stderr.contains("    GET /api/v2/"), "{ended:#?}");
}
