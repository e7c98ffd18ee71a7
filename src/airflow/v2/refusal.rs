//! How Airflow 3 says no.
//!
//! In: an opened answer that is no success. Out: whether v2 wrote it, whether it is really Airflow 2 that answers, whether
//! the token is the reason, and a hint for people.

use super::super::error::ErrorKind;
use super::super::says::Complaint;

/// Whether the API itself wrote it: JSON with `detail` or `error`.
pub(in super::super) fn is_own(complaint: &Complaint) -> bool {
    complaint.has("detail") || complaint.has("error")
}

/// Whether Airflow 2 answers: its page for unknown addresses.
pub(in super::super) fn is_other_api(complaint: &Complaint) -> bool {
    complaint.is_html && complaint.mentions("Airflow 404")
}

/// Whether a 403 is about the token and not about rights.
pub(in super::super) fn is_bad_token(complaint: &Complaint) -> bool {
    complaint.status == 403 && complaint.mentions("Invalid JWT token")
}

/// What to do about it.
pub(in super::super) fn hint(kind: &ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::Unauthorized => Some("check the key or token"),
        ErrorKind::Forbidden => Some("check the rights of the key or token"),
        ErrorKind::WrongApi => Some("this is Airflow 2, its API is under `/api/v1`"),
        _ => None,
    }
}
