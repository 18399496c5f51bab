//! In which column each item stands.

use super::layers::{Item, Layers};

/// Free columns between two items.
const GAP: usize = 3;

/// How often the layers are gone through, down and up; more changes little.
const ROUNDS: usize = 3;

/// The left column of each item: as near as can be to the middle of what is above and below it.
pub(super) fn columns(layers: &Layers) -> Vec<usize> {
    let mut middles = vec![0_i64; layers.items.len()];
    for row in &layers.rows {
        set(layers, row, &mut middles, |_| None);
    }
    for _ in 0..ROUNDS {
        let pairs = || layers.rows.iter().enumerate();
        for (rank, row) in pairs() {
            let links = rank.checked_sub(1).and_then(|rank| layers.links.get(rank));
            let links = links.into_iter().flatten().map(|link| (link.target, link.source));
            pull(layers, row, links, &mut middles);
        }
        for (rank, row) in pairs().rev() {
            let links = layers.links.get(rank).into_iter().flatten();
            pull(layers, row, links.map(|link| (link.source, link.target)), &mut middles);
        }
    }
    straighten(layers, &mut middles);
    let lefts = middles
        .iter()
        .zip(&layers.items)
        .map(|(middle, item)| middle - signed(item.middle()));
    let lefts: Vec<_> = lefts.collect();
    let least = lefts.iter().min().copied().unwrap_or_default();
    lefts
        .iter()
        .map(|left| usize::try_from(left - least).unwrap_or_default())
        .collect()
}

/// Goes down once more and makes straight what can be: ways that neither part nor meet.
fn straighten(layers: &Layers, middles: &mut [i64]) {
    let mut leaving = vec![0_usize; layers.items.len()];
    for link in layers.links.iter().flatten() {
        leaving.get_mut(link.source).into_iter().for_each(|count| *count += 1);
    }
    let parts = |item: usize| leaving.get(item).is_some_and(|count| *count > 1);
    for (links, row) in layers.links.iter().zip(layers.rows.iter().skip(1)) {
        let straight = links.iter().filter(|link| !parts(link.source));
        pull(layers, row, straight.map(|link| (link.target, link.source)), middles);
    }
}

/// Moves the items of a layer towards their neighbours in another one.
fn pull(layers: &Layers, row: &[usize], links: impl Iterator<Item = (usize, usize)>, middles: &mut [i64]) {
    let mut sums: std::collections::HashMap<usize, (i64, i64)> = std::collections::HashMap::new();
    for (item, other) in links {
        let (sum, count) = sums.entry(item).or_default();
        *sum += middles.get(other).copied().unwrap_or_default();
        *count += 1;
    }
    set(layers, row, middles, |item| {
        sums.get(&item).and_then(|(sum, count)| sum.checked_div_euclid(*count))
    });
}

/// Places the items of a layer next to each other, each as near as can be to where it wants to be: items that would overlap
/// become a block, which stands where its items want to be on average.
fn set(layers: &Layers, row: &[usize], middles: &mut [i64], wanted: impl Fn(usize) -> Option<i64>) {
    let mut blocks: Vec<Block> = Vec::with_capacity(row.len());
    let mut offsets = Vec::with_capacity(row.len());
    let mut offset = 0;
    let mut before: Option<&Item> = None;
    for index in row {
        let Some(item) = layers.items.get(*index) else { continue };
        offset += before.map_or(0, |before| distance(before, item));
        before = Some(item);
        offsets.push((*index, offset));
        let here = middles.get(*index).copied().unwrap_or_default();
        let mut block = Block {
            sum: wanted(*index).unwrap_or(here) - offset,
            count: 1,
        };
        while let Some(last) = blocks.pop() {
            if last.place() <= block.place() {
                blocks.push(last);
                break;
            }
            block.sum += last.sum;
            block.count += last.count;
        }
        blocks.push(block);
    }
    let places = blocks
        .iter()
        .flat_map(|block| std::iter::repeat_n(block.place(), block.count));
    for ((index, offset), place) in offsets.into_iter().zip(places) {
        middles
            .get_mut(index)
            .into_iter()
            .for_each(|middle| *middle = place + offset);
    }
}

/// From the middle of an item to that of the next one.
fn distance(item: &Item, next: &Item) -> i64 {
    signed(item.width() - item.middle() + GAP + next.middle())
}

/// Items without room between them.
struct Block {
    sum: i64,
    count: usize,
}

impl Block {
    fn place(&self) -> i64 {
        self.sum.checked_div_euclid(signed(self.count)).unwrap_or_default()
    }
}

fn signed(columns: usize) -> i64 {
    i64::try_from(columns).unwrap_or(i64::MAX)
}
