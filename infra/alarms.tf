locals {
  hour = 3600
  # Silence is a failure: no data counts as breaching for the first two.
  log_alarms = merge([for log in keys(var.logs) : {
    "${log}-not-sealed"   = { text = "No day of ${log} was sealed for 26 hours.", metric = "DaysSealed", statistic = "Sum", period = local.hour, periods = 26, below = 1, above = null, log = log }
    "${log}-not-verified" = { text = "No verification of ${log} ended for 26 hours.", metric = "VerifyRuns", statistic = "Sum", period = local.hour, periods = 26, below = 1, above = null, log = log }
    "${log}-verdict"      = { text = "Verification of ${log}: the verdict is not \"holds\". Read the newest report.", metric = "Verdict", statistic = "Maximum", period = 300, periods = 1, below = null, above = 0, log = log }
    "${log}-findings"     = { text = "Verification of ${log} has findings. Read the newest report.", metric = "Findings", statistic = "Maximum", period = 300, periods = 1, below = null, above = 0, log = log }
    "${log}-late"         = { text = "More than ${var.late_limit} late batches in a day of ${log}: producers store too late, or clocks are wrong.", metric = "Late", statistic = "Sum", period = 24 * local.hour, periods = 1, below = null, above = var.late_limit, log = log }
  }]...)
  function_alarms = { for name in keys(local.functions) : "${name}-errors" => { text = "A run of ${var.name}-${name} failed.", function = "${var.name}-${name}" } }
}

resource "aws_cloudwatch_metric_alarm" "logs" {
  for_each            = local.log_alarms
  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.text
  namespace           = "Dayseal"
  metric_name         = each.value.metric
  dimensions          = { log = each.value.log }
  statistic           = each.value.statistic
  period              = each.value.period
  evaluation_periods  = each.value.periods
  datapoints_to_alarm = each.value.periods
  comparison_operator = each.value.below == null ? "GreaterThanThreshold" : "LessThanThreshold"
  threshold           = coalesce(each.value.below, each.value.above, 0)
  treat_missing_data  = each.value.below == null ? "notBreaching" : "breaching"
  actions_enabled     = !var.setup
  alarm_actions       = [aws_sns_topic.findings.arn]
  ok_actions          = [aws_sns_topic.findings.arn]
}

resource "aws_cloudwatch_metric_alarm" "functions" {
  for_each            = local.function_alarms
  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.text
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = each.value.function }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  actions_enabled     = !var.setup
  alarm_actions       = [aws_sns_topic.findings.arn]
  ok_actions          = [aws_sns_topic.findings.arn]
}

resource "aws_cloudwatch_metric_alarm" "failed" {
  alarm_name          = "${var.name}-failed-runs"
  alarm_description   = "A scheduled run was given up; it lies in the queue ${local.queue_name}."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = local.queue_name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  actions_enabled     = !var.setup
  alarm_actions       = [aws_sns_topic.findings.arn]
  ok_actions          = [aws_sns_topic.findings.arn]
}
