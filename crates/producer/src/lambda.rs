//! A tower layer for handlers of `lambda_runtime`: each invocation is recorded, and stored before the
//! response is handed to the runtime, since a frozen process may never wake.
//!
//! ```no_run
//! use dayseal::AuditLog;
//! use dayseal::lambda::AuditLayer;
//! use lambda_runtime::{Error, LambdaEvent, service_fn};
//! use tower_layer::Layer as _;
//!
//! async fn handler(event: LambdaEvent<String>) -> Result<String, Error> {
//!     Ok(event.payload)
//! }
//!
//! # async fn example(log: AuditLog) -> Result<(), Error> {
//! lambda_runtime::run(AuditLayer::new(log).remember_in("/tmp").layer(service_fn(handler))).await
//! # }
//! ```
//!
//! Around the handler, and not as a layer of the runtime: the runtime's layers also see the sending
//! of the response, and there it would be too late.
//!
//! Entries: `function.invocation.started` (outcome `deferred`) before the handler;
//! `function.invocation.completed` or `.failed` after it, with its duration. A handler that still runs
//! near its deadline gets a `.failed` with outcome `unknown` and `reason.code` `timeout`, stored
//! before Lambda ends the process; if it makes it after all, `.completed` follows. What the handler
//! records itself names the invocation as its cause.

mod error;
mod invocation;
mod memory;

pub use error::AuditError;

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::path::PathBuf;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use dayseal_format::event::Actor;
use futures_util::FutureExt as _;
use futures_util::future::{Either, select};
use lambda_runtime::LambdaEvent;
use tokio::time::timeout;
use tower_layer::Layer;
use tower_service::Service;

use self::invocation::{Time, describe, function};
use self::memory::Memory;
use crate::operation::{Kinds, Open, Plan, Refused, Write};
use crate::{AuditLog, By, ByType, Ending, Explain, NotStarted};

/// The labels that this layer writes, for a log that only takes declared ones.
pub const LABELS: [&str; 1] = [DEADLINE];

const DEADLINE: &str = "lambda.deadline";
const FAMILY: &str = "function.invocation";

/// Records invocations; see the [module](self).
///
/// Fails closed by default: an invocation whose start cannot be recorded does not run, and one whose
/// entries are not stored answers with an error, even if the handler succeeded. An answer says that
/// its record exists; and a function whose audit log is out of reach is noticed. Lambda may run a
/// failed invocation again, so the handler should stand being run twice, as it must anyway.
/// [`AuditLayer::answer_unrecorded`] is for those who prefer an answer to a record.
#[derive(Clone, Debug)]
pub struct AuditLayer<C = Unnamed, X = ByType> {
    log: AuditLog,
    caller: C,
    explain: X,
    settings: Settings,
}

#[derive(Clone, Debug)]
struct Settings {
    action: String,
    answer_unrecorded: bool,
    durable_start: bool,
    margin: Duration,
    memory: Option<PathBuf>,
}

/// Names who invoked a function.
pub trait Caller<T> {
    /// The actor of this invocation; `None` is the function itself.
    fn caller(&self, event: &LambdaEvent<T>) -> Option<Actor>;
}

/// The function itself is the actor.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unnamed;

impl<T> Caller<T> for Unnamed {
    fn caller(&self, _: &LambdaEvent<T>) -> Option<Actor> {
        None
    }
}

impl<T, F: Fn(&LambdaEvent<T>) -> Option<Actor>> Caller<T> for By<F> {
    fn caller(&self, event: &LambdaEvent<T>) -> Option<Actor> {
        (self.0)(event)
    }
}

impl AuditLayer {
    /// A layer that records in `log`.
    pub fn new(log: AuditLog) -> Self {
        let settings = Settings {
            action: "invoke".to_owned(),
            answer_unrecorded: false,
            durable_start: false,
            margin: Duration::from_millis(500),
            memory: None,
        };
        Self { log, caller: Unnamed, explain: ByType, settings }
    }
}

impl<C, X> AuditLayer<C, X> {
    /// Names who invoked the function, from the event: an authorizer's principal, a queue's sender.
    /// `None`, and the default, is the function itself.
    #[must_use]
    pub fn actor<T, F>(self, caller: F) -> AuditLayer<By<F>, X>
    where
        F: Fn(&LambdaEvent<T>) -> Option<Actor>,
    {
        let Self { log, caller: _, explain, settings } = self;
        AuditLayer { log, caller: By(caller), explain, settings }
    }

