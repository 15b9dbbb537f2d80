//! Redaction: each rule by examples, whole events, and what must hold for any text.

mod event;
mod find;
mod property;
mod rules;

use dayseal_format::event::EventDraft;

/// Puts another text in the place of the `n`th.
fn put_text(draft: &mut EventDraft, n: usize, new: &str) {
    let mut at = 0;
    draft.edit().edit_texts(|_, text| {
        if at == n {
            new.clone_into(text);
        }
        at += 1;
    });
}
