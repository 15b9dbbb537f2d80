//! Work for a core, away from the threads that wait for stores.

use std::sync::LazyLock;
use std::thread::available_parallelism;

use tokio::runtime::{Builder, Runtime};

/// A thread for each core, whatever the caller's runtime has; idle ones end. More threads than cores cost: they
/// were seen to sleep and wake on one core while the other idled a fifth of the time.
static CORES: LazyLock<Runtime> = LazyLock::new(|| {
    let cores = available_parallelism().map_or(1, usize::from);
    let mut builder = Builder::new_current_thread();
    builder.max_blocking_threads(cores).thread_name("dayseal-core");
    builder.build().expect("a runtime without drivers asks the system for nothing")
});

/// Does what would hold up those who wait for stores: hashing, opening, parsing megabytes. In the order asked for, as
/// much at once as there are cores. A job that is not waited for any more is done all the same.
pub(crate) async fn on_a_core<T: Send + 'static>(job: impl FnOnce() -> T + Send + 'static) -> T {
    CORES.spawn_blocking(job).await.expect("a job does not panic")
}
