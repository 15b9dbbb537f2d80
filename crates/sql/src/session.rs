//! Running one statement.

use std::sync::Arc;

use datafusion::common::DFSchema;
use datafusion::error::DataFusionError;
use datafusion::execution::FunctionRegistry as _;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::context::SQLOptions;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::functions::core::expr_fn::get_field;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawFieldAccessExpr};
use datafusion::logical_expr::{GetFieldAccess, ScalarUDF};
use datafusion::prelude::{SessionConfig, SessionContext};
use dayseal_auditor::query::People;

use crate::people::SamePerson;
use crate::table::{Entries, Source};

/// Bounds of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Bytes that sorting, grouping and joining may take.
    pub memory: usize,
}

/// The rows of a statement, as they come.
pub type Answer = SendableRecordBatchStream;

/// A statement that was not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SqlError {
    /// It is not SQL, names what is not there, or is no `SELECT`.
    #[error("not a statement that can be run here: {0}")]
    Statement(DataFusionError),
    /// It could not be begun.
    #[error(transparent)]
    Run(DataFusionError),
}

/// `labels['department']`: the value of a map or a struct by its name.
#[derive(Debug)]
struct ByName;

impl ExprPlanner for ByName {
    fn plan_field_access(
        &self,
        access: RawFieldAccessExpr,
        _: &DFSchema,
    ) -> Result<PlannerResult<RawFieldAccessExpr>, DataFusionError> {
        let RawFieldAccessExpr { expr, field_access } = access;
        Ok(match field_access {
            GetFieldAccess::NamedStructField { name } => {
                PlannerResult::Planned(get_field(expr, name))
            }
            other => PlannerResult::Original(RawFieldAccessExpr { expr, field_access: other }),
        })
    }
}

/// Begins a statement over `entries`. `people` recognises them in `same_person`.
///
/// # Errors
/// [`SqlError`]. Rows that could not be made are errors of the stream.
pub async fn run(
    sql: &str,
    source: Arc<dyn Source>,
    people: People,
    settings: Settings,
) -> Result<Answer, SqlError> {
    let no_disk = DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled);
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(GreedyMemoryPool::new(settings.memory)))
        .with_disk_manager_builder(no_disk)
        .build_arc()
        .map_err(SqlError::Run)?;
    // No file can be reached, even if a statement that names one got so far.
    runtime
        .deregister_object_store(ObjectStoreUrl::local_filesystem().as_ref())
        .map_err(SqlError::Run)?;
    let config = SessionConfig::new()
        .with_information_schema(true)
        // Texts stay Utf8, as the columns are.
        .set_bool("datafusion.sql_parser.map_string_types_to_utf8view", false);
    let mut context = SessionContext::new_with_config_rt(config, runtime);
    context.register_expr_planner(Arc::new(ByName)).map_err(SqlError::Run)?;
    context.register_udf(ScalarUDF::from(SamePerson::new(people)));
    context.register_table("entries", Arc::new(Entries { source })).map_err(SqlError::Run)?;
    let only_select =
        SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    let frame = context.sql_with_options(sql, only_select).await.map_err(SqlError::Statement)?;
    frame.execute_stream().await.map_err(SqlError::Run)
}
