//! Kling AI.

use super::*;

const HOST: &str = "api.klingai.com";
const REQUEST: &str = r#"{"model_name":"kling-v2-master","prompt":"A cat on a boat","duration":"5","mode":"std","cfg_scale":0.5,"callback_url":"https://example.com/?token=s3cret"}"#;

fn submit() -> Exchange {
    post(HOST, "/v1/videos/text2video", REQUEST)
}

fn query() -> Exchange {
    Exchange { method: "GET", request: Vec::new(), ..post(HOST, "/v1/videos/text2video/t-1", "") }
}

fn answer(status: &str, more: &str) -> String {
    format!(
        r#"{{"code":0,"message":"SUCCEED","request_id":"q-1","data":{{"task_id":"t-1","task_status":"{status}"{more}}}}}"#
    )
}

#[test]
fn a_task_is_submitted() {
    let expected = json!({
        "type": "ai.generation.started", "outcome": "deferred",
        "source": {"request_id": "q-1"}, "correlation": {"job": "t-1"},
        "content": {"input": {"bytes": 15}},
        "ai": {
            "provider": "kling", "operation": "text_to_video", "model_requested": "kling-v2-master",
            "params": {"duration": "5", "mode": "std", "cfg_scale": "0.5"},
        },
    });
    assert_eq!(submit().event(answer("submitted", "")), expected);
}

#[test]
fn a_task_is_asked_after() {
    let pending = query().observe([answer("processing", "")], End::Complete);
    assert!(pending.pending_query);
    assert_eq!(event(pending)["type"], "ai.generation.polled");

    let videos = r#","task_result":{"videos":[{"id":"v","url":"https://cdn.example/v?sig=s3cret","duration":"5"}]}"#;
    let found = query().observe([answer("succeed", videos)], End::Complete);
    assert!(!found.pending_query);
    let expected = json!({
        "type": "ai.generation.completed", "outcome": "success",
        "source": {"request_id": "q-1"}, "correlation": {"job": "t-1"},
        "ai": {
            "provider": "kling", "operation": "text_to_video", "finish": ["succeed"],
            "output_count": 1, "output_type": "video",
        },
    });
    assert_eq!(event(found), expected);
}

#[test]
fn a_task_failed() {
    let found = query().event(answer("failed", r#","task_status_msg":"Internal""#));
    assert_eq!(
        (&found["type"], &found["outcome"]),
        (&json!("ai.generation.failed"), &json!("failure"))
    );
    assert_eq!(found["reason"], json!({"code": "task_failed"}));
    let risk = r#","task_status_msg":"Failure to pass the risk control system""#;
    let found = query().event(answer("failed", risk));
    assert_eq!(
        (&found["type"], &found["outcome"]),
        (&json!("ai.generation.blocked"), &json!("blocked"))
    );
    assert_eq!(found["safety"], json!({"passed": false, "block_reason": "risk_control"}));
}

#[test]
fn codes() {
    let found = |code: u32, status| {
        let body = format!(r#"{{"code":{code},"message":"quotes a prompt","request_id":"q-1"}}"#);
        let found = submit().status(status).event(body);
        assert_eq!(found["reason"]["code"], code.to_string());
        assert_eq!(found["correlation"], Value::Null);
        format!("{} {}", found["type"], found["outcome"]).replace('"', "")
    };
    assert_eq!(found(1301, 400), "ai.generation.blocked blocked");
    assert_eq!(found(1302, 429), "usage.rate_limited failure");
    assert_eq!(found(1303, 200), "usage.rate_limited failure");
    assert_eq!(found(1102, 429), "usage.rate_limited failure");
    assert_eq!(found(1004, 401), "ai.generation.failed failure");
    assert_eq!(found(5000, 200), "ai.generation.failed failure");
}
