//! What a condition asks of an alert: the keys that its getters look up, and no others.

use super::program::{Ask, Ends, Getter, Node, Part, Set, Side, Test, Want};
use super::subject::Own;
use rustc_hash::FxHashSet;

/// The keys of output fields and our own fields that a condition looks at. Whatever else an alert holds does not change
/// the answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    keys: FxHashSet<Box<str>>,
    /// Names asked for with any index: `proc.aname` for `proc.aname[1]`, `proc.aname[2]`…
    indexed: Vec<Box<str>>,
    own: FxHashSet<Own>,
    /// Where answers about `alert.time` may change, in nanoseconds since 1970.
    borders: Vec<i64>,
    /// `alert.time` is compared with something else than times that are written in the condition.
    is_time_free: bool,
}

impl Asked {
    pub(super) fn of(node: &Node) -> Self {
        let mut asked = Self::default();
        asked.node(node);
        asked.borders.sort_unstable();
        asked.borders.dedup();
        asked
    }

    /// Where in time the answer may change, sorted, in nanoseconds since 1970: between two of these (the first one counts,
    /// the second does not) all alerts that are alike otherwise have the same. `None` where that is not known.
    pub fn borders(&self) -> Option<&[i64]> {
        (!self.is_time_free).then_some(&*self.borders)
    }

    /// The output fields that are looked at; `None` where names are asked for with any index.
    pub fn keys(&self) -> Option<impl Iterator<Item = &str>> {
        self.indexed.is_empty().then(|| self.keys.iter().map(|key| &**key))
    }

    /// Whether an output field is looked at.
    pub fn field(&self, key: &str) -> bool {
        self.keys.contains(key)
            || self
                .indexed
                .iter()
                .any(|name| key.strip_prefix(&**name).is_some_and(|rest| rest.starts_with('[')))
    }

    /// Whether one of our own fields is looked at.
    pub fn own(&self, own: Own) -> bool {
        self.own.contains(&own)
    }

    fn node(&mut self, node: &Node) {
        match node {
            Node::All(nodes) | Node::Any(nodes) => nodes.iter().for_each(|node| self.node(node)),
            Node::Not(node) => self.node(node),
            Node::Macro(node) => self.node(node),
            Node::Test(test) if matches!(test.get, Getter::Own(Own::Time)) => {
                self.own.insert(Own::Time);
                self.time(test);
            }
            Node::Test(test) => {
                self.getter(&test.get);
                if let Ask::Same(_, _, getter) = &test.ask {
                    self.getter(getter);
                }
            }
            Node::Never => {}
        }
    }

    fn time(&mut self, test: &Test) {
        match &test.ask {
            Ask::Exists => {}
            Ask::One(_, want) => self.border(want),
            Ask::Member { set: Set::Wants(wants), .. } => {
                wants.iter().for_each(|want| self.border(want));
            }
            Ask::Quantified(_, wants) => wants.iter().for_each(|(_, want)| self.border(want)),
            Ask::Same(_, _, getter) => {
                self.is_time_free = true;
                self.getter(getter);
            }
            Ask::Member { .. } | Ask::Under(_) => self.is_time_free = true,
        }
    }

    fn border(&mut self, want: &Want) {
        let Want::Time(stretch) = want else {
            self.is_time_free = true;
            return;
        };
        // What is asked is whether a time lies before, at or after each of both ends.
        for at in [stretch.from, stretch.to] {
            let nanos = at.as_nanosecond();
            for border in [nanos, nanos + 1] {
                let clamped = border.clamp(i64::MIN.into(), i64::MAX.into());
                self.borders.extend(i64::try_from(clamped));
            }
        }
    }

    fn getter(&mut self, getter: &Getter) {
        match getter {
            Getter::Field(lookup) => {
                self.keys.insert(lookup.key.clone());
                self.keys.extend(lookup.other.clone());
            }
            Getter::Own(own) => {
                self.is_time_free |= *own == Own::Time;
                self.own.insert(*own);
            }
            Getter::Ancestors(name, parent) => {
                self.keys.insert(name.clone());
                self.keys.extend(parent.map(Box::from));
                self.indexed.push(name.clone());
            }
            Getter::Ends(ends) => {
                let keys: &[&str] = match ends {
                    Ends::Addresses => &["fd.cip", "fd.sip", "fd.lip", "fd.rip"],
                    Ends::Ports => &["fd.cport", "fd.sport", "fd.lport", "fd.rport"],
                    Ends::Side(Side::Client) => &["fd.cip"],
                    Ends::Side(Side::Server) => &["fd.sip"],
                    Ends::Side(Side::Local) => &["fd.lip"],
                    Ends::Side(Side::Remote) => &["fd.rip"],
                };
                self.keys.extend(keys.iter().chain(&["fd.name"]).map(|key| Box::from(*key)));
            }
            Getter::Transform(_, parts, _) => {
                for part in parts {
                    if let Part::Get(getter) = part {
                        self.getter(getter);
                    }
                }
            }
        }
    }
}
