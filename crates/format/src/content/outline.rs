//! What a content object says in the clear, without reading its ciphertexts.

use super::object::prefix;
use super::part::{PART_PREFIX, Part, head_of, parse_about};
use super::{ContentError, Header, MAX_ABOUT, MAX_HEADER, PREFIX_LEN};

/// The bytes of one piece that always hold the next thing to read, in bytes: the prefix with the
/// longest header, or a part's own prefix with the longest JSON.
pub const OUTLINE_PIECE: usize = PREFIX_LEN + MAX_HEADER + PART_PREFIX + MAX_ABOUT;

/// Header and parts of a content object, as they stand in the clear.
///
/// For who looks for objects that name somebody: it is well formed and no more. The root is not
/// checked, since that takes the ciphertexts; [`super::ContentObject::parse`] checks it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// The header.
    pub header: Header,
    /// The parts in their order.
    pub parts: Vec<Part>,
}

impl Outline {
    /// The frames that name one of `subjects`: their places from 0, and their records.
    pub fn naming<'a>(&'a self, subjects: &'a [String]) -> impl Iterator<Item = (u32, u32)> + 'a {
        (0u32..).zip(&self.parts).filter_map(move |(place, part)| match part {
            Part::Frame(frame) if frame.names_any(subjects) => Some((place, frame.records)),
            _ => None,
        })
    }
}

/// Reads an [`Outline`] piece by piece, leaping over the ciphertexts.
///
/// Give it the object's bytes from [`OutlineReader::next`] on, [`OUTLINE_PIECE`] or more of them where
/// the object has as many, until [`OutlineReader::read`] returns the outline.
#[derive(Debug)]
pub struct OutlineReader {
    /// Length of the object, in bytes.
    length: u64,
    next: u64,
    header: Option<Header>,
    parts: Vec<Part>,
}

impl OutlineReader {
    /// For an object of `length` bytes.
    pub fn new(length: u64) -> Self {
        Self { length, next: 0, header: None, parts: Vec::new() }
    }

    /// Offset of the first byte that is wanted next.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Takes the bytes from [`OutlineReader::next`] on. `None`: more is wanted.
    ///
    /// # Errors
    /// [`ContentError`], by what is wrong, as in reading the whole object; a piece that is too short
    /// to go on is [`ContentError::Framing`].
    pub fn read(&mut self, piece: &[u8]) -> Result<Option<Outline>, ContentError> {
        let start = self.next;
        while let Some(rest) = usize::try_from(self.next - start).ok().and_then(|n| piece.get(n..))
        {
            let took = match &self.header {
                None => self.take_header(rest)?,
                Some(header) if self.next == self.length => {
                    let found = self.parts.len() as u32;
                    if found != header.parts {
                        return Err(ContentError::Parts { expected: header.parts, found });
                    }
                    let parts = std::mem::take(&mut self.parts);
                    return Ok(Some(Outline { header: header.clone(), parts }));
                }
                Some(header) if self.parts.len() == header.parts as usize => {
                    let (expected, found) = (header.parts, header.parts + 1);
                    return Err(ContentError::Parts { expected, found });
                }
                Some(_) => self.take_part(rest)?,
            };
            if !took {
                break;
            }
        }
        if self.next == start {
            return Err(ContentError::Framing("cut off within its header or a part"));
        }
        Ok(None)
    }

    /// False: `rest` ends before the header does.
    fn take_header(&mut self, rest: &[u8]) -> Result<bool, ContentError> {
        let (header_len, parts_len) = prefix(rest)?;
        let start = PREFIX_LEN + header_len;
        let expected = (start + parts_len) as u64;
        if expected != self.length {
            return Err(ContentError::Length { expected, found: self.length });
        }
        let Some(bytes) = rest.get(PREFIX_LEN..start) else { return Ok(false) };
        self.header = Some(Header::decode(bytes)?);
        self.next += start as u64;
        Ok(true)
    }

