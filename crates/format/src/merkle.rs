//! The Merkle tree of RFC 6962 section 2.1.
//!
//! `leaf = SHA-256(0x00 ‖ data)`, `node = SHA-256(0x01 ‖ left ‖ right)`, the empty tree is
//! `SHA-256("")`, and a tree of n leaves splits at the largest power of two smaller than n. The
//! prefixes keep a leaf from posing as a node; odd nodes are never duplicated.

mod path;

pub use path::PathFinder;

use crate::Digest;

/// Hash of a leaf whose bytes are `data`.
pub fn leaf_hash(data: &[u8]) -> Digest {
    Digest::of_parts(&[&[0x00], data])
}

/// Hash of an interior node.
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    let mut bytes = [0x01; 65];
    bytes[1..33].copy_from_slice(&left.0);
    bytes[33..].copy_from_slice(&right.0);
    Digest::of(&bytes)
}

/// Root of the tree with no leaves.
pub fn empty_root() -> Digest {
    Digest::of(b"")
}

/// The right edge of a growing tree: all that is needed to append leaves and to know the root.
///
/// Holds one hash for each one-bit of the size, largest subtree first, so at most 64.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    nodes: Vec<Digest>,
}

/// Leaves a tree may have. No log comes near it, and sums of sizes cannot overflow.
pub const MAX_SIZE: u64 = 1 << 62;

/// A frontier whose number of nodes does not fit its size, or whose size is over [`MAX_SIZE`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid frontier of a tree of {size} leaves: expected {expected} nodes, found {found}")]
pub struct FrontierError {
    size: u64,
    expected: u32,
    found: usize,
}

impl Frontier {
    /// The empty tree.
    pub const fn new() -> Self {
        Self { size: 0, nodes: Vec::new() }
    }

    /// From its parts, as a `day` record carries them.
    ///
    /// # Errors
    /// [`FrontierError`] unless there is one node for each one-bit of `size`, at most [`MAX_SIZE`].
    pub fn from_parts(size: u64, nodes: Vec<Digest>) -> Result<Self, FrontierError> {
        if size <= MAX_SIZE && nodes.len() == size.count_ones() as usize {
            Ok(Self { size, nodes })
        } else {
            Err(FrontierError { size, expected: size.count_ones(), found: nodes.len() })
        }
    }

    /// Number of leaves.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Roots of the perfect subtrees, largest first.
    pub fn nodes(&self) -> &[Digest] {
        &self.nodes
    }

    /// Appends a leaf by its hash.
    pub fn push(&mut self, leaf: Digest) {
        let mut node = leaf;
        // Each trailing one-bit of the size is a perfect subtree that the new leaf completes.
        for _ in 0..self.size.trailing_ones() {
            let left = self.nodes.pop().expect("one node for each one-bit of the size");
            node = node_hash(&left, &node);
        }
        self.nodes.push(node);
        self.size += 1;
    }

    /// Root of the tree.
    pub fn root(&self) -> Digest {
        let mut nodes = self.nodes.iter().rev();
        match nodes.next() {
            None => empty_root(),
            Some(last) => nodes.fold(*last, |right, left| node_hash(left, &right)),
        }
    }
}

impl Extend<Digest> for Frontier {
    fn extend<T: IntoIterator<Item = Digest>>(&mut self, leaves: T) {
        leaves.into_iter().for_each(|leaf| self.push(leaf));
    }
}

/// Root over the given leaf hashes.
pub fn root(leaves: &[Digest]) -> Digest {
    let mut tree = Frontier::new();
    tree.extend(leaves.iter().copied());
    tree.root()
}

/// Largest power of two smaller than `n`; `n` is at least 2.
fn split(n: u64) -> u64 {
    1 << (63 - (n - 1).leading_zeros())
}

fn subtree(leaves: &[Digest]) -> Digest {
    root(leaves)
}

/// The audit path for leaf `index` (RFC 6962 section 2.1.1), leaf to root; `None` if out of range.
pub fn inclusion_proof(leaves: &[Digest], index: usize) -> Option<Vec<Digest>> {
    fn path(leaves: &[Digest], index: usize, out: &mut Vec<Digest>) {
        if leaves.len() <= 1 {
            return;
        }
        let k = split(leaves.len() as u64) as usize;
        if index < k {
            path(&leaves[..k], index, out);
            out.push(subtree(&leaves[k..]));
        } else {
            path(&leaves[k..], index - k, out);
            out.push(subtree(&leaves[..k]));
        }
    }
    let mut out = Vec::new();
    (index < leaves.len()).then(|| path(leaves, index, &mut out))?;
    Some(out)
}

