//! The table `entries`, read from a log as it is asked for.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use dayseal_auditor::query::{Hit, Query};

use crate::columns::{batch, columns};
use crate::pushdown::Search;

/// Rows of a batch of columns.
const ROWS: usize = 1_024;

/// A search that ended early. What it was is the source's to tell.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the log could not be read to the end: {0}")]
pub struct ScanFailed(pub String);

/// Where entries come from.
pub trait Source: fmt::Debug + Send + Sync + 'static {
    /// Gives every entry that fits to `each`, until that returns false. It runs on a thread that may block, once for
    /// each time that a statement names the table.
    ///
    /// # Errors
    /// [`ScanFailed`] if not all of them could be looked at.
    fn run(&self, query: &Query, each: &mut dyn FnMut(Hit) -> bool) -> Result<(), ScanFailed>;
}

/// The table.
#[derive(Debug)]
pub(crate) struct Entries {
    pub(crate) source: Arc<dyn Source>,
}

#[async_trait]
impl TableProvider for Entries {
    fn schema(&self) -> SchemaRef {
        columns()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        conditions: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        let mut search = Search::default();
        Ok(conditions.iter().map(|condition| search.take(condition).into()).collect())
    }

    async fn scan(
        &self,
        _session: &dyn Session,
        wanted: Option<&Vec<usize>>,
        conditions: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let mut search = Search::default();
        for condition in conditions {
            search.take(condition);
        }
        let all = columns();
        let wanted = wanted.cloned().unwrap_or_else(|| (0..all.fields().len()).collect());
        let schema = Arc::new(all.project(&wanted)?);
        let part = Part {
            source: Arc::clone(&self.source),
            query: search.query,
            wanted,
            schema: Arc::clone(&schema),
        };
        let parts: Vec<Arc<dyn PartitionStream>> = vec![Arc::new(part)];
        Ok(Arc::new(StreamingTableExec::try_new(schema, parts, None, None, false, limit)?))
    }
}

/// One reading of the log.
#[derive(Debug)]
struct Part {
    source: Arc<dyn Source>,
    query: Query,
    /// Only these columns are made.
    wanted: Vec<usize>,
    schema: SchemaRef,
}

impl PartitionStream for Part {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut builder = RecordBatchReceiverStream::builder(Arc::clone(&self.schema), 2);
        let out = builder.tx();
        let (source, query) = (Arc::clone(&self.source), self.query.clone());
        let (schema, wanted) = (Arc::clone(&self.schema), self.wanted.clone());
        builder.spawn_blocking(move || {
            let mut hits = Vec::with_capacity(ROWS);
            // Not tokio's blocking send: the search runs on this thread, inside its runtime.
            let send = |hits: &mut Vec<Hit>| {
                let made = batch(&schema, &wanted, hits).map_err(DataFusionError::from);
                hits.clear();
                futures_executor::block_on(out.send(made)).is_ok()
            };
            source
                .run(&query, &mut |hit| {
                    hits.push(hit);
                    hits.len() < ROWS || send(&mut hits)
                })
                .map_err(|e| DataFusionError::External(Box::new(e)))?;
            if !hits.is_empty() {
                send(&mut hits);
            }
            Ok(())
        });
        builder.build()
    }
}
