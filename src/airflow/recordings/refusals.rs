//! Every answer that is no success: its kind, what became of a write, and the reason in its own words.
//!
//! In: recordings. Out: tests. The reason is compared whole, because people read it.

use super::hear_as;
use crate::airflow::error::{Delivery, ErrorKind};
use crate::airflow::model::ApiVersion::{self, V1, V2};
use crate::airflow::v1;

/// A refusal: recording, kind, what becomes of a write, what it says.
type Refusal = (&'static str, ErrorKind, Delivery, &'static str);

fn assert_refusals(version: ApiVersion, table: &[Refusal]) {
    for (name, kind, delivery, says) in table {
        let error = hear_as(version, name, version, &v1::dag("d")).expect_err(name);
        assert_eq!((&error.kind, error.delivery()), (kind, *delivery), "{name}: {error}");
        assert_eq!(error.airflow_says.as_deref().unwrap_or_default(), *says, "{name}");
        assert!(error.message.starts_with(&error.status.unwrap_or_default().to_string()), "{name}: {error}");
    }
}

#[test]
fn every_refusal_of_airflow_2_has_its_kind_and_reason() {
    use Delivery::{Refused, Unknown};
    use ErrorKind::{Conflict, Forbidden, NotFound, Rejected, ServerError, Unauthorized};
    let no_url = "The requested URL was not found on the server. If you entered the URL manually please check your \
                  spelling and try again.";
    assert_refusals(
        V1,
        &[
            ("auth_missing", Unauthorized, Refused, "Unauthorized"),
            ("auth_wrong", Unauthorized, Refused, "Unauthorized"),
            ("auth_missing_stock_403", Forbidden, Refused, "Forbidden"),
            ("auth_wrong_post_stock_403", Forbidden, Refused, "Forbidden"),
            ("viewer_trigger_403", Forbidden, Refused, "Forbidden"),
            ("dag_get_404", NotFound, Refused, "The DAG with dag_id: no_such_dag was not found"),
            ("dag_get_slash", NotFound, Refused, no_url),
            ("unknown_path", NotFound, Refused, no_url),
            ("dag_patch_404", NotFound, Refused, "Dag with id: 'nope' not found"),
            ("dag_patch_empty", ServerError, Unknown, "Ooops!"),
            ("run_id_slash", ServerError, Unknown, "Ooops!"),
            ("dags_unknown_param", Rejected, Refused, "Extra query parameter(s) foo not in spec"),
            ("dags_order_bad", Rejected, Refused, {
                "Ordering with 'nope' is disallowed or the attribute does not exist on the model"
            }),
            ("events_order_id", Rejected, Refused, {
                "Ordering with 'id' is disallowed or the attribute does not exist on the model"
            }),
            ("run_id_scheduled", Rejected, Refused, {
                "A manual DAG run cannot use ID 'scheduled__2026-01-01T00:00:00+00:00' since it is reserved for scheduled runs"
            }),
            ("dags_limit_neg", Rejected, Refused, "Page limit must be a positive integer"),
            ("dags_offset_neg", Rejected, Refused, "-1 is less than the minimum of 0"),
            ("dataset_get_404", NotFound, Refused, "The Dataset with uri: `nope` was not found"),
            ("event_post_404", NotFound, Refused, "Dataset with uri: 'nope' not found"),
            ("event_post_unknown", Rejected, Refused, "{'foo': ['Unknown field.']}"),
            ("event_post_nouri", Rejected, Refused, "'dataset_uri' is a required property"),
            ("method_405", Rejected, Refused, "The method is not allowed for the requested URL."),
            ("run_get_404", NotFound, Refused, "DAGRun with DAG ID: 'ok_dag' and DagRun ID: 'nope' not found"),
            ("run_post_404", NotFound, Refused, "DAG with dag_id: 'nope' not found"),
            ("run_post_dup_id", Conflict, Unknown, {
                "DAGRun with DAG ID: 'ok_dag' and DAGRun ID: 'my-id-1' already exists"
            }),
            ("run_post_logical_dup", Conflict, Unknown, {
                "DAGRun with DAG ID: 'ok_dag' and DAGRun logical date: '2026-01-02 03:04:05+00:00' already exists"
            }),
            ("run_post_null_conf", Rejected, Refused, "None is not of type 'object' - 'conf'"),
            ("run_post_note_1001", Rejected, Refused, "{'note': ['Longer than maximum length 1000.']}"),
            ("run_id_len251", Rejected, Refused, "{'dag_run_id': ['Longer than maximum length 250.']}"),
            ("params_bad_type", Rejected, Refused, "Invalid input for param n: '5' is not of type 'integer'"),
            ("params_required_missing", Rejected, Refused, {
                "Invalid input for param must: No value passed and Param has no default value"
            }),
            ("ti_log_404", NotFound, Refused, "TaskInstance not found"),
            ("connection_test", Forbidden, Refused, {
                "Testing connections is disabled in Airflow configuration. Contact your deployment admin to enable it."
            }),
            ("bad_json", Rejected, Refused, "Request body is not valid JSON"),
            ("text_content_type", Rejected, Refused, "Invalid Content-type (text/plain), expected JSON data"),
        ],
    );
}

