//! Groups as a tree of a few levels over the cells, counted as rows come.

use super::cells::{Cells, Stat};
use super::names::{Cell, CellId, Names, Place, Sym};
use crate::model::Level;
use rustc_hash::FxHashMap;

/// By what alerts are grouped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Grouping {
    #[default]
    RuleContainer,
    ContainerRule,
    /// Hostname, then rule, then container.
    Host,
    /// Namespace, then pod, then rule.
    NamespacePod,
    /// No groups: alerts by time.
    Flat,
}

impl Grouping {
    pub const ALL: [Self; 5] =
        [Self::RuleContainer, Self::ContainerRule, Self::Host, Self::NamespacePod, Self::Flat];

    /// The word used in commands and on the screen.
    pub fn name(self) -> &'static str {
        match self {
            Self::RuleContainer => "rule",
            Self::ContainerRule => "container",
            Self::Host => "host",
            Self::NamespacePod => "namespace",
            Self::Flat => "time",
        }
    }
}

/// A place in a [`Tree`]; stays the same while the tree grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

/// What the alerts of a node have in common besides what their parents have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    Rule(Sym),
    /// By id; an empty id and `host` are ids like others.
    Container(Sym),
    /// A container without an id, by name.
    ContainerName(Sym),
    /// Neither id nor name of a container.
    NoContainer,
    Host(Sym),
    Namespace(Sym),
    Pod(Sym),
    /// Places beyond the number that is kept apart.
    Beyond,
}

/// One group.
#[derive(Clone, Debug)]
pub struct Node {
    pub key: Key,
    pub parent: Option<NodeId>,
    /// 0 for the roots.
    pub depth: usize,
    pub children: Vec<NodeId>,
    pub stat: Stat,
    /// The place most recently seen in this group; names the container where the key is its id.
    pub place: Place,
    cells: Vec<CellId>,
}

/// All groups of one grouping.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    grouping: Grouping,
    nodes: Vec<Node>,
    roots: Vec<NodeId>,
    index: FxHashMap<(Option<NodeId>, Key), NodeId>,
    leaves: FxHashMap<CellId, Leaf>,
    /// Innermost groups with alerts.
    n_leaves: usize,
}

/// The leaf of a cell, and how many of its alerts and assessments are counted in it.
#[derive(Clone, Copy, Debug)]
struct Leaf {
    node: NodeId,
    counted: u32,
    assessed: u32,
}

impl Tree {
    pub fn new(grouping: Grouping) -> Self {
        Self { grouping, ..Self::default() }
    }

    pub fn grouping(&self) -> Grouping {
        self.grouping
    }

    /// How many groups there are on all levels, empty ones too.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// How many innermost groups have alerts.
    pub fn n_leaves(&self) -> usize {
        self.n_leaves
    }

    /// The top level, in the order of appearance.
    pub fn roots(&self) -> &[NodeId] {
        &self.roots
    }

