"""Sources as plugins: distributions of their own, installed beside refilld."""
