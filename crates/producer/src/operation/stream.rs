//! The end of a stream, wherever it comes.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::TryStream;
use futures_util::stream::{FusedStream, Stream};
use pin_project_lite::pin_project;

use super::Ending;
use super::open::Open;

/// The label that counts a stream's items.
const ITEMS: &str = "stream.items";
/// The label that counts their bytes.
const BYTES: &str = "stream.bytes";

/// What is recorded of something that flows: counts, and its end by whatever comes first.
pub(crate) struct Flow {
    open: Option<Open>,
    items: Option<(&'static str, u64)>,
    bytes: Option<(&'static str, u64)>,
    /// How it ends if nothing fails.
    done: Ending,
    /// The first error that came by.
    failed: Option<Ending>,
    /// Records the end, waiting for room.
    finishing: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Flow {
    pub(crate) fn new(mut open: Open) -> Self {
        open.run();
        Self {
            open: Some(open),
            items: None,
            bytes: None,
            done: Ending::success(),
            failed: None,
            finishing: None,
        }
    }

    /// Counts items under this label.
    pub(crate) fn count_items(&mut self, label: &'static str) {
        self.items = Some((label, 0));
    }

    /// Counts bytes under this label.
    pub(crate) fn count_bytes(&mut self, label: &'static str) {
        self.bytes = Some((label, 0));
    }

    /// One more item.
    pub(crate) fn add(&mut self, bytes: usize) {
        for (counter, more) in [(&mut self.items, 1), (&mut self.bytes, bytes as u64)] {
            if let Some((_, count)) = counter {
                *count += more;
            }
        }
    }

    /// Polls what flows, inside the operation; a panic is recorded and goes on.
    pub(crate) fn poll<T>(&mut self, poll: impl FnOnce() -> T) -> T {
        let Some(open) = &self.open else { return poll() };
        let operation = open.operation();
        catch_unwind(AssertUnwindSafe(|| operation.within_sync(poll))).unwrap_or_else(|panic| {
            self.end_now(&Ending::panicked());
            resume_unwind(panic)
        })
    }

    /// How it ends if nothing fails.
    #[cfg(feature = "http")]
    pub(crate) fn done(&mut self, ending: Ending) {
        self.done = ending;
    }

    #[cfg(feature = "http")]
    pub(crate) fn operation(&self) -> Option<super::Operation> {
        self.open.as_ref().map(Open::operation)
    }

    pub(crate) fn fail(&mut self, ending: Ending) {
        self.failed.get_or_insert(ending);
    }

    fn take(&mut self) -> Option<Open> {
        let open = self.open.take()?;
        let operation = open.operation();
        for (label, count) in [self.items, self.bytes].into_iter().flatten() {
            operation.label(label, count.to_string());
        }
        Some(open)
    }

    /// Records that it came to its end, or failed before.
    pub(crate) fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(open) = self.take() {
            let ending = self.failed.take().unwrap_or_else(|| self.done.clone());
            self.finishing = Some(Box::pin(async move {
                // Refused is logged and counted.
                let _ = open.finish(ending).await;
            }));
        }
        if let Some(finishing) = &mut self.finishing {
            ready!(finishing.as_mut().poll(cx));
            self.finishing = None;
        }
        Poll::Ready(())
    }

    /// Records the end without waiting.
    pub(crate) fn end_now(&mut self, ending: &Ending) {
        if let Some(open) = self.take() {
            open.finish_now(ending);
        }
    }
}

impl fmt::Debug for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { open, items, bytes, .. } = self;
        let open = open.is_some();
        f.debug_struct("Flow")
            .field("open", &open)
            .field("items", items)
            .field("bytes", bytes)
            .finish()
    }
}

impl Drop for Flow {
    fn drop(&mut self) {
        let ending = self.failed.take().unwrap_or_else(Ending::cancelled);
        self.end_now(&ending);
    }
}

pin_project! {
    /// A stream whose end is recorded; see [`Audited::run_stream`](crate::Audited::run_stream).
    ///
    /// Its last `None` comes once the result entry is recorded. Items are handed on as they are.
    #[must_use = "streams do nothing unless polled"]
    pub struct AuditedStream<S: TryStream> {
        #[pin]
        stream: S,
        flow: Flow,
        weigh: Option<Weigh<S::Ok>>,
        ended: bool,
    }
}

type Weigh<T> = Box<dyn FnMut(&T) -> usize + Send>;

impl<S: TryStream> AuditedStream<S> {
    pub(crate) fn new(stream: S, open: Open) -> Self {
        let mut flow = Flow::new(open);
        flow.count_items(ITEMS);
        Self { stream, flow, weigh: None, ended: false }
    }

    /// Counts bytes too, as `labels.stream.bytes`: `weigh` says how many an item has.
    pub fn count_bytes(mut self, weigh: impl FnMut(&S::Ok) -> usize + Send + 'static) -> Self {
        self.flow.count_bytes(BYTES);
        self.weigh = Some(Box::new(weigh));
        self
    }
}

impl<S: TryStream> fmt::Debug for AuditedStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditedStream").field("flow", &self.flow).finish_non_exhaustive()
    }
}

impl<S: TryStream> Stream for AuditedStream<S> {
    type Item = Result<S::Ok, S::Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        if !*this.ended {
            match ready!(this.flow.poll(|| this.stream.try_poll_next(cx))) {
                Some(Ok(item)) => {
                    this.flow.add(this.weigh.as_mut().map_or(0, |weigh| weigh(&item)));
                    return Poll::Ready(Some(Ok(item)));
                }
                Some(Err(error)) => {
                    this.flow.fail(Ending::of_type::<S::Error>());
                    return Poll::Ready(Some(Err(error)));
                }
                None => *this.ended = true,
            }
        }
        ready!(this.flow.poll_end(cx));
        Poll::Ready(None)
    }
}

impl<S: TryStream> FusedStream for AuditedStream<S> {
    fn is_terminated(&self) -> bool {
        self.ended && self.flow.finishing.is_none()
    }
}
