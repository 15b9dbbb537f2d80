//! A log that does not take the entry.

use std::pin::Pin;

use dayseal::client::{Intent, NotRecorded, Refusal};
use dayseal::keys::{DataKeySource, GeneratedKey, KeyContext, KeyError};
use dayseal::{Event, Outcome};
use http_body::Body as _;
use serde_json::json;

use super::*;

async fn closed(audit: impl FnOnce(AuditCallsBuilder) -> AuditCallsBuilder) -> Fixture {
    let f = Fixture::with(Reply::json(ANSWER), |log| log, audit).await;
    f.log.close().await.unwrap();
    f
}

/// Keys that never come, so that nothing can be stored.
#[derive(Debug)]
struct NoAnswer;

#[async_trait::async_trait]
impl DataKeySource for NoAnswer {
    async fn generate(&self, _: &KeyContext) -> Result<GeneratedKey, KeyError> {
        std::future::pending().await
    }
}

/// The refusal among the causes of an error.
fn refusal(error: &(dyn std::error::Error + 'static)) -> NotRecorded {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(refusal) = error.downcast_ref::<NotRecorded>() {
            return *refusal;
        }
        cause = error.source();
    }
    panic!("no refusal among the causes of {error:?}")
}

#[tokio::test]
async fn by_default_the_call_goes_on_and_is_counted() {
    let f = closed(|a| a).await;
    assert_eq!(f.chat().send().await.unwrap().text().await.unwrap(), ANSWER);
    let metrics = f.audit.metrics();
    assert_eq!((metrics.recorded, metrics.refused), (0, 1));
    assert_eq!(f.log.metrics().lost, 1);
}

#[tokio::test]
async fn if_set_so_the_body_ends_with_an_error() {
    let f = closed(|a| a.refusal(Refusal::Fail)).await;
    let response = f.chat().send().await.unwrap();
    let error = response.text().await.unwrap_err();
    let refused = refusal(&error);
    assert!(refused.sent());
    assert_eq!(
        refused.to_string(),
        "the audit log did not take the entry of this model call, as it is closed: the answer came, but is not to be used"
    );
    assert_eq!(f.audit.metrics().refused, 1);
}

#[tokio::test]
async fn a_body_of_known_length_fails_too() {
    let reply = Reply::json(ANSWER).header("content-length", ANSWER.len().to_string());
    let f = Fixture::with(reply, |log| log, |a| a.refusal(Refusal::Fail)).await;
    f.log.close().await.unwrap();
    let response = f.chat().send().await.unwrap();
    assert!(refusal(&response.bytes().await.unwrap_err()).sent());

    // Who asks the body whether it is at its end is not told so before the refusal.
    let mut body = reqwest::Body::from(f.chat().send().await.unwrap());
    let mut got = 0;
    loop {
        assert!(!body.is_end_stream());
        match std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await.unwrap() {
            Ok(frame) => got += frame.into_data().unwrap().len(),
            Err(error) => break assert!(refusal(&error).sent()),
        }
    }
    assert_eq!(got, ANSWER.len());
}

#[tokio::test]
async fn a_refused_intent_stops_the_call_before_it_is_sent() {
    for intent in [Intent::Accepted, Intent::Stored] {
        let f = closed(|a| a.refusal(Refusal::Fail).intent(intent)).await;
        let error = f.chat().send().await.unwrap_err();
        let reqwest_middleware::Error::Middleware(error) = error else { panic!("{error:?}") };
        let refused = error.downcast_ref::<NotRecorded>().unwrap();
        assert!(!refused.sent());
        assert_eq!(
            refused.to_string(),
            "the audit log did not take the entry of this model call, as it is closed: the request was not sent"
        );
        assert!(f.stub.seen().is_empty(), "nothing was sent");

        let f = closed(|a| a.intent(intent)).await;
        assert_eq!(f.chat().send().await.unwrap().text().await.unwrap(), ANSWER);
        assert_eq!(f.audit.metrics().refused, 2);
    }
}

#[tokio::test]
async fn a_log_that_is_full() {
    let log = |builder: dayseal::Builder| builder.limits(tiny()).keys(Arc::new(NoAnswer));
    let f = Fixture::with(Reply::json(ANSWER), log, |a| a.refusal(Refusal::Fail)).await;
    let filler = |labels: usize| {
        let event = Event::builder("test.event").actor(Actor::system("t")).action("fill");
        let label = |i| (format!("l{i}"), "x".repeat(250));
        let event = (0..labels).map(label).fold(event, |e, (key, value)| e.label(key, value));
        event.outcome(Outcome::Success).build().unwrap()
    };
    // Large ones, and then small ones, smaller than what is to be refused.
    for labels in [30, 0] {
        while f.log.try_record(filler(labels)).is_ok() {}
    }
    let error = f.chat().send().await.unwrap().text().await.unwrap_err();
    assert!(refusal(&error).to_string().contains("as it is full"));
}

#[tokio::test]
async fn a_context_that_breaks_a_rule_is_a_refusal() {
    let f = Fixture::with(Reply::json(ANSWER), |log| log, |a| a.refusal(Refusal::Fail)).await;
    let context = CallContext::new(Actor::user("x".repeat(300)));
    let response = f.chat().with_extension(context).send().await.unwrap();
    let error = response.text().await.unwrap_err();
    assert!(refusal(&error).to_string().contains("as it found its event invalid"));
    assert!(!format!("{error:?}").contains("xxx"), "no value of an event in an error");
    f.chat().with_extension(anna()).send().await.unwrap().text().await.unwrap();
    let entries = f.entries().await;
    let [call, loss] = &entries[..] else { panic!("{entries:#?}") };
    assert_eq!(call["actor"], json!({"id": "anna", "type": "user"}));
    assert_eq!((&loss["type"], &loss["reason"]["code"]), (&json!("log.loss"), &json!("refused")));
}