    pub fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id.0 as usize)
    }

    /// All groups, parents before children.
    pub fn iter(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        self.nodes.iter().enumerate().map(|(at, node)| (id(at), node))
    }

    /// The group that an alert of this cell lies in, innermost.
    pub fn leaf(&self, cell: CellId) -> Option<NodeId> {
        self.leaves.get(&cell).map(|leaf| leaf.node)
    }

    /// The texts of a node's keys from the root down, `None` where Falco did not know; they find the node again in
    /// another tree of the same grouping.
    pub fn path(&self, node: NodeId) -> Vec<Key> {
        let mut keys = Vec::new();
        let mut at = Some(node);
        while let Some(node) = at.and_then(|id| self.node(id)) {
            keys.push(node.key);
            at = node.parent;
        }
        keys.reverse();
        keys
    }

    /// The node with these keys from the root down.
    pub fn find(&self, path: &[Key]) -> Option<NodeId> {
        path.iter()
            .try_fold(None, |parent, key| self.index.get(&(parent, *key)).map(|id| Some(*id)))
            .flatten()
    }

    /// How many innermost groups with alerts lie in a node, itself included.
    pub fn n_leaves_under(&self, node: NodeId) -> usize {
        let Some(node) = self.node(node) else { return 0 };
        if node.children.is_empty() {
            return usize::from(node.stat.count > 0);
        }
        node.children.iter().map(|child| self.n_leaves_under(*child)).sum()
    }

    /// The cells counted in a node and below it.
    pub fn cells_under(&self, node: NodeId) -> Vec<CellId> {
        let mut cells = Vec::new();
        let mut todo = vec![node];
        while let Some(node) = todo.pop().and_then(|id| self.node(id)) {
            cells.extend_from_slice(&node.cells);
            todo.extend_from_slice(&node.children);
        }
        cells
    }

    /// Takes over the groups that `whole` has beyond ours, under the same numbers and with nothing counted.
    ///
    /// Ours must be the first of its groups: those of a tree that was grown by this alone.
    pub(super) fn follow(&mut self, whole: &Self) {
        self.grouping = whole.grouping;
        for node in whole.nodes.iter().skip(self.nodes.len()) {
            self.add(node.key, node.parent, node.depth);
        }
    }

    /// Brings the counts of these cells up to date.
    pub(super) fn count(&mut self, touched: &[CellId], cells: &Cells, names: &Names) {
        if self.grouping == Grouping::Flat {
            return;
        }
        if self.nodes.is_empty() {
            // What a filter leaves comes in few pieces.
            self.leaves.reserve(touched.len());
        }
        for id in touched {
            let (Some(stat), Some(cell)) = (cells.get(*id), names.cell(*id)) else { continue };
            let Leaf { node, counted, assessed } = match self.leaves.get(id) {
                Some(leaf) => *leaf,
                None => Leaf { node: self.plant(*id, cell, names), counted: 0, assessed: 0 },
            };
            self.leaves.insert(*id, Leaf { node, counted: stat.count, assessed: stat.assessed });
            let was_empty = self.node(node).is_some_and(|node| node.stat.count == 0);
            self.n_leaves += usize::from(was_empty && stat.count > 0);
            let more = stat.count - counted;
            let more_assessed = stat.assessed.saturating_sub(assessed);
            self.climb(node, |node| {
                node.stat.assess(stat.level, more_assessed);
                node.stat.count += more;
                node.stat.fresh += if counted == 0 { stat.fresh } else { more };
                node.stat.span(stat.first, stat.last);
                node.stat.urgent(stat.priority);
                if stat.newest >= node.stat.newest {
                    node.stat.newest = stat.newest;
                    node.place = merged(node.place, cell.place.unwrap_or_default());
                }
            });
        }
    }

    /// Brings the counts of these cells up to date where they may have become less.
    pub(super) fn recount(&mut self, changed: &[CellId], cells: &Cells, names: &Names) {
        if self.grouping == Grouping::Flat {
            return;
        }
        let mut level: Vec<NodeId> = Vec::new();
        for id in changed {
            let Some(cell) = names.cell(*id) else { continue };
            let node = match self.leaves.get(id) {
                Some(leaf) => leaf.node,
                None => self.plant(*id, cell, names),
            };
            let stat = cells.get(*id).copied().unwrap_or_default();
            self.leaves.insert(*id, Leaf { node, counted: stat.count, assessed: stat.assessed });
            if let Some(node) = self.nodes.get_mut(node.0 as usize) {
                node.place = merged(node.place, cell.place.unwrap_or_default());
            }
            level.push(node);
        }
        // From the leaves up: what stands in a group is the sum of what is in it.
        while !level.is_empty() {
            level.sort_unstable();
            level.dedup();
            for id in &level {
                let Some(node) = self.node(*id) else { continue };
                let mut stat = Stat::default();
                node.cells.iter().filter_map(|cell| cells.get(*cell)).for_each(|of| stat.merge(of));
                let children = node.children.iter().filter_map(|child| self.node(*child));
                children.for_each(|child| stat.merge(&child.stat));
                if node.children.is_empty() {
                    self.n_leaves -= usize::from(node.stat.count > 0);
                    self.n_leaves += usize::from(stat.count > 0);
                }
                if let Some(node) = self.nodes.get_mut(id.0 as usize) {
                    node.stat = stat;
                }
            }
            level = level.iter().filter_map(|id| self.node(*id)?.parent).collect();
        }
    }

    pub(super) fn mark_seen(&mut self) {
        for node in &mut self.nodes {
            node.stat.fresh = 0;
        }
    }

    pub(super) fn assess(&mut self, cell: CellId, level: Level, alerts: u32) {
        if let Some(leaf) = self.leaves.get_mut(&cell) {
            leaf.assessed += alerts;
            let node = leaf.node;
            self.climb(node, |node| node.stat.assess(Some(level), alerts));
        }
    }

    fn climb(&mut self, leaf: NodeId, mut each: impl FnMut(&mut Node)) {
        let mut at = Some(leaf);
        while let Some(node) = at.and_then(|id| self.nodes.get_mut(id.0 as usize)) {
            each(node);
            at = node.parent;
        }
    }

    fn plant(&mut self, id: CellId, cell: &Cell, names: &Names) -> NodeId {
        let mut parent = None;
        let keys = keys(self.grouping, cell, names);
        for (depth, key) in keys.into_iter().flatten().enumerate() {
            let node = match self.index.get(&(parent, key)) {
                Some(node) => *node,
                None => self.add(key, parent, depth),
            };
            parent = Some(node);
        }
        let leaf = parent.unwrap_or(NodeId(0));
        if let Some(node) = self.nodes.get_mut(leaf.0 as usize) {
            node.cells.push(id);
        }
        leaf
    }

    fn add(&mut self, key: Key, parent: Option<NodeId>, depth: usize) -> NodeId {
        let new = id(self.nodes.len());
        let (stat, place) = (Stat::default(), Place::default());
        self.nodes.push(Node {
            key,
            parent,
            depth,
            children: Vec::new(),
            stat,
            place,
            cells: Vec::new(),
        });
        self.index.insert((parent, key), new);
        match parent.and_then(|id| self.nodes.get_mut(id.0 as usize)) {
            Some(parent) => parent.children.push(new),
            None => self.roots.push(new),
        }
        new
    }
}

