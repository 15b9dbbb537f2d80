//! Operations: an intent entry before, a result entry after, whatever ends them.

mod audited;
mod current;
mod ending;
mod open;
mod stream;

#[cfg(any(feature = "reqwest-middleware", feature = "tracing-layer"))]
pub(crate) use current::Inherited;
#[cfg(any(feature = "http", feature = "tracing-layer"))]
pub(crate) use ending::cut;
#[cfg(any(feature = "http", feature = "lambda", feature = "tracing-layer"))]
pub(crate) use ending::{Kinds, name};
#[cfg(any(feature = "http", feature = "lambda"))]
pub(crate) use open::{Open, Plan, Write};

#[cfg(feature = "http")]
pub(crate) use stream::Flow;

#[cfg(feature = "lambda")]
pub(crate) use open::Refused;
#[cfg(feature = "tracing-layer")]
pub(crate) use open::span;

pub use audited::Audited;
pub use current::Operation;
pub use ending::{By, ByType, Ending, Explain};
pub use stream::AuditedStream;
