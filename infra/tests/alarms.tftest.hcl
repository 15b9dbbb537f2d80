# Silence, findings, failures: each has an alarm, and somebody hears it.
mock_provider "aws" {
  source = "./tests/mocks"
}

run "alarms" {
  command = plan
  variables {
    late_limit   = 7
    alarm_emails = ["oncall@example.com"]
  }
  assert {
    condition = { for name, alarm in aws_cloudwatch_metric_alarm.logs : alarm.alarm_name => [alarm.namespace, alarm.metric_name, alarm.dimensions.log, alarm.statistic, alarm.period, alarm.evaluation_periods, alarm.datapoints_to_alarm, alarm.comparison_operator, alarm.threshold, alarm.treat_missing_data] } == {
      dayseal-main-not-sealed   = ["Dayseal", "DaysSealed", "main", "Sum", 3600, 26, 26, "LessThanThreshold", 1, "breaching"]
      dayseal-main-not-verified = ["Dayseal", "VerifyRuns", "main", "Sum", 3600, 26, 26, "LessThanThreshold", 1, "breaching"]
      dayseal-main-verdict      = ["Dayseal", "Verdict", "main", "Maximum", 300, 1, 1, "GreaterThanThreshold", 0, "notBreaching"]
      dayseal-main-findings     = ["Dayseal", "Findings", "main", "Maximum", 300, 1, 1, "GreaterThanThreshold", 0, "notBreaching"]
      dayseal-main-late         = ["Dayseal", "Late", "main", "Sum", 86400, 1, 1, "GreaterThanThreshold", 7, "notBreaching"]
    }
    error_message = "alarms of a log"
  }
  assert {
    condition = { for name, alarm in aws_cloudwatch_metric_alarm.functions : alarm.alarm_name => [alarm.namespace, alarm.metric_name, alarm.dimensions.FunctionName, alarm.statistic, alarm.comparison_operator, alarm.threshold] } == {
      dayseal-seal-errors   = ["AWS/Lambda", "Errors", "dayseal-seal", "Sum", "GreaterThanThreshold", 0]
      dayseal-verify-errors = ["AWS/Lambda", "Errors", "dayseal-verify", "Sum", "GreaterThanThreshold", 0]
    }
    error_message = "alarms of the functions"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.failed.metric_name == "ApproximateNumberOfMessagesVisible" && aws_cloudwatch_metric_alarm.failed.dimensions.QueueName == "dayseal-failed" && aws_cloudwatch_metric_alarm.failed.comparison_operator == "GreaterThanThreshold" && aws_cloudwatch_metric_alarm.failed.threshold == 0
    error_message = "alarm of the dead-letter queue"
  }
  assert {
    condition     = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.logs), values(aws_cloudwatch_metric_alarm.functions), [aws_cloudwatch_metric_alarm.failed]) : alarm.actions_enabled && alarm.alarm_actions == toset(["arn:aws:sns:eu-west-1:111122223333:dayseal-findings"]) && alarm.ok_actions == alarm.alarm_actions])
    error_message = "every alarm is told, its end too"
  }
  assert {
    condition     = aws_sns_topic.findings.name == "dayseal-findings" && aws_sns_topic.findings.kms_master_key_id == "arn:aws:kms:eu-west-1:111122223333:key/operations" && [for address in aws_sns_topic_subscription.emails : "${address.protocol} ${address.endpoint}"] == ["email oncall@example.com"]
    error_message = "the topic is encrypted with a key that CloudWatch may use, and somebody listens"
  }
  assert {
    condition = toset(flatten([for widget in jsondecode(aws_cloudwatch_dashboard.dayseal.dashboard_body).widgets : [for metric in widget.properties.metrics : "${metric[0]} ${metric[1]} ${metric[2]} ${metric[3]}"]])) == toset([for metric in [
      "HoursSinceSeal", "HoursSinceVerified", "Verdict", "Findings", "Entries", "Batches", "Late", "Gaps", "Conflicts", "Strays", "Bytes", "Rehashed", "SealDuration", "VerifyDuration", "Unfinished",
    ] : "Dayseal ${metric} log main"])
    error_message = "the dashboard shows metrics that docs/functions.md names"
  }
}
