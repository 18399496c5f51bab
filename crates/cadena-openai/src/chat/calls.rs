//! The call that a piece belongs to, however a server numbers and names its pieces.

mod arguments;

use std::collections::{BTreeMap, BTreeSet};

use cadena_core::{AIMessageChunk, ToolCallChunk, ToolCallKind};

use super::members::Members;
use arguments::Arguments;

/// The calls of one answer while their pieces come in.
///
/// Chunks add up by the index of their call, and servers send no index, or the same one for every call, repeat the name in every piece, or send the
/// id late. Here the order of the events is known, so every piece that leaves has the index of its call, and nothing that its call knows already.
///
/// A piece belongs to the call that its id names; else to the last call of its index; else, with neither, to the call of the piece before. A new
/// id opens a call, and so does a name after a complete object. A name that is the whole name so far is a repeat; another one goes on with
/// the name, until arguments have begun. So a tool called `haha` cannot come in two pieces `ha`: a server that repeats a name is common, and one that
/// cuts a name into equal halves has not been seen.
#[derive(Debug, Default)]
pub(super) struct OpenCalls {
    calls: Vec<OpenCall>,
    by_id: BTreeMap<String, usize>,
    /// The last call of each index, as the server numbers them.
    by_index: BTreeMap<i64, usize>,
    /// The indices that chunks have had.
    taken: BTreeSet<i64>,
    /// Below it all are taken.
    free: i64,
    /// The call of the last piece.
    last: Option<usize>,
    /// The index that the server gave the last piece that had one, if that piece belongs to `last`.
    last_index: Option<i64>,
    /// Calls that have no arguments, or have some by now.
    bare: Vec<usize>,
    /// The indices of calls that must not run, and why, until the next chunk carries it.
    doubtful: Vec<(i64, &'static str)>,
    /// How many events have brought pieces.
    events: u64,
}

#[derive(Debug, Default)]
struct OpenCall {
    /// The index that its pieces leave with.
    index: i64,
    /// The index that the server gave it.
    numbered: Option<i64>,
    id: Option<String>,
    name: String,
    arguments: Arguments,
    kind: ToolCallKind,
    /// The last event that has named it.
    named_in: u64,
    /// Whether its name has come again, without arguments, after it was complete: another call of the tool, if arguments follow.
    again: bool,
    /// Whether it was opened within the arguments of another call, so that what it has may belong there.
    is_broken: bool,
    members: Members,
}

impl OpenCalls {
    /// Gives the pieces of one event their calls, and joins those of one call.
    pub(super) fn arrange(&mut self, pieces: &mut Vec<ToolCallChunk>) {
        self.events += 1;
        for piece in pieces.iter_mut() {
            self.place(piece);
        }
        let doubtful = std::mem::take(&mut self.doubtful).into_iter();
        pieces.extend(doubtful.map(|(index, reason)| ToolCallChunk::new(index).with_error(reason)));
        if pieces.len() > 1 {
            join(pieces);
        }
    }

    fn place(&mut self, piece: &mut ToolCallChunk) {
        if let Some(call) = self.of_index(piece).and_then(|at| self.calls.get_mut(at)) {
            call.name_again(piece);
        }
        let found = self.find(piece);
        let goes_on = |at: &usize| {
            self.calls
                .get(*at)
                .is_some_and(|call| call.goes_on_with(piece, self.events))
        };
        let at = match found.filter(goes_on) {
            Some(at) => at,
            None => {
                self.doubt_beginnings([found, self.last], piece);
                let left = found.and_then(|at| self.calls.get(at));
                let is_broken = left.is_some_and(|left| left.breaks(piece));
                self.open(piece, is_broken)
            }
        };
        let is_another = self.last.replace(at) != Some(at);
        match piece.index {
            // Nearly every piece goes on with the call of the one before.
            Some(index) if is_another || self.last_index != Some(index) => {
                self.by_index.insert(index, at);
                self.last_index = Some(index);
            }
            Some(_) => {}
            None if is_another => self.last_index = None,
            None => {}
        }
        if let Some(id) = known(piece.id.as_deref())
            && self.by_id.get(id) != Some(&at)
        {
            self.by_id.insert(id.to_owned(), at);
        }
        let Some(call) = self.calls.get_mut(at) else { return };
        let strays = call.is_complete() && !is_blank(piece);
        call.take(piece, self.events);
        if strays && piece.args.is_some() {
            self.doubt_bare();
        }
    }

