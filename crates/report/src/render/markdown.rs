//! Markdown (CommonMark with tables).

pub fn markdown(r: &crate::report::Report) -> String { let _ = r; String::new() }
