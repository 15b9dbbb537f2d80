//! Bodies that are observed on their way: an answer's to the caller, a streamed request's to the
//! provider.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
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

/// The beginning of a streamed request, as much as is held of it.
#[derive(Debug, Default)]
pub(super) struct Sent {
    held: Vec<u8>,
    more: bool,
    ended: bool,
}

impl Sent {
    /// The bytes, and whether they are all.
    pub(super) fn take(this: &Mutex<Self>) -> (Vec<u8>, bool) {
        let mut sent = this.lock().unwrap_or_else(PoisonError::into_inner);
        (std::mem::take(&mut sent.held), sent.ended && !sent.more)
    }
}

/// Passes a request's frames on as they are.
pub(super) struct RequestTee {
    inner: reqwest::Body,
    sent: Arc<Mutex<Sent>>,
    limit: usize,
}

impl RequestTee {
    pub(super) fn new(inner: reqwest::Body, sent: Arc<Mutex<Sent>>, limit: usize) -> Self {
        Self { inner, sent, limit }
    }
}

impl Body for RequestTee {
    type Data = Bytes;
    type Error = reqwest::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, reqwest::Error>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        match &frame {
            Some(Ok(frame)) => {
                let data = frame.data_ref().map(|data| &data[..]).unwrap_or_default();
                let room = data.len().min(self.limit - sent.held.len().min(self.limit));
                sent.held.extend_from_slice(&data[..room]);
                sent.more |= room < data.len();
            }
            Some(Err(_)) => {}
            None => sent.ended = true,
        }
        // A sender that knows the length asks no further.
        sent.ended |= self.inner.is_end_stream();
        drop(sent);
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
