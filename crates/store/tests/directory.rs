//! What a directory store leaves on disk, and what it makes of what others left there.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it fails")]

use std::fs;
use std::path::Path;

use bytes::Bytes;
use dayseal_store::{Condition, DirectoryStore, ErrorKind, ObjectMeta, Store, StoreError};
use sha2::{Digest, Sha256};

async fn create(store: &DirectoryStore, key: &str, bytes: &str) -> Result<ObjectMeta, StoreError> {
    let digest = Sha256::digest(bytes).into();
    store.put(key, Bytes::from(bytes.to_owned()), &digest, Condition::Absent).await
}

async fn keys(store: &DirectoryStore, prefix: &str) -> Vec<String> {
    let (mut keys, mut from) = (Vec::new(), None);
    loop {
        let page = store.list(prefix, from.as_deref()).await.unwrap();
        assert!(page.entries.len() <= 1_000);
        keys.extend(page.entries.into_iter().map(|entry| entry.key));
        from = page.next;
        if from.is_none() {
            return keys;
        }
    }
}

fn temporary_files(root: &Path) -> usize {
    fs::read_dir(root.join(".tmp")).map_or(0, Iterator::count)
}

#[tokio::test]
async fn files_are_plain_read_only_and_leave_nothing_behind() {
    let home = tempfile::tempdir().unwrap();
    let store = DirectoryStore::open(home.path()).unwrap();
    let meta = create(&store, "a/b/c", "bytes").await.unwrap();
    assert_eq!(meta.etag, hex::encode(Sha256::digest("bytes")));
    let path = home.path().join("a/b/c");
    assert_eq!(fs::read(&path).unwrap(), b"bytes");
    assert!(fs::metadata(&path).unwrap().permissions().readonly());
    assert_eq!(create(&store, "a/b/c", "x").await.unwrap_err().kind(), ErrorKind::AlreadyExists);
    let swap = Condition::Matches(meta.etag);
    store
        .put("a/b/c", Bytes::from_static(b"new"), &Sha256::digest(b"new").into(), swap)
        .await
        .unwrap();
    assert!(fs::metadata(&path).unwrap().permissions().readonly());
    assert_eq!(temporary_files(home.path()), 0);
    assert_eq!(keys(&store, "").await, ["a/b/c"]);
}

#[tokio::test]
async fn opening_writes_nothing_and_needs_a_directory() {
    let home = tempfile::tempdir().unwrap();
    let missing = home.path().join("missing");
    assert_eq!(DirectoryStore::open(&missing).unwrap_err().kind(), ErrorKind::NotFound);
    let file = home.path().join("file");
    fs::write(&file, "x").unwrap();
    assert_eq!(DirectoryStore::open(&file).unwrap_err().kind(), ErrorKind::Configuration);
    let root = home.path().join("x/y");
    let store = DirectoryStore::create(&root).unwrap();
    assert!(keys(&store, "").await.is_empty());
    assert_eq!(fs::read_dir(&root).unwrap().count(), 0);
    DirectoryStore::create(&root).unwrap();
}

#[tokio::test]
async fn a_half_written_file_of_a_killed_process_is_never_an_object() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join(".tmp")).unwrap();
    fs::write(home.path().join(".tmp/0011223344556677"), "half").unwrap();
    fs::write(home.path().join(".lock"), "").unwrap();
    let store = DirectoryStore::open(home.path()).unwrap();
    create(&store, "k", "x").await.unwrap();
    assert_eq!(keys(&store, "").await, ["k"]);
    assert!(store.list_prefixes("").await.unwrap().is_empty());
    for own in [".tmp/", ".tmp/00", ".lock"] {
        let refused = store.list(own, None).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Configuration, "{own}");
    }
}

#[tokio::test]
async fn a_root_that_is_gone_is_not_an_empty_one() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("log");
    let store = DirectoryStore::create(&root).unwrap();
    create(&store, "a/b/1", "x").await.unwrap();
    fs::remove_dir_all(&root).unwrap();
    for prefix in ["", "a", "a/", "a/b/1", "z/"] {
        assert_eq!(
            store.list(prefix, None).await.unwrap_err().kind(),
            ErrorKind::NotFound,
            "{prefix}"
        );
        assert!(store.list_prefixes(prefix).await.is_err(), "{prefix}");
    }
}

