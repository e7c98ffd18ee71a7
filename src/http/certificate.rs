//! What is wrong with a server's certificate, in plain words, with the way out.

use jiff::Timestamp;
use rustls::CertificateError;
use rustls_pki_types::UnixTime;

/// Names of a certificate that are shown.
const NAMES_MAX: usize = 3;

/// What is wrong with it.
pub(super) fn words(reason: &CertificateError) -> String {
    match reason {
        CertificateError::UnknownIssuer => "nobody we trust has signed it; `--ca-cert` adds who to trust".to_owned(),
        CertificateError::Expired => "it has expired; the server needs a new one".to_owned(),
        CertificateError::ExpiredContext { not_after, .. } => {
            format!("it has expired on {}; the server needs a new one", day(*not_after))
        }
        CertificateError::NotValidYet => "it is not valid yet; check this machine's clock".to_owned(),
        CertificateError::NotValidYetContext { not_before, .. } => {
            format!("it is not valid before {}; check this machine's clock", day(*not_before))
        }
        CertificateError::NotValidForName => "it is for another host name; check the URL".to_owned(),
        CertificateError::NotValidForNameContext { presented, .. } => other_name(presented),
        CertificateError::Revoked => "it was revoked; the server needs a new one".to_owned(),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "it was not made for servers; the server needs another one".to_owned()
        }
        CertificateError::Other(other) => match other.to_string().as_str() {
            "CaUsedAsEndEntity" => {
                "it is an authority's own; `--ca-cert` with this very certificate trusts it".to_owned()
            }
            other => other.to_owned(),
        },
        other => format!("{other:?}"),
    }
}

fn other_name(presented: &[String]) -> String {
    // What comes is rustls' drawing of a name: `DnsName("airflow.example")`, `IpAddress(127.0.0.1)`.
    let name = |drawn: &String| {
        let inner = drawn.split_once('(').map_or(drawn.as_str(), |(_, inner)| inner.trim_end_matches(')'));
        format!("`{}`", inner.trim_matches('"'))
    };
    let names: Vec<String> = presented.iter().take(NAMES_MAX).map(name).collect();
    match names.as_slice() {
        [] => "it names no host; the server needs another one".to_owned(),
        names => format!("it is for another host name, {}; check the URL", names.join(", ")),
    }
}

fn day(time: UnixTime) -> String {
    let time = i64::try_from(time.as_secs()).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    time.map_or_else(|| "a day without a date".to_owned(), |time| time.strftime("%Y-%m-%d").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_shown_as_people_write_it_and_a_long_list_is_cut() {
        let drawn = ["DnsName(\"a.example\")", "IpAddress(127.0.0.1)", "b.example", "c.example"].map(str::to_owned);
        let words = other_name(&drawn);
        assert_eq!(words, "it is for another host name, `a.example`, `127.0.0.1`, `b.example`; check the URL");
    }
}
