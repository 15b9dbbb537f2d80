# Tables over what `dayseal export --format parquet` wrote, one for each OCSF class. Columns: columns.json, made from the
# exporter's own schema by its tests. Partitions are projected: no crawler, no partition to add.

locals {
  classes = {
    "2003" = "compliance_finding"
    "3001" = "account_change"
    "3002" = "authentication"
    "6002" = "application_lifecycle"
    "6003" = "api_activity"
    "6005" = "datastore_activity"
  }
  columns = jsondecode(file("${path.module}/columns.json"))
}

resource "aws_glue_catalog_database" "lake" {
  name        = var.lake.database
  description = "Exports of a dayseal log: copies, not evidence."
}

resource "aws_glue_catalog_table" "class" {
  for_each      = local.classes
  name          = "${replace(var.lake.source, "-", "_")}_${each.value}"
  database_name = aws_glue_catalog_database.lake.name
  table_type    = "EXTERNAL_TABLE"
  parameters = {
    "EXTERNAL"                    = "TRUE"
    "classification"              = "parquet"
    "projection.enabled"          = "true"
    "projection.region.type"      = "enum"
    "projection.region.values"    = join(",", var.lake.regions)
    "projection.accountid.type"   = "enum"
    "projection.accountid.values" = join(",", var.lake.accounts)
    "projection.eventday.type"    = "date"
    "projection.eventday.format"  = "yyyyMMdd"
    "projection.eventday.range"   = "${replace(var.lake.first_day, "-", "")},NOW+1DAYS"
    "storage.location.template"   = "${var.lake.location}/ext/${var.lake.source}-${each.key}/region=$${region}/accountId=$${accountid}/eventDay=$${eventday}"
  }
  # Athena knows names in lower case only; the directories keep their spelling by the template above.
  dynamic "partition_keys" {
    for_each = ["region", "accountid", "eventday"]
    content {
      name = partition_keys.value
      type = "string"
    }
  }
  storage_descriptor {
    location      = "${var.lake.location}/ext/${var.lake.source}-${each.key}/"
    input_format  = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"
    ser_de_info {
      serialization_library = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
    }
    dynamic "columns" {
      for_each = local.columns[each.key]
      content {
        name = columns.value.name
        type = columns.value.type
      }
    }
  }
}