fn id(at: usize) -> NodeId {
    NodeId(u32::try_from(at).unwrap_or(u32::MAX))
}

/// What a cell's groups have in common, the outermost first.
fn keys(grouping: Grouping, cell: &Cell, names: &Names) -> [Option<Key>; 3] {
    let rule = Some(Key::Rule(cell.rule));
    let container = || Some(container_key(cell.place.as_ref(), names));
    let of = |key: fn(Sym) -> Key, sym: fn(&Place) -> Sym| {
        Some(cell.place.as_ref().map_or(Key::Beyond, |place| key(sym(place))))
    };
    match grouping {
        Grouping::RuleContainer => [rule, container(), None],
        Grouping::ContainerRule => [container(), rule, None],
        Grouping::Host => [of(Key::Host, |place| place.hostname), rule, container()],
        Grouping::NamespacePod => {
            [of(Key::Namespace, |place| place.namespace), of(Key::Pod, |place| place.pod), rule]
        }
        Grouping::Flat => [None; 3],
    }
}

fn container_key(place: Option<&Place>, names: &Names) -> Key {
    let Some(place) = place else { return Key::Beyond };
    match (place.container_id, place.container_name) {
        (Sym(0), Sym(0)) => Key::NoContainer,
        (Sym(0), name) if names.text(name) == Some("") => Key::NoContainer,
        (Sym(0), name) => Key::ContainerName(name),
        (id, _) => Key::Container(id),
    }
}

/// What is newly known wins; what was known stays.
fn merged(old: Place, new: Place) -> Place {
    let pick = |old: Sym, new: Sym| if new.0 == 0 { old } else { new };
    Place {
        hostname: pick(old.hostname, new.hostname),
        container_id: pick(old.container_id, new.container_id),
        container_name: pick(old.container_name, new.container_name),
        image: pick(old.image, new.image),
        namespace: pick(old.namespace, new.namespace),
        pod: pick(old.pod, new.pod),
    }
}
