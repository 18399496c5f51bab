//! The lines between two layers.

use std::collections::{BTreeMap, HashMap};

use super::layers::{Item, Layers, Link};

/// Draws the lines from a layer to the next.
pub(super) fn draw(links: &[Link], columns: &[usize], layers: &Layers, out: &mut String) {
    let column = |item: usize| {
        let middle = layers.items.get(item).map(Item::middle).unwrap_or_default();
        columns.get(item).copied().unwrap_or_default() + middle
    };
    let nets = nets(links, column);
    let turns = rows(&nets);
    let height = turns.iter().flatten().max().map_or(0, |last| last + 1);
    if height == 0 {
        vertical(&nets, &turns, 0, out);
        return;
    }
    // One row of vertical lines above and below the turns keeps them off the boxes.
    let boxed = |item: usize| matches!(layers.items.get(item), Some(Item::Box { .. }));
    if links.iter().any(|link| boxed(link.source)) {
        vertical(&nets, &turns, -1, out);
    }
    for row in 0..height {
        horizontal(&nets, &turns, row, out);
    }
    if links.iter().any(|link| boxed(link.target)) {
        vertical(&nets, &turns, signed(height), out);
    }
}

/// Lines that share an end: they turn in one row.
#[derive(Default)]
struct Net {
    sources: Vec<usize>,
    /// With whether the line is dotted.
    targets: Vec<(usize, bool)>,
    dotted: bool,
}

impl Net {
    fn ends(&self) -> impl Iterator<Item = usize> {
        let targets = self.targets.iter().map(|(column, _)| *column);
        self.sources.iter().copied().chain(targets)
    }

    fn left(&self) -> usize {
        self.ends().min().unwrap_or_default()
    }

    fn right(&self) -> usize {
        self.ends().max().unwrap_or_default()
    }
}

fn nets(links: &[Link], column: impl Fn(usize) -> usize) -> Vec<Net> {
    let mut leaving: HashMap<usize, usize> = HashMap::new();
    for link in links {
        *leaving.entry(link.source).or_default() += 1;
    }
    let mut nets: BTreeMap<(bool, usize), Net> = BTreeMap::new();
    for link in links {
        let (source, target) = (column(link.source), column(link.target));
        let spreads = leaving.get(&link.source).is_some_and(|count| *count > 1);
        let key = if spreads { (true, source) } else { (false, target) };
        let net = nets.entry(key).or_insert_with(|| Net {
            dotted: true,
            ..Net::default()
        });
        if !spreads || net.sources.is_empty() {
            net.sources.push(source);
        }
        if spreads || net.targets.is_empty() {
            net.targets.push((target, link.dotted));
        }
        net.dotted &= link.dotted;
    }
    let mut nets: Vec<_> = nets.into_values().collect();
    nets.sort_by_key(Net::left);
    nets
}

/// In which row each net turns: the first one that is free from its left end on; `None` if it goes straight down.
fn rows(nets: &[Net]) -> Vec<Option<usize>> {
    // Of each row, the column up to which it is taken. A heap would find the least; the first that is free is found in few steps.
    let mut taken: Vec<usize> = Vec::new();
    let rows = nets.iter().map(|net| {
        let (left, right) = (net.left(), net.right());
        if left == right {
            return None;
        }
        let free = taken.iter().take(MOST_ROWS).position(|taken| *taken < left);
        let row = free.unwrap_or_else(|| taken.len().min(MOST_ROWS - 1));
        match taken.get_mut(row) {
            Some(taken) => *taken = right.max(*taken),
            None => taken.push(right),
        }
        Some(row)
    });
    rows.collect()
}

/// More rows of turns between two layers than anybody can follow.
const MOST_ROWS: usize = 64;

/// A row in which lines only go down; `row` is that of the turns above it.
fn vertical(nets: &[Net], turns: &[Option<usize>], row: i64, out: &mut String) {
    let mut line = Row::default();
    for (net, turn) in nets.iter().zip(turns) {
        line.down(net, turn.map(signed), row);
    }
    line.end(out);
}

/// A row in which some nets turn and the others go down.
fn horizontal(nets: &[Net], turns: &[Option<usize>], row: usize, out: &mut String) {
    let mut line = Row::default();
    for (net, turn) in nets.iter().zip(turns) {
        if *turn == Some(row) {
            line.across(net);
        }
    }
    for (net, turn) in nets.iter().zip(turns) {
        if *turn != Some(row) {
            line.down(net, turn.map(signed), signed(row));
        }
    }
    for (net, turn) in nets.iter().zip(turns) {
        if *turn == Some(row) {
            net.ends().for_each(|column| line.set(column, b'+'));
        }
    }
    line.end(out);
}

#[derive(Default)]
struct Row(Vec<u8>);

impl Row {
    fn set(&mut self, column: usize, mark: u8) {
        if self.0.len() <= column {
            self.0.resize(column + 1, b' ');
        }
        self.0.get_mut(column).into_iter().for_each(|cell| *cell = mark);
    }

    fn across(&mut self, net: &Net) {
        let mark = if net.dotted { b'.' } else { b'-' };
        (net.left()..=net.right()).for_each(|column| self.set(column, mark));
    }

    /// The lines of a net above its turn come from its sources, those below lead to its targets.
    fn down(&mut self, net: &Net, turn: Option<i64>, row: i64) {
        let mark = |dotted: bool| if dotted { b':' } else { b'|' };
        if turn.is_none_or(|turn| row > turn) {
            net.targets
                .iter()
                .for_each(|(column, dotted)| self.set(*column, mark(*dotted)));
        } else {
            net.sources
                .iter()
                .for_each(|column| self.set(*column, mark(net.dotted)));
        }
    }

    fn end(self, out: &mut String) {
        let text: String = self.0.into_iter().map(char::from).collect();
        out.push_str(text.trim_end());
        out.push('\n');
    }
}

fn signed(row: usize) -> i64 {
    i64::try_from(row).unwrap_or(i64::MAX)
}
