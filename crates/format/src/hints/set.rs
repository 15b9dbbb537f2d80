//! A Golomb-Rice set (BIP 158 has one) of tokens.

/// Most tokens of a set: more do not fit at the least precision.
pub(super) const MAX_SET: usize = 5_113;
/// Greatest precision, in bits.
pub(super) const MAX_PRECISION: u8 = 12;

/// Most bytes that a set of `n` tokens takes at this precision.
pub(super) fn size(n: usize, precision: u8) -> usize {
    if n == 0 { 0 } else { 3 + (n * (usize::from(precision) + 2)).div_ceil(8) }
}

/// Where a token lies in a set of `n`.
pub(super) fn place(token: u64, n: u16, precision: u8) -> u32 {
    let range = u128::from(n) << precision;
    // Below n x 2^12, 25 bits.
    ((u128::from(token) * range) >> 64) as u32
}

/// Writes a set of different tokens.
pub(super) fn write(tokens: impl Iterator<Item = u64>, n: u16, precision: u8, out: &mut Vec<u8>) {
    out.extend_from_slice(&n.to_be_bytes());
    out.push(precision);
    let mut places: Vec<u32> = tokens.map(|t| place(t, n, precision)).collect();
    places.sort_unstable();
    let mut bits = BitWriter { out, free: 0 };
    let mut before = 0;
    for at in places {
        let step = at - before;
        before = at;
        for _ in 0..step >> precision {
            bits.push(true);
        }
        bits.push(false);
        for bit in (0..precision).rev() {
            bits.push(step >> bit & 1 == 1);
        }
    }
}

/// Reads a set: where its tokens lie, in order, and the bytes behind it.
pub(super) fn read(bytes: &[u8]) -> Result<(Vec<u32>, u8, &[u8]), &'static str> {
    let (head, bytes) = bytes.split_first_chunk::<3>().ok_or("a set is cut")?;
    let (n, precision) = (u16::from_be_bytes([head[0], head[1]]), head[2]);
    if n == 0 || usize::from(n) > MAX_SET {
        return Err("a set of 0 or over 5,113 values");
    }
    if precision == 0 || precision > MAX_PRECISION {
        return Err("a precision that is not 1 to 12");
    }
    let range = u32::from(n) << precision;
    let mut bits = BitReader { bytes, at: 0 };
    let mut places = Vec::with_capacity(usize::from(n));
    let mut at = 0u32;
    for _ in 0..n {
        let mut step = 0u32;
        while bits.next()? {
            step += 1 << precision;
            if at + step >= range {
                return Err("a place beyond its set");
            }
        }
        for bit in (0..precision).rev() {
            step |= u32::from(bits.next()?) << bit;
        }
        at += step;
        if at >= range {
            return Err("a place beyond its set");
        }
        places.push(at);
    }
    Ok((places, precision, bits.finish()?))
}

struct BitWriter<'a> {
    out: &'a mut Vec<u8>,
    /// Bits free in the last byte.
    free: u8,
}

impl BitWriter<'_> {
    fn push(&mut self, bit: bool) {
        if self.free == 0 {
            self.out.push(0);
            self.free = 8;
        }
        self.free -= 1;
        if let Some(last) = self.out.last_mut() {
            *last |= u8::from(bit) << self.free;
        }
    }
}

struct BitReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> BitReader<'a> {
    fn next(&mut self) -> Result<bool, &'static str> {
        let byte = self.bytes.get(self.at / 8).ok_or("a set is cut")?;
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        Ok(bit == 1)
    }

    /// The bytes behind the last one begun, whose other bits must be zero.
    fn finish(mut self) -> Result<&'a [u8], &'static str> {
        while !self.at.is_multiple_of(8) {
            if self.next()? {
                return Err("bits behind a set");
            }
        }
        Ok(&self.bytes[self.at / 8..])
    }
}
