//! Which call a method and a path are.

use percent_encoding::percent_decode_str;

use super::hosts::{Dialect, Provider};
use super::text;

/// What is called, and so how its answer reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    Chat,
    Completions,
    Responses,
    Embeddings,
    Images,
    Moderations,
    Speech,
    Transcriptions,
    Messages,
    CountTokens,
    Invoke,
    Converse,
    /// A job is handed in, and answered later.
    Submit,
    /// A job is asked after.
    Query,
    Other,
}

/// A recognised call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) provider: Provider,
    pub(super) endpoint: Endpoint,
    /// `ai.operation`.
    pub(super) operation: String,
    /// The model, where the path names it.
    pub(super) model: Option<String>,
    /// The job asked after.
    pub(super) job: Option<String>,
    /// The answer comes as a stream, by the path.
    pub(super) stream: bool,
}

impl Route {
    fn new(provider: Provider, endpoint: Endpoint, operation: impl Into<String>) -> Self {
        let operation = operation.into();
        Self { provider, endpoint, operation, model: None, job: None, stream: false }
    }

    /// A call of which only host and method are known.
    pub(super) fn other(provider: Provider) -> Self {
        Self::new(provider, Endpoint::Other, "other")
    }

    /// `None`: nothing of that provider that calls a model.
    pub(super) fn find(provider: Provider, method: &str, path: &str) -> Option<Self> {
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let post = method.eq_ignore_ascii_case("POST");
        match provider.dialect {
            Dialect::OpenAi if post => openai(provider, &parts),
            Dialect::OpenAi if method.eq_ignore_ascii_case("GET") => background(provider, &parts),
            Dialect::Anthropic if post => anthropic(provider, &parts),
            Dialect::Bedrock if post => bedrock(provider, &parts),
            Dialect::Kling => kling(provider, method, &parts),
            _ => None,
        }
    }
}

fn openai(provider: Provider, parts: &[&str]) -> Option<Route> {
    let (endpoint, operation) = match parts {
        [.., "chat", "completions"] => (Endpoint::Chat, "chat"),
        [.., "responses"] => (Endpoint::Responses, "chat"),
        [.., "completions"] => (Endpoint::Completions, "text_completion"),
        [.., "embeddings"] => (Endpoint::Embeddings, "embeddings"),
        [.., "images", "generations"] => (Endpoint::Images, "image_generation"),
        [.., "images", "edits"] => (Endpoint::Images, "image_edit"),
        [.., "images", "variations"] => (Endpoint::Images, "image_variation"),
        [.., "moderations"] => (Endpoint::Moderations, "moderation"),
        [.., "audio", "speech"] => (Endpoint::Speech, "speech"),
        [.., "audio", "transcriptions"] => (Endpoint::Transcriptions, "transcription"),
        [.., "audio", "translations"] => (Endpoint::Transcriptions, "translation"),
        _ => return None,
    };
    let mut route = Route::new(provider, endpoint, operation);
    // Azure: /openai/deployments/<deployment>/chat/completions
    let deployment = parts.windows(2).find(|pair| pair[0] == "deployments");
    route.model = deployment.and_then(|pair| decoded(pair[1]));
    Some(route)
}

/// A response that is made in the background is asked after by its id.
fn background(provider: Provider, parts: &[&str]) -> Option<Route> {
    let [.., "responses", job] = parts else { return None };
    let job = decoded(job);
    Some(Route { job, ..Route::new(provider, Endpoint::Query, "chat") })
}

fn anthropic(provider: Provider, parts: &[&str]) -> Option<Route> {
    match parts {
        [.., "messages"] => Some(Route::new(provider, Endpoint::Messages, "chat")),
        [.., "messages", "count_tokens"] => {
            Some(Route::new(provider, Endpoint::CountTokens, "count_tokens"))
        }
        _ => None,
    }
}

fn bedrock(provider: Provider, parts: &[&str]) -> Option<Route> {
    let at = parts.iter().position(|part| *part == "model")?;
    let (action, model) = parts[at + 1..].split_last()?;
    let (endpoint, operation, stream) = match *action {
        "converse" => (Endpoint::Converse, "chat", false),
        "converse-stream" => (Endpoint::Converse, "chat", true),
        "invoke" => (Endpoint::Invoke, "generate_content", false),
        "invoke-with-response-stream" => (Endpoint::Invoke, "generate_content", true),
        _ => return None,
    };
    // An ARN holds slashes; signers differ in whether they escape them.
    let model = decoded(&model.join("/"))?;
    Some(Route { model: Some(model), stream, ..Route::new(provider, endpoint, operation) })
}

