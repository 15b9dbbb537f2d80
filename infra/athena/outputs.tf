output "tables" {
  description = "The tables' names by class."
  value       = { for class, table in aws_glue_catalog_table.class : class => table.name }
}
