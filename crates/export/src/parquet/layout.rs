//! Where files go.

use std::fmt::Write as _;

use dayseal_format::Day;

use crate::ExportError;
use crate::ocsf::Class;

/// The fixed parts of a partition's path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    source: String,
    region: String,
    account: String,
}

impl Layout {
    /// `source` is the start of a custom source's name, `region` where the lake's bucket is, `account` whose
    /// events they are.
    ///
    /// # Errors
    /// [`ExportError::Name`] if one of them is not 1 to 64 of `A-Z a-z 0-9 _ - .`, or begins with a dot.
    pub fn new(source: &str, region: &str, account: &str) -> Result<Self, ExportError> {
        for (what, name) in [("source", source), ("region", region), ("account", account)] {
            let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
            let ok = (1..=64).contains(&name.len()) && name.bytes().all(fits);
            if !ok || name.starts_with('.') {
                return Err(ExportError::Name { what });
            }
        }
        let own = str::to_owned;
        Ok(Self { source: own(source), region: own(region), account: own(account) })
    }

    /// The name of a class's custom source: one class each.
    pub fn source(&self, class: Class) -> String {
        format!("{}-{}", self.source, class.uid())
    }
}

/// The directory of a class and day: `ext/<source>-<class>/region=<region>/accountId=<account>/eventDay=YYYYMMDD`.
pub fn partition(layout: &Layout, class: Class, day: Day) -> String {
    let mut path = format!(
        "ext/{}/region={}/accountId={}/eventDay=",
        layout.source(class),
        layout.region,
        layout.account,
    );
    let digits = day.to_string().replace('-', "");
    // To a String it cannot fail.
    let _ = path.write_str(&digits);
    path
}
