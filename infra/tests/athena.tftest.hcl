# Tables over exports: none by default, one for each class where asked for, in the layout that the exporter writes.
mock_provider "aws" {}

run "tables" {
  command = plan
  module {
    source = "./athena"
  }
  variables {
    lake = { location = "s3://acme-lake/audit", first_day = "2026-11-16", source = "acme-audit", regions = ["eu-west-1", "eu-central-1"], accounts = ["111122223333"] }
  }
  assert {
    condition     = output.tables == { "2003" = "acme_audit_compliance_finding", "3001" = "acme_audit_account_change", "3002" = "acme_audit_authentication", "6002" = "acme_audit_application_lifecycle", "6003" = "acme_audit_api_activity", "6005" = "acme_audit_datastore_activity" }
    error_message = "a table for each class"
  }
  assert {
    condition     = aws_glue_catalog_table.class["6003"].parameters["storage.location.template"] == "s3://acme-lake/audit/ext/acme-audit-6003/region=$${region}/accountId=$${accountid}/eventDay=$${eventday}"
    error_message = "the layout that the exporter writes"
  }
  assert {
    condition     = aws_glue_catalog_table.class["6003"].parameters["projection.eventday.range"] == "20261116,NOW+1DAYS" && aws_glue_catalog_table.class["6003"].parameters["projection.region.values"] == "eu-west-1,eu-central-1"
    error_message = "partitions are projected from the first day on"
  }
  assert {
    condition     = [for key in aws_glue_catalog_table.class["3002"].partition_keys : key.name] == ["region", "accountid", "eventday"]
    error_message = "the partitions of the layout"
  }
  assert {
    condition     = { for column in aws_glue_catalog_table.class["6005"].storage_descriptor[0].columns : column.name => column.type }["unmapped"] == "map<string,string>" && { for column in aws_glue_catalog_table.class["6005"].storage_descriptor[0].columns : column.name => column.type }["time"] == "bigint"
    error_message = "columns have the exporter's types"
  }
  assert {
    condition     = !contains([for column in aws_glue_catalog_table.class["2003"].storage_descriptor[0].columns : column.name], "src_endpoint") && contains([for column in aws_glue_catalog_table.class["6003"].storage_descriptor[0].columns : column.name], "src_endpoint")
    error_message = "each class has its own columns"
  }
}

run "a_location_with_a_slash_at_the_end" {
  command = plan
  module {
    source = "./athena"
  }
  variables {
    lake = { location = "s3://acme-lake/audit/", first_day = "2026-11-16" }
  }
  expect_failures = [var.lake]
}

run "a_source_that_leads_elsewhere" {
  command = plan
  module {
    source = "./athena"
  }
  variables {
    lake = { location = "s3://acme-lake", first_day = "2026-11-16", source = "../other" }
  }
  expect_failures = [var.lake]
}

run "a_day_that_is_none" {
  command = plan
  module {
    source = "./athena"
  }
  variables {
    lake = { location = "s3://acme-lake", first_day = "16.11.2026" }
  }
  expect_failures = [var.lake]
}
