//! Padding, so that lengths leak less.

/// Smallest step of padded lengths, in bytes.
const STEP: usize = 512;

/// The padded length of `len` bytes: the next multiple of `max(512, 2^(E-S))`.
///
/// With `E = floor(log2 len)` and `S = floor(log2 E) + 1` the second is Padmé ("Reducing Metadata
/// Leakage from Encrypted Files and Communication with PURBs", 2019): it leaks O(log log len) bits
/// and adds at most 12 %. Padmé alone hides little below 8 KiB, where batches of one entry live,
/// hence the floor.
pub fn padded_len(len: usize) -> usize {
    let step = match len {
        0..=1 => STEP,
        _ => {
            let e = len.ilog2();
            let s = e.max(1).ilog2() + 1;
            STEP.max(1 << e.saturating_sub(s))
        }
    };
    len.max(1).next_multiple_of(step)
}

#[cfg(test)]
mod tests {
    use super::padded_len;

    #[test]
    fn known_lengths() {
        for (len, padded) in [
            (0, 512),
            (1, 512),
            (512, 512),
            (513, 1024),
            (8192, 8192),
            (8193, 8704),
            (100_000, 100_352),
            (1_000_000, 1_015_808),
            (33_554_433, 34_603_008),
        ] {
            assert_eq!(padded_len(len), padded, "{len}");
        }
    }

    #[test]
    fn padding_is_a_fixed_point_and_cheap() {
        for len in (0..200_000).step_by(37) {
            let padded = padded_len(len);
            assert!(padded >= len && padded_len(padded) == padded);
            assert!(padded - len <= 512.max(len / 8));
        }
    }
}
