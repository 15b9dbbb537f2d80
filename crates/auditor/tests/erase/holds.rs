//! Legal holds: what they keep, and what becomes of them.

use dayseal_auditor::hold::{
    HoldError, Holds, Scope, place, placed, recorded, release, released, unmatched,
};
use dayseal_auditor::subject::{Counts, Ended};
use dayseal_format::event::{EventDraft, EventId, Service};
use dayseal_format::{OfficerName, UnixMillis, VerifierKey};
use dayseal_keys::{LocalKeys, LocalSigner, Signer as _};
use dayseal_store::{MemoryStore, Store as _};

use super::world::{ADA, BOB, D1, D2, SETTLED, World, at, erase, on, origin};

fn officer(name: &str) -> LocalSigner {
    let name = OfficerName::new(&origin(), name).unwrap();
    LocalKeys::generate(&name.key_name()).unwrap().signer().unwrap()
}

struct Office {
    state: MemoryStore,
    signer: LocalSigner,
    known: Vec<VerifierKey>,
}

impl Office {
    fn new() -> Self {
        let signer = officer("counsel");
        let known = vec![signer.verifier_key().clone()];
        Self { state: MemoryStore::without_versions(), signer, known }
    }

    async fn read(&self) -> Result<Holds, HoldError> {
        Holds::read(&self.state, &origin(), &self.known, 0).await
    }

    async fn place(&self, scope: Scope) -> dayseal_auditor::hold::Hold {
        let holds = self.read().await.unwrap();
        let what = (scope, "case 7".to_owned());
        let when = (on(D2), event_id(holds.last()));
        place(&self.state, &holds, (&origin(), &self.signer), what, when).await.unwrap()
    }

    async fn release(&self, number: u32) {
        let holds = self.read().await.unwrap();
        let when = (on(D2), event_id(holds.last()));
        let what = (number, "closed".to_owned());
        release(&self.state, &holds, (&origin(), &self.signer), what, when).await.unwrap();
    }
}

fn event_id(number: u32) -> EventId {
    EventId::from_parts(on(D2), [number as u8; 10])
}

fn scopes() -> [Scope; 3] {
    [
        Scope::Subjects(vec![ADA.to_owned()]),
        Scope::Days { from: on(D1).day(), through: on(D1).day() },
        Scope::Label {
            label: "case".into(),
            value: "7".into(),
            through: on(D2).day(),
            objects: [at(D1, 2, 0).to_string(), at(D1, 9, 9).to_string()].into(),
        },
    ]
}

#[tokio::test]
async fn each_kind_keeps_what_it_names_until_it_is_released() {
    // Frames of Ada that stay: all, those of the first day, those of one object.
    for (scope, kept) in scopes().into_iter().zip([4, 3, 1]) {
        let (world, origin, office) = (World::new().await, origin(), Office::new());
        let eraser = world.eraser(&origin);
        let hold = office.place(scope).await;
        let holds = office.read().await.unwrap();
        assert_eq!(holds.all, std::slice::from_ref(&hold), "what was placed is what is read");

        let plan = eraser.plan(&[ADA.to_owned()], &holds).await.unwrap();
        assert_eq!(plan.total().frames, u64::from(4 - kept));
        assert_eq!(
            (plan.held.len(), plan.held[0].hold, plan.held[0].reason.as_str()),
            (1, 1, "case 7")
        );
        let held_bytes = world.bytes(&at(D1, 2, 0).to_string()).await;
        let (open, ended) = erase(&eraser, ADA, &holds, on(SETTLED)).await.unwrap();
        assert_eq!(ended, Ended::Unfinished);
        assert!(open.job.pass.unwrap().held > 0);
        assert_eq!(world.parts(ADA).await.0, kept);
        assert_eq!(world.bytes(&at(D1, 2, 0).to_string()).await, held_bytes);
        // Bob's own are not held by a hold on Ada.
        let bob = holds.covering(&at(D2, 3, 0).to_string(), &[BOB.to_owned()]);
        assert_eq!(bob, None);

        office.release(1).await;
        let holds = office.read().await.unwrap();
        assert_eq!((holds.standing().count(), holds.last()), (0, 2), "nothing is deleted");
        let (open, ended) = erase(&eraser, ADA, &holds, on(SETTLED)).await.unwrap();
        assert_eq!(ended, Ended::Completed);
        assert_eq!(open.job.total(), Counts { objects: 3, frames: 4, records: 8 });
        assert_eq!(open.job.holds, 2);
    }
}

#[tokio::test]
async fn a_hold_placed_while_an_erasure_is_open_keeps_what_is_late() {
    let (world, origin, office) = (World::new().await, origin(), Office::new());
    let eraser = world.eraser(&origin);
    erase(&eraser, ADA, &Holds::default(), on(D2)).await.unwrap();
    office.place(Scope::Subjects(vec![ADA.to_owned()])).await;
    super::land(&*world.content, at(D2, 7, 0), &[(&[ADA], 1)]).await;
    let holds = office.read().await.unwrap();
    let (_, ended) = erase(&eraser, ADA, &holds, on(SETTLED)).await.unwrap();
    assert_eq!((ended, world.parts(ADA).await.0), (Ended::Unfinished, 1));
}

