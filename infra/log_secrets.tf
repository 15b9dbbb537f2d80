# One secret a log, for its producers: pseudonyms, content digests and hints are keyed from it. Its value is put by a person.
resource "aws_secretsmanager_secret" "log" {
  for_each                = var.logs
  name                    = "${var.name}/${each.key}/log-secret"
  description             = "Log secret of ${each.value.origin}; read by its producers alone."
  recovery_window_in_days = 30
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "DenyOtherReaders", Effect = "Deny", Principal = "*", Action = "secretsmanager:GetSecretValue", Resource = "*"
      Condition = { ArnNotEquals = { "aws:PrincipalArn" = local.producer_arns[each.key] } }
    }]
  })
}
