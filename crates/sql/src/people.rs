//! `same_person`: people by their real ids, though the log holds pseudonyms.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Mutex, PoisonError};

use datafusion::arrow::array::BooleanArray;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::cast::as_string_array;
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};
use dayseal_auditor::query::People;
use dayseal_format::pseudonym::Purpose;

/// The purposes under which people stand in entries.
const PURPOSES: [Purpose; 3] = [Purpose::Actor, Purpose::Session, Purpose::Subject];

/// `same_person(stored, tenant, id)`: whether `stored` is `id`, or its pseudonym in `tenant`.
pub(crate) struct SamePerson {
    signature: Signature,
    people: Mutex<People>,
}

impl SamePerson {
    pub(crate) fn new(people: People) -> Self {
        let signature = Signature::exact(vec![DataType::Utf8; 3], Volatility::Volatile);
        Self { signature, people: Mutex::new(people) }
    }
}

impl fmt::Debug for SamePerson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("same_person")
    }
}

// There is one in a session.
impl PartialEq for SamePerson {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for SamePerson {}

impl Hash for SamePerson {
    fn hash<H: Hasher>(&self, state: &mut H) {
        "same_person".hash(state);
    }
}

impl ScalarUDFImpl for SamePerson {
    fn name(&self) -> &str {
        "same_person"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let [stored, tenant, id] = &arrays[..] else {
            return datafusion::common::exec_err!("same_person takes three arguments");
        };
        let (stored, tenant, id) =
            (as_string_array(stored)?, as_string_array(tenant)?, as_string_array(id)?);
        let mut people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        let mut is = |(stored, tenant, id): (Option<&str>, Option<&str>, Option<&str>)| {
            let (stored, tenant, id) = (stored?, tenant?, id?);
            Some(PURPOSES.iter().any(|purpose| people.is(*purpose, tenant, stored, id)))
        };
        let rows = stored.iter().zip(tenant).zip(id);
        let found: BooleanArray = rows.map(|((s, t), i)| is((s, t, i))).collect();
        Ok(ColumnarValue::Array(std::sync::Arc::new(found)))
    }
}