    /// Makes those of these calls invalid whose name may go on in a piece that opens a call.
    fn doubt_beginnings(&mut self, of: [Option<usize>; 2], piece: &ToolCallChunk) {
        let calls = of.into_iter().flatten().filter_map(|at| self.calls.get(at));
        let beginnings = calls.filter(|call| call.may_begin(piece, self.events));
        let reason = "another name followed before any arguments";
        self.doubtful.extend(beginnings.map(|call| (call.index, reason)));
    }

    /// Makes the calls invalid that have no arguments, as some came for a call that was complete.
    fn doubt_bare(&mut self) {
        for at in std::mem::take(&mut self.bare) {
            if let Some(call) = self.calls.get(at).filter(|call| call.is_bare()) {
                let reason = "arguments followed that belong to no call, and this call has none";
                self.doubtful.push((call.index, reason));
            }
        }
    }

    /// The call that a piece names: by its id, else by its index, else as the call of the piece before.
    fn find(&self, piece: &ToolCallChunk) -> Option<usize> {
        let of_index = self.of_index(piece);
        let Some(id) = known(piece.id.as_deref()) else {
            return of_index;
        };
        let id_at = |at: usize| self.calls.get(at).and_then(|call| call.id.as_deref());
        // Some servers send one id for several calls, which differ by their indices.
        let named = of_index
            .filter(|at| id_at(*at) == Some(id))
            .or_else(|| self.by_id.get(id).copied());
        // An id may come late.
        named.or_else(|| of_index.filter(|at| id_at(*at).is_none()))
    }

    fn of_index(&self, piece: &ToolCallChunk) -> Option<usize> {
        match piece.index {
            Some(index) if self.last_index != Some(index) => self.by_index.get(&index).copied(),
            _ => self.last,
        }
    }

    /// Opens a call with an index that no other one has. A broken one must not run.
    fn open(&mut self, piece: &ToolCallChunk, is_broken: bool) -> usize {
        let at = self.calls.len();
        let index = piece.index.filter(|index| !self.taken.contains(index));
        let index = index.unwrap_or_else(|| {
            while self.taken.contains(&self.free) {
                self.free += 1;
            }
            self.free
        });
        self.taken.insert(index);
        self.bare.push(at);
        if is_broken {
            self.doubtful
                .push((index, "another name came within the arguments of a call"));
        }
        if piece.index.is_none() {
            // A server that numbers only later pieces counts as we do.
            self.by_index.entry(index).or_insert(at);
        }
        self.calls.push(OpenCall {
            index,
            numbered: piece.index,
            is_broken,
            ..OpenCall::default()
        });
        at
    }
}

/// Joins the pieces of each call, as adding them to an empty chunk does.
fn join(pieces: &mut Vec<ToolCallChunk>) {
    let mut event = AIMessageChunk::default();
    event.tool_call_chunks = std::mem::take(pieces);
    let mut sum = AIMessageChunk::default();
    sum += event;
    *pieces = sum.tool_call_chunks;
}

impl OpenCall {
    /// Gives a piece the name that came before it, if that opened another call of the same tool.
    fn name_again(&mut self, piece: &mut ToolCallChunk) {
        let has_other_id = self.id.is_some() && known(piece.id.as_deref()).is_some() && piece.id != self.id;
        if self.again && known(piece.name.as_deref()).is_none() && (has_other_id || !is_blank(piece)) {
            self.again = false;
            piece.name = Some(self.name.clone());
        }
    }

