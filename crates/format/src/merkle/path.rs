//! The audit path of one leaf, found while the leaves go by.

use super::{Frontier, node_hash};
use crate::Digest;

/// Collects the audit path of one leaf (RFC 6962 section 2.1.1) in a tree whose leaves come one by one:
/// a day's manifest has up to two million, and none is kept.
#[derive(Clone, Debug)]
pub struct PathFinder {
    tree: Frontier,
    /// The leaf, once it was there: its place, and the path so far.
    found: Option<(u64, Vec<Digest>)>,
    /// Which node of the frontier the leaf is below.
    below: usize,
}

impl PathFinder {
    /// A finder in the tree that grows from `before`.
    pub const fn new(before: Frontier) -> Self {
        Self { tree: before, found: None, below: 0 }
    }

    /// Appends a leaf by its hash. `wanted` is said of one leaf; of several, the first counts.
    pub fn push(&mut self, leaf: Digest, wanted: bool) {
        let merges = self.tree.size.trailing_ones() as usize;
        let mut at = self.tree.nodes.len();
        if wanted && self.found.is_none() {
            self.found = Some((self.tree.size, Vec::new()));
            self.below = at;
        }
        let mut node = leaf;
        for _ in 0..merges {
            let left = self.tree.nodes.pop().expect("one node for each one-bit of the size");
            self.join(at, &left, &node);
            node = node_hash(&left, &node);
            at -= 1;
        }
        self.tree.nodes.push(node);
        self.tree.size += 1;
    }

    /// Two nodes become one: of the one that the leaf is below, the other is the sibling.
    fn join(&mut self, right_at: usize, left: &Digest, right: &Digest) {
        let Some((_, path)) = &mut self.found else { return };
        if self.below == right_at {
            path.push(*left);
            self.below = right_at - 1;
        } else if self.below + 1 == right_at {
            path.push(*right);
        }
    }

    /// The place of the leaf and its path, leaf to root, in the tree of all leaves so far; `None` if it
    /// was not there.
    pub fn finish(mut self) -> Option<(u64, Vec<Digest>)> {
        while let Some(right) = self.tree.nodes.pop() {
            let Some(left) = self.tree.nodes.pop() else { break };
            self.join(self.tree.nodes.len() + 1, &left, &right);
            self.tree.nodes.push(node_hash(&left, &right));
        }
        self.found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::{inclusion_proof, leaf_hash};

    #[test]
    fn the_path_is_that_of_the_whole_tree() {
        for n in 1..=70u64 {
            let leaves: Vec<_> = (0..n).map(|i| leaf_hash(&i.to_be_bytes())).collect();
            for wanted in 0..n as usize {
                for start in [0, wanted / 2, wanted] {
                    let mut before = Frontier::new();
                    before.extend(leaves[..start].iter().copied());
                    let mut finder = PathFinder::new(before);
                    for (i, leaf) in leaves.iter().enumerate().skip(start) {
                        finder.push(*leaf, i == wanted);
                    }
                    let expected = inclusion_proof(&leaves, wanted).unwrap();
                    assert_eq!(finder.finish(), Some((wanted as u64, expected)), "{wanted} of {n}");
                }
            }
        }
        assert_eq!(PathFinder::new(Frontier::new()).finish(), None);
    }
}
