//! The Airflow REST API, version 1 and 2, behind one client.

pub mod auth;
pub mod base_url;
pub mod model;