    /// Whether a piece that names this call is a piece of it, and does not open the next one.
    fn goes_on_with(&self, piece: &ToolCallChunk, event: u64) -> bool {
        let is_named_by_id = self.id.is_some() && piece.id == self.id;
        let brings_id = self.id.is_none() && known(piece.id.as_deref()).is_some();
        let Some(name) = known(piece.name.as_deref()) else {
            return !brings_id || is_blank(piece) || !self.is_complete();
        };
        let repeats = name == self.name;
        if self.is_complete() {
            return repeats && (is_blank(piece) || self.has_come_whole(piece));
        }
        if self.have_begun() {
            // A call that nothing has named yet may get its id and its name after its first arguments.
            let is_nameless = self.name.is_empty() && self.id.is_none();
            return repeats || is_nameless || (is_named_by_id && !self.name.is_empty());
        }
        // Two names in one event are two calls, unless they have one id: no server cuts a name and sends its pieces at once.
        let is_same = is_named_by_id && piece.index == self.numbered;
        repeats || self.name.is_empty() || self.named_in != event || is_same
    }

    /// Whether this may be the beginning of the name that a piece goes on with, although the piece opens a call. Without arguments it would run,
    /// if it is the name of another tool.
    fn may_begin(&self, next: &ToolCallChunk, event: u64) -> bool {
        self.is_bare() && self.named_in == event && !self.is_apart_from(next)
    }

    /// Whether what a piece opens may be a part of this call's own arguments: they have begun and are not at their end.
    fn breaks(&self, next: &ToolCallChunk) -> bool {
        let is_within = self.have_begun() && !self.is_complete() && self.kind != ToolCallKind::Custom;
        (is_within || self.is_broken) && !self.is_apart_from(next)
    }

    /// Whether the server itself marks a piece as one of another call.
    fn is_apart_from(&self, next: &ToolCallChunk) -> bool {
        match known(next.id.as_deref()) {
            Some(_) => self.id.is_some() && next.id != self.id,
            None => self.numbered.is_some() && next.index.is_some() && self.numbered != next.index,
        }
    }

    /// Whether neither arguments have come nor that there are none.
    fn is_bare(&self) -> bool {
        !self.is_complete() && !self.have_begun()
    }

    /// Whether a piece is this whole call once more, as servers send it that end a stream with a summary.
    fn has_come_whole(&self, piece: &ToolCallChunk) -> bool {
        let is_it =
            self.id.is_some() && piece.id == self.id && piece.index.is_none_or(|index| self.numbered == Some(index));
        is_it && self.arguments.are(piece.args.as_deref().unwrap_or_default())
    }

    /// Takes a piece in, and out of it what is known.
    fn take(&mut self, piece: &mut ToolCallChunk, event: u64) {
        piece.index = Some(self.index);
        if piece.kind == ToolCallKind::Custom {
            self.kind = ToolCallKind::Custom;
        }
        let is_whole = self.is_complete() && known(piece.name.as_deref()).is_some() && self.has_come_whole(piece);
        if self.id.is_none() {
            self.id = known(piece.id.as_deref()).map(str::to_owned);
        }
        match known(piece.name.as_deref()) {
            Some(name) if name == self.name => {
                self.again = self.is_complete();
                piece.name = None;
            }
            Some(name) => {
                self.name.push_str(name);
                self.named_in = event;
            }
            None => {}
        }
        match piece.args.as_deref() {
            None => {}
            Some(_) if is_whole => piece.args = None,
            Some(text) if self.kind == ToolCallKind::Custom || self.have_begun() && !self.is_complete() => {
                self.arguments.push(text);
            }
            Some(text) if text.trim() == "null" => {
                self.arguments.say_absent();
                piece.args = Some(String::new());
            }
            Some(text) => self.arguments.push(text),
        }
        self.members.keep_news(&mut piece.extra);
    }

    fn have_begun(&self) -> bool {
        self.arguments.have_begun()
    }

    /// Whether nothing more has to come. The text for a custom tool does not show its end.
    fn is_complete(&self) -> bool {
        self.kind != ToolCallKind::Custom && self.arguments.are_complete()
    }
}

/// Whether a piece has no arguments.
fn is_blank(piece: &ToolCallChunk) -> bool {
    let args = piece.args.as_deref().unwrap_or_default();
    match piece.kind {
        ToolCallKind::Custom => args.is_empty(),
        _ => matches!(args.trim(), "" | "null"),
    }
}

/// A text, unless it is missing or empty.
fn known(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}
