//! [`Group`]: a named part of a graph, drawn as a box around its nodes.

/// A named part of a graph.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Group {
    pub(super) name: String,
    /// The part that holds it, which may come before or after it in the list of groups.
    pub(super) parent: Option<GroupId>,
}

/// A place in the list of groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct GroupId(pub(super) usize);

impl GroupId {
    pub(super) fn after(self, others: usize) -> Self {
        Self(self.0 + others)
    }
}
