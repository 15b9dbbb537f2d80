//! What is remembered across cold starts: which invocations were running.

use std::fs;
use std::path::PathBuf;

use dayseal_format::event::{
    Actor, Correlation, Event, EventId, Function, Outcome, Reason, Source, Trace, limits,
};
use lambda_runtime::Context;

use super::FAMILY;
use crate::operation::{Kinds, Open, name};
use crate::{AuditLog, TryRecordError, UnixMillis};

/// The directory below the one that is given.
const FOLDER: &str = "dayseal-running";
/// No more than an invocation's file can have, and no more files than run at once.
const MAX_BYTES: u64 = 4_096;
const MAX_FILES: usize = 256;

/// A file for each invocation that runs. Trouble with files is logged and stops nothing: they say
/// more than the log would have said without them, and nothing that it would.
#[derive(Debug)]
pub(super) struct Memory {
    directory: PathBuf,
}

/// An invocation of an earlier process, which did not end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Lost {
    function: String,
    request: String,
    trace: String,
    span: String,
    started: EventId,
    time: UnixMillis,
}

/// The file of an invocation that runs; removed when this is dropped.
#[derive(Debug)]
pub(super) struct Running(PathBuf);

impl Memory {
    pub(super) fn new(directory: PathBuf) -> Self {
        let directory = directory.join(FOLDER);
        if let Err(error) = fs::create_dir_all(&directory) {
            tracing::warn!(%error, directory = %directory.display(),
                "invocations that do not end cannot be remembered");
        }
        Self { directory }
    }

    /// What was running when an earlier process ended. Told once.
    pub(super) fn take(&self) -> Vec<Lost> {
        let files = fs::read_dir(&self.directory).into_iter().flatten().take(MAX_FILES);
        let files = files.filter_map(|file| {
            let file = file.ok()?;
            let small = file.metadata().ok()?.len() <= MAX_BYTES;
            let text = if small { fs::read_to_string(file.path()).ok() } else { None };
            fs::remove_file(file.path()).ok()?;
            Lost::read(&text?)
        });
        files.collect()
    }

    /// Notes that an invocation runs.
    pub(super) fn note(&self, context: &Context, open: &Open) -> Running {
        let request = &context.request_id;
        let plain = |c: &char| c.is_ascii_alphanumeric() || *c == '-';
        let file = self.directory.join(request.chars().filter(plain).take(64).collect::<String>());
        let trace = open.begun().trace.clone().unwrap_or_default();
        let lost = Lost {
            function: context.env_config.function_name.clone(),
            request: request.clone(),
            trace: trace.trace_id.unwrap_or_default(),
            span: trace.span_id.unwrap_or_default(),
            started: open.begun().id,
            time: open.begun().time,
        };
        if let Err(error) = fs::write(&file, lost.write()) {
            tracing::warn!(%error, file = %file.display(), "a running invocation is not remembered");
        }
        Running(file)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Without the file there is nothing to remove.
        let _ = fs::remove_file(&self.0);
    }
}

impl Lost {
    fn write(&self) -> String {
        let Self { function, request, trace, span, started, time } = self;
        format!("1\n{function}\n{request}\n{trace}\n{span}\n{started}\n{time}\n")
    }

    fn read(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let mut next = || lines.next().map(str::to_owned);
        if next()? != "1" {
            return None;
        }
        Some(Self {
            function: next()?,
            request: next()?,
            trace: next()?,
            span: next()?,
            started: next()?.parse().ok()?,
            time: next()?.parse().ok()?,
        })
    }

    /// Records that it did not end.
    pub(super) fn record(&self, log: &AuditLog, action: &str) {
        let request = name(&self.request, limits::ID);
        let function = Function {
            name: name(&self.function, limits::NAME),
            execution: request.clone(),
            ..Function::default()
        };
        let trace = Trace {
            trace_id: name(&self.trace, limits::ID),
            span_id: name(&self.span, limits::ID),
            parent_id: None,
        };
        let source = Source { request_id: request, ..Source::default() };
        let itself = function.name.clone().unwrap_or_else(|| log.service_name().to_owned());
        let event = Event::builder(Kinds::family(FAMILY).of(Outcome::Unknown))
            .actor(Actor::service(itself))
            .action(action)
            .outcome(Outcome::Unknown)
            .reason(Reason::new("not_ended").text("its process ended before it: timeout or crash"))
            .correlation(Correlation::default().parent_event(self.started))
            .function(function)
            .source(source)
            .trace(trace)
            .time(self.time)
            .build();
        let recorded = event.map_err(TryRecordError::from).and_then(|event| log.try_record(event));
        if let Err(error) = recorded {
            log.lose_by(&error);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost() -> Lost {
        let time = UnixMillis::new(1_767_225_600_123).unwrap();
        Lost {
            function: "f".to_owned(),
            request: "r-1".to_owned(),
            trace: "1-67891233-abcdef012345678912345678".to_owned(),
            span: String::new(),
            started: EventId::from_parts(time, [7; 10]),
            time,
        }
    }

    #[test]
    fn files_are_read_once_and_those_too_large_not_at_all() {
        let home = tempfile::tempdir().unwrap();
        let memory = Memory::new(home.path().to_owned());
        fs::write(memory.directory.join("a"), lost().write()).unwrap();
        fs::write(memory.directory.join("b"), lost().write() + &"x".repeat(5_000)).unwrap();
        assert_eq!(memory.take(), [lost()]);
        assert!(memory.take().is_empty());
        assert_eq!(fs::read_dir(&memory.directory).unwrap().count(), 0);
    }

    #[test]
    fn what_is_written_is_read_and_other_files_are_not() {
        let lost = lost();
        assert_eq!(Lost::read(&lost.write()), Some(lost));
        for bad in ["", "1\n", "2\nf\nr\nt\ns\n", "1\nf\nr\nt\ns\nx\ny\n"] {
            assert_eq!(Lost::read(bad), None, "{bad:?}");
        }
    }
}
