"""What is kept: tables, constraints, migrations, queries; SQLAlchemy lives here and only here."""
