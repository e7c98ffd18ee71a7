//! The verdict on an exchange: a success that can be read, or an error with its meaning.
//!
//! In: what `http` gives, an answer or a transport error. Out: the value the call reads, or an [`ApiError`]. Whether a
//! write was accepted is decided here, once:
//!
//! ```text
//! accepted  2xx in Airflow's form, even if the body is cut
//! refused   never delivered; 3xx; 401, 403, 407, 413, 429 from anybody; any other 4xx that Airflow wrote but 408, 409
//! unknown   everything else: time-out, lost, 408, 409, 5xx, an answer that isn't Airflow's
//! ```

use jiff::Timestamp;

use super::call::{Call, JSON};
use super::error::{ApiError, Delivery, ErrorKind, RequestLine};
use super::model::ApiVersion;
use super::says::{Complaint, phrase};
use super::{v1, v2};
use crate::http::{Answer, BodyError, TransportCause, TransportError};
use crate::secret::Masker;

/// What a verdict needs to know besides the answer.
pub(super) struct Asked<'a> {
    pub(super) request: &'a RequestLine,
    pub(super) version: ApiVersion,
    pub(super) now: Timestamp,
    pub(super) masker: &'a Masker,
}

/// A value and when the server gave it.
#[derive(Debug)]
pub(super) struct Received<T> {
    pub(super) value: T,
    pub(super) server_time: Option<Timestamp>,
}

/// Judges an answer to a call.
pub(super) fn judge<T>(asked: &Asked<'_>, call: &Call<T>, answer: &Answer) -> Result<Received<T>, ApiError> {
    if !answer.status.is_success() {
        return Err(refusal(asked, answer));
    }
    let says_so = answer.media_type() == call.accept || (call.accept == JSON && answer.is_json());
    // JSON that somebody on the way calls something else is known by what it holds; a log could be anything.
    if !says_so && (call.accept != JSON || !answer.looks_like_json()) {
        return Err(not_airflow(asked, answer));
    }
    let body = answer.body.as_ref().map_err(|error| unread(asked, answer, error))?;
    match (call.read)(body) {
        Ok(value) => match call.other(&value) {
            None => Ok(Received { value, server_time: answer.server_time() }),
            Some((other, name)) => Err(about_another(asked, answer, (other, name))),
        },
        Err(unreadable) if says_so && unreadable.is_cut => Err(unread(asked, answer, &BodyError::Cut)),
        Err(_) if !says_so || Complaint::of(answer, asked.masker).is_html => Err(not_airflow(asked, answer)),
        Err(unreadable) => {
            let words = format!("the answer can't be understood: {}", unreadable.reason);
            Err(Draft::of(ErrorKind::Unreadable, Delivery::Unknown).answered(asked, answer, Some(words), None))
        }
    }
}

/// An answer about something else than was asked for, such as one of a cache before Airflow: it says nothing of ours.
fn about_another(asked: &Asked<'_>, answer: &Answer, (other, name): (&str, &str)) -> ApiError {
    let other = phrase(other, asked.masker).unwrap_or_default();
    let words = format!("the answer is about `{other}`, not about `{name}`");
    Draft::of(ErrorKind::Unreadable, Delivery::Unknown).answered(asked, answer, Some(words), None)
}

/// Judges an answer that comes line by line, has no media type, and may have been heard only in part.
pub(super) fn judge_lines<T>(asked: &Asked<'_>, call: &Call<T>, answer: &Answer) -> Result<T, ApiError> {
    if !answer.status.is_success() {
        return Err(refusal(asked, answer));
    }
    let body = answer.body.as_ref().map_err(|error| unread(asked, answer, error))?;
    (call.read)(body).map_err(|_| not_airflow(asked, answer))
}

/// An exchange that brought no answer.
pub(super) fn no_answer(request: &RequestLine, error: &TransportError) -> ApiError {
    let is_never_delivered = error.cause.is_never_delivered();
    let kind = match error.cause {
        TransportCause::BadRequest(_) => ErrorKind::BadRequestPath,
        TransportCause::TimedOut(_) => ErrorKind::Timeout,
        TransportCause::NotHttp(_) => ErrorKind::NotAirflow,
        _ if error.cause.is_lasting() => ErrorKind::Barred,
        _ if is_never_delivered => ErrorKind::Unreachable,
        _ => ErrorKind::ConnectionLost,
    };
    let delivery = if is_never_delivered { Delivery::Refused } else { Delivery::Unknown };
    Draft { is_away: error.cause.is_of_a_restart(), ..Draft::of(kind, delivery) }
        .unanswered(request, &error.to_string())
}