    /// False: `rest` ends before the part's JSON does.
    fn take_part(&mut self, rest: &[u8]) -> Result<bool, ContentError> {
        let part = self.parts.len();
        let left = self.length - self.next;
        if left < PART_PREFIX as u64 {
            head_of(&rest[..rest.len().min(left as usize)], part)?;
        }
        if rest.len() < PART_PREFIX {
            return Ok(false);
        }
        let head = head_of(rest, part)?;
        if head.len() > left {
            let detail = "longer than what is left of the object".to_owned();
            return Err(ContentError::Part { part, detail });
        }
        let Some(about) = rest.get(PART_PREFIX..PART_PREFIX + head.about_len) else {
            return Ok(false);
        };
        self.parts.push(parse_about(&head, about, part)?);
        self.next += head.len();
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{entry, three};
    use super::*;
    use crate::content::ContentObject;

    /// Reads in pieces of `size` bytes; counts them.
    fn outline(bytes: &[u8], size: usize) -> Result<(Outline, usize), ContentError> {
        let mut reader = OutlineReader::new(bytes.len() as u64);
        for pieces in 1.. {
            let from = (reader.next() as usize).min(bytes.len());
            let to = (from + size).min(bytes.len());
            if let Some(outline) = reader.read(&bytes[from..to])? {
                return Ok((outline, pieces));
            }
            assert!(pieces <= bytes.len(), "it goes on");
        }
        unreachable!()
    }

    #[test]
    fn it_says_what_the_whole_object_says() {
        let whole = three();
        let erased = ContentObject::parse(&whole).unwrap().erase("bob", entry(9)).unwrap();
        for bytes in [whole, erased] {
            let object = ContentObject::parse(&bytes).unwrap();
            for size in [bytes.len(), OUTLINE_PIECE, 900] {
                let (found, _) = outline(&bytes, size).unwrap();
                assert_eq!(&found.header, object.header());
                assert_eq!(found.parts, object.parts().cloned().collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn frames_are_found_by_whom_they_name() {
        let bytes = three();
        let (outline, _) = outline(&bytes, OUTLINE_PIECE).unwrap();
        let naming = |who: &[&str]| {
            let who: Vec<_> = who.iter().map(|s| (*s).to_owned()).collect();
            outline.naming(&who).collect::<Vec<_>>()
        };
        assert_eq!(naming(&["ada"]), [(0, 2), (1, 1)]);
        assert_eq!(naming(&["bob"]), [(1, 1)]);
        assert_eq!(naming(&["nobody", "bob"]), [(1, 1)]);
        assert_eq!(naming(&["ad"]), []);
    }

    #[test]
    fn ciphertexts_are_leapt_over() {
        use crate::content::{FrameDraft, encode};
        let big = vec![0x5a_u8; 300_000];
        // Random enough that it stays long.
        let noise: Vec<u8> =
            (0u32..).zip(&big).map(|(i, b)| crate::Digest::of(&i.to_be_bytes()).0[0] ^ b).collect();
        let draft = |who: &str, n| FrameDraft {
            subjects: vec![who.to_owned()],
            records: vec![super::super::tests::record(n, &noise)],
        };
        let frames = [draft("ada", 1), draft("bob", 2), draft("cyd", 3)];
        let header = super::super::tests::header();
        let key = super::super::tests::key();
        let bytes = encode(header, &frames, &key, &[5; 32]).unwrap();
        let (found, pieces) = outline(&bytes, OUTLINE_PIECE).unwrap();
        assert_eq!(found.parts.len(), 3);
        assert!(pieces <= 4, "{pieces} pieces of {OUTLINE_PIECE} bytes, object of {}", bytes.len());
    }

    #[test]
    fn a_cut_or_lengthened_object_is_refused() {
        let bytes = three();
        for cut in 0..bytes.len() {
            let error = outline(&bytes[..cut], OUTLINE_PIECE).unwrap_err();
            let is_length = matches!(error, ContentError::Length { .. });
            assert_eq!(is_length, cut >= PREFIX_LEN, "{cut}: {error}");
        }
        // More and fewer parts than there are.
        let at = bytes.windows(9).position(|w| w == b"\"parts\":3").unwrap() + 8;
        for said in [2, 4] {
            let mut other = bytes.clone();
            other[at] = b'0' + said;
            let error = outline(&other, OUTLINE_PIECE).unwrap_err();
            let (expected, found) = (u32::from(said), 3);
            assert_eq!(error, ContentError::Parts { expected, found });
        }
        let mut longer = bytes;
        longer.push(0);
        assert!(outline(&longer, OUTLINE_PIECE).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_or_turn_for_ever(
            at in any::<proptest::sample::Index>(), byte: u8, size in 800usize..2_000,
        ) {
            let mut bytes = three();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            if ContentObject::parse(&bytes).is_ok() {
                prop_assert!(outline(&bytes, size).is_ok());
            } else {
                let _ = outline(&bytes, size);
            }
        }
    }
}
