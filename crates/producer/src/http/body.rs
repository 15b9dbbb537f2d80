//! The end of a response's body.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Buf as _;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::Ending;
use crate::operation::Flow;

pin_project! {
    /// A body whose end is recorded. Its last frame comes once the entry is recorded; dropped before,
    /// the request is recorded as cancelled.
    pub struct AuditedBody<B: Body> {
        #[pin]
        body: B,
        flow: Option<Flow>,
        // What is still to come, where the body tells.
        left: Option<u64>,
        last: Option<Result<Frame<B::Data>, B::Error>>,
    }
}

impl<B: Body> AuditedBody<B> {
    pub(super) fn new(body: B, flow: Option<Flow>) -> Self {
        let left = body.size_hint().exact();
        Self { body, flow, left, last: None }
    }
}

impl<B: Body> fmt::Debug for AuditedBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditedBody").field("flow", &self.flow).finish_non_exhaustive()
    }
}

impl<B: Body> Body for AuditedBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let Some(flow) = this.flow else { return this.body.poll_frame(cx) };
        if this.last.is_none() {
            let body = this.body.as_mut();
            match ready!(flow.poll(|| body.poll_frame(cx))) {
                Some(Ok(frame)) => {
                    let bytes = frame.data_ref().map_or(0, |data| data.remaining());
                    flow.add(bytes);
                    *this.left = this.left.map(|left| left.saturating_sub(bytes as u64));
                    // Who sends it may not ask again after its last byte.
                    if !this.body.is_end_stream() && *this.left != Some(0) {
                        return Poll::Ready(Some(Ok(frame)));
                    }
                    *this.last = Some(Ok(frame));
                }
                Some(Err(error)) => {
                    flow.fail(Ending::of_type::<B::Error>());
                    *this.last = Some(Err(error));
                }
                None => {}
            }
        }
        ready!(flow.poll_end(cx));
        *this.flow = None;
        Poll::Ready(this.last.take())
    }

    fn is_end_stream(&self) -> bool {
        self.last.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.last {
            // The frame that waits has left the body.
            Some(_) => SizeHint::default(),
            None => self.body.size_hint(),
        }
    }
}
