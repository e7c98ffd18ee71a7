//! A task's log as plain lines, and what it says of the failure.
//!
//! In: v1's text, or the entries that `v2` has read. Out: lines, oldest first, without what Airflow adds only for its own
//! log viewer (group markers, the name of the worker's host, the path of the file); and the reason, where one is told. No
//! line is cut or coloured here.

mod reason;
mod traceback;

pub(super) use reason::{is_author_frame, of_text};
pub(super) use traceback::exception;

/// The most exceptions that are told beside the one that was raised, and the most frames of one.
pub(super) const MOST: usize = 10;

/// The lines of a log text.
pub(super) fn lines(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let is_shown = |(at, line): (usize, &&str)| !is_noise(line) && !is_host(line, lines.get(at + 1));
    let shown = lines.iter().enumerate().filter(|one| is_shown(*one));
    shown.map(|(_, line)| (*line).to_owned()).collect()
}

/// Whether a line is the name of a worker's host: v1 begins the log of each host with it, and with where it was found.
fn is_host(line: &str, next: Option<&&str>) -> bool {
    let begins = |next: &&str| next.contains("::group::Log message source") || next.starts_with("*** Found ");
    !line.contains(' ') && next.is_some_and(begins)
}

fn is_noise(line: &str) -> bool {
    let is_group = line.contains("::group::") || line.contains("::endgroup::");
    is_group || line.is_empty() || is_file(line)
}

/// Where the log was found: v1 lists it, v2 gives the bare path.
fn is_file(line: &str) -> bool {
    let is_path = line.starts_with('/') && line.contains("/dag_id=") && !line.contains(' ');
    is_path || line == "*** Found local files:" || line.starts_with("***   * ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_groups_and_file_names_are_left_out_and_everything_else_stays() {
        let text = "vm\n INFO - ::group::Log message source details\n*** Found local files:\n***   * /a/b.log\n \
                    INFO - ::endgroup::\n[t] hello\n*** Could not read served logs: x\n";
        assert_eq!(lines(text), ["[t] hello", "*** Could not read served logs: x"]);
        assert_eq!(lines("vm\n*** Found local files:\n***   * /a\n[t] hello"), ["[t] hello"]);
        assert_eq!(lines("hello\nworld"), ["hello", "world"]);
        assert_eq!(lines(""), Vec::<String>::new());
    }

    #[test]
    fn the_log_of_several_hosts_is_one() {
        let of = |host, line| {
            format!("{host}\n INFO - ::group::Log message source details\n*** Found local files:\n{line}\n")
        };
        let text = of("pod-1", "[t] hello") + &of("pod-2", "[t] world");
        assert_eq!(lines(&text), ["[t] hello", "[t] world"]);
    }
}