#[tokio::test]
async fn directories_removed_meanwhile_are_made_again() {
    let home = tempfile::tempdir().unwrap();
    let store = DirectoryStore::open(home.path()).unwrap();
    create(&store, "a/b/1", "x").await.unwrap();
    fs::remove_dir_all(home.path().join("a")).unwrap();
    fs::remove_dir_all(home.path().join(".tmp")).unwrap();
    create(&store, "a/b/1", "x").await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn links_and_odd_names_are_listed_and_never_followed() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;

    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret"), "secret").unwrap();
    let home = tempfile::tempdir().unwrap();
    let root = home.path();
    let store = DirectoryStore::open(root).unwrap();
    create(&store, "day/s/0", "x").await.unwrap();
    symlink(outside.path().join("secret"), root.join("day/s/1")).unwrap();
    symlink(outside.path(), root.join("day/t")).unwrap();
    fs::write(root.join("day/s/.hidden"), "x").unwrap();
    fs::write(root.join("day/s/a b"), "x").unwrap();
    fs::write(root.join(OsStr::from_bytes(b"day/s/bad\xff")), "x").unwrap();
    fs::create_dir(root.join(OsStr::from_bytes(b"day/bad\xff"))).unwrap();
    let expected = [
        "day/bad\u{fffd}/",
        "day/s/.hidden",
        "day/s/0",
        "day/s/1",
        "day/s/a b",
        "day/s/bad\u{fffd}",
        "day/t",
    ];
    assert_eq!(keys(&store, "").await, expected);
    assert_eq!(store.list_prefixes("day/").await.unwrap(), ["day/s/"]);
    assert_eq!(keys(&store, "day/s/").await, expected[1..6]);
    assert_eq!(keys(&store, "day/t").await, ["day/t"]);
    let direct = async |prefix: &str| {
        let found = store.list_direct(prefix).await.unwrap();
        found.into_iter().map(|e| e.key).collect::<Vec<_>>()
    };
    assert_eq!(direct("day/").await, ["day/t"]);
    assert_eq!(direct("day/s/").await, expected[1..6]);
    assert_eq!(direct("day/s/b").await, [expected[5]]);
    assert!(direct("").await.is_empty());
    // Behind a link, below a file, not there.
    for nothing in ["day/t/", "day/t/secret", "day/s/0/", "day/u/", "none/s/0"] {
        assert!(keys(&store, nothing).await.is_empty(), "{nothing}");
        assert!(store.list_prefixes(nothing).await.unwrap().is_empty(), "{nothing}");
        assert!(direct(nothing).await.is_empty(), "{nothing}");
    }
    for key in ["day/s/1", "day/t/secret"] {
        let e = store.get(key, None, 99).await.unwrap_err();
        assert_eq!(e.kind(), ErrorKind::Protocol, "{e}");
        assert!(e.to_string().contains("symbolic link"), "{e}");
        assert_eq!(store.head(key, None).await.unwrap_err().kind(), ErrorKind::Protocol);
    }
    assert_eq!(create(&store, "day/t/new", "x").await.unwrap_err().kind(), ErrorKind::Protocol);
    assert_eq!(create(&store, "day/s/1", "x").await.unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
}

#[cfg(unix)]
#[tokio::test]
async fn a_named_pipe_does_not_hang_a_reader() {
    let home = tempfile::tempdir().unwrap();
    let store = DirectoryStore::open(home.path()).unwrap();
    let made = std::process::Command::new("mkfifo").arg(home.path().join("pipe")).status();
    assert!(made.unwrap().success());
    assert_eq!(keys(&store, "").await, ["pipe"]);
    assert_eq!(store.get("pipe", None, 9).await.unwrap_err().kind(), ErrorKind::Protocol);
}

#[tokio::test]
async fn a_file_that_is_in_the_way_of_a_key_is_named() {
    let home = tempfile::tempdir().unwrap();
    let store = DirectoryStore::open(home.path()).unwrap();
    create(&store, "a", "x").await.unwrap();
    let e = create(&store, "a/b", "x").await.unwrap_err();
    assert!(e.to_string().contains("a directory expected, a file found"), "{e}");
    assert_eq!(store.get("a/b", None, 9).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_files_are_listed_in_order_page_by_page() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir_all(home.path().join("d")).unwrap();
    let expected: Vec<String> = (0..10_000).map(|i| format!("d/{i:05}")).collect();
    for key in &expected {
        fs::write(home.path().join(key), "").unwrap();
    }
    let store = DirectoryStore::open(home.path()).unwrap();
    assert_eq!(keys(&store, "").await, expected);
}

/// Two stores stand for two processes: nothing in memory is shared, only the disk decides.
#[tokio::test(flavor = "multi_thread")]
async fn two_processes_swap_without_losing_a_count() {
    let home = tempfile::tempdir().unwrap();
    let first = DirectoryStore::open(home.path()).unwrap();
    create(&first, "counter", "0").await.unwrap();
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let store = DirectoryStore::open(home.path()).unwrap();
            tokio::spawn(async move {
                for _ in 0..25 {
                    loop {
                        let now = store.get("counter", None, 99).await.unwrap();
                        let count: u32 = std::str::from_utf8(&now.bytes).unwrap().parse().unwrap();
                        let next = Bytes::from((count + 1).to_string());
                        let digest = Sha256::digest(&next).into();
                        let swap = Condition::Matches(now.meta.etag);
                        match store.put("counter", next, &digest, swap).await {
                            Ok(_) => break,
                            Err(e) => assert_eq!(e.kind(), ErrorKind::Precondition),
                        }
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(&first.get("counter", None, 99).await.unwrap().bytes[..], b"100");
}

/// Names the directory to write in; set only in the process that is to be killed.
const VICTIM: &str = "DAYSEAL_TEST_VICTIM";

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_writer_leaves_only_whole_objects() {
    if let Some(root) = std::env::var_os(VICTIM) {
        return write_until_killed(Path::new(&root)).await;
    }
    let home = tempfile::tempdir().unwrap();
    for milliseconds in [150, 180, 210, 240, 270] {
        let this_test = ["--exact", "a_killed_writer_leaves_only_whole_objects"];
        let mut victim = std::process::Command::new(std::env::current_exe().unwrap())
            .args(this_test)
            .env(VICTIM, home.path())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(milliseconds)).await;
        victim.kill().unwrap(); // SIGKILL: no destructor runs
        victim.wait().unwrap();
    }
    let store = DirectoryStore::open(home.path()).unwrap();
    let keys = keys(&store, "").await;
    assert!(!keys.is_empty());
    for key in &keys {
        let found = store.get(key, None, u64::MAX).await.unwrap();
        assert_eq!(found.bytes.len(), 1 << 20);
        assert!(key.ends_with(&hex::encode(Sha256::digest(&found.bytes))), "{key}");
    }
    eprintln!("{} objects, {} left half written", keys.len(), temporary_files(home.path()));
    // And the next writer is not in the way of what was left.
    create(&store, "after", "x").await.unwrap();
}

/// Objects of 1 MiB whose key ends in their digest, four at a time.
async fn write_until_killed(root: &Path) {
    let store = DirectoryStore::open(root).unwrap();
    let writers = (0..4).map(|writer| {
        let store = store.clone();
        tokio::spawn(async move {
            for number in 0_u64.. {
                let mut bytes = vec![writer; 1 << 20];
                bytes[..8].copy_from_slice(&number.to_be_bytes());
                bytes[8..12].copy_from_slice(&std::process::id().to_be_bytes());
                let digest: [u8; 32] = Sha256::digest(&bytes).into();
                let key = format!("d{writer}/{number}-{}", hex::encode(digest));
                store.put(&key, bytes.into(), &digest, Condition::Absent).await.unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
}

/// Not a benchmark of dayseal: what two flushes an object cost on this disk.
#[tokio::test(flavor = "multi_thread")]
async fn creates_in_parallel() {
    use futures_util::{StreamExt, stream};
    let home = tempfile::tempdir().unwrap();
    let store = &DirectoryStore::open(home.path()).unwrap();
    let started = std::time::Instant::now();
    stream::iter(0..1_000)
        .map(|i| async move { create(store, &format!("d/{i:04}"), "bytes").await.unwrap() })
        .buffer_unordered(16)
        .for_each(|_| async {})
        .await;
    let rate = 1_000.0 / started.elapsed().as_secs_f64();
    eprintln!("1000 small creates, 16 at a time: {rate:.0} a second");
    assert_eq!(keys(store, "").await.len(), 1_000);
}

#[tokio::test]
async fn removing_takes_the_object_and_the_directories_it_leaves_empty() {
    let home = tempfile::tempdir().unwrap();
    let store = DirectoryStore::open(home.path()).unwrap();
    for key in ["a/b/c", "a/b/d", "a/e"] {
        create(&store, key, "x").await.unwrap();
    }
    assert!(store.remove("a/b/c").await.unwrap());
    assert!(!store.remove("a/b/c").await.unwrap(), "it is gone");
    assert!(!store.remove("no/such/key").await.unwrap());
    assert_eq!(keys(&store, "").await, ["a/b/d", "a/e"]);
    assert!(store.remove("a/b/d").await.unwrap());
    assert!(!home.path().join("a/b").exists() && home.path().join("a").exists());
    assert!(store.remove("a/e").await.unwrap());
    assert!(!home.path().join("a").exists() && home.path().exists());
    assert_eq!(store.remove("../x").await.unwrap_err().kind(), ErrorKind::Configuration);
    // The same store goes on writing there.
    create(&store, "a/b/c", "again").await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn removing_follows_no_link() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("root");
    let store = DirectoryStore::create(&root).unwrap();
    let outside = home.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("kept"), "x").unwrap();
    std::os::unix::fs::symlink(&outside, root.join("way")).unwrap();
    std::os::unix::fs::symlink(outside.join("kept"), root.join("link")).unwrap();
    assert_eq!(store.remove("way/kept").await.unwrap_err().kind(), ErrorKind::Protocol);
    assert!(store.remove("link").await.unwrap());
    assert!(outside.join("kept").exists());
}
