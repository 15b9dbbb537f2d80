//! Which host is whose.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// How a provider's API is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    OpenAi,
    Anthropic,
    Bedrock,
    Kling,
    /// None that is known: only that a call was made.
    Unknown,
}

/// Who answers at a host, and which API it speaks.
///
/// The name goes into `ai.provider`, in OpenTelemetry's spelling (`gen_ai.provider.name`) where it
/// has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    pub(super) dialect: Dialect,
    pub(super) name: Cow<'static, str>,
    pub(super) region: Option<String>,
}

impl Provider {
    const fn known(dialect: Dialect, name: &'static str) -> Self {
        Self { dialect, name: Cow::Borrowed(name), region: None }
    }

    /// OpenAI: `openai`. Built in for `api.openai.com` and its regional hosts.
    pub const fn openai() -> Self {
        Self::known(Dialect::OpenAi, "openai")
    }

    /// OpenAI's models in Azure: `azure.ai.openai`. Built in for `*.openai.azure.com`,
    /// `*.cognitiveservices.azure.com` and `*.services.ai.azure.com`; deployments are in the path.
    pub const fn azure_openai() -> Self {
        Self::known(Dialect::OpenAi, "azure.ai.openai")
    }

    /// A server of another name that speaks OpenAI's API, such as `vllm` or `groq`.
    pub fn openai_compatible(name: impl Into<String>) -> Self {
        Self { dialect: Dialect::OpenAi, name: Cow::Owned(name.into()), region: None }
    }

    /// Anthropic: `anthropic`. Built in for `api.anthropic.com`.
    pub const fn anthropic() -> Self {
        Self::known(Dialect::Anthropic, "anthropic")
    }

    /// Amazon Bedrock's runtime: `aws.bedrock`. Built in for `bedrock-runtime.<region>.amazonaws.com`,
    /// its FIPS, China, dual-stack and VPC endpoints, from which it takes the region.
    pub const fn bedrock() -> Self {
        Self::known(Dialect::Bedrock, "aws.bedrock")
    }

    /// Kling AI: `kling`. Built in for `api.klingai.com` and `api-*.klingai.com`.
    pub const fn kling() -> Self {
        Self::known(Dialect::Kling, "kling")
    }

    /// Where the models run: `ai.region`.
    #[must_use]
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }
}

/// The hosts known, one's own first.
#[derive(Clone, Debug, Default)]
pub(super) struct Hosts(BTreeMap<String, Provider>);

impl Hosts {
    pub(super) fn insert(&mut self, host: &str, provider: Provider) {
        self.0.insert(host.to_ascii_lowercase(), provider);
    }

    /// `host:port` is looked for before `host`.
    pub(super) fn find(&self, host: &str, port: Option<u16>) -> Option<Provider> {
        let host = host.to_ascii_lowercase();
        let own = port.and_then(|port| self.0.get(&format!("{host}:{port}")));
        own.or_else(|| self.0.get(&host)).cloned().or_else(|| built_in(&host))
    }
}

fn built_in(host: &str) -> Option<Provider> {
    let is = |name: &str| host == name;
    let below = |suffix: &str| host.strip_suffix(suffix).is_some_and(|rest| !rest.is_empty());
    if is("api.openai.com") || below(".api.openai.com") {
        return Some(Provider::openai());
    }
    let azure = [".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com"];
    if azure.into_iter().any(below) {
        return Some(Provider::azure_openai());
    }
    if is("api.anthropic.com") {
        return Some(Provider::anthropic());
    }
    if is("api.klingai.com") || (host.starts_with("api-") && below(".klingai.com")) {
        return Some(Provider::kling());
    }
    bedrock(host)
}

/// `bedrock-runtime.<region>.amazonaws.com`, or `vpce-….bedrock-runtime.<region>.vpce.amazonaws.com`.
fn bedrock(host: &str) -> Option<Provider> {
    let aws = [".amazonaws.com", ".amazonaws.com.cn", ".api.aws"];
    let labels = aws.into_iter().find_map(|suffix| host.strip_suffix(suffix))?;
    let mut labels = labels.split('.');
    labels.find(|label| matches!(*label, "bedrock-runtime" | "bedrock-runtime-fips"))?;
    Some(Provider::bedrock().region(labels.next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(host: &str) -> Option<String> {
        let found = Hosts::default().find(host, None)?;
        Some(match found.region {
            Some(region) => format!("{} {region}", found.name),
            None => found.name.into_owned(),
        })
    }

    #[test]
    fn hosts_that_are_known() {
        for (host, expected) in [
            ("api.openai.com", "openai"),
            ("API.OpenAI.com", "openai"),
            ("eu.api.openai.com", "openai"),
            ("acme.openai.azure.com", "azure.ai.openai"),
            ("acme.services.ai.azure.com", "azure.ai.openai"),
            ("api.anthropic.com", "anthropic"),
            ("api.klingai.com", "kling"),
            ("api-singapore.klingai.com", "kling"),
            ("bedrock-runtime.eu-west-1.amazonaws.com", "aws.bedrock eu-west-1"),
            ("bedrock-runtime-fips.us-east-1.amazonaws.com", "aws.bedrock us-east-1"),
            ("bedrock-runtime.cn-north-1.amazonaws.com.cn", "aws.bedrock cn-north-1"),
            ("bedrock-runtime.us-east-1.api.aws", "aws.bedrock us-east-1"),
            ("vpce-0a-1b.bedrock-runtime.us-east-1.vpce.amazonaws.com", "aws.bedrock us-east-1"),
        ] {
            assert_eq!(name(host).as_deref(), Some(expected), "{host}");
        }
    }

    #[test]
    fn look_alikes_are_not() {
        for host in [
            "openai.com",
            "api.openai.com.evil.example",
            "xapi.openai.com",
            ".api.openai.com",
            "openai.azure.com",
            "bedrock-runtime.amazonaws.com.evil.example",
            "bedrock-runtime.amazonaws.com",
            "bedrock.eu-west-1.amazonaws.com",
            "s3.eu-west-1.amazonaws.com",
            "evil-klingai.com",
            "www.klingai.com",
            "",
        ] {
            assert_eq!(name(host), None, "{host}");
        }
    }

    #[test]
    fn ones_own_come_first_and_a_port_before_none() {
        let mut hosts = Hosts::default();
        hosts.insert("LLM.internal", Provider::openai_compatible("vllm"));
        hosts.insert("llm.internal:8443", Provider::anthropic());
        hosts.insert("api.openai.com", Provider::openai_compatible("proxy"));
        let found = |host, port| hosts.find(host, port).unwrap().name;
        assert_eq!(found("llm.internal", None), "vllm");
        assert_eq!(found("llm.INTERNAL", Some(8443)), "anthropic");
        assert_eq!(found("llm.internal", Some(80)), "vllm");
        assert_eq!(found("api.openai.com", Some(443)), "proxy");
    }
}
