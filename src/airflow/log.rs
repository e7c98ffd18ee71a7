//! A task's log as plain lines.
//!
//! In: v1's text, or the entries that `v2` has read. Out: lines, oldest first, without what Airflow adds only for its own
//! log viewer (group markers, the name of the worker's host, the path of the file). No line is cut or coloured here.

/// The lines of a log text.
pub(super) fn lines(text: &str) -> Vec<String> {
    let mut lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    if has_host_line(&lines) {
        lines.remove(0);
    }
    lines.into_iter().filter(|line| !is_noise(line)).map(str::to_owned).collect()
}

/// Whether the text begins with the name of the worker's host, as v1's does.
fn has_host_line(lines: &[&str]) -> bool {
    let [first, second, ..] = lines else { return false };
    !first.contains(' ') && (second.contains("::group::Log message source") || second.starts_with("*** "))
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
}
