//! In which order the recordings are replayed, for many of them stand on what came before.

use self::Do::{Pass, Replay, Trigger};

/// What a replay does.
pub(crate) enum Do {
    /// It sends recorded requests again, named by their files.
    Replay(&'static str),
    /// It makes a run (DAG, run id) that the recordings presuppose.
    Trigger(&'static str, &'static str),
    /// It lets seconds pass.
    Pass(u64),
}

/// Airflow 2.
pub(crate) const V1: &[Do] = &[
    Replay(
        "version health auth_missing auth_wrong auth_wrong_404 auth_bearer auth_lower auth_noscheme \
         auth_wrong_post auth_wrong_badbody order_405_noauth order_badjson_noauth order_badquery_noauth \
         order_badtype_noauth bad_json body_array empty_body no_content_type text_content_type method_405 \
         method_405_health root_path unknown_path unknown_path_html trailing_slash_dags double_slash_dag \
         double_slash_dags double_slash_datasets double_slash_event double_slash_post double_slash_root \
         dags_default dags_limit_0 dags_limit_100 dags_limit_1000 dags_limit_50_offset_250 dags_limit_abc \
         dags_limit_neg dags_offset_9999 dags_offset_neg dags_only_active_false dags_order_bad dags_order_desc \
         dags_order_next dags_pattern dags_pattern_case dags_pattern_pct dags_paused_false dags_paused_true \
         dags_tag_none dags_tags dags_tags_two dags_tags_two_multi dags_unknown_param dags_fields \
         dags_fields_comma dags_fields_bad dag_get dag_get_404 dag_get_details dag_get_fields dag_get_odd \
         dag_get_slash dag_get_space dag_get_tilde dag_get_trailing_slash dag_get_utf8 accept_html accept_xml \
         dag_patch_404 dag_patch_bad_field dag_patch_empty dag_patch_string dag_patch_unknown_field \
         dag_patch_pause dag_patch_pause_mask dag_patch_unpause import_errors run_post_404 run_post_bad_date \
         run_post_naive_date run_post_both_dates run_post_conf_list run_post_conf_str run_post_null_conf \
         run_post_null_id run_post_null_logical run_post_unknown_field run_post_readonly_dagid \
         run_post_readonly_state run_post_interval_half run_post_note_1001 run_post_min run_post_note_conf \
         run_post_note_1000 run_post_note_empty run_post_empty_id",
    ),
    Pass(1),
    Replay("run_post_id"),
    Pass(1),
    Replay(
        "run_post_dup_id run_post_dup_id_conf run_post_interval run_post_logical run_post_logical_dup \
         run_post_logical_dup_other_id run_post_offset_date run_post_execution_date run_post_future \
         run_post_paused run_on_paused_state run_future_state run_post_note_after run_id_at run_id_at_get \
         run_id_space run_id_space_get run_id_slash run_id_slash_get run_id_utf8 run_id_newline run_id_quote_get \
         run_id_scheduled run_id_backfill run_id_dataset run_id_len251",
    ),
    Pass(1),
    Replay("run_id_colon run_id_colon_get"),
    Pass(1),
    Replay("run_id_tilde run_id_tilde_get"),
    Pass(1),
    Replay(
        "run_id_dotdot run_id_dotdot_get run_id_manual run_id_manual_get params_bad_enum params_bad_range \
         params_bad_type params_required_missing params_required_given params_ok",
    ),
    Pass(1),
    Replay(
        "params_extra_key run_get_404 run_get_dag404 run_get_done run_get_fields runs_list runs_list_404 \
         runs_list_all runs_list_badstate runs_list_logical_gte runs_list_logical_gte2 runs_list_order \
         runs_list_order_dag_run_id runs_list_order_exec runs_list_order_id runs_list_order_logical \
         runs_list_state runs_list_states",
    ),
    Trigger("fail_dag", "f1"),
    Trigger("skip_dag", "sk1"),
    Trigger("trace_dag", "tr1"),
    Pass(60),
    Replay(
        "run_get_failed ti_list ti_list_404 ti_list_fail_dag ti_list_state ti_list_skip_dag ti_list_trace_dag \
         ti_get ti_get_404 ti_get_failed ti_log_404 ti_log_failed ti_log_full ti_log_json ti_log_text ti_log_token \
         ti_log_try0 ti_log_try9 ti_log_upstream_failed ti_log_upstream_failed0 datasets datasets_pattern \
         datasets_dagids dataset_get dataset_get_404 dataset_get_s3 event_post event_post_min event_post_404 \
         event_post_extra_null event_post_extra_str event_post_nouri event_post_unknown variable_get variable_get_404 variable_slash_get variable_secret_get connection_get \
         connection_get_404 connections_list pools_list pool_get_404 xcom_get xcom_get_404 xcom_get_str",
    ),
    Pass(60),
    Replay(
        "events events_order_bad events_order_id events_source_dag events_timestamp_gte events_unknown_filter \
         consumer_runs runs_trigger_type",
    ),
    Trigger("slow_dag", "s1"),
    Pass(1),
    Replay(
        "run_cancel_running run_cancel_running_ti run_patch_note run_patch_note_404 run_patch_note_long \
         run_patch_note_null run_patch_note_via_run run_patch_state_404 run_patch_state_failed \
         run_patch_state_queued run_patch_state_running run_patch_state_success run_clear_404 \
         run_clear_dry_default run_clear run_delete run_delete_404",
    ),
];

/// Airflow 3.
pub(crate) const V2: &[Do] = &[
    Replay(
        "version health token_post token_post_form token_cli token_get token_post_missing token_post_wrong \
         auth_basic auth_bearer_lower auth_missing auth_missing_404 auth_missing_badbody auth_token_plugin \
         auth_token_wrong auth_wrong auth_wrong_post order_405_noauth order_badjson_noauth order_badquery_noauth \
         order_badtype_noauth bad_json body_array empty_body no_content_type text_content_type method_405 \
         root_path unknown_path trailing_slash_dags double_slash_dag double_slash_dags double_slash_event \
         double_slash_post dags_default dags_limit_0 dags_limit_100 dags_limit_1000 dags_limit_50_offset_250 \
         dags_limit_abc dags_limit_neg dags_offset_9999 dags_offset_neg dags_exclude_stale dags_fields \
         dags_only_active dags_order_bad dags_order_desc dags_order_two dags_pattern dags_pattern_case \
         dags_pattern_pct dags_paused_false dags_paused_true dags_prefix dags_tags dags_tags_two dags_tags_two_all \
         dags_tags_two_multi dags_unknown_param dag_get dag_get_404 dag_get_details dag_get_odd dag_get_slash \
         dag_get_space dag_get_tilde dag_get_trailing_slash accept_html accept_xml dag_patch_404 \
         dag_patch_bad_field dag_patch_empty dag_patch_pause dag_patch_string dag_patch_unknown_field \
         dag_patch_mask dag_patch_unpause import_errors run_post_404 run_post_import_error_dag run_post_bad_date \
         run_post_naive_date run_post_conf_list run_post_execution_date run_post_interval_half run_post_no_logical \
         run_post_readonly_state run_post_unknown_field run_post_min run_post_note_conf run_post_note_1000 \
         run_post_note_1001 run_post_note_after run_post_null_conf run_post_null_id run_post_empty_id run_post_id \
         run_post_dup_id run_post_logical run_post_logical_dup run_post_logical_dup_other_id run_post_future \
         run_post_run_after_future run_after_state run_post_interval_nolog run_post_paused run_on_paused_state \
         run_id_asset run_id_at run_id_at_get run_id_backfill run_id_colon run_id_colon_get run_id_dataset \
         run_id_dotdot run_id_dotdot_get run_id_len251 run_id_space run_id_slash run_id_slash_get run_id_utf8 \
         run_id_scheduled run_id_manual run_id_manual_get params_bad_range params_bad_type params_required_missing \
         params_required_given params_ok params_extra_key run_get_404 run_get_dag404 run_get_done run_get_fields \
         runs_list runs_list_404 runs_list_all runs_list_badstate runs_list_id_pattern runs_list_logical_gte \
         runs_list_order runs_list_order_dag_run_id runs_list_order_id runs_list_order_logical \
         runs_list_run_after_gte runs_list_state runs_list_states",
    ),
    Trigger("fail_dag", "f1"),
    Trigger("skip_dag", "sk1"),
    Trigger("trace_dag", "tr1"),
    Pass(60),
    Replay(
        "run_get_failed ti_list ti_list_404 ti_list_fail_dag ti_list_skip_dag ti_list_trace_dag ti_get ti_get_404 \
         ti_get_failed ti_log_404 ti_log_any ti_log_failed ti_log_failed_text ti_log_full ti_log_json \
         ti_log_ndjson ti_log_text ti_log_token ti_log_try0 ti_log_try9 ti_log_upstream_failed assets \
         assets_name_pattern assets_uri_pattern assets_dagids asset_get asset_get_404 asset_get_by_uri event_post \
         event_post_404 event_post_extra_null event_post_min event_post_noid event_post_unknown event_post_uri variable_get variable_get_404 variable_slash_get variable_secret_get connection_get \
         connection_get_404 connections_list pools_list pool_get_404 xcom_get xcom_get_404 xcom_get_str",
    ),
    Pass(60),
    Replay(
        "events events_by_asset events_order_id events_timestamp_gte events_timestamp_gte_future \
         events_unknown_filter events_with_runs consumer_runs",
    ),
    Trigger("slow_dag", "s1"),
    Pass(1),
    Replay(
        "run_cancel_running run_cancel_running_ti run_patch_note run_patch_note_long run_patch_note_null \
         run_patch_empty run_patch_setnote_404 run_patch_state_404 run_patch_state_failed run_patch_state_queued \
         run_patch_state_running run_patch_state_success run_clear_404 run_clear_dry_default run_clear run_delete \
         run_delete_404",
    ),
];

/// Recordings that the sandbox is not asked again, with the reason. The client reads them all the same.
pub(crate) const NOT_REPLAYED: &[(&str, &str, &str)] = &[
    ("v1", "api_v2_on_af2 api_v2_version_on_af2", "the sandbox speaks both versions, Airflow 2 has no v2"),
    ("v1", "auth_missing_stock_403 auth_wrong_post_stock_403", "of an Airflow with another auth backend"),
    ("v1", "connection_test", "not asked by the client"),
    ("v1", "events_with_runs run_get viewer_trigger_403", "they stand on a user or a run of their own"),
    (
        "v1",
        "ti_list_mapped_dag ti_list_max1_dag ti_list_retry_dag ti_mapped_get ti_mapped_get_nomap",
        "the sandbox maps no task and repeats none by itself",
    ),
    ("v2", "api_v1_on_af3 api_v1_post_on_af3 datasets_on_af3", "the sandbox speaks both versions, Airflow 3 has no v1"),
    ("v2", "auth_expired", "a token of the recorded server, whose time is over"),
    ("v2", "events_500_queued_run", "the sandbox gives this 500 as a fault, which a test of its own asks for"),
    (
        "v1",
        "why_airflow why_bash why_caught why_cause why_chatty why_colours why_context \
         why_exits why_exits_with_words why_fields why_group why_killed why_sleeps why_syntax",
        "a task of the sandbox fails in one way; the client reads them all",
    ),
    (
        "v2",
        "why_airflow why_bash why_caught why_cause why_chatty why_colours why_context \
         why_exits why_exits_with_words why_fields why_group why_killed why_sleeps why_syntax",
        "a task of the sandbox fails in one way; the client reads them all",
    ),
    ("v2", "run_get ti_log_running viewer_trigger_403", "they stand on a user or a run of their own"),
    (
        "v2",
        "ti_list_mapped_dag ti_list_retry_dag ti_mapped_get ti_mapped_get_nomap",
        "the sandbox maps no task and repeats none by itself",
    ),
];
