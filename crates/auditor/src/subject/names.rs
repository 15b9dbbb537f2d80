//! The names that a log has for one person.

use dayseal_format::Origin;
use dayseal_format::event::EventFields;
use dayseal_format::pseudonym::{PrivacyKeys, Purpose};
use dayseal_keys::LogSecret;
use serde::Serialize;

/// What begins a pseudonym of a data subject.
const SUBJECT: &str = "p1:subject:";
/// What begins every pseudonym.
const PSEUDONYM: &str = "p1:";

/// The names of one person: as a data subject in `privacy.subject` and in content frames, and as who
/// acted in `actor.id`, `actor.on_behalf_of` and `oversight.reviewer`. One for each secret and tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Names {
    /// As a data subject, ascending.
    pub subjects: Vec<String>,
    /// As who acted, ascending.
    pub actors: Vec<String>,
}

/// How an entry is about a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// It is their data.
    Subject,
    /// They acted.
    Actor,
    /// Somebody acted for them.
    OnBehalfOf,
    /// They reviewed.
    Reviewer,
    /// A content of it is about them.
    Content,
}

impl Names {
    /// Of `id`, under every secret at every tenant; a pseudonym stands for itself. Without a secret the
    /// log has the id as it is.
    pub fn new(id: &str, origin: &Origin, secrets: &[LogSecret], tenants: &[String]) -> Self {
        let mut names = Self::default();
        if id.starts_with(PSEUDONYM) {
            let own = if id.starts_with(SUBJECT) { &mut names.subjects } else { &mut names.actors };
            own.push(id.to_owned());
            return names;
        }
        if secrets.is_empty() {
            names.subjects.push(id.to_owned());
            names.actors.push(id.to_owned());
        }
        for secret in secrets {
            for tenant in tenants {
                let keys = PrivacyKeys::derive(secret.expose(), origin, tenant);
                names.subjects.push(keys.pseudonym(Purpose::Subject, id.as_bytes()));
                names.actors.push(keys.pseudonym(Purpose::Actor, id.as_bytes()));
            }
        }
        for list in [&mut names.subjects, &mut names.actors] {
            list.sort_unstable();
            list.dedup();
        }
        names
    }

    /// Adds the names of another spelling, or of a pseudonym.
    pub fn extend(&mut self, other: Self) {
        for (list, more) in [(&mut self.subjects, other.subjects), (&mut self.actors, other.actors)]
        {
            list.extend(more);
            list.sort_unstable();
            list.dedup();
        }
    }

    /// How an entry's fields are about the person.
    pub fn roles(&self, event: &EventFields) -> Vec<Role> {
        let actor = |name: Option<&String>| name.is_some_and(|n| self.actors.contains(n));
        let subject = event.privacy.as_ref().and_then(|p| p.subject.as_ref());
        let reviewer = event.oversight.as_ref().and_then(|o| o.reviewer.as_ref());
        [
            (Role::Subject, subject.is_some_and(|n| self.subjects.contains(n))),
            (Role::Actor, actor(Some(&event.actor.id))),
            (Role::OnBehalfOf, actor(event.actor.on_behalf_of.as_ref())),
            (Role::Reviewer, actor(reviewer)),
        ]
        .into_iter()
        .filter_map(|(role, is)| is.then_some(role))
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use dayseal_format::event::{Actor, Event, Outcome, Oversight, Privacy};
    use dayseal_keys::LocalKeys;

    use super::*;

    #[test]
    fn a_person_has_a_name_for_each_secret_and_tenant() {
        let origin = "audit.example.com/a".parse().unwrap();
        let secrets: Vec<_> = (0..2)
            .map(|_| LocalKeys::generate(&origin).unwrap().log_secret().unwrap().clone())
            .collect();
        let tenants = ["default".to_owned(), "acme".to_owned()];
        let names = Names::new("ada", &origin, &secrets, &tenants);
        assert_eq!((names.subjects.len(), names.actors.len()), (4, 4));
        assert!(names.subjects.iter().all(|n| n.starts_with(SUBJECT)));
        let keys = PrivacyKeys::derive(secrets[1].expose(), &origin, "acme");
        assert!(names.subjects.contains(&keys.pseudonym(Purpose::Subject, b"ada")));
        assert!(names.actors.contains(&keys.pseudonym(Purpose::Actor, b"ada")));

        // Given the pseudonym, no secret is asked for.
        let given = &names.subjects[0];
        let alone = Names::new(given, &origin, &secrets, &tenants);
        assert_eq!((alone.subjects, alone.actors), (vec![given.clone()], vec![]));
        let plain = Names::new("ada", &origin, &[], &tenants);
        assert_eq!(
            (plain.subjects, plain.actors),
            (vec!["ada".to_owned()], vec!["ada".to_owned()])
        );
    }

    #[test]
    fn every_way_to_be_in_an_entry_is_seen() {
        let names = Names { subjects: vec!["s".into()], actors: vec!["a".into()] };
        let event = |actor: &str, behalf: &str, subject: &str, reviewer: &str| {
            Event::builder("data.read")
                .actor(Actor::user(actor).on_behalf_of(behalf))
                .action("open")
                .outcome(Outcome::Success)
                .privacy(Privacy::default().subject(subject))
                .oversight(Oversight { reviewer: Some(reviewer.into()), ..Oversight::default() })
                .build()
                .unwrap()
        };
        let all = [Role::Subject, Role::Actor, Role::OnBehalfOf, Role::Reviewer];
        assert_eq!(names.roles(&event("a", "a", "s", "a")), all);
        // Names of one purpose are none of another's.
        assert_eq!(names.roles(&event("s", "s", "a", "s")), []);
    }
}
