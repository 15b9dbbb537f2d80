//! A body that is observed on its way to the caller.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::call::Call;
use super::end_of_transport;
use crate::ai::End;

/// Passes every frame on as it came, after the call has seen it.
pub(super) struct Tee {
    inner: reqwest::Body,
    call: Call,
    done: bool,
}

impl Tee {
    pub(super) fn new(inner: reqwest::Body, call: Call) -> Self {
        Self { inner, call, done: false }
    }
}

impl Body for Tee {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.done {
            return Poll::Ready(None);
        }
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        match &frame {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    self.call.data(data);
                }
            }
            Some(Err(error)) => {
                self.done = true;
                // The caller gets this error already.
                let _ = self.call.finish(end_of_transport(error));
            }
            None => {
                self.done = true;
                if let Err(refused) = self.call.finish(End::Complete) {
                    return Poll::Ready(Some(Err(refused.into())));
                }
            }
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }

    /// Not before the entry was written: else a caller that trusts this would never learn that it was
    /// refused.
    fn is_end_stream(&self) -> bool {
        self.done
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for Tee {
    fn drop(&mut self) {
        // A caller that counted bytes stops right before the end.
        let end = if self.inner.is_end_stream() { End::Complete } else { End::Dropped };
        let _ = self.call.finish(end);
    }
}
