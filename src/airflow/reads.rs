//! The client's reads of single things beside DAGs, runs and datasets: details, task instances, `XComs`, variables,
//! connections, pools, health.
//!
//! In: names and a time limit. Out: an answer in the shape both versions share. One method is one request, as in `client`.

use std::time::Duration;

use super::answer::{Connection, DagDetails, Health, Page, Pool, TaskInstance, TaskPlace, Variable, XCom, XComRequest};
use super::client::Client;
use super::error::ApiError;
use super::model::ApiVersion;
use super::{v1, v2};

impl Client {
    /// The details of a DAG, its params among them.
    ///
    /// # Errors
    /// As [`ApiError`] says; a DAG that can't be imported is not found.
    pub async fn dag_details(&self, dag_id: &str, limit: Duration) -> Result<DagDetails, ApiError> {
        let call = |version| {
            let call = match version {
                ApiVersion::V1 => v1::dag_details::dag_details(dag_id),
                ApiVersion::V2 => v2::dag_details::dag_details(dag_id),
            };
            call.about(&[dag_id], |dag: &DagDetails| vec![&dag.dag_id])
        };
        self.one(call, limit).await
    }

    /// One task instance.
    ///
    /// # Errors
    /// As [`ApiError`] says; a mapped one without its index, and an unknown run, are not found.
    pub async fn task_instance(&self, task: &TaskPlace<'_>, limit: Duration) -> Result<TaskInstance, ApiError> {
        let call = |version| {
            let call = match version {
                ApiVersion::V1 => v1::task_instance(task),
                ApiVersion::V2 => v2::task_instance(task),
            };
            call.about(&[task.task_id], |task: &TaskInstance| vec![&task.task_id])
        };
        self.one(call, limit).await
    }

    /// What a task handed over under a key, as JSON.
    ///
    /// # Errors
    /// As [`ApiError`] says; whatever is missing, run, task or key, the answer is the same 404. Airflow 2.8 and 2.9 can't give
    /// the value as JSON and refuse.
    pub async fn xcom(&self, request: &XComRequest, limit: Duration) -> Result<XCom, ApiError> {
        let call = |version| {
            let call = match version {
                ApiVersion::V1 => v1::xcom::xcom(request),
                ApiVersion::V2 => v2::xcom::xcom(request),
            };
            call.about(&[&request.key], |xcom: &XCom| vec![&xcom.key])
        };
        self.one(call, limit).await
    }

    /// One variable, with its value.
    ///
    /// # Errors
    /// As [`ApiError`] says.
    pub async fn variable(&self, key: &str, limit: Duration) -> Result<Variable, ApiError> {
        let call = |version| {
            let call = match version {
                ApiVersion::V1 => v1::stock::variable(key),
                ApiVersion::V2 => v2::stock::variable(key),
            };
            call.about(&[key], |variable: &Variable| vec![&variable.key])
        };
        self.one(call, limit).await
    }

    /// A page of the keys of variables, at most 100.
    ///
    /// # Errors
    /// As [`ApiError`] says.
    pub async fn variable_keys(&self, offset: u64, limit: Duration) -> Result<Page<String>, ApiError> {
        let call = |version| match version {
            ApiVersion::V1 => v1::stock::variable_keys(offset),
            ApiVersion::V2 => v2::stock::variable_keys(offset),
        };
        self.page(call, limit).await
    }

    /// One connection, without anything secret.
    ///
    /// # Errors
    /// As [`ApiError`] says.
    pub async fn connection(&self, connection_id: &str, limit: Duration) -> Result<Connection, ApiError> {
        let call = |version| {
            let call = match version {
                ApiVersion::V1 => v1::stock::connection(connection_id),
                ApiVersion::V2 => v2::stock::connection(connection_id),
            };
            call.about(&[connection_id], |connection: &Connection| vec![&connection.connection_id])
        };
        self.one(call, limit).await
    }

    /// A page of connections, at most 100, without anything secret.
    ///
    /// # Errors
    /// As [`ApiError`] says.
    pub async fn connections(&self, offset: u64, limit: Duration) -> Result<Page<Connection>, ApiError> {
        let call = |version| match version {
            ApiVersion::V1 => v1::stock::connections(offset),
            ApiVersion::V2 => v2::stock::connections(offset),
        };
        self.page(call, limit).await
    }

    /// One pool.
    ///
    /// # Errors
    /// As [`ApiError`] says; v1 answers 500 for a pool of any number of slots.
    pub async fn pool(&self, name: &str, limit: Duration) -> Result<Pool, ApiError> {
        let call = |version| {
            let call = match version {
                ApiVersion::V1 => v1::stock::pool(name),
                ApiVersion::V2 => v2::stock::pool(name),
            };
            call.about(&[name], |pool: &Pool| vec![&pool.name])
        };
        self.one(call, limit).await
    }

    /// A page of pools, at most 100.
    ///
    /// # Errors
    /// As [`ApiError`] says; v1 answers 500 while one of them has any number of slots.
    pub async fn pools(&self, offset: u64, limit: Duration) -> Result<Page<Pool>, ApiError> {
        let call = |version| match version {
            ApiVersion::V1 => v1::stock::pools(offset),
            ApiVersion::V2 => v2::stock::pools(offset),
        };
        self.page(call, limit).await
    }

    /// How Airflow is.
    ///
    /// # Errors
    /// As [`ApiError`] says; an Airflow that is not well answers with success all the same.
    pub async fn health(&self, limit: Duration) -> Result<Health, ApiError> {
        let call = |version| match version {
            ApiVersion::V1 => v1::stock::health(),
            ApiVersion::V2 => v2::stock::health(),
        };
        self.one(call, limit).await
    }
}
