//! Progress bars: on a terminal only, on standard error, for work that takes long.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use dayseal_chain::verify::{Progress, Walk};
use dayseal_format::Day;
use indicatif::{ProgressBar, ProgressStyle};

use crate::args::Args;

/// A bar, or nothing when nobody would see it.
pub(crate) fn bar(args: &Args, total: u64, template: &str) -> ProgressBar {
    if args.no_progress || args.json || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(total);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

/// How often progress is saved for a later run.
const SAVE_EVERY: Duration = Duration::from_secs(2);

/// Shows days done, and saves where a later run can go on.
pub(crate) struct VerifyProgress {
    bar: ProgressBar,
    save: Option<(PathBuf, Mutex<Instant>)>,
}

impl VerifyProgress {
    pub(crate) fn new(args: &Args, save: Option<PathBuf>) -> Self {
        let template = "{spinner} {pos}/{len} days {wide_bar} {msg} {elapsed}";
        let save = save.map(|path| (path, Mutex::new(Instant::now())));
        Self { bar: bar(args, 0, template), save }
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Progress for VerifyProgress {
    fn days(&self, count: u64) {
        self.bar.set_length(count);
    }

    fn day(&self, day: Day, objects: u64) {
        self.bar.set_message(format!("{day} ({objects} records)"));
    }

    fn object(&self, _bytes: u64) {
        self.bar.tick();
    }

    fn day_done(&self, walk: &Walk) {
        self.bar.inc(1);
        let Some((path, last)) = &self.save else { return };
        let mut last = last.lock().unwrap_or_else(|e| e.into_inner());
        if last.elapsed() < SAVE_EVERY {
            return;
        }
        *last = Instant::now();
        let saved = serde_json::to_vec(walk)
            .map_err(std::io::Error::other)
            .and_then(|bytes| crate::cmd::replace_file(path, &bytes));
        if let Err(error) = saved {
            tracing::warn!(%error, path = %path.display(), "progress not saved");
        }
    }
}
