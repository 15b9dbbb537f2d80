//! The key file and its keys.

use std::fs;

use super::wrapping::WRAPPED_LEN;
use super::*;
use dayseal_format::StreamId;

fn context(stream: u8) -> KeyContext {
    let (origin, day) = ("a.example/x".parse().unwrap(), "2026-11-20".parse().unwrap());
    KeyContext::entries(&origin, StreamId([stream; 16]), day)
}

fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("local keys never wait"),
    }
}

#[test]
fn a_wrapped_key_opens_for_its_own_stream_only() {
    let keys = LocalKeys::generate(&context(1).origin).unwrap();
    let made = now(keys.generate(&context(1))).unwrap();
    assert_eq!(made.wrapped.len(), WRAPPED_LEN);
    let opened = now(keys.open(&made.key_id, &made.wrapped, &context(1))).unwrap();
    assert_eq!(opened.expose(), made.key.expose());
    let moved = now(keys.open(&made.key_id, &made.wrapped, &context(2)));
    assert!(matches!(moved, Err(KeyError::Unwrap { .. })));
    let foreign = now(keys.open("local:00", &made.wrapped, &context(1)));
    assert!(matches!(foreign, Err(KeyError::UnknownKey { .. })));
    for at in 0..made.wrapped.len() {
        let mut bad = made.wrapped.clone();
        bad[at] ^= 1;
        assert!(now(keys.open(&made.key_id, &bad, &context(1))).is_err(), "byte {at}");
    }
}

#[test]
fn files_round_trip_and_are_never_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("keys.json");
    let keys = LocalKeys::generate(&context(1).origin).unwrap();
    keys.save_new(&path).unwrap();
    assert!(matches!(keys.save_new(&path), Err(KeyError::File { .. })));
    let again = LocalKeys::load(&path).unwrap();
    assert_eq!(again.wrapping_key_id().unwrap(), keys.wrapping_key_id().unwrap());
    let (a, b) = (again.signer().unwrap(), keys.signer().unwrap());
    assert_eq!(a.verifier_key(), b.verifier_key());
    assert_eq!(now(a.sign(b"x")).unwrap(), now(b.sign(b"x")).unwrap());
}

#[test]
fn a_new_log_secret_leaves_the_old_one_to_be_recognised() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("keys.json");
    let keys = LocalKeys::generate(&context(1).origin).unwrap();
    keys.save_new(&path).unwrap();
    let first = *keys.log_secret().unwrap().expose();
    LocalKeys::load(&path).unwrap().with_new_log_secret(true).unwrap().replace(&path).unwrap();
    let rotated = LocalKeys::load(&path).unwrap();
    assert_ne!(*rotated.log_secret().unwrap().expose(), first);
    assert_eq!(rotated.previous_log_secret().unwrap().expose(), &first);
    assert_eq!(rotated.wrapping_key_id().unwrap(), keys.wrapping_key_id().unwrap());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let alone = rotated.with_new_log_secret(false).unwrap();
    assert!(alone.previous_log_secret().is_none());
    assert!(!alone.to_json().contains("previous"));
}

#[test]
#[cfg(unix)]
fn exposed_and_broken_files_are_refused_without_their_contents() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("keys.json");
    LocalKeys::generate(&context(1).origin).unwrap().save_new(&path).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(LocalKeys::load(&path), Err(KeyError::Exposed { .. })));
    for (name, bad) in [
        ("cut", text[..text.len() / 2].to_owned()),
        ("kind", text.replace(KIND, "other")),
        ("short", text.replacen("\"signing_seed\": \"", "\"signing_seed\": \"zz", 1)),
        ("unknown", text.replacen("\"v\"", "\"w\": 1, \"v\"", 1)),
    ] {
        let path = dir.path().join(name);
        fs::write(&path, bad).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let Err(error) = LocalKeys::load(&path) else { panic!("{name} was accepted") };
        assert!(!error.to_string().contains(&text[80..110]), "{error}");
    }
}

#[test]
fn a_file_of_one_role_lacks_the_others() {
    let keys = LocalKeys::generate(&context(1).origin).unwrap();
    let text = serde_json::to_string(&keys.file).unwrap();
    let copy = || LocalKeys::parse(text.as_bytes(), "a copy").unwrap();
    let written = |keys: LocalKeys| {
        LocalKeys::parse(&serde_json::to_vec(&keys.file).unwrap(), "a part").unwrap()
    };
    let producer = written(copy().without_signing_key());
    assert!(matches!(producer.signer(), Err(KeyError::Absent { .. })));
    assert!(now(producer.generate(&context(1))).is_ok());
    let sealer = written(copy().without_wrapping_key());
    assert!(matches!(now(sealer.generate(&context(1))), Err(KeyError::Absent { .. })));
    assert!(sealer.signer().is_ok());
}
