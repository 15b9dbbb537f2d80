//! How the room is shared, and the plaintext.

use super::field::Class;
use super::set::{self, MAX_PRECISION, MAX_SET};
use super::values::Values;
use super::{Field, MAX_PLAIN, STEP, UNNAMED};

/// The precision under which no field goes.
const FLOOR: u8 = 4;
/// The same of fields that are asked most, as long as others can give way.
const FLOOR_OF_FIRST: u8 = 7;
/// A field of up to so many bytes gives way to none: nothing would be won.
const SMALL: usize = 100;

/// The one plaintext of these values.
pub(super) fn plaintext(values: &Values, token: impl Fn(Field, &str) -> u64) -> Vec<u8> {
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
    let tokens: Vec<Option<Vec<u64>>> = Field::ALL
        .iter()
        .map(|field| {
            let mut tokens: Vec<_> = values.of(*field)?.map(|v| token(*field, v)).collect();
            tokens.sort_unstable();
            tokens.dedup();
            Some(tokens)
        })
        .collect();
    let counts: Vec<_> = tokens.iter().map(|t| t.as_ref().map(Vec::len)).collect();
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

/// A field that is covered.
#[derive(Clone, Copy)]
struct Share {
    field: Field,
    n: usize,
    floor: u8,
    precision: u8,
}

impl Share {
    fn at_floor(&self) -> usize {
        set::size(self.n, self.floor)
    }

    fn size(&self) -> usize {
        set::size(self.n, self.precision)
    }
}

/// Number of values and precision of each field that is covered.
fn share(counts: &[Option<usize>], room: usize) -> Vec<Option<(usize, u8)>> {
    let floor = |field: Field| if field.class() == Class::First { FLOOR_OF_FIRST } else { FLOOR };
    let fits = |(field, n): (&Field, &Option<usize>)| {
        let (field, floor) = (*field, floor(*field));
        n.filter(|n| *n <= MAX_SET).map(|n| Share { field, n, floor, precision: MAX_PRECISION })
    };
    let mut plan: Vec<Share> = Field::ALL.iter().zip(counts).filter_map(fits).collect();
    let at_floors = |plan: &[Share]| plan.iter().map(Share::at_floor).sum::<usize>();
    // Of equals the last: fields stand in the order of their numbers.
    let largest = |plan: &[Share], of: &dyn Fn(&Share) -> bool| {
        (0..plan.len()).filter(|i| of(&plan[*i])).max_by_key(|i| plan[*i].at_floor())
    };
    while at_floors(&plan) > room {
        let large = |class| move |s: &Share| s.field.class() == class && s.at_floor() > SMALL;
        let rest = largest(&plan, &large(Class::Rest));
        let Some(out) = rest.or_else(|| largest(&plan, &large(Class::References))) else { break };
        plan.remove(out);
    }
    if at_floors(&plan) > room {
        plan.iter_mut().for_each(|s| s.floor = FLOOR);
    }
    while at_floors(&plan) > room {
        let Some(out) = largest(&plan, &|_| true) else { break };
        plan.remove(out);
    }
    while plan.iter().map(Share::size).sum::<usize>() > room {
        let over = plan.iter_mut().filter(|s| s.n > 0 && s.precision > s.floor);
        let Some(largest) = over.max_by_key(|s| s.size()) else { break };
        largest.precision -= 1;
    }
    let mut shared = vec![None; counts.len()];
    for Share { field, n, precision, .. } in plan {
        shared[field.index()] = Some((n, precision));
    }
    shared
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
    fn people_stay_longest() {
        let covered = |n: usize| {
            let many =
                [Field::Actor, Field::Trace, Field::Conversation, Field::Label].map(|f| (f, n));
            let plan = share(&counts(&many), 3_800);
            many.map(|(f, _)| plan[f.index()].map(|(_, precision)| precision))
        };
        // All; then notes go, then what may be another in each entry, at last the precision of people.
        assert_eq!(covered(1_000), [Some(7), Some(5), Some(5), Some(5)]);
        assert_eq!(covered(1_200), [Some(7), Some(6), Some(6), None]);
        assert_eq!(covered(1_700), [Some(7), Some(6), None, None]);
        assert_eq!(covered(2_500), [Some(10), None, None, None]);
        assert_eq!(covered(4_000), [Some(5), None, None, None]);
    }

    #[test]
    fn of_equals_the_later_gives_first() {
        let plan = share(&counts(&[(Field::Actor, 1_200), (Field::Subject, 1_200)]), 3_800);
        let precision = |f: Field| plan[f.index()].map(|(_, p)| p);
        let (actor, subject) = (precision(Field::Actor), precision(Field::Subject));
        assert!(actor == subject || actor == subject.map(|p| p + 1), "{actor:?} {subject:?}");
        let plan = share(&counts(&[(Field::Actor, 3_000), (Field::Subject, 3_000)]), 3_800);
        assert!(plan[Field::Actor.index()].is_some() && plan[Field::Subject.index()].is_none());
    }
}
