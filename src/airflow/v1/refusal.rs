//! How Airflow 2 says no.
//!
//! In: an opened answer that is no success. Out: whether v1 wrote it, whether it is really Airflow 3 that answers, and a
//! hint for people.

use super::super::error::{ErrorKind, RequestLine};
use super::super::says::Complaint;

/// Whether the API itself wrote it: problem+json with its fixed keys.
pub(in super::super) fn is_own(complaint: &Complaint) -> bool {
    complaint.has("status") && complaint.has("type")
}

/// Whether Airflow 3 answers: GET says that v1 was removed, POST is a 405 in v2's form.
pub(in super::super) fn is_other_api(complaint: &Complaint) -> bool {
    complaint.mentions("has been removed in Airflow 3")
        || (complaint.status == 405 && complaint.has("detail") && !is_own(complaint))
}

/// Whether it is the page that Airflow's own server shows when a call has broken down in it.
pub(in super::super) fn is_own_page(complaint: &Complaint) -> bool {
    complaint.status == 500 && complaint.is_html && complaint.mentions("Ooops!")
}

/// What to do about it.
pub(in super::super) fn hint(kind: &ErrorKind, complaint: &Complaint, request: &RequestLine) -> Option<&'static str> {
    match kind {
        ErrorKind::Unauthorized => Some("check the key"),
        ErrorKind::Forbidden => Some("check the key and its rights (Airflow 2 says 403 for both)"),
        ErrorKind::WrongApi => Some("this is Airflow 3, its API is under `/api/v2`"),
        ErrorKind::Rejected if complaint.status == 405 && request.url.ends_with("/datasets/events") => {
            Some("dataset events need Airflow 2.9 or later")
        }
        ErrorKind::Rejected if complaint.mentions("Extra query parameter(s) stringify") => {
            Some("the value of an XCom can be read from Airflow 2.10 on")
        }
        ErrorKind::ServerError if complaint.mentions("inf is not of type") => {
            Some("Airflow 2 can't show a pool of any number of slots (-1)")
        }
        ErrorKind::ServerError if is_own_page(complaint) && is_trigger(request) => {
            Some("Airflow 2.8 answers so to a `conf` that doesn't fit the DAG's params")
        }
        _ => None,
    }
}

fn is_trigger(request: &RequestLine) -> bool {
    request.method == "POST" && request.url.ends_with("/dagRuns")
}