/// A login whose token no header can carry; what it was for was not sent.
pub(super) fn unusable(request: &RequestLine) -> ApiError {
    let reason = "the token that was given can't be sent";
    Draft::of(ErrorKind::Unreadable, Delivery::Refused).unanswered(request, reason)
}

/// A path that can't be asked for; nothing was sent.
pub(super) fn bad_path(request: &RequestLine, id: &str) -> ApiError {
    let message = match id {
        "~" => "`~` stands for every id in Airflow's API and can't be asked for".to_owned(),
        _ => format!("`{id}` is no id that can stand in a URL"),
    };
    Draft::of(ErrorKind::BadRequestPath, Delivery::Refused).unanswered(request, &message)
}

/// A request that would change something, of a client that only reads; nothing was sent.
pub(super) fn only_reads(request: &RequestLine) -> ApiError {
    Draft::of(ErrorKind::OnlyReads, Delivery::Refused)
        .unanswered(request, "it was not sent, since nothing may be changed")
}

/// An answer that is no success.
fn refusal(asked: &Asked<'_>, answer: &Answer) -> ApiError {
    if let Some(error) = cut_short(asked, answer) {
        return error;
    }
    let complaint = Complaint::of(answer, asked.masker);
    let is_own = match asked.version {
        ApiVersion::V1 => v1::refusal::is_own(&complaint),
        ApiVersion::V2 => v2::refusal::is_own(&complaint),
    };
    let kind = kind_of(asked, answer, &complaint, is_own);
    let delivery = match complaint.status {
        408 | 409 => Delivery::Unknown,
        300..400 | 401 | 403 | 407 | 413 | 429 => Delivery::Refused,
        400..500 if is_own || kind == ErrorKind::WrongApi => Delivery::Refused,
        _ => Delivery::Unknown,
    };
    let is_asleep = is_gateways(complaint.status) && !is_own;
    let is_worked_off = asked.version == ApiVersion::V1 && v1::refusal::is_own_page(&complaint);
    let hint = hint_of(asked, &kind, &complaint, is_asleep);
    Draft { kind, delivery, is_asleep, is_worked_off, is_away: is_asleep }.answered(
        asked,
        answer,
        complaint.says,
        hint.as_deref(),
    )
}

/// A refusal whose body tells what it means, and did not come whole: a 404 may be Airflow's own or somebody else's, a 403 a
/// token that has run out. Asked again, it may say.
fn cut_short(asked: &Asked<'_>, answer: &Answer) -> Option<ApiError> {
    let Err(cut @ (BodyError::Cut | BodyError::TimedOut(_))) = &answer.body else { return None };
    let delivery = match answer.status.as_u16() {
        403 => Delivery::Refused,
        404 => Delivery::Unknown,
        _ => return None,
    };
    Some(Draft::of(ErrorKind::ConnectionLost, delivery).answered(asked, answer, Some(cut.to_string()), None))
}

fn kind_of(asked: &Asked<'_>, answer: &Answer, complaint: &Complaint, is_own: bool) -> ErrorKind {
    let is_other_api = match asked.version {
        ApiVersion::V1 => v1::refusal::is_other_api(complaint),
        ApiVersion::V2 => v2::refusal::is_other_api(complaint),
    };
    match complaint.status {
        300..400 => ErrorKind::Redirect {
            to: answer.location().and_then(|to| place(to, asked.masker)).map(String::into_boxed_str),
        },
        404 | 405 if is_other_api => ErrorKind::WrongApi,
        401 => ErrorKind::Unauthorized,
        403 if asked.version == ApiVersion::V2 && v2::refusal::is_bad_token(complaint) => ErrorKind::Unauthorized,
        403 => ErrorKind::Forbidden,
        407 => ErrorKind::Barred,
        404 if is_own => ErrorKind::NotFound,
        404 => ErrorKind::NotFoundElsewhere,
        408 => ErrorKind::RequestTimeout,
        409 => ErrorKind::Conflict,
        429 => ErrorKind::RateLimited,
        400..500 => ErrorKind::Rejected,
        500..600 => ErrorKind::ServerError,
        _ => ErrorKind::NotAirflow,
    }
}

