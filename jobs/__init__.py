"""The scheduled jobs, and what they share: one file per job, each with `run_once`.

A job loads what is due, calls `monitor` to decide, and saves the result in one transaction. APScheduler is
imported here only. What a person or a program requests belongs into `refilld.services`.
"""