#[tokio::test]
async fn a_hold_taken_away_replaced_or_forged_is_noticed() {
    let office = Office::new();
    for scope in scopes() {
        office.place(scope).await;
    }
    let bytes = |n: u32| {
        let state = &office.state;
        async move { state.get(&format!("holds/{n:08}"), None, 1 << 20).await.unwrap().bytes }
    };
    let (first, second, third) = (bytes(1).await, bytes(2).await, bytes(3).await);
    let list = office.state.get("holds/00000003.objects", None, 1 << 20).await.unwrap().bytes;
    let put = |n: u32, bytes: &bytes::Bytes| {
        office.state.overwrite(&format!("holds/{n:08}"), bytes.clone());
    };

    // From the middle, from the front; one in the place of another.
    office.state.remove("holds/00000002");
    assert!(matches!(office.read().await, Err(HoldError::Chain { .. })));
    put(2, &first);
    assert!(matches!(office.read().await, Err(HoldError::Chain { .. })));
    put(2, &second);
    office.state.remove("holds/00000001");
    assert!(matches!(office.read().await, Err(HoldError::Chain { .. })));
    put(1, &first);
    assert_eq!(office.read().await.unwrap().last(), 3);

    // The last one: only who remembers it can tell.
    office.state.remove("holds/00000003");
    assert_eq!(office.read().await.unwrap().last(), 2);
    let read = Holds::read(&office.state, &origin(), &office.known, 3).await;
    assert!(matches!(read, Err(HoldError::Missing { expected: 3, found: 2 })));
    put(3, &third);

    // Altered, and by somebody who is no officer of the policy.
    let text = String::from_utf8(second.to_vec()).unwrap();
    put(2, &text.replace("2026-11-20", "2026-11-19").into());
    assert!(matches!(office.read().await, Err(HoldError::Statement { .. })));
    put(2, &second);
    let stranger = [officer("stranger").verifier_key().clone()];
    let read = Holds::read(&office.state, &origin(), &stranger, 0).await;
    assert!(matches!(read, Err(HoldError::Statement { .. })));

    // Signed by the same officer, of the same number, in another line of statements.
    let other = Office { state: MemoryStore::without_versions(), ..Office::new() };
    let other = Office { signer: office.signer.clone(), known: office.known.clone(), ..other };
    let [first_scope, _, last_scope] = scopes();
    other.place(last_scope).await;
    other.place(first_scope).await;
    let of_other = other.state.get("holds/00000002", None, 1 << 20).await.unwrap().bytes;
    put(2, &of_other);
    let found = office.read().await;
    assert!(matches!(&found, Err(HoldError::Chain { object, .. }) if object == "holds/00000002"));
    put(2, &second);

    // The list of a label's objects, shortened or gone.
    office.state.overwrite("holds/00000003.objects", list.slice(..list.len() / 2));
    assert!(matches!(office.read().await, Err(HoldError::Chain { .. })));
    office.state.remove("holds/00000003.objects");
    assert!(office.read().await.is_err());
    office.state.overwrite("holds/00000003.objects", list);
    assert_eq!(office.read().await.unwrap().all.len(), 3);
}

#[tokio::test]
async fn two_officers_cannot_take_one_number_and_no_hold_is_released_twice() {
    let office = Office::new();
    let before = office.read().await.unwrap();
    office.place(Scope::Subjects(vec![ADA.to_owned()])).await;
    let what = (Scope::Subjects(vec![BOB.to_owned()]), "x".to_owned());
    let when: (UnixMillis, EventId) = (on(D2), event_id(9));
    let raced = place(&office.state, &before, (&origin(), &office.signer), what, when).await;
    assert!(matches!(raced, Err(HoldError::Raced { number: 1 })));
    office.release(1).await;
    let holds = office.read().await.unwrap();
    for number in [1, 2, 7] {
        let what = (number, "x".to_owned());
        let again = release(&office.state, &holds, (&origin(), &office.signer), what, when).await;
        assert!(matches!(again, Err(HoldError::NotStanding { .. })));
    }
}

#[tokio::test]
async fn the_log_and_the_holds_are_held_against_each_other() {
    let office = Office::new();
    for scope in scopes() {
        office.place(scope).await;
    }
    office.release(2).await;
    let holds = office.read().await.unwrap();
    let seen = |draft: EventDraft| {
        let service = Service::new("tests");
        let defaults = dayseal_format::event::Defaults::new(draft.id, draft.time, &service);
        recorded(&draft.complete(defaults).unwrap()).unwrap()
    };
    let mut log: Vec<_> = holds.all.iter().map(|hold| seen(placed(hold).unwrap())).collect();
    log.push(seen(released(2, holds.all[1].released.as_ref().unwrap()).unwrap()));
    assert_eq!(unmatched(&holds, &log), [""; 0]);
    let twice: Vec<_> = log.iter().chain(&log).copied().collect();
    assert_eq!(unmatched(&holds, &twice), [""; 0], "an entry may come twice");
    assert_eq!(unmatched(&holds, &log[1..]).len(), 1, "a hold that is not recorded");
    // The whole end of the chain is taken away: the log still has it.
    let none = unmatched(&Holds::default(), &log);
    assert_eq!(none.len(), 4);
    assert!(none.iter().all(|text| text.contains("taken away")), "{none:?}");
}
