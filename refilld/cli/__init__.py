"""The command line: one module per group of commands; `root` joins them and maps errors to exit codes.

A module parses options, calls a service or a query, and prints. What another interface would need as well
belongs into `refilld.services`.
"""