#[test]
fn every_refusal_of_airflow_3_has_its_kind_and_reason() {
    use Delivery::{Refused, Unknown};
    use ErrorKind::{Conflict, Forbidden, NotFound, Rejected, ServerError, Unauthorized};
    assert_refusals(
        V2,
        &[
            ("auth_missing", Unauthorized, Refused, "Not authenticated"),
            ("auth_wrong", Unauthorized, Refused, "Invalid JWT token"),
            ("auth_wrong_post", Unauthorized, Refused, "Invalid JWT token"),
            ("auth_expired", Unauthorized, Refused, "Token Expired"),
            ("viewer_trigger_403", Forbidden, Refused, "Forbidden"),
            ("token_post_wrong", Unauthorized, Refused, "Invalid credentials"),
            ("dags_order_bad", Rejected, Refused, {
                "Ordering with 'nope' is disallowed or the attribute does not exist on the model"
            }),
            ("events_order_id", Rejected, Refused, {
                "Ordering with 'id' is disallowed or the attribute does not exist on the model"
            }),
            ("token_post_missing", Rejected, Refused, {
                "1 validation error for LoginBody password Field required [type=missing, input_value={'username': 'admin'}, \
                 input_type=dict] For further information visit https://errors.pydantic.dev/2.13/v/missing"
            }),
            ("token_get", Forbidden, Refused, {
                "This method is only allowed if ``[core] simple_auth_manager_all_admins`` is True"
            }),
            ("dag_get_404", NotFound, Refused, "The Dag with ID: `no_such_dag` was not found"),
            ("dag_get_slash", NotFound, Refused, "API route not found"),
            ("run_id_slash_get", NotFound, Refused, "API route not found"),
            ("unknown_path", NotFound, Refused, "API route not found"),
            ("datasets_on_af3", NotFound, Refused, "API route not found"),
            ("dags_limit_neg", Rejected, Refused, "query.limit: Input should be greater than or equal to 0"),
            ("asset_get_404", NotFound, Refused, "The Asset with ID: `99999` was not found"),
            ("event_post_404", NotFound, Refused, "Asset with ID: `99999` was not found"),
            ("event_post_noid", Rejected, Refused, "body.asset_id: Field required"),
            ("event_post_uri", Rejected, Refused, {
                "body.asset_id: Field required; body.asset_uri: Extra inputs are not permitted"
            }),
            ("events_500_queued_run", ServerError, Unknown, "Internal Server Error"),
            ("method_405", Rejected, Refused, "Method Not Allowed"),
            ("run_post_404", NotFound, Refused, "Dag with dag_id: 'nope' not found"),
            ("run_get_404", NotFound, Refused, "The DagRun with dag_id: `ok_dag` and run_id: `nope` was not found"),
            ("run_post_no_logical", Rejected, Refused, "body.logical_date: Field required"),
            ("run_post_dup_id", Conflict, Unknown, "Unique constraint violation"),
            ("run_post_logical_dup", Conflict, Unknown, "Unique constraint violation"),
            ("run_post_naive_date", Rejected, Refused, "body.logical_date: Input should have timezone info"),
            ("run_post_conf_list", Rejected, Refused, "body.conf: Input should be a valid dictionary"),
            ("run_post_unknown_field", Rejected, Refused, "body.foo: Extra inputs are not permitted"),
            ("params_bad_type", Rejected, Refused, "Invalid input for param n: '5' is not of type 'integer'"),
            ("ti_list_404", NotFound, Refused, "DagRun with dag_id: `ok_dag` and run_id: `nope` was not found"),
            ("ti_log_404", NotFound, Refused, "TaskInstance not found"),
            ("ti_log_text", Rejected, Refused, "Only application/json or application/x-ndjson is supported"),
            ("ti_log_upstream_failed", NotFound, Refused, "TaskInstance not found"),
            ("bad_json", Rejected, Refused, "body.1: JSON decode error"),
        ],
    );
}

#[test]
fn the_other_api_is_recognised_and_nothing_was_done() {
    for (recorded, name, spoken, words) in [
        (V2, "api_v1_on_af3", V1, "this is Airflow 3, its API is under `/api/v2`"),
        (V2, "api_v1_post_on_af3", V1, "this is Airflow 3, its API is under `/api/v2`"),
        (V1, "api_v2_on_af2", V2, "this is Airflow 2, its API is under `/api/v1`"),
        (V1, "api_v2_version_on_af2", V2, "this is Airflow 2, its API is under `/api/v1`"),
    ] {
        let error = hear_as(recorded, name, spoken, &v1::dag("d")).expect_err(name);
        assert_eq!((&error.kind, error.delivery()), (&ErrorKind::WrongApi, Delivery::Refused), "{name}");
        assert!(error.message.ends_with(words), "{error}");
    }
}

#[test]
fn a_redirect_names_where_to() {
    for name in ["double_slash_dags", "double_slash_post"] {
        let error = hear_as(V1, name, V1, &v1::dag("d")).expect_err(name);
        assert!(matches!(&error.kind, ErrorKind::Redirect { to: Some(to) } if to.starts_with("http://127.0.0.1")));
        assert_eq!(error.delivery(), Delivery::Refused);
        assert!(error.message.contains("it points to http://127.0.0.1"), "{error}");
    }
}
