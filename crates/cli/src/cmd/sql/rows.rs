//! Printing columns: a table, CSV, or a JSON object a line.

use dayseal_sql::arrow::array::RecordBatch;
use dayseal_sql::arrow::datatypes::SchemaRef;
use dayseal_sql::arrow::json::LineDelimitedWriter;
use dayseal_sql::arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::args::RowFormat;
use crate::output::{clean, write};

/// Rows of a table: they are held, since its columns are as wide as their widest cell.
pub(super) const MOST: usize = 10_000;

/// Prints rows as they come.
pub(super) struct Rows {
    format: RowFormat,
    /// Of a table: the head and all rows. Of CSV: the head, until it is printed.
    held: Vec<Vec<String>>,
    /// Rows so far.
    pub(super) count: u64,
    /// Whether there were more than a table holds.
    pub(super) cut: bool,
}

impl Rows {
    pub(super) fn new(format: RowFormat, schema: SchemaRef) -> Self {
        let head = schema.fields().iter().map(|field| field.name().clone()).collect();
        Self { format, held: vec![head], count: 0, cut: false }
    }

    /// Takes rows; false if no more are wanted.
    pub(super) fn push(&mut self, batch: &RecordBatch) -> anyhow::Result<bool> {
        match self.format {
            RowFormat::Json => {
                let mut writer = LineDelimitedWriter::new(Vec::new());
                writer.write(batch)?;
                writer.finish()?;
                self.count += batch.num_rows() as u64;
                write(&writer.into_inner())
            }
            RowFormat::Csv => {
                let mut out = std::mem::take(&mut self.held);
                out.extend(cells(batch)?);
                self.count += batch.num_rows() as u64;
                csv(out)
            }
            RowFormat::Text => {
                let room = MOST + 1 - self.held.len();
                self.cut = batch.num_rows() > room;
                self.held.extend(cells(batch)?.into_iter().take(room));
                self.count = self.held.len() as u64 - 1;
                Ok(!self.cut)
            }
        }
    }

    /// Prints what is held.
    pub(super) fn finish(&mut self) -> anyhow::Result<()> {
        let held = std::mem::take(&mut self.held);
        match self.format {
            RowFormat::Json => Ok(()),
            RowFormat::Csv => csv(held).map(drop),
            RowFormat::Text => table(&held),
        }
    }
}

fn cells(batch: &RecordBatch) -> anyhow::Result<Vec<Vec<String>>> {
    let options = FormatOptions::default();
    let columns: Result<Vec<_>, _> =
        batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options)).collect();
    let columns = columns?;
    let row = |at: usize| columns.iter().map(|c| c.value(at).try_to_string()).collect();
    Ok((0..batch.num_rows()).map(row).collect::<Result<_, _>>()?)
}

fn csv(rows: Vec<Vec<String>>) -> anyhow::Result<bool> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(row.into_iter().map(dayseal_export::guard))?;
    }
    write(&writer.into_inner()?)
}

/// Columns two spaces apart, without control characters.
fn table(rows: &[Vec<String>]) -> anyhow::Result<()> {
    let mut widths = Vec::new();
    for row in rows {
        widths.resize(row.len(), 0);
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for row in rows {
        let padded =
            row.iter().zip(&widths).map(|(cell, width)| format!("{:<width$}", clean(cell)));
        text.push_str(padded.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    write(text.as_bytes()).map(drop)
}
