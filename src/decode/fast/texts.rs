//! The output fields that columns are made of.

use crate::model::Columns;

/// A field that has a column, or may stand in for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    ContainerId,
    ContainerName,
    ImageRepository,
    Image,
    Namespace,
    MetaNamespace,
    AuditNamespace,
    Pod,
    MetaPod,
    AuditPod,
    Process,
}

impl Column {
    pub const COUNT: usize = 11;

    pub fn of(key: &[u8]) -> Option<Self> {
        Some(match key {
            b"container.id" => Self::ContainerId,
            b"container.name" => Self::ContainerName,
            b"container.image.repository" => Self::ImageRepository,
            b"container.image" => Self::Image,
            b"k8s.ns.name" => Self::Namespace,
            b"k8smeta.ns.name" => Self::MetaNamespace,
            b"ka.target.namespace" => Self::AuditNamespace,
            b"k8s.pod.name" => Self::Pod,
            b"k8smeta.pod.name" => Self::MetaPod,
            b"ka.target.pod.name" => Self::AuditPod,
            b"proc.name" => Self::Process,
            _ => return None,
        })
    }
}

/// The texts of such fields, known to be UTF-8; none where a record does not know.
#[derive(Default)]
pub(super) struct Texts<'a>([Option<&'a [u8]>; Column::COUNT]);

impl<'a> Texts<'a> {
    /// Keeps a text under the number of its column.
    #[inline]
    pub fn put(&mut self, column: usize, text: &'a [u8]) -> Option<()> {
        *self.0.get_mut(column)? = Some(text);
        Some(())
    }

    pub fn get(&self, column: Column) -> Option<&'a [u8]> {
        self.0.get(column as usize).copied().flatten()
    }

    /// The columns that these texts say.
    #[inline]
    pub fn columns(&self) -> Columns<'a, [u8]> {
        let full = |column: Column| self.get(column).filter(|text| !text.is_empty());
        let first = |columns: [Column; 3]| columns.into_iter().find_map(full);
        Columns {
            container_id: self.get(Column::ContainerId),
            container_name: self.get(Column::ContainerName),
            image: self.get(Column::ImageRepository).or_else(|| self.get(Column::Image)),
            namespace: first([Column::Namespace, Column::MetaNamespace, Column::AuditNamespace]),
            pod: first([Column::Pod, Column::MetaPod, Column::AuditPod]),
            process: self.get(Column::Process),
            ..Columns::default()
        }
    }
}
