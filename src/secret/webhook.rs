//! What of a webhook's URL is secret: all of it but the host.
//!
//! In: a URL as somebody wrote it. Out: the texts to mask: the whole, and its parts that could stand alone in an answer.

use percent_encoding::percent_decode_str;

/// Parts of a path or a query with fewer characters are words of the service, such as `services` or `invoke`.
const PART_LEAST: usize = 16;

/// The secret texts of a webhook's URL.
pub(super) fn secrets(url: &str) -> Vec<String> {
    let url = url.trim();
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (authority, tail) = rest.find(['/', '?', '#']).map_or((rest, ""), |at| rest.split_at(at));
    let user = authority.rsplit_once('@').map(|(user, _)| user);
    let (path, query) = tail.split_once('?').unwrap_or((tail, ""));
    let ends = path.match_indices('/').filter_map(|(at, _)| path.get(at + 1..));
    let values = query.split(['&', '#', ';']).map(|pair| pair.split_once('=').map_or(pair, |(_, value)| value));
    let parts = ends.chain(path.split('/')).chain(values).filter(|part| part.chars().count() >= PART_LEAST);
    let written = [url, tail, path].into_iter().filter(|text| *text != "/").chain(user).chain(parts);
    let mut secrets: Vec<String> = Vec::new();
    for text in written.filter(|text| !text.is_empty()) {
        let decoded = percent_decode_str(text).decode_utf8_lossy().into_owned();
        secrets.extend([text.to_owned(), decoded].into_iter().filter(|one| !secrets.contains(one)).collect::<Vec<_>>());
    }
    secrets.dedup();
    secrets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_a_webhook_is_secret_but_its_host_and_the_words_of_its_service() {
        let slack = secrets("https://hooks.slack.com/services/T01/B02/abcdefghijklmnopqrst");
        let path = "/services/T01/B02/abcdefghijklmnopqrst";
        let ends = [&path[1..], "T01/B02/abcdefghijklmnopqrst", "B02/abcdefghijklmnopqrst", "abcdefghijklmnopqrst"];
        assert_eq!(slack[..2], [format!("https://hooks.slack.com{path}"), path.to_owned()]);
        assert_eq!(slack[2..], ends);
        let flow =
            secrets("https://p.logic.azure.com:443/workflows/0123456789abcdef/invoke?sv=1.0&sig=abcd%2Fefghijklmnop");
        assert!(
            flow.contains(&"0123456789abcdef".to_owned()) && flow.contains(&"abcd/efghijklmnop".to_owned()),
            "{flow:?}"
        );
        assert!(!flow.iter().any(|part| part == "invoke"), "{flow:?}");
        assert_eq!(secrets("http://me:pass@chat.example/"), ["http://me:pass@chat.example/", "me:pass"]);
        assert_eq!(secrets(""), Vec::<String>::new());
    }
}
