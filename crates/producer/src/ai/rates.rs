//! Headers of an answer that are worth an entry: ids and limits. No other header is looked at.

use http::HeaderMap;

use super::text;

/// The provider's id of the request.
pub(super) fn request_id(headers: &HeaderMap) -> Option<String> {
    let names = ["x-request-id", "request-id", "x-amzn-requestid", "apim-request-id"];
    names.into_iter().find_map(|name| text::name(headers.get(name)?.to_str().ok()?))
}

/// What a refusal for too many calls says: when to come again, which limit was met.
pub(super) fn limits(headers: &HeaderMap) -> Vec<String> {
    let header = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let number = |name: &str| header(name)?.parse::<u64>().ok();
    let mut words = Vec::new();
    if let Some(seconds) = number("retry-after") {
        words.push(format!("retry after {seconds} s"));
    } else if let Some(ms) = number("retry-after-ms") {
        words.push(format!("retry after {ms} ms"));
    }
    for unit in ["requests", "tokens", "input-tokens", "output-tokens"] {
        for (left, of) in [
            (format!("x-ratelimit-remaining-{unit}"), format!("x-ratelimit-limit-{unit}")),
            (
                format!("anthropic-ratelimit-{unit}-remaining"),
                format!("anthropic-ratelimit-{unit}-limit"),
            ),
        ] {
            if let (Some(left), Some(of)) = (number(&left), number(&of)) {
                words.push(format!("{unit} left {left} of {of}"));
            }
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(k, v)| (k.parse().unwrap(), v.parse().unwrap())).collect()
    }

    #[test]
    fn limits_that_were_met() {
        let openai = headers(&[
            ("retry-after", "20"),
            ("x-ratelimit-limit-requests", "500"),
            ("x-ratelimit-remaining-requests", "0"),
            ("x-ratelimit-remaining-tokens", "x"),
        ]);
        assert_eq!(limits(&openai), ["retry after 20 s", "requests left 0 of 500"]);
        let anthropic = headers(&[
            ("retry-after-ms", "150"),
            ("anthropic-ratelimit-input-tokens-limit", "40000"),
            ("anthropic-ratelimit-input-tokens-remaining", "12"),
        ]);
        assert_eq!(limits(&anthropic), ["retry after 150 ms", "input-tokens left 12 of 40000"]);
        let hostile = headers(&[("retry-after", "Fri, 31 Dec 1999 23:59:59 GMT; Bearer abc")]);
        assert!(limits(&hostile).is_empty());
    }

    #[test]
    fn ids() {
        assert_eq!(request_id(&headers(&[("x-amzn-requestid", "r-1")])).as_deref(), Some("r-1"));
        assert_eq!(request_id(&headers(&[("authorization", "Bearer abc")])), None);
    }
}
