//! Conditions of a `WHERE` as terms of a search.

use std::collections::BTreeSet;

use datafusion::common::ScalarValue;
use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::{Between, BinaryExpr, Expr, Operator, TableProviderFilterPushDown};
use dayseal_auditor::query::{Field, Query, Term};
use dayseal_format::UnixMillis;

/// What the search takes over of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// All: every entry found fulfils it.
    Exact,
    /// A part: every entry that fulfils it is found, and perhaps others.
    Inexact,
    /// Nothing.
    Not,
}

impl From<Taken> for TableProviderFilterPushDown {
    fn from(taken: Taken) -> Self {
        match taken {
            Taken::Exact => Self::Exact,
            Taken::Inexact => Self::Inexact,
            Taken::Not => Self::Unsupported,
        }
    }
}

/// A search made of conditions, all of which hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct Search {
    pub(crate) query: Query,
    /// Columns that a condition was taken for: terms of one field are alternatives, so a second one is not.
    asked: BTreeSet<String>,
}

impl Search {
    /// Takes what it can of one condition.
    pub(crate) fn take(&mut self, condition: &Expr) -> Taken {
        match condition {
            Expr::BinaryExpr(BinaryExpr { left, op, right }) => match (&**left, &**right) {
                (Expr::Column(column), Expr::Literal(value, _)) => {
                    self.compare(&column.name, *op, value)
                }
                (Expr::Literal(value, _), Expr::Column(column)) => match op.swap() {
                    Some(op) => self.compare(&column.name, op, value),
                    None => Taken::Not,
                },
                _ => Taken::Not,
            },
            Expr::Between(Between { expr, negated: false, low, high }) => {
                let (Expr::Column(column), Expr::Literal(low, _), Expr::Literal(high, _)) =
                    (&**expr, &**low, &**high)
                else {
                    return Taken::Not;
                };
                let ends = [(Operator::GtEq, low), (Operator::LtEq, high)];
                let both = ends.map(|(op, value)| self.compare(&column.name, op, value));
                if both == [Taken::Exact; 2] { Taken::Exact } else { Taken::Inexact }
            }
            Expr::InList(InList { expr, list, negated: false }) => {
                let Expr::Column(column) = &**expr else { return Taken::Not };
                let values: Option<Vec<&str>> = list
                    .iter()
                    .map(|item| match item {
                        Expr::Literal(value, _) => text(value),
                        _ => None,
                    })
                    .collect();
                values.map_or(Taken::Not, |values| self.any_of(&column.name, &values))
            }
            _ => Taken::Not,
        }
    }

    fn compare(&mut self, column: &str, op: Operator, value: &ScalarValue) -> Taken {
        match column {
            "time" => self.time(op, value),
            "day" => self.day(op, value),
            _ => match (op, text(value)) {
                (Operator::Eq, Some(text)) => self.any_of(column, &[text]),
                _ => Taken::Not,
            },
        }
    }

    /// An equality with one of some texts.
    fn any_of(&mut self, column: &str, values: &[&str]) -> Taken {
        if self.asked.contains(column) {
            return Taken::Not;
        }
        let taken = if column == "recorder" {
            let services: Result<Vec<_>, _> = values.iter().map(|v| v.parse()).collect();
            // What is no service's name recorded nothing: DataFusion finds so itself.
            let Ok(services) = services else { return Taken::Not };
            self.query.services = services;
            Taken::Exact
        } else {
            let Some((field, taken)) = field(column) else { return Taken::Not };
            // A type that ends in a dot stands for all below it, elsewhere.
            if field == Field::Type && values.iter().any(|v| v.ends_with('.')) {
                return Taken::Not;
            }
            self.query.filter.all.extend(values.iter().map(|value| Term::new(field, value)));
            taken
        };
        self.asked.insert(column.to_owned());
        taken
    }

    fn time(&mut self, op: Operator, value: &ScalarValue) -> Taken {
        let (down, up) = match value {
            ScalarValue::TimestampSecond(Some(t), _) => match t.checked_mul(1_000) {
                Some(ms) => (ms, ms),
                None => return Taken::Not,
            },
            ScalarValue::TimestampMillisecond(Some(t), _) => (*t, *t),
            ScalarValue::TimestampMicrosecond(Some(t), _) => halves(*t, 1_000),
            ScalarValue::TimestampNanosecond(Some(t), _) => halves(*t, 1_000_000),
            _ => return Taken::Not,
        };
        let whole = down == up;
        // The first and the last millisecond that fit.
        let (since, until) = match op {
            Operator::Eq if whole => (Some(down), Some(down)),
            Operator::GtEq => (Some(up), None),
            Operator::Gt => (down.checked_add(1), None),
            Operator::LtEq => (None, Some(down)),
            Operator::Lt => (None, up.checked_sub(1)),
            _ => return Taken::Not,
        };
        // Times lie between 1970 and 9999.
        let clamp = |ms: i64| UnixMillis::new(ms.clamp(0, UnixMillis::MAX.as_millis())).ok();
        let inside =
            |ms: Option<i64>| ms.is_none_or(|ms| clamp(ms).map(UnixMillis::as_millis) == Some(ms));
        let q = &mut self.query;
        q.since = q.since.max(since.and_then(clamp));
        q.until = match (q.until, until.and_then(clamp)) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        if inside(since) && inside(until) { Taken::Exact } else { Taken::Inexact }
    }

