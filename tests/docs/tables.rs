//! The tables of the documents are whole: no line between their rows, and as many cells in each.

use std::fs;

/// The cells of a row; a bar in back-ticks or after a backslash is part of a cell.
fn cells(row: &str) -> usize {
    let mut is_code = false;
    let mut count = 0;
    let mut before = ' ';
    for c in row.trim().chars() {
        match c {
            '`' => is_code = !is_code,
            '|' if !is_code && before != '\\' => count += 1,
            _ => {}
        }
        before = c;
    }
    count - 1
}

#[test]
fn every_table_has_its_head_and_rows_of_as_many_cells() {
    for file in ["README.md", "docs/actions.md", "docs/from-the-python-script.md", "CHANGELOG.md"] {
        let text = fs::read_to_string(file).expect("the document is there");
        let mut in_block = false;
        let mut table: Vec<(usize, &str)> = Vec::new();
        for (at, line) in text.lines().chain([""]).enumerate() {
            in_block ^= line.trim_start().starts_with("```");
            if line.starts_with('|') && !in_block {
                table.push((at + 1, line));
                continue;
            }
            if let [(first, head), rest @ ..] = table.as_slice() {
                let rule = rest.first().map_or("", |(_, line)| line);
                assert!(rule.starts_with("|--") || rule.starts_with("|:-"), "{file}:{first}: a table without a head");
                for (row, line) in rest {
                    assert_eq!(cells(line), cells(head), "{file}:{row}");
                }
            }
            table.clear();
        }
    }
}
