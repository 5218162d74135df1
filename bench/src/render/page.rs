//! A page of headings, words, tables, plots and commands, as Markdown or as HTML.

use std::fmt::Write as _;

/// A piece of a page.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Block {
    Title(&'static str),
    Heading(&'static str),
    Words(String),
    Points(Vec<String>),
    Table {
        head: Vec<&'static str>,
        rows: Vec<Vec<String>>,
    },
    Plot {
        title: String,
        /// Its name beside the page's other plots, and what stands in it.
        file: String,
        svg: String,
    },
    Commands(Vec<String>),
}

/// Figures that stand out are between two stars, names and code between backquotes.
pub(super) fn markdown(blocks: &[Block]) -> String {
    blocks.iter().fold(String::new(), |mut text, block| {
        if !text.is_empty() {
            text.push('\n');
        }
        // Writing to memory cannot fail.
        let _ = match block {
            Block::Title(title) => writeln!(text, "# {title}"),
            Block::Heading(heading) => writeln!(text, "## {heading}"),
            Block::Words(words) => writeln!(text, "{words}"),
            Block::Points(points) => points
                .iter()
                .try_for_each(|point| writeln!(text, "- {point}")),
            Block::Table { head, rows } => {
                let rule = "---|".repeat(head.len());
                let _ = writeln!(text, "| {} |\n|{rule}", head.join(" | "));
                rows.iter()
                    .try_for_each(|row| writeln!(text, "| {} |", row.join(" | ")))
            }
            Block::Plot { title, file, .. } => writeln!(text, "![{title}](benchmarks/{file})"),
            Block::Commands(commands) => {
                writeln!(text, "```sh\n{}\n```", commands.join("\n"))
            }
        };
        text
    })
}

const STYLE: &str = "body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\
    table{border-collapse:collapse;font-size:.85rem}td,th{border:1px solid #ccc;padding:.2rem .5rem;\
    text-align:right}td:first-child,th:first-child{text-align:left}pre{background:#f4f4f4;\
    padding:.5rem;overflow-x:auto;font-size:.75rem}svg{max-width:100%;height:auto}";

/// One page that needs no other file.
pub(super) fn html(blocks: &[Block]) -> String {
    let title = blocks.iter().find_map(|block| match block {
        Block::Title(title) => Some(*title),
        _ => None,
    });
    let title = title.unwrap_or_default();
    let mut text = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <style>{STYLE}</style></head><body>\n"
    );
    for block in blocks {
        let _ = match block {
            Block::Title(title) => writeln!(text, "<h1>{title}</h1>"),
            Block::Heading(heading) => writeln!(text, "<h2>{heading}</h2>"),
            Block::Words(words) => writeln!(text, "<p>{}</p>", marked_up(words)),
            Block::Points(points) => {
                let points = points.iter().map(|point| marked_up(point));
                writeln!(text, "<ul>{}</ul>", wrapped("li", points))
            }
            Block::Table { head, rows } => {
                let head = wrapped("th", head.iter().map(|cell| marked_up(cell)));
                let rows = rows
                    .iter()
                    .map(|row| wrapped("td", row.iter().map(|cell| marked_up(cell))));
                let rows = wrapped("tr", rows);
                writeln!(text, "<table><tr>{head}</tr>{rows}</table>")
            }
            Block::Plot { svg, .. } => writeln!(text, "<figure>{svg}</figure>"),
            Block::Commands(commands) => {
                writeln!(text, "<pre>{}</pre>", escaped(&commands.join("\n")))
            }
        };
    }
    text + "</body></html>\n"
}

fn wrapped(tag: &str, cells: impl Iterator<Item = String>) -> String {
    cells.fold(String::new(), |mut text, cell| {
        let _ = write!(text, "<{tag}>{cell}</{tag}>");
        text
    })
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// Stars, backquotes and links to HTML's.
fn marked_up(text: &str) -> String {
    let strong = between(&escaped(text), "**", "strong");
    let code = between(&strong, "`", "code");
    linked(&code)
}

fn between(text: &str, mark: &str, tag: &str) -> String {
    let mut parts = text.split(mark);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.enumerate().fold(first, |mut text, (nth, part)| {
        let slash = if nth % 2 == 0 { "" } else { "/" };
        let _ = write!(text, "<{slash}{tag}>{part}");
        text
    })
}

/// `[words](place)`.
fn linked(text: &str) -> String {
    let Some((before, rest)) = text.split_once('[') else {
        return text.to_owned();
    };
    match rest.split_once("](").and_then(|(words, rest)| {
        let (place, after) = rest.split_once(')')?;
        Some((words, place, after))
    }) {
        Some((words, place, after)) => {
            format!("{before}<a href=\"{place}\">{words}</a>{}", linked(after))
        }
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks() -> Vec<Block> {
        vec![
            Block::Title("Benchmarks"),
            Block::Words("`a < b` is **1.5** in [peers.md](peers.md).".into()),
            Block::Table {
                head: vec!["name", "ratio"],
                rows: vec![vec!["one".into(), "**2**".into()]],
            },
            Block::Plot {
                title: "Throughput".into(),
                file: "t.svg".into(),
                svg: "<svg/>".into(),
            },
            Block::Commands(vec!["run a".into(), "run b > c".into()]),
        ]
    }

    #[test]
    fn a_page_is_the_same_in_markdown_and_in_html() {
        let text = markdown(&blocks());
        let expected = "# Benchmarks\n\n`a < b` is **1.5** in [peers.md](peers.md).\n\n\
            | name | ratio |\n|---|---|\n| one | **2** |\n\n![Throughput](benchmarks/t.svg)\n\n\
            ```sh\nrun a\nrun b > c\n```\n";
        assert_eq!(text, expected);
        let page = html(&blocks());
        for part in [
            "<p><code>a &lt; b</code> is <strong>1.5</strong> in <a href=\"peers.md\">peers.md</a>.</p>",
            "<tr><th>name</th><th>ratio</th></tr><tr><td>one</td><td><strong>2</strong></td></tr>",
            "<figure><svg/></figure>",
            "<pre>run a\nrun b &gt; c</pre>",
        ] {
            assert!(page.contains(part), "{part} is not in {page}");
        }
    }
}