    /// What entries say of the handler's error; see [`Audited::explain`](crate::Audited::explain).
    #[must_use]
    pub fn explain<E, R, F>(self, explain: F) -> AuditLayer<C, By<F>>
    where
        R: Into<Ending>,
        F: Fn(&E) -> R,
    {
        let Self { log, caller, explain: _, settings } = self;
        AuditLayer { log, caller, explain: By(explain), settings }
    }

    /// Sets the action of the entries. Default `invoke`.
    #[must_use]
    pub fn action(mut self, action: impl Into<String>) -> Self {
        self.settings.action = action.into();
        self
    }

    /// Runs and answers even if nothing can be recorded. What could not be stored is kept in memory
    /// and tried again while the process lives.
    #[must_use]
    pub fn answer_unrecorded(mut self) -> Self {
        self.settings.answer_unrecorded = true;
        self
    }

    /// Runs the handler only once the entry about its start is stored: one PUT more an invocation.
    /// Then even an invocation whose process is killed at once leaves a trace.
    #[must_use]
    pub fn durable_start(mut self) -> Self {
        self.settings.durable_start = true;
        self
    }

    /// The time before the invocation's deadline at which storing ends, and at which a handler that
    /// still runs is recorded as timed out: twice this, so that it can be stored. Default 500 ms; at
    /// most a quarter of the time that there is.
    #[must_use]
    pub fn margin(mut self, margin: Duration) -> Self {
        self.settings.margin = margin;
        self
    }

    /// Keeps a small file below `directory` while an invocation runs. One found at the next cold
    /// start tells of an invocation whose process ended before it did: Lambda keeps `/tmp` when it
    /// starts a function anew after a timeout or crash. The file holds identifiers and times, no
    /// content.
    #[must_use]
    pub fn remember_in(mut self, directory: impl Into<PathBuf>) -> Self {
        self.settings.memory = Some(directory.into());
        self
    }
}

impl<S, C: Clone, X: Clone> Layer<S> for AuditLayer<C, X> {
    type Service = AuditService<S, C, X>;

    /// Records what the memory of [`AuditLayer::remember_in`] tells, and wraps a handler.
    fn layer(&self, inner: S) -> Self::Service {
        let memory = self.settings.memory.clone().map(Memory::new);
        for lost in memory.iter().flat_map(Memory::take) {
            lost.record(&self.log, &self.settings.action);
        }
        let shared = Shared {
            log: self.log.clone(),
            caller: self.caller.clone(),
            explain: self.explain.clone(),
            settings: self.settings.clone(),
            memory,
            warm: AtomicBool::new(false),
        };
        AuditService { inner, shared: Arc::new(shared) }
    }
}

/// A handler whose invocations are recorded; see [`AuditLayer`].
#[derive(Debug)]
pub struct AuditService<S, C = Unnamed, X = ByType> {
    inner: S,
    shared: Arc<Shared<C, X>>,
}

#[derive(Debug)]
struct Shared<C, X> {
    log: AuditLog,
    caller: C,
    explain: X,
    settings: Settings,
    memory: Option<Memory>,
    warm: AtomicBool,
}

impl<S: Clone, C, X> Clone for AuditService<S, C, X> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), shared: self.shared.clone() }
    }
}

type Answer<R, E> = Result<R, AuditError<E>>;

impl<S, T, C, X> Service<LambdaEvent<T>> for AuditService<S, C, X>
where
    S: Service<LambdaEvent<T>> + Clone + Send + 'static,
    S::Future: Send,
    S::Response: Send,
    S::Error: Send,
    T: Send + 'static,
    C: Caller<T> + Send + Sync + 'static,
    X: Explain<S::Error> + Send + Sync + 'static,
{
    type Response = S::Response;
    type Error = AuditError<S::Error>;
    type Future = Pin<Box<dyn Future<Output = Answer<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(AuditError::Handler)
    }

    fn call(&mut self, event: LambdaEvent<T>) -> Self::Future {
        // The service that was polled ready is the one to be called.
        let next = self.inner.clone();
        let inner = std::mem::replace(&mut self.inner, next);
        Box::pin(self.shared.clone().invoke(inner, event))
    }
}

