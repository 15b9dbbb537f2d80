//! What the detectors share: a text, and how far it has been dealt with.

/// A text being scanned. Detectors look forward from a trigger, and back no further than `from`.
pub(super) struct Text<'a> {
    pub(super) bytes: &'a [u8],
    /// End of the last finding: what lies before it will not be in the output.
    pub(super) from: usize,
    /// Up to here a run of token characters is known to hold no JWT.
    pub(super) no_jwt: usize,
}

impl Text<'_> {
    /// The byte at `at`; 0 past the end.
    #[inline]
    pub(super) fn at(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
    }

    /// The byte `n` before `at`; 0 where a finding or the beginning is.
    #[inline]
    pub(super) fn back(&self, at: usize, n: usize) -> u8 {
        match at.checked_sub(n) {
            Some(before) if before >= self.from => self.bytes[before],
            _ => 0,
        }
    }

    /// Whether no letter or digit stands right before `at`.
    #[inline]
    pub(super) fn begins(&self, at: usize) -> bool {
        !self.back(at, 1).is_ascii_alphanumeric()
    }

    /// The end of the run of bytes from `at` that are `good`, looking at no more than `most`.
    #[inline]
    pub(super) fn run(&self, at: usize, most: usize, good: impl Fn(u8) -> bool) -> usize {
        let rest = self.bytes.get(at..).unwrap_or_default();
        at + rest.iter().take(most).take_while(|b| good(**b)).count()
    }

    pub(super) fn starts_with(&self, at: usize, prefix: &[u8]) -> bool {
        self.bytes.get(at..).is_some_and(|rest| rest.starts_with(prefix))
    }
}
