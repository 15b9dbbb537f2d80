//! `sql`.

use serde_json::Value;

use crate::support::{Done, Log, time};

fn sql(log: &Log, statement: &str, more: &[&str]) -> Done {
    log.at(&time(2, 15), ["sql", statement].iter().chain(more))
}

#[test]
fn one_statement_three_ways() {
    let log = Log::sealed(2);
    let statement = "select day, count(*) as n from entries where type not like 'log.%' group by day order by day";
    let done = sql(&log, statement, &[]).exits(0).says("2 rows");
    assert_eq!(done.out, "day         n\n2026-11-16  2\n2026-11-17  2\n");
    let done = sql(&log, statement, &["--format", "csv"]).exits(0);
    assert_eq!(done.out, "day,n\n2026-11-16,2\n2026-11-17,2\n");
    let done = sql(&log, statement, &["--json"]).exits(0);
    let rows: Vec<Value> = done.out.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(rows[1], serde_json::json!({ "day": "2026-11-17", "n": 2 }));
}

#[test]
fn what_was_read_is_told_and_stands_in_the_log() {
    let log = Log::sealed(2);
    let statement = "select id from entries where day = '2026-11-16'";
    sql(&log, statement, &["--purpose", "audit 8"])
        .exits(0)
        .says("read 2 entries in 1 batch of 1 day");
    let found = log.at(&time(2, 16), ["query", "--type", "log.accessed", "--format", "json"]);
    let event: Value = serde_json::from_str(found.exits(0).out.lines().next().unwrap()).unwrap();
    assert_eq!(event["action"], "sql");
    assert_eq!(event["access_reason"], "audit 8");
    assert_eq!(event["labels"]["access.entries"], "2");
    // The statement may name a person.
    assert!(!event.to_string().contains("2026-11-16'"));
}

#[test]
fn only_reading() {
    let log = Log::sealed(1);
    for statement in
        ["drop table entries", "select * from '/etc/passwd'", "set x.y = 1", "nonsense"]
    {
        sql(&log, statement, &[]).exits(2).says("not a statement that can be run here");
    }
}

#[test]
fn an_altered_batch_is_told() {
    let log = Log::sealed(2).copy();
    let day = log.path("evidence/entries/2026-11-16");
    let stream = std::fs::read_dir(day).unwrap().next().unwrap().unwrap().path();
    let batch = std::fs::read_dir(stream).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&batch).unwrap();
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    std::fs::write(&batch, bytes).unwrap();
    let count = "select count(*) from entries where day <= '2026-11-17'";
    let done = sql(&log, count, &["--format", "csv"]).exits(1);
    assert!(done.out.ends_with("\n2\n"), "{done:#?}");
}
