# What every test starts from.
account_id               = "111122223333"
region                   = "eu-west-1"
logs                     = { main = { origin = "audit.example.com/acme/prod", first_day = "2026-11-21" } }
retention                = { profile = "soc2" }
retention_admin_role_arn = "arn:aws:iam::111122223333:role/deploy"
artifacts                = { bucket = "artifacts" }
