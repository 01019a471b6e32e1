//! A link in a document leads to a file that is there.

use super::Fault;
use super::tree::Tree;

pub(super) fn check(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in tree.ending(".md") {
        let dir = file.path.rsplit_once('/').map_or("", |(dir, _)| dir);
        let mut fenced = false;
        for (number, line) in file.text.lines().enumerate() {
            fenced ^= line.trim_start().starts_with("```");
            for target in targets(line).filter(|_| !fenced) {
                let path = target.split(['#', '?']).next().unwrap_or_default();
                let elsewhere = target.contains("://") || target.starts_with("mailto:");
                if elsewhere || path.is_empty() {
                    continue;
                }
                if !resolve(dir, path).is_some_and(|path| path.is_empty() || tree.has(&path)) {
                    let place = format!("{}:{}", file.path, number + 1);
                    faults.push(Fault::new(
                        place,
                        format!("the link to {target} leads nowhere"),
                    ));
                }
            }
        }
    }
    faults
}

/// What stands in the round brackets after a square one.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .filter_map(|target| target.split_whitespace().next())
}

/// From the root, without `.` and `..`; `None` when it leaves the repository.
fn resolve(dir: &str, path: &str) -> Option<String> {
    let mut steps: Vec<&str> = Vec::new();
    let start = if path.starts_with('/') { "" } else { dir };
    for step in start.split('/').chain(path.split('/')) {
        match step {
            "" | "." => (),
            ".." => {
                steps.pop()?;
            }
            step => steps.push(step),
        }
    }
    Some(steps.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_that_leads_nowhere_is_found() {
        let cases = [
            ("README.md", "[a](docs/a.md)", true),
            ("README.md", "[a](docs/a.md#part) and [b](docs)", true),
            ("README.md", "![p](docs/p.png \"title\")", true),
            ("README.md", "[a](docs/b.md)", false),
            ("docs/a.md", "[up](../README.md), [here](./a.md)", true),
            ("docs/a.md", "[up](README.md)", false),
            ("docs/a.md", "[out](../../README.md)", false),
            (
                "docs/a.md",
                "[site](https://example.org/x), [part](#part)",
                true,
            ),
            ("docs/a.md", "```\n[a](none.md)\n```", true),
        ];
        for (path, text, fine) in cases {
            let mut files = vec![("README.md", ""), ("docs/a.md", ""), ("docs/p.png", "")];
            files.retain(|(known, _)| *known != path);
            files.push((path, text));
            let faults = check(&Tree::of(&files));
            assert_eq!(faults.is_empty(), fine, "{path}: {text}: {faults:?}");
        }
    }
}
