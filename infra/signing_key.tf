# Ed25519 in KMS by default. Provider 5.100 refuses the spec ECC_NIST_EDWARDS25519, so the key is made by a stack of one resource
# (README.md, "The signing key"); the stack keeps the key when it is deleted.
locals {
  signing_key_made = contains(["kms", "secret"], var.signing_key)
  signing_key_arn = (
    var.signing_key == "kms" ? one(aws_cloudformation_stack.signing_key[*].outputs["Arn"]) :
    var.signing_key == "secret" ? one(aws_secretsmanager_secret.signing_key[*].arn) : var.signing_key
  )
  signs_by_secret = var.signing_key == "secret" || strcontains(var.signing_key, ":secretsmanager:")

  # The key that signs, and the one that takes over while a change is under way.
  signing_keys = concat(
    [{ arn = local.signing_key_arn, secret = local.signs_by_secret }],
    [for arn in compact([var.next_signing_key]) : { arn = arn, secret = strcontains(arn, ":secretsmanager:") }],
  )
  signing_kms_arns    = [for key in local.signing_keys : key.arn if !key.secret]
  signing_secret_arns = [for key in local.signing_keys : key.arn if key.secret]

  signer_arns = concat([local.sealer_arn], local.founders)

  signing_key_policy = {
    Version = "2012-10-17"
    Statement = [
      local.key_administration,
      local.key_guard,
      {
        Sid       = "Sealer", Effect = "Allow", Principal = { AWS = local.root_arn }, Resource = "*"
        Action    = "kms:Sign"
        Condition = { ArnEquals = { "aws:PrincipalArn" = local.signer_arns }, StringEquals = { "kms:SigningAlgorithm" = "ED25519_SHA_512" } }
      },
      {
        # Also against a statement that somebody adds later.
        Sid       = "DenyOtherSigners", Effect = "Deny", Principal = "*", Action = "kms:Sign", Resource = "*"
        Condition = { ArnNotEquals = { "aws:PrincipalArn" = local.signer_arns } }
      },
    ]
  }

  signing_secret_policy = {
    Version = "2012-10-17"
    Statement = [{
      Sid       = "DenyOtherSigners", Effect = "Deny", Principal = "*", Action = "secretsmanager:GetSecretValue", Resource = "*"
      Condition = { ArnNotEquals = { "aws:PrincipalArn" = local.signer_arns } }
    }]
  }
}

resource "aws_cloudformation_stack" "signing_key" {
  count = var.signing_key == "kms" ? 1 : 0
  name  = "${var.name}-signing-key"
  template_body = jsonencode({
    AWSTemplateFormatVersion = "2010-09-09"
    Description              = "${var.name}: signs checkpoints"
    Resources = { Key = {
      Type                = "AWS::KMS::Key"
      DeletionPolicy      = "Retain"
      UpdateReplacePolicy = "Retain"
      Properties = {
        Description         = "${var.name}: signs checkpoints"
        KeySpec             = "ECC_NIST_EDWARDS25519"
        KeyUsage            = "SIGN_VERIFY"
        PendingWindowInDays = 30
        KeyPolicy           = local.signing_key_policy
      }
    } }
    Outputs = { Arn = { Value = { "Fn::GetAtt" = ["Key", "Arn"] } } }
  })
  lifecycle { prevent_destroy = true }
}

# The value, a key file with a signing seed, is put by a person (docs/operations.md): it is never in Terraform's state.
resource "aws_secretsmanager_secret" "signing_key" {
  count                   = var.signing_key == "secret" ? 1 : 0
  name                    = "${var.name}/signing-key"
  description             = "Key file with the signing seed; read by the sealer alone."
  recovery_window_in_days = 30
  policy                  = jsonencode(local.signing_secret_policy)
  lifecycle { prevent_destroy = true }
}
