//! Parquet files: whole, sorted, the same each time.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use ::parquet::file::reader::{FileReader as _, SerializedFileReader};
use ::parquet::record::{Field, Row};
use dayseal_export::ocsf::{Class, Options};
use dayseal_export::parquet::{Files, Layout, hive_columns, schema};
use dayseal_format::event::{Event, EventType};
use proptest::prelude::*;

use super::events::{any_event, full, give};

fn files(top: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(top).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(self::files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

fn write(top: &Path, events: &[Event], holding: usize) -> Files {
    let layout = Layout::new("dayseal", "eu-west-1", "111122223333").unwrap();
    let mut files = Files::new(top, layout, Options { raw: true }).holding(holding);
    give(&mut files, events);
    files
}

fn rows(path: &Path) -> Vec<(String, i64)> {
    let reader = SerializedFileReader::new(fs::File::open(path).unwrap()).unwrap();
    let at = |row: &Row, name: &str| {
        let found = row.get_column_iter().find(|(column, _)| *column == name);
        found.unwrap().1.clone()
    };
    let read = |row: Row| match (at(&row, "metadata"), at(&row, "time")) {
        (Field::Group(metadata), Field::Long(time)) => (at(&metadata, "uid").to_string(), time),
        other => panic!("{other:?}"),
    };
    reader.get_row_iter(None).unwrap().map(|row| read(row.unwrap())).collect()
}

/// Events of two types on three days, times going up and down.
fn some(count: i64) -> Vec<Event> {
    (0..count)
        .map(|n| {
            let mut fields = full().into_fields();
            fields.end_time = None;
            fields.time = fields.time.saturating_add((n * 7 % 11) * 21_600_000 / 2);
            fields.kind = if n % 2 == 0 { EventType::DATA_READ } else { EventType::AUTHN_FAILED };
            Event::from_fields(fields).unwrap()
        })
        .collect()
}

#[test]
fn one_class_and_day_a_file_in_the_order_of_time() {
    let top = tempfile::tempdir().unwrap();
    let written = write(top.path(), &some(100), usize::MAX).written;
    assert_eq!(written.rows, 100);
    let mut total = 0;
    for path in files(top.path()) {
        let rows = rows(&path);
        total += rows.len();
        assert!(rows.is_sorted_by_key(|(_, time)| *time));
        let text = path.strip_prefix(top.path()).unwrap().to_str().unwrap().to_owned();
        let day: dayseal_format::Day = dayseal_format::UnixMillis::new(rows[0].1).unwrap().day();
        let day = day.to_string().replace('-', "");
        let class = if text.contains("3002") { 3002 } else { 6005 };
        let wanted = format!(
            "ext/dayseal-{class}/region=eu-west-1/accountId=111122223333/eventDay={day}/part-00000.zst.parquet"
        );
        assert_eq!(text, wanted);
    }
    assert_eq!(total, 100);
}

#[test]
fn memory_is_held_by_more_files_of_the_same_rows() {
    let top = tempfile::tempdir().unwrap();
    let written = write(top.path(), &some(200), 40_000).written;
    assert_eq!(written.rows, 200);
    let found = files(top.path());
    assert_eq!(found.len() as u64, written.files);
    assert!(written.files > 8, "{written:?}");
    assert_eq!(found.iter().map(|path| rows(path).len()).sum::<usize>(), 200);
}

#[test]
fn the_same_entries_give_the_same_bytes() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(one.path(), &some(50), 30_000);
    write(two.path(), &some(50), 30_000);
    let all = |top: &Path| -> BTreeMap<PathBuf, Vec<u8>> {
        let strip = |p: &PathBuf| p.strip_prefix(top).unwrap().to_owned();
        files(top).iter().map(|p| (strip(p), fs::read(p).unwrap())).collect()
    };
    assert!(all(one.path()) == all(two.path()));
}

#[test]
fn a_name_that_leads_elsewhere_is_refused() {
    for name in ["", "..", "a/b", "ä", ".hidden", "a b", &"x".repeat(65)] {
        assert!(Layout::new(name, "r", "a").is_err(), "{name}");
        assert!(Layout::new("s", name, "a").is_err() && Layout::new("s", "r", name).is_err());
    }
}

/// `infra/athena/columns.json` is what this makes: `DAYSEAL_BLESS=1` writes it.
#[test]
fn the_tables_have_these_columns() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/athena/columns.json");
    let tables: BTreeMap<_, _> = Class::ALL
        .iter()
        .map(|class| {
            let columns: Vec<_> = hive_columns(*class)
                .into_iter()
                .map(|(name, kind)| serde_json::json!({ "name": name, "type": kind }))
                .collect();
            (class.uid().to_string(), columns)
        })
        .collect();
    let text = serde_json::to_string_pretty(&tables).unwrap() + "\n";
    if std::env::var_os("DAYSEAL_BLESS").is_some() {
        fs::write(path, &text).unwrap();
    }
    assert_eq!(fs::read_to_string(path).unwrap(), text);
    assert!(Class::ALL.iter().all(|class| schema(*class).fields().len() > 25));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Columns are read strictly: an event with a field that has no column would be refused.
    #[test]
    fn any_event_has_its_columns(event in any_event()) {
        prop_assume!(event.is_some());
        let event = event.unwrap();
        let top = tempfile::tempdir().unwrap();
        let written = write(top.path(), &[event.clone(), event], usize::MAX).written;
        prop_assert_eq!((written.files, written.rows), (1, 2));
    }
}
