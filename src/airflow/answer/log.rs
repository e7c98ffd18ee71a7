//! The log of a try, and what it says of the failure.

use serde::Serialize;

/// The log of a try.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct TaskLog {
    /// Its lines, oldest first.
    pub lines: Vec<String>,
    /// The lines without those that tell the reason, and without Airflow's own words about it.
    pub beside: Vec<String>,
    /// Why the try failed, where the log says so.
    pub reason: Option<Reason>,
}

/// Why a try failed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The exception as Python prints it, without the module of its type: `ValueError: boom`. Without an exception
    /// Airflow's own sentence. It may have several lines.
    pub exception: String,
    /// The author's frames, the innermost last: `/opt/airflow/dags/loans.py:34 in load`. Frames of installed packages and of
    /// Python itself are left out.
    pub frames: Vec<String>,
    /// The exceptions that led to it, the nearest first; for a group its members.
    pub causes: Vec<Self>,
}
