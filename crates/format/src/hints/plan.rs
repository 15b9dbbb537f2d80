//! How the room is shared, and the plaintext.

use std::collections::HashSet;

use super::set::{self, MAX_PRECISION, MAX_SET};
use super::values::Values;
use super::{Field, MAX_PLAIN, STEP, UNNAMED};

/// The one plaintext of these values.
pub(super) fn plaintext(values: Values<'_>, token: impl Fn(Field, &str) -> u64) -> Vec<u8> {
    let mut out = Vec::with_capacity(MAX_PLAIN);
    match values.tenants() {
        None => out.push(UNNAMED),
        Some(tenants) => {
            // At most 16, each at most 512 bytes.
            out.push(tenants.len() as u8);
            for tenant in tenants {
                out.extend_from_slice(&(tenant.len() as u16).to_be_bytes());
                out.extend_from_slice(tenant.as_bytes());
            }
        }
    }
    let tokens: Vec<Option<HashSet<u64>>> = Field::ALL
        .iter()
        .map(|field| Some(values.of(*field)?.map(|value| token(*field, value)).collect()))
        .collect();
    let counts: Vec<_> = tokens.iter().map(|t| t.as_ref().map(HashSet::len)).collect();
    let plan = share(&counts, MAX_PLAIN - out.len() - 8);
    let (mut covered, mut filled) = (0, 0);
    for (field, planned) in Field::ALL.iter().zip(&plan) {
        if let Some((n, _)) = planned {
            covered |= field.bit();
            filled |= if *n > 0 { field.bit() } else { 0 };
        }
    }
    out.extend_from_slice(&covered.to_be_bytes());
    out.extend_from_slice(&filled.to_be_bytes());
    for (tokens, planned) in tokens.iter().zip(plan) {
        if let (Some(tokens), Some((n @ 1.., precision))) = (tokens, planned) {
            // At most MAX_SET.
            set::write(tokens.iter().copied(), n as u16, precision, &mut out);
        }
    }
    out.resize(out.len().next_multiple_of(STEP), 0);
    out
}

/// Number of values and precision of each field that is covered.
fn share(counts: &[Option<usize>], room: usize) -> Vec<Option<(usize, u8)>> {
    let least = |(field, n): (&Field, &Option<usize>)| {
        n.filter(|n| *n <= MAX_SET).map(|n| (n, field.least()))
    };
    let mut plan: Vec<Option<(usize, u8)>> = Field::ALL.iter().zip(counts).map(least).collect();
    let size = |planned: &Option<(usize, u8)>| planned.map_or(0, |(n, p)| set::size(n, p));
    while plan.iter().map(size).sum::<usize>() > room {
        // Of equals the last.
        if let Some(largest) = plan.iter_mut().max_by_key(|p| size(p)) {
            *largest = None;
        }
    }
    plan.iter_mut().flatten().for_each(|(_, precision)| *precision = MAX_PRECISION);
    while plan.iter().map(size).sum::<usize>() > room {
        let over = Field::ALL.iter().zip(&mut plan).filter_map(|(field, planned)| {
            planned.as_mut().filter(|(n, p)| *n > 0 && *p > field.least())
        });
        if let Some((_, precision)) = over.max_by_key(|(n, p)| set::size(*n, *p)) {
            *precision -= 1;
        }
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(some: &[(Field, usize)]) -> Vec<Option<usize>> {
        let mut counts = vec![Some(0); Field::ALL.len()];
        for (field, n) in some {
            counts[field.index()] = Some(*n);
        }
        counts
    }

    #[test]
    fn the_many_pay_for_themselves() {
        let plan = share(&counts(&[(Field::Actor, 500), (Field::Trace, 2_000)]), 3_800);
        assert_eq!(plan[Field::Actor.index()], Some((500, 12)));
        let (_, precision) = plan[Field::Trace.index()].expect("covered");
        assert!((4..12).contains(&precision), "{precision}");
        assert!(set::size(500, 12) + set::size(2_000, precision + 1) > 3_800);
        // Too many even at their least: they are not covered, and the others have their room.
        let plan = share(&counts(&[(Field::Actor, 1_000), (Field::Trace, 5_000)]), 3_800);
        assert_eq!(plan[Field::Trace.index()], None);
        assert_eq!(plan[Field::Actor.index()], Some((1_000, 12)));
        let plan = share(&counts(&[(Field::Trace, MAX_SET + 1)]), 1 << 20);
        assert_eq!(plan[Field::Trace.index()], None);
    }

    #[test]
    fn of_equals_the_later_gives_first() {
        let plan = share(&counts(&[(Field::Actor, 1_200), (Field::Subject, 1_200)]), 3_800);
        let precision = |f: Field| plan[f.index()].map(|(_, p)| p);
        let (actor, subject) = (precision(Field::Actor), precision(Field::Subject));
        assert!(actor == subject || actor == subject.map(|p| p + 1), "{actor:?} {subject:?}");
        let plan = share(&counts(&[(Field::Actor, 2_000), (Field::Subject, 2_000)]), 3_800);
        assert!(plan[Field::Actor.index()].is_some() && plan[Field::Subject.index()].is_none());
    }
}
