//! Kling AI: jobs are handed in and asked after. What the seeds' loggers record of them:
//! `docs/event-mapping.md`, seed 000.

use dayseal_format::event::SafetyStage;
use serde_json::Value;

use super::facts::{Facts, Job};
use super::json::{at, list, number, text};

const PARAMS: &[&str] =
    &["aspect_ratio", "cfg_scale", "duration", "mode", "n", "resolution", "voice_language"];

pub(super) fn request(facts: &mut Facts, body: &Value) {
    facts.request(body, PARAMS);
    if let Some(model) = text(body, &["model_name"]).and_then(super::text::name) {
        facts.call.model_requested = Some(model);
    }
}

/// An answer to handing in or asking: `{"code":0,"request_id":…,"data":{"task_id":…,"task_status":…}}`.
/// A code other than 0 is an error, also with status 200.
pub(super) fn answer(facts: &mut Facts, body: &Value) {
    let code = number(body, &["code"]).unwrap_or(0);
    if let Some(id) = text(body, &["request_id"]) {
        facts.request_id = super::text::name(id);
    }
    let data = body.get("data").unwrap_or(&Value::Null);
    if let Some(id) = text(data, &["task_id"]) {
        facts.job_id = super::text::name(id);
    }
    match code {
        0 => status(facts, data),
        // Content security policy; 1300 is the platform's strategy, 1304 its list of addresses.
        1301 => facts.block(Some(SafetyStage::Input), "1301"),
        // Resource pack used up, rate too high, too many at once.
        1102 | 1302 | 1303 => facts.limited = true,
        _ => {}
    }
    if code != 0 {
        facts.fail(&code.to_string());
    }
}

fn status(facts: &mut Facts, data: &Value) {
    match text(data, &["task_status"]).unwrap_or_default() {
        "succeed" => {
            facts.job = Some(Job::Done);
            facts.finished(0, "succeed");
            let count = |kind| list(data, &["task_result", kind]).len();
            for (kind, output) in [("videos", "video"), ("images", "image"), ("audios", "audio")] {
                if at(data, &["task_result", kind]).is_some() {
                    facts.call.output_type = Some(output.to_owned());
                    facts.outputs(count(kind));
                }
            }
        }
        "failed" => {
            facts.job = Some(Job::Done);
            facts.finished(0, "failed");
            // The message is the only place that says so; it is looked at and not kept.
            let message = text(data, &["task_status_msg"]).unwrap_or_default().to_lowercase();
            if message.contains("risk control") || message.contains("content security") {
                facts.block(None, "risk_control");
            }
            facts.fail("task_failed");
        }
        "submitted" | "processing" => facts.job = Some(Job::Pending),
        _ => {}
    }
}
