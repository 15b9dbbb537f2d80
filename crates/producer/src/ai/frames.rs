//! Frames of AWS event streams (`application/vnd.amazon.eventstream`), read as they come and in
//! bounded memory. Lengths, headers and checksums: `aws-smithy-eventstream`.

use aws_smithy_eventstream::frame::read_message_from;
use aws_smithy_types::event_stream::Message;
use bytes::Bytes;

/// Two lengths and their checksum.
const PRELUDE: usize = 12;
/// A frame without headers and payload.
const LEAST: usize = PRELUDE + 4;

/// Reads frames from any cut of a stream.
#[derive(Debug)]
pub(super) struct Frames {
    held: Vec<u8>,
    /// Bytes still to come of a frame that is left out.
    skip: usize,
    /// A frame did not decode: where the next begins is not known.
    lost: bool,
    limit: usize,
    /// Frames left out.
    pub(super) skipped: u64,
}

impl Frames {
    /// Frames of at most `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self { held: Vec::new(), skip: 0, lost: false, limit, skipped: 0 }
    }

    /// Hands every frame that `chunk` completes to `frame`.
    pub(super) fn push(&mut self, mut chunk: &[u8], mut frame: impl FnMut(&Message)) {
        while !chunk.is_empty() && !self.lost {
            if self.skip > 0 {
                let skip = self.skip.min(chunk.len());
                self.skip -= skip;
                chunk = &chunk[skip..];
                continue;
            }
            let want = self.length().unwrap_or(PRELUDE);
            let take = want.saturating_sub(self.held.len()).min(chunk.len());
            self.held.extend_from_slice(&chunk[..take]);
            chunk = &chunk[take..];
            let Some(length) = self.length() else { continue };
            if length < LEAST {
                self.lose();
            } else if length > self.limit {
                self.skipped += 1;
                self.skip = length - self.held.len();
                self.held.clear();
            } else if self.held.len() == length {
                match read_message_from(Bytes::from(std::mem::take(&mut self.held))) {
                    Ok(message) => frame(&message),
                    Err(_) => self.lose(),
                }
            }
        }
    }

    /// Whether the stream ended between two frames, all of which were read.
    pub(super) fn whole(&self) -> bool {
        self.held.is_empty() && self.skip == 0 && !self.lost
    }

    fn length(&self) -> Option<usize> {
        let prelude: [u8; PRELUDE] = self.held.get(..PRELUDE)?.try_into().ok()?;
        let length = u32::from_be_bytes([prelude[0], prelude[1], prelude[2], prelude[3]]);
        usize::try_from(length).ok()
    }

    fn lose(&mut self) {
        self.lost = true;
        self.skipped += 1;
        self.held = Vec::new();
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_eventstream::frame::write_message_to;
    use aws_smithy_types::event_stream::{Header, HeaderValue};
    use proptest::prelude::*;

    use super::*;

    /// From awslabs/aws-c-event-stream, tests/message_deserializer_test.c.
    const NO_HEADERS: &[u8] =
        b"\x00\x00\x00\x1D\x00\x00\x00\x00\xfd\x52\x8c\x5a{'foo':'bar'}\xc3\x65\x39\x36";
    const ONE_HEADER: &[u8] = b"\x00\x00\x00\x3D\x00\x00\x00\x20\x07\xFD\x83\x96\x0Ccontent-type\x07\x00\x10application/json{'foo':'bar'}\x8D\x9C\x08\xB1";

    fn read(chunks: &[&[u8]], limit: usize) -> (Vec<(usize, Bytes)>, u64, bool) {
        let (mut frames, mut out) = (Frames::new(limit), Vec::new());
        for chunk in chunks {
            frames.push(chunk, |m| out.push((m.headers().len(), m.payload().clone())));
        }
        (out, frames.skipped, frames.whole())
    }

    fn frame(payload: usize) -> Vec<u8> {
        let header = Header::new(":event-type", HeaderValue::String("chunk".into()));
        let message = Message::new(vec![b'x'; payload]).add_header(header);
        let mut out = Vec::new();
        write_message_to(&message, &mut out).unwrap();
        out
    }

    #[test]
    fn published_vectors() {
        let payload = Bytes::from_static(b"{'foo':'bar'}");
        let both = [NO_HEADERS, ONE_HEADER].concat();
        let expected = vec![(0, payload.clone()), (1, payload)];
        assert_eq!(read(&[&both], 1_000), (expected.clone(), 0, true));
        let bytes: Vec<_> = both.chunks(1).collect();
        assert_eq!(read(&bytes, 1_000), (expected, 0, true));
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        for at in 0..ONE_HEADER.len() {
            let mut bad = ONE_HEADER.to_vec();
            bad[at] ^= 1;
            let (found, skipped, whole) = read(&[&bad, NO_HEADERS], 1_000);
            assert!(found.is_empty() && (skipped == 1 || !whole), "byte {at}: {found:?}");
        }
    }

    #[test]
    fn lengths_that_lie() {
        for length in [0_u32, 11, 15] {
            let bad = [&length.to_be_bytes()[..], &[0; 8]].concat();
            assert_eq!(read(&[&bad, NO_HEADERS], 1_000), (vec![], 1, false), "{length}");
        }
        let endless = [&u32::MAX.to_be_bytes()[..], &[0; 5_000]].concat();
        let mut frames = Frames::new(1_000);
        frames.push(&endless, |_| panic!("no frame ends"));
        assert!(frames.held.capacity() < 1_000 && !frames.whole());
    }

    #[test]
    fn a_frame_too_large_is_left_out_and_the_next_is_not() {
        let bytes = [frame(2_000), frame(3)].concat();
        assert_eq!(read(&[&bytes], 1_000), (vec![(1, Bytes::from_static(b"xxx"))], 1, true));
    }

    #[test]
    fn a_cut_is_noticed() {
        for at in 1..ONE_HEADER.len() {
            assert!(!read(&[&ONE_HEADER[..at]], 1_000).2, "{at}");
        }
    }

    proptest! {
        #[test]
        fn any_split_reads_the_same(
            sizes in prop::collection::vec(0..120_usize, 0..6),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
        ) {
            let bytes: Vec<u8> = sizes.into_iter().flat_map(frame).collect();
            let mut at: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            at.extend([0, bytes.len()]);
            at.sort_unstable();
            let chunks: Vec<_> = at.windows(2).map(|w| &bytes[w[0]..w[1]]).collect();
            prop_assert_eq!(read(&chunks, 100), read(&[&bytes], 100));
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            read(&[&bytes], 200);
        }
    }
}
