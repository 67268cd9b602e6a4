"""The pages, one file each, named after the template that it renders."""
