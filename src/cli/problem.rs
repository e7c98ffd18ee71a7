//! What to do about an Airflow that can't be asked.

use crate::airflow::error::{ApiError, ErrorKind};

/// What to do about an error.
pub(super) fn remedy(error: &ApiError) -> &'static str {
    match &error.kind {
        ErrorKind::Unreachable | ErrorKind::Timeout | ErrorKind::ConnectionLost if error.is_unreachable() => {
            "check the URL, and whether this machine reaches it: DNS, proxy, firewall, VPN"
        }
        ErrorKind::Barred => "check the URL, the certificates that you gave, and the proxy's URL",
        _ if error.is_unreachable() => "open the environment in its web interface to wake it up, then try again",
        ErrorKind::Unauthorized => "make a new key or token, and put it where the credential comes from",
        ErrorKind::Forbidden => "check the key; if it is right, its user needs a role that may read DAGs",
        ErrorKind::WrongApi => "write `/api/v1` (Airflow 2) or `/api/v2` (Airflow 3) at the end of the URL",
        ErrorKind::NotFound | ErrorKind::NotFoundElsewhere => "check the path of the URL, up to `/api/v1` or `/api/v2`",
        ErrorKind::Redirect { .. } => "use the URL that it points to, if you trust it",
        ErrorKind::RateLimited | ErrorKind::RequestTimeout | ErrorKind::ServerError => {
            "try again later; the server's log says more"
        }
        ErrorKind::Unreachable | ErrorKind::Timeout | ErrorKind::ConnectionLost => "try again",
        ErrorKind::Conflict
        | ErrorKind::Rejected
        | ErrorKind::NotAirflow
        | ErrorKind::TooLarge
        | ErrorKind::AcceptedButCut
        | ErrorKind::Unreadable
        | ErrorKind::BadRequestPath
        | ErrorKind::OnlyReads => "check that the URL is that of an Airflow 2 or 3, and nothing in between answers",
    }
}
