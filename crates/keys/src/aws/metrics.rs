//! How often the key services were asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// Requests and failures of one [`Aws`](super::Aws) so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyCounts {
    /// Requests sent to KMS, each attempt counted: what quotas and bills count.
    pub kms_requests: u64,
    /// Requests sent to Secrets Manager, each attempt counted.
    pub secret_requests: u64,
    /// Calls to either that failed in the end, wrapped keys that do not open included.
    pub failures: u64,
}

#[derive(Debug, Default)]
pub(super) struct KeyMetrics {
    kms: AtomicU64,
    secrets: AtomicU64,
    failures: AtomicU64,
}

impl KeyMetrics {
    pub(super) fn counts(&self) -> KeyCounts {
        KeyCounts {
            kms_requests: self.kms.load(Ordering::Relaxed),
            secret_requests: self.secrets.load(Ordering::Relaxed),
            failures: self.failures.load(Ordering::Relaxed),
        }
    }

    pub(super) fn failed(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Service {
    Kms,
    Secrets,
}

/// Counts every attempt as it is sent.
#[derive(Debug)]
pub(super) struct CountRequests {
    metrics: Arc<KeyMetrics>,
    service: Service,
}

impl CountRequests {
    pub(super) fn new(metrics: Arc<KeyMetrics>, service: Service) -> Self {
        Self { metrics, service }
    }
}

impl Intercept for CountRequests {
    fn name(&self) -> &'static str {
        "CountRequests"
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let counter = match self.service {
            Service::Kms => &self.metrics.kms,
            Service::Secrets => &self.metrics.secrets,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}