fn hint_of(asked: &Asked<'_>, kind: &ErrorKind, complaint: &Complaint, is_asleep: bool) -> Option<String> {
    let hint = match (kind, asked.version) {
        _ if is_asleep && complaint.status <= 504 => Some("the environment may be asleep or starting"),
        _ if is_asleep => Some("a gateway in front of Airflow says so when it gets no good answer from it"),
        (ErrorKind::Redirect { to }, _) => {
            let to = to.as_deref().map(|to| format!("it points to {to}, and ")).unwrap_or_default();
            return Some(format!("{to}redirects are not followed"));
        }
        (ErrorKind::NotFoundElsewhere, _) => {
            Some("this is not Airflow's own answer: check the URL, or the environment may be asleep")
        }
        (ErrorKind::Barred, _) => {
            Some("the proxy asks for a user name and password: they stand in its URL, `http://user:password@…`")
        }
        (kind, ApiVersion::V1) => v1::refusal::hint(kind, complaint, asked.request),
        (kind, ApiVersion::V2) => v2::refusal::hint(kind),
    };
    hint.map(str::to_owned)
}

/// Whether a gateway answers with this status when what stands behind it is away: 502 to 504, and those that no RFC names
/// (509, 520 to 530, 561, 598, 599).
const fn is_gateways(status: u16) -> bool {
    matches!(status, 502..=504 | 509 | 512..=599)
}

/// Where a redirect points to, without what may be secret: a user, a query, a fragment.
fn place(location: &str, masker: &Masker) -> Option<String> {
    let plain = location.split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = plain.split_once("//").map_or(("", plain), |(scheme, rest)| (scheme, rest));
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    match authority.rsplit_once('@') {
        Some((_, host)) if rest.len() < plain.len() => phrase(&format!("{scheme}//{host}{path}"), masker),
        _ => phrase(plain, masker),
    }
}

/// A success that is not in Airflow's form; a web page means that something else stands there.
fn not_airflow(asked: &Asked<'_>, answer: &Answer) -> ApiError {
    let complaint = Complaint::of(answer, asked.masker);
    let page = complaint.says.map(|says| format!(" (`{says}`)")).unwrap_or_default();
    let (words, hint) = if complaint.is_html {
        (format!("a web page{page} instead of the API's answer"), "the environment may be asleep or starting")
    } else {
        let form = phrase(&answer.media_type(), asked.masker).unwrap_or_else(|| "no media type".to_owned());
        (format!("an answer that isn't Airflow's ({form})"), "check the URL")
    };
    let draft = Draft::of(ErrorKind::NotAirflow, Delivery::Unknown);
    Draft { is_asleep: complaint.is_html, ..draft }.answered(asked, answer, Some(words), Some(hint))
}

/// A success in Airflow's form whose body can't be read to its end.
fn unread(asked: &Asked<'_>, answer: &Answer, error: &BodyError) -> ApiError {
    let kind = match error {
        BodyError::TooLarge(_) => ErrorKind::TooLarge,
        BodyError::Cut | BodyError::TimedOut(_) | BodyError::Undecodable => ErrorKind::AcceptedButCut,
    };
    Draft::of(kind, Delivery::Accepted).answered(asked, answer, Some(error.to_string()), None)
}

/// The parts of an error that are decided before its words.
struct Draft {
    kind: ErrorKind,
    delivery: Delivery,
    is_asleep: bool,
    is_worked_off: bool,
    is_away: bool,
}

impl Draft {
    const fn of(kind: ErrorKind, delivery: Delivery) -> Self {
        Self { kind, delivery, is_asleep: false, is_worked_off: false, is_away: false }
    }

    fn answered(self, asked: &Asked<'_>, answer: &Answer, says: Option<String>, hint: Option<&str>) -> ApiError {
        let reason = answer.status.canonical_reason().unwrap_or_default();
        let status = format!("{} {reason}", answer.status.as_u16());
        let mut message = format!("{} for {}", status.trim_end(), asked.request.short());
        for (mark, part) in [(": ", says.as_deref()), ("; ", hint)] {
            if let Some(part) = part {
                message.push_str(mark);
                message.push_str(part.trim_end_matches('.'));
            }
        }
        ApiError {
            request: Box::new(asked.request.clone()),
            status: Some(answer.status.as_u16()),
            message,
            airflow_says: says.map(String::into_boxed_str),
            retry_after: answer.retry_after(asked.now),
            server_time: answer.server_time(),
            kind: self.kind,
            delivery: self.delivery,
            is_asleep: self.is_asleep,
            is_worked_off: self.is_worked_off,
            is_away: self.is_away,
        }
    }

    fn unanswered(self, request: &RequestLine, reason: &str) -> ApiError {
        ApiError {
            request: Box::new(request.clone()),
            status: None,
            message: format!("{reason} ({})", request.short()),
            airflow_says: None,
            retry_after: None,
            server_time: None,
            kind: self.kind,
            delivery: self.delivery,
            is_asleep: self.is_asleep,
            is_worked_off: self.is_worked_off,
            is_away: self.is_away,
        }
    }
}
