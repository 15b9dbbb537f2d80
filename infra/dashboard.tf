locals {
  charts = [
    { title = "Hours since the newest sealed and verified day", stat = "Maximum", period = 3600, metrics = ["HoursSinceSeal", "HoursSinceVerified"] },
    { title = "Verdict (0 holds) and findings", stat = "Maximum", period = 3600, metrics = ["Verdict", "Findings"] },
    { title = "Entries and batches by day", stat = "Sum", period = 86400, metrics = ["Entries", "Batches"] },
    { title = "Late, gaps, conflicts, strays by day", stat = "Sum", period = 86400, metrics = ["Late", "Gaps", "Conflicts", "Strays"] },
    { title = "Stored and re-hashed bytes by day", stat = "Sum", period = 86400, metrics = ["Bytes", "Rehashed"] },
    { title = "Duration of runs, unfinished runs", stat = "Maximum", period = 3600, metrics = ["SealDuration", "VerifyDuration", "Unfinished"] },
  ]
}

resource "aws_cloudwatch_dashboard" "dayseal" {
  dashboard_name = var.name
  dashboard_body = jsonencode({ widgets = [for place, chart in local.charts : {
    type = "metric", x = 12 * (place % 2), y = 6 * floor(place / 2), width = 12, height = 6
    properties = {
      region  = var.region, title = chart.title, stat = chart.stat, period = chart.period, view = "timeSeries"
      metrics = [for pair in setproduct(chart.metrics, sort(keys(var.logs))) : ["Dayseal", pair[0], "log", pair[1]]]
    }
  }] })
}