fn kling(provider: Provider, method: &str, parts: &[&str]) -> Option<Route> {
    let at = parts.iter().position(|part| matches!(*part, "videos" | "images" | "audio"))?;
    let operation = |kind: &str| match (parts[at], kind) {
        (_, "text2video") => "text_to_video".to_owned(),
        (_, "image2video") => "image_to_video".to_owned(),
        (_, "multi-image2video") => "multi_image_to_video".to_owned(),
        ("images", "generations") => "image_generation".to_owned(),
        (_, other) => text::code(other).unwrap_or_default().replace(['-', '.', ':'], "_"),
    };
    match parts[at + 1..] {
        [kind] if method.eq_ignore_ascii_case("POST") => {
            Some(Route::new(provider, Endpoint::Submit, operation(kind)))
        }
        [kind, job] if method.eq_ignore_ascii_case("GET") => {
            let job = decoded(job);
            Some(Route { job, ..Route::new(provider, Endpoint::Query, operation(kind)) })
        }
        _ => None,
    }
}

fn decoded(part: &str) -> Option<String> {
    text::name(&percent_decode_str(part).decode_utf8_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(provider: Provider, method: &str, path: &str) -> Option<String> {
        let route = Route::find(provider, method, path)?;
        let stream = if route.stream { " stream" } else { "" };
        let model = route.model.or(route.job).unwrap_or_default();
        Some(format!("{:?} {} {model}{stream}", route.endpoint, route.operation))
    }

    #[test]
    fn paths_that_are_calls() {
        let arn = "arn%3Aaws%3Abedrock%3Aeu-west-1%3A1%3Ainference-profile%2Feu.claude";
        for (provider, method, path, expected) in [
            (Provider::openai(), "POST", "/v1/chat/completions", "Chat chat "),
            (Provider::openai(), "POST", "/v1/responses/", "Responses chat "),
            (Provider::openai(), "GET", "/v1/responses/resp_1", "Query chat resp_1"),
            (Provider::openai(), "POST", "/v1/completions", "Completions text_completion "),
            (Provider::openai(), "POST", "/v1/embeddings", "Embeddings embeddings "),
            (Provider::openai(), "POST", "/v1/images/edits", "Images image_edit "),
            (Provider::openai(), "POST", "/v1/moderations", "Moderations moderation "),
            (Provider::openai(), "POST", "/v1/audio/speech", "Speech speech "),
            (
                Provider::azure_openai(),
                "POST",
                "/openai/deployments/gpt-4o-eu/chat/completions",
                "Chat chat gpt-4o-eu",
            ),
            (Provider::openai_compatible("x"), "POST", "/api/v1/chat/completions", "Chat chat "),
            (Provider::anthropic(), "POST", "/v1/messages", "Messages chat "),
            (
                Provider::anthropic(),
                "POST",
                "/v1/messages/count_tokens",
                "CountTokens count_tokens ",
            ),
            (
                Provider::bedrock(),
                "POST",
                "/model/amazon.nova-lite-v1%3A0/converse",
                "Converse chat amazon.nova-lite-v1:0",
            ),
            (
                Provider::bedrock(),
                "POST",
                &format!("/model/{arn}/invoke-with-response-stream"),
                "Invoke generate_content arn:aws:bedrock:eu-west-1:1:inference-profile/eu.claude stream",
            ),
            (
                Provider::bedrock(),
                "POST",
                "/model/arn:aws:bedrock:x/y/converse-stream",
                "Converse chat arn:aws:bedrock:x/y stream",
            ),
            (Provider::kling(), "POST", "/v1/videos/text2video", "Submit text_to_video "),
            (Provider::kling(), "GET", "/v1/videos/text2video/t-1", "Query text_to_video t-1"),
            (Provider::kling(), "POST", "/v1/images/generations", "Submit image_generation "),
            (Provider::kling(), "POST", "/v1/videos/lip-sync", "Submit lip_sync "),
        ] {
            assert_eq!(shown(provider, method, path).as_deref(), Some(expected), "{path}");
        }
    }

    #[test]
    fn paths_that_are_none() {
        for (provider, method, path) in [
            (Provider::openai(), "GET", "/v1/chat/completions"),
            (Provider::openai(), "GET", "/v1/models"),
            (Provider::openai(), "POST", "/v1/files"),
            (Provider::openai(), "POST", "/v1/responses/resp_1/cancel"),
            (Provider::anthropic(), "POST", "/v1/messages/batches"),
            (Provider::bedrock(), "POST", "/model/converse"),
            (Provider::bedrock(), "POST", "/guardrail/g/version/1/apply"),
            (Provider::kling(), "GET", "/v1/videos/text2video"),
            (Provider::kling(), "GET", "/account/costs"),
        ] {
            assert_eq!(shown(provider, method, path), None, "{method} {path}");
        }
    }

    #[test]
    fn no_query_reaches_a_route() {
        let found = Route::find(Provider::kling(), "GET", "/v1/videos/text2video/t-1?token=s3cret");
        assert_eq!(found.unwrap().job.as_deref(), Some("t-1"));
    }
}
