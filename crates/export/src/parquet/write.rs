//! Rows held until there are enough of them, then sorted and written.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::parquet::arrow::ArrowWriter;
use ::parquet::basic::{Compression, ZstdLevel};
use ::parquet::file::properties::{EnabledStatistics, WriterProperties};
use arrow_json::reader::{Decoder, ReaderBuilder};
use dayseal_format::event::{Event, EventFields};
use dayseal_format::{Day, UnixMillis};

use super::{Layout, partition, schema};
use crate::ocsf::{Class, Mapper, Options, Previous, classify};
use crate::{Entry, ExportError, Place, Sink};

/// Bytes of entries held over all partitions: a file of as many is about a tenth of it on disk.
const HELD: usize = 32 << 20;
/// Rows made into columns at once.
const ROWS: usize = 1_024;
/// Rows of a row group.
const GROUP: usize = 65_536;

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FilesWritten {
    /// Files.
    pub files: u64,
    /// Rows.
    pub rows: u64,
}

/// An entry that waits.
#[derive(Debug)]
struct Row {
    time: UnixMillis,
    line: Vec<u8>,
    place: Place,
    before: Option<Previous>,
}

/// Rows of one partition that wait, and how many of its files are written.
#[derive(Debug, Default)]
struct Part {
    rows: Vec<Row>,
    bytes: usize,
    files: u32,
}

/// Writes files below a directory. The same entries in the same order give the same files.
///
/// In memory: the entries that wait, 32 MiB, and the row group under way.
#[derive(Debug)]
pub struct Files {
    top: PathBuf,
    layout: Layout,
    mapper: Mapper,
    parts: BTreeMap<(Class, Day), Part>,
    held: usize,
    limit: usize,
    /// What was written so far.
    pub written: FilesWritten,
}

impl Files {
    /// Nothing is written yet. `top` is there, and empty.
    pub fn new(top: &Path, layout: Layout, options: Options) -> Self {
        let (mapper, parts) = (Mapper::new(options), BTreeMap::new());
        let (top, written) = (top.to_owned(), FilesWritten::default());
        Self { top, layout, mapper, parts, held: 0, limit: HELD, written }
    }

    /// Holds at most so many bytes of entries.
    #[must_use]
    pub fn holding(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// Writes the rows that wait for one partition.
    fn write(&mut self, class: Class, day: Day) -> Result<(), ExportError> {
        let Some(part) = self.parts.get_mut(&(class, day)) else { return Ok(()) };
        let mut rows = std::mem::take(&mut part.rows);
        self.held -= std::mem::take(&mut part.bytes);
        let number = part.files;
        part.files += 1;
        rows.sort_by(|a, b| {
            let key = |r: &Row| (r.time, r.place.batch, r.place.index);
            key(a).cmp(&key(b))
        });
        let directory = self.top.join(partition(&self.layout, class, day));
        let path = directory.join(format!("part-{number:05}.zst.parquet"));
        self.file(class, &path, &rows)?;
        self.written.files += 1;
        self.written.rows += rows.len() as u64;
        Ok(())
    }

    fn file(&self, class: Class, path: &Path, rows: &[Row]) -> Result<(), ExportError> {
        let failed = |source| ExportError::File { path: path.to_owned(), source };
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory).map_err(failed)?;
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(failed)?;
        let schema = Arc::new(schema(class));
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
            .set_max_row_group_row_count(Some(GROUP))
            // Of a hundred columns most are empty: an index of their pages would be most of a small file.
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_offset_index_disabled(true)
            .build();
        let mut out = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties))?;
        // Strict: a field of the mapping without a column is an error, never lost.
        let builder = ReaderBuilder::new(schema).with_batch_size(ROWS).with_strict_mode(true);
        let mut decoder = builder.build_decoder()?;
        let mut chunk = Vec::with_capacity(ROWS);
        for row in rows {
            // It was an event when it was taken.
            let event = Event::decode(&row.line).map_err(std::io::Error::other)?;
            let fields: &EventFields = &event;
            let entry = Entry { line: &row.line, event: fields, place: &row.place };
            chunk.push(self.mapper.event(&entry, row.before.as_ref())?);
            if chunk.len() == ROWS {
                columns(&mut decoder, &mut chunk, &mut out)?;
            }
        }
        columns(&mut decoder, &mut chunk, &mut out)?;
        out.into_inner()?.sync_all().map_err(failed)
    }
}

type Object = serde_json::Map<String, serde_json::Value>;

fn columns(
    decoder: &mut Decoder,
    chunk: &mut Vec<Object>,
    out: &mut ArrowWriter<fs::File>,
) -> Result<(), ExportError> {
    decoder.serialize(chunk)?;
    chunk.clear();
    if let Some(batch) = decoder.flush()? {
        out.write(&batch)?;
    }
    Ok(())
}

impl Sink for Files {
    fn push(&mut self, entry: &Entry<'_>) -> Result<(), ExportError> {
        let before = self.mapper.follow(entry);
        let (class, _) = classify(entry.event.kind.as_str());
        let row = Row {
            time: entry.event.time,
            line: entry.line.to_vec(),
            place: entry.place.clone(),
            before,
        };
        // What stands beside the bytes in memory, about.
        let bytes = row.line.len() + 512;
        let part = self.parts.entry((class, row.time.day())).or_default();
        part.rows.push(row);
        part.bytes += bytes;
        self.held += bytes;
        while self.held > self.limit {
            let largest = self.parts.iter().max_by_key(|(_, part)| part.bytes);
            let Some((&(class, day), _)) = largest else { break };
            self.write(class, day)?;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), ExportError> {
        let waiting: Vec<_> =
            self.parts.iter().filter(|(_, p)| !p.rows.is_empty()).map(|(k, _)| *k).collect();
        for (class, day) in waiting {
            self.write(class, day)?;
        }
        Ok(())
    }
}
