//! Signs requests with the digest the caller has, so that no body is hashed twice.

use aws_runtime::auth::PayloadSigningOverride;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextMut;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

use crate::Sha256;

/// Hands SigV4 the SHA-256 of the body (`x-amz-content-sha256`).
///
/// A wrong digest stores nothing: S3 compares it with the body it received.
#[derive(Debug)]
pub(super) struct KnownDigest(String);

impl KnownDigest {
    pub(super) fn new(sha256: &Sha256) -> Self {
        // SigV4 wants lower-case hex, which `hex` writes.
        Self(hex::encode(sha256))
    }
}

impl Intercept for KnownDigest {
    fn name(&self) -> &'static str {
        "KnownDigest"
    }

    fn modify_before_signing(
        &self,
        _context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let digest = PayloadSigningOverride::Precomputed(self.0.clone());
        config.interceptor_state().store_put(digest);
        Ok(())
    }
}
