//! The shape of the catalogue: every command the program can offer, once, with its variants and what it needs.
//!
//! Files are `playbooks/commands/*.yaml`; one of them, `inputs.yaml`, holds the typed placeholders.

use super::clause::Pattern;
use super::outcome::{Phase, Risk};
use super::quote::placeholder;
use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use std::marker::PhantomData;

/// A map that keeps the order of the file.
#[derive(Clone, Debug)]
pub struct Ordered<V>(pub Vec<(String, V)>);

/// One file of the catalogue.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogueFile {
    #[serde(default)]
    pub inputs: Ordered<Input>,
    /// Texts that several commands have in common: `@NAME@` in a command stands for the text, with its own placeholders.
    #[serde(default)]
    pub parts: Ordered<String>,
    #[serde(default)]
    pub commands: Vec<Command>,
}

/// A typed placeholder `@NAME@`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// A regular expression that the whole value must match.
    pub pattern: Pattern,
    /// A second look that a pattern cannot take.
    #[serde(default)]
    pub check: Option<Check>,
    /// How the value is written. `plain` values hold only characters that no shell, quote or program reads
    /// (letters, digits and `._:/@%+,=-`) and may stand anywhere; `quoted` values are quoted and may only stand outside quotes.
    pub write: Write,
    /// Falco fields that hold it, best first; empty when the program works it out (times, the case's name).
    #[serde(default)]
    pub from: Vec<String>,
    /// Commands that find it when the alert lacks it.
    #[serde(default)]
    pub find: Vec<String>,
    /// What it is, in words: `the host's process id (proc.pid)`.
    pub what: String,
    /// A value for tests and docs.
    pub example: String,
}

/// A check beyond the pattern.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// An address that may be blocked: never loopback, unspecified, link-local, metadata, multicast or a resolver's.
    RemoteAddress,
    /// Any unicast address.
    Address,
    /// An absolute path without `..` and without control characters.
    Path,
    /// A path as above, of a file that the system starts and lets people in without.
    LoosePath,
    /// 1 to 65535.
    Port,
    /// An account of a person or a service, never root.
    Account,
}

/// How a value is written into a command.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Write {
    Plain,
    Quoted,
}

/// One command with its variants.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    pub id: String,
    pub phase: Phase,
    /// What a person does with it, as an order of a few words: `Save the running executable`.
    #[serde(default)]
    pub title: Option<String>,
    /// What it gives or does, and what to know of it.
    pub what: String,
    pub risk: Risk,
    /// How to take it back: one text for all variants, or one for each; absent for what needs no taking back.
    #[serde(default)]
    pub undo: Option<PerVariant>,
    /// `none`, `docker-group` (as good as root), `root`, `k8s:VERB RESOURCE`, `cloud:…`: one for all, or one for each variant.
    #[serde(rename = "priv")]
    pub privilege: PerVariant,
    /// Commands that must come before it.
    #[serde(default)]
    pub requires: Vec<String>,
    /// What is looked at before it is offered.
    #[serde(default)]
    pub guards: Vec<Guard>,
    /// Inputs it finds.
    #[serde(default)]
    pub finds: Vec<String>,
    /// Runtime word to command; the order is the order of preference where several fit.
    pub variants: Ordered<String>,
    /// Runtimes that cannot do it, and why.
    #[serde(default)]
    pub unavailable: Ordered<String>,
    #[serde(default)]
    pub note: Option<String>,
}

/// One text for all variants or one for each.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum PerVariant {
    All(String),
    Each(Ordered<String>),
}

impl Command {
    /// The order a person reads: its title, or what it does where it has none.
    pub fn title(&self) -> String {
        let text = self.title.as_deref().unwrap_or(&self.what);
        let mut chars = text.chars();
        let first = chars.next().map(char::to_uppercase).into_iter().flatten();
        first.chain(chars).collect()
    }

    /// Puts the texts that commands have in common where variants and undos name them; what such a text holds itself is left
    /// as it is, and so is the name of an input. Gives the names of those that were put in.
    pub fn put_in<'p>(
        &mut self,
        parts: &'p [(String, String)],
        inputs: &[(String, Input)],
    ) -> Vec<&'p str> {
        let is_input = |part: &str| inputs.iter().any(|(input, _)| input == part);
        let mut named = Vec::new();
        let undo: Vec<&mut String> = match &mut self.undo {
            None => Vec::new(),
            Some(PerVariant::All(text)) => vec![text],
            Some(PerVariant::Each(texts)) => texts.0.iter_mut().map(|(_, text)| text).collect(),
        };
        for text in self.variants.0.iter_mut().map(|(_, text)| text).chain(undo) {
            let found = parts
                .iter()
                .filter(|(name, _)| text.contains(&format!("@{name}@")) && !is_input(name));
            let found: Vec<&(String, String)> = found.collect();
            if !found.is_empty() {
                *text = with(text, &found);
                named.extend(found.into_iter().map(|(name, _)| name.as_str()));
            }
        }
        named
    }
}

/// A text with others put in where it names them.
fn with(text: &str, parts: &[&(String, String)]) -> String {
    let mut made = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        let (before, from) = rest.split_at(at);
        made.push_str(before);
        let part = placeholder(from).and_then(|(name, after)| {
            parts.iter().find(|(known, _)| known == name).map(|(_, part)| (part.as_str(), after))
        });
        let (put, after) = part.unwrap_or_else(|| from.split_at(1));
        made.push_str(put);
        rest = after;
    }
    made.push_str(rest);
    made
}

impl PerVariant {
    /// The text for a variant.
    pub fn of(&self, variant: &str) -> Option<&str> {
        match self {
            Self::All(text) => Some(text),
            Self::Each(texts) => texts.get(variant).map(String::as_str),
        }
    }
}

/// What makes a containing command wrong for an alert.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Guard {
    /// Works on a network namespace that must not be the host's.
    HostNetwork,
    /// Must not be done to kube-system, CNI, CSI, kube-proxy and the like.
    Platform,
    /// Loses the file system of a container that was started with `AutoRemove`.
    AutoRemove,
    /// A paused container fails its liveness probe.
    Liveness,
    /// Needs a container, not a host process.
    Container,
    /// Works on a file of the host by the alert's path: wrong for a path inside a container.
    HostFile,
    /// Acts on an account of the host: wrong for a name inside a container.
    HostAccount,
    /// Acts on the node as a whole.
    Node,
}

impl<V> Ordered<V> {
    /// The value under a key.
    pub fn get(&self, key: &str) -> Option<&V> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// Keys and values in the file's order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &V)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

impl<V> Default for Ordered<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Ordered<V> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<V>(PhantomData<V>);

        impl<'de, V: Deserialize<'de>> Visitor<'de> for Members<V> {
            type Value = Ordered<V>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Ordered(members))
            }
        }

        deserializer.deserialize_map(Members(PhantomData))
    }
}
