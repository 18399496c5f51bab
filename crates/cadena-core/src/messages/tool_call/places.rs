//! The positions of the calls in a sum, so that a piece finds its call without a look at every one.

use std::collections::{HashMap, VecDeque};

use super::ToolCallChunk;
use crate::{Merge, Result};

/// From this number of calls on a table pays for itself. Nearly every answer has fewer calls.
const TABLE_FROM: usize = 64;

/// The table of a sum with many calls; a sum with few calls has no table.
///
/// The table belongs to a sum as [`merge_tool_call_chunks`] made it: it is built again if pieces were added to the list or taken out of it, and a
/// position that it returns is compared with the piece at that position.
#[derive(Default)]
pub(crate) struct Places(Option<Box<Table>>);

/// A copy builds its own table when it needs one.
impl Clone for Places {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// The table follows from the pieces, so it distinguishes no two sums.
impl PartialEq for Places {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Places {
    fn table_of(&mut self, calls: &[ToolCallChunk]) -> &mut Table {
        let table = self.0.get_or_insert_default();
        if table.len != calls.len() {
            **table = Table::default();
            (0..).zip(calls).for_each(|(at, call)| table.insert(at, call));
            table.len = calls.len();
        }
        table
    }
}

#[derive(Default)]
struct Table {
    len: usize,
    slots: HashMap<i64, Slot>,
}

/// The calls with one index, by position.
#[derive(Default)]
struct Slot {
    first: Option<usize>,
    /// In ascending order. Only the front can get an id, as a piece with an id never continues another call of these.
    without_id: VecDeque<usize>,
    /// The first call with each id.
    by_id: HashMap<String, usize>,
}

impl Table {
    /// The position of the call that a piece continues.
    fn find(&self, piece: &ToolCallChunk) -> Option<usize> {
        let slot = self.slots.get(&piece.index?)?;
        match piece.known_id() {
            None => slot.first,
            Some(id) => slot
                .by_id
                .get(id)
                .into_iter()
                .chain(slot.without_id.front())
                .min()
                .copied(),
        }
    }

    /// Records a call that was added, or that another piece was appended to.
    fn insert(&mut self, at: usize, call: &ToolCallChunk) {
        let Some(index) = call.index else { return };
        let slot = self.slots.entry(index).or_default();
        slot.first.get_or_insert(at);
        match call.known_id() {
            None if slot.without_id.back().is_none_or(|last| *last < at) => slot.without_id.push_back(at),
            None => {}
            Some(id) => {
                if slot.without_id.front() == Some(&at) {
                    slot.without_id.pop_front();
                }
                match slot.by_id.get_mut(id) {
                    Some(first) => *first = at.min(*first), // A call that gets its id late may stand before others with it.
                    None => drop(slot.by_id.insert(id.to_owned(), at)),
                }
            }
        }
    }
}

/// Adds pieces to the calls that they continue; every other piece begins a call.
///
/// All pieces are added before the first error is returned, so that a conflict in one loses nothing of the others.
pub(crate) fn merge_tool_call_chunks(
    left: &mut Vec<ToolCallChunk>,
    right: Vec<ToolCallChunk>,
    places: &mut Places,
) -> Result<()> {
    // Most chunks of a stream are text.
    if right.is_empty() {
        return Ok(());
    }
    let mut result = Ok(());
    let is_long = left.len() + right.len() >= TABLE_FROM;
    for piece in right {
        let mut table = is_long.then(|| places.table_of(left));
        let found = match &table {
            Some(table) => table.find(&piece),
            None => left.iter().position(|call| call.continues_in(&piece)),
        };
        let open = found.and_then(|at| Some((at, left.get_mut(at).filter(|call| call.continues_in(&piece))?)));
        let at = match open {
            Some((at, call)) => {
                result = result.and(call.append(piece));
                at
            }
            None => {
                left.push(piece);
                left.len() - 1
            }
        };
        if let (Some(table), Some(call)) = (&mut table, left.get(at)) {
            table.insert(at, call);
            table.len = left.len();
        }
    }
    result
}

impl ToolCallChunk {
    /// Whether `next` is another piece of this call: the same index, and no two different ids.
    fn continues_in(&self, next: &Self) -> bool {
        let same_id = match (self.known_id(), next.known_id()) {
            (Some(own), Some(next)) => own == next,
            _ => true,
        };
        self.index.is_some() && self.index == next.index && same_id
    }

    fn known_id(&self) -> Option<&str> {
        self.id.as_deref().filter(|id| !id.is_empty())
    }

    fn append(&mut self, next: Self) -> Result<()> {
        // Name every field: a new one must not compile before it has a rule.
        let Self {
            name,
            args,
            id,
            index: _,
            kind,
            extra,
            error,
        } = next;
        self.name.merge(name)?;
        self.args.merge(args)?;
        self.kind = self.kind.or(kind);
        if self.id.as_deref().is_none_or(str::is_empty) {
            self.id = id.or(self.id.take());
        }
        self.error = error.or(self.error.take());
        self.extra.merge(extra)
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// Adds the pieces one by one, and looks at every call for each of them.
    fn by_scan(mut calls: Vec<ToolCallChunk>, pieces: &[ToolCallChunk]) -> Vec<ToolCallChunk> {
        for piece in pieces.iter().cloned() {
            match calls.iter_mut().find(|call| call.continues_in(&piece)) {
                Some(call) => call.append(piece).unwrap(),
                None => calls.push(piece),
            }
        }
        calls
    }

    fn piece() -> impl Strategy<Value = ToolCallChunk> {
        let id = prop_oneof![Just(None), Just(Some(String::new())), "[a-c]".prop_map(Some)];
        (prop::option::weighted(0.9, 0..40_i64), id, "[x-z]").prop_map(|(index, id, args)| ToolCallChunk {
            index,
            id,
            args: Some(args),
            ..ToolCallChunk::default()
        })
    }

    proptest! {
        #[test]
        fn the_table_joins_what_a_scan_joins(
            by_hand in vec(piece(), 0..60),
            events in vec(vec(piece(), 0..100), 0..6),
        ) {
            let (mut sum, mut places) = (by_hand.clone(), Places::default());
            for event in &events {
                merge_tool_call_chunks(&mut sum, event.clone(), &mut places).unwrap();
            }
            prop_assert_eq!(sum, by_scan(by_hand, &events.concat()));
        }
    }

    #[test]
    fn a_list_that_was_changed_by_hand_gets_a_new_table() {
        let many: Vec<_> = (0..100).map(|at| ToolCallChunk::new(at).with_args("a")).collect();
        let (mut sum, mut places) = (Vec::new(), Places::default());
        merge_tool_call_chunks(&mut sum, many, &mut places).unwrap();
        sum.remove(10);
        merge_tool_call_chunks(&mut sum, vec![ToolCallChunk::new(50).with_args("b")], &mut places).unwrap();
        assert_eq!((sum.len(), sum[49].args.as_deref()), (99, Some("ab")));
    }

    #[test]
    fn a_conflict_in_one_piece_keeps_the_pieces_after_it() {
        let strange = |value: serde_json::Value| {
            let mut piece = ToolCallChunk::new(0);
            piece.extra.insert("x", value);
            piece
        };
        let (mut sum, mut places) = (vec![strange(1.into())], Places::default());
        let next = vec![strange("one".into()), ToolCallChunk::new(1).with_args("kept")];
        assert!(merge_tool_call_chunks(&mut sum, next, &mut places).is_err());
        assert_eq!(sum[1].args.as_deref(), Some("kept"));
    }
}
