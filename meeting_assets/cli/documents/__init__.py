"""The JSON documents of the commands: one class each, which builds the output and its JSON Schema.

The first key of each document is `schema`, with name and version. Within a version keys are only added; a changed,
renamed or removed key raises it. docs/json.md describes every key, `cli/schemas/` has the JSON Schemas.
"""
