//! The service around a service.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use ::http::{Method, Request, Response, StatusCode};
use dayseal_format::event::Reason;
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::{AuditLayer, AuditedBody, BODY_SIZE, STATUS};
use crate::Ending;
use crate::operation::Flow;

/// A service whose requests are recorded; see [`AuditLayer`].
#[derive(Clone, Debug)]
pub struct AuditService<S> {
    inner: S,
    layer: Arc<AuditLayer>,
}

impl<S> AuditService<S> {
    pub(super) fn new(inner: S, layer: AuditLayer) -> Self {
        Self { inner, layer: Arc::new(layer) }
    }
}

impl<S, B, R> Service<Request<B>> for AuditService<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Body,
{
    type Response = Response<AuditedBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, R, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (parts, body) = request.into_parts();
        let mut flow = self.layer.open(&parts).and_then(|opened| match opened {
            Ok(open) => Some(Flow::new(open)),
            Err(error) => {
                tracing::error!(%error, "a request is not recorded");
                self.layer.log.lose("refused", 1);
                None
            }
        });
        let bodiless = parts.method == Method::HEAD;
        let request = Request::from_parts(parts, body);
        let inner = &mut self.inner;
        let future = match &mut flow {
            Some(flow) => flow.poll(|| inner.call(request)),
            None => inner.call(request),
        };
        ResponseFuture { future, flow, bodiless, answer: None }
    }
}

pin_project! {
    /// The response to come. Dropped before, the request is recorded as cancelled.
    pub struct ResponseFuture<F, R: Body, E> {
        #[pin]
        future: F,
        flow: Option<Flow>,
        bodiless: bool,
        // Whole already, it waits until it is recorded.
        answer: Option<Result<Response<AuditedBody<R>>, E>>,
    }
}

impl<F, R: Body, E> fmt::Debug for ResponseFuture<F, R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").field("flow", &self.flow).finish_non_exhaustive()
    }
}

impl<F, R, E> Future for ResponseFuture<F, R, E>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: Body,
{
    type Output = Result<Response<AuditedBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if this.answer.is_none() {
            let future = this.future;
            let answer = ready!(match this.flow {
                Some(flow) => flow.poll(|| future.poll(cx)),
                None => future.poll(cx),
            });
            let answer = match answer {
                Ok(response) => {
                    let status = response.status();
                    let (head, body) = response.into_parts();
                    let whole = *this.bodiless || body.is_end_stream();
                    if let Some(flow) = this.flow {
                        answered(flow, status);
                    }
                    let flow = if whole { None } else { this.flow.take() };
                    Ok(Response::from_parts(head, AuditedBody::new(body, flow)))
                }
                Err(error) => {
                    if let Some(flow) = this.flow {
                        flow.fail(Ending::of_type::<E>());
                    }
                    Err(error)
                }
            };
            *this.answer = Some(answer);
        }
        if let Some(flow) = this.flow {
            // No body comes after it: this is the end.
            ready!(flow.poll_end(cx));
        }
        match this.answer.take() {
            Some(answer) => Poll::Ready(answer),
            // Polled again after it was ready, which futures may answer as they like.
            None => Poll::Pending,
        }
    }
}

/// Notes how the service answered.
fn answered(flow: &mut Flow, status: StatusCode) {
    flow.count_bytes(BODY_SIZE);
    flow.done(ending(status));
    if let Some(operation) = flow.operation() {
        operation.label(STATUS, status.as_str());
    }
}

fn ending(status: StatusCode) -> Ending {
    let reason = Reason::new(status.as_str());
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Ending::blocked(reason),
        _ if status.as_u16() < 400 => Ending::success(),
        _ => Ending::failure(reason),
    }
}