    fn day(&mut self, op: Operator, value: &ScalarValue) -> Taken {
        let ScalarValue::Date32(Some(days)) = value else { return Taken::Not };
        let Some(day) = UnixMillis::default().day().checked_add(*days) else { return Taken::Not };
        let (first, last) = (UnixMillis::default().day(), UnixMillis::MAX.day());
        let (from, to) = match op {
            Operator::Eq => (Some(day), Some(day)),
            Operator::GtEq => (Some(day), Some(last)),
            Operator::Gt => (day.next(), Some(last)),
            Operator::LtEq => (Some(first), Some(day)),
            Operator::Lt => (Some(first), day.previous()),
            _ => return Taken::Not,
        };
        let (Some(from), Some(to)) = (from, to) else { return Taken::Not };
        let (a, b) = self.query.days.unwrap_or((first, last));
        self.query.days = Some((a.max(from), b.min(to)));
        // Days that no producer's clock can have reached are not looked at: DataFusion need not know.
        Taken::Inexact
    }
}

/// Whole milliseconds at or before, and at or after.
fn halves(t: i64, unit: i64) -> (i64, i64) {
    let down = t.div_euclid(unit);
    (down, if t.rem_euclid(unit) == 0 { down } else { down + 1 })
}

fn text(value: &ScalarValue) -> Option<&str> {
    match value {
        ScalarValue::Utf8(text) | ScalarValue::LargeUtf8(text) | ScalarValue::Utf8View(text) => {
            text.as_deref()
        }
        _ => None,
    }
}

/// The field of a search that a column is, and whether its terms mean the same.
fn field(column: &str) -> Option<(Field, Taken)> {
    use Taken::{Exact, Inexact};
    Some(match column {
        "type" => (Field::Type, Exact),
        "action" => (Field::Action, Exact),
        "actor" => (Field::Actor, Exact),
        "actor_type" => (Field::ActorType, Exact),
        "on_behalf_of" => (Field::OnBehalfOf, Exact),
        "session" => (Field::Session, Exact),
        "subject" => (Field::Subject, Exact),
        "reviewer" => (Field::Reviewer, Exact),
        "outcome" => (Field::Outcome, Exact),
        "severity" => (Field::Severity, Exact),
        "trace" => (Field::Trace, Exact),
        "conversation" => (Field::Conversation, Exact),
        "job" => (Field::Job, Exact),
        "provider" => (Field::Provider, Exact),
        "tenant" => (Field::Tenant, Exact),
        // There it is the type as well, any of a model's names, any of an agent's.
        "resource" => (Field::Resource, Inexact),
        "model" => (Field::Model, Inexact),
        "agent" => (Field::Agent, Inexact),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use datafusion::prelude::{col, lit};

    use super::*;

    fn at(ms: i64) -> Expr {
        lit(ScalarValue::TimestampMillisecond(Some(ms), Some("+00:00".into())))
    }

    #[test]
    fn times_become_the_first_and_last_millisecond() {
        for (condition, since, until) in [
            (col("time").gt_eq(at(5)), Some(5), None),
            (col("time").gt(at(5)), Some(6), None),
            (col("time").lt_eq(at(5)), None, Some(5)),
            (col("time").lt(at(5)), None, Some(4)),
            (at(5).lt(col("time")), Some(6), None),
            (col("time").eq(at(5)), Some(5), Some(5)),
            (col("time").between(at(5), at(9)), Some(5), Some(9)),
            (
                col("time").gt_eq(lit(ScalarValue::TimestampNanosecond(Some(4_000_001), None))),
                Some(5),
                None,
            ),
            (
                col("time").gt(lit(ScalarValue::TimestampNanosecond(Some(4_000_001), None))),
                Some(5),
                None,
            ),
            (
                col("time").lt(lit(ScalarValue::TimestampNanosecond(Some(4_000_001), None))),
                None,
                Some(4),
            ),
        ] {
            let mut search = Search::default();
            assert_eq!(search.take(&condition), Taken::Exact, "{condition}");
            let ms = |t: Option<UnixMillis>| t.map(UnixMillis::as_millis);
            assert_eq!(
                (ms(search.query.since), ms(search.query.until)),
                (since, until),
                "{condition}"
            );
        }
        let mut search = Search::default();
        assert_eq!(search.take(&col("time").gt(at(-9))), Taken::Inexact);
        assert_eq!(search.take(&col("time").not_eq(at(9))), Taken::Not);
        search.take(&col("time").gt_eq(at(7)));
        search.take(&col("time").gt_eq(at(3)));
        assert_eq!(search.query.since.map(UnixMillis::as_millis), Some(7));
    }

    #[test]
    fn a_second_condition_on_a_field_is_not_an_alternative() {
        let mut search = Search::default();
        assert_eq!(search.take(&col("actor").eq(lit("a"))), Taken::Exact);
        assert_eq!(search.take(&col("actor").eq(lit("b"))), Taken::Not);
        assert_eq!(
            search.take(&col("outcome").in_list(vec![lit("failure"), lit("blocked")], false)),
            Taken::Exact
        );
        assert_eq!(search.take(&col("outcome").in_list(vec![lit("failure")], true)), Taken::Not);
        assert_eq!(search.take(&col("model").eq(lit("m"))), Taken::Inexact);
        assert_eq!(search.take(&col("type").eq(lit("ai."))), Taken::Not);
        assert_eq!(search.take(&col("recorder").eq(lit("no name!"))), Taken::Not);
        assert_eq!(search.take(&col("entry").eq(lit("x"))), Taken::Not);
        assert_eq!(search.take(&col("actor").is_null()), Taken::Not);
        assert_eq!(search.query.filter.all.len(), 4);
    }
}
