"""The tables of the people who use the pages: users, their sessions, and attempts to sign in."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Table, Text, UniqueConstraint, false

from monitor.model.role import Role
from storage.column_types import EnumText, Instant
from storage.metadata import Key, metadata, one_of

users = Table(
    "users",
    metadata,
    Column("user_id", Key, primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", EnumText(Role), nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("totp_secret", Text),
    Column("totp_step", BigInteger),
    Column("created_at", Instant, nullable=False),
    Column("disabled_at", Instant),
    Column("language", Text),
    UniqueConstraint("name", name="uq_users_name"),
    one_of("role", Role),
)

user_sessions = Table(
    "user_sessions",
    metadata,
    Column("session_id", Key, primary_key=True),
    Column(
        "user_id",
        ForeignKey("users.user_id", name="fk_user_sessions_user_id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("digest", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("peer", Text, nullable=False),
    Column("browser", Text, nullable=False),
    UniqueConstraint("digest", name="uq_user_sessions_digest"),
    Index("ix_user_sessions_user_id", "user_id"),
)

sign_in_attempts = Table(
    "sign_in_attempts",
    metadata,
    Column("attempt_id", Key, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("digest", Text, nullable=False),
    Column("peer", Text, nullable=False),
    Column("succeeded", Boolean, nullable=False, server_default=false()),
    Index("ix_sign_in_attempts_at", "at"),
)
