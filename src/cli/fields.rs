//! `cadge fields [PATTERN]`: what a filter can ask for.

use super::Exit;
use super::args::Fields;
use crate::query::fields::{self, Entry};
use crate::query::nearest;
use crate::report::json;
use crate::text;
use std::io::Write;

/// Lists the fields whose name fits the pattern, else those whose description holds it.
pub fn run(args: &Fields, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let pattern = args.pattern.as_deref().unwrap_or_default().to_ascii_lowercase();
    let mut found: Vec<&Entry> =
        fields::all().iter().filter(|entry| fits(&pattern, entry.name)).collect();
    if found.is_empty() {
        found.extend(
            fields::all().iter().filter(|entry| entry.says.to_ascii_lowercase().contains(&pattern)),
        );
    }
    if found.is_empty() {
        let names = fields::all().iter().map(|entry| entry.name);
        let near = nearest(&pattern, names)
            .map_or(String::new(), |near| format!("; did you mean {near}?"));
        super::say(&format!("no field we know holds {pattern}{near}"));
    }
    if args.json {
        write_json(&found, out)?;
    } else {
        write_table(&found, out)?;
    }
    Ok(if found.is_empty() { Exit::NothingMatched } else { Exit::Done })
}

/// A pattern with `*` or `?` fits the whole name, any other a part of it.
fn fits(pattern: &str, name: &str) -> bool {
    let bare = pattern.split('[').next().unwrap_or(pattern);
    if bare.contains(['*', '?']) {
        return crate::query::glob(bare, &name.to_ascii_lowercase());
    }
    name.to_ascii_lowercase().contains(bare)
}

/// What the brackets take; a question mark where they can be left out.
fn brackets(entry: &Entry) -> String {
    use fields::Takes;
    let inside = match entry.argument {
        Takes::Nothing => return String::new(),
        Takes::Index => "n",
        Takes::Key => "key",
        Takes::Any => "n or key",
    };
    format!("[{inside}]{}", if entry.required { "" } else { "?" })
}

fn write_table(found: &[&Entry], out: &mut dyn Write) -> std::io::Result<()> {
    let widest =
        |of: fn(&Entry) -> usize| found.iter().map(|entry| of(entry)).max().unwrap_or_default();
    let names = widest(|entry| text::width(entry.name));
    let inside = widest(|entry| brackets(entry).len());
    let types = widest(|entry| entry.kind.name().len());
    for entry in found {
        let gap = if inside > 0 { "  " } else { "" };
        let (brackets, kind) = (brackets(entry), entry.kind.name());
        writeln!(
            out,
            "{:names$}{gap}{brackets:inside$}  {kind:types$}  {}",
            entry.name, entry.says
        )?;
    }
    Ok(())
}

fn write_json(found: &[&Entry], out: &mut dyn Write) -> std::io::Result<()> {
    let mut text = String::from("[");
    for (n, entry) in found.iter().enumerate() {
        text.push_str(if n == 0 { "\n" } else { ",\n" });
        let members = [
            ("name", entry.name),
            ("type", entry.kind.name()),
            ("falco_type", entry.falco_type),
            ("argument", entry.argument.name()),
            ("owner", entry.owner),
            ("description", entry.says),
        ];
        text.push('{');
        for (key, value) in members {
            json::string(&mut text, key);
            text.push(':');
            json::string(&mut text, value);
            text.push(',');
        }
        let _ = std::fmt::Write::write_fmt(
            &mut text,
            format_args!(
                "\"argument_required\":{},\"filter_only\":{}}}",
                entry.required, entry.filter_only
            ),
        );
    }
    text.push_str("\n]\n");
    out.write_all(text.as_bytes())
}
