"""The bundled US world, built from packages of public registries."""
