"""Labels of roles, of bulk actions, and of states that are plain words."""

from collections.abc import Mapping
from enum import StrEnum

from monitor.model.bulk_action import BulkAction, BulkState, ItemResult
from monitor.model.queue_part import PartKind
from monitor.model.role import Role
from refilld.translations.source_text import Label, labelled

DESK_LABELS: Mapping[type[StrEnum], Mapping[StrEnum, Label]] = {
    Role: {
        Role.VIEWER: labelled("role", "viewer"),
        Role.OPERATOR: labelled("role", "operator"),
        Role.ADMIN: labelled("role", "admin"),
    },
    PartKind: {
        PartKind.QUEUE: labelled("queue part", "the whole queue"),
        PartKind.METRIC: labelled("queue part", "metric"),
        PartKind.PROVIDER: labelled("queue part", "provider"),
        PartKind.SERVICE: labelled("queue part", "service"),
    },
    BulkAction: {
        BulkAction.APPROVE: labelled("bulk action", "approve"),
        BulkAction.REJECT: labelled("bulk action", "reject"),
        BulkAction.REQUEUE: labelled("bulk action", "requeue"),
        BulkAction.CANCEL: labelled("bulk action", "cancel"),
        BulkAction.RELEASE: labelled("bulk action", "release"),
        BulkAction.DISCARD: labelled("bulk action", "discard"),
        BulkAction.CLOSE: labelled("bulk action", "close"),
        BulkAction.FLAG: labelled("bulk action", "flag"),
        BulkAction.UNFLAG: labelled("bulk action", "lift the flag"),
        BulkAction.CHECK: labelled("bulk action", "check now"),
        BulkAction.ACKNOWLEDGE: labelled("bulk action", "acknowledge"),
    },
    BulkState: {
        BulkState.PREVIEWED: labelled("bulk state", "preview"),
        BulkState.RUNNING: labelled("bulk state", "running"),
        BulkState.FINISHED: labelled("bulk state", "finished"),
        BulkState.STOPPED: labelled("bulk state", "stopped"),
    },
    ItemResult: {
        ItemResult.DONE: labelled("item result", "done"),
        ItemResult.REFUSED: labelled("item result", "refused"),
    },
}
ENDPOINT_STATES: Mapping[str, Label] = {
    "enabled": labelled("webhook", "enabled"),
    "failing": labelled("webhook", "failing"),
    "disabled": labelled("webhook", "disabled"),
}
SOURCE_STATES: Mapping[str, Label] = {
    "ready": labelled("source", "ready"),
    "proving": labelled("source", "proving"),
    "waiting": labelled("source", "waiting"),
    "paused": labelled("source", "paused"),
    "stopped": labelled("source", "stopped"),
    "off": labelled("source", "off"),
}
