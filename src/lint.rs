//! Tells good advice from bad: finds the commands, snippets and claims in a text and judges each by rules.
//!
//! The rules and what they say are a table (`lint/rules.tsv`); what they match is code, by scope: one command, a snippet
//! in a language of its own, the order of a plan, prose. Nothing found is ever run.

mod shell;