/// The root that `leaf` at `index` of `size` leads to by `proof`, or `None` if the proof has the
/// wrong length for its place.
///
/// Comparing the result with a root is only worth something if that root is authenticated.
pub fn root_of_inclusion(leaf: Digest, index: u64, size: u64, proof: &[Digest]) -> Option<Digest> {
    if index >= size {
        return None;
    }
    // RFC 9162 section 2.1.3.2, with `last` the index of the last node of the level.
    let (mut node, mut last, mut hash) = (index, size - 1, leaf);
    for sibling in proof {
        if last == 0 {
            return None;
        }
        if node % 2 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            while node % 2 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(hash)
}

/// The proof that the tree of the first `old` leaves is a prefix of the whole (RFC 6962 section
/// 2.1.2). `None` unless `1 <= old <= leaves.len()`.
pub fn consistency_proof(leaves: &[Digest], old: usize) -> Option<Vec<Digest>> {
    fn proof(leaves: &[Digest], old: usize, whole: bool, out: &mut Vec<Digest>) {
        if old == leaves.len() {
            if !whole {
                out.push(subtree(leaves));
            }
            return;
        }
        let k = split(leaves.len() as u64) as usize;
        if old <= k {
            proof(&leaves[..k], old, whole, out);
            out.push(subtree(&leaves[k..]));
        } else {
            proof(&leaves[k..], old - k, false, out);
            out.push(subtree(&leaves[..k]));
        }
    }
    if old == 0 || old > leaves.len() {
        return None;
    }
    let mut out = Vec::new();
    proof(leaves, old, true, &mut out);
    Some(out)
}

/// Whether `proof` shows that the tree (`old_size`, `old_root`) is a prefix of (`size`, `root`).
///
/// RFC 9162 section 2.1.4.2. `old_size` 0 is consistent with every tree and needs an empty proof.
pub fn is_consistent(
    old_size: u64,
    old_root: &Digest,
    size: u64,
    root: &Digest,
    proof: &[Digest],
) -> bool {
    if old_size == 0 {
        return proof.is_empty() && *old_root == empty_root();
    }
    if old_size == size {
        return proof.is_empty() && old_root == root;
    }
    if old_size > size {
        return false;
    }
    let mut hashes = proof.iter();
    let (mut node, mut last) = (old_size - 1, size - 1);
    while node % 2 == 1 {
        node >>= 1;
        last >>= 1;
    }
    // A power of two is its own subtree: the old root stands in for the first hash.
    let first = if old_size.is_power_of_two() { Some(old_root) } else { hashes.next() };
    let Some(first) = first else { return false };
    let (mut old, mut new) = (*first, *first);
    for hash in hashes {
        if last == 0 {
            return false;
        }
        if node % 2 == 1 || node == last {
            old = node_hash(hash, &old);
            new = node_hash(hash, &new);
            while node % 2 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new = node_hash(&new, hash);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && old == *old_root && new == *root
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn leaves(n: usize) -> Vec<Digest> {
        (0..n).map(|i| leaf_hash(&(i as u32).to_be_bytes())).collect()
    }

    /// The definition, word for word, as a model.
    fn naive(leaves: &[Digest]) -> Digest {
        match leaves {
            [] => empty_root(),
            [one] => *one,
            _ => {
                let k = split(leaves.len() as u64) as usize;
                node_hash(&naive(&leaves[..k]), &naive(&leaves[k..]))
            }
        }
    }

    #[test]
    fn rfc_6962_vectors() {
        let inputs = [
            "",
            "00",
            "10",
            "2021",
            "3031",
            "40414243",
            "5051525354555657",
            "606162636465666768696a6b6c6d6e6f",
        ];
        let roots = [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let leaves: Vec<_> = inputs.iter().map(|i| leaf_hash(&hex::decode(i).unwrap())).collect();
        for (n, expected) in roots.iter().enumerate() {
            assert_eq!(root(&leaves[..n]).to_string(), *expected, "{n} leaves");
        }
    }

    #[test]
    fn every_proof_of_small_trees() {
        for n in 1..=33 {
            let all = leaves(n);
            let whole = root(&all);
            for i in 0..n {
                let proof = inclusion_proof(&all, i).unwrap();
                let got = root_of_inclusion(all[i], i as u64, n as u64, &proof);
                assert_eq!(got, Some(whole), "leaf {i} of {n}");
                // The same path must not serve another place.
                let other = root_of_inclusion(all[i], (i as u64 + 1) % n as u64, n as u64, &proof);
                assert!(n == 1 || other != Some(whole));
            }
            for old in 1..=n {
                let proof = consistency_proof(&all, old).unwrap();
                let old_root = root(&all[..old]);
                assert!(is_consistent(old as u64, &old_root, n as u64, &whole, &proof));
                for i in 0..proof.len() {
                    let mut bad = proof.clone();
                    bad[i].0[0] ^= 1;
                    assert!(!is_consistent(old as u64, &old_root, n as u64, &whole, &bad));
                }
                let mut long = proof.clone();
                long.push(whole);
                assert!(!is_consistent(old as u64, &old_root, n as u64, &whole, &long));
            }
        }
    }

    proptest! {
        #[test]
        fn frontier_is_the_tree(n in 0usize..600, cut in 0usize..600) {
            let all = leaves(n);
            let cut = cut.min(n);
            let mut tree = Frontier::new();
            tree.extend(all[..cut].iter().copied());
            let mut again = Frontier::from_parts(tree.size(), tree.nodes().to_vec()).unwrap();
            again.extend(all[cut..].iter().copied());
            prop_assert_eq!(again.root(), naive(&all));
            prop_assert_eq!(again.size(), n as u64);
        }
    }
}
