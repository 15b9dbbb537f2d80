//! What storing costs in each storage class of S3. An estimate: list prices, no requests, no restores.
//!
//! List prices of us-east-1, first 50 TB, as third parties gave them in March 2026; the source that counts is
//! aws.amazon.com/s3/pricing, which was not at hand. Other
//! regions differ; some cost nearly twice as much.

use serde::Serialize;

/// Smaller objects stay in Standard: a lifecycle rule moves none of them (S3's default since September 2024),
/// and Standard-IA and Glacier Instant Retrieval would bill them as if they had this size.
pub(super) const SMALL: u64 = 128 * 1024;
/// What Deep Archive adds to each object, billed there: index and metadata.
const ARCHIVE_OVERHEAD: u64 = 32 * 1024;
/// And what of it is billed in Standard: the name.
const ARCHIVE_NAME: u64 = 8 * 1024;
/// Bytes of a gigabyte as S3 bills it.
const GIB: f64 = 1_073_741_824.0;

/// One storage class.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct StorageClass {
    /// Its name in lifecycle rules.
    pub class: &'static str,
    /// Dollars for a gigabyte (2^30 bytes) and month.
    pub usd_per_gb_month: f64,
    /// Dollars to move 1,000 objects into it by a lifecycle rule.
    pub usd_per_1000_transitions: f64,
    /// Dollars to read a gigabyte back.
    pub usd_per_gb_read: f64,
    /// Days that are billed at least.
    pub minimum_days: u32,
    /// Whether an object must be restored before it can be read, and hence verified.
    pub restore: bool,
}

/// The classes that a plan compares; the first is where objects are written.
pub const CLASSES: [StorageClass; 4] = [
    StorageClass {
        class: "STANDARD",
        usd_per_gb_month: 0.023,
        usd_per_1000_transitions: 0.0,
        usd_per_gb_read: 0.0,
        minimum_days: 0,
        restore: false,
    },
    StorageClass {
        class: "STANDARD_IA",
        usd_per_gb_month: 0.0125,
        usd_per_1000_transitions: 0.01,
        usd_per_gb_read: 0.01,
        minimum_days: 30,
        restore: false,
    },
    StorageClass {
        class: "GLACIER_IR",
        usd_per_gb_month: 0.004,
        usd_per_1000_transitions: 0.02,
        usd_per_gb_read: 0.03,
        minimum_days: 90,
        restore: false,
    },
    StorageClass {
        class: "DEEP_ARCHIVE",
        usd_per_gb_month: 0.000_99,
        usd_per_1000_transitions: 0.05,
        usd_per_gb_read: 0.02,
        minimum_days: 180,
        restore: true,
    },
];

/// Objects by what a rule may move.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sizes {
    small_bytes: u64,
    large_objects: u64,
    large_bytes: u64,
}

impl Sizes {
    pub(super) fn add(&mut self, length: u64) {
        if length < SMALL {
            self.small_bytes += length;
        } else {
            self.large_objects += 1;
            self.large_bytes += length;
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.small_bytes += other.small_bytes;
        self.large_objects += other.large_objects;
        self.large_bytes += other.large_bytes;
    }
}

/// What these entries would cost if all that may move were moved to one class.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ClassCost {
    /// The class, and its prices.
    #[serde(flatten)]
    pub class: StorageClass,
    /// Objects that a rule moves: those of 128 KB and more.
    pub moved_objects: u64,
    /// Their bytes.
    pub moved_bytes: u64,
    /// Bytes that stay in Standard, in smaller objects.
    pub standard_bytes: u64,
    /// Dollars a month, small objects included.
    pub usd_per_month: f64,
    /// Dollars once, to move them.
    pub usd_to_move: f64,
    /// Dollars to read all of it back once: what a verification at level `objects` costs.
    pub usd_to_read: f64,
}

/// The cost in each class.
pub(super) fn costs(sizes: Sizes) -> Vec<ClassCost> {
    CLASSES.iter().map(|class| cost(class, sizes)).collect()
}

fn cost(class: &StorageClass, sizes: Sizes) -> ClassCost {
    let standard = CLASSES[0].usd_per_gb_month;
    let stays = class.class == CLASSES[0].class;
    let (objects, bytes) = if stays { (0, 0) } else { (sizes.large_objects, sizes.large_bytes) };
    let standard_bytes = sizes.small_bytes + if stays { sizes.large_bytes } else { 0 };
    let (there, named) = if class.restore {
        (bytes + objects * ARCHIVE_OVERHEAD, objects * ARCHIVE_NAME)
    } else {
        (bytes, 0)
    };
    ClassCost {
        class: *class,
        moved_objects: objects,
        moved_bytes: bytes,
        standard_bytes,
        usd_per_month: gib(there) * class.usd_per_gb_month + gib(standard_bytes + named) * standard,
        usd_to_move: objects as f64 / 1_000.0 * class.usd_per_1000_transitions,
        usd_to_read: gib(bytes) * class.usd_per_gb_read,
    }
}

fn gib(bytes: u64) -> f64 {
    bytes as f64 / GIB
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_objects_stay_and_archives_add_to_each_object() {
        let mut sizes = Sizes::default();
        (0..1_000).for_each(|_| sizes.add(SMALL - 1));
        (0..1_024).for_each(|_| sizes.add(1 << 20));
        let costs = costs(sizes);
        let of = |class: &str| *costs.iter().find(|c| c.class.class == class).unwrap();
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} {b}");
        let small = gib(1_000 * (SMALL - 1)) * 0.023;
        near(of("STANDARD").usd_per_month, 0.023 + small);
        near(of("STANDARD").usd_to_move, 0.0);
        near(of("STANDARD_IA").usd_per_month, 0.0125 + small);
        near(of("STANDARD_IA").usd_to_move, 0.01024);
        near(of("GLACIER_IR").usd_to_read, 0.03);
        assert_eq!(
            (of("GLACIER_IR").moved_objects, of("GLACIER_IR").moved_bytes),
            (1_024, 1 << 30)
        );
        // 32 KB of each of the 1,024 objects in the archive, 8 KB in Standard.
        let archive = 0.000_99 * (1.0 + 1.0 / 32.0) + 0.023 / 128.0;
        near(of("DEEP_ARCHIVE").usd_per_month, archive + small);
    }
}
