"""Interfaces, services, tools and the composition of the program; nothing else imports this package.

Interfaces: `cli` (command line), `api` (HTTP), `timeline` (the rendering of an order's history).
Services: `services`, the use cases that interfaces share.
Tools: `backtest`, `demo`, `doctor`, `simulate`.
Composition: `daemon`, `sources`, `channels`, `settings`, `config`, `logs`.
Formats: `orders_file`, `terms_format`, `time_format`, and small helpers for files, terminals and systemd.

A rule of the guarantee belongs into `monitor`, a query into `storage`, a scheduled job into `jobs`.
"""