impl<C, X> Shared<C, X> {
    async fn invoke<S, T>(
        self: Arc<Self>,
        mut inner: S,
        event: LambdaEvent<T>,
    ) -> Answer<S::Response, S::Error>
    where
        S: Service<LambdaEvent<T>>,
        C: Caller<T>,
        X: Explain<S::Error>,
    {
        let time = Time::new(&self.log, event.context.deadline, self.settings.margin);
        let plan = self.plan(&event, &time);
        let context = event.context.clone();
        let mut open = self.open(plan).await.map_err(AuditError::NotStarted)?;
        let remembered = match (&self.memory, &open) {
            (Some(memory), Some(open)) => Some(memory.note(&context, open)),
            _ => None,
        };

        let answer = match &mut open {
            Some(open) => {
                open.run();
                let run = open.operation().within(async move { inner.call(event).await });
                let run = pin!(AssertUnwindSafe(run).catch_unwind());
                let watch = pin!(watch(&self.log, open, &time));
                match select(run, watch).await {
                    Either::Left((answer, _)) => answer,
                    Either::Right((never, _)) => match never {},
                }
            }
            None => AssertUnwindSafe(inner.call(event)).catch_unwind().await,
        };

        let ending = match &answer {
            Ok(Ok(_)) => Ending::success(),
            Ok(Err(error)) => self.explain.explain(error),
            Err(_) => Ending::panicked(),
        };
        let stored = self.store(open, ending, &time).await;
        drop(remembered);
        let answer = answer.unwrap_or_else(|panic| resume_unwind(panic));
        let answer = answer.map_err(AuditError::Handler)?;
        match stored {
            Err(error) if !self.settings.answer_unrecorded => Err(error.of()),
            _ => Ok(answer),
        }
    }

    fn plan<T>(&self, event: &LambdaEvent<T>, time: &Time) -> Plan
    where
        C: Caller<T>,
    {
        let cold = !self.warm.swap(true, Ordering::Relaxed);
        let function = function(&event.context, cold);
        let itself = function.name.as_deref().unwrap_or(self.log.service_name());
        let itself = Actor::service(itself);
        Plan {
            actor: Some(self.caller.caller(event).unwrap_or(itself)),
            event: describe(&event.context, &self.settings.action).function(function),
            kinds: Kinds::family(FAMILY),
            write: Write {
                best_effort: self.settings.answer_unrecorded,
                durable: self.settings.durable_start,
                patience: time.left(&self.log),
            },
        }
    }

    /// Records the start. `None` where that cannot be and the handler runs all the same.
    async fn open(&self, plan: Plan) -> Result<Option<Open>, NotStarted> {
        let opened = Open::new(&self.log, plan).map_err(|e| NotStarted::from(Refused::Record(e)));
        let intended = match opened {
            Ok(mut open) => open.intend().await.map(|()| open).map_err(NotStarted::from),
            Err(error) => Err(error),
        };
        match intended {
            Ok(open) => Ok(Some(open)),
            Err(error) if self.settings.answer_unrecorded => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "an invocation is not recorded"
                );
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Records the end, and waits until all is stored.
    async fn store(
        &self,
        open: Option<Open>,
        ending: Ending,
        time: &Time,
    ) -> Result<(), AuditError<std::convert::Infallible>> {
        let left = time.left(&self.log);
        let store = async {
            if let Some(mut open) = open {
                // The flush waits for this entry and for the handler's own.
                open.accept_only();
                open.finish(ending).await.map_err(|_| AuditError::NotRecorded)?;
            }
            self.log.flush().await.map_err(AuditError::NotStored)
        };
        let stored = timeout(left, store).await.unwrap_or(Err(AuditError::TimedOut { left }));
        stored.inspect_err(|error| {
            tracing::error!(
                error = error as &dyn std::error::Error,
                "an invocation ends with audit entries that are not stored"
            );
        })
    }
}

/// Near the deadline, records that the handler still runs, and stores it while it does.
async fn watch(log: &AuditLog, open: &Open, time: &Time) -> std::convert::Infallible {
    if let Some(left) = time.until_overdue(log) {
        tokio::time::sleep(left).await;
        open.overdue();
        if let Err(error) = log.flush().await {
            tracing::error!(%error, "an invocation near its deadline: its entries are not stored");
        }
    }
    std::future::pending().await
}
