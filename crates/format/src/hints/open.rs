//! Hints, opened.

use super::{Field, HintKeys, MAX_TENANT_BYTES, MAX_TENANTS, Place, STEP, UNNAMED, set};

/// What the entries of a batch hold, as far as its hints tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hints {
    place: Place,
    tenants: Option<Vec<String>>,
    /// `None` if the field is not covered.
    sets: Vec<Option<Set>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Set {
    /// In order.
    places: Vec<u32>,
    precision: u8,
}

impl Hints {
    /// Whether an entry may have this value, as it is stored. `false` is certain, if the hints are true;
    /// `true` is wrong once in 16 to 4,096 times, or the field is not covered.
    pub fn may_have(&self, keys: &HintKeys, field: Field, value: &str) -> bool {
        let Some(Set { places, precision }) = &self.sets[field.index()] else { return true };
        // At most MAX_SET.
        let n = places.len() as u16;
        let at = set::place(keys.tokens(&self.place).of(field, value), n, *precision);
        places.binary_search(&at).is_ok()
    }

    /// The tenants of the entries; `None` if they are too many to be named.
    pub fn tenants(&self) -> Option<&[String]> {
        self.tenants.as_deref()
    }

    /// Whether the field's set is complete.
    pub fn covers(&self, field: Field) -> bool {
        self.sets[field.index()].is_some()
    }

    /// How many different values the field has, and the bits of its precision.
    pub fn size(&self, field: Field) -> Option<(usize, u8)> {
        self.sets[field.index()].as_ref().map(|set| (set.places.len(), set.precision))
    }

    /// Reads the one form of a plaintext.
    pub(super) fn parse(place: Place, plain: &[u8]) -> Result<Self, &'static str> {
        let (&tenants, mut rest) = plain.split_first().ok_or("no bytes")?;
        let tenants = if tenants == UNNAMED {
            None
        } else if usize::from(tenants) > MAX_TENANTS {
            return Err("over 16 tenants");
        } else {
            let mut names: Vec<String> = Vec::with_capacity(usize::from(tenants));
            let mut bytes = 0;
            for _ in 0..tenants {
                let (length, behind) = rest.split_first_chunk::<2>().ok_or("a tenant is cut")?;
                let length = usize::from(u16::from_be_bytes(*length));
                let (name, behind) = behind.split_at_checked(length).ok_or("a tenant is cut")?;
                let name = std::str::from_utf8(name).map_err(|_| "a tenant that is not UTF-8")?;
                if names.last().is_some_and(|before| before.as_str() >= name) {
                    return Err("tenants out of order");
                }
                bytes += 2 + length;
                names.push(name.to_owned());
                rest = behind;
            }
            if bytes > MAX_TENANT_BYTES {
                return Err("over 512 bytes of tenants");
            }
            Some(names)
        };
        let (masks, mut rest) = rest.split_first_chunk::<8>().ok_or("masks are cut")?;
        let [a, b, c, d, e, f, g, h] = *masks;
        let (covered, filled) =
            (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]));
        if covered >> Field::ALL.len() != 0 || filled & !covered != 0 {
            return Err("masks of fields that there are not");
        }
        let mut sets = Vec::with_capacity(Field::ALL.len());
        for field in Field::ALL {
            if covered & field.bit() == 0 {
                sets.push(None);
            } else if filled & field.bit() == 0 {
                sets.push(Some(Set::default()));
            } else {
                let (places, precision, behind) = set::read(rest)?;
                sets.push(Some(Set { places, precision }));
                rest = behind;
            }
        }
        if rest.len() >= STEP || rest.iter().any(|byte| *byte != 0) {
            return Err("bytes behind the last set");
        }
        Ok(Self { place, tenants, sets })
    }
}
