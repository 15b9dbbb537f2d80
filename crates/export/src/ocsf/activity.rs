//! Which class and activity a type of event is.

use super::Class;

/// `activity_id` of what is none of the class's list: `activity_name` then has our type.
pub(crate) const OTHER: u32 = 99;

/// The class and `activity_id` of a type of event. A type of the caller's own is API Activity, activity 99.
pub fn classify(kind: &str) -> (Class, u32) {
    use Class::{
        AccountChange as Account, ApiActivity as Api, ApplicationLifecycle as Lifecycle,
        Authentication, ComplianceFinding, DatastoreActivity as Datastore,
    };
    match kind {
        "ai.generation.started"
        | "ai.generation.completed"
        | "ai.generation.failed"
        | "ai.generation.blocked"
        | "hold.placed"
        | "log.imported"
        | "log.sealed"
        | "ocsf.api_activity.create" => (Api, 1),
        "log.accessed" | "log.exported" | "log.verified" | "ocsf.api_activity.read" => (Api, 2),
        "config.changed" | "ocsf.api_activity.update" => (Api, 3),
        "hold.released" | "ocsf.api_activity.delete" => (Api, 4),
        "data.read" | "data.exported" | "ai.memory.read" => (Datastore, 1),
        "data.updated" | "key.rotated" => (Datastore, 2),
        "ai.memory.written" => (Datastore, 5),
        "data.created" | "key.created" => (Datastore, 6),
        "data.deleted" | "ai.memory.deleted" | "key.destroyed" | "privacy.erasure.completed" => {
            (Datastore, 7)
        }
        // Whether it was to encrypt or to decrypt, the type does not say.
        "crypto.failed" => (Datastore, OTHER),
        "authn.succeeded" | "authn.failed" => (Authentication, 1),
        "authn.key.used" => (Authentication, OTHER),
        "identity.user.created" => (Account, 1),
        "identity.user.disabled" => (Account, 5),
        "identity.user.deleted" => (Account, 6),
        "identity.user.updated" | "authz.changed" => (Account, OTHER),
        "review.completed" => (ComplianceFinding, 1),
        "log.started" => (Lifecycle, 3),
        "log.stopped" => (Lifecycle, 4),
        "log.resumed" => (Lifecycle, 6),
        "log.paused" => (Lifecycle, 7),
        "log.config_changed" => (Lifecycle, 8),
        own if own.starts_with("log.") => (Lifecycle, OTHER),
        _ => (Api, OTHER),
    }
}

#[cfg(test)]
mod tests {
    use dayseal_format::event::EventType;

    use super::*;

    #[test]
    fn every_activity_has_its_caption_and_every_known_type_a_class_of_its_kind() {
        for kind in EventType::KNOWN {
            let (class, activity) = classify(kind.as_str());
            assert_eq!(class.activity(activity).is_none(), activity == OTHER, "{kind}");
        }
        assert_eq!(classify("mine.own"), (Class::ApiActivity, OTHER));
        assert_eq!(classify("log.of_tomorrow"), (Class::ApplicationLifecycle, OTHER));
        assert_eq!(Class::ApiActivity.type_uid(1), 600_301);
    }
}
