//! What is asked for when a target is looked up.

use std::path::PathBuf;

use crate::airflow::model::ApiVersion;

/// What the command line and the playbook say about the target.
#[derive(Debug, Clone, Default)]
pub struct TargetRequest {
    /// `--target`, one name.
    pub flag_target: Option<String>,
    /// `target` of the playbook.
    pub playbook_target: Option<String>,
    /// The playbook, to look for `.env` files beside it.
    pub playbook: Option<PathBuf>,
    /// `--url`.
    pub url: Option<String>,
    /// `--env-file`: looked in instead of every `.env`.
    pub env_file: Option<PathBuf>,
    /// `--api`: wins over what the URL's path says.
    pub api: Option<ApiVersion>,
    /// `--allow-http`.
    pub allow_http: bool,
    /// Whether no credential is needed; one that is there is used.
    pub anonymous: bool,
}
